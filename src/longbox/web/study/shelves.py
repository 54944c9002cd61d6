"""Where a book stands on the shelf, perhaps beside another: its fingerprint as lines to draw."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from longbox.analysis.reading import FINGERPRINT_NUMBERS, compare_books
from longbox.book import PageType
from longbox.web.study.book_desk import Shelf

_GROUPS: Final = {
    "pacing": "Pacing",
    "layout": "Layout",
    "lettering": "Lettering",
    "pages": "Kinds of pages",
    "look": "Look",
}
_TYPES: Final = tuple(f"type_{kind.value}" for kind in PageType)


@dataclass(frozen=True, slots=True)
class Standing:
    """One number of a book: its value, and in percent how many other books have less.

    Attributes:
        other: The same of the book beside it; None where there is none.
    """

    words: str
    value: str
    place: float | None
    other_value: str = ""
    other_place: float | None = None


@dataclass(frozen=True, slots=True)
class StandingGroup:
    """Numbers of one kind."""

    name: str
    lines: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class ShelfShown:
    """A book beside the shelf.

    Attributes:
        words: How far the two books are apart; empty for one.
    """

    groups: tuple[StandingGroup, ...]
    n_books: int
    n_known: int
    words: str


def show_shelf(shelf: Shelf, book_id: str, beside: str | None) -> ShelfShown:
    """Set a book beside the shelf and another book.

    Raises:
        QueryError: One is not among the fingerprints.
    """
    found = shelf.found
    own = found.place(book_id)
    other = None if beside is None else found.place(beside)
    groups: dict[str, list[Standing]] = {}
    for at, number in enumerate(FINGERPRINT_NUMBERS):
        value = float(found.values[own, at])
        is_absent = number.name in _TYPES and not found.values[:, at].any()
        if not math.isfinite(value) or is_absent:
            continue
        other_value = math.nan if other is None else float(found.values[other, at])
        groups.setdefault(number.group, []).append(
            Standing(
                words=number.words,
                value=_said(value),
                place=_percent(float(found.percentiles[own, at])),
                other_value=_said(other_value),
                other_place=None
                if other is None
                else _percent(float(found.percentiles[other, at])),
            )
        )
    words = "" if beside is None else compare_books(found, book_id, beside).words
    return ShelfShown(
        tuple(StandingGroup(_GROUPS.get(name, name), tuple(g)) for name, g in groups.items()),
        len(found.book_ids),
        shelf.n_known,
        words,
    )


def _percent(share: float) -> float | None:
    return round(100 * share, 1) if math.isfinite(share) else None


def _said(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2g}" if abs(value) < 10 else f"{value:.0f}"
