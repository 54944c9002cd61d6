"""Filters become a mask over panel rows.

A mask is one bool for every row ever given, so that words and vectors are filtered by plain
indexing. It starts from the live books' blocks of rows, which is cheap because rows of a book and
of a page are one block: 40,000 books are 40,000 slices, not 7 million rows from SQL. Masks are
kept until the library changes; each is kept under the generation it was asked for, so that a thread
that began before a change leaves nothing to those that began after it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import OrderedDict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import LibraryError
from longbox.library.folding import fold
from longbox.library.records import Filters

Mask = NDArray[np.bool_]
_KEPT: Final = 8
# SQLite takes no mask of more bytes; a library of 100 million pages has 600 million rows.
MOST_ROWS: Final = 1_000_000_000
_OF_TYPE: Final = "page_type IN (SELECT value FROM json_each(?))"
_WITH_FLAG: Final = (
    "page_row IN (SELECT page_row FROM page_flags JOIN json_each(?) ON flag = value)"
)


class MaskCache:
    """The masks of the last few filters, each for one generation of the catalog."""

    def __init__(self) -> None:
        self._masks: OrderedDict[tuple[int, Filters], Mask] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, connection: sqlite3.Connection, generation: int, filters: Filters) -> Mask:
        """Return the mask of a filter, bool (rows,)."""
        key = (generation, filters)
        with self._lock:
            mask = self._masks.get(key)
            if mask is not None:
                self._masks.move_to_end(key)
        if mask is None:
            mask = compile_mask(connection, filters)
            with self._lock:
                newest = max([generation, *(kept for kept, _ in self._masks)])
                for old in [kept for kept in self._masks if kept[0] < newest]:
                    del self._masks[old]
                if generation == newest:
                    self._masks[key] = mask
                while len(self._masks) > _KEPT:
                    self._masks.popitem(last=False)
        return mask


def count_rows(connection: sqlite3.Connection) -> int:
    """Return how many rows were ever given.

    Raises:
        LibraryError: The catalog says a number that no library reaches: memory is taken by it.
    """
    (n_rows,) = connection.execute("SELECT value FROM meta WHERE key = 'next_row'").fetchone()
    if not isinstance(n_rows, int) or not 0 <= n_rows <= MOST_ROWS:
        raise LibraryError(
            f"the catalog is damaged ({n_rows!r} rows were never given); run `longbox library "
            "rebuild`"
        )
    return n_rows


def compile_mask(connection: sqlite3.Connection, filters: Filters) -> Mask:
    """Return which rows a filter allows, bool (rows ever given,)."""
    condition, values = book_condition(filters)
    needs_text = asks_for_text(filters)
    column = "text_characters" if needs_text else "NULL"
    blocks = connection.execute(
        f"SELECT first_row, n_panels, {column} FROM books WHERE {condition}", values
    ).fetchall()
    # After the blocks: a book merged between the two must not lie beyond the mask's end.
    mask: Mask = np.zeros(count_rows(connection), dtype=np.bool_)
    for first, n, characters in blocks:
        if needs_text:
            counts = np.frombuffer(characters, dtype="<u2")
            mask[first : first + n] = text_mask(counts, filters)
        else:
            mask[first : first + n] = True
    if filters.page_types:
        kinds = [page_type.value for page_type in filters.page_types]
        mask &= _page_mask(connection, _OF_TYPE, kinds, mask.size)
    if filters.flags:
        mask &= _page_mask(connection, _WITH_FLAG, [f.value for f in filters.flags], mask.size)
    if filters.without_flags:
        unwanted = [flag.value for flag in filters.without_flags]
        mask &= ~_page_mask(connection, _WITH_FLAG, unwanted, mask.size)
    return mask


def asks_for_text(filters: Filters) -> bool:
    """Say whether a filter looks at how much is lettered in a panel."""
    return filters.min_text_characters > 0 or filters.has_text is not None


def text_mask(counts: NDArray[np.uint16], filters: Filters) -> Mask:
    """Return which panels have as much lettering as a filter wants.

    Args:
        counts: Characters of each panel's own lettering, uint16 (N,).
        filters: What is wanted.
    """
    mask: Mask = counts >= min(max(filters.min_text_characters, 0), 65_535)
    if filters.has_text is not None:
        mask &= (counts > 0) == filters.has_text
    return mask


def book_condition(filters: Filters) -> tuple[str, list[Any]]:
    """Return the SQL over `books` that a filter comes to, and its values."""
    parts: list[str] = ["1"]
    values: list[Any] = []
    if not filters.include_missing:
        parts.append("NOT is_missing")
    for column, wanted in (("series_folded", filters.series), ("title_folded", filters.title)):
        if wanted is not None:
            parts.append(f"instr({column}, ?) > 0")
            values.append(fold(wanted))
    if filters.direction is not None:
        parts.append("direction = ?")
        values.append(filters.direction.value)
    for sign, year in ((">=", filters.year_min), ("<=", filters.year_max)):
        if year is not None:
            parts.append(f"year {sign} ?")
            values.append(year)
    for column, choices in (("language", filters.languages), ("book_id", filters.book_ids)):
        if choices:
            parts.append(f"{column} IN (SELECT value FROM json_each(?))")
            values.append(json.dumps([choice.lower() for choice in choices]))
    if filters.series_exact:
        parts.append("series IS NOT NULL AND series_folded IN (SELECT value FROM json_each(?))")
        values.append(json.dumps([fold(series) for series in filters.series_exact]))
    return " AND ".join(parts), values


def _page_mask(
    connection: sqlite3.Connection, condition: str, names: list[str], n_rows: int
) -> Mask:
    """Return the rows of the pages that meet a condition on any of these names."""
    mask: Mask = np.zeros(n_rows, dtype=np.bool_)
    blocks = connection.execute(
        f"SELECT first_row, n_panels FROM pages WHERE {condition}", (json.dumps(names),)
    )
    for first, n in blocks:
        mask[first : first + n] = True
    return mask
