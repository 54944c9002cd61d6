"""One immutable file a book: a Zarr v3 store in an uncompressed ZIP.

Made by any worker, on any machine, without a lock: written whole under `partial/`, synced, then
renamed, so it is there entirely or not at all. The same book gives the same bytes (members sorted,
dates fixed). The ZIP's own CRCs are checked on every read, and compressed members are refused:
that leaves no way for a damaged file to be read as something else, and bounds what is unpacked.

Zarr sees a plain dict of the members, not the ZIP: one pass over the file, no rewriting of its
directory, and no thread of zarr's left inside a ZIP handle.
"""

from __future__ import annotations

import io
import json
import os
import socket
import uuid
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from longbox.book import AnnotatedBook
from longbox.errors import DiskError, LibraryError, ModelError, NewerFormatError
from longbox.library.records import BookStore
from longbox.library.stored_vectors import (
    add_array,
    add_vectors,
    plain_member,
    restored,
    unpacked,
)
from longbox.vectors import PanelVectors, Space

STORE_FORMAT: Final = 2
STORE_SUFFIX: Final = ".zarr.zip"
MAX_READ_BYTES: Final = 1 << 30  # of one array; the annotation of a million panels is below it
BOOKS_NAME: Final = "books"
PARTIAL_NAME: Final = "partial"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_WRITERS_APART: Final = {
    Space.DESCRIPTION: "write_description_store",
    Space.FUSED: "write_learned_store",
    Space.CONTEXTUAL: "write_learned_store",
}


def store_path(root: Path, book_id: str) -> Path:
    """Return where a book's store is; one folder holds all (a filesystem has no trouble there).

    Raises:
        LibraryError: The id is not 16 hex digits.
    """
    if len(book_id) != 16 or not set(book_id) <= set("0123456789abcdef"):
        raise LibraryError(f"{book_id!r} is not a book id; one looks like 3f2a9c81d0e45b77")
    return root / BOOKS_NAME / f"{book_id}{STORE_SUFFIX}"


def stamp_of(path: Path) -> str | None:
    """Return what tells an unchanged store from a changed one; None where there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return f"{found.st_size} {found.st_mtime_ns}"


def partial_path(root: Path, name: str) -> Path:
    """Return a fresh name under `partial/` that says which process of which machine writes it."""
    folder = root / PARTIAL_NAME
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{socket.gethostname()}~{os.getpid()}~{uuid.uuid4().hex[:8]}~{name}"


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into a LibraryError of one line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DiskError(f"{path}: {reason}; check the disk's space and permissions") from error


def write_book_store(
    root: Path, annotated: AnnotatedBook, vectors: Sequence[PanelVectors], recipe: str
) -> Path:
    """Write a book's store, replacing an older one; needs no lock and no open library.

    Args:
        root: The library's folder; need not exist yet.
        annotated: The book and what the stages saw.
        vectors: One array a space, rows in the order of `annotated.panels()`.
        recipe: Names everything that decides what the store holds.

    Returns:
        The store's path.

    Raises:
        LibraryError: Rows and panels differ in number, a space comes twice, or the disk refuses.
    """
    path = store_path(root, annotated.book.book_id)
    _require_rows(annotated, vectors)
    write_members(root, path, pack_members(annotated, vectors, recipe))
    return path


def has_store(root: Path, book_id: str, recipe: str) -> bool:
    """Say whether a whole store of this book, made by this recipe, is there."""
    path = store_path(root, book_id)
    try:
        with zipfile.ZipFile(path) as archive:
            attributes = json.loads(plain_member(archive, "zarr.json"))["attributes"]
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
        return False
    except (KeyError, TypeError, ValueError):
        return False
    if not isinstance(attributes, dict):
        return False
    return bool(attributes.get("recipe") == recipe and attributes.get("format") == STORE_FORMAT)


def read_book_store(path: Path) -> BookStore:
    """Read a store back.

    Raises:
        LibraryError: It is missing, damaged, or of a newer format.
    """
    return parse_book_store(path, read_store_bytes(path))


def read_store_bytes(path: Path) -> bytes:
    """Return a store's bytes as they are at one moment.

    Raises:
        LibraryError: It is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise LibraryError(f"{path}: no such book store; index the book again") from error
    except OSError as error:
        raise DiskError(
            f"{path}: cannot be read ({error.strerror}); check the disk and run again"
        ) from error


def parse_book_store(path: Path, data: bytes) -> BookStore:
    """Read a store from its bytes; the path is for messages and the book's id.

    Raises:
        LibraryError: It is damaged or of a newer format.
    """
    return parse_members(path, read_members(path, data))


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_REMEDY: Final = "delete it and index the book again"


def _require_rows(annotated: AnnotatedBook, vectors: Sequence[PanelVectors]) -> None:
    seen: set[Space] = set()
    for item in vectors:
        if item.vectors.shape[0] != annotated.n_panels:
            raise LibraryError(
                f"{annotated.book.path}: {item.vectors.shape[0]} {item.space} vectors for "
                f"{annotated.n_panels} panels; embed the book again"
            )
        if (writer := _WRITERS_APART.get(item.space)) is not None:
            raise LibraryError(
                f"{annotated.book.path}: {item.space} vectors have stores of their own; give them "
                f"to {writer}"
            )
        if item.space in seen:
            raise LibraryError(
                f"{annotated.book.path}: {item.space} vectors came twice; give each space once"
            )
        seen.add(item.space)


def pack_members(
    annotated: AnnotatedBook, vectors: Sequence[PanelVectors], recipe: str
) -> dict[str, bytes]:
    """Make a store's members, by name."""
    attributes = {
        "format": STORE_FORMAT,
        "kind": "longbox book",
        "book_id": annotated.book.book_id,
        "recipe": recipe,
        "n_pages": len(annotated.pages),
        "n_panels": annotated.n_panels,
        "spaces": sorted(item.space.value for item in vectors),
    }
    with packed_group(attributes) as (root, members):
        boxes = [panel.box.as_tuple() for _, panel in annotated.panels()]
        counts = [len(page.panels) for page in annotated.pages]
        add_array(root, "panel_boxes", np.asarray(boxes, dtype="<f4").reshape(-1, 4))
        orders = [panel.order for _, panel in annotated.panels()]
        add_array(root, "panel_order", np.asarray(orders, dtype="<i4"))
        add_array(root, "page_offsets", np.cumsum([0, *counts], dtype="<i8"))
        add_array(root, "annotation_json", np.frombuffer(_encode(annotated), dtype=np.uint8))
        for item in vectors:
            add_vectors(root, f"vectors/{item.space.value}", annotated.book.path, item)
    return members


@contextmanager
def packed_group(attributes: dict[str, Any]) -> Iterator[tuple[Any, dict[str, bytes]]]:
    """Give a new Zarr group to fill, and the members that it becomes when the block ends."""
    import zarr
    from zarr.storage import MemoryStore

    buffers: dict[str, Any] = {}
    members: dict[str, bytes] = {}
    store = MemoryStore(buffers)
    yield zarr.open_group(store=store, mode="w", zarr_format=3, attributes=attributes), members
    members.update({name: buffer.to_bytes() for name, buffer in buffers.items()})


def _encode(annotated: AnnotatedBook) -> bytes:
    """Encode as JSON in ASCII: names that are not UTF-8 hold lone surrogates, which it can say."""
    import msgspec

    return json.dumps(msgspec.to_builtins(annotated), allow_nan=False).encode("ascii")


def _decode(data: bytes) -> AnnotatedBook:
    import msgspec

    return msgspec.convert(json.loads(data), AnnotatedBook)


def write_members(root: Path, path: Path, members: dict[str, bytes]) -> None:
    """Put a store of these members at a path, whole or not at all."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = partial_path(root, path.name)
        try:
            _write_zip(partial, members)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(path.parent)


def _write_zip(path: Path, members: dict[str, bytes]) -> None:
    with path.open("wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(members):
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), members[name])
        file.flush()
        os.fsync(file.fileno())


def read_members(path: Path, data: bytes) -> dict[str, bytes]:
    """Return the members of a store, by name, from its bytes.

    Raises:
        LibraryError: They are damaged or compressed.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
                raise LibraryError(f"{path}: a book store is never compressed; {_REMEDY}")
            return {info.filename: archive.read(info) for info in infos}
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise LibraryError(f"{path}: damaged book store ({error}); {_REMEDY}") from error


# What the readers of arrays and JSON make of a store that nobody of ours wrote.
_UNREADABLE: Final = (
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    ModelError,
)


def parse_members(path: Path, members: dict[str, bytes]) -> BookStore:
    """Read a store from its members.

    Raises:
        LibraryError: They are no store of this book, or of a newer format.
    """
    try:
        return _unpack(path, members)
    except _UNREADABLE as error:
        reason = " ".join(str(error).split())[:200]
        raise LibraryError(f"{path}: not a readable book store ({reason}); {_REMEDY}") from error


def _unpack(path: Path, members: dict[str, bytes]) -> BookStore:
    import zarr
    from zarr.core.buffer import default_buffer_prototype
    from zarr.storage import MemoryStore

    make = default_buffer_prototype().buffer.from_bytes
    root: Any = zarr.open_group(
        store=MemoryStore({name: make(data) for name, data in members.items()}, read_only=True),
        mode="r",
    )
    attributes = root.attrs.asdict()
    if int(attributes["format"]) > STORE_FORMAT:
        raise NewerFormatError(f"{path}: made by a newer Longbox; upgrade Longbox")
    text = _bounded(root["annotation_json"])
    annotated = _decode(np.asarray(text[:], dtype=np.uint8).tobytes())
    if f"{annotated.book.book_id}{STORE_SUFFIX}" != path.name:
        raise LibraryError(f"{path}: holds book {annotated.book.book_id}; give it that name")
    if root["panel_boxes"].shape[0] != annotated.n_panels:
        raise LibraryError(f"{path}: boxes and annotation disagree; {_REMEDY}")
    vectors = tuple(
        _read_vectors(root[f"vectors/{name}"], Space(name), annotated.n_panels)
        for name in attributes["spaces"]
    )
    return BookStore(annotated, vectors, str(attributes["recipe"]))


def _bounded(array: Any) -> Any:
    """Return an array whose claimed size the memory can take; what it has not is zeros.

    Raises:
        ValueError: It claims more.
    """
    if array.nbytes > MAX_READ_BYTES:
        raise ValueError(f"{array.name} claims {array.nbytes} bytes")
    return array


def _read_vectors(group: Any, space: Space, n_panels: int) -> PanelVectors:
    array, mask = _bounded(group["vectors"]), _bounded(group["mask"])
    if array.shape != (n_panels, int(group.attrs["dimension"])):
        raise ValueError(f"{space} vectors have the shape {array.shape}")
    return PanelVectors(
        space,
        str(group.attrs["fingerprint"]),
        restored(space, unpacked(array[:])),
        np.asarray(mask[:], dtype=np.bool_),
    )
