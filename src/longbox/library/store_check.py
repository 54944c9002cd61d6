"""Are the stores whole, rightly named, and the ones that the catalog knows?

A store whose SHA-256 is the catalog's is whole: nothing more is asked of it. Any other is read to
its end. Where the catalog cannot be used, or the check is deep, all are.

Another process may write meanwhile, so what looks wrong is looked at twice.
"""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longbox.errors import DiskError, LibraryError, NewerFormatError
from longbox.library.answering import read_answering
from longbox.library.description_stores import DESCRIPTIONS_NAME, read_description_store
from longbox.library.findings import Finding, Matter
from longbox.library.learned_stores import VECTORS_NAME, model_folders, read_learned_store
from longbox.library.stored_vectors import plain_member
from longbox.library.stores import (
    BOOKS_NAME,
    STORE_SUFFIX,
    disk_errors,
    parse_book_store,
    read_store_bytes,
)

_HEX: Final = frozenset("0123456789abcdef")
_AGAIN: Final = {
    Matter.BOOK: "--repair sets it aside, and `longbox index` makes it again from its comic file",
    Matter.DESCRIPTION: "--repair sets it aside, and `longbox describe` makes it again",
    Matter.LEARNED: "--repair sets it aside, and `longbox embed` makes it again",
}
_MERGE: Final = "--repair takes it into the catalog, and so does the next run that meets the book"


@dataclass(frozen=True, slots=True)
class StoreFolder:
    """A folder of stores of one kind.

    Attributes:
        path: Inside the library.
        matter: Of what kind its stores are.
        model: The trained model that made them, or None.
    """

    path: str
    matter: Matter
    model: str | None = None


class KnownStores:
    """What the catalog says of stores; knows nothing where the catalog cannot be used."""

    def __init__(self, connection: sqlite3.Connection | None) -> None:
        self._connection = connection

    @property
    def is_known(self) -> bool:
        """Whether there is a catalog to ask."""
        return self._connection is not None

    def digest(self, folder: StoreFolder, book_id: str) -> tuple[bool, str | None]:
        """Return whether the catalog has the book, and the SHA-256 of its merged store."""
        if self._connection is None:
            return False, None
        if folder.model is not None:
            row = self._connection.execute(
                "SELECT m.learned_sha256 FROM books b LEFT JOIN book_models m "
                "ON m.book_row = b.book_row AND m.model = ? WHERE b.book_id = ?",
                (folder.model, book_id),
            ).fetchone()
        else:
            column = "store_sha256" if folder.matter is Matter.BOOK else "description_sha256"
            row = self._connection.execute(
                f"SELECT {column} FROM books WHERE book_id = ?", (book_id,)
            ).fetchone()
        return row is not None, None if row is None else row[0]

    def books(self, folder: StoreFolder) -> list[str]:
        """Return the books that the catalog says have a store in a folder."""
        if self._connection is None:
            return []
        if folder.model is not None:
            rows = self._connection.execute(
                "SELECT b.book_id FROM books b JOIN book_models m USING (book_row) "
                "WHERE m.model = ? ORDER BY 1",
                (folder.model,),
            )
        elif folder.matter is Matter.BOOK:
            rows = self._connection.execute("SELECT book_id FROM books ORDER BY 1")
        else:
            rows = self._connection.execute(
                "SELECT book_id FROM books WHERE description_sha256 IS NOT NULL ORDER BY 1"
            )
        return [book_id for (book_id,) in rows]

    def models(self) -> set[str]:
        """Return the models whose stores the catalog lists."""
        if self._connection is None:
            return set()
        return {m for (m,) in self._connection.execute("SELECT DISTINCT model FROM book_models")}


def store_folders(root: Path, known: KnownStores) -> list[StoreFolder]:
    """Return the folders that hold stores, or should."""
    retired = set(read_answering(root).retired)
    models = ({folder.name for folder in model_folders(root)} | known.models()) - retired
    return [
        StoreFolder(BOOKS_NAME, Matter.BOOK),
        StoreFolder(DESCRIPTIONS_NAME, Matter.DESCRIPTION),
        *(StoreFolder(f"{VECTORS_NAME}/{m}", Matter.LEARNED, m) for m in sorted(models)),
    ]


def store_names(root: Path, folder: StoreFolder) -> list[str]:
    """Return the names in a folder of stores, sorted."""
    with disk_errors(root / folder.path):
        if not (root / folder.path).is_dir():
            return []
        return sorted(path.name for path in (root / folder.path).iterdir())


def check_stores(
    root: Path,
    known: KnownStores,
    *,
    is_deep: bool,
    tell: Callable[[int], None],
) -> Iterator[Finding]:
    """Check every store, and that every store that the catalog knows is there.

    Args:
        root: The library's folder.
        known: What the catalog says.
        is_deep: Read also those to the end whose bytes are the merged ones.
        tell: Called with the size of each file that was read.
    """
    for folder in store_folders(root, known):
        for name in store_names(root, folder):
            yield from _check_twice(root, folder, name, known, is_deep, tell)
        for book_id in known.books(folder):
            path = f"{folder.path}/{book_id}{STORE_SUFFIX}"
            if not (root / path).exists() and known.digest(folder, book_id)[1] is not None:
                advice = _AGAIN[folder.matter].replace("sets it aside", "notes it")
                yield Finding(path, folder.matter, "the store is gone", advice)


def _check_twice(
    root: Path,
    folder: StoreFolder,
    name: str,
    known: KnownStores,
    is_deep: bool,
    tell: Callable[[int], None],
) -> Iterator[Finding]:
    path = root / folder.path / name
    book_id = name.removesuffix(STORE_SUFFIX)
    if not name.endswith(STORE_SUFFIX) or path.is_dir():
        yield Finding(
            f"{folder.path}/{name}",
            Matter.STRANGE,
            "is no store",
            "move it out of the library",
            is_repairable=False,
        )
        return
    for turn in range(2):
        found = _check(root, folder, book_id, known, is_deep, tell if turn == 0 else _quiet)
        if found is None:
            return
    if found is not None and path.exists():
        yield found


def _check(
    root: Path,
    folder: StoreFolder,
    book_id: str,
    known: KnownStores,
    is_deep: bool,
    tell: Callable[[int], None],
) -> Finding | None:
    file = f"{folder.path}/{book_id}{STORE_SUFFIX}"
    path = root / file
    try:
        data = read_store_bytes(path)
    except LibraryError as error:
        return _unreadable(file, path, error)
    tell(len(data))
    is_listed, wanted = known.digest(folder, book_id)
    is_merged = hashlib.sha256(data).hexdigest() == wanted
    if is_merged and not is_deep:
        return None
    inside = _book_inside(data)
    if inside not in (None, book_id) and _is_whole(folder, path, data, str(inside)):
        return Finding(
            file, Matter.MISNAMED, f"holds book {inside}", "--repair gives it the right name"
        )
    try:
        _read(folder.matter, path, data)
    except DiskError as error:
        return _unreadable(file, path, error)
    except NewerFormatError:
        return Finding(
            file, Matter.NEWER, "made by a newer Longbox", "upgrade Longbox", is_repairable=False
        )
    except LibraryError as error:
        return Finding(file, folder.matter, _reason(error, path), _AGAIN[folder.matter])
    if is_merged or not known.is_known or (folder.matter is not Matter.BOOK and not is_listed):
        return None
    what = "was replaced after it was merged" if wanted else "whole, but the catalog lacks it"
    return Finding(file, Matter.UNMERGED, what, _MERGE)


def is_store_whole(root: Path, finding: Finding) -> bool:
    """Say whether a store that was found damaged or gone is there and whole by now."""
    path = root / finding.file
    try:
        _read(finding.matter, path, read_store_bytes(path))
    except LibraryError:
        return False
    return True


def _read(matter: Matter, path: Path, data: bytes) -> None:
    if matter is Matter.BOOK:
        parse_book_store(path, data)
    elif matter is Matter.DESCRIPTION:
        read_description_store(path)
    else:
        read_learned_store(path)


def _book_inside(data: bytes) -> str | None:
    """Return the book that a store says it is of; None where it cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            said = json.loads(plain_member(archive, "zarr.json"))["attributes"]["book_id"]
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
        return None
    except (KeyError, ValueError, TypeError, NotImplementedError):
        return None
    is_book_id = isinstance(said, str) and len(said) == 16 and set(said) <= _HEX
    return said if is_book_id else None


def _is_whole(folder: StoreFolder, path: Path, data: bytes, book_id: str) -> bool:
    """Say whether a store under a wrong name can be read by its right one."""
    if folder.matter is not Matter.BOOK:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            try:
                return archive.testzip() is None
            except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
                return False
    try:
        parse_book_store(path.with_name(f"{book_id}{STORE_SUFFIX}"), data)
    except LibraryError:
        return False
    return True


def _unreadable(file: str, path: Path, error: LibraryError) -> Finding:
    return Finding(
        file,
        Matter.UNREADABLE,
        _reason(error, path),
        "check the disk, then check again; where it stays so, put back a copy (--repair --from "
        "BACKUP)",
        is_repairable=False,
    )


def _reason(error: LibraryError, path: Path) -> str:
    """Return what is wrong, without the file's name and without the advice."""
    return str(error).removeprefix(f"{path}: ").partition("; ")[0]


def _quiet(_size_bytes: int) -> None:
    return
