"""Is the catalog whole? Asked of SQLite itself, with nothing of ours in between.

A catalog that cannot be opened as one is looked at all the same: nothing here goes through
`Library`. The full-text indexes can only be checked inside a write transaction, which is rolled
back; where another process is writing, or the folder may only be read, that part is left out and
said so.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longbox.errors import LibraryError
from longbox.library.catalog import (
    APPLICATION_ID,
    CATALOG_NAME,
    FORMAT,
    create_tables,
    distrust,
    foreign_schema,
    read_only_uri,
)
from longbox.library.catalog_errors import explain, is_trouble_outside
from longbox.library.findings import Finding, Matter
from longbox.library.masks import count_rows
from longbox.library.opening import has_stores

_MOST_LINES: Final = 5
_WAIT_S: Final = 2.0
_REMAKE: Final = "run `longbox library rebuild`; --repair does it"
_COUNTS: Final = (
    ("panels of books", "SELECT coalesce(sum(n_panels), 0) FROM books", "panels"),
    ("pages of books", "SELECT coalesce(sum(n_pages), 0) FROM books", "pages"),
    ("texts of books", "SELECT coalesce(sum(n_texts), 0) FROM books", "panel_text"),
)
INDEXES: Final = ("words", "substrings", "description_words", "description_substrings")


@dataclass(frozen=True, slots=True)
class CatalogCheck:
    """What was found of the catalog.

    Attributes:
        findings: None where it is whole.
        notes: What is no fault.
        is_usable: Whether it can be asked what stores it knows: sound, and of today's format.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    is_usable: bool = False


def check_catalog(root: Path, *, is_deep: bool) -> CatalogCheck:
    """Check the catalog file of a library.

    Args:
        root: The library's folder.
        is_deep: Also every index entry against its row, and full text against its panels.
    """
    path = root / CATALOG_NAME
    if not path.exists():
        if not has_stores(root):
            return CatalogCheck(())
        return CatalogCheck((_finding("the catalog is gone"),))
    try:
        with closing(open_for_reading(path)) as connection:
            return _check(root, connection, is_deep)
    except sqlite3.DatabaseError as error:
        if is_trouble_outside(error):
            line = str(explain(error, path)).removeprefix(f"{path}: ")
            what, _, advice = line.partition("; ")
            return CatalogCheck(
                (Finding(CATALOG_NAME, Matter.UNREADABLE, what, advice, is_repairable=False),)
            )
        return CatalogCheck((_finding(f"damaged ({_plain(error)})"),))


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a SQLite file so that nothing in it can change, and nothing in its schema acts.

    Who asks its tables asks `foreign_schema` first: a view in their place may be endless.

    Raises:
        sqlite3.Error: It cannot be opened.
    """
    connection = sqlite3.connect(read_only_uri(path), uri=True, timeout=_WAIT_S)
    try:
        distrust(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _check(root: Path, connection: sqlite3.Connection, is_deep: bool) -> CatalogCheck:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if version > FORMAT:
        found = Finding(
            CATALOG_NAME,
            Matter.NEWER,
            f"library format {version} is newer than this Longbox knows ({FORMAT})",
            "upgrade Longbox",
            is_repairable=False,
        )
        return CatalogCheck((found,))
    if owner not in (0, APPLICATION_ID):
        return CatalogCheck((_finding("is the database of another program"),))
    odd = foreign_schema(connection)
    if odd is not None:
        return CatalogCheck((_finding(f"holds a trigger or view ({odd}) that no Longbox made"),))
    if version == 0:
        return CatalogCheck((_finding("the catalog is empty"),) if has_stores(root) else ())
    problems = [*_soundness(connection, is_deep)]
    if not problems and version == FORMAT:
        problems += [f"damaged (it has no {name})" for name in _missing(connection, "table")]
        problems += [] if problems else _miscounts(connection)
    if problems:
        return CatalogCheck(tuple(_finding(line) for line in problems[:_MOST_LINES]))
    notes = []
    if version < FORMAT:
        notes.append(
            f"{CATALOG_NAME}: format {version}; the next command that writes brings it to {FORMAT}"
        )
        return CatalogCheck((), tuple(notes))
    notes += [
        f"{CATALOG_NAME}: it has no index {name}, so some commands are slow; `longbox library "
        "rebuild` makes it"
        for name in _missing(connection, "index")
    ]
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        notes.append(
            f"{CATALOG_NAME}: no write-ahead log on this disk: searches wait while somebody writes"
        )
    lines, skipped = _full_text(root / CATALOG_NAME, is_deep)
    notes += [skipped] if skipped else []
    return CatalogCheck(tuple(_finding(line) for line in lines), tuple(notes), is_usable=True)


def _soundness(connection: sqlite3.Connection, is_deep: bool) -> Iterator[str]:
    pragma = "integrity_check" if is_deep else "quick_check"
    for (line,) in connection.execute(f"PRAGMA {pragma}({_MOST_LINES})"):
        if line != "ok":
            yield f"damaged ({_plain(line)})"
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"damaged (row {row} of {table} names something that is not in {parent})"


def _missing(connection: sqlite3.Connection, kind: str) -> list[str]:
    """Return the tables that are not there, or the indexes: a lost index only costs time."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        create_tables(fresh, 0)
        wanted = _names(fresh, kind)
    return sorted(wanted - _names(connection, kind))


def _names(connection: sqlite3.Connection, kind: str) -> set[str]:
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite_%'", (kind,)
    )
    return {name for (name,) in found}


def _miscounts(connection: sqlite3.Connection) -> list[str]:
    lines = []
    connection.execute("BEGIN")  # both counts of one moment: others may merge in between
    try:
        for what, promised, table in _COUNTS:
            (wanted,) = connection.execute(promised).fetchone()
            (there,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            if wanted != there:
                lines.append(f"damaged ({wanted:,} {what}, but {there:,} rows in {table})")
        (used,) = connection.execute(
            "SELECT coalesce(max(first_row + n_panels), 0) FROM books"
        ).fetchone()
        if count_rows(connection) < used:  # a book merged now would take another's rows
            lines.append(f"damaged (rows to {used:,} are used, and would be given again)")
    except LibraryError:
        lines.append("damaged (a number of rows given that no library reaches)")
    finally:
        connection.execute("ROLLBACK")
    return lines


def _full_text(path: Path, is_deep: bool) -> tuple[list[str], str]:
    """Check the full-text indexes; return what is wrong, and why they could not be checked."""
    untold = f"{CATALOG_NAME}: the word indexes were not checked; "
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        return [], f"{untold}the library may only be read"
    lines: list[str] = []
    with closing(sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)) as connection:
        for name in INDEXES:
            try:
                connection.execute("BEGIN IMMEDIATE")  # each by itself: others may write between
                connection.execute(
                    f"INSERT INTO {name} ({name}, rank) VALUES ('integrity-check', ?)",
                    (int(is_deep),),
                )
            except sqlite3.DatabaseError as error:
                if is_trouble_outside(error):
                    return lines, f"{untold}{str(explain(error, path)).partition(': ')[2]}"
                lines.append(f"damaged (the index {name} does not fit its texts)")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
    return lines, ""


def is_full_text_sound(connection: sqlite3.Connection) -> bool:
    """Say whether the full-text indexes that are there can be read; writes nothing.

    Raises:
        sqlite3.Error: Another process is writing, or the disk refuses.
    """
    there = _names(connection, "table")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for name in INDEXES:
            if name in there:
                connection.execute(f"INSERT INTO {name} ({name}) VALUES ('integrity-check')")
    except sqlite3.DatabaseError as error:
        if is_trouble_outside(error):
            raise
        return False
    finally:
        connection.execute("ROLLBACK")
    return True


def _finding(what: str) -> Finding:
    return Finding(CATALOG_NAME, Matter.CATALOG, what, _REMAKE)


def _plain(text: object) -> str:
    return " ".join(str(text).replace("*** in database main ***", "").split())[:200]
