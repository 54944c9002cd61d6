"""The catalog made again from books/.

With a readable catalog it is one transaction: searches go on with the old state until it ends, and
a kill in the middle changes nothing. A damaged catalog is moved aside under a name with the time,
never deleted, because what people typed may be in it; what can still be read of that and of the
ledger of files is taken over.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longbox.errors import LibraryError
from longbox.library.catalog import (
    CATALOG_NAME,
    Catalog,
    Rows,
    create_tables,
    distrust,
    foreign_schema,
    path_from_sql,
    path_to_sql,
    refuse_newer,
)
from longbox.library.catalog_check import is_full_text_sound
from longbox.library.catalog_errors import UNMERGEABLE, explain, is_trouble_outside
from longbox.library.describing import attach_descriptions
from longbox.library.learned_merging import settle_rows
from longbox.library.ledger import is_there
from longbox.library.masks import MOST_ROWS
from longbox.library.merging import insert_book, load_book, refresh_book
from longbox.library.reading import is_damage, move_damaged, read_store_with_digest
from longbox.library.stores import BOOKS_NAME, STORE_SUFFIX, disk_errors

COLUMNS: Final = {
    "corrections": "correction_id, book_id, page_index, panel_order, field, value, made_at",
    "files": "path, size_bytes, mtime_ns, n_files, book_id, recipe, is_failed, is_missing",
    "problems": "file, page, stage, reason",
}
_MOST_GENERATIONS: Final = 1 << 53
_VIRTUAL: Final = tuple(
    f"{kind}{name}"
    for kind in ("", "description_")
    for name in ("word_counts", "trigram_counts", "words", "substrings")
)


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuild did.

    Attributes:
        books: Books merged again.
        damaged: Stores that could not be read or merged, moved to `damaged/`; index their files
            again.
        left: Stores that the disk cannot read now, that a newer Longbox made, or whose vectors do
            not fit the others', with the reason; they stay where they are.
        set_aside: The damaged catalog's new name, or None.
    """

    books: int
    damaged: tuple[str, ...]
    set_aside: str | None
    left: tuple[str, ...] = ()


def set_aside_if_damaged(root: Path) -> Path | None:
    """Move a catalog that SQLite cannot read out of the way; return its new name.

    Where there is none, a rebuild was killed behind this very step (or somebody deleted it): then
    the last one that was moved.

    Raises:
        LibraryError: It is of a newer format, or another process is writing.
    """
    path = root / CATALOG_NAME
    if not path.exists() or path.stat().st_size == 0:
        before = root.glob(f"{path.stem}.damaged-*.sqlite")
        return max(before, key=lambda p: p.stat().st_mtime_ns, default=None)
    if _is_sound(path):
        return None
    aside = root / f"catalog.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**6}"
    with disk_errors(path):
        for suffix in ("-wal", "-shm", ""):  # the file itself last: it is what marks the damage
            part = root / f"{CATALOG_NAME}{suffix}"
            if part.exists():
                part.rename(root / f"{aside.name}.sqlite{suffix}")
    return root / f"{aside.name}.sqlite"


def rebuild(
    catalog: Catalog, root: Path, old: Path | None, tell: Callable[[int, int], None]
) -> RebuildReport:
    """Fill a catalog from the stores, in one transaction.

    Args:
        catalog: The one to fill: the present one, or a new one beside a damaged one.
        root: The library's folder.
        old: A damaged catalog that was set aside, to take over what can be read.
        tell: Called with books done and books in all.
    """
    folder = root / BOOKS_NAME
    stores = sorted(folder.glob(f"*{STORE_SUFFIX}")) if folder.is_dir() else []
    damaged: list[str] = []
    left: list[str] = []
    with catalog.guarded() as connection:
        connection.execute("PRAGMA foreign_keys = OFF")  # no effect inside a transaction
    try:
        with catalog.transaction() as connection:
            kept = {table: _readable(connection, table) for table in COLUMNS}
            if old is not None:
                kept = _salvage(old)
            counters = _counters(connection)
            _drop_all(connection)
            create_tables(connection, 0)
            connection.executemany("UPDATE meta SET value = ? WHERE key = ?", counters)
            for i, path in enumerate(stores):
                error = merge_store(connection, root, path)
                if error is None:
                    pass
                elif is_damage(error) and not isinstance(error, UnfitStoreError):
                    damaged.append(path.name)
                else:
                    left.append(str(error))
                tell(i + 1, len(stores))
            _restore(connection, kept)
            settle_rows(connection, root)
    finally:
        with catalog.guarded() as connection:
            connection.execute("PRAGMA foreign_keys = ON")
    for name in damaged:
        move_damaged(root, folder / name)
    return RebuildReport(
        len(stores) - len(damaged) - len(left),
        tuple(damaged),
        None if old is None else old.name,
        tuple(left),
    )


class UnfitStoreError(LibraryError):
    """A store is whole, but does not fit those that were merged before it: it stays."""


def merge_store(connection: sqlite3.Connection, root: Path, path: Path) -> LibraryError | None:
    """Merge one store and its book's descriptions; return why it could not be, then none of it is.

    A store may be well formed and hold what no Longbox writes: numbers that no column takes, a
    page twice. That one is damaged; the others go on.
    """
    try:
        store, digest = read_store_with_digest(path)
    except LibraryError as error:
        return error
    connection.execute("SAVEPOINT store")
    reason: LibraryError | None = None
    try:
        insert_book(connection, store, digest)
    except LibraryError as error:
        reason = UnfitStoreError(str(error))
    except UNMERGEABLE as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        reason = LibraryError(
            f"{path}: not a readable book store ({what}); delete it and index the book again"
        )
    if reason is not None:
        connection.execute("ROLLBACK TO store")
    connection.execute("RELEASE store")
    if reason is None:
        attach_descriptions(connection, root, store.annotated.book.book_id)
    return reason


def _is_sound(path: Path) -> bool:
    try:
        connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            refuse_newer(path, version)
            distrust(connection)
            if foreign_schema(connection) is not None:
                return False  # nothing of it is asked before it is out of the way
            rows = connection.execute("PRAGMA quick_check(1)").fetchall()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            if rows == [("ok",)] and not is_full_text_sound(connection):
                return False  # its index could not even be dropped
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if is_trouble_outside(error):
            raise explain(error, path) from error
        return False
    return rows == [("ok",)] and (version == 0 or {"meta", "files", "corrections"} <= tables)


def _counters(connection: sqlite3.Connection) -> Rows:
    """Return the counters that must not fall back: rows and generations never come twice.

    One that no library reaches was not counted, and begins again.
    """
    try:
        found = connection.execute("SELECT value, key FROM meta").fetchall()
    except sqlite3.DatabaseError:
        return []
    most = {"next_row": MOST_ROWS, "generation": _MOST_GENERATIONS}
    return [
        (value, key)
        for value, key in found
        if isinstance(value, int) and 0 <= value <= most.get(key, -1)
    ]


def _readable(connection: sqlite3.Connection, table: str) -> Rows:
    """Return the rows of a table up to the first that cannot be read."""
    rows: Rows = []
    try:
        rows.extend(connection.execute(f"SELECT {COLUMNS[table]} FROM {table}"))
    except (sqlite3.DatabaseError, sqlite3.ProgrammingError):
        return rows
    return rows


def _salvage(old: Path) -> dict[str, Rows]:
    try:
        connection = sqlite3.connect(f"{old.absolute().as_uri()}?mode=rw", uri=True)
    except sqlite3.Error:
        return {table: [] for table in COLUMNS}
    try:
        distrust(connection)
        tables = _tables(connection)
        return {t: _readable(connection, t) if t in tables else [] for t in COLUMNS}
    finally:
        connection.close()


def _tables(connection: sqlite3.Connection) -> set[str]:
    """Return the names of tables, without the views that a stranger may have put in their place."""
    try:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    except sqlite3.DatabaseError:
        return set()
    return {str(name) for (name,) in found}


def _drop_all(connection: sqlite3.Connection) -> None:
    for name in _VIRTUAL:
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    for (name,) in tables:
        connection.execute(f'DROP TABLE IF EXISTS "{name}"')


def _restore(connection: sqlite3.Connection, kept: dict[str, Rows]) -> None:
    """Bring back corrections and the ledger; books without a known file get their store's path."""
    present = {book_id for (book_id,) in connection.execute("SELECT book_id FROM books")}
    _insert(connection, "corrections", kept["corrections"])
    # A file whose book's store is lost is left out: it is new to the next run.
    files = [row for row in kept["files"] if row[4] is None or row[4] in present]
    _insert(connection, "files", files)
    paths = {row[0] for row in files}
    _insert(connection, "problems", [row for row in kept["problems"] if row[0] in paths])
    with_file = {row[4] for row in files}
    for book_id in sorted(present - with_file):
        add_stored_path(connection, book_id, paths)
    for book_id in sorted(present):
        refresh_book(connection, book_id)


def add_stored_path(connection: sqlite3.Connection, book_id: str, taken: set[str | bytes]) -> None:
    """Give a book the file that its store names, unless another book has that by now."""
    data, recipe = connection.execute(
        "SELECT book_json, recipe FROM books WHERE book_id = ?", (book_id,)
    ).fetchone()
    path = path_to_sql(load_book(data).path)
    if path in taken:
        return
    taken.add(path)
    is_missing = is_there(path_from_sql(path)) is False
    # This stamp differs from any real one: the next run reads the file again.
    _insert(connection, "files", [(path, -1, -1, 1, book_id, recipe, 0, is_missing)])


def _insert(connection: sqlite3.Connection, table: str, rows: Rows) -> None:
    columns = COLUMNS[table]
    marks = ", ".join("?" * len(columns.split(",")))
    connection.executemany(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", rows)
