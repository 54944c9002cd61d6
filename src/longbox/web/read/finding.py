"""Search inside one book: its lettering, read from the first page to the last.

A text matches when it holds what was typed as it stands, or else all of its words. Case, accents,
width of letters and how lines were broken do not matter. One book is small enough to look through
(2,000 texts take some 15 ms), and looking finds parts of words and scripts without spaces, which
the library's word index does not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

from longbox.web.read.reading import OpenBook, panel_name
from longbox.web.read.records import TextHit, TextHits, TextPiece

_MOST_WORDS: Final = 12


def find_texts(book: OpenBook, sought: str, limit: int) -> TextHits:
    """Return the texts of a book that match, in reading order, at most `limit` of them."""
    whole = " ".join(_folded(sought)[0].split())
    words = tuple(dict.fromkeys(whole.split()))[:_MOST_WORDS]
    if not words:
        return TextHits(0, ())
    hits: list[TextHit] = []
    total = 0
    for page in book.annotated.pages:
        for text_index, text in enumerate(page.texts):
            spans = _spans(text.text, whole, words)
            if not spans:
                continue
            total += 1
            if len(hits) < limit:
                name = panel_name(book, page.page.index, text.panel)
                pieces = tuple(_pieces(text.text, spans))
                hits.append(TextHit(page.page.index, text.panel, name, text_index, pieces))
    return TextHits(total, tuple(hits))


def _spans(text: str, whole: str, words: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return where a text matches, as (start, end) in its own characters; empty for nowhere."""
    folded, places = _folded(text)
    found = list(_occurrences(folded, whole))
    if not found:
        each = [list(_occurrences(folded, word)) for word in words]
        if not all(each):
            return []
        found = sorted(span for spans in each for span in spans)
    joined: list[tuple[int, int]] = []
    for start, end in found:
        first, last = places[start], places[end - 1] + 1
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _occurrences(text: str, part: str) -> Iterator[tuple[int, int]]:
    at = text.find(part)
    while at >= 0:
        yield at, at + len(part)
        at = text.find(part, at + len(part))


def _folded(text: str) -> tuple[str, list[int]]:
    """Return a text as it is compared, and the place in the text of each of its characters."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character.isspace():
            plain = "" if letters and letters[-1] == " " else " "
        else:
            parts = unicodedata.normalize("NFKD", character.casefold())
            plain = "".join(part for part in parts if not unicodedata.combining(part))
        letters.extend(plain)
        places.extend([place] * len(plain))
    return "".join(letters), places


def _pieces(text: str, spans: list[tuple[int, int]]) -> Iterator[TextPiece]:
    at = 0
    for start, end in spans:
        if start > at:
            yield TextPiece(text[at:start], is_match=False)
        yield TextPiece(text[start:end], is_match=True)
        at = end
    if at < len(text):
        yield TextPiece(text[at:], is_match=False)
