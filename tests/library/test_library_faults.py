"""A disk that refuses, in the middle of everything; the long version is benchmarks/faults.py."""

from __future__ import annotations

import os
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn_books import add, draw_book, filled

from longbox.errors import DiskError, LibraryError
from longbox.library import Library, check_library
from longbox.library.catalog import Catalog

BOOKS = [draw_book(i) for i in range(1, 4)]


def index(root: Path) -> None:
    with Library.create(root) as library:
        for drawn in BOOKS:
            add(library, drawn)
            library.update_indexes()


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> str:
    with filled(tmp_path_factory.mktemp("whole") / "library", BOOKS) as library:
        return library.fingerprint_contents()


def refusing(call: Callable[..., object], n: int) -> Callable[..., object]:
    left = [n]

    def refuse(*args: object, **kwargs: object) -> object:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(28, "No space left on device")
        return call(*args, **kwargs)

    return refuse


@pytest.mark.parametrize(
    ("owner", "name", "n"),
    [
        (os, "fsync", 1),
        (os, "fsync", 9),
        (os, "fsync", 30),
        (Path, "replace", 2),
        (Path, "rename", 3),
    ],
)
def test_a_full_disk_says_so_and_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, owner: object, name: str, n: int
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, refusing(getattr(owner, name), n))
        with pytest.raises(LibraryError, match="check the disk's space"):
            index(tmp_path)
    index(tmp_path)
    with Library.open(tmp_path) as library:
        assert library.fingerprint_contents() == wanted
    assert check_library(tmp_path).is_clean
    assert list((tmp_path / "partial").iterdir()) == []


@pytest.mark.parametrize("n_pages", [0, 8])
def test_a_catalog_that_cannot_grow_says_so_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, n_pages: int
) -> None:
    filled(tmp_path, BOOKS).close()
    large = draw_book(9, [[f"{i} " + "many words " * 99, ""] for i in range(20)])
    connect = Catalog._connect

    def small(self: Catalog) -> sqlite3.Connection:
        connection = connect(self)
        (n,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {n + n_pages}")
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(Catalog, "_connect", small)
        with (
            Library.open(tmp_path) as library,
            pytest.raises(LibraryError, match="make room and run again"),
        ):
            add(library, large)
    with Library.open(tmp_path) as library:
        assert library.fingerprint_contents() == wanted
        add(library, large)
        library.update_indexes()
    assert check_library(tmp_path, is_deep=True).is_clean


def test_a_read_error_that_looks_like_a_torn_zip_moves_no_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    with Library.create(tmp_path) as library:
        for drawn in BOOKS:
            add(library, drawn)

        def refuse(*_: object) -> None:
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patched:
            patched.setattr(zipfile, "_EndRecData", refuse)  # zipfile: "not a zip file"
            with pytest.raises(DiskError, match="check the disk"):
                library.update_indexes()
        assert not (tmp_path / "damaged").exists()
        library.update_indexes()
        assert library.fingerprint_contents() == wanted
