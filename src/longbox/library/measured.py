"""What statistics ask of pages: boxes, lettering by kind, and looks, as parallel arrays.

Lettering by kind and looks are kept as one array a book in the catalog, written when the book is
merged. A catalog that an older format left has none of them: lettering is then counted from the
book's store while it is asked for, and looks are unknown until somebody measures the pictures
again (`keep_looks`). Looks kept that way are derived: a rebuild forgets them, and they are
measured again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.book import (
    LOOK_FEATURES,
    AnnotatedBook,
    AnnotatedPage,
    PageLook,
    TextRegion,
)
from longbox.features import TEXT_KINDS
from longbox.geometry import Box
from longbox.library.columns import BookLine, book_lines, flag_bits, type_code
from longbox.library.stores import read_book_store, store_path

MAX_CHARACTERS: Final = 65_535  # as many as uint16 can say
_KIND_CODES: Final = {kind: code for code, kind in enumerate(TEXT_KINDS)}


@dataclass(frozen=True, slots=True, eq=False)
class PageColumns:
    """What is known of P pages that have panels, and of their M panels.

    Attributes:
        first_rows: Row of each page's first panel, rising, int64 (P,); the others follow.
        books: The books that these pages are of, by id.
        n_book_pages: Pages of each book, int32 (B,).
        book: Index into `books`, int32 (P,).
        page_index: From 0, int32 (P,).
        size: Width and height in pixels, int32 (P, 2).
        page_type: Index into PAGE_TYPES, uint8 (P,).
        flags: One bit for each of PAGE_FLAGS, uint8 (P,).
        is_spread: Two facing pages in one picture, bool (P,).
        looks: As the fields of PageLook, float32 (P, 14); a row of nan where it is not known.
        n_panels: int32 (P,); they sum to M.
        boxes: x0, y0, x1, y1 in page pixels, float32 (M, 4), page after page.
        characters: Of the lettering that is searched with each panel, by TEXT_KINDS, white space
            not counted, int32 (M, 5).
    """

    first_rows: NDArray[np.int64]
    books: tuple[BookLine, ...]
    n_book_pages: NDArray[np.int32]
    book: NDArray[np.int32]
    page_index: NDArray[np.int32]
    size: NDArray[np.int32]
    page_type: NDArray[np.uint8]
    flags: NDArray[np.uint8]
    is_spread: NDArray[np.bool_]
    looks: NDArray[np.float32]
    n_panels: NDArray[np.int32]
    boxes: NDArray[np.float32]
    characters: NDArray[np.int32]


_PAGES_SQL: Final = """
SELECT g.first_row, g.book_row, g.page_index, g.width, g.height, g.page_type, g.is_spread,
  g.n_panels,
  (SELECT group_concat(flag) FROM page_flags f WHERE f.page_row = g.page_row)
FROM pages g WHERE g.n_panels > 0 {where} ORDER BY g.first_row
"""
_BOXES_SQL: Final = """
SELECT p.x0, p.y0, p.x1, p.y1 FROM json_each(?) wanted
JOIN panels p ON p.row >= json_extract(wanted.value, '$[0]')
  AND p.row < json_extract(wanted.value, '$[1]')
ORDER BY p.row
"""
_ARRAYS_SQL: Final = (
    "SELECT book_row, book_id, first_row, n_panels, n_pages, text_kinds, page_looks FROM books "
    "WHERE book_row IN (SELECT value FROM json_each(?))"
)


def text_kinds(annotated: AnnotatedBook) -> NDArray[np.uint16]:
    """Count each panel's characters by kind, strays included, uint16 (N, 5)."""
    counts = np.zeros((annotated.n_panels, len(TEXT_KINDS)), dtype="<u2")
    row = 0
    for page in annotated.pages:
        strays = stray_texts(page)
        for panel in page.panels:
            for text in (*page.panel_texts(panel.order), *strays.get(panel.order, ())):
                at = row, _KIND_CODES[text.kind]
                n = int(counts[at]) + sum(map(len, text.text.split()))
                counts[at] = min(n, MAX_CHARACTERS)
            row += 1
    return counts


def page_looks(annotated: AnnotatedBook) -> bytes | None:
    """Return the looks of a book's pages as they are kept; None where none was measured."""
    looks = [page.look for page in annotated.pages]
    return None if all(look is None for look in looks) else packed_looks(looks)


def packed_looks(looks: Sequence[PageLook | None]) -> bytes:
    """Return looks as they are kept: float16 (P, 14), a row of nan for None."""
    missing = (float("nan"),) * len(LOOK_FEATURES)
    rows = [missing if look is None else astuple(look) for look in looks]
    return np.array(rows, dtype="<f2").reshape(-1, len(LOOK_FEATURES)).tobytes()


def books_without_looks(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the books that are there and whose pages' looks are unknown, by id."""
    found = connection.execute(
        "SELECT book_id FROM books WHERE page_looks IS NULL AND NOT is_missing AND n_panels > 0 "
        "ORDER BY book_id"
    )
    return tuple(book_id for (book_id,) in found)


def keep_looks(
    connection: sqlite3.Connection, book_id: str, digests: Sequence[str], looks: bytes
) -> bool:
    """Keep looks if the book still has the pages (by digest) that were looked at."""
    found = connection.execute(
        "SELECT g.digest FROM pages g JOIN books b USING (book_row) WHERE b.book_id = ? "
        "ORDER BY g.page_index",
        (book_id,),
    )
    if [digest for (digest,) in found] != list(digests):
        return False
    connection.execute("UPDATE books SET page_looks = ? WHERE book_id = ?", (looks, book_id))
    return True


def page_columns(
    connection: sqlite3.Connection, root: Path, first_rows: NDArray[np.int64] | None
) -> PageColumns:
    """Return what is known of pages, by rising row; pages that are gone are left out.

    Args:
        connection: Within a snapshot.
        root: The library's folder, for stores that the catalog knows too little of.
        first_rows: Row of the first panel of each wanted page; all pages of books that are there
            when None.
    """
    if first_rows is None:
        where = "AND g.book_row IN (SELECT book_row FROM books WHERE NOT is_missing)"
        found = connection.execute(_PAGES_SQL.format(where=where)).fetchall()
    else:
        wanted = json.dumps(np.unique(first_rows).tolist())
        where = "AND g.first_row IN (SELECT value FROM json_each(?))"
        found = connection.execute(_PAGES_SQL.format(where=where), (wanted,)).fetchall()
    n = len(found)

    def column(at: int, kind: type[np.generic]) -> NDArray[Any]:
        return np.fromiter((row[at] for row in found), dtype=kind, count=n)

    starts, n_panels = column(0, np.int64), column(7, np.int32)
    own_books, of_book = np.unique(column(1, np.int64), return_inverse=True)
    lines, places = book_lines(connection, own_books)
    arrays = _arrays(connection, root, own_books, places)
    book = places[of_book].astype(np.int32)
    page_index = column(2, np.int32)
    return PageColumns(
        first_rows=starts,
        books=lines,
        n_book_pages=np.array([a.n_pages for a in arrays], dtype=np.int32),
        book=book,
        page_index=page_index,
        size=np.stack([column(3, np.int32), column(4, np.int32)], axis=1),
        page_type=np.fromiter((type_code(row[5]) for row in found), dtype=np.uint8, count=n),
        flags=np.fromiter((flag_bits(row[8]) for row in found), dtype=np.uint8, count=n),
        is_spread=column(6, np.int8).astype(np.bool_),
        looks=_looks(arrays, book, page_index),
        n_panels=n_panels,
        boxes=_boxes(connection, starts, n_panels),
        characters=_characters(arrays, book, starts, n_panels),
    )


def stray_texts(page: AnnotatedPage) -> dict[int, list[TextRegion]]:
    """Give every text that no panel owns to the panel nearest to it, by panel order."""
    orders = {panel.order for panel in page.panels}
    given: dict[int, list[TextRegion]] = {}
    for text in page.texts:
        if text.panel not in orders and page.panels:
            nearest = min(page.panels, key=lambda p: (_gap(p.box, text.box), p.order))
            given.setdefault(nearest.order, []).append(text)
    return given


def _gap(a: Box, b: Box) -> float:
    dx = max(a.x0 - b.x1, b.x0 - a.x1, 0.0)
    dy = max(a.y0 - b.y1, b.y0 - a.y1, 0.0)
    return dx * dx + dy * dy


@dataclass(frozen=True, slots=True, eq=False)
class _BookArrays:
    """What is kept of a book as arrays: characters uint16 (N, 5), looks float16 (P, 14)."""

    first_row: int
    n_pages: int
    kinds: NDArray[np.uint16]
    looks: NDArray[np.float16] | None


def _arrays(
    connection: sqlite3.Connection,
    root: Path,
    book_rows: NDArray[np.int64],
    places: NDArray[np.int64],
) -> list[_BookArrays]:
    """Return each book's arrays, in the order of its lines."""
    found: dict[int, _BookArrays] = {}
    wanted = json.dumps(book_rows.tolist())
    for row, book_id, first, n_panels, n_pages, kinds, looks in connection.execute(
        _ARRAYS_SQL, (wanted,)
    ):
        if kinds is None:
            counts = text_kinds(read_book_store(store_path(root, book_id)).annotated)
        else:
            counts = np.frombuffer(kinds, dtype="<u2").reshape(n_panels, len(TEXT_KINDS))
        seen = (
            None
            if looks is None
            else np.frombuffer(looks, dtype="<f2").reshape(-1, len(LOOK_FEATURES))
        )
        found[row] = _BookArrays(first, n_pages, counts, seen)
    order = np.argsort(places)
    return [found[int(row)] for row in book_rows[order]]


def _looks(
    arrays: list[_BookArrays], book: NDArray[np.int32], page_index: NDArray[np.int32]
) -> NDArray[np.float32]:
    looks = np.full((book.size, len(LOOK_FEATURES)), np.nan, dtype=np.float32)
    for number, kept in enumerate(arrays):
        if kept.looks is not None:
            own = np.flatnonzero(book == number)
            looks[own] = kept.looks[page_index[own]]
    return looks


def _characters(
    arrays: list[_BookArrays],
    book: NDArray[np.int32],
    starts: NDArray[np.int64],
    n_panels: NDArray[np.int32],
) -> NDArray[np.int32]:
    parts = [
        arrays[number].kinds[start - arrays[number].first_row :][:n]
        for number, start, n in zip(book.tolist(), starts.tolist(), n_panels.tolist(), strict=True)
    ]
    empty = np.empty((0, len(TEXT_KINDS)), dtype=np.int32)
    return np.concatenate([empty, *parts]).astype(np.int32)


def _boxes(
    connection: sqlite3.Connection, starts: NDArray[np.int64], n_panels: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Read the boxes of pages; pages that follow each other are one range of rows."""
    ends = starts + n_panels
    is_new = np.r_[True, starts[1:] != ends[:-1]] if starts.size else np.empty(0, np.bool_)
    firsts = starts[is_new]
    lasts = ends[np.r_[is_new[1:], True]] if starts.size else firsts
    ranges = json.dumps(np.stack([firsts, lasts], axis=1).tolist())
    found = connection.execute(_BOXES_SQL, (ranges,)).fetchall()
    return np.array(found, dtype=np.float32).reshape(-1, 4)
