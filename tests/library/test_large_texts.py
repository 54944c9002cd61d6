"""What a large library does to be quick with words: samples, and filters inside SQLite."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from drawn_books import add, draw_book, filled
from hypothesis import given
from hypothesis import strategies as st

from longbox.library import (
    Filters,
    Library,
    WordsQuery,
    Writing,
    fulltext,
    substrings,
    text_sample,
    words,
)
from longbox.library.folding import fold


def test_rarest_trigrams_are_asked_for_and_frequent_ones_are_not() -> None:
    texts = ["the cat"] * 900 + ["the potion"] * 99 + ["the zebra"]
    sample = text_sample.TextSample(texts, 1000)
    assert sample.trigram_shares(["the", "cat", "pot", "zeb", "xyz"]).tolist() == [
        1.0,
        0.9,
        0.099,
        0.001,
        0.0005,
    ]
    wanted = substrings.worthwhile(["the", "he ", "e z", " ze", "zeb"], sample)
    assert wanted == ["e z", " ze", "zeb"]
    wanted = substrings.worthwhile(["the", "he ", "e p", " po", "xyz"], sample)
    assert wanted[0] == "xyz"
    assert "the" not in wanted
    assert substrings.worthwhile(["the"], sample) == ["the"]


def test_words_of_a_sample_are_told_where_there_are_enough_of_them() -> None:
    sample = text_sample.TextSample(["you and you"] * 150 + ["young"] * 50 + ["we"] * 99, 300)
    assert sample.word_share("you") == pytest.approx(150 / 299)
    assert sample.word_share("you", is_prefix=True) == pytest.approx(200 / 299)
    assert sample.word_share("we") is None
    assert sample.word_share("nobody") is None
    assert sample.text_share("ou") == pytest.approx(200 / 299)


def test_sample_is_taken_again_when_the_library_has_grown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_sample, "LEAST_TEXTS", 40)
    cache = text_sample.SampleCache(Writing.TEXT)
    texts = [f"panel {i}" if i % 2 else "" for i in range(90)]
    library = filled(tmp_path, [draw_book(1, [texts])])
    with library, library._catalog.guarded() as connection:
        first = cache.get(connection, 1)
        assert first is not None
        assert {text.strip() for text in first.texts} == {fold(text) for text in texts if text}
        add(library, draw_book(2, [["one more"]]))
        assert cache.get(connection, 2) is first
        add(library, draw_book(3, [["twelve more"] * 12]))
        assert cache.get(connection, 2) is first  # one answer for one generation
        grown = cache.get(connection, 3)
        assert grown is not first
        assert grown is not None
        assert grown.n_texts == 45 + 1 + 12
        described = text_sample.SampleCache(Writing.DESCRIPTION)
        assert described.get(connection, 3) is None
    with Library.create(tmp_path / "empty") as empty, empty._catalog.guarded() as connection:
        assert text_sample.SampleCache(Writing.TEXT).get(connection, 1) is None


@pytest.mark.parametrize("is_sampled", [False, True])
def test_substrings_are_found_without_others_however_many_hold_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_sampled: bool
) -> None:
    if is_sampled:
        monkeypatch.setattr(text_sample, "LEAST_TEXTS", 1)
    monkeypatch.setattr(substrings, "MAX_CANDIDATES", 20)
    texts = ["the dragon breathes fire"] * 60 + ["a dragon sleeps"] * 10 + ["fire! 100 ~"]
    with filled(tmp_path, [draw_book(1, [texts])]) as library:
        found = library.match_substring("dragon", 20, without=("FIRE", ""))
        records = library.panel_records([panel.row for panel in found])
        assert [record.text for record in records] == ["a dragon sleeps"] * 10
        assert len(library.match_substring("~", 20)) == 1
        assert library.match_substring("~", 20, without=("100",)) == []


def test_filters_are_applied_before_anything_is_scored_or_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few of the panels with a word a filter allows, they are all found."""
    monkeypatch.setattr(words, "MAX_WORD_CANDIDATES", 5)
    monkeypatch.setattr(words, "_MAX_FREQUENT", 20)
    monkeypatch.setattr(substrings, "MAX_CANDIDATES", 5)
    books = [draw_book(n, [["the dragon sleeps"] * 10]) for n in (1, 2, 3)]
    with filled(tmp_path, books) as library:
        for number in (1, 2, 3):
            book_id = books[number - 1].annotated.book.book_id
            filters = Filters(book_ids=(book_id,))
            for found, n in (
                (library.match_words(WordsQuery(("dragon",)), 10, filters), 10),
                (library.match_substring("ragon sle", 10, filters), 5),
            ):
                records = library.panel_records([panel.row for panel in found])
                assert [record.book_id for record in records] == [book_id] * n


def test_a_word_that_very_many_panels_hold_is_found_all_over_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [["all the night long they talked of it"] * 10 for _ in range(10)]
    books = [draw_book(n, texts) for n in range(6)]
    books[4] = draw_book(4, [*texts[:-1], [*texts[0][:-1], "night, night"]])
    with filled(tmp_path, books) as library:
        monkeypatch.setattr(words, "MAX_WORD_CANDIDATES", 50)
        monkeypatch.setattr(words, "_MAX_FREQUENT", 600)
        found = library.match_words(WordsQuery(("night",)), 600)
        records = library.panel_records([panel.row for panel in found])
        assert len(records) == 600
        assert records[0].text == "night, night"
        monkeypatch.setattr(words, "_MAX_FREQUENT", 40)
        records = library.panel_records(
            [panel.row for panel in library.match_words(WordsQuery(("night",)), 600)]
        )
        assert len(records) == 40
        assert {record.book_id for record in records} == {b.annotated.book.book_id for b in books}
        excluded = WordsQuery(("night",), excluded=("talked",))
        assert len(library.match_words(excluded, 600)) == 1
        beginning = library.match_words(WordsQuery(("nig*",)), 600)
        assert len(beginning) == 40


@given(st.lists(st.booleans(), max_size=40))
def test_scan_returns_the_first_allowed_rows(allowed: list[bool]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (row INTEGER PRIMARY KEY, x)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(i, i / 2) for i in range(60)])
    mask = np.array(allowed, dtype=np.bool_)
    expected = np.flatnonzero(mask)[:7]
    sql = "SELECT row, x FROM t WHERE {allowed} AND ?1 = 'a'"
    rows, scores = fulltext.scan(connection, sql, ("a",), "row", fulltext.Within(mask), 7)
    assert rows.tolist() == expected.tolist()
    assert scores.tolist() == (expected / 2).tolist()
