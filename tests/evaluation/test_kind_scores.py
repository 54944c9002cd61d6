from __future__ import annotations

import math

import pytest

from longbox.evaluation import score_kinds


def test_nothing_to_tell_apart_has_no_score() -> None:
    assert math.isnan(score_kinds([]).macro_f1)


def test_all_right_is_one_and_all_wrong_is_zero() -> None:
    assert score_kinds([("a", "a"), ("b", "b")]).macro_f1 == 1.0
    assert score_kinds([("a", "b"), ("b", "a")]).macro_f1 == 0.0


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    score = score_kinds([("a", "a"), ("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")])
    precision, recall = 2 / 3, 2 / 3
    assert score.f1["a"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert score.f1["b"] == pytest.approx(0.5)


def test_what_was_not_found_counts_against_its_kind() -> None:
    score = score_kinds([("a", "a"), ("a", None)])
    assert score.f1 == {"a": pytest.approx(2 / 3)}
    assert score.confusion["a", None] == 1


def test_the_mark_to_beat_is_always_answering_the_commonest() -> None:
    pairs = [("a", "x")] * 8 + [("b", "x")] * 2
    always = score_kinds([(true, "a") for true, _ in pairs])
    assert score_kinds(pairs).majority == pytest.approx(always.macro_f1)
