"""The ledger: which comic files the library knows, and what became of them.

A file is remembered by its path as given. A file that failed is remembered too, with its stamp,
so that it is tried again only after it changed. A file that is gone is flagged, never forgotten
by itself: a disk that is not plugged in loses nothing.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from longbox.book import FileStamp, Problem
from longbox.library.catalog import path_from_sql, path_to_sql
from longbox.library.folding import storable
from longbox.library.merging import refresh_book
from longbox.library.records import KnownFile, SyncReport

_GONE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def known_files(connection: sqlite3.Connection) -> dict[str, KnownFile]:
    """Return every file of the ledger by path."""
    rows = connection.execute(
        "SELECT path, size_bytes, mtime_ns, n_files, book_id, recipe, is_failed, is_missing "
        "FROM files"
    )
    return {
        path_from_sql(path): KnownFile(
            FileStamp(size, mtime, n), book_id, recipe, bool(failed), bool(missing)
        )
        for path, size, mtime, n, book_id, recipe, failed, missing in rows
    }


def remember_file(
    connection: sqlite3.Connection, file: str, stamp: FileStamp, book_id: str | None
) -> None:
    """Note a file's stamp and book (None: it failed), and drop what was said of it before."""
    path = path_to_sql(file)
    before = connection.execute("SELECT book_id FROM files WHERE path = ?", (path,)).fetchone()
    recipe = connection.execute("SELECT recipe FROM books WHERE book_id = ?", (book_id,)).fetchone()
    connection.execute("DELETE FROM problems WHERE file = ?", (path,))
    connection.execute(
        "INSERT INTO files (path, size_bytes, mtime_ns, n_files, book_id, recipe, is_failed) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET "
        "size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns, "
        "n_files = excluded.n_files, book_id = excluded.book_id, recipe = excluded.recipe, "
        "is_failed = excluded.is_failed, is_missing = 0",
        (
            path,
            stamp.size_bytes,
            stamp.mtime_ns,
            stamp.n_files,
            book_id,
            None if recipe is None else recipe[0],
            book_id is None,
        ),
    )
    if before is not None and before[0] not in (None, book_id):
        refresh_book(connection, before[0])


def record_failure(
    connection: sqlite3.Connection, file: str, stamp: FileStamp, problems: Sequence[Problem]
) -> None:
    """Remember that a file could not become a book, and why."""
    remember_file(connection, file, stamp, None)
    connection.executemany(
        "INSERT INTO problems (file, page, stage, reason) VALUES (?, ?, ?, ?)",
        [(path_to_sql(file), p.page, p.stage, storable(p.reason)) for p in problems],
    )


def forget_file(connection: sqlite3.Connection, path: str) -> None:
    """Drop a file; its book stays, flagged missing when this was its only file."""
    key = path_to_sql(path)
    before = connection.execute("SELECT book_id FROM files WHERE path = ?", (key,)).fetchone()
    connection.execute("DELETE FROM files WHERE path = ?", (key,))
    if before is not None and before[0] is not None:
        refresh_book(connection, before[0])


def move_file(connection: sqlite3.Connection, old: str, new: str) -> None:
    """Note that a file has another path now; a known file at the new path is replaced."""
    key = path_to_sql(old)
    row = connection.execute("SELECT book_id FROM files WHERE path = ?", (key,)).fetchone()
    if row is None or old == new:
        return
    forget_file(connection, new)
    connection.execute(
        "UPDATE files SET path = ?, is_missing = 0 WHERE path = ?", (path_to_sql(new), key)
    )
    if row[0] is not None:
        refresh_book(connection, row[0])


def set_missing(connection: sqlite3.Connection, paths: Sequence[str], *, is_missing: bool) -> None:
    """Flag files as gone or as back."""
    for path in paths:
        key = path_to_sql(path)
        connection.execute("UPDATE files SET is_missing = ? WHERE path = ?", (is_missing, key))
        row = connection.execute("SELECT book_id FROM files WHERE path = ?", (key,)).fetchone()
        if row is not None and row[0] is not None:
            refresh_book(connection, row[0])


def compare_with_disk(files: dict[str, KnownFile]) -> SyncReport:
    """Look which known files are gone, and which that were gone are back.

    Where the disk does not tell (a folder that may not be searched), a file stays as it was.
    """
    missing: list[str] = []
    returned: list[str] = []
    for path, known in sorted(files.items()):
        found = is_there(path)
        if known.is_missing and found is True:
            returned.append(path)
        elif not known.is_missing and found is False:
            missing.append(path)
    return SyncReport(tuple(missing), tuple(returned))


def is_there(path: str) -> bool | None:
    """Say whether there is a file of this path; None when the disk does not tell."""
    try:
        Path(path).stat()
    except OSError as error:
        return False if error.errno in _GONE else None
    except ValueError:  # a NUL: no file has such a name
        return False
    return True


def problems(connection: sqlite3.Connection) -> tuple[Problem, ...]:
    """Return every problem with the file's present path, in order of file and page."""
    rows = connection.execute(
        "SELECT coalesce(p.file, (SELECT path FROM files f WHERE f.book_id = p.book_id "
        "ORDER BY f.is_missing, f.path LIMIT 1), ''), p.page, p.stage, p.reason FROM problems p"
    )
    found = [
        Problem(path_from_sql(file), page, stage, reason) for file, page, stage, reason in rows
    ]
    return tuple(
        sorted(found, key=lambda p: (p.file, -1 if p.page is None else p.page, p.stage, p.reason))
    )
