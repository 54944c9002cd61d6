"""Opening, merging, the ledger of files, sync, status."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from drawn_books import STAMP, add, draw_book, filled

from longbox.book import FileStamp, Metadata, PanelId, Problem
from longbox.correction import CorrectedField, Correction
from longbox.errors import LibraryError, QueryError
from longbox.library import (
    Filters,
    Library,
    SyncReport,
    WordsQuery,
    store_path,
    write_book_store,
)
from longbox.library.catalog_errors import explain


def test_a_new_library_is_empty(tmp_path: Path) -> None:
    with Library.create(tmp_path / "new") as library:
        status = library.status()
        assert (status.books, status.pages, status.panels) == (0, 0, 0)
        assert library.known_files() == {}
        assert library.spaces() == {}
        assert library.match_words(WordsQuery(("dragon",)), 5) == []
        assert library.match_substring("dragon", 5) == []
        assert library.panel_records([0, 1]) == []
        library.update_indexes()
        library.update_indexes()


def test_opening_what_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="longbox index"):
        Library.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_newer_format_is_refused_both_for_reading_and_writing(tmp_path: Path) -> None:
    Library.create(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for opening in (Library.create, Library.open, Library.rebuild):
        with pytest.raises(LibraryError, match="upgrade Longbox"):
            opening(tmp_path)


def test_an_older_format_is_migrated_when_opened_for_writing(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    connection.execute("CREATE TABLE unrelated (x)")
    connection.close()
    with pytest.raises(LibraryError, match="open it once for writing"):
        Library.open(tmp_path, read_only=True)
    with Library.open(tmp_path) as library:
        assert library.status().books == 0


def test_a_merged_book_is_found_with_all_it_is(tmp_path: Path) -> None:
    metadata = Metadata(title="The Cave", series="Dragons", number="3", year=1987, language="fr")
    with Library.create(tmp_path) as library:
        drawn = draw_book(1, [["Bonjour", ""], ["Au revoir"]], metadata=metadata)
        add(library, drawn)
        row = library.panel_row(PanelId(drawn.book_id, 1, 0))
        (record,) = library.panel_records([row])
        assert record.title == "Dragons #3: The Cave"
        assert (record.series, record.year, record.language) == ("Dragons", 1987, "fr")
        assert (record.file, record.text) == ("/shelf/book1.cbz", "Au revoir")
        assert (record.page_index, record.panel) == (1, 0)
        assert (record.page_width, record.page_height) == (300, 100)
        assert library.annotated_book(drawn.book_id) == drawn.annotated
        assert list(library.page_rows(drawn.book_id, 0)) == [row - 2, row - 1]
        assert list(library.page_rows(drawn.book_id, 9)) == []


def test_records_keep_the_order_asked_and_leave_out_rows_that_are_gone(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        assert [r.row for r in library.panel_records([5, 2, 10**12, 7])] == [5, 2, 7]


def test_a_panel_that_is_not_there_is_a_query_error(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        with pytest.raises(QueryError, match="no such panel"):
            library.panel_row(PanelId(f"{1:016x}", 0, 99))
        with pytest.raises(LibraryError, match="no such book"):
            library.annotated_book("f" * 16)


def test_merging_again_changes_nothing(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1), draw_book(2)]) as library:
        before, rows = library.fingerprint_contents(), library.page_rows(f"{1:016x}", 0)
        add(library, draw_book(1))
        library.update_indexes()
        assert library.fingerprint_contents() == before
        assert library.page_rows(f"{1:016x}", 0) == rows


def test_a_book_made_anew_replaces_the_old_one(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1, [["old words"]]), draw_book(2)]) as library:
        add(library, draw_book(1, [["new words"]]), recipe="r2")
        assert library.match_words(WordsQuery(("old",)), 5) == []
        (hit,) = library.match_words(WordsQuery(("new",)), 5)
        assert library.panel_records([hit.row])[0].text == "new words"
        assert library.known_files()["/shelf/book1.cbz"].recipe == "r2"
        assert library.status().panels == 13


def test_merging_without_a_store_or_with_a_damaged_one_fails_and_lets_it_be_made_again(
    tmp_path: Path,
) -> None:
    drawn = draw_book(1)
    with Library.create(tmp_path) as library:
        with pytest.raises(LibraryError, match="no such book store"):
            library.merge_book(drawn.book_id, drawn.path, STAMP)
        path = write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")
        path.write_bytes(path.read_bytes()[:-50])
        with pytest.raises(LibraryError, match="damaged"):
            library.merge_book(drawn.book_id, drawn.path, STAMP)
        assert not path.exists()
        assert (tmp_path / "damaged" / path.name).is_file()
        add(library, drawn)
        assert library.status().books == 1


def test_a_failed_file_is_remembered_until_it_works(tmp_path: Path) -> None:
    problem = Problem("/shelf/bad.cbz", None, "ingest", "not a zip; get it again")
    with Library.create(tmp_path) as library:
        library.record_failure("/shelf/bad.cbz", FileStamp(5, 6), [problem])
        known = library.known_files()["/shelf/bad.cbz"]
        assert (known.failed, known.book_id, known.stamp) == (True, None, FileStamp(5, 6))
        assert library.status().problems == (problem,)
        assert library.status().failed_files == 1
        add(library, draw_book(1), path="/shelf/bad.cbz")
        assert library.status().problems == ()
        assert not library.known_files()["/shelf/bad.cbz"].failed


def test_a_file_that_broke_after_it_was_indexed_hides_its_book(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1, [["dragon"]])]) as library:
        library.record_failure("/shelf/book1.cbz", FileStamp(1, 1), [])
        assert library.match_words(WordsQuery(("dragon",)), 5) == []
        assert library.status().missing_books == 1


def test_problems_of_pages_are_listed_with_the_files_present_path(tmp_path: Path) -> None:
    problem = Problem("/shelf/book1.cbz", 2, "text", "page 3 is blank")
    with Library.create(tmp_path) as library:
        add(library, draw_book(1, problems=(problem, problem)))
        library.move_file("/shelf/book1.cbz", "/shelf/new.cbz")
        assert library.status().problems == (replace(problem, file="/shelf/new.cbz"),)


def test_a_title_from_a_file_name_follows_the_file(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        library.move_file("/shelf/book1.cbz", "/shelf/Better Name.cbz")
        (record,) = library.panel_records([0])
        assert (record.title, record.file) == ("Better Name", "/shelf/Better Name.cbz")
        assert library.annotated_book(record.book_id).book.path == "/shelf/Better Name.cbz"
        assert library.known_files().keys() == {"/shelf/Better Name.cbz"}


def test_of_two_copies_the_first_by_name_stands_for_the_book(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        library.merge_book(f"{1:016x}", "/shelf/a copy.cbz", STAMP)
        assert library.panel_records([0])[0].file == "/shelf/a copy.cbz"
        library.forget_file("/shelf/a copy.cbz")
        assert library.panel_records([0])[0].file == "/shelf/book1.cbz"
        assert library.status().missing_books == 0


def test_moving_onto_a_known_file_or_an_unknown_one_is_harmless(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1), draw_book(2)]) as library:
        library.move_file("/nowhere", "/shelf/book2.cbz")
        library.move_file("/shelf/book1.cbz", "/shelf/book1.cbz")
        assert len(library.known_files()) == 2
        library.move_file("/shelf/book1.cbz", "/shelf/book2.cbz")
        assert library.known_files()["/shelf/book2.cbz"].book_id == f"{1:016x}"
        assert library.status().missing_books == 1


def test_sync_hides_books_whose_file_is_gone_and_shows_them_when_back(tmp_path: Path) -> None:
    comic = tmp_path / "one.cbz"
    comic.write_bytes(b"x")
    dragon = Filters(include_missing=True)
    with Library.create(tmp_path / "library") as library:
        add(library, draw_book(1, [["dragon"]]), path=str(comic))
        assert library.sync().missing == ()
        comic.unlink()
        assert library.sync().missing == (str(comic),)
        assert library.sync().missing == ()
        assert library.match_words(WordsQuery(("dragon",)), 5) == []
        (hit,) = library.match_words(WordsQuery(("dragon",)), 5, dragon)
        assert library.panel_records([hit.row])[0].is_missing
        assert library.missing_files().keys() == {str(comic)}
        comic.write_bytes(b"x")
        assert library.sync().returned == (str(comic),)
        assert len(library.match_words(WordsQuery(("dragon",)), 5)) == 1


def test_a_moved_file_takes_its_book_along(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library") as library:
        add(library, draw_book(1, [["dragon"]]), path=str(tmp_path / "old.cbz"))
        library.sync()
        library.move_file(str(tmp_path / "old.cbz"), str(tmp_path / "new.cbz"))
        assert library.missing_files() == {}
        assert len(library.match_words(WordsQuery(("dragon",)), 5)) == 1


def test_removing_a_book_removes_its_store_and_cannot_be_undone_by_a_rebuild(
    tmp_path: Path,
) -> None:
    with filled(tmp_path, [draw_book(1), draw_book(2)]) as library:
        library.remove_book(f"{1:016x}")
        assert not store_path(tmp_path, f"{1:016x}").exists()
        assert library.book_ids() == (f"{2:016x}",)
        assert library.known_files().keys() == {"/shelf/book2.cbz"}
    assert Library.rebuild(tmp_path).books == 1


def test_names_that_are_not_utf8_go_through_the_ledger(tmp_path: Path) -> None:
    odd = "/shelf/caf\udce9.cbz"
    with Library.create(tmp_path) as library:
        add(library, draw_book(1, path=odd))
        library.record_failure("/shelf/\udcff", STAMP, [Problem("/shelf/\udcff", 0, "ingest", "x")])
        assert library.known_files().keys() == {odd, "/shelf/\udcff"}
        assert library.panel_records([0])[0].file == odd
        assert library.annotated_book(f"{1:016x}").book.path == odd
        assert library.status().problems[0].file == "/shelf/\udcff"
        library.fingerprint_contents()


def test_status_counts(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1), draw_book(2)]) as library:
        status = library.status()
    assert (status.books, status.pages, status.panels) == (2, 8, 24)
    assert {(s.space, s.n_vectors, s.n_indexed, s.dimension) for s in status.spaces} == {
        ("vision", 24, 24, 32),
        ("text", 16, 16, 16),
        ("composition", 24, 24, 5),
    }
    assert min(status.catalog_bytes, status.stores_bytes, status.index_bytes) > 0


def test_corrections_are_kept_by_a_rebuild(tmp_path: Path) -> None:
    correction = Correction(
        f"{1:016x}", None, CorrectedField.TITLE, '"Night"', "2026-01-01T00:00:00"
    )
    with filled(tmp_path, [draw_book(1)]) as library:
        library.add_correction(correction)
    Library.rebuild(tmp_path)
    with Library.open(tmp_path) as library:
        assert library.corrections(f"{1:016x}") == (correction,)


def test_a_read_only_library_answers_and_refuses_to_change(tmp_path: Path) -> None:
    filled(tmp_path, [draw_book(1, [["dragon"]])]).close()
    with Library.open(tmp_path, read_only=True) as library:
        assert len(library.match_words(WordsQuery(("dragon",)), 5)) == 1
        with pytest.raises(LibraryError, match="read-only"):
            library.forget_file("/shelf/book1.cbz")
        with pytest.raises(LibraryError, match="read-only"):
            library.update_indexes()


def test_a_closed_library_says_so(tmp_path: Path) -> None:
    library = Library.create(tmp_path)
    library.close()
    with pytest.raises(LibraryError, match="closed"):
        library.known_files()


def test_a_full_disk_is_an_error_of_one_line_and_changes_nothing(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        before = library.fingerprint_contents()
        with library._catalog.guarded() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")
        big = draw_book(2, [[f"words {i * j} and more" for i in range(40)] for j in range(40)])
        with pytest.raises(LibraryError, match="no space left"):
            add(library, big)
        assert library.fingerprint_contents() == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
def test_a_disk_that_refuses_to_write_is_not_called_a_damaged_catalog(tmp_path: Path) -> None:
    script = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from longbox.book import Problem\nfrom longbox.errors import LibraryError\n"
        "from longbox.book import FileStamp\nfrom longbox.library import Library\n"
        f"library = Library.create(Path({str(tmp_path)!r}))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "try:\n"
        "    for i in range(200):\n"
        "        p = Problem('x', None, 'ingest', 'long ' * 2000)\n"
        "        library.record_failure(f'/x{i}', FileStamp(1, 1), [p])\n"
        "except LibraryError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert "the disk is full or cannot be read or written (disk I/O error)" in done.stdout
    assert "check its free space first" in done.stdout
    assert "rebuild" not in done.stdout


@pytest.mark.parametrize(
    ("code", "advises_rebuild"),
    [
        (sqlite3.SQLITE_FULL, False),
        (sqlite3.SQLITE_IOERR | (3 << 8), False),
        (sqlite3.SQLITE_CANTOPEN, False),
        (sqlite3.SQLITE_ERROR, False),
        (sqlite3.SQLITE_CORRUPT, True),
        (sqlite3.SQLITE_CORRUPT | (1 << 8), True),
        (sqlite3.SQLITE_NOTADB, True),
    ],
)
def test_only_damage_advises_a_rebuild(code: int, advises_rebuild: bool) -> None:
    error = sqlite3.DatabaseError("what SQLite said")
    error.sqlite_errorcode = code
    message = str(explain(error, Path("catalog.sqlite")))
    assert ("rebuild" in message) == advises_rebuild
    assert "\n" not in message


def test_a_file_in_a_folder_that_may_not_be_searched_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shut"
    folder.mkdir()
    paths = [str(folder / name) for name in ("a.cbz", "b.cbz")]
    Path(paths[0]).write_text("x")
    stat = os.stat

    def refusing(path, *args, **kwargs):  # type: ignore[no-untyped-def]
        if not isinstance(path, int) and Path(path).parent == folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, *args, **kwargs)

    with Library.create(tmp_path / "library") as library:
        for number, path in enumerate(paths):
            add(library, draw_book(number), path=path)
        assert library.sync().missing == (paths[1],)
        with monkeypatch.context() as patched:  # root may search anywhere: chmod would not do
            patched.setattr(os, "stat", refusing)
            assert library.sync() == SyncReport((), ())
        assert list(library.missing_files()) == [paths[1]]
        assert library.sync() == SyncReport((), ())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_an_error_of_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(LibraryError):
        Library.create(tmp_path / "library")


def test_a_file_where_the_library_should_be_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "library").write_text("hello")
    for opening in (Library.create, Library.open):
        with pytest.raises(LibraryError) as caught:
            opening(tmp_path / "library")
        assert "\n" not in str(caught.value)


def test_importing_and_searching_words_loads_nothing_heavy(tmp_path: Path) -> None:
    filled(tmp_path, [draw_book(1, [["dragon"]])]).close()
    script = (
        "import sys\nfrom pathlib import Path\nimport numpy as np\n"
        "from longbox.library import Library, WordsQuery\n"
        "from longbox.vectors import QueryVector, Space\n"
        f"library = Library.open(Path({str(tmp_path)!r}))\n"
        "hits = library.match_words(WordsQuery(('dragon',)), 5)\n"
        "hits += library.match_substring('rago', 5)\n"
        "query = QueryVector(Space.VISION, 'vision-v1', np.ones(32, np.float32))\n"
        "hits += library.nearest(query, 5)\n"
        "assert len(hits) == 3, hits\n"
        "assert library.panel_records([hits[0].row])\n"
        "print([m for m in ('zarr', 'faiss', 'pyarrow', 'pandas') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
