"""Books, pages and problems as lists, from the catalog alone.

Natural order (issue 2 before issue 10) is no order that SQL knows, so all books are put in order
once a generation, from five short columns a book, and a part of a list is cut from that; only the
books of the part are looked at closely.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from longbox.book import Direction, PageLabel, PageType, Problem
from longbox.errors import LibraryError
from longbox.library.catalog import path_from_sql
from longbox.library.flagging import flags_of
from longbox.library.folding import fold
from longbox.library.learned import answering_model
from longbox.library.masks import book_condition
from longbox.library.records import Filters
from longbox.library.shelf_records import (
    BookNeighbours,
    BookSort,
    BookSummary,
    KnownProblem,
    PageSummary,
    ProblemPage,
)

_DIGITS: Final = re.compile(r"(\d+)")
# A number as issues have it: 12, 1.5, -1, 1½.
_NUMBER: Final = re.compile(r"(-?)(\d{0,9}(?:\.\d{1,6})?)([¼½¾]?)")
_FRACTIONS: Final = {"": 0.0, "¼": 0.25, "½": 0.5, "¾": 0.75}
_NO_YEAR: Final = -(10**9)

_SUMMARY_SQL: Final = """
SELECT b.book_row, b.book_id, b.title, b.series, json_extract(b.book_json, '$.metadata.number'),
  b.year, b.language, b.direction, b.n_pages, b.n_panels,
  coalesce((SELECT path FROM files f WHERE f.book_id = b.book_id
            ORDER BY f.is_missing, f.path LIMIT 1), ''),
  b.is_missing,
  coalesce((SELECT min(page_index) FROM pages g WHERE g.book_row = b.book_row
            AND g.page_type = 'cover' AND g.width BETWEEN 1 AND 2 * g.height),
           (SELECT min(page_index) FROM pages g WHERE g.book_row = b.book_row
            AND g.width BETWEEN 1 AND 2 * g.height),
           (SELECT min(page_index) FROM pages g WHERE g.book_row = b.book_row
            AND g.width > 0 AND g.height > 0)),
  (SELECT count(DISTINCT g.page_row) FROM pages g JOIN page_flags USING (page_row)
   WHERE g.book_row = b.book_row),
  (SELECT count(*) FROM problems p WHERE p.book_id = b.book_id),
  b.n_described,
  EXISTS (SELECT 1 FROM book_spaces s WHERE s.book_row = b.book_row
          AND s.space IN ('vision', 'text', 'description')),
  EXISTS (SELECT 1 FROM book_models m WHERE m.book_row = b.book_row AND m.model = ?2
          AND m.is_fitting)
FROM json_each(?1) wanted
JOIN books b ON b.book_row = wanted.value
"""

# What stands in a sort key: a number by its value, or a text.
Part = tuple[int, float, str]


@dataclass(frozen=True, slots=True)
class BookOrder:
    """All books by title.

    Attributes:
        book_rows: In order.
        years, panels: One a book, likewise in order; a book without a year has a very low one.
        series: Numbers of the books of a series in order, by its folded name.
    """

    book_rows: tuple[int, ...]
    years: tuple[int, ...]
    panels: tuple[int, ...]
    series: dict[str, tuple[int, ...]]

    def sorted_rows(self, sort: BookSort, allowed: Collection[int]) -> tuple[int, ...]:
        """Return the rows of the allowed books in an order."""
        found = [place for place, row in enumerate(self.book_rows) if row in allowed]
        if sort is BookSort.YEAR:
            found.sort(key=lambda place: -self.years[place])
        elif sort is BookSort.PANELS:
            found.sort(key=lambda place: -self.panels[place])
        elif sort is BookSort.NEWEST:
            found.sort(key=lambda place: -self.book_rows[place])
        return tuple(self.book_rows[place] for place in found)


def read_order(connection: sqlite3.Connection) -> BookOrder:
    """Put all books in order by series, volume and number, or by title."""
    books = connection.execute(
        "SELECT book_row, series_folded, title_folded, year, n_panels, book_id, "
        "json_extract(book_json, '$.metadata.number'), json_extract(book_json, '$.metadata.volume')"
        " FROM books"
    ).fetchall()
    books.sort(key=_sort_key)
    series: dict[str, list[int]] = {}
    for book_row, series_folded, *_ in books:
        if series_folded:
            series.setdefault(series_folded, []).append(book_row)
    return BookOrder(
        tuple(book[0] for book in books),
        tuple(_NO_YEAR if book[3] is None else book[3] for book in books),
        tuple(book[4] for book in books),
        {name: tuple(rows) for name, rows in series.items()},
    )


def natural_key(text: str) -> tuple[Part, ...]:
    """Return what orders texts as people do: digits by their value, all else by its letters.

    Args:
        text: Folded.
    """
    return tuple(
        (0, float(len(part.lstrip("0"))), part.lstrip("0")) if part.isdecimal() else (1, 0.0, part)
        for part in _DIGITS.split(text)
        if part
    )


def allowed_books(connection: sqlite3.Connection, filters: Filters, text: str) -> set[int]:
    """Return the rows of books that a filter of books leaves and whose names hold all words.

    Args:
        connection: The catalog's.
        filters: Only what it says of books counts here.
        text: Words, each of which is part of the title or the series.
    """
    condition, values = book_condition(filters)
    for word in fold(text).split()[:50]:
        condition += " AND (instr(title_folded, ?) > 0 OR instr(series_folded, ?) > 0)"
        values += [word, word]
    rows = connection.execute(f"SELECT book_row FROM books WHERE {condition}", values)
    return {row for (row,) in rows}


def book_rows_of(connection: sqlite3.Connection, book_ids: Collection[str]) -> set[int]:
    """Return the rows of books by their ids."""
    rows = connection.execute(
        "SELECT book_row FROM books WHERE book_id IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(book_ids)),),
    )
    return {row for (row,) in rows}


def book_row(connection: sqlite3.Connection, book_id: str) -> int:
    """Return a book's row.

    Raises:
        LibraryError: The book is not in the library.
    """
    found = connection.execute("SELECT book_row FROM books WHERE book_id = ?", (book_id,))
    row = found.fetchone()
    if row is None:
        raise LibraryError(f"{book_id}: no such book in this library")
    return int(row[0])


def book_summaries(
    connection: sqlite3.Connection, book_rows: Sequence[int]
) -> tuple[BookSummary, ...]:
    """Return what a shelf shows of books, in the order asked; without when they were indexed."""
    model = answering_model(connection)
    values = (json.dumps(list(book_rows)), model)
    found = {row[0]: _summary(row[1:], model) for row in connection.execute(_SUMMARY_SQL, values)}
    return tuple(found[row] for row in book_rows if row in found)


def neighbours(connection: sqlite3.Connection, order: BookOrder, book_id: str) -> BookNeighbours:
    """Return the books beside a book in its series; books whose file is gone are passed over.

    Raises:
        LibraryError: The book is not in the library.
    """
    own = book_row(connection, book_id)
    (series,) = connection.execute(
        "SELECT series_folded FROM books WHERE book_row = ?", (own,)
    ).fetchone()
    rows = connection.execute(
        "SELECT book_row, book_id FROM books WHERE book_row IN (SELECT value FROM json_each(?)) "
        "AND (NOT is_missing OR book_row = ?)",
        (json.dumps(order.series.get(series, ())), own),
    )
    ids = dict(rows.fetchall())
    there = [row for row in order.series.get(series, ()) if row in ids]
    if own not in there:
        return BookNeighbours(None, None)
    at = there.index(own)
    return BookNeighbours(
        ids[there[at - 1]] if at > 0 else None,
        ids[there[at + 1]] if at + 1 < len(there) else None,
    )


def page_summaries(connection: sqlite3.Connection, book_id: str) -> tuple[PageSummary, ...]:
    """Return what the catalog says of a book's pages, in order.

    Raises:
        LibraryError: The book is not in the library.
    """
    rows = connection.execute(
        "SELECT page_index, width, height, page_type, label_confidence, label_source, "
        "(SELECT group_concat(flag) FROM page_flags f WHERE f.page_row = g.page_row), "
        "is_spread, n_panels, first_row FROM pages g WHERE book_row = ? ORDER BY page_index",
        (book_row(connection, book_id),),
    )
    return tuple(
        PageSummary(
            index,
            width,
            height,
            PageLabel(PageType(kind), sure, source),
            flags_of(flags),
            bool(spread),
            n_panels,
            first_row,
        )
        for index, width, height, kind, sure, source, flags, spread, n_panels, first_row in rows
    )


def problem_page(
    connection: sqlite3.Connection, limit: int, offset: int, book_id: str | None
) -> ProblemPage:
    """Return a part of the list of problems, the newest first."""
    where = "" if book_id is None else "WHERE p.book_id = :book"
    values = {"book": book_id, "limit": limit, "offset": offset}
    (total,) = connection.execute(f"SELECT count(*) FROM problems p {where}", values).fetchone()
    rows = connection.execute(
        "SELECT p.book_id, coalesce(p.file, (SELECT path FROM files f WHERE f.book_id = p.book_id "
        "ORDER BY f.is_missing, f.path LIMIT 1), ''), p.page, p.stage, p.reason FROM problems p "
        f"{where} ORDER BY p.problem_id DESC LIMIT :limit OFFSET :offset",
        values,
    )
    problems = tuple(
        KnownProblem(owner, Problem(path_from_sql(file), page, stage, reason))
        for owner, file, page, stage, reason in rows
    )
    return ProblemPage(problems, total, offset)


def _sort_key(book: tuple[Any, ...]) -> tuple[Any, ...]:
    _, series, title, _, _, book_id, number, volume = book
    numbered = number if isinstance(number, str) else ""
    return (
        natural_key(series or title),
        series,  # names that differ in nothing but zeros stay apart
        volume if isinstance(volume, int) else -1,
        _number_key(numbered),
        natural_key(title),
        book_id,
    )


def _number_key(number: str) -> tuple[int, float, tuple[Part, ...]]:
    """Order issue numbers: none, then by value, then those that are words (Annual 1)."""
    plain = number.strip()
    if not plain:
        return (0, 0.0, ())
    found = _NUMBER.fullmatch(plain)
    if found is None or not (found[2] or found[3]):
        return (2, 0.0, natural_key(fold(plain)))
    value = float(found[2] or 0) + _FRACTIONS[found[3]]
    return (1, -value if found[1] else value, ())


def _summary(row: Sequence[Any], model: str | None) -> BookSummary:
    book_id, title, series, number, year, language, direction, n_pages, n_panels, file, *rest = row
    is_missing, cover, n_flagged, n_problems, n_described, has_vectors, is_embedded = rest
    return BookSummary(
        book_id=book_id,
        title=title,
        series=series,
        number=number,
        year=year,
        language=language,
        direction=Direction(direction),
        n_pages=n_pages,
        n_panels=n_panels,
        file=path_from_sql(file),
        is_missing=bool(is_missing),
        cover_page=cover,
        n_flagged_pages=n_flagged,
        n_problems=n_problems,
        n_described=n_described,
        has_vectors=bool(has_vectors),
        is_embedded=None if model is None else bool(is_embedded),
    )
