"""Does the catalog say of each book what its stores say?

SQLite has no checksums: a flipped bit in a text or a number is another text or number. So a deep
check merges each book into an empty catalog in memory, and compares the rows. Others may write
meanwhile: each book is looked at inside one snapshot, and skipped where it changed or went.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from longbox.errors import LibraryError
from longbox.library.catalog import CATALOG_NAME, create_tables
from longbox.library.catalog_errors import UNMERGEABLE
from longbox.library.contents import description_lines, page_lines, panel_lines
from longbox.library.describing import attach_store
from longbox.library.description_stores import description_path, read_descriptions_with_digest
from longbox.library.findings import Finding, Matter
from longbox.library.merging import insert_book
from longbox.library.reading import read_store_with_digest
from longbox.library.stores import store_path

# What only files and folders decide is left out: title, row numbers, whether the file is there.
_COLUMNS: Final = (
    "series, series_folded, year, language, direction, recipe, n_pages, n_panels, n_texts, "
    "text_characters, text_confidence, text_kinds, n_described, description_sha256"
)
_N_COLUMNS: Final = len(_COLUMNS.split(","))
_MOST: Final = 5


def check_rows(root: Path, catalog: sqlite3.Connection) -> Iterator[Finding]:
    """Compare every book's rows with its stores; one finding at most.

    Args:
        root: The library's folder.
        catalog: A catalog that SQLite finds sound.
    """
    books = catalog.execute("SELECT book_id FROM books ORDER BY book_id").fetchall()
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        create_tables(fresh, 0)
        wrong = [book_id for (book_id,) in books if _is_wrong(root, fresh, catalog, book_id)]
    if wrong:
        names = ", ".join(wrong[:_MOST]) + (" ..." if len(wrong) > _MOST else "")
        what = f"damaged (it says of {len(wrong):,} books what their stores do not: {names})"
        advice = "run `longbox library rebuild`; --repair does it"
        yield Finding(CATALOG_NAME, Matter.CATALOG, what, advice)


def _is_wrong(
    root: Path, fresh: sqlite3.Connection, catalog: sqlite3.Connection, book_id: str
) -> bool:
    """Hold a book's rows, as of one moment, against its stores; `fresh` is empty again after."""
    catalog.execute("BEGIN")
    fresh.execute("BEGIN")
    try:
        row = catalog.execute(
            "SELECT store_sha256, description_sha256 FROM books WHERE book_id = ?", (book_id,)
        ).fetchone()
        if row is None:
            return False  # removed meanwhile
        store, digest = read_store_with_digest(store_path(root, book_id))
        if digest != row[0]:
            return False  # said already, or made again meanwhile
        insert_book(fresh, store, digest)
        if row[1] is not None:
            described, digest = read_descriptions_with_digest(description_path(root, book_id))
            if digest != row[1]:
                return False
            attach_store(fresh, book_id, described, digest)
        return _differs(_lines(fresh, book_id), _lines(catalog, book_id))
    except LibraryError:
        return False  # said already: a store that cannot be read, or none
    except UNMERGEABLE:
        return True  # nobody could have merged this store
    finally:
        fresh.execute("ROLLBACK")
        catalog.execute("ROLLBACK")


def _differs(wanted: list[object], there: list[object]) -> bool:
    """Compare two books; what a migration left unknown in the catalog is no difference."""
    unknown = there[:_N_COLUMNS]
    known = [None if t is None else w for w, t in zip(wanted, unknown, strict=False)]
    return known != unknown or wanted[_N_COLUMNS:] != there[_N_COLUMNS:]


def _lines(connection: sqlite3.Connection, book_id: str) -> list[object]:
    row, first, n_panels, *said = connection.execute(
        f"SELECT book_row, first_row, n_panels, {_COLUMNS} FROM books WHERE book_id = ?", (book_id,)
    ).fetchone()
    return [
        *said,
        *page_lines(connection, row, book_id),
        *panel_lines(connection, first, n_panels),
        *description_lines(connection, row, (first, n_panels)),
    ]
