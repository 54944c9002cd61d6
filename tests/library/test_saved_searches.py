"""Searches that people keep: they outlive everything that is derived."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from drawn_books import draw_book, filled

from longbox.errors import LibraryError
from longbox.library import Library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return filled(tmp_path / "library", [draw_book(1)])


def test_search_is_kept_and_found_again(library: Library) -> None:
    assert library.saved_searches() == ()
    first = library.save_search("  Rain \n at night ", "q=rain&series=Night%20Kitchen")
    second = library.save_search("猫", "q=猫")
    assert first.name == "Rain at night"
    assert library.saved_searches() == (first, second)
    with Library.open(library.root, read_only=True) as again:
        assert again.saved_searches() == (first, second)


def test_same_search_twice_is_one(library: Library) -> None:
    first = library.save_search("a", "q=1")
    assert library.save_search("a", "q=1") == first
    assert library.save_search("a", "q=2").search_id != first.search_id
    assert len(library.saved_searches()) == 2


def test_removed_search_is_gone_and_the_others_keep_their_ids(library: Library) -> None:
    first, second = library.save_search("a", "1"), library.save_search("b", "2")
    assert library.remove_saved_search(first.search_id)
    assert not library.remove_saved_search(first.search_id)
    assert library.saved_searches() == (second,)


def test_searches_outlive_a_rebuild(library: Library) -> None:
    kept = library.save_search("a", "1")
    library.close()
    Library.rebuild(library.root)
    with Library.open(library.root) as again:
        assert again.saved_searches() == (kept,)


def test_read_only_library_saves_nothing(library: Library) -> None:
    with Library.open(library.root, read_only=True) as opened:
        with pytest.raises(LibraryError, match="read-only"):
            opened.save_search("a", "1")
        with pytest.raises(LibraryError, match="read-only"):
            opened.remove_saved_search("0" * 12)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("", "q"),
        (" \n ", "q"),
        ("a", "  "),
        ("x" * 201, "q"),
        ("a", "q" * 8001),
        ("a\x00", "q"),
        ("a", "q\x1b[31m"),
        ("\ud800", "q"),
    ],
)
def test_unusable_search_is_refused(library: Library, name: str, query: str) -> None:
    with pytest.raises(LibraryError, match="of a search"):
        library.save_search(name, query)
    assert library.saved_searches() == ()


def test_two_writers_lose_nothing(library: Library) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: library.save_search(f"search {i}", "q"), range(24)))
    assert set(library.saved_searches()) == set(made)


GOOD = {"search_id": "0" * 12, "name": "a", "query": "q", "saved_at": "2026-01-01T00:00:00+00:00"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"format": 1}',
        b'{"format": "x", "searches": []}',
        b'{"format": 1, "searches": 3}',
        b'{"format": 1, "searches": [3]}',
        json.dumps({"format": 1, "searches": [{**GOOD, "name": 3}]}).encode(),
        json.dumps({"format": 1, "searches": [{**GOOD, "search_id": "../x"}]}).encode(),
        json.dumps({"format": 1, "searches": [{**GOOD, "query": "\x00"}]}).encode(),
        json.dumps({"format": 1, "searches": [GOOD, GOOD]}).encode(),
    ],
)
def test_damaged_file_is_one_clear_line_and_stays_as_it_is(
    library: Library, content: bytes
) -> None:
    path = library.root / "searches.json"
    path.write_bytes(content)
    for ask in (library.saved_searches, lambda: library.save_search("a", "1")):
        with pytest.raises(LibraryError, match="damaged saved searches") as caught:
            ask()
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_file_of_a_newer_format_is_refused(library: Library) -> None:
    path = library.root / "searches.json"
    path.write_text('{"format": 2, "searches": []}')
    with pytest.raises(LibraryError, match="newer Longbox"):
        library.saved_searches()
