"""How many panels each further choice would leave: facets with counts.

Every facet is counted with all other filters applied and without its own, so that its other values
can still be chosen. What is no facet (parts of names, missing books, pages without a flag, a least
number of characters) always applies.

Rows of a book and of a page are blocks, so what is counted is pages: the catalog is read into flat
arrays once a generation (one number a page and two bytes a panel from SQL), and every count after
that is a sum over arrays. Books are chosen by the very condition that searches use.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.book import Direction, PageFlag, PageType
from longbox.library.folding import fold
from longbox.library.masks import asks_for_text, book_condition, text_mask
from longbox.library.records import Filters
from longbox.library.shelf_records import Facet, Facets, FacetValue

_TYPES: Final = tuple(PageType)
_FLAGS: Final = tuple(PageFlag)
_PANELS_BITS: Final = 24
_TYPE_BITS: Final = 8

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PanelTable:
    """The catalog's books and pages that have panels, as arrays.

    Attributes:
        first_rows: Of B books, ascending, int64 (B,).
        book_ids, titles, languages, directions, years: One a book; None where it has none.
        series: Number of each book's series in `series_names`, -1 without one, int32 (B,).
        series_names: A spelling of each series, and its folded form.
        page_books: Number of each page's book, int32 (P,).
        page_types: Place of each page's type in PageType, uint8 (P,).
        page_flags: A bit for every PageFlag, uint8 (P,).
        starts: Where the page's panels begin in `characters`, int64 (P + 1,).
        characters: Of each panel's lettering, uint16 (N,), N panels book after book.
    """

    first_rows: NDArray[np.int64]
    book_ids: tuple[str, ...]
    titles: tuple[str, ...]
    languages: tuple[str | None, ...]
    directions: tuple[str, ...]
    years: tuple[int | None, ...]
    series: NDArray[np.int32]
    series_names: tuple[tuple[str, str], ...]
    page_books: NDArray[np.int32]
    page_types: NDArray[np.uint8]
    page_flags: NDArray[np.uint8]
    starts: NDArray[np.int64]
    characters: NDArray[np.uint16]


def read_table(connection: sqlite3.Connection) -> PanelTable:
    """Read the catalog into arrays; the caller holds a snapshot."""
    books = connection.execute(
        "SELECT first_row, book_id, title, language, direction, year, series, series_folded, "
        "n_panels, text_characters FROM books WHERE n_panels > 0 ORDER BY first_row"
    ).fetchall()
    columns: list[Any] = list(zip(*books, strict=True)) if books else [()] * 10
    first_rows = np.array(columns[0], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(np.array(columns[8], dtype=np.int64))])
    series, names = _series_of(columns[6], columns[7])
    packed, page_flags = _pages(connection)
    page_rows = packed >> (_PANELS_BITS + _TYPE_BITS)
    page_books = np.searchsorted(first_rows, page_rows, side="right") - 1
    starts = offsets[page_books] + page_rows - first_rows[page_books]
    return PanelTable(
        first_rows=first_rows,
        book_ids=tuple(columns[1]),
        titles=tuple(columns[2]),
        languages=tuple(columns[3]),
        directions=tuple(columns[4]),
        years=tuple(columns[5]),
        series=series,
        series_names=names,
        page_books=page_books.astype(np.int32),
        page_types=(packed & ((1 << _TYPE_BITS) - 1)).astype(np.uint8),
        page_flags=page_flags,
        starts=np.append(starts, offsets[-1]),
        characters=np.frombuffer(b"".join(columns[9]), dtype="<u2"),
    )


def count_facets(
    connection: sqlite3.Connection, table: PanelTable, filters: Filters, limit: int
) -> Facets:
    """Count what a filter and each further choice leave.

    Args:
        connection: In the snapshot that the table was read in, or one of the same generation.
        table: From `read_table`.
        filters: What is chosen.
        limit: At most so many series and books are listed.
    """
    counting = _Counting(connection, table, filters)
    whole = counting.by_book(filters)
    n_panels = int(whole.sum())
    return Facets(
        n_panels=n_panels,
        n_books=int(np.count_nonzero(whole)),
        series=_series_facet(counting, limit),
        page_types=_facet(
            zip(_TYPES, counting.by_type(replace(filters, page_types=())), strict=True),
            [kind.value for kind in filters.page_types],
        ),
        languages=_by_column(
            counting, replace(filters, languages=()), table.languages, filters.languages
        ),
        directions=_by_column(
            counting,
            replace(filters, direction=None),
            table.directions,
            () if filters.direction is None else (filters.direction.value,),
            order=lambda value: list(Direction).index(Direction(value)),
        ),
        years=_years_facet(counting),
        has_text=_has_text_facet(counting),
        flags=_facet(
            zip(_FLAGS, counting.by_flag(replace(filters, flags=())), strict=True),
            [flag.value for flag in filters.flags],
        ),
        books=_books_facet(counting, limit),
    )


def books_with_panels(
    connection: sqlite3.Connection, table: PanelTable, filters: Filters
) -> frozenset[str]:
    """Return the ids of the books that have a panel which a filter leaves."""
    counts = _Counting(connection, table, filters).by_book(filters)
    return frozenset(table.book_ids[i] for i in np.flatnonzero(counts))


class _Counting:
    """Sums over one table for filters that are nearly alike; what they share is made once."""

    def __init__(self, connection: sqlite3.Connection, table: PanelTable, filters: Filters) -> None:
        self.table = table
        self.filters = filters
        self._connection = connection
        self._books: dict[tuple[str, str], NDArray[np.bool_]] = {}
        self._weights: dict[tuple[int, bool | None], Counts] = {}
        self._by_book: dict[Filters, Counts] = {}

    def by_book(self, filters: Filters) -> Counts:
        """Return the panels that a filter leaves of each book, int64 (B,)."""
        weights = self._page_weights(filters)
        # Which books are allowed changes nothing about the others: the sums are shared.
        shared = Filters(
            page_types=filters.page_types,
            flags=filters.flags,
            without_flags=filters.without_flags,
            min_text_characters=filters.min_text_characters,
            has_text=filters.has_text,
        )
        sums = self._by_book.get(shared)
        if sums is None:
            kept = self._page_mask(filters)
            sums = _sums(self.table.page_books[kept], weights[kept], self.table.first_rows.size)
            self._by_book[shared] = sums
        return np.where(self._book_mask(filters), sums, 0)

    def by_type(self, filters: Filters) -> Counts:
        """Return the panels that a filter leaves on pages of each type, int64 (types,)."""
        weights = self._allowed_weights(filters)
        return _sums(self.table.page_types, weights, len(_TYPES))

    def by_flag(self, filters: Filters) -> Counts:
        """Return the panels that a filter leaves on pages with each flag, int64 (flags,)."""
        weights = self._allowed_weights(filters)
        some = np.flatnonzero(self.table.page_flags)
        flags, counts = self.table.page_flags[some], weights[some]
        return np.array(
            [int(counts[(flags >> bit) & 1 == 1].sum()) for bit in range(len(_FLAGS))],
            dtype=np.int64,
        )

    def _allowed_weights(self, filters: Filters) -> Counts:
        allowed = self._page_mask(filters) & self._book_mask(filters)[self.table.page_books]
        return np.where(allowed, self._page_weights(filters), 0)

    def _book_mask(self, filters: Filters) -> NDArray[np.bool_]:
        condition, values = book_condition(filters)
        key = (condition, repr(values))
        if key not in self._books:
            rows = self._connection.execute(
                f"SELECT first_row FROM books WHERE n_panels > 0 AND {condition}", values
            )
            found = np.fromiter((row for (row,) in rows), dtype=np.int64)
            mask = np.zeros(self.table.first_rows.size, dtype=np.bool_)
            mask[np.searchsorted(self.table.first_rows, found)] = True
            self._books[key] = mask
        return self._books[key]

    def _page_mask(self, filters: Filters) -> NDArray[np.bool_]:
        table = self.table
        mask: NDArray[np.bool_] = np.ones(table.page_books.size, dtype=np.bool_)
        if filters.page_types:
            wanted = [_TYPES.index(kind) for kind in filters.page_types]
            mask &= np.isin(table.page_types, wanted)
        if filters.flags:
            mask &= table.page_flags & _bits(filters.flags) != 0
        if filters.without_flags:
            mask &= table.page_flags & _bits(filters.without_flags) == 0
        return mask

    def _page_weights(self, filters: Filters) -> Counts:
        """Return how many panels of each page have as much lettering as wanted, int64 (P,)."""
        key = (filters.min_text_characters, filters.has_text)
        if key not in self._weights:
            starts = self.table.starts
            if asks_for_text(filters):
                wanted = text_mask(self.table.characters, filters)
                before = np.concatenate([[0], np.cumsum(wanted, dtype=np.int64)])
                self._weights[key] = np.diff(before[starts])
            else:
                self._weights[key] = np.diff(starts)
        return self._weights[key]


def _pages(connection: sqlite3.Connection) -> tuple[Counts, NDArray[np.uint8]]:
    """Return one number a page with panels (first row, panels, type), and its flags as bits."""
    kinds = " ".join(f"WHEN '{kind.value}' THEN {place}" for place, kind in enumerate(_TYPES))
    rows = connection.execute(
        f"SELECT (first_row << {_PANELS_BITS + _TYPE_BITS}) | (n_panels << {_TYPE_BITS}) "
        f"| CASE page_type {kinds} END FROM pages WHERE n_panels > 0"
    )
    packed = np.sort(np.fromiter((page for (page,) in rows), dtype=np.int64))
    page_rows = packed >> (_PANELS_BITS + _TYPE_BITS)
    flags = np.zeros(packed.size, dtype=np.uint8)
    flagged = connection.execute(
        "SELECT g.first_row, f.flag FROM page_flags f JOIN pages g USING (page_row) "
        "WHERE g.n_panels > 0"
    ).fetchall()
    bits = {flag.value: 1 << place for place, flag in enumerate(_FLAGS)}
    if flagged:
        places = np.searchsorted(page_rows, [row for row, _ in flagged])
        said = np.array([bits.get(flag, 0) for _, flag in flagged], dtype=np.uint8)
        np.bitwise_or.at(flags, places, said)
    return packed, flags


def _series_of(
    names: Iterable[str | None], folded: Iterable[str]
) -> tuple[NDArray[np.int32], tuple[tuple[str, str], ...]]:
    """Number the series by their folded names; the alphabetically first spelling is shown."""
    known: dict[str, int] = {}
    spelled: list[str] = []
    numbers: list[int] = []
    for name, plain in zip(names, folded, strict=True):
        if name is None:
            numbers.append(-1)
            continue
        number = known.setdefault(plain, len(spelled))
        if number == len(spelled):
            spelled.append(name)
        spelled[number] = min(spelled[number], name)
        numbers.append(number)
    return np.array(numbers, dtype=np.int32), tuple(zip(spelled, known, strict=True))


def _series_facet(counting: _Counting, limit: int) -> Facet:
    table, filters = counting.table, counting.filters
    per_book = counting.by_book(replace(filters, series_exact=()))
    has_series = table.series >= 0
    names = table.series_names
    counts = _sums(table.series[has_series], per_book[has_series], len(names))
    chosen = {fold(name): name for name in filters.series_exact}
    known = {plain for _, plain in names}
    pairs: list[tuple[str, int]] = []
    picked: list[str] = []
    for (name, plain), n in zip(names, counts.tolist(), strict=True):
        pairs.append((name, n))
        if plain in chosen:
            picked.append(name)
    pairs += [(name, 0) for plain, name in chosen.items() if plain not in known]
    picked += [name for plain, name in chosen.items() if plain not in known]
    return _facet(_biggest_first(pairs), picked, limit=limit)


def _books_facet(counting: _Counting, limit: int) -> Facet:
    table, filters = counting.table, counting.filters
    counts = counting.by_book(replace(filters, book_ids=())).tolist()
    titles = dict(zip(table.book_ids, table.titles, strict=True))
    chosen = dict.fromkeys(book_id.lower() for book_id in filters.book_ids)
    there = [pair for pair in zip(table.book_ids, counts, strict=True) if pair[1] > 0]
    # Sorting 40,000 books by title for the fifty that are listed would take longer than the rest.
    first = heapq.nsmallest(limit, there, key=lambda pair: (-pair[1], titles[pair[0]], pair[0]))
    listed = {book_id for book_id, _ in first}
    known = dict(there)
    first += [(book_id, known.get(book_id, 0)) for book_id in chosen if book_id not in listed]
    values = (FacetValue(book_id, titles.get(book_id, book_id), n) for book_id, n in first)
    return Facet(tuple(values), len(there))


def _by_column(
    counting: _Counting,
    filters: Filters,
    column: tuple[str | None, ...],
    chosen: Iterable[str],
    order: Callable[[str], int] | None = None,
) -> Facet:
    """Count the values of a column of books; books without one are left out."""
    counts: dict[str, int] = {value.lower(): 0 for value in chosen}
    picked = list(counts)
    for value, n in zip(column, counting.by_book(filters).tolist(), strict=True):
        if value is not None:
            counts[value] = counts.get(value, 0) + n
    if order is None:
        return _facet(_biggest_first(counts.items()), picked)
    return _facet(sorted(counts.items(), key=lambda pair: order(pair[0])), picked)


def _years_facet(counting: _Counting) -> Facet:
    filters = counting.filters
    per_book = counting.by_book(replace(filters, year_min=None, year_max=None))
    counts: dict[int, int] = {}
    for year, n in zip(counting.table.years, per_book.tolist(), strict=True):
        if year is not None:
            counts[year] = counts.get(year, 0) + n
    # A span is no list of values: only its two ends are kept in sight.
    ends = [year for year in (filters.year_min, filters.year_max) if year is not None]
    for year in ends:
        counts.setdefault(year, 0)
    pairs = [(str(year), n) for year, n in sorted(counts.items())]
    return _facet(pairs, [str(year) for year in ends])


def _has_text_facet(counting: _Counting) -> Facet:
    filters = counting.filters
    pairs = [
        (name, int(counting.by_book(replace(filters, has_text=claim)).sum()))
        for name, claim in (("yes", True), ("no", False))
    ]
    chosen = {None: (), True: ("yes",), False: ("no",)}[filters.has_text]
    return _facet(pairs, chosen)


def _facet(
    counts: Iterable[tuple[str, int]],
    chosen: Iterable[str],
    limit: int | None = None,
) -> Facet:
    """Make a facet of values in the order that they are shown in."""
    picked = frozenset(chosen)
    values: list[FacetValue] = []
    n_values = 0
    for name, n in counts:
        n_values += int(n > 0)
        is_listed = n > 0 and (limit is None or n_values <= limit)
        if is_listed or str(name) in picked:
            value = str(name)
            values.append(FacetValue(value, value, int(n)))
    return Facet(tuple(values), n_values)


def _biggest_first(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(counts, key=lambda pair: (-pair[1], pair[0]))


def _sums(groups: NDArray[Any], weights: Counts, n_groups: int) -> Counts:
    """Add up weights by group, int64 (n_groups,)."""
    return np.bincount(groups, weights=weights, minlength=n_groups).astype(np.int64)


def _bits(flags: Iterable[PageFlag]) -> int:
    found = 0
    for flag in flags:
        found |= 1 << _FLAGS.index(flag)
    return found
