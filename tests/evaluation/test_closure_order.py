"""Scores of orders made from pairs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from drawn_features import PICTURES, book, shuffled
from longbox.errors import ModelError
from longbox.evaluation import given_order, score_order, score_orders, total_order
from longbox.tasks import Choice, Corpus, Shown, Shuffled


@dataclass(frozen=True, slots=True)
class Fixed:
    matrix: Callable[[Shuffled], NDArray[np.float64]]
    name: str = "fixed"

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[NDArray[np.float32]]:
        raise NotImplementedError

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[NDArray[np.float32]]:
        del corpus
        return [np.asarray(self.matrix(s), np.float32) for s in samples]


def true_pairs(sample: Shuffled) -> NDArray[np.float64]:
    places = np.array(sample.places)
    return (places[:, None] < places[None, :]).astype(np.float64)


ORACLE = Fixed(true_pairs)
CONSTANT = Fixed(lambda s: np.full((len(s.panels),) * 2, 0.5))


def test_no_samples_make_no_rows() -> None:
    assert score_orders(ORACLE, [book()], []).rows == ()


def test_oracle_is_exact_and_its_opposite_is_all_wrong() -> None:
    samples = [shuffled(p) for p in ([2, 0, 1], [0, 1, 2, 3], [3, 1, 0, 2, 4])]
    row = score_orders(ORACLE, [book()], samples).rows[0]
    figures = [m.value for m in (row.pairwise, row.transition, row.exact, row.tau)]
    assert figures == [1.0, 1.0, 1.0, 1.0]
    opposite = Fixed(lambda s: 1 - true_pairs(s))
    row = score_orders(opposite, [book()], samples).rows[0]
    figures = [m.value for m in (row.pairwise, row.transition, row.exact, row.tau)]
    assert figures == [0.0, 0.0, 0.0, -1.0]


def test_constant_scorer_gets_chance_although_the_list_is_in_order() -> None:
    samples = [shuffled(range(n)) for n in (2, 3, 5, 6)]
    row = score_orders(CONSTANT, [book()], samples).rows[0]
    for measure in (row.pairwise, row.transition, row.exact, row.tau):
        assert measure.value == pytest.approx(measure.chance)
    assert row.exact.chance == pytest.approx(np.mean([1 / math.factorial(n) for n in (2, 3, 5, 6)]))
    assert row.transition.chance == pytest.approx((1 / 2 + 2 / 3 + 4 / 5 + 5 / 6) / 12)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_measures_of_a_clear_order_agree_with_the_page_score(order: tuple[int, ...]) -> None:
    """An order is a list of panels; `score_order` counts on places, this on pairs."""
    rank = np.argsort(order)
    scorer = Fixed(lambda _: (rank[:, None] < rank[None, :]).astype(np.float64))
    row = score_orders(scorer, [book()], [shuffled(range(4))]).rows[0]
    page = score_order([given_order(order)])
    assert row.pairwise.value == pytest.approx(page.pairwise)
    assert row.transition.value == pytest.approx(page.transition)
    assert row.exact.value == page.exact
    assert row.tau.value == pytest.approx(2 * page.pairwise - 1)


def test_ties_are_scored_as_the_mean_over_all_their_orders() -> None:
    """Panels 1 and 2 tie between 0 and 3; compared with both ways of reading them."""
    level = np.array([0, 1, 1, 2])
    tied = Fixed(lambda _: (np.sign(level[None, :] - level[:, None]) + 1) / 2)
    row = score_orders(tied, [book()], [shuffled(range(4))]).rows[0]
    pages = [score_order([given_order(o)]) for o in ([0, 1, 2, 3], [0, 2, 1, 3])]
    assert row.exact.value == pytest.approx(np.mean([p.exact for p in pages]))
    assert row.transition.value == pytest.approx(np.mean([p.transition for p in pages]))
    assert row.pairwise.value == pytest.approx(np.mean([p.pairwise for p in pages]))


def test_total_order_settles_a_circle_by_how_clear_its_pairs_are() -> None:
    """0 before 1 before 2 before 0, the last one hardly."""
    matrix = np.array([[0, 0.9, 0.4], [0.1, 0, 0.9], [0.6, 0.1, 0]])
    assert total_order(matrix) == [[0], [1], [2]]
    assert total_order(np.full((3, 3), 0.5)) == [[0, 1, 2]]
    assert total_order(np.zeros((1, 1))) == [[0]]


def test_diagonal_says_nothing() -> None:
    noisy = Fixed(lambda s: true_pairs(s) + np.diag([np.nan, 1e9, -5.0]))
    row = score_orders(noisy, [book()], [shuffled([2, 0, 1])]).rows[0]
    assert (row.pairwise.value, row.exact.value) == (1.0, 1.0)


def test_pairs_are_pooled_over_samples_of_different_length() -> None:
    long, short = shuffled(range(6)), shuffled(range(2))
    right_on_long = Fixed(
        lambda s: true_pairs(s) if len(s.panels) == 6 else 1 - true_pairs(s), "long"
    )
    row = score_orders(right_on_long, [book()], [long, short]).rows[0]
    assert row.pairwise.value == pytest.approx(15 / 16)


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (shuffled([0]), "two or more"),
        (Shuffled((Shown(0, 1, PICTURES),) * 2, (0, 1)), "each once"),
        (Shuffled((Shown(0, 1, PICTURES), Shown(0, 2, PICTURES)), (0, 2)), "no order"),
        (shuffled(range(7)), "no panel 6"),
    ],
)
def test_samples_that_ask_nothing_are_refused(sample: Shuffled, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        score_orders(ORACLE, [book()], [sample])


@pytest.mark.parametrize("matrix", [np.zeros((2, 2)), np.full((3, 3), np.nan)])
def test_wrong_matrices_are_errors(matrix: NDArray[np.float64]) -> None:
    with pytest.raises(ModelError, match="sample 1"):
        score_orders(Fixed(lambda _: matrix), [book()], [shuffled([2, 0, 1])])
