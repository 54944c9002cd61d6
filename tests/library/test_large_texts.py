"""What a large library does to be quick with words: samples, and filters inside SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from drawn_books import add, draw_book, filled
from hypothesis import given
from hypothesis import strategies as st

from longbox.library import (
    Filters,
    Library,
    ScoredPanel,
    WordsQuery,
    Writing,
    frequent_words,
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
    monkeypatch.setattr(words, "MAX_FREQUENT", 20)
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
        monkeypatch.setattr(words, "MAX_FREQUENT", 600)
        found = library.match_words(WordsQuery(("night",)), 600)
        records = library.panel_records([panel.row for panel in found])
        assert len(records) == 600
        assert records[0].text == "night, night"
        monkeypatch.setattr(words, "MAX_FREQUENT", 40)
        records = library.panel_records(
            [panel.row for panel in library.match_words(WordsQuery(("night",)), 600)]
        )
        assert len(records) == 40
        assert {record.book_id for record in records} == {b.annotated.book.book_id for b in books}
        excluded = WordsQuery(("night",), excluded=("talked",))
        assert len(library.match_words(excluded, 600)) == 1
        beginning = library.match_words(WordsQuery(("nig*",)), 600)
        assert len(beginning) == 40


def texts_of(library: Library, found: list[ScoredPanel]) -> list[str]:
    return [record.text for record in library.panel_records([panel.row for panel in found])]


@pytest.fixture
def frequent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """Six books of 100 panels with "night"; in the third they also name Miro, all but one."""
    monkeypatch.setattr(words, "MAX_WORD_CANDIDATES", 50)
    monkeypatch.setattr(words, "MAX_FREQUENT", 200)
    books = [draw_book(n, [["all the night long they talked of it"] * 100]) for n in range(6)]
    named = ["in the night, Miro. And nobody else came"] * 98
    books[3] = draw_book(3, [["miro miro", *named, "in the night a dragon"]])
    with filled(tmp_path, books) as library:
        yield library


@pytest.mark.parametrize("terms", [("mirro", "night"), ("night", "dragon"), ("night", "mir*")])
def test_a_rare_or_unknown_word_does_not_hide_what_the_frequent_one_finds(
    frequent: Library, terms: tuple[str, ...]
) -> None:
    found = frequent.match_words(WordsQuery(terms), 150)
    assert len(found) == 150
    if "dragon" in terms:
        assert texts_of(frequent, found)[0] == "in the night a dragon"
    one = frequent.book_ids()[0]
    assert len(frequent.match_words(WordsQuery(terms), 500, Filters(book_ids=(one,)))) == 100


def test_a_frequent_word_of_a_few_books_is_found_there_in_full(frequent: Library) -> None:
    found = frequent.match_words(WordsQuery(("miro",)), 500)
    assert len(found) == 99
    assert texts_of(frequent, found)[0] == "miro miro"
    two = frequent.book_ids()[1:3]
    assert len(frequent.match_words(WordsQuery(("long",)), 500, Filters(book_ids=two))) == 200


def test_a_frequent_phrase_finds_first_what_holds_the_rare_word_too(frequent: Library) -> None:
    query = WordsQuery(("dragon",), required=("the night",))
    assert texts_of(frequent, frequent.match_words(query, 10))[0] == "in the night a dragon"
    assert len(frequent.match_words(query, 500)) == 1 + 200
    newest = frequent.match_words(WordsQuery((), required=("the night",)), 500)
    assert max(panel.row for panel in newest) >= 500
    rare = WordsQuery(("night",), required=("dragon",), excluded=("miro",))
    assert texts_of(frequent, frequent.match_words(rare, 500)) == ["in the night a dragon"]


def test_letters_inside_other_words_are_not_the_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "MAX_WORD_CANDIDATES", 1)
    texts = ["no another know nobody note now", "no, no", "NO - thing at all"]
    with filled(tmp_path, [draw_book(1, [texts])]) as library:
        found = library.match_words(WordsQuery(("no",)), 10)
        assert texts_of(library, found)[0] == "no, no"
        beginning = library.match_words(WordsQuery(("no*",)), 10)
        assert len(beginning) == 3


@given(
    st.lists(st.booleans(), min_size=1, max_size=300),
    st.sets(st.integers(0, 299)),
    st.integers(0, 80),
)
def test_some_are_all_where_no_more_match(
    allowed: list[bool], holders: set[int], limit: int
) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE w USING fts5(folded)")
    texts = [(row, "night" if row in holders else "day") for row in range(300)]
    connection.executemany("INSERT INTO w (rowid, folded) VALUES (?, ?)", texts)
    mask = np.array(allowed, dtype=np.bool_)
    wanted = {row for row in np.flatnonzero(mask).tolist() if row in holders}
    found = [row for row, _ in frequent_words.take(connection, "w", "night", mask, limit)]
    connection.close()
    assert len(found) == len(set(found)) == min(limit, len(wanted))
    assert wanted.issuperset(found)


def test_some_come_from_everywhere() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE w USING fts5(folded)")
    texts = [(row, "night") for row in range(1000)]
    connection.executemany("INSERT INTO w (rowid, folded) VALUES (?, ?)", texts)
    mask = np.ones(1000, dtype=np.bool_)
    mask[100:700] = False
    found = [row for row, _ in frequent_words.take(connection, "w", "night", mask, 40)]
    connection.close()
    per_hundred = np.bincount(np.array(found) // 100, minlength=10)
    assert per_hundred.tolist() == [10, 0, 0, 0, 0, 0, 0, 10, 10, 10]


def test_counts_of_words_do_not_grow_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "_MAX_COUNTS", 20)
    with filled(tmp_path, [draw_book(1, [["one two"]])]) as library:
        counts = words.WordCounts()
        with library._catalog.guarded() as connection:
            for i in range(100):
                found = counts.of(connection, 1, (f"word{i}", "two"))
                assert (found["two"], found[f"word{i}"], found[""]) == (1, 0, 1)
                assert len(found) < 24


@given(st.lists(st.booleans(), max_size=40))
def test_scan_returns_the_first_allowed_rows(allowed: list[bool]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (row INTEGER PRIMARY KEY, x)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(i, i / 2) for i in range(60)])
    mask = np.array(allowed, dtype=np.bool_)
    expected = np.flatnonzero(mask)[:7]
    sql = "SELECT row, x FROM t WHERE {allowed} AND ?1 = 'a'"
    found = fulltext.fetch(connection, sql, ("a",), "row", fulltext.Within(mask), 7)
    rows, scores = fulltext.scored(found)
    assert rows.tolist() == expected.tolist()
    assert scores.tolist() == (expected / 2).tolist()
