"""What is known of many panels at once, as parallel arrays: for maps and statistics.

A `PanelRecord` for each of a hundred thousand panels would be most of a second and hundreds of
megabytes; here a panel is some twenty bytes, and what belongs to its book is said once a book.
Texts and boxes are not here: ask for the records of the few panels that are looked at.

A `BookBlock` says which rows a book's panels have in this library, and names the very bytes that
its vectors of one space were read from. Rows differ after a rebuild, digests do not, so what was
derived from vectors and kept can be matched with the library as it is now.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.book import Direction, PageFlag, PageType
from longbox.library.masks import Mask
from longbox.library.segments import Segment
from longbox.library.stored_vectors import restored
from longbox.vectors import Space

PAGE_TYPES: Final = tuple(PageType)
PAGE_FLAGS: Final = tuple(PageFlag)
_TYPE_CODES: Final = {page_type.value: code for code, page_type in enumerate(PAGE_TYPES)}
_FLAG_BITS: Final = {flag.value: 1 << bit for bit, flag in enumerate(PAGE_FLAGS)}

VectorChunk = tuple[NDArray[np.int64], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class BookBlock:
    """One book's panels in the library, and what its vectors of a space were made from.

    Attributes:
        first_row: Row of its first panel; the others follow in reading order.
        digest: 64 hex digits; changes when the vectors may have.
    """

    book_id: str
    first_row: int
    n_panels: int
    digest: str


@dataclass(frozen=True, slots=True)
class BookLine:
    """What the catalog says of a book, in one line."""

    book_id: str
    title: str
    series: str | None
    year: int | None
    language: str | None
    direction: Direction


@dataclass(frozen=True, slots=True, eq=False)
class PanelColumns:
    """What is known of N panels.

    Attributes:
        rows: Rising, int64 (N,).
        books: The books that these panels are of, by id.
        book: Index into `books`, int32 (N,).
        page_index: From 0, int32 (N,).
        panel: Order on the page from 0, int32 (N,).
        page_type: Index into PAGE_TYPES, uint8 (N,).
        flags: One bit for each of PAGE_FLAGS, the page's, uint8 (N,).
        text_characters: Of the panel's own lettering, white space not counted, uint16 (N,).
        area_fraction: Of the page, 0 to 1, float32 (N,).
    """

    rows: NDArray[np.int64]
    books: tuple[BookLine, ...]
    book: NDArray[np.int32]
    page_index: NDArray[np.int32]
    panel: NDArray[np.int32]
    page_type: NDArray[np.uint8]
    flags: NDArray[np.uint8]
    text_characters: NDArray[np.uint16]
    area_fraction: NDArray[np.float32]


_PANELS_SQL: Final = """
SELECT p.row, g.book_row, g.page_index, p.panel_order, g.page_type,
  (p.x1 - p.x0) * (p.y1 - p.y0) / max(1.0, CAST(g.width AS REAL) * g.height),
  (SELECT group_concat(flag) FROM page_flags f WHERE f.page_row = g.page_row)
FROM json_each(?) wanted
JOIN panels p ON p.row = wanted.value
JOIN pages g ON g.page_row = p.page_row
ORDER BY p.row
"""
_BOOKS_SQL: Final = (
    "SELECT book_row, book_id, title, series, year, language, direction FROM books "
    "WHERE book_row IN (SELECT value FROM json_each(?)) ORDER BY book_id"
)
_CHARACTERS_SQL: Final = (
    "SELECT book_row, first_row, text_characters FROM books "
    "WHERE book_row IN (SELECT value FROM json_each(?))"
)
_BLOCKS_SQL: Final = """
SELECT b.book_id, b.first_row, b.n_panels, b.store_sha256,
  CASE s.space WHEN 'description' THEN b.description_sha256 END, m.learned_sha256
FROM books b JOIN book_spaces s USING (book_row)
LEFT JOIN book_models m ON m.book_row = b.book_row AND m.model = s.model
WHERE s.space = ? AND s.fingerprint = ? AND NOT b.is_missing AND EXISTS (
  SELECT 1 FROM segment_books i JOIN segments g USING (segment_id)
  WHERE i.book_row = b.book_row AND g.space = s.space AND g.fingerprint = s.fingerprint)
ORDER BY b.first_row
"""


def panel_columns(connection: sqlite3.Connection, rows: NDArray[np.int64]) -> PanelColumns:
    """Return what is known of panels, by rising row; rows that are gone are left out."""
    wanted = json.dumps(np.unique(rows).tolist())
    found = connection.execute(_PANELS_SQL, (wanted,)).fetchall()
    n = len(found)

    def column(at: int, kind: type[np.generic]) -> NDArray[Any]:
        return np.fromiter((row[at] for row in found), dtype=kind, count=n)

    own_rows = column(0, np.int64)
    book_rows, first_of = np.unique(column(1, np.int64), return_inverse=True)
    lines, places = book_lines(connection, book_rows)
    characters = _characters(connection, book_rows, own_rows, first_of)
    return PanelColumns(
        rows=own_rows,
        books=lines,
        book=places[first_of].astype(np.int32),
        page_index=column(2, np.int32),
        panel=column(3, np.int32),
        page_type=np.fromiter((type_code(row[4]) for row in found), dtype=np.uint8, count=n),
        flags=np.fromiter((flag_bits(row[6]) for row in found), dtype=np.uint8, count=n),
        text_characters=characters,
        area_fraction=np.clip(column(5, np.float32), 0, 1),
    )


def book_blocks(
    connection: sqlite3.Connection, space: Space, fingerprint: str
) -> tuple[BookBlock, ...]:
    """Return the books that a search can find in a space, by rising row."""
    found = connection.execute(_BLOCKS_SQL, (space.value, fingerprint))
    return tuple(
        BookBlock(book_id, first, n, hashlib.sha256(json.dumps(made_from).encode()).hexdigest())
        for book_id, first, n, *made_from in found
    )


def page_starts(connection: sqlite3.Connection, book_id: str) -> NDArray[np.int64]:
    """Return the row of each page's first panel, int64 (P,); -1 for a page without panels."""
    found = connection.execute(
        "SELECT g.first_row, g.n_panels FROM pages g JOIN books b USING (book_row) "
        "WHERE b.book_id = ? ORDER BY g.page_index",
        (book_id,),
    )
    return np.array([first if n else -1 for first, n in found], dtype=np.int64)


def all_page_starts(connection: sqlite3.Connection) -> NDArray[np.int64]:
    """Return the row of the first panel of every page that has any, rising, int64 (P,)."""
    found = connection.execute("SELECT first_row FROM pages WHERE n_panels > 0 ORDER BY first_row")
    return np.fromiter((first for (first,) in found), dtype=np.int64)


def live_chunks(segments: list[Segment], mask: Mask, chunk_rows: int) -> Iterator[VectorChunk]:
    """Yield rows that a mask allows with their vectors, so many of a segment at a time."""
    for segment in segments:
        for start in range(0, segment.rows.size, chunk_rows):
            rows = np.asarray(segment.rows[start : start + chunk_rows])
            is_live = np.zeros(rows.size, dtype=np.bool_)
            inside = np.searchsorted(rows, mask.size)
            is_live[:inside] = mask[rows[:inside]]
            if is_live.any():
                half, is_there = segment.halves(start + np.flatnonzero(is_live))
                yield rows[is_live][is_there], restored(segment.info.space, half[is_there])


def book_lines(
    connection: sqlite3.Connection, book_rows: NDArray[np.int64]
) -> tuple[tuple[BookLine, ...], NDArray[np.int64]]:
    """Return books by id, and the place in them of each of `book_rows` (rising), int64 (B,)."""
    lines: list[BookLine] = []
    places = np.zeros(book_rows.size, dtype=np.int64)
    wanted = json.dumps(book_rows.tolist())
    for book_row, book_id, title, series, year, language, way in connection.execute(
        _BOOKS_SQL, (wanted,)
    ):
        places[np.searchsorted(book_rows, book_row)] = len(lines)
        lines.append(BookLine(book_id, title, series, year, language, Direction(way)))
    return tuple(lines), places


def type_code(page_type: str) -> int:
    """Return the index into PAGE_TYPES that a page type has."""
    return _TYPE_CODES[page_type]


def flag_bits(said: str | None) -> int:
    """Return one bit for each of PAGE_FLAGS that a list with commas names."""
    return sum(_FLAG_BITS.get(name, 0) for name in said.split(",")) if said else 0


def _characters(
    connection: sqlite3.Connection,
    book_rows: NDArray[np.int64],
    rows: NDArray[np.int64],
    book_of: NDArray[np.int64],
) -> NDArray[np.uint16]:
    """Return the panels' characters; `book_of` says which of the books each is of."""
    characters = np.zeros(rows.size, dtype=np.uint16)
    order = np.argsort(book_of, kind="stable")
    bounds = np.searchsorted(book_of[order], np.arange(book_rows.size + 1))
    wanted = json.dumps(book_rows.tolist())
    for book_row, first, counts in connection.execute(_CHARACTERS_SQL, (wanted,)):
        at = int(np.searchsorted(book_rows, book_row))
        own = order[bounds[at] : bounds[at + 1]]
        characters[own] = np.frombuffer(counts, dtype="<u2")[rows[own] - first]
    return characters
