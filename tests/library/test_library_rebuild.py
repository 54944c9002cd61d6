"""Equal libraries are equal, whatever was done to them: order, rebuild, damage."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from pathlib import Path

import pytest
from drawn_books import STAMP, add, draw_book, filled

from longbox.book import Metadata, Problem
from longbox.errors import LibraryError
from longbox.library import Library, WordsQuery, store_path, write_book_store
from longbox.library import stores as stores_module
from longbox.library.rebuilding import read_store_with_digest

BOOKS = [
    draw_book(1),
    draw_book(2, [["the same words"], []], metadata=Metadata(series="Dragons", year=1990)),
    draw_book(3, [], problems=(Problem("/shelf/book3.cbz", 0, "ingest", "no page is readable"),)),
    draw_book(4, [["ドラゴン", ""]] * 5),
    draw_book(5, path="/shelf/caf\udce9.cbz"),
]


def everything(root: Path, books: list) -> Library:  # type: ignore[type-arg]
    library = filled(root, books)
    library.record_failure("/shelf/bad.cbz", STAMP, [Problem("x", None, "ingest", "bad")])
    return library


def damage(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "empty":
        data = bytearray()
    elif how == "header":
        data[:100] = b"\xff" * 100
    elif how == "truncated":
        data = data[: len(data) // 2 + 17]
    elif how == "text":
        data = bytearray(b"this is not a database at all, it is a letter " * 100)
    elif how == "pages":
        for at in range(4096, len(data), 3 * 4096):
            data[at : at + 4096] = random.Random(at).randbytes(min(4096, len(data) - at))
    path.write_bytes(data)


def test_order_of_merging_does_not_matter(tmp_path: Path) -> None:
    digests = set()
    for turn in range(4):
        books = BOOKS.copy()
        random.Random(turn).shuffle(books)
        with everything(tmp_path / str(turn), books) as library:
            digests.add(library.fingerprint_contents())
    assert len(digests) == 1


def test_one_more_update_between_books_does_not_matter(tmp_path: Path) -> None:
    with everything(tmp_path / "a", BOOKS) as library:
        before = library.fingerprint_contents()
    with Library.create(tmp_path / "b") as library:
        for drawn in [*BOOKS, BOOKS[1]]:
            add(library, drawn)
            library.update_indexes()
        library.record_failure("/shelf/bad.cbz", STAMP, [Problem("x", None, "ingest", "bad")])
        assert library.fingerprint_contents() == before


def test_a_difference_is_noticed(tmp_path: Path) -> None:
    with everything(tmp_path / "a", BOOKS) as library:
        first, lines = library.fingerprint_contents(), library.dump()
        assert len(lines) > 50
        with library._catalog.transaction() as connection:
            connection.execute("UPDATE panel_text SET text = 'other' WHERE row = 3")
        second = library.fingerprint_contents()
        with library._catalog.transaction() as connection:
            connection.execute("DELETE FROM segments WHERE space = 'vision'")
        third = library.fingerprint_contents()
        library.forget_file("/shelf/bad.cbz")
        assert len({first, second, third, library.fingerprint_contents()}) == 4


def test_rebuild_gives_the_same_library(tmp_path: Path) -> None:
    with everything(tmp_path, BOOKS) as library:
        library.move_file("/shelf/book1.cbz", "/shelf/elsewhere.cbz")
        before, known = library.fingerprint_contents(), library.known_files()
    report = Library.rebuild(tmp_path)
    assert (report.books, report.damaged, report.set_aside) == (5, (), None)
    with Library.open(tmp_path) as library:
        assert library.fingerprint_contents() == before
        assert library.known_files() == known


def test_rows_from_before_a_rebuild_answer_nothing(tmp_path: Path) -> None:
    with everything(tmp_path, BOOKS) as library:
        rows = [r.row for r in library.panel_records(range(100))]
    Library.rebuild(tmp_path)
    with Library.open(tmp_path) as library:
        assert library.panel_records(rows) == []


def test_a_reader_that_stayed_open_sees_the_rebuilt_library(tmp_path: Path) -> None:
    with everything(tmp_path, BOOKS) as library:
        assert len(library.match_words(WordsQuery(("page",)), 99)) == 24
        Library.rebuild(tmp_path)
        hits = library.match_words(WordsQuery(("page",)), 99)
        assert len(library.panel_records([h.row for h in hits])) == 24


@pytest.mark.parametrize("how", ["empty", "header", "truncated", "text", "pages"])
def test_a_damaged_catalog_says_rebuild_and_rebuild_works(tmp_path: Path, how: str) -> None:
    with everything(tmp_path, BOOKS) as library:
        wanted = [line for line in library.dump() if not line.startswith(('["file"', '["problem"'))]
    damage(tmp_path / "catalog.sqlite", how)
    try:
        with Library.open(tmp_path) as library:
            library.fingerprint_contents()
            library.match_words(WordsQuery(("page",)), 5)
    except LibraryError as error:
        message = str(error)
    else:
        message = "no error"
    assert "longbox library rebuild" in message
    assert "\n" not in message
    report = Library.rebuild(tmp_path)
    assert report.books == 5
    with Library.open(tmp_path) as library:
        found = [line for line in library.dump() if not line.startswith(('["file"', '["problem"'))]
        assert [x.replace(", 1]", ", 0]") for x in found if '"book"' in x] != []
        assert without_missing(found) == without_missing(wanted)
        # The files' own paths came from the stores; they are looked at again by the next run.
        assert "/shelf/caf\udce9.cbz" in library.known_files()
    assert (report.set_aside is None) == (how == "empty")
    if report.set_aside:
        assert (tmp_path / report.set_aside).is_file()


def without_missing(lines: list[str]) -> list[str]:
    """Leave out whether a book's file is there: a rebuild looks, and these never were."""
    cut = []
    for line in lines:
        head, _, _ = line.rpartition(", ") if line.startswith('["book"') else (line, "", "")
        cut.append(head.rpartition(", ")[0] if line.startswith('["book"') else line)
    return cut


def test_a_lost_catalog_says_rebuild_and_is_not_made_empty(tmp_path: Path) -> None:
    everything(tmp_path, BOOKS).close()
    (tmp_path / "catalog.sqlite").unlink()
    for opening in (Library.open, Library.create):
        with pytest.raises(LibraryError, match="longbox library rebuild"):
            opening(tmp_path)
    assert Library.rebuild(tmp_path).books == 5
    with Library.open(tmp_path) as library:
        assert len(library.match_words(WordsQuery(("words",)), 9)) == 0  # its file is not there
        assert library.status().missing_books == 5
        library.merge_book(f"{2:016x}", "/shelf/book2.cbz", STAMP)  # the next run finds the file
        assert len(library.match_words(WordsQuery(("words",)), 9)) == 1


def test_rebuild_sets_damaged_stores_aside_and_names_them(tmp_path: Path) -> None:
    everything(tmp_path, BOOKS).close()
    path = store_path(tmp_path, f"{1:016x}")
    path.write_bytes(path.read_bytes()[:100])
    report = Library.rebuild(tmp_path)
    assert (report.books, report.damaged) == (4, (path.name,))
    assert (tmp_path / "damaged" / path.name).is_file()
    with Library.open(tmp_path) as library:
        assert "/shelf/book1.cbz" not in library.known_files()  # so the next run makes it again
        add(library, BOOKS[0])
        assert library.status().books == 5


def test_rebuilding_what_is_not_there_or_empty(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no library here"):
        Library.rebuild(tmp_path)
    Library.create(tmp_path).close()
    assert Library.rebuild(tmp_path).books == 0


def test_rebuild_reports_progress(tmp_path: Path) -> None:
    everything(tmp_path, BOOKS).close()
    seen: list[tuple[int, int]] = []
    Library.rebuild(tmp_path, lambda done, total: seen.append((done, total)))
    assert seen[:5] == [(i, 5) for i in range(1, 6)]


def test_full_text_indexes_stay_consistent(tmp_path: Path) -> None:
    with everything(tmp_path, BOOKS) as library:
        add(library, draw_book(1, [["quite other words"]]), recipe="r2")
        library.remove_book(f"{4:016x}")
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    for index in ("words", "substrings"):
        connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_a_store_replaced_while_it_is_read_is_not_taken_for_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = draw_book(1, [["old words"]]), draw_book(1, [["new words"]])
    path = write_book_store(tmp_path, old.annotated, old.vectors, "r1")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    unpack = stores_module._unpack

    def replaced_meanwhile(*arguments):  # type: ignore[no-untyped-def]
        write_book_store(tmp_path, new.annotated, new.vectors, "r2")
        return unpack(*arguments)

    monkeypatch.setattr(stores_module, "_unpack", replaced_meanwhile)
    store, found = read_store_with_digest(path)
    assert (store.recipe, found) == ("r1", digest)
    assert hashlib.sha256(path.read_bytes()).hexdigest() != digest


def test_rebuild_leaves_a_catalog_that_the_disk_will_not_read_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything(tmp_path, BOOKS).close()

    def refuse(*_args: object, **_kwargs: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR | (1 << 8)
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", refuse)
        with pytest.raises(LibraryError, match="free space"):
            Library.rebuild(tmp_path)
    assert list(tmp_path.glob("catalog.damaged-*")) == []
    assert Library.rebuild(tmp_path).set_aside is None
