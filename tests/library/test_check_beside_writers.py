"""A check of a library that others write at that moment: what changes meanwhile is no damage."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from drawn_books import add, draw_book, filled

from longbox.library import Library, catalog_check, check_library, row_check

BOOKS = [draw_book(i) for i in range(1, 4)]
SECOND = BOOKS[1].book_id


@pytest.mark.parametrize("moment", range(1, 9))
def test_a_book_merged_between_two_counts_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    real = catalog_check._miscounts
    with filled(tmp_path, BOOKS) as library:

        class Watched:
            """A connection before whose n-th question another book is merged."""

            def __init__(self, connection: sqlite3.Connection) -> None:
                self.connection = connection
                self.n = 0

            def execute(self, *question: Any) -> sqlite3.Cursor:
                self.n += 1
                if self.n == moment:
                    add(library, draw_book(99))
                return self.connection.execute(*question)

        monkeypatch.setattr(catalog_check, "_miscounts", lambda c: real(Watched(c)))
        assert not [f for f in check_library(tmp_path).findings if f.file == "catalog.sqlite"]
        assert library.status().books == 4


def remove(library: Library) -> None:
    library.remove_book(SECOND)


def make_again(library: Library) -> None:
    add(library, draw_book(2, [["other"] * 3] * 4), recipe="r2")


@pytest.mark.parametrize("change", [remove, make_again])
@pytest.mark.parametrize("step", ["read_store_with_digest", "insert_book", "_lines"])
def test_a_book_that_changes_while_its_rows_are_compared_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any, step: str
) -> None:
    real = getattr(row_check, step)
    changed: list[bool] = []
    with filled(tmp_path, BOOKS) as library:

        def slow(*said: Any) -> Any:
            if any(SECOND in str(getattr(part, "annotated", part)) for part in said):
                if not changed:
                    change(library)
                changed.append(True)
            return real(*said)

        monkeypatch.setattr(row_check, step, slow)
        report = check_library(tmp_path, is_deep=True)
    assert changed
    assert not [f.line for f in report.findings if f.file == "catalog.sqlite"]
