"""Which characters of a text a word query found, by the rules of the indexes.

The indexes hold folded text (`longbox.library.folding`), and a folded text has other lengths: one
letter may become two (ß), two one (a kana and its voicing mark), none (an accent), and the space in
a broken line goes. So the text is folded piece by piece, a piece being what Unicode may join, and
every folded character keeps the place of the piece that it came from.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from longbox.library.folding import fold, is_spaceless

_HANGUL_JAMO: Final = ("\u1100", "\u11ff")
_VOICING: Final = "\uff9e\uff9f"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters of a text from `start` to before `end`, counted as Python does."""

    start: int
    end: int


class MarkedText:
    """A text, folded, with the place of each folded character in it."""

    def __init__(self, text: str) -> None:
        """Fold a text."""
        folded, places = _folded(text)
        self.folded: str = folded
        self._places = places
        self._words = _words(folded)
        self._at: dict[str, list[int]] = {}
        for place, (start, end) in enumerate(self._words):
            self._at.setdefault(folded[start:end], []).append(place)
        self._sorted = sorted(self._at)

    def find_term(self, term: str) -> tuple[Span, ...]:
        """Find a term of a WordsQuery: a word, a phrase, or with * at its end a beginning."""
        plain = fold(term)
        wanted = [plain[start:end] for start, end in _words(plain)]
        if not wanted:
            return ()
        is_beginning = term.endswith("*")
        first = wanted[0]
        if is_beginning and len(wanted) == 1:
            starts = [place for word in self._beginning(first) for place in self._at[word]]
        else:
            starts = self._at.get(first, [])
        found = []
        for place in starts:
            last = place + len(wanted) - 1
            if self._has(wanted, place, is_beginning=is_beginning):
                found.append(self._span(self._words[place][0], self._words[last][1]))
        return tuple(sorted(found))

    def find_substring(self, text: str) -> tuple[Span, ...]:
        """Find a text wherever its letters stand; what overlaps itself is found once."""
        needle = fold(text)
        found = []
        at = self.folded.find(needle) if needle else -1
        while at >= 0:
            found.append(self._span(at, at + len(needle)))
            at = self.folded.find(needle, at + len(needle))
        return tuple(found)

    def _has(self, wanted: Sequence[str], place: int, *, is_beginning: bool) -> bool:
        here = self._words[place : place + len(wanted)]
        if len(here) < len(wanted):
            return False
        words = [self.folded[start:end] for start, end in here]
        if is_beginning:
            return words[:-1] == wanted[:-1] and words[-1].startswith(wanted[-1])
        return words == wanted

    def _beginning(self, text: str) -> list[str]:
        found = []
        for word in self._sorted[bisect_left(self._sorted, text) :]:
            if not word.startswith(text):
                break
            found.append(word)
        return found

    def _span(self, start: int, end: int) -> Span:
        return Span(self._places[start][0], self._places[end - 1][1])


def merged_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans in order, those that overlap or touch as one, empty ones left out."""
    found: list[Span] = []
    for span in sorted(spans):
        if span.end <= span.start:
            continue
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


def _folded(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Fold a text; return it and the piece (start, end) that each folded character came from."""
    letters: list[str] = []
    places: list[tuple[int, int]] = []
    for start, end in _pieces(text):
        for letter in _fold_piece(text[start:end]):
            if letter != " ":
                # A line that was broken between two characters of a script without spaces.
                if len(letters) > 1 and letters[-1] == " " and is_spaceless(letters[-2] + letter):
                    letters.pop()
                    places.pop()
            elif not letters or letters[-1] == " ":
                continue
            letters.append(letter)
            places.append((start, end))
    if letters and letters[-1] == " ":
        letters.pop()
        places.pop()
    return "".join(letters), places


def _pieces(text: str) -> Iterable[tuple[int, int]]:
    """Cut a text where Unicode joins nothing across the cut."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not _joins(text[at - 1], text[at]):
            yield start, at
            start = at


def _joins(before: str, letter: str) -> bool:
    if letter < "\u0300":
        return False
    if unicodedata.category(letter).startswith("M"):
        return True
    if letter in _VOICING:
        return True
    if _HANGUL_JAMO[0] <= letter <= _HANGUL_JAMO[1]:
        return _HANGUL_JAMO[0] <= before <= _HANGUL_JAMO[1] or "\uac00" <= before <= "\ud7a3"
    return False


@lru_cache(maxsize=4096)
def _fold_piece(piece: str) -> str:
    """Fold a piece by itself; white space, which `fold` takes off the ends, stays one space."""
    framed = fold(f"a{piece}a")
    return framed[1:-1]


def _words(folded: str) -> list[tuple[int, int]]:
    """Return where the words are, as SQLite's unicode61 cuts them: letters and numbers."""
    found: list[tuple[int, int]] = []
    start = -1
    for at, letter in enumerate(folded):
        if letter.isalnum() or _is_word_part(letter):
            start = at if start < 0 else start
        elif start >= 0:
            found.append((start, at))
            start = -1
    if start >= 0:
        found.append((start, len(folded)))
    return found


def _is_word_part(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] in "LN" or category == "Co"
