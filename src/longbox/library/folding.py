"""Text as it is searched: case, accents, width and line breaks do not matter.

NFKC makes full-width letters and half-width kana plain; case is folded; accents of Latin, Greek
and Cyrillic letters go, but the voicing marks of kana stay, for they make another letter. White
space between two characters of a script without spaces goes, because lettering breaks lines
anywhere there. Characters that cannot be stored (NUL, lone surrogates) become spaces.
"""

from __future__ import annotations

import re
import unicodedata

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
_SPACELESS = "\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # CJK, kana, CJK punctuation
_ALL_SPACELESS = re.compile(f"[{_SPACELESS}]+")
_BROKEN_LINE = re.compile(f"(?<=[{_SPACELESS}]) (?=[{_SPACELESS}])")


def storable(text: str) -> str:
    """Return text that SQLite and UTF-8 can hold."""
    return _UNSTORABLE.sub(" ", text)


def fold(text: str) -> str:
    """Return the searched form of a text; folding twice changes nothing."""
    if text.isascii():
        return _SPACE.sub(" ", storable(text).lower()).strip()
    wide = unicodedata.normalize("NFKC", storable(text)).casefold()
    plain = "".join(_without_accent(c) for c in unicodedata.normalize("NFD", wide))
    spaced = _SPACE.sub(" ", unicodedata.normalize("NFKC", plain)).strip()
    return _BROKEN_LINE.sub("", spaced)


def is_spaceless(text: str) -> bool:
    """Say whether all characters of a folded text are of a script without spaces."""
    return _ALL_SPACELESS.fullmatch(text) is not None


def _without_accent(character: str) -> str:
    if "\u0300" <= character <= "\u036f":
        return ""
    return character
