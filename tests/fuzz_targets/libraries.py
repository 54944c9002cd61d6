"""What lies beside a library's stores: its catalog, small files, maps, and model folders."""

from __future__ import annotations

import json
import shutil
import sqlite3
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from fuzz_targets.contract import Target, Try, joined, parts_of, require, require_line
from fuzz_targets.stores import ODD_JSON, array_file, zipped
from longbox.analysis.maps.files import map_path, read_map
from longbox.analysis.studies.kept import read_study
from longbox.analysis.units import Unit
from longbox.errors import LibraryError, LongboxError, ModelError, QueryError
from longbox.library import Filters, Library, WordsQuery
from longbox.library.answering import read_answering
from longbox.model_files import ModelCard, load_model, save_model
from longbox.pipeline.answers import AnswerCache
from longbox.vectors import Space
from numbered_libraries import numbered


def _catalog(home: Path) -> Try:
    """A catalog with bytes changed, or after somebody else's SQL; then what the page asks of it."""
    with numbered(home / "library", 1) as library:
        library.review.counts()
    good = (home / "library" / "catalog.sqlite").read_bytes()
    root = home / "odd"
    n_tried = 0

    def one(data: bytes) -> None:
        nonlocal n_tried
        n_tried += 1
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        (root / "books").mkdir()
        if data.startswith(b"SQL "):
            (root / "catalog.sqlite").write_bytes(good)
            _run_sql(root / "catalog.sqlite", data[4:].decode("utf-8", "replace"))
        else:
            (root / "catalog.sqlite").write_bytes(_patched(good, data))
        for read_only in (True, False):
            try:
                with Library.open(root, read_only=read_only) as library:
                    _ask(library)
            except (LongboxError, FileNotFoundError) as error:
                require(bool(str(error)), "an error without words")

    return one


def _ask(library: Library) -> None:
    for question in (
        library.status,
        lambda: library.books(limit=5),
        library.known_files,
        lambda: library.match_words(WordsQuery(("six",), (), ()), 5, Filters()),
        lambda: library.match_substring("six", 5, Filters()),
        lambda: library.panel_records([0, 1, 2]),
        lambda: library.page_file(f"{1:016x}", 0),
        lambda: library.facets(Filters()),
        lambda: library.pages_of(f"{1:016x}"),
        library.page_columns,
        library.spaces,
        lambda: library.problem_list(),
    ):
        try:
            question()
        except LongboxError as error:
            require_line(error)


def _patched(good: bytes, data: bytes) -> bytes:
    """Change bytes: three of place, one of number, then the new ones, again and again."""
    made, at = bytearray(good), 0
    while at + 5 <= len(data):
        place = int.from_bytes(data[at : at + 3], "big") % len(good)
        n = 1 + data[at + 3] % 16
        new = data[at + 4 : at + 4 + n]
        made[place : place + len(new)] = new
        at += 4 + n
    return bytes(made)


def _run_sql(path: Path, script: str) -> None:
    """Let a stranger's SQL change the catalog; it may open no other file and take 0.2 s."""
    connection = sqlite3.connect(path, isolation_level=None)
    until = time.monotonic() + 0.2
    denied = (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH)
    connection.set_authorizer(
        lambda what, *_: sqlite3.SQLITE_DENY if what in denied else sqlite3.SQLITE_OK
    )
    connection.set_progress_handler(lambda: time.monotonic() > until, 1000)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1 << 20)
    try:
        connection.execute("PRAGMA writable_schema = ON")
        for statement in script.split(";")[:20]:
            try:
                connection.execute(statement)
            except (sqlite3.Error, sqlite3.Warning, ValueError):
                continue
    finally:
        connection.close()


def _catalog_seeds() -> Sequence[bytes]:
    return [
        b"\0\0\x12\0\xff",
        b"\0\x10\0\x03\xff\xff\xff\xff\0\x20\x05\x02\1\2\3",
        b"SQL UPDATE books SET book_json = '{}'; UPDATE files SET path = '/etc/passwd'",
        b"SQL DROP TABLE files; CREATE VIEW files AS SELECT 1 AS path, 2 AS book_id",
        b"SQL CREATE TRIGGER t AFTER UPDATE ON meta BEGIN DELETE FROM books; END",
        b"SQL UPDATE pages SET width = -1, source = NULL; UPDATE panels SET box = zeroblob(3)",
        b"SQL UPDATE sqlite_schema SET sql = 'CREATE TABLE x(y)' WHERE name = 'books'",
        b"SQL PRAGMA user_version = 3; UPDATE books SET n_panels = 1e9, first_row = -5",
        b"SQL UPDATE books SET text_characters = x'00', page_looks = x'ff', text_kinds = 'x'",
        b"SQL DELETE FROM meta; PRAGMA user_version = 1",
    ]


def _beside(home: Path) -> Try:
    """The small JSON files and maps of a library, by the first byte of the input."""
    map_file = map_path(home, Space.VISION, "v1", Unit.PANELS)
    study, answering = home / "studies/clusters-0123456789ab.json", home / "vectors/answering.json"
    answers = AnswerCache(home)
    key = "0" * 32
    answer = home / "answers/00" / f"{key}.json"
    for path in (map_file, study, answering, answer):
        path.parent.mkdir(parents=True, exist_ok=True)

    def one(data: bytes) -> None:
        kind, body = data[:1], data[1:]
        try:
            if kind == b"m":
                flat = parts_of(body)
                packed = [p if i % 2 == 0 else array_file(p) for i, p in enumerate(flat)]
                map_file.write_bytes(zipped(packed))
                read_map(home, Space.VISION, "v1", Unit.PANELS)
            elif kind == b"s":
                study.write_bytes(body)
                read_study(home, study.stem)
            elif kind == b"a":
                answer.write_bytes(body)
                answers.get(key)
            else:
                answering.write_bytes(body)
                read_answering(home)
        except (LibraryError, QueryError) as error:
            require_line(error)

    return one


def _beside_seeds() -> Sequence[bytes]:
    about = {
        "format": 1, "kind": "longbox map", "space": "vision", "fingerprint": "v1",
        "unit": "panels", "vector_of": "panel", "method": "umap", "n_known": 1, "n_fitted": 1,
        "made_at": "x",
    }  # fmt: skip
    text = json.dumps(about).encode()

    def array(descr: str, n: int, data: bytes) -> bytes:
        head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({n},), }}"
        return head.encode() + b"\n" + data

    names = {
        "rows": array("<i8", 1, b"\0" * 8),
        "places": array("<f4", 2, b"\0" * 8).replace(b"(2,)", b"(1, 2)"),
        "clusters": array("<i4", 1, b"\0" * 4),
        "first_rows": array("<i8", 1, b"\0" * 8),
        "n_panels": array("<i8", 1, b"\1" + b"\0" * 7),
        "book_ids": array("|S16", 1, b"0" * 16),
        "digests": array("|S64", 1, b"0" * 64),
        "about": array("|u1", len(text), text),
    }
    flat = [part for n, content in names.items() for part in (f"{n}.npy".encode(), content)]
    study = {
        "format": 1, "kept": "longbox study", "study_id": "clusters-0123456789ab",
        "kind": "clusters", "asked": {}, "found": {}, "made_at": "x", "generation": 1,
    }  # fmt: skip
    return [
        b"m" + joined(*flat),
        b"s" + json.dumps(study).encode(),
        b'{"format": 1, "kind": "longbox models", "model": "0123456789abcdef", "retired": []}',
        b'a{"description": {"page_index": 0, "state": "clean"}, "format": 1, "raw": ""}',
    ]


def _model(home: Path) -> Try:
    """A model folder: card, header of the weights, numbers."""
    folder = home / "model"
    folder.mkdir()

    def one(data: bytes) -> None:
        card, header, numbers, *_ = [*parts_of(data), b"", b"", b""]
        (folder / "config.json").write_bytes(card)
        weights = struct.pack("<Q", len(header)) + header + numbers
        (folder / "weights.safetensors").write_bytes(weights)
        try:
            found = load_model(folder, "fusion")[1]
            require(all(np.isfinite(a).all() for a in found.values()), "a weight is not finite")
        except ModelError as error:
            require_line(error)

    return one


def _model_seeds() -> Sequence[bytes]:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        save_model(
            root,
            ModelCard("fusion", {"width": 4}, {}, 0, {}),
            {"a": np.ones((2, 2)), "b": np.zeros(3)},
        )
        data = (root / "weights.safetensors").read_bytes()
        (size,) = struct.unpack_from("<Q", data)
        return [joined((root / "config.json").read_bytes(), data[8 : 8 + size], data[8 + size :])]


TARGETS = (
    Target(
        "catalogs",
        "answers, or a LibraryError, whatever schema and rows a catalog has",
        _catalog,
        _catalog_seeds,
        (b"SQL ", b"UPDATE ", b" SET ", b"books", b"pages", b"panels", b"files", b"NULL", b";"),
        max_bytes=2048,
        timeout_s=60.0,
        memory_mb=8192,
    ),
    Target(
        "beside",
        "a map, study, answer or choice of model; or a LibraryError",
        _beside,
        _beside_seeds,
        (*ODD_JSON, b"'descr'", b"'|O'"),
    ),
    Target(
        "models", "finite weights, or a ModelError", _model, _model_seeds, (b'"F16"', b'"dtype"')
    ),
)
