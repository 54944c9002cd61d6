"""Effects are what they are, and where pages of a book are alike nothing is claimed by mistake."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from longbox.analysis.clusters import Level
from longbox.analysis.clusters.contrasts import (
    book_weights,
    cliffs_delta,
    contrast,
    corrected,
    effective,
    is_claim,
    ranked,
)
from planted_units import books_of


def naive_delta(values: np.ndarray, is_inside: np.ndarray) -> float:
    inside, outside = values[is_inside], values[~is_inside]
    pairs = itertools.product(inside, outside)
    return sum(np.sign(a - b) for a, b in pairs) / (inside.size * outside.size)


def test_delta_is_what_all_pairs_say() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 6, 200).astype(float)  # with ties
    is_inside = rng.random(200) < 0.3
    expected = naive_delta(values, is_inside)
    assert cliffs_delta(values, is_inside) == pytest.approx(expected)
    found = contrast(ranked("m", values, books_of(20, 10)), is_inside)
    assert found.level is Level.BOOKS
    assert found.delta == pytest.approx(expected)
    assert found.low < found.delta < found.high


def test_of_what_is_true_or_not_delta_is_the_difference_of_shares() -> None:
    is_inside = np.arange(100) % 4 == 0
    values = np.where(is_inside, np.arange(100) % 8 == 0, np.arange(100) % 5 == 0).astype(float)
    expected = values[is_inside].mean() - values[~is_inside].mean()
    assert cliffs_delta(values, is_inside) == pytest.approx(expected)


def test_what_is_not_known_takes_no_part_and_is_counted() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=200)
    is_inside = np.arange(200) % 3 == 0
    books = books_of(20, 10)
    is_gone = np.arange(200) % 7 == 0
    holes = np.where(is_gone, np.nan, values)
    found = contrast(ranked("m", holes, books), is_inside)
    kept = contrast(ranked("m", values[~is_gone], books[~is_gone]), is_inside[~is_gone])
    assert found.delta == kept.delta
    assert found.p == kept.p
    assert found.n_missing == int((is_gone & is_inside).sum())
    assert found.n_inside + found.n_outside == int((~is_gone).sum())


def drawn_by_book(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a measure and a group that have nothing in common but that both differ by book."""
    book = np.repeat(np.arange(16), rng.integers(8, 30, 16)).astype(np.int32)
    values = rng.normal(size=16)[book] + rng.normal(size=book.size)
    is_inside = rng.random(book.size) < rng.beta(1, 2, 16)[book]
    return values, is_inside, book


def test_measures_of_books_are_not_taken_for_measures_of_groups() -> None:
    rng = np.random.default_rng(2)
    p, naive = [], []
    for _ in range(400):
        values, is_inside, book = drawn_by_book(rng)
        p.append(contrast(ranked("m", values, book), is_inside).p)
        naive.append(mannwhitneyu(values[is_inside], values[~is_inside]).pvalue)
    assert np.mean(np.array(naive) <= 0.05) > 0.2  # what pages taken one by one would claim
    assert np.mean(np.array(p) <= 0.05) < 0.08  # 5 % and three standard errors


def test_a_planted_effect_is_found() -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(20):
        values, is_inside, book = drawn_by_book(rng)
        found.append(contrast(ranked("m", values + 2 * is_inside, book), is_inside))
    assert np.mean([effect.p <= 0.05 for effect in found]) > 0.9
    assert min(effect.delta for effect in found) > 0.3


def test_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(4)
    hits = []
    for _ in range(200):
        book = books_of(14, 16)
        is_inside = rng.random(book.size) < 0.3
        values = 0.5 * rng.normal(size=14)[book] + rng.normal(size=book.size) + is_inside
        effect = contrast(ranked("m", values, book), is_inside)
        # The difference of two such values is normal with mean 1 and variance 2 (1 + .25).
        from scipy.stats import norm

        truth = 2 * norm.cdf(1 / np.sqrt(2.5)) - 1
        hits.append(effect.low <= truth <= effect.high)
    assert np.mean(hits) > 0.9


def test_groups_that_do_not_overlap_are_not_told_from_five_books_for_certain() -> None:
    is_inside = np.arange(100) % 2 == 0
    found = contrast(ranked("m", is_inside.astype(float), books_of(5, 20)), is_inside)
    assert found.delta == 1
    assert 1e-4 < found.p < 0.05
    assert found.low > 0


def test_a_group_of_one_book_is_held_against_that_book_only() -> None:
    rng = np.random.default_rng(5)
    book = books_of(8, 30)
    is_inside = (book == 0) & (np.arange(240) % 2 == 0)
    values = 5.0 * (book == 0) + rng.normal(size=240)  # the book's own
    found = contrast(ranked("m", values, book), is_inside)
    assert found.level is Level.UNITS
    assert abs(found.delta) < 0.35
    assert found.p > 0.05
    assert cliffs_delta(values, is_inside) > 0.5
    told = contrast(ranked("m", values + 2 * is_inside, book), is_inside)
    assert told.p < 0.001


def test_a_whole_book_cannot_be_told_from_others() -> None:
    book = books_of(8, 30)
    found = contrast(ranked("m", (book == 0).astype(float), book), book == 0)
    assert found.delta == 1
    assert np.isnan(found.p)
    assert not is_claim(found.delta, found.p)


def test_within_books_and_one_book_it_is_mann_and_whitneys_test() -> None:
    rng = np.random.default_rng(6)
    values = rng.integers(0, 9, 80).astype(float)
    is_inside = np.arange(80) < 30
    found = contrast(ranked("m", values, np.zeros(80, np.int32)), is_inside)
    expected = mannwhitneyu(
        values[is_inside], values[~is_inside], method="asymptotic", use_continuity=False
    )
    assert found.p == pytest.approx(expected.pvalue)
    assert found.delta == pytest.approx(naive_delta(values, is_inside))


def test_chance_within_books_is_chance() -> None:
    rng = np.random.default_rng(7)
    p = []
    for _ in range(400):
        book = books_of(3, 30)
        values = 3 * rng.normal(size=3)[book] + rng.normal(size=90)
        is_inside = rng.random(90) < np.array([0.8, 0.2, 0.3])[book]
        p.append(contrast(ranked("m", values, book), is_inside).p)
    assert 0.02 < np.mean(np.array(p) <= 0.05) < 0.085


@pytest.mark.parametrize("sizes", [(300, 4, 5, 6, 7, 8), (50, 50, 50, 1, 1, 1), (9, 9, 9, 9, 9)])
def test_no_book_is_more_than_a_fifth(sizes: tuple[int, ...]) -> None:
    counts = np.array([*sizes, 0])
    weighted = counts * book_weights(counts)
    share = weighted.max() / weighted.sum()
    # With one page in a book no weight makes it more; the smallest is never cut.
    assert share <= 0.2 + 1e-9 or weighted.max() == min(sizes)
    assert (np.argsort(weighted[:-1], kind="stable") >= 0).all()
    assert weighted.min() == 0


def test_books_that_are_small_enough_are_not_cut() -> None:
    assert book_weights(np.array([5, 6, 7, 6, 5, 6])).tolist() == [1.0] * 6


def test_two_units_are_too_few_to_tell() -> None:
    is_inside = np.arange(50) < 2
    found = contrast(ranked("m", np.arange(50.0), books_of(10, 5)), is_inside)
    assert np.isnan(found.p)


def test_effective_books() -> None:
    assert effective(np.array([4, 4, 4])) == 3
    assert effective(np.array([100, 1])) == pytest.approx(1.02, abs=0.01)
    assert effective(np.array([0, 0])) == 0


def test_many_tests_are_corrected_together() -> None:
    assert corrected([0.01, float("nan"), 0.04, 0.03])[0] == pytest.approx(0.03)
    assert np.isnan(corrected([0.01, float("nan")])[1])
    assert corrected([]) == []
