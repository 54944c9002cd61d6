"""A library in a folder that may only be read: it is the same library that its owner sees."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from drawn_books import add, draw_book, filled

from longbox.errors import LibraryError
from longbox.library import Library, check_library
from longbox.library.catalog import read_only_uri
from longbox.library.catalog_errors import explain

BOOKS = [draw_book(i) for i in range(1, 4)]


@pytest.fixture
def forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a library that this process may read and not write."""
    root, real = tmp_path / "library", os.access

    def access(path: object, mode: int, **more: bool) -> bool:
        if mode & os.W_OK and str(path).startswith(str(root)):
            return False
        return real(path, mode, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "access", access)
    return root


def n_books(root: Path) -> int:
    with Library.open(root, read_only=True) as library:
        return library.status().books


def test_a_closed_library_is_read_as_it_lies_there(forbidden: Path) -> None:
    filled(forbidden, BOOKS).close()
    assert "immutable=1" in read_only_uri(forbidden / "catalog.sqlite")
    assert n_books(forbidden) == 3
    assert check_library(forbidden).is_clean


def test_asking_after_it_was_closed_is_one_line(forbidden: Path) -> None:
    filled(forbidden, BOOKS).close()
    library = Library.open(forbidden, read_only=True)
    assert library.status().books == 3
    library.close()
    with pytest.raises(LibraryError, match="was closed"):
        library.status()


def test_what_the_owner_has_only_in_the_log_is_seen(forbidden: Path) -> None:
    with filled(forbidden, BOOKS) as owner:
        assert owner.status().books == 3
        assert "immutable=1" not in read_only_uri(forbidden / "catalog.sqlite")
        assert n_books(forbidden) == 3
        assert check_library(forbidden).is_clean


def test_what_a_killed_owner_left_in_the_log_is_seen(forbidden: Path, tmp_path: Path) -> None:
    with filled(tmp_path / "alive", BOOKS):
        shutil.copytree(tmp_path / "alive", forbidden)  # as a kill leaves it
    assert (forbidden / "catalog.sqlite-wal").stat().st_size > 0
    assert n_books(forbidden) == 3


def test_a_reader_that_stays_open_sees_what_the_owner_writes_later(forbidden: Path) -> None:
    filled(forbidden, BOOKS).close()
    with Library.open(forbidden, read_only=True) as reader:
        assert reader.status().books == 3
        with Library.open(forbidden) as owner:
            add(owner, draw_book(4))
            assert reader.status().books == 4
        assert reader.status().books == 4
        with Library.open(forbidden) as owner:
            owner.remove_book(BOOKS[0].book_id)
        assert reader.status().books == 3


def test_a_log_that_cannot_be_read_is_one_line_that_says_what_to_do(forbidden: Path) -> None:
    with filled(forbidden, BOOKS):
        refused = sqlite3.OperationalError("unable to open database file")
        refused.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        told = str(explain(refused, forbidden / "catalog.sqlite"))
    assert "catalog.sqlite-wal" in told
    assert "owner" in told
    assert isinstance(explain(refused, forbidden / "catalog.sqlite"), LibraryError)
