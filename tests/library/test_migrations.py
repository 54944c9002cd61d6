"""A library of format 1, as the first version of Longbox left it, and what a later one does."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from described_books import draw_all, draw_description_vectors
from drawn_books import add, draw_book, filled

from longbox.errors import LibraryError
from longbox.library import (
    Filters,
    Library,
    WordsQuery,
    Writing,
    read_book_store,
    store_path,
    write_description_store,
)
from longbox.library.catalog import APPLICATION_ID, CATALOG_NAME, FORMAT
from longbox.vectors import Space

BOOKS = [draw_book(1), draw_book(2)]
_VIRTUAL = ("words", "word_counts", "substrings", "trigram_counts")


def make_format_1(root: Path) -> None:
    """Put the rows of a library into a catalog that only script 0001 made."""
    filled(root, BOOKS).close()
    new, old = sqlite3.connect(root / CATALOG_NAME), sqlite3.connect(root / "old.sqlite")
    script = resources.files("longbox.library") / "migrations" / "0001_catalog.sql"
    old.executescript(script.read_text(encoding="utf-8"))
    old.execute("DELETE FROM meta")
    tables = [
        name
        for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not name.startswith(("sqlite_", *_VIRTUAL))
    ]
    for table in tables:
        columns = ", ".join(row[1] for row in old.execute(f"PRAGMA table_info({table})"))
        rows: list[tuple[Any, ...]] = new.execute(f"SELECT {columns} FROM {table}").fetchall()
        marks = ", ".join("?" * len(columns.split(", ")))
        old.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
    for index in ("words", "substrings"):
        old.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")
    old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()
    new.close()
    for suffix in ("", "-wal", "-shm"):
        (root / f"{CATALOG_NAME}{suffix}").unlink(missing_ok=True)
    (root / "old.sqlite").rename(root / CATALOG_NAME)


def version(root: Path) -> int:
    connection = sqlite3.connect(root / CATALOG_NAME)
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return int(found)


def test_an_old_library_opened_for_writing_is_brought_up_and_answers_as_before(
    tmp_path: Path,
) -> None:
    make_format_1(tmp_path)
    assert version(tmp_path) == 1
    with Library.open(tmp_path) as library:
        assert library.status().format == FORMAT == 5
        assert len(library.match_words(WordsQuery(("panel",)), 99)) == 24
        assert len(library.match_substring("anel", 99, Filters(without_flags=()))) == 24
        assert library.panel_vector(0, Space.VISION) is not None
        assert not library.has_descriptions()
        record = library.panel_records([0])[0]
        assert (record.text_confidence, record.flags, record.description) == (None, (), "")
        assert library.flagged_pages() == ()
        assert library.fingerprint_contents()
        pages, book = draw_all(BOOKS[0].annotated), BOOKS[0].book_id
        vectors = draw_description_vectors(BOOKS[0].annotated)
        write_description_store(tmp_path, book, pages, vectors)
        library.merge_descriptions(book)
        library.update_indexes()
        hits = library.match_words(WordsQuery(("scene",)), 99, writing=Writing.DESCRIPTION)
        assert len(hits) == 12
        add(library, BOOKS[1], recipe="r2")
        assert len(library.match_words(WordsQuery(("panel",)), 99)) == 24
    assert version(tmp_path) == FORMAT


def test_an_old_library_that_may_only_be_read_says_what_to_do(tmp_path: Path) -> None:
    make_format_1(tmp_path)
    with pytest.raises(LibraryError, match="format 1 is old; open it once for writing") as caught:
        Library.open(tmp_path, read_only=True)
    assert "\n" not in str(caught.value)
    assert version(tmp_path) == 1


def test_a_rebuild_of_an_old_library_is_a_new_one(tmp_path: Path) -> None:
    make_format_1(tmp_path / "old")
    Library.rebuild(tmp_path / "old")
    with filled(tmp_path / "new", BOOKS) as new, Library.open(tmp_path / "old") as old:
        assert old.fingerprint_contents() == new.fingerprint_contents()


def test_a_format_of_the_future_is_refused(tmp_path: Path) -> None:
    filled(tmp_path, []).close()
    connection = sqlite3.connect(tmp_path / CATALOG_NAME)
    connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()
    with pytest.raises(LibraryError, match="upgrade Longbox"):
        Library.open(tmp_path)


def test_a_book_store_from_before_there_were_flags_is_read(tmp_path: Path) -> None:
    filled(tmp_path, [BOOKS[0]]).close()
    path = store_path(tmp_path, BOOKS[0].book_id)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    import numpy as np
    import zarr
    from zarr.core.buffer import default_buffer_prototype
    from zarr.storage import MemoryStore

    make = default_buffer_prototype().buffer.from_bytes
    store = MemoryStore({name: make(data) for name, data in members.items()})
    group = zarr.open_group(store=store, mode="r+")
    said = json.loads(np.asarray(group["annotation_json"][:]).tobytes())
    for page in said["pages"]:
        del page["flags"]
    text = np.frombuffer(json.dumps(said).encode("ascii"), dtype=np.uint8)
    group.create_array("annotation_json", data=text, overwrite=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, buffer in store._store_dict.items():
            archive.writestr(name, buffer.to_bytes())
    assert read_book_store(path).annotated == BOOKS[0].annotated
    Library.rebuild(tmp_path)
    with Library.open(tmp_path) as library:
        assert len(library.match_words(WordsQuery(("panel",)), 99)) == 12
