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


def test_what_was_not_found_is_kept_apart_from_what_was_misread() -> None:
    score = score_characters([("Hello", HERE), ("abcd", THERE)], [("Hallo", HERE)])
    assert (score.n_true, score.n_wrong, score.n_unmatched) == (9, 5, 4)
    assert score.matched_error_rate == 0.2
    assert score.unmatched == 4 / 9
    assert (score + score).n_unmatched == 8
    assert CharacterScore(0, 0, 0, 0).matched_error_rate == 0.0
    assert score_characters([("Hello", HERE)], []).matched_error_rate == 0.0


def test_a_logo_behind_a_title_is_extra_and_not_misread() -> None:
    logo = ("Pepper & Carrot", HERE.expand(30))
    assert score_characters([("Episode one", HERE)], [logo, ("Episode one", HERE)]).n_wrong == 0
    assert score_characters([("Episode one", HERE)], [logo]).error_rate > 0.5


def test_pieces_at_one_place_may_be_in_either_order() -> None:
    true = [("second", Box(0, 0, 50, 20)), ("first", Box(0, 2, 50, 22))]
    assert score_characters(true, [("firstsecond", Box(0, 0, 50, 22))]).n_wrong > 0
    assert score_characters(true, [("secondfirst", Box(0, 0, 50, 22))]).n_wrong == 0
