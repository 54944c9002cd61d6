"""Marking what the words of a query found."""

from __future__ import annotations

import sqlite3
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from longbox.library import MarkedText
from longbox.library.folding import fold
from longbox.retrieval import PanelTerm, WordsTerm, highlight, parse_query
from longbox.retrieval.words import words_query

UGLY = "aé\u0301ßIİｶﾞがか\u3099ﾞ ゙\n\t\x00\u3000한\u1112\u1161\u11ab猫薬ﬁ½Ａ-'ǅ\ud800𠀋"
TEXTS = st.text(max_size=40) | st.text(alphabet=UGLY, max_size=40)


def marks(text: str, query: str) -> list[str]:
    return [text[span.start : span.end] for span in highlight(text, parse_query(query))]


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("The CAT steals the potion!", "cat potion", ["CAT", "potion"]),
        ("Été à la plage", "ete plage", ["Été", "plage"]),
        ("E\u0301te\u0301!", "été", ["E\u0301te\u0301"]),
        ("Die Straße", "strasse", ["Straße"]),
        ("concatenate a cat", "cat", ["cat", "cat"]),
        ("drag the dragon", '"dragon" + "night"', ["dragon"]),
        ("rain on\na roof", "rain on a roof", ["rain on\na roof"]),
        ("Rain. Roof.", "rain on a roof", ["Rain", "Roof"]),
        ("red cape, red hat", '"red cape"', ["red cape"]),
        ("cape red", '"red cape"', []),
        ("猫が薬を\n盗む", "薬を盗む", ["薬を\n盗む"]),
        ("ｶﾞﾗｽ の 靴", "ガラス", ["ｶﾞﾗｽ"]),
        ("DON'T go", "don't", ["DON'T"]),
        ("a cat", "a", ["a"]),
        ("dragon castle", '"dragon" - "castle"', ["dragon"]),
        ("nothing here", "cat", []),
        ("", "cat", []),
    ],
)
def test_found_characters_are_marked(text: str, query: str, found: list[str]) -> None:
    assert marks(text, query) == found


def test_pictures_and_panels_mark_nothing() -> None:
    panel = parse_query("panel:3f2a9c81d0e45b77-0012-03")
    assert isinstance(panel[0], PanelTerm)
    assert highlight("panel 3f2a", panel) == ()
    assert highlight("cat", [WordsTerm("cat", -1.0), *panel]) == ()


def test_beginning_of_a_word_is_found() -> None:
    text = MarkedText("Dragons and a dragonfly, dragon")
    found = [(span.start, span.end) for span in text.find_term("drag*")]
    assert found == [(0, 7), (14, 23), (25, 31)]
    assert [s.start for s in text.find_term("a dragon*")] == [12]


@given(TEXTS)
@example("a \u0301")
def test_folding_by_pieces_is_folding(text: str) -> None:
    assert MarkedText(text).folded == fold(text)


@given(TEXTS, st.lists(st.builds(WordsTerm, TEXTS, st.sampled_from([1.0, -1.0])), max_size=4))
def test_spans_lie_in_the_text_in_order_and_apart(text: str, terms: list[WordsTerm]) -> None:
    spans = highlight(text, terms)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(a.end < b.start for a, b in pairwise(spans))


@given(TEXTS, st.integers(0, 39), st.integers(1, 10))
def test_every_part_of_a_text_is_found_in_it(text: str, start: int, length: int) -> None:
    needle = fold(text)[start : start + length]
    if not fold(needle) or fold(needle) != needle:
        return
    spans = MarkedText(text).find_substring(needle)
    assert spans
    assert all(needle in fold(text[span.start : span.end]) for span in spans)


LATIN = st.text(alphabet="abcé 12'-.\n猫薬が", max_size=30)


@given(LATIN, LATIN)
def test_words_are_those_of_the_index(text: str, query: str) -> None:
    asked = words_query([WordsTerm(query)])
    if asked is None or not fold(text):
        return
    with sqlite3.connect(":memory:") as catalog:
        catalog.execute(
            "CREATE VIRTUAL TABLE w USING fts5 (x, tokenize = 'unicode61 remove_diacritics 2')"
        )
        catalog.execute("INSERT INTO w VALUES (?)", (fold(text),))
        marked = MarkedText(text)
        for term in asked.terms:
            phrase = '"' + fold(term).replace('"', '""') + '"'
            hit = catalog.execute("SELECT 1 FROM w WHERE w MATCH ?", (phrase,)).fetchone()
            assert bool(marked.find_term(term)) == (hit is not None), term


def test_long_text_and_many_words_are_quick() -> None:
    text = "the cat and the dragon " * 2000
    terms = [WordsTerm(f"word{i} cat", 1.0) for i in range(100)]
    assert len(highlight(text, terms)) == 2000
