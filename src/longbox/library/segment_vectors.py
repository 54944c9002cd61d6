"""The exact vectors of a segment: a file of its own, or, of a large segment, the books' stores.

A large segment would double what a library weighs if it copied every vector, and a search looks
at some hundreds of them. So it keeps where each book's vectors begin in the book's store (the
chunk is not compressed: its bytes are the rows) and reads those that it compares.

A store may be rewritten while its vectors stay the same, and a library may be copied to another
disk. So a store whose size or time is another than it was is looked at again: when its ZIP
directory lists the same CRC-32 for the vectors, they are the same bytes, wherever they begin now.
Otherwise the book was made again and its old rows answer nothing until it is merged. Vectors of a
trained model are found in the folder of any model that has the same ones.
"""

from __future__ import annotations

import errno
import json
import os
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from longbox.errors import DiskError, LibraryError
from longbox.library.learned_stores import (
    LEARNED_SPACES,
    VECTORS_NAME,
    learned_path,
    model_folders,
)
from longbox.library.stored_vectors import (
    KEPT_AS,
    UNREADABLE_ZIP,
    chunk_name,
    disk_trouble,
    plain_member,
    unpacked,
)
from longbox.library.stores import BOOKS_NAME, STORE_SUFFIX, store_path
from longbox.vectors import Space

Positions = NDArray[np.int64] | slice
Taken = tuple[NDArray[np.float16], NDArray[np.bool_]]

# One row a book, rising by `first_row`. Its vectors are the rows of one chunk that begins at
# `offset` in a store of `size_bytes` and `mtime_ns`, `itemsize` bytes a number.
BOOK_TABLE: Final = np.dtype(
    [
        ("book_id", "S16"),
        ("model", "S16"),
        ("first_row", "<i8"),
        ("n_rows", "<i4"),
        ("crc", "<u4"),
        ("size_bytes", "<i8"),
        ("mtime_ns", "<i8"),
        ("offset", "<i8"),
        ("itemsize", "u1"),
    ]
)
_LOCAL_HEADER: Final = struct.Struct("<4s5H3I2H")
_PLACE_COLUMNS: Final = ("n_rows", "crc", "size_bytes", "mtime_ns", "offset", "itemsize")
_KINDS: Final[dict[int, np.dtype[Any]]] = {1: np.dtype("i1"), 2: np.dtype("<f2")}
_READ: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_SUFFIX: Final = STORE_SUFFIX.encode("ascii")
# Rows of a book that lie this near to each other are read in one go.
_SPAN_FACTOR: Final = 8


class ExactVectors(Protocol):
    """Where a segment's vectors are."""

    def take(self, positions: Positions) -> Taken:
        """Return vectors, float16 (m, D), and whether each could be read, bool (m,)."""
        ...

    def n_sources(self, positions: NDArray[np.int64]) -> int:
        """Return how many files have to be read for them."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store keeps the vectors of a space, and how to know that it still does."""

    n_rows: int
    dimension: int
    crc: int
    size_bytes: int
    mtime_ns: int
    offset: int
    itemsize: int


@dataclass(frozen=True, slots=True)
class StoredBook:
    """A book of a large segment: whose store, and the panel row of its first vector's panel."""

    book_id: str
    model: str | None
    first_row: int

    def path(self, root: Path) -> Path:
        """Return the store's path."""
        if self.model is None:
            return store_path(root, self.book_id)
        return learned_path(root, self.model, self.book_id)


class CopiedVectors:
    """Vectors that the segment keeps itself, memory-mapped."""

    def __init__(self, vectors: NDArray[np.float16]) -> None:
        self._vectors = vectors

    def take(self, positions: Positions) -> Taken:
        """Return vectors, float16 (m, D), and True for each."""
        half = np.asarray(self._vectors[positions])
        return half, np.ones(len(half), dtype=np.bool_)

    def n_sources(self, positions: NDArray[np.int64]) -> int:
        """Return 1."""
        return min(1, positions.size)


class StoredVectors:
    """Vectors that are read from the books' stores."""

    def __init__(
        self,
        root: Path,
        space: Space,
        dimension: int,
        table: NDArray[np.void],
        rows: NDArray[np.int64],
    ) -> None:
        """Read nothing yet.

        Args:
            root: The library's folder.
            space: Of which the vectors are.
            dimension: How many numbers a vector has.
            table: `BOOK_TABLE` rows.
            rows: The segment's panel rows, rising.
        """
        self._root, self._space, self._dimension, self._rows = root, space, dimension, rows
        self._books = table
        self._first_rows = np.ascontiguousarray(table["first_row"])
        self._columns = tuple(np.ascontiguousarray(table[name]) for name in _PLACE_COLUMNS)
        self._ids = np.ascontiguousarray(table["book_id"])
        self._models = np.ascontiguousarray(table["model"])
        self._folders = {
            model: os.fsencode(root / VECTORS_NAME / model.decode("ascii") / "_")[:-1]
            if model
            else os.fsencode(root / BOOKS_NAME / "_")[:-1]
            for model in np.unique(self._models).tolist()
        }
        self._moved: dict[int, tuple[bytes, Place]] = {}

    def take(self, positions: Positions) -> Taken:
        """Return vectors, float16 (m, D), and whether each could be read, bool (m,)."""
        rows = np.asarray(self._rows[positions])
        if not rows.size:
            return np.empty((0, self._dimension), np.float16), np.empty(0, np.bool_)
        at = self._sources(rows)
        order = np.argsort(rows)  # book after book, rising within each
        books, starts = np.unique(at[order], return_index=True)
        own_rows = (rows - self._first_rows[at])[order].tolist()
        raw: list[bytes] = []
        for book, start, stop in zip(
            books.tolist(), starts.tolist(), [*starts[1:].tolist(), rows.size], strict=True
        ):
            raw += self._read(book, own_rows[start:stop])
        # Rows of both kinds of numbers may occur, and none where a store is gone.
        sizes = np.fromiter(map(len, raw), dtype=np.int64, count=rows.size) // self._dimension
        half = np.zeros((rows.size, self._dimension), dtype=np.float16)
        for itemsize, dtype in _KINDS.items():
            own = np.flatnonzero(sizes == itemsize)
            data = b"".join([raw[i] for i in own.tolist()])
            half[order[own]] = unpacked(
                np.frombuffer(data, dtype=dtype).reshape(own.size, self._dimension)
            )
        is_there = np.zeros(rows.size, dtype=np.bool_)
        is_there[order] = sizes > 0
        return half, is_there

    def n_sources(self, positions: NDArray[np.int64]) -> int:
        """Return of how many books they are."""
        return int(np.unique(self._sources(np.asarray(self._rows[positions]))).size)

    def _sources(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = np.searchsorted(self._first_rows, rows, side="right") - 1
        return found

    def _read(self, book: int, wanted: list[int]) -> list[bytes]:
        """Return some rows of a book's vectors as they are stored, rising; empty where gone."""
        path, place = self._moved.get(book) or (self._path(book), self._place(book))
        found = _rows_of(path, place, wanted)
        return self._read_moved(book, wanted) if found is None else found

    def _place(self, book: int) -> Place:
        n_rows, *others = [int(column[book]) for column in self._columns]
        return Place(n_rows, self._dimension, *others)

    def _path(self, book: int) -> bytes:
        path: bytes = self._folders[self._models[book]] + self._ids[book] + _SUFFIX
        return path

    def _read_moved(self, book: int, wanted: list[int]) -> list[bytes]:
        """Look for the same bytes in the store as it is now, or in another model's."""
        kept, first = self._place(book), Path(os.fsdecode(self._path(book)))
        paths = [first]
        if self._space in LEARNED_SPACES:
            others = (folder / first.name for folder in model_folders(self._root))
            paths += [path for path in others if path != first]
        for path in paths:
            try:
                place = locate(path, self._space)
            except (FileNotFoundError, LibraryError):
                continue
            if _names_same_bytes(kept, place):
                self._moved[book] = os.fsencode(path), place
                return _rows_of(os.fsencode(path), place, wanted) or [b""] * len(wanted)
        _require_folder(self._root / BOOKS_NAME)
        return [b""] * len(wanted)


def _require_folder(folder: Path) -> None:
    """Tell a book that is gone from a disk that is gone: an answer without most books is none.

    Raises:
        DiskError: The stores' folder is not there.
    """
    if not folder.is_dir():
        raise DiskError(f"{folder}: cannot be read; is the disk mounted?")


def _names_same_bytes(one: Place, other: Place) -> bool:
    return (one.crc, one.n_rows, one.dimension, one.itemsize) == (
        other.crc,
        other.n_rows,
        other.dimension,
        other.itemsize,
    )


def locate(path: Path, space: Space) -> Place:
    """Find out where a store keeps the vectors of a space.

    Raises:
        FileNotFoundError: There is no such store.
        DiskError: The disk does not let it be read now.
        LibraryError: It is damaged, or has none.
    """
    name = f"vectors/{space.value}/vectors"
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            status = os.fstat(file.fileno())
            meta = json.loads(plain_member(archive, f"{name}/zarr.json"))
            n_rows, dimension = (int(n) for n in meta["shape"])
            dtype = KEPT_AS[str(meta["data_type"])]
            member = archive.getinfo(chunk_name(name, 2))
            offset = _data_offset(file, member)
    except FileNotFoundError:
        raise
    except (*UNREADABLE_ZIP, struct.error) as error:
        if (trouble := disk_trouble(error)) is not None:
            raise DiskError(
                f"{path}: cannot be read ({trouble.strerror}); check the disk and run again"
            ) from error
        raise LibraryError(
            f"{path}: damaged store ({error}); run `longbox library check`"
        ) from error
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise LibraryError(
            f"{path}: no readable {space} vectors ({error}); run `longbox library check`"
        ) from error
    if member.file_size < n_rows * dimension * dtype.itemsize:
        raise LibraryError(f"{path}: {space} vectors are cut short; run `longbox library check`")
    return Place(
        n_rows,
        dimension,
        member.CRC,
        status.st_size,
        status.st_mtime_ns,
        offset,
        dtype.itemsize,
    )


def is_at(path: Path, place: Place) -> bool:
    """Say whether a store is still the file that it was when its vectors were located."""
    try:
        status = path.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (place.size_bytes, place.mtime_ns)


def book_table(books: Sequence[tuple[StoredBook, Place]]) -> NDArray[np.void]:
    """Return the table of a large segment's books, which must rise by row."""
    table = np.zeros(len(books), dtype=BOOK_TABLE)
    for at, (book, place) in enumerate(books):
        table[at] = (
            book.book_id.encode("ascii"),
            (book.model or "").encode("ascii"),
            book.first_row,
            place.n_rows,
            place.crc,
            place.size_bytes,
            place.mtime_ns,
            place.offset,
            place.itemsize,
        )
    return table


def _data_offset(file: BinaryIO, member: zipfile.ZipInfo) -> int:
    file.seek(member.header_offset)
    header = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    return member.header_offset + _LOCAL_HEADER.size + int(header[-2]) + int(header[-1])


def _rows_of(path: bytes, place: Place, wanted: list[int]) -> list[bytes] | None:
    """Read rows of a chunk, rising; None where that file is not there, or cannot be read now.

    Raises:
        DiskError: No more files can be opened.

    Plain system calls: a search opens some hundreds of stores, and a file object costs more than
    what is read with it.
    """
    size = place.dimension * place.itemsize
    if wanted[-1] >= place.n_rows:
        return None
    try:
        handle = os.open(path, _READ)
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):  # of this process, not of the book
            raise DiskError(
                f"{os.fsdecode(path)}: {error.strerror}; close other programs, or raise `ulimit -n`"
            ) from error
        return None
    try:
        status = os.fstat(handle)
        if status.st_size != place.size_bytes or status.st_mtime_ns != place.mtime_ns:
            return None
        first, n = wanted[0], wanted[-1] - wanted[0] + 1
        if n < _SPAN_FACTOR * len(wanted):
            os.lseek(handle, place.offset + first * size, os.SEEK_SET)
            data = os.read(handle, n * size)
            rows = [data[(row - first) * size : (row - first + 1) * size] for row in wanted]
        else:
            rows = []
            for row in wanted:
                os.lseek(handle, place.offset + row * size, os.SEEK_SET)
                rows.append(os.read(handle, size))
    except OSError:  # a bad sector costs its book; `longbox library check` says which
        return None
    finally:
        os.close(handle)
    return rows if len(rows[-1]) == size else None
