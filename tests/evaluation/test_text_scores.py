from __future__ import annotations

from longbox.evaluation.text import (
    CharacterScore,
    WordScore,
    score_characters,
    score_searchable,
    score_words,
)
from longbox.geometry import Box

HERE, THERE = Box(0, 0, 100, 20), Box(0, 50, 100, 70)


def test_nothing_true_nothing_missed() -> None:
    assert score_words([], []) == WordScore(0, 0, 0)
    assert WordScore(0, 0, 0).missed == 0.0
    assert CharacterScore(0, 0, 0, 0).error_rate == 0.0


def test_words_are_a_multiset_without_case_or_punctuation() -> None:
    score = score_words(["Oh! Don't, don't go."], ["OH don’t", "GO away"])
    assert (score.n_true, score.n_missed, score.n_extra) == (4, 1, 1)
    assert score.missed == 0.25


def test_japanese_counts_characters() -> None:
    assert score_words(["好奇心だ"], ["好奇だ"]) == WordScore(4, 1, 0)


def test_searchable_forgives_glued_and_short_words() -> None:
    assert score_searchable(["the rest of it"], ["THEREST"]) == WordScore(2, 0, 0)
    assert score_searchable(["the rest"], ["the best"]).missed == 0.5


def test_characters_are_matched_by_place_whatever_the_order() -> None:
    score = score_characters(
        [("Hello you", HERE), ("Good bye", THERE)], [("good bye", THERE), ("Hallo you", HERE)]
    )
    assert (score.n_true, score.n_wrong, score.n_texts, score.n_exact) == (15, 1, 2, 1)


def test_text_that_was_not_found_is_wrong_as_a_whole() -> None:
    assert score_characters([("Hello", HERE)], [("Hello", THERE)]).error_rate == 1.0


def test_a_balloon_in_two_pieces_is_read_but_not_whole() -> None:
    halves = [("left", Box(0, 0, 50, 20)), ("right", Box(50, 1, 100, 20))]
    whole = [("leftright", HERE)]
    for true, found in ((halves, whole), (whole, halves)):
        score = score_characters(true, found)
        assert (score.n_true, score.n_wrong, score.n_exact) == (9, 0, 0)
