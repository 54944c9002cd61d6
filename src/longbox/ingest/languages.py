"""Language names and codes as people write them, as ISO 639-1.

Only languages that comics are commonly published in have their three-letter codes and names here;
any two-letter code passes through.
"""

from __future__ import annotations

_NAMES = {
    "en": "eng english",
    "ja": "jpn japanese jp jap",
    "fr": "fra fre french francais français",
    "de": "deu ger german deutsch",
    "es": "spa spanish espanol español",
    "it": "ita italian italiano",
    "pt": "por portuguese portugues português ptbr",
    "nl": "nld dut dutch nederlands",
    "ko": "kor korean kr",
    "zh": "zho chi chinese cn",
    "ru": "rus russian",
    "pl": "pol polish polski",
    "sv": "swe swedish svenska",
    "da": "dan danish dansk",
    "no": "nor norwegian norsk nb nn",
    "fi": "fin finnish suomi",
    "cs": "ces cze czech",
    "el": "ell gre greek",
    "tr": "tur turkish",
    "ar": "ara arabic",
    "he": "heb hebrew iw",
    "hu": "hun hungarian magyar",
    "id": "ind indonesian",
    "vi": "vie vietnamese",
    "th": "tha thai",
    "uk": "ukr ukrainian",
    "ca": "cat catalan",
    "ro": "ron rum romanian",
}
_CODES = {word: code for code, words in _NAMES.items() for word in (code, *words.split())}


def language_code(text: str) -> str | None:
    """Return the ISO 639-1 code that a tag ("en-US", "jpn", "French") means, or None."""
    word = text.strip().lower()
    first = word.replace("_", "-").split("-")[0]
    if first in _CODES:
        return _CODES[first]
    return first if len(first) == 2 and first.isascii() and first.isalpha() else None


def known_language(text: str) -> str | None:
    """As language_code, but only for languages named here: for tags in file names."""
    first = text.strip().lower().replace("_", "-").split("-")[0]
    return _CODES.get(first)
