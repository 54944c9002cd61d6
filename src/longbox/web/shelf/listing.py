"""Books of the shelf in runs: issues of one series stand under its name, single books among them.

The shelf comes in parts while it is scrolled, so a run may have begun in the part before; it then
goes on without its name being said again.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Final

from longbox.library import BookSort, BookSummary, Filters, Library

PART: Final = 60
_ALL: Final = Filters(include_missing=True)


@dataclass(frozen=True, slots=True)
class BookRun:
    """Books that stand together.

    Attributes:
        series: The name to show above them; None where there is none, or it was shown before.
        books: In order.
    """

    series: str | None
    books: tuple[BookSummary, ...]


@dataclass(frozen=True, slots=True)
class ShelfPart:
    """What one part of the shelf shows.

    Attributes:
        total: Books of the whole list.
        next_offset: Where the next part begins; None at the end.
    """

    runs: tuple[BookRun, ...]
    total: int
    next_offset: int | None


def shelf_part(library: Library, sort: BookSort, text: str, offset: int) -> ShelfPart:
    """Return one part of the shelf, from an offset."""
    first = max(0, offset - 1)
    # One more on each side says whether a series goes on there.
    page = library.books(sort, _ALL, text, limit=PART + 1 + (offset - first), offset=first)
    before = page.books[: offset - first]
    shown = page.books[offset - first :][:PART]
    after = page.books[offset - first + PART :]
    end = offset + len(shown)
    if sort is BookSort.TITLE:
        runs = _runs(shown, before, after)
    else:
        runs = (BookRun(None, shown),) if shown else ()
    return ShelfPart(runs, page.total, end if end < page.total and shown else None)


def _runs(
    shown: tuple[BookSummary, ...],
    before: tuple[BookSummary, ...],
    after: tuple[BookSummary, ...],
) -> tuple[BookRun, ...]:
    series_before = before[-1].series if before else None
    series_after = after[0].series if after else None
    runs: list[BookRun] = []
    single: list[BookSummary] = []
    for series, grouped in groupby(shown, key=lambda book: book.series or None):
        books = tuple(grouped)
        goes_on = series == series_before and books[0] is shown[0]
        has_more = series == series_after and books[-1] is shown[-1]
        if series is None or not (len(books) > 1 or goes_on or has_more):
            single += books
            continue
        if single:
            runs.append(BookRun(None, tuple(single)))
            single = []
        runs.append(BookRun(None if goes_on else series, books))
    if single:
        runs.append(BookRun(None, tuple(single)))
    return tuple(runs)
