"""Everything that people typed, as text: one JSON record a line, and back into a library.

The first line says what the file is. `kind` of the others is `correction` (also verdicts of the
review), `search`, `names` (of characters, as the file of names has them), `config` (the text of
config.toml), or `old correction`: a row that an older version kept in its catalog and today's
cannot use. Taking a file back adds what is missing and replaces nothing.
"""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from longbox.correction import Correction, correction_of, record_of
from longbox.errors import LibraryError, NewerFormatError
from longbox.library.catalog import CATALOG_NAME, foreign_schema
from longbox.library.catalog_check import open_for_reading
from longbox.library.corrections import (
    add_corrections,
    corrected_books,
    read_corrections,
    replace_file,
)
from longbox.library.file_check import CONFIG_NAME, NAMES_NAME
from longbox.library.rebuilding import COLUMNS
from longbox.library.saved_searches import add_searches, read_searches
from longbox.library.shelf_records import SavedSearch
from longbox.library.stores import disk_errors, sync_folder

TYPED_FORMAT: Final = 1
_KIND: Final = "longbox typed"
_TABLE: Final = "corrections"
_MOST_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class TypedCounts:
    """How much of what people typed was written or taken back.

    Attributes:
        names, config: 1 where there was such a file (and it was taken).
        left: What was not taken back because the library has another one, one line each.
    """

    corrections: int
    searches: int
    names: int
    config: int
    left: tuple[str, ...] = ()


def export_typed(root: Path, target: Path, *, replaces: bool = False) -> TypedCounts:
    """Write everything that people typed; the library need not be fit to be opened.

    Args:
        root: The library's folder.
        target: The file.
        replaces: Overwrite a file that is there.

    Raises:
        LibraryError: The file is there, a file of the library is damaged, or the disk refuses.
    """
    if target.exists() and not replaces:
        raise LibraryError(f"{target}: is there already; --force replaces it")
    records = list(_records(root))
    lines = [json.dumps(record, ensure_ascii=True) for record in records]
    partial = target.with_name(f".{target.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
    with disk_errors(target):
        try:
            with partial.open("w", encoding="ascii") as file:
                file.write("".join(f"{line}\n" for line in lines))
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(target.absolute().parent)
    kinds = [record["kind"] for record in records]
    n = kinds.count("correction") + kinds.count("old correction")
    return TypedCounts(n, kinds.count("search"), kinds.count("names"), kinds.count("config"))


def import_typed(root: Path, source: Path) -> TypedCounts:
    """Take back what `export_typed` wrote: what is there stays, what is missing is added.

    Args:
        root: The library's folder; need not be a library yet.
        source: The file.

    Raises:
        LibraryError: It is no such file, a record is unusable, or the disk refuses.
    """
    records = _read(source)
    corrections: list[Correction] = []
    searches: list[SavedSearch] = []
    files: list[tuple[str, bytes]] = []
    left: list[str] = []
    for number, record in enumerate(records, start=2):
        try:
            kind = record["kind"]
            if kind == "correction":
                said = {k: v for k, v in record.items() if k not in ("kind", "book_id")}
                corrections.append(correction_of(str(record["book_id"]), said))
            elif kind == "search":
                searches.append(SavedSearch(**{k: v for k, v in record.items() if k != "kind"}))
            elif kind == "names":
                files.append((NAMES_NAME, json.dumps(record["names"]).encode("ascii")))
            elif kind == "config":
                files.append((CONFIG_NAME, str(record["text"]).encode("utf-8")))
            else:
                left.append(f"line {number}: {kind}: only kept as text")
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise LibraryError(f"{source}: line {number} is unusable ({error}); mend it") from error
    n_corrections = add_corrections(root, corrections)
    n_searches = add_searches(root, searches)
    taken = {name: _take_file(root, name, data, left) for name, data in files}
    return TypedCounts(
        n_corrections,
        n_searches,
        int(taken.get(NAMES_NAME, False)),
        int(taken.get(CONFIG_NAME, False)),
        tuple(left),
    )


def _records(root: Path) -> Iterator[dict[str, Any]]:
    yield {"kind": _KIND, "format": TYPED_FORMAT}
    for book_id in corrected_books(root):
        for correction in read_corrections(root, book_id):
            yield {"kind": "correction", "book_id": book_id, **record_of(correction)}
    for search in read_searches(root):
        yield {"kind": "search", **asdict(search)}
    names = root / NAMES_NAME
    config = root / CONFIG_NAME
    try:
        if names.exists():
            yield {"kind": "names", "names": json.loads(names.read_bytes())}
        if config.exists():
            yield {"kind": "config", "text": config.read_bytes().decode("utf-8")}
    except (OSError, ValueError, RecursionError) as error:
        raise LibraryError(
            f"{root}: names of characters or config.toml cannot be read ({error}); "
            "run `longbox library check`"
        ) from error
    yield from _old_rows(root / CATALOG_NAME)


def _old_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what an older version left in the catalog; nothing where that cannot be read."""
    columns = [name.strip() for name in COLUMNS[_TABLE].split(",")]
    try:
        with closing(open_for_reading(path)) as connection:
            if foreign_schema(connection) is not None:
                return  # of a stranger: a view may have no end
            rows = connection.execute(f"SELECT {COLUMNS[_TABLE]} FROM {_TABLE} ORDER BY 1")
            found = rows.fetchall()
    except sqlite3.Error:
        return
    for row in found:
        yield {"kind": "old correction", **dict(zip(columns, row, strict=True))}


def _read(source: Path) -> list[dict[str, Any]]:
    with disk_errors(source):
        if source.stat().st_size > _MOST_BYTES:
            raise LibraryError(f"{source}: larger than 1 GiB; it is no file of what people typed")
        lines = source.read_bytes().splitlines()
    try:
        records = [json.loads(line) for line in lines if line.strip()]
        is_ours = records[0]["kind"] == _KIND
        is_newer = int(records[0]["format"]) > TYPED_FORMAT
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise LibraryError(
            f"{source}: no file of `longbox library export-typed` ({error}); name one"
        ) from error
    if not is_ours:
        raise LibraryError(f"{source}: no file of `longbox library export-typed`; name one")
    if is_newer:
        raise NewerFormatError(f"{source}: made by a newer Longbox; upgrade Longbox")
    return records[1:]


def _take_file(root: Path, name: str, data: bytes, left: list[str]) -> bool:
    """Put a file where there is none; return whether it was put."""
    path = root / name
    if path.exists():
        with disk_errors(path):
            there = path.read_bytes()
        is_same = there == data or (name == NAMES_NAME and _same_json(there, data))
        if not is_same:
            left.append(f"{name}: the library has another one, which stays")
        return False
    replace_file(root, path, data)
    return True


def _same_json(one: bytes, other: bytes) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False
