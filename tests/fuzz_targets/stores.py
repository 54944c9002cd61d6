"""Stores and segments of libraries that come from strangers.

Checksums and containers are put right here, so that what is odd gets as far as it can.
"""

from __future__ import annotations

import io
import json
import shutil
import struct
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from described_books import draw_all, draw_description_vectors
from drawn_books import draw_book, filled

from fuzz_targets.contract import Target, Try, joined, parts_of, require, require_line
from longbox.errors import LibraryError
from longbox.library import (
    description_path,
    has_store,
    learned_path,
    read_book_store,
    read_description_store,
    read_learned_store,
    store_path,
    write_book_store,
    write_description_store,
    write_learned_store,
)
from longbox.library.learned_stores import read_strips
from longbox.library.segments import Segment
from longbox.library.stored_vectors import read_vectors
from longbox.vectors import Space

DRAWN = draw_book(7, [["HELLO", "RAIN"], ["", "END"]])
BOOK_ID, MODEL = DRAWN.book_id, "0123456789abcdef"
ODD_JSON = (b'"shape"', b'"codecs"', b'"data_type"', b"null", b"1e999", b"[-1]", b"[1000000000000]")


def zipped(parts: Sequence[bytes]) -> bytes:
    """Make a store of names and contents in turn; one whose name begins with ! is packed."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(buffer, "w") as archive:
        for name, content in zip(parts[::2], parts[1::2], strict=False):
            text = name.decode("utf-8", "replace").replace("\0", "")[:200] or "x"
            info = zipfile.ZipInfo(text, (1980, 1, 1, 0, 0, 0))
            if text.startswith("!"):
                info.filename, info.compress_type = text[1:] or "x", zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def _plain(path: Path) -> bytes:
    """Return a store's members as an input, with its JSON arrays as plain bytes."""
    parts: list[bytes] = []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            parts += [name.encode(), archive.read(name)]
    return joined(*parts)


def _book_plain(home: Path) -> bytes:
    """Return a book's store with an annotation that is not packed."""
    import zarr

    path = write_book_store(home, DRAWN.annotated, DRAWN.vectors, "r1")
    with zarr.storage.ZipStore(path, mode="r") as store:
        group = zarr.open_group(store=store, mode="r")
        text = np.asarray(group["annotation_json"][:]).tobytes()
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    meta = json.loads(members["annotation_json/zarr.json"])
    meta["codecs"] = [{"name": "bytes"}]
    members["annotation_json/zarr.json"] = json.dumps(meta).encode()
    members["annotation_json/c/0"] = text
    return joined(*(part for name, data in members.items() for part in (name.encode(), data)))


def _store(home: Path) -> Try:
    """A book's store: whole, by its spaces, and whether it is there."""
    path = store_path(home, BOOK_ID)
    path.parent.mkdir(parents=True)

    def one(data: bytes) -> None:
        path.write_bytes(data[1:] if data.startswith(b"!") else zipped(parts_of(data)))
        has_store(home, BOOK_ID, "r1")
        _explained(lambda: read_book_store(path))
        for space in (Space.VISION, Space.COMPOSITION):
            _explained(lambda space=space: read_vectors(path, space))

    return one


def _explained(read: Callable[[], object]) -> None:
    try:
        read()
    except LibraryError as error:
        require_line(error)


def _made(write: Callable[[Path], Path], plain: Callable[[Path], bytes]) -> bytes:
    with TemporaryDirectory() as folder:
        return plain(write(Path(folder)))


def _store_seeds() -> Sequence[bytes]:
    with TemporaryDirectory() as folder:
        whole = _book_plain(Path(folder))
    packed = _made(
        lambda root: write_book_store(root, DRAWN.annotated, DRAWN.vectors, "r1"), _plain
    )
    raw = _made(
        lambda root: write_book_store(root, DRAWN.annotated, DRAWN.vectors, "r1"), Path.read_bytes
    )
    return [whole, packed, b"!" + raw]


def _described(home: Path) -> Try:
    path = description_path(home, BOOK_ID)
    path.parent.mkdir(parents=True)

    def one(data: bytes) -> None:
        path.write_bytes(zipped(parts_of(data)))
        _explained(lambda: read_description_store(path))

    return one


def _described_seeds() -> Sequence[bytes]:
    annotated = DRAWN.annotated

    def write(root: Path) -> Path:
        vectors = draw_description_vectors(annotated)
        return write_description_store(root, BOOK_ID, draw_all(annotated), vectors, annotated)

    return [_made(write, _plain)]


def _learned(home: Path) -> Try:
    path = learned_path(home, MODEL, BOOK_ID)
    path.parent.mkdir(parents=True)

    def one(data: bytes) -> None:
        path.write_bytes(zipped(parts_of(data)))
        _explained(lambda: read_learned_store(path))
        _explained(lambda: read_strips(path))

    return one


def _learned_seeds() -> Sequence[bytes]:
    from longbox.features import LearnedVectors
    from longbox.library import MadeFrom
    from longbox.vectors import PanelVectors, unit

    rng = np.random.default_rng(1)
    n, mask = DRAWN.annotated.n_panels, np.ones(DRAWN.annotated.n_panels, bool)
    spaces = [
        PanelVectors(space, f"{space}-1", unit(rng.standard_normal((n, 8))), mask)
        for space in (Space.FUSED, Space.CONTEXTUAL)
    ]
    pages = unit(rng.standard_normal((2, 8)))
    learned = LearnedVectors(*spaces, pages, pages, np.ones(2, bool))

    def write(root: Path) -> Path:
        return write_learned_store(root, MODEL, BOOK_ID, learned, MadeFrom("a" * 64, None))

    return [_made(write, _plain)]


def array_file(content: bytes) -> bytes:
    """Make an .npy of a header in text and its numbers."""
    header, _, numbers = content.partition(b"\n")
    padded = header + b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", min(len(padded), 65535)) + padded + numbers


def _segment(home: Path) -> Try:
    """A segment of what segment.json, rows and vectors claim; then a search in it."""
    folder = home / "segment"

    def one(data: bytes) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        said, rows, vectors, *more = [*parts_of(data), b"", b""]
        (folder / "segment.json").write_bytes(said)
        (folder / "rows.npy").write_bytes(array_file(rows))
        (folder / "vectors.npy").write_bytes(array_file(vectors))
        if more and more[0]:
            (folder / "codes.npy").write_bytes(array_file(more[0]))
        try:
            opened = Segment(folder)
            dimension = opened.info.dimension
            query = np.ones(max(1, min(dimension, 64)), np.float32)
            opened.search(query[:dimension], 3, np.ones(64, bool))
            opened.vector(1)
            opened.block(0, 8)
        except (LibraryError, FileNotFoundError) as error:
            require(bool(str(error)), "an error without words")

    return one


def _segment_seeds() -> Sequence[bytes]:
    with TemporaryDirectory() as folder, filled(Path(folder) / "library", [DRAWN]) as library:
        found = []
        for path in sorted((library.root / "index").glob("*/segment.json")):
            parts = [path.read_bytes()]
            for name in ("rows.npy", "vectors.npy"):
                if (path.parent / name).is_file():
                    parts.append(_text_of_array((path.parent / name).read_bytes()))
            found.append(joined(*parts))
    return found


def _text_of_array(data: bytes) -> bytes:
    (size,) = struct.unpack_from("<H", data, 8)
    return data[10 : 10 + size].rstrip() + b"\n" + data[10 + size :]


_PROMISE = "what the store holds, or a LibraryError"

TARGETS = (
    Target("book-stores", _PROMISE, _store, _store_seeds, ODD_JSON, max_bytes=1 << 16),
    Target("description-stores", _PROMISE, _described, _described_seeds, ODD_JSON),
    Target("learned-stores", _PROMISE, _learned, _learned_seeds, ODD_JSON),
    Target(
        "segments",
        "an answer, or a LibraryError",
        _segment,
        _segment_seeds,
        (*ODD_JSON, b"'descr'", b"'<f2'", b"'|O'", b"'shape'", b"n_lists", b"probes"),
        memory_mb=8192,
    ),
)
