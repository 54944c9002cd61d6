"""Scores of reading orders."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longbox.evaluation import PAIRWISE_CHANCE, found_order, given_order, score_order
from longbox.geometry import Box

A, B, C = Box(0, 0, 10, 10), Box(20, 0, 30, 10), Box(0, 20, 10, 30)


@given(st.permutations(list(range(6))))
def test_pairs_agree_with_counting_them_one_by_one(order: list[int]) -> None:
    score = score_order([given_order(order)])
    right = sum(
        order.index(i) < order.index(j) for i in range(len(order)) for j in range(i + 1, len(order))
    )
    assert (score.n_right_pairs, score.n_pairs) == (right, 15)
    assert score.n_exact == (order == sorted(order))


def test_random_orders_score_chance() -> None:
    rng = np.random.default_rng(0)
    score = score_order([given_order([int(i) for i in rng.permutation(4)]) for _ in range(2000)])
    assert score.pairwise == pytest.approx(PAIRWISE_CHANCE, abs=0.02)
    assert score.exact == pytest.approx(score.exact_chance, abs=0.02)
    assert score.exact_chance == pytest.approx(1 / 24)


def test_reversed_order_has_no_right_pair() -> None:
    assert score_order([given_order([2, 1, 0])]).pairwise == 0.0


def test_page_of_one_panel_has_no_pairs_and_is_exact() -> None:
    score = score_order([given_order([0])])
    assert math.isnan(score.pairwise)
    assert score.exact == 1.0


def test_no_pages_have_no_score() -> None:
    assert math.isnan(score_order([]).exact)


def test_not_a_permutation_is_refused() -> None:
    with pytest.raises(ValueError, match="permutation"):
        given_order([0, 0, 1])


def test_missed_panel_keeps_the_page_from_being_exact_end_to_end() -> None:
    score = score_order([found_order([A, C], [A, B, C])])
    assert (score.n_right_pairs, score.n_pairs, score.n_exact) == (1, 1, 0)


def test_swapped_panels_are_a_wrong_pair_end_to_end() -> None:
    score = score_order([found_order([B, A, C], [A, B, C])])
    assert (score.n_right_pairs, score.n_pairs, score.n_exact) == (2, 3, 0)


def test_complete_page_in_order_is_exact_end_to_end() -> None:
    assert score_order([found_order([A, B, C], [A, B, C])]).exact == 1.0


@given(st.permutations(list(range(6))))
def test_transitions_agree_with_looking_who_follows_whom(order: list[int]) -> None:
    score = score_order([given_order(order)])
    kept = sum(b == a + 1 for a, b in itertools.pairwise(order))
    assert (score.n_kept_transitions, score.n_transitions) == (kept, 5)


def test_transition_chance_is_what_random_orders_keep() -> None:
    rng = np.random.default_rng(0)
    score = score_order([given_order(rng.permutation(5).tolist()) for _ in range(4000)])
    assert score.transition == pytest.approx(score.transition_chance, abs=0.02)
    assert score.transition_chance == pytest.approx(0.2)


def test_pages_of_one_text_have_no_transition() -> None:
    assert math.isnan(score_order([]).transition)
    assert math.isnan(score_order([given_order([0])]).transition)
