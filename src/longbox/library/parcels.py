"""A book's files on their way between a library and a machine that does not see it.

A worker elsewhere is given what the library holds of a book (its store, its descriptions, its
corrections) in a folder that stands for the library, works there as it would in the library, and
what it made travels back. Names are paths below the library's folder; only names that a store can
have are taken in, whoever sent them, and a file is there whole or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longbox.errors import LibraryError
from longbox.library.corrections import CORRECTIONS_NAME, corrections_path, replace_file
from longbox.library.description_stores import DESCRIPTIONS_NAME, description_path
from longbox.library.learned_stores import VECTORS_NAME, learned_path
from longbox.library.stores import (
    BOOKS_NAME,
    STORE_SUFFIX,
    disk_errors,
    partial_path,
    store_path,
)

_HEX: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """What a library holds of one book.

    Attributes:
        files: Bytes by name; nothing where the library holds nothing.
    """

    book_id: str
    files: dict[str, bytes]


def pack_book(root: Path, book_id: str) -> Parcel:
    """Read what a library holds of a book, whether it is sound or not.

    Raises:
        LibraryError: The id is none, or the disk refuses.
    """
    paths = (
        store_path(root, book_id),
        description_path(root, book_id),
        corrections_path(root, book_id),
    )
    return Parcel(book_id, dict(_read(root, paths)))


def unpack_book(root: Path, parcel: Parcel) -> None:
    """Put a book's files into a folder that stands for the library.

    Raises:
        LibraryError: A file belongs elsewhere, or the disk refuses.
    """
    corrections = f"{CORRECTIONS_NAME}/{parcel.book_id}.json"
    for name, data in parcel.files.items():
        if name == corrections:
            replace_file(root, corrections_path(root, parcel.book_id), data)
        else:
            take_file(root, name, data)


def made_files(root: Path, book_id: str, parcel: Parcel | None = None) -> dict[str, bytes]:
    """Return the stores of a book that are not as they came; corrections are never made.

    Raises:
        LibraryError: The disk refuses.
    """
    paths = (store_path(root, book_id), description_path(root, book_id))
    brought = {} if parcel is None else parcel.files
    return {name: data for name, data in _read(root, paths) if brought.get(name) != data}


def take_file(root: Path, name: str, data: bytes) -> Path:
    """Put a store that was made elsewhere in its place; merging it is the caller's.

    Args:
        root: The library's folder.
        name: As `made_files` names it, or the name of a learned store.
        data: The whole file.

    Raises:
        LibraryError: No store has such a name, or the disk refuses.
    """
    path = _place_of(root, name)
    replace_file(root, path, data)
    return path


def books_on_disk(root: Path) -> tuple[str, ...]:
    """Return the ids of all books that a library has any file of, sorted."""
    found: set[str] = set()
    for folder in (root / n for n in (BOOKS_NAME, DESCRIPTIONS_NAME, CORRECTIONS_NAME)):
        with disk_errors(folder):
            names = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        ids = (name.removesuffix(STORE_SUFFIX).removesuffix(".json") for name in names)
        found.update(i for i in ids if len(i) == 16 and set(i) <= _HEX)
    return tuple(sorted(found))


def new_mark(root: Path, contents: bytes) -> Path:
    """Leave a file by which another machine knows that it sees this very folder.

    Raises:
        LibraryError: The disk refuses.
    """
    path = partial_path(root, "mark")
    with disk_errors(path):
        path.write_bytes(contents)
    return path


def sha256_of(data: bytes) -> str:
    """Return what a file's bytes are known by."""
    return hashlib.sha256(data).hexdigest()


def _read(root: Path, paths: tuple[Path, ...]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        with disk_errors(path):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
        yield path.relative_to(root).as_posix(), data


def _place_of(root: Path, name: str) -> Path:
    folder, *between = name.split("/")
    book_id = between.pop().removesuffix(STORE_SUFFIX) if between else ""
    path: Path | None = None
    if folder == BOOKS_NAME:
        path = store_path(root, book_id)
    elif folder == DESCRIPTIONS_NAME:
        path = description_path(root, book_id)
    elif folder == VECTORS_NAME and between:
        path = learned_path(root, between[0], book_id)
    if path is None or path.relative_to(root).as_posix() != name:
        raise LibraryError(f"{name!r} is not the name of a store; nothing was taken")
    return path
