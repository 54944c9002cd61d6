"""What a backup takes from a library: which files, and of the catalog the record of comic files."""

from __future__ import annotations

import json
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from longbox.errors import LibraryError
from longbox.library.catalog import foreign_schema
from longbox.library.catalog_check import open_for_reading
from longbox.library.catalog_errors import explain, is_busy, is_trouble_outside
from longbox.library.corrections import CORRECTIONS_NAME, require_digest
from longbox.library.description_stores import DESCRIPTIONS_NAME
from longbox.library.file_check import ANSWERING_NAME, CONFIG_NAME, NAMES_NAME
from longbox.library.learned_stores import VECTORS_NAME, model_folders
from longbox.library.rebuilding import COLUMNS
from longbox.library.saved_searches import SEARCHES_NAME
from longbox.library.stores import BOOKS_NAME, STORE_SUFFIX

LEDGER_NAME: Final = "ledger.sqlite"
_ROWS_AT_A_TIME: Final = 5_000
_DERIVED: Final = ("index", "maps", "studies", "features", "characters", "cache")


def files_to_keep(root: Path, *, with_derived: bool) -> Iterator[str]:
    """Yield the files of a library that a backup holds, by path inside it."""
    for name in (CONFIG_NAME, SEARCHES_NAME, NAMES_NAME, ANSWERING_NAME):
        if (root / name).is_file():
            yield name
    models = [f"{VECTORS_NAME}/{folder.name}" for folder in model_folders(root)]
    for folder in (BOOKS_NAME, DESCRIPTIONS_NAME, CORRECTIONS_NAME, *models):
        suffix = ".json" if folder == CORRECTIONS_NAME else STORE_SUFFIX
        if (root / folder).is_dir():
            names = sorted(path.name for path in (root / folder).iterdir())
            yield from (f"{folder}/{name}" for name in names if name.endswith(suffix))
    for folder in ("answers", *(_DERIVED if with_derived else ())):
        for path in sorted((root / folder).rglob("*")):
            inside = path.relative_to(root).as_posix()
            if path.is_file() and path.name != ".lock" and inside != NAMES_NAME:
                yield inside


def copy_catalog(path: Path, target: Path) -> None:
    """Copy the catalog as of one moment, by SQLite's own online backup."""
    try:
        with closing(open_for_reading(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except sqlite3.Error as error:
        raise explain(error, path) from error


def write_ledger(path: Path, target: Path) -> list[str]:
    """Write what only the catalog knows into a small file; return what kept it from that.

    Raises:
        LibraryError: Another process writes the catalog, or the target's disk refuses.
    """
    problems: list[str] = []
    try:
        with closing(sqlite3.connect(target)) as ledger:
            for table, columns in COLUMNS.items():
                ledger.execute(f"CREATE TABLE {table} ({columns})")
            try:
                for table, rows in _ledger_rows(path):
                    marks = ", ".join("?" * len(COLUMNS[table].split(",")))
                    ledger.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
                ledger.commit()
            except _UnreadCatalogError as error:
                problems.append(f"{path.name}: {error}; the backup has no record of comic files")
                ledger.rollback()
    except sqlite3.Error as error:
        raise explain(error, target) from error
    return problems


class _UnreadCatalogError(Exception):
    """What keeps the record of comic files from being read."""


def _ledger_rows(path: Path) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Yield the rows of each table of the record, some thousands at a time, as of one moment."""
    try:
        with closing(open_for_reading(path)) as catalog:
            catalog.execute("BEGIN")
            odd = foreign_schema(catalog)
            if odd is not None:
                raise _UnreadCatalogError(f"holds a trigger or view ({odd}) of a stranger")
            for table, columns in COLUMNS.items():
                found = catalog.execute(f"SELECT {columns} FROM {table} ORDER BY 1")
                while rows := found.fetchmany(_ROWS_AT_A_TIME):
                    yield table, rows
    except sqlite3.Error as error:
        if is_busy(error) and path.exists():
            raise explain(error, path) from error
        if is_trouble_outside(error) and path.exists():
            raise _UnreadCatalogError(f"cannot be read ({error}); check the disk") from error
        raise _UnreadCatalogError("damaged") from error


def damage_of(copy: Path, path: str) -> str | None:
    """Say what is wrong with a store, or with a file of what people typed; None where it is whole.

    A damaged file that people typed is kept where there is no better copy; a store is not.
    """
    try:
        if path.endswith(STORE_SUFFIX):
            with zipfile.ZipFile(copy) as archive:
                return None if archive.testzip() is None else "damaged"
        if path == SEARCHES_NAME or path.startswith(f"{CORRECTIONS_NAME}/"):
            whole = json.loads(copy.read_bytes())
            records = whole["searches" if path == SEARCHES_NAME else "corrections"]
            require_digest(copy, whole, records)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError):
        return "damaged"
    except (LibraryError, ValueError, KeyError, TypeError, RecursionError):
        return "damaged"
    return None
