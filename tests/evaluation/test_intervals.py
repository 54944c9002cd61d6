"""Intervals around shares."""

from __future__ import annotations

import math

import numpy as np

from longbox.evaluation import interval


def test_no_samples_have_no_interval() -> None:
    found = interval(np.array([]), np.array([]))
    assert math.isnan(found.low)
    assert (found.by, found.n_units) == ("sample", 0)


def test_one_sample_says_nothing() -> None:
    found = interval(np.array([1.0]), np.array([0]))
    assert (found.low, found.high) == (0.0, 1.0)


def test_all_right_still_leaves_doubt() -> None:
    found = interval(np.ones(10), np.zeros(10))
    assert 0.65 < found.low < 0.8  # Wilson for 10 of 10: 0.72
    assert found.high == 1.0


def test_fewer_than_five_books_draw_samples_and_say_so() -> None:
    values = np.tile([0.0, 1.0], 20)
    assert interval(values, np.arange(40) % 4).by == "sample"
    assert interval(values, np.arange(40) % 5).by == "book"


def test_samples_that_agree_within_books_widen_the_interval() -> None:
    books = np.repeat(np.arange(10), 20)
    agreeing = (books % 2).astype(np.float64)
    mixed = (np.arange(200) % 2).astype(np.float64)
    a, b = interval(agreeing, books), interval(mixed, np.arange(200))
    assert a.high - a.low > 3 * (b.high - b.low)


def test_weights_count_as_repeated_samples() -> None:
    values, books = np.array([1.0, 0.0, 1.0, 0.0, 1.0, 1.0]), np.arange(6)
    weights = np.array([1, 3, 2, 1, 5, 2])
    weighted = interval(values, books, weights=weights)
    repeated = interval(np.repeat(values, weights), np.repeat(books, weights))
    assert (weighted.low, weighted.high) == (repeated.low, repeated.high)


def test_same_seed_gives_same_interval_and_nothing_depends_on_the_numbers_of_books() -> None:
    values = np.random.default_rng(1).random(60)
    books = np.arange(60) % 7
    assert interval(values, books, seed=3) == interval(values, books + 100, seed=3)
    assert interval(values, books, seed=3) != interval(values, books, seed=4)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Books differ (deviation .15 around .5); 95 % intervals of 12 books hold .5 in 90 to 99 %."""
    rng = np.random.default_rng(0)
    books = np.repeat(np.arange(12), 15)
    held = 0
    n_trials = 300
    for trial in range(n_trials):
        skill = np.clip(rng.normal(0.5, 0.15, 12), 0, 1)
        values = (rng.random(180) < skill[books]).astype(np.float64)
        held += interval(values, books, seed=trial).holds(0.5)
    assert 0.90 <= held / n_trials <= 0.99


def test_drawing_samples_of_the_same_books_would_promise_too_much() -> None:
    rng = np.random.default_rng(0)
    books = np.repeat(np.arange(12), 15)
    held = 0
    for trial in range(200):
        skill = np.clip(rng.normal(0.5, 0.25, 12), 0, 1)
        values = (rng.random(180) < skill[books]).astype(np.float64)
        held += interval(values, np.arange(180), seed=trial).holds(0.5)
    assert held / 200 < 0.85
