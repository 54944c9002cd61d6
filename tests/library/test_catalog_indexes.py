"""What the catalog is asked at every merge is answered by an index, whatever the library's size."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from described_books import draw_all, draw_description_vectors
from drawn_books import add, draw_book, filled

from longbox.library import Library, check_library, write_description_store
from longbox.library.catalog import CATALOG_NAME

BOOKS = [draw_book(1), draw_book(2)]
SPACES = "book_spaces_by_space"


def plans(connection: sqlite3.Connection, statements: list[str], table: str) -> set[str]:
    asked = [s for s in statements if s.startswith("SELECT") and f"FROM {table} " in s]
    assert asked
    return {row[3] for s in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {s}")}


def test_no_merge_reads_the_spaces_of_all_books(tmp_path: Path) -> None:
    said: list[str] = []
    with filled(tmp_path, BOOKS[:1]) as library, library._catalog.guarded() as connection:
        connection.set_trace_callback(said.append)
        add(library, BOOKS[1])
        annotated = BOOKS[1].annotated
        vectors = draw_description_vectors(annotated)
        write_description_store(tmp_path, BOOKS[1].book_id, draw_all(annotated), vectors)
        library.merge_descriptions(BOOKS[1].book_id)
        connection.set_trace_callback(None)
        found = plans(connection, said, "book_spaces")
    assert not [line for line in found if line.startswith("SCAN book_spaces")]
    assert any(SPACES in line for line in found)


def test_all_spaces_are_counted_from_the_index_alone(tmp_path: Path) -> None:
    said: list[str] = []
    with filled(tmp_path, BOOKS) as library, library._catalog.guarded() as connection:
        connection.set_trace_callback(said.append)
        assert library.spaces()
        connection.set_trace_callback(None)
        found = plans(connection, said, "book_spaces")
    assert f"SCAN book_spaces USING COVERING INDEX {SPACES}" in found


@pytest.mark.parametrize("is_deep", [False, True])
def test_a_library_without_an_index_is_whole_and_slow(tmp_path: Path, is_deep: bool) -> None:
    with filled(tmp_path, BOOKS) as library:
        before = library.fingerprint_contents()
    with closing(sqlite3.connect(tmp_path / CATALOG_NAME)) as connection:
        connection.execute(f"DROP INDEX {SPACES}")
    report = check_library(tmp_path, is_deep=is_deep)
    assert report.is_clean
    (note,) = [line for line in report.notes if SPACES in line]
    assert "library rebuild" in note
    with Library.open(tmp_path, read_only=True) as library:
        assert library.fingerprint_contents() == before
    Library.rebuild(tmp_path)
    assert not [n for n in check_library(tmp_path, is_deep=is_deep).notes if SPACES in n]
    with Library.open(tmp_path) as library:
        assert library.fingerprint_contents() == before


def test_a_lost_table_is_damage(tmp_path: Path) -> None:
    filled(tmp_path, BOOKS).close()
    with closing(sqlite3.connect(tmp_path / CATALOG_NAME)) as connection:
        connection.execute("DROP TABLE page_flags")
    (finding,) = check_library(tmp_path).findings
    assert "it has no page_flags" in finding.what
