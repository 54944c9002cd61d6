"""Files of a library that were made to take all memory: bounded before they are read."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_books import draw_book, filled

from longbox.book import AnnotatedBook
from longbox.errors import LibraryError
from longbox.library import (
    Library,
    check_library,
    has_store,
    read_book_store,
    read_corrections,
    repair_library,
    store_check,
    stores,
    write_book_store,
)
from longbox.library.corrections import _MOST_BYTES as MOST_CORRECTIONS
from longbox.library.saved_searches import _MOST_BYTES as MOST_SEARCHES
from longbox.library.saved_searches import read_searches
from longbox.library.segments import Segment
from longbox.library.stored_vectors import MAX_ARRAY_BYTES, read_vectors
from longbox.library.stores import MAX_READ_BYTES
from longbox.vectors import PanelVectors, Space

BOOK = draw_book(1)


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, members: dict[str, bytes], packed: str = "") -> None:
    """Write a store; one member may be packed."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            how = zipfile.ZIP_DEFLATED if name == packed else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(name), data, how)


@pytest.mark.parametrize("name", ["zarr.json", "vectors/vision/vectors/c/0/0"])
def test_packed_member_is_never_unpacked(tmp_path: Path, name: str) -> None:
    path = write_book_store(tmp_path, BOOK.annotated, BOOK.vectors, "r1")
    members = members_of(path)
    assert has_store(tmp_path, BOOK.book_id, "r1")
    write(path, members, packed=name)
    if name == "zarr.json":
        assert not has_store(tmp_path, BOOK.book_id, "r1")
    else:
        with pytest.raises(LibraryError, match="is compressed"):
            read_vectors(path, Space.VISION)


def test_array_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    path = write_book_store(tmp_path, BOOK.annotated, BOOK.vectors, "r1")
    members = members_of(path)
    about = json.loads(members["vectors/vision/vectors/zarr.json"])
    about["shape"] = [MAX_ARRAY_BYTES, 2]
    members["vectors/vision/vectors/zarr.json"] = json.dumps(about).encode()
    del members["vectors/vision/vectors/c/0/0"]  # then it would be all zeros, which take no file
    write(path, members)
    with pytest.raises(LibraryError, match="claims"):
        read_vectors(path, Space.VISION)


def test_files_of_what_people_typed_are_bounded(tmp_path: Path) -> None:
    corrections = tmp_path / "corrections" / f"{BOOK.book_id}.json"
    corrections.parent.mkdir()
    for path, most in (
        (corrections, MOST_CORRECTIONS),
        (tmp_path / "searches.json", MOST_SEARCHES),
    ):
        with path.open("wb") as file:
            file.truncate(most + 1)  # takes no disk
    with pytest.raises(LibraryError, match="MiB"):
        read_corrections(tmp_path, BOOK.book_id)
    with pytest.raises(LibraryError, match="MiB"):
        read_searches(tmp_path)


def changed(path: Path, name: str, **values: object) -> None:
    """Write a store with other values in one of its JSON members; None takes one away."""
    members = members_of(path)
    about = json.loads(members[name])
    about.update(values)
    members[name] = json.dumps({k: v for k, v in about.items() if v is not None}).encode()
    write(path, members)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("vectors/vision/vectors/zarr.json", {"shape": [float("inf"), 2]}),
        ("vectors/vision/vectors/zarr.json", {"data_type": None}),
        ("vectors/vision/zarr.json", {"attributes": {"dimension": 32}}),
        ("vectors/vision/zarr.json", {"attributes": None}),
    ],
)
def test_store_with_impossible_values_is_one_line(
    tmp_path: Path, name: str, values: dict[str, object]
) -> None:
    # Found by fuzzing: an infinite length, no fingerprint.
    path = write_book_store(tmp_path, BOOK.annotated, BOOK.vectors, "r1")
    changed(path, name, **values)
    with pytest.raises(LibraryError, match="no readable vision vectors"):
        read_vectors(path, Space.VISION)
    with pytest.raises(LibraryError, match="not a readable book store"):
        read_book_store(path)


def test_store_whose_arrays_are_cut_into_nothing_is_one_line(tmp_path: Path) -> None:
    # Found by fuzzing: the reader of arrays divides by the length of a piece.
    path = write_book_store(tmp_path, BOOK.annotated, BOOK.vectors, "r1")
    grid = {"name": "regular", "configuration": {"chunk_shape": [0]}}
    changed(path, "vectors/vision/mask/zarr.json", chunk_grid=grid)
    with pytest.raises(LibraryError, match="not a readable book store"):
        read_book_store(path)


def test_store_of_a_zip_of_the_future_is_none(tmp_path: Path) -> None:
    # Found by fuzzing: a ZIP may ask for a version that the standard library does not read.
    path = write_book_store(tmp_path, BOOK.annotated, BOOK.vectors, "r1")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 6
    data[at] = 180
    path.write_bytes(data)
    assert not has_store(tmp_path, BOOK.book_id, "r1")
    with pytest.raises(LibraryError, match="damaged book store"):
        read_book_store(path)


def test_annotation_that_claims_too_much_is_not_made(tmp_path: Path) -> None:
    path = write_book_store(tmp_path, BOOK.annotated, BOOK.vectors, "r1")
    members = members_of(path)
    for name in [name for name in members if name.startswith("annotation_json/c")]:
        del members[name]  # what is not there is zeros
    write(path, members)
    changed(path, "annotation_json/zarr.json", shape=[MAX_READ_BYTES + 1])
    with pytest.raises(LibraryError, match="claims"):
        read_book_store(path)


def rows_file(head: str, numbers: bytes = b"") -> bytes:
    """An array's file with a head in words."""
    padded = head.encode() + b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded + numbers


@pytest.mark.parametrize(
    "rows",
    [
        rows_file("{'descr': '<i8', 'fortran_order': False, 'shape': (9" + "9" * 30 + ",), }"),
        rows_file("{'descr': '<i8', 'fortran_order': False, 'shape': (1, ("),
        rows_file("{'descr': '|O', 'fortran_order': False, 'shape': (12,), }", b"\0" * 96),
        rows_file("{'descr': '<f8', 'fortran_order': False, 'shape': (12,), }", b"\0" * 96),
        rows_file(
            "{'descr': '<i8', 'fortran_order': False, 'shape': (12,), }",
            (2**63).to_bytes(8, "little") * 12,
        ),
    ],
    ids=["endless", "no python", "objects", "no rows", "negative"],
)
def test_segment_with_impossible_rows_is_one_line(tmp_path: Path, rows: bytes) -> None:
    # Found by fuzzing.
    with filled(tmp_path / "library", [BOOK]) as library:
        (folder,) = (library.root / "index").glob("vision-*")
    (folder / "rows.npy").write_bytes(rows)
    query = np.ones(32, dtype=np.float32)
    with pytest.raises(LibraryError, match="library rebuild"):
        Segment(folder).search(query, 3, np.ones(100, dtype=np.bool_))


def same_index(book: dict[str, Any]) -> None:
    book["pages"][1]["page"]["index"] = 0


def endless_width(book: dict[str, Any]) -> None:
    book["pages"][0]["page"]["width"] = 10**30


def no_number(book: dict[str, Any]) -> None:
    book["pages"][0]["panels"][0]["confidence"] = float("nan")


def half_a_character(book: dict[str, Any]) -> None:
    book["pages"][0]["panels"][0]["source"] = "\ud800"


def forge(
    root: Path, number: int, change: Callable[[dict[str, Any]], None], patch: pytest.MonkeyPatch
) -> Path:
    """Write a store that is well formed, and that no catalog takes."""
    real = stores._encode

    def encode(annotated: AnnotatedBook) -> bytes:
        said = json.loads(real(annotated))
        change(said)
        return json.dumps(said).encode()

    with patch.context() as forging:
        forging.setattr(stores, "_encode", encode)
        drawn = draw_book(number)
        return write_book_store(root, drawn.annotated, drawn.vectors, "r1")


FORGERIES = [same_index, endless_width, no_number, half_a_character]


@pytest.mark.parametrize("change", FORGERIES)
def test_forged_store_does_not_keep_the_others_from_a_rebuild(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], None]
) -> None:
    with filled(tmp_path, [draw_book(1), draw_book(3)]) as library:
        before = library.fingerprint_contents()
    forged = forge(tmp_path, 2, change, monkeypatch)
    report = Library.rebuild(tmp_path)
    assert (report.books, report.damaged, report.left) == (2, (forged.name,), ())
    assert (tmp_path / "damaged" / forged.name).is_file()
    assert not forged.exists()
    with Library.open(tmp_path) as library:
        library.update_indexes()
        assert library.fingerprint_contents() == before


@pytest.mark.parametrize("change", FORGERIES)
def test_deep_check_names_a_forged_store_that_the_catalog_claims_to_have_merged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], None]
) -> None:
    with filled(tmp_path, [draw_book(1), draw_book(2), draw_book(3)]):
        pass
    forged = forge(tmp_path, 2, change, monkeypatch)
    digest = hashlib.sha256(forged.read_bytes()).hexdigest()
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    connection.execute("UPDATE books SET store_sha256 = ? WHERE book_id = ?", (digest, f"{2:016x}"))
    connection.commit()
    connection.close()
    report = check_library(tmp_path, is_deep=True)
    assert [f.file for f in report.findings] == ["catalog.sqlite"]
    assert f"{2:016x}" in report.findings[0].what
    assert repair_library(tmp_path, report, is_deep=True).left.is_clean
    assert (tmp_path / "damaged" / forged.name).is_file()


def test_store_of_other_dimensions_does_not_push_honest_ones_aside(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(2), draw_book(3)]):
        pass
    drawn = draw_book(1)
    longer = PanelVectors(
        Space.VISION,
        "vision-v1",
        np.eye(drawn.annotated.n_panels, 40, dtype=np.float32),
        np.ones(drawn.annotated.n_panels, dtype=bool),
    )
    write_book_store(tmp_path, drawn.annotated, [longer], "r1")  # merged before the others
    report = Library.rebuild(tmp_path)
    assert (report.books, report.damaged, len(report.left)) == (1, (), 2)
    assert "gave 40 before" in report.left[0]
    assert not (tmp_path / "damaged").exists()


def test_packed_member_is_not_unpacked_to_learn_which_book_is_inside(
    tmp_path: Path,
) -> None:
    path = write_book_store(tmp_path, BOOK.annotated, BOOK.vectors, "r1")
    assert store_check._book_inside(path.read_bytes()) == BOOK.book_id
    write(path, members_of(path), packed="zarr.json")
    assert store_check._book_inside(path.read_bytes()) is None
