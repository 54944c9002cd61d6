"""A catalog that a stranger made: its schema does nothing, and rows that nobody wrote are told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from drawn_books import draw_book, filled

from longbox.errors import LibraryError
from longbox.library import (
    Filters,
    Library,
    WordsQuery,
    backup_library,
    check_library,
    export_typed,
    repair_library,
    restore_library,
)
from longbox.library.catalog_check import open_for_reading
from longbox.library.rebuilding import COLUMNS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with filled(tmp_path / "library", [draw_book(1), draw_book(2)]) as library:
        return library.root


def change(root: Path, script: str, name: str = "catalog.sqlite") -> None:
    connection = sqlite3.connect(root / name)
    connection.executescript(script)
    connection.close()


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TRIGGER wipe AFTER UPDATE ON meta BEGIN DELETE FROM books; END",
        "CREATE VIEW endless AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) "
        "SELECT x FROM n",
    ],
)
@pytest.mark.parametrize("read_only", [True, False])
def test_catalog_with_a_trigger_or_view_is_refused(
    root: Path, script: str, read_only: bool
) -> None:
    change(root, script)
    with pytest.raises(LibraryError, match="that no Longbox made, so it is not used"):
        Library.open(root, read_only=read_only)


def no_schema_of_a_catalog(file: Path) -> None:
    forge_schema(file, "sql = 'CREATE TABLE books('")


def no_utf8_in_the_schema(file: Path) -> None:
    forge_schema(file, "name = CAST(x'626fff' AS TEXT), sql = 'CREATE TABLE books('")


def forge_schema(file: Path, change_of_books: str) -> None:
    script = f"UPDATE sqlite_schema SET {change_of_books} WHERE name = 'books';"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(f"PRAGMA writable_schema = ON; {script}")


def no_format_of_sqlite(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[44:48] = b"\0\0\0\x09"
    file.write_bytes(bytes(data))


@pytest.mark.parametrize(
    "forge", [no_schema_of_a_catalog, no_utf8_in_the_schema, no_format_of_sqlite]
)
@pytest.mark.parametrize("read_only", [True, False])
def test_catalog_that_cannot_even_be_connected_to_is_one_line(
    root: Path, forge: Callable[[Path], None], read_only: bool
) -> None:
    # Found by fuzzing: setting up a connection reads the schema already.
    forge(root / "catalog.sqlite")
    with pytest.raises(LibraryError, match=r"catalog\.sqlite: .*; (run|upgrade)") as refused:
        Library.open(root, read_only=read_only)
    assert "\n" not in str(refused.value)


def test_rebuild_makes_a_refused_catalog_anew_without_asking_it(root: Path) -> None:
    change(
        root,
        "DROP TABLE problems; CREATE VIEW problems AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL "
        "SELECT x FROM n) SELECT x AS file, x AS page, x AS stage, x AS reason FROM n;"
        "CREATE TRIGGER wipe AFTER UPDATE ON meta BEGIN DELETE FROM books; END",
    )
    report = Library.rebuild(root)
    assert report.books == 2
    with Library.open(root) as library:
        assert library.status().books == 2
        assert set(library.known_files()) == {"/shelf/book1.cbz", "/shelf/book2.cbz"}


def test_review_queue_with_a_view_is_made_anew(root: Path) -> None:
    with Library.open(root) as library:
        before = library.review.counts()
    change(root, "CREATE VIEW x AS SELECT 1", "review.sqlite")
    with Library.open(root) as library:
        assert library.review.counts() == before
    connection = sqlite3.connect(root / "review.sqlite")
    assert not connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'view'").fetchall()
    connection.close()


def test_functions_in_a_schema_are_not_trusted(root: Path) -> None:
    with Library.open(root) as library, library._catalog.guarded() as connection:
        assert connection.execute("PRAGMA trusted_schema").fetchone() == (0,)
        assert connection.execute("PRAGMA cell_size_check").fetchone() == (1,)


@pytest.mark.parametrize(
    ("change_of_rows", "question"),
    [
        ("UPDATE books SET text_characters = x'00'", lambda library: library.facets()),
        ("UPDATE pages SET page_type = 'nonsense'", lambda library: library.pages_of(f"{1:016x}")),
        ("UPDATE books SET first_row = 'x'", lambda library: library.facets()),
    ],
)
def test_rows_that_no_longbox_writes_are_one_line(
    root: Path, change_of_rows: str, question: Callable[[Library], object]
) -> None:
    # Found by fuzzing: a column of odd length came out as an error of NumPy.
    change(root, change_of_rows)
    with (
        Library.open(root) as library,
        pytest.raises(LibraryError, match="library rebuild") as told,
    ):
        question(library)
    assert "\n" not in str(told.value)


ENDLESS = "AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x FROM n"


@pytest.mark.parametrize("table", ["books", "panel_text", "problems", "corrections", "more"])
def test_check_backup_and_export_ask_no_view(root: Path, tmp_path: Path, table: str) -> None:
    change(
        root,
        f"PRAGMA foreign_keys = OFF; DROP TABLE IF EXISTS {table}; CREATE VIEW {table} {ENDLESS}",
    )
    report = check_library(root)
    assert [f.file for f in report.findings] == ["catalog.sqlite"]
    assert f"holds a trigger or view ({table})" in report.findings[0].what
    made = backup_library(root, tmp_path / "backup")
    assert len(made.damaged) == 1
    assert "no record of comic files" in made.damaged[0]
    export_typed(root, tmp_path / "typed.jsonl")
    assert repair_library(root, report).left.is_clean
    assert restore_library(tmp_path / "backup", tmp_path / "new").books == 2


def test_schemas_are_not_trusted_by_who_only_reads(root: Path) -> None:
    with closing(open_for_reading(root / "catalog.sqlite")) as connection:
        assert connection.execute("PRAGMA trusted_schema").fetchone() == (0,)


def test_a_view_gives_no_corrections_of_old_to_an_export(root: Path, tmp_path: Path) -> None:
    names = [name.strip() for name in COLUMNS["corrections"].split(",")]
    said = ", ".join(f"'x' AS {name}" for name in names)
    change(root, f"DROP TABLE corrections; CREATE VIEW corrections AS SELECT {said}")
    export_typed(root, tmp_path / "typed.jsonl")
    assert "old correction" not in (tmp_path / "typed.jsonl").read_text()


def test_rows_that_would_be_given_again_are_told(root: Path) -> None:
    change(root, "UPDATE meta SET value = value - 1 WHERE key = 'next_row'")
    (finding,) = check_library(root).findings
    assert "would be given again" in finding.what


@pytest.mark.parametrize("said", ["1 << 60", "-1", "'many'"])
def test_a_forged_number_of_panels_takes_no_memory(root: Path, said: str) -> None:
    change(root, f"UPDATE meta SET value = {said} WHERE key = 'next_row'")
    with Library.open(root) as library:
        with pytest.raises(LibraryError, match=r"never given\); run `longbox library rebuild`"):
            library.match_words(WordsQuery(("the",)), 10, Filters(has_text=True))
        with pytest.raises(LibraryError, match=r"never given\); run `longbox library rebuild`"):
            library.match_words(WordsQuery(("the",)), 10)
    assert any("catalog.sqlite" in finding.file for finding in check_library(root).findings)
    assert Library.rebuild(root).books == 2
    with Library.open(root) as library:
        library.match_words(WordsQuery(("the",)), 10)
