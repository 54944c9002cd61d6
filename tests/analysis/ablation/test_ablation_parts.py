"""Fast ways against plain ones: neighbours, shares from sums, orders within books."""

from __future__ import annotations

import numpy as np
import pytest

from longbox.analysis.ablation.carrying import hold_out, predict
from longbox.analysis.ablation.dealing import moved_round
from longbox.analysis.ablation.moments import Taken, draw_books
from longbox.analysis.ablation.neighbours import nearest_units, own_book_share
from longbox.vectors import Metric, unit

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("metric", [Metric.COSINE, Metric.EUCLIDEAN])
@pytest.mark.parametrize("own_book", [True, False])
def test_nearest_are_those_of_sklearn(metric: Metric, own_book: bool) -> None:
    from sklearn.metrics import pairwise_distances

    points = RNG.standard_normal((60, 5)).astype(np.float32)
    points = unit(points) if metric is Metric.COSINE else points
    book = np.repeat(np.arange(6), 10)
    apart = pairwise_distances(points)
    np.fill_diagonal(apart, np.inf)
    if not own_book:
        apart[book[:, None] == book] = np.inf
    found = nearest_units(points, metric, 4, book, own_book=own_book)
    for row, near in enumerate(found):
        assert set(near) == set(np.argsort(apart[row])[:4])


def test_a_unit_with_too_few_others_has_no_neighbours() -> None:
    points = RNG.standard_normal((12, 3)).astype(np.float32)
    book = np.array([0] * 9 + [1] * 3)
    found = nearest_units(points, Metric.EUCLIDEAN, 4, book, own_book=False)
    assert (found[:9] == -1).all()  # only three pages of the other book
    assert (found[9:] >= 0).all()
    assert (nearest_units(points[:3], Metric.EUCLIDEAN, 4, book[:3], own_book=True) == -1).all()
    share, _ = own_book_share(np.full((3, 4), -1, np.int32), book[:3])
    assert np.isnan(share.value)


def test_shares_from_sums_are_those_of_a_regression_with_columns_for_books() -> None:
    n, n_books = 90, 9
    book = np.sort(RNG.integers(0, n_books, n))
    book = np.unique(book, return_inverse=True)[1]
    work = book // 3
    columns = RNG.standard_normal((n, 4))
    vectors = RNG.standard_normal((n, 3)) + columns[:, :1] + RNG.standard_normal((9, 3))[book]
    drawn = RNG.multinomial(book.max() + 1, np.full(book.max() + 1, 1 / (book.max() + 1)), 3)
    weights = np.concatenate([np.ones((1, book.max() + 1)), drawn])
    draws = draw_books(columns, vectors, book, work, weights.astype(float))
    places = np.array([0, 2])
    for k, weight in enumerate(weights):
        copies = [np.flatnonzero(book == b) for b, w in enumerate(weight) for _ in range(int(w))]
        at = np.concatenate(copies)
        own = np.repeat(np.arange(len(copies)), [len(c) for c in copies])
        for taken, means in (
            (Taken.ALL, np.zeros(at.size, int)),
            (Taken.BOOK, own),
            (Taken.WORK, work[at]),
        ):
            dummies = (means[:, None] == np.unique(means)).astype(float)
            x = np.hstack([dummies, columns[at][:, places]])
            y = vectors[at]
            rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
            free = at.size - np.linalg.matrix_rank(x)
            total = ((y - y.mean(axis=0)) ** 2).sum() / (at.size - 1)
            expected = 1 - (rest**2).sum() / free / total
            assert draws.share(taken, places)[k] == pytest.approx(expected)


def test_units_are_moved_round_within_their_book_and_keep_their_neighbours() -> None:
    book = np.repeat([0, 1, 2], [7, 1, 5])
    orders = {tuple(moved_round(book, np.random.default_rng(seed))) for seed in range(40)}
    assert len(orders) > 20
    for order in orders:
        assert sorted(order) == list(range(13))
        assert (book[list(order)] == book).all()
        steps = np.diff(np.array(order)[book == 0]) % 7
        assert set(steps) in ({1}, {6})


def test_a_held_out_share_is_that_of_a_plain_regression_where_everything_counts() -> None:
    n = 300
    book = np.repeat(np.arange(30), 10)
    work = book // 3
    columns = RNG.standard_normal((n, 3))
    vectors = columns @ RNG.standard_normal((3, 6)) + 0.5 * RNG.standard_normal((n, 6))
    held = hold_out(book, work, 5)
    assert held is not None
    assert held.of == "work"
    found = predict([columns], vectors, held)
    for fold in range(5):
        test = held.fold == fold
        assert not set(work[test]) & set(work[~test])
        x = np.c_[np.ones(n), columns]
        weights = np.linalg.lstsq(x[~test], vectors[~test], rcond=None)[0]
        plain = ((vectors[test] - x[test] @ weights) ** 2).sum()
        assert found.errors[test].sum() == pytest.approx(plain, rel=0.02)
    assert found.share(0).low > 0.7


def test_columns_that_mislead_are_left_out() -> None:
    book = np.repeat(np.arange(24), 8)
    columns = RNG.standard_normal((192, 6))
    turned = np.where(book % 2 == 0, 1.0, -1.0)[:, None]  # holds within a book, never across
    vectors = turned * columns @ RNG.standard_normal((6, 4))
    held = hold_out(book, book, 5)
    assert held is not None
    assert predict([columns], vectors, held).share(0).value > -0.05


def test_two_books_are_too_few_to_hold_one_out() -> None:
    book = np.repeat([0, 1], 10)
    assert hold_out(book, book, 5) is None
    three = hold_out(np.repeat([0, 1, 2], 5), np.zeros(15, int), 5)
    assert three is not None
    assert three.of == "book"
