"""What comes again on other books is called stable, what does not is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from longbox.analysis.clusters import ClusterMethod, ClusterOptions, Verdict, cluster_units
from longbox.analysis.clusters.fitting import fit_k_means, nearest_centres
from longbox.analysis.clusters.stability import best_jaccards, runs_over_books
from longbox.analysis.clusters.values import verdict_of
from longbox.vectors import unit
from planted_units import DIMENSIONS, books_of, planted, units_of


def fit(points: NDArray[np.float32], seed: int) -> NDArray[np.int32]:
    return nearest_centres(points, fit_k_means(points, 4, seed))


def test_planted_clusters_are_stable() -> None:
    units, _, _ = planted()
    found = cluster_units(units)
    assert [found.verdict(number) for number in range(4)] == [Verdict.STABLE] * 4


def test_noise_that_is_cut_up_is_not_stable() -> None:
    rng = np.random.default_rng(0)
    units = units_of(unit(rng.normal(size=(240, DIMENSIONS))), books_of(12, 20))
    found = cluster_units(units, ClusterOptions(n_clusters=6))
    assert found.over_books.mean < 0.5
    assert Verdict.STABLE not in [found.verdict(number) for number in range(6)]


def test_without_runs_nothing_is_said_of_stability() -> None:
    units, _, _ = planted()
    found = cluster_units(units, ClusterOptions(n_clusters=4, n_runs=0))
    assert np.isnan(found.jaccard).all()
    assert np.isnan(found.over_books.mean)
    assert found.verdict(0) is Verdict.UNKNOWN


def test_density_has_no_random_start_to_compare() -> None:
    units, _, _ = planted()
    found = cluster_units(units, ClusterOptions(ClusterMethod.HDBSCAN, n_runs=3))
    assert np.isnan(found.over_seeds.mean)
    assert found.over_books.mean > 0.9


def test_whole_books_are_drawn() -> None:
    units, _, _ = planted(n_books=10)
    for run in runs_over_books(units.vectors, units.book, fit, 5, 0):
        is_seen = run != -2
        assert np.unique(units.book[is_seen]).size == 8
        assert not np.isin(units.book[~is_seen], units.book[is_seen]).any()


def test_below_five_books_units_are_drawn() -> None:
    units, _, _ = planted(n_books=3)
    found = cluster_units(units, ClusterOptions(n_clusters=4, n_runs=3))
    assert found.over_books.drawn == "units"
    for run in runs_over_books(units.vectors, units.book, fit, 3, 0):
        assert (run != -2).sum() == round(0.8 * units.n)


def test_jaccard_is_what_hennig_says() -> None:
    labels = np.array([0, 0, 0, 1, 1, -1], np.int32)
    run = np.array([5, 5, 4, 4, -2, 4], np.int32)
    # 0 is {0, 1, 2}: with 5 = {0, 1} 2/3, with 4 = {2, 3, 5} 1/5. 1 is {3} here: with 4, 1/3.
    assert best_jaccards(labels, [run], 2).tolist() == pytest.approx([2 / 3, 1 / 3])


def test_a_cluster_that_a_fit_did_not_see_did_not_come_again() -> None:
    labels = np.array([0, 0, 1, 1], np.int32)
    runs = [np.array([0, 0, -2, -2], np.int32), np.array([0, 0, 1, 1], np.int32)]
    assert best_jaccards(labels, runs, 2).tolist() == [1.0, 0.5]


def test_a_run_of_noise_only_has_nothing() -> None:
    labels = np.array([0, 0], np.int32)
    assert best_jaccards(labels, [np.array([-1, -1], np.int32)], 1).tolist() == [0.0]


@pytest.mark.parametrize(
    ("jaccard", "word"),
    [(0.49, "dissolved"), (0.5, "unsure"), (0.74, "unsure"), (0.75, "stable"), (1.0, "stable")],
)
def test_thresholds_in_words(jaccard: float, word: str) -> None:
    assert verdict_of(jaccard).value == word
