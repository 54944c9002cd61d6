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

import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from longbox.errors import LibraryError
from longbox.library.learned_stores import LEARNED_SPACES, learned_path, model_folders
from longbox.library.stored_vectors import KEPT_AS, chunk_name, unpacked
from longbox.library.stores import store_path
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
        self._moved: dict[int, tuple[Path, Place]] = {}

    def take(self, positions: Positions) -> Taken:
        """Return vectors, float16 (m, D), and whether each could be read, bool (m,)."""
        rows = np.asarray(self._rows[positions])
        half = np.zeros((rows.size, self._dimension), dtype=np.float16)
        is_there = np.zeros(rows.size, dtype=np.bool_)
        at = self._sources(rows)
        order = np.argsort(at, kind="stable")
        starts = np.flatnonzero(np.diff(at[order], prepend=-1))
        for start, stop in zip(starts, [*starts[1:], order.size], strict=True):
            own = order[start:stop]
            book = int(at[own[0]])
            found = self._read(book, rows[own] - self._first_rows[book])
            if found is not None:
                half[own], is_there[own] = unpacked(found), True
        return half, is_there

    def n_sources(self, positions: NDArray[np.int64]) -> int:
        """Return of how many books they are."""
        return int(np.unique(self._sources(np.asarray(self._rows[positions]))).size)

    def _sources(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = np.searchsorted(self._first_rows, rows, side="right") - 1
        return found

    def _read(self, book: int, wanted: NDArray[np.int64]) -> NDArray[np.generic] | None:
        """Return some rows of a book's vectors as they are stored; None where they are gone."""
        for path, place in self._places(book):
            try:
                with path.open("rb", buffering=0) as file:
                    status = os.fstat(file.fileno())
                    if (status.st_size, status.st_mtime_ns) == (place.size_bytes, place.mtime_ns):
                        return _rows_at(file, place, wanted)
            except FileNotFoundError:
                continue
        return self._read_moved(book, wanted)

    def _places(self, book: int) -> Iterator[tuple[Path, Place]]:
        if book in self._moved:
            yield self._moved[book]
        kept = self._books[book]
        place = Place(
            int(kept["n_rows"]),
            self._dimension,
            *(int(kept[name]) for name in ("crc", "size_bytes", "mtime_ns", "offset", "itemsize")),
        )
        yield self._book(book).path(self._root), place

    def _book(self, book: int) -> StoredBook:
        kept = self._books[book]
        model = bytes(kept["model"]).decode("ascii")
        book_id = bytes(kept["book_id"]).decode("ascii")
        return StoredBook(book_id, model or None, int(kept["first_row"]))

    def _read_moved(self, book: int, wanted: NDArray[np.int64]) -> NDArray[np.generic] | None:
        """Look for the same bytes in the store as it is now, or in another model's."""
        kept, stored = self._books[book], self._book(book)
        paths = [stored.path(self._root)]
        if self._space in LEARNED_SPACES:
            others = (f.name for f in model_folders(self._root) if f.name != stored.model)
            paths += [learned_path(self._root, name, stored.book_id) for name in others]
        for path in paths:
            try:
                place = locate(path, self._space)
            except (FileNotFoundError, LibraryError):
                continue
            same = (int(kept["crc"]), int(kept["n_rows"]), self._dimension, int(kept["itemsize"]))
            if (place.crc, place.n_rows, place.dimension, place.itemsize) == same:
                self._moved[book] = path, place
                with path.open("rb", buffering=0) as file:
                    return _rows_at(file, place, wanted)
        return None


def locate(path: Path, space: Space) -> Place:
    """Find out where a store keeps the vectors of a space.

    Raises:
        FileNotFoundError: There is no such store.
        LibraryError: It is damaged, or has none.
    """
    name = f"vectors/{space.value}/vectors"
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            status = os.fstat(file.fileno())
            meta = json.loads(archive.read(f"{name}/zarr.json"))
            n_rows, dimension = (int(n) for n in meta["shape"])
            dtype = KEPT_AS[str(meta["data_type"])]
            member = archive.getinfo(chunk_name(name, 2))
            offset = _data_offset(file, member)
    except FileNotFoundError:
        raise
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, struct.error) as error:
        raise LibraryError(
            f"{path}: damaged store ({error}); run `longbox library check`"
        ) from error
    except (KeyError, ValueError, TypeError) as error:
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
    except FileNotFoundError:
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


def _rows_at(file: BinaryIO, place: Place, wanted: NDArray[np.int64]) -> NDArray[np.generic] | None:
    """Read rows of a chunk; None where the file ends before they do."""
    dtype = np.dtype("i1") if place.itemsize == 1 else np.dtype("<f2")
    row_bytes = place.dimension * place.itemsize
    first, last = int(wanted.min()), int(wanted.max())
    if last >= place.n_rows:
        return None
    if last - first < _SPAN_FACTOR * wanted.size:
        spans, chosen = [(first, last + 1)], wanted - first
    else:
        spans, chosen = [(int(row), int(row) + 1) for row in wanted], np.arange(wanted.size)
    parts = []
    for start, stop in spans:
        file.seek(place.offset + start * row_bytes)
        parts.append(file.read((stop - start) * row_bytes))
    data = b"".join(parts)
    if len(data) < sum(stop - start for start, stop in spans) * row_bytes:
        return None
    found: NDArray[np.generic] = np.frombuffer(data, dtype=dtype).reshape(-1, place.dimension)
    return found[chosen]
