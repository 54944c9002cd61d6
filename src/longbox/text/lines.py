"""A line of lettering as the engine reads it, before lines become balloons.

A line keeps its four corners because lettering is often slanted; everything that only needs to
know where it is uses the upright box. Strings from a recogniser are not to be trusted: control
characters are stripped and lengths capped here, once.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from longbox.geometry import Box

Point = tuple[float, float]

_HYPHENS = "-\u2010\u00ad"
_LAST_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010'’][^\W\d_]*)*$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
# Words written before a hyphen far oftener than they start a longer one; with an ending they do.
_COMPOUND_STARTS = frozenset(
    "well self half old brand twenty thirty forty fifty sixty seventy eighty ninety "
    "peut demi vice celui celle ceux rendez quatre soixante".split()
)
_ENDINGS = frozenset("ing er est en ish ness ly age ed ary fish".split())
_HUNG_ON = frozenset("moi toi lui nous vous elle elles il ils je là même mêmes être".split())
_KEPT_CATEGORIES = frozenset({"L", "M", "N", "P", "S", "Z"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line (or column) of text.

    Attributes:
        box: Upright box around the line, page pixels.
        text: What it says.
        confidence: Mean probability of its characters, 0 to 1.
        is_vertical: A column of upright characters, read from top to bottom.
        corners: Top left, top right, bottom right, bottom left of the slanted rectangle, or None
            where the box says it all.
    """

    box: Box
    text: str
    confidence: float
    is_vertical: bool = False
    corners: tuple[Point, Point, Point, Point] | None = None

    @property
    def thickness(self) -> float:
        """Height of a line, width of a column, in pixels, whatever its slant."""
        if self.corners is None:
            return self.box.width if self.is_vertical else self.box.height
        first, second, third, _ = self.corners
        a, b = (first, second) if self.is_vertical else (second, third)
        return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


def clean_text(text: str, max_length: int) -> str:
    """Return a recognised string without control characters, in NFC, spaces single, length capped.

    Width is kept: a full-width exclamation mark stays what was printed.
    """
    kept = "".join(c if unicodedata.category(c)[0] in _KEPT_CATEGORIES else " " for c in text)
    return " ".join(unicodedata.normalize("NFC", kept).split())[:max_length].rstrip()


def is_cjk(character: str) -> bool:
    """Say whether a character belongs to a script that is written without spaces."""
    code = ord(character)
    return (
        0x3000 <= code <= 0x30FF  # CJK punctuation, hiragana, katakana
        or 0x3400 <= code <= 0x4DBF
        or 0x4E00 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0xFF00 <= code <= 0xFFEF  # full and half width forms
        or 0x20000 <= code <= 0x3FFFF
    )


def join_lines(texts: list[str]) -> str:
    """Join the lines of one balloon into a string.

    Scripts without spaces are joined without, everything else with one space. A hyphen at the end
    of a line is dropped when it broke a word ("won-/derful") and kept when it is part of one. No
    dictionary is asked; kept are hyphens before a capital ("Jean-/Luc"), after one letter or where
    the word starts again ("l-/l-look", "wh-/what"), in words with another hyphen
    ("jack-o-/lantern"), after what only starts compounds ("well-/known", "twenty-/one"), and before
    what French hangs on with one ("dites-/moi", "peut-/être").
    """
    joined = ""
    for text in (t.strip() for t in texts):
        if not text:
            continue
        if not joined:
            joined = text
        elif is_cjk(joined[-1]) or is_cjk(text[0]):
            joined += text
        elif joined[-1] in _HYPHENS and len(joined) > 1 and joined[-2].isalpha():
            joined = joined[:-1] + text if _is_broken_word(joined, text) else joined + text
        else:
            joined += " " + text
    return joined


def _is_broken_word(joined: str, text: str) -> bool:
    """Say whether the hyphen between two lines only broke a word."""
    if joined[-1] == "\u00ad":  # a soft hyphen is nothing else
        return True
    before, after = _LAST_WORD.search(joined[:-1]), _FIRST_WORD.match(text)
    if before is None or after is None:
        return False
    stem, rest = before[0], after[0]
    is_shouted = stem.isupper() and rest[0].isupper() and len(stem) > 1
    if len(stem) < 2 or not (rest[0].islower() or is_shouted) or "-" in stem:
        return False
    stem, rest = stem.casefold(), rest.casefold()
    is_compound = stem in _COMPOUND_STARTS and rest not in _ENDINGS
    is_asking = rest == "tu" and stem[-1] in "sx"  # "as-tu", but not "ver-tu"
    return not (rest.startswith(stem) or is_compound or is_asking or rest in _HUNG_ON)
