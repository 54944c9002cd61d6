"""Files of a library that were made to take all memory: bounded before they are read."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from drawn_books import draw_book

from longbox.errors import LibraryError
from longbox.library import has_store, read_corrections, write_book_store
from longbox.library.corrections import _MOST_BYTES as MOST_CORRECTIONS
from longbox.library.saved_searches import _MOST_BYTES as MOST_SEARCHES
from longbox.library.saved_searches import read_searches
from longbox.library.stored_vectors import MAX_ARRAY_BYTES, read_vectors
from longbox.vectors import Space

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
