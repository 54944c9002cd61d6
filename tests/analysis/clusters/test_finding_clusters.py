"""Clusters are found in the space: seeded, for any number, beside books where asked."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from longbox.analysis.clusters import ClusterMethod, ClusterOptions, cluster_units
from longbox.analysis.clusters.fitting import join_density
from longbox.analysis.clusters.preparing import beside, independent_books, prepare
from longbox.book import Direction
from longbox.errors import ConfigError, ModelError
from longbox.library import BookLine
from longbox.vectors import Space, unit
from planted_units import DIMENSIONS, books_of, planted, units_of

HDBSCAN = ClusterMethod.HDBSCAN


def test_planted_kinds_are_found_and_counted() -> None:
    units, _, kind = planted()
    found = cluster_units(units)
    assert found.n_clusters == 4
    assert adjusted_rand_score(kind, found.labels) > 0.95
    assert found.over_seeds.mean > 0.95
    assert found.over_books.mean > 0.9
    assert found.over_books.drawn == "books"
    assert "of 2 to 16" in found.how_chosen


def test_the_largest_cluster_is_the_first() -> None:
    units, _, _ = planted(1)
    counts = np.bincount(cluster_units(units, ClusterOptions(n_clusters=6, n_runs=0)).labels)
    assert (np.diff(counts) <= 0).all()


def test_the_same_seed_gives_the_same_clusters() -> None:
    units, _, _ = planted(2)
    first, again = (cluster_units(units, ClusterOptions(n_runs=2)) for _ in range(2))
    assert (first.labels == again.labels).all()
    assert first.trials == again.trials
    assert np.array_equal(first.jaccard, again.jaccard)


@pytest.mark.parametrize("method", list(ClusterMethod))
@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_few_units_are_no_error(n: int, method: ClusterMethod) -> None:
    units, _, _ = planted()
    found = cluster_units(units.taken(np.arange(n)), ClusterOptions(method))
    assert found.labels.shape == (n,)
    assert found.n_clusters <= 1
    assert np.isnan(found.silhouette)


@pytest.mark.parametrize("method", list(ClusterMethod))
def test_units_that_are_all_the_same_are_one_cluster_at_most(method: ClusterMethod) -> None:
    same = units_of(np.repeat(np.eye(1, 8), 60, axis=0), books_of(6, 10))
    found = cluster_units(same, ClusterOptions(method))
    assert found.n_clusters <= 1


def test_more_clusters_than_different_units_are_not_made() -> None:
    twice = np.repeat(np.eye(3, 8), 20, axis=0)
    found = cluster_units(units_of(twice, books_of(6, 10)), ClusterOptions(n_clusters=9))
    assert found.n_clusters == 3


def test_density_leaves_out_what_lies_between() -> None:
    units, _, kind = planted()
    rng = np.random.default_rng(5)
    stray = unit(rng.normal(size=(30, DIMENSIONS)))
    mixed = units_of(
        np.concatenate([units.vectors, stray]), np.concatenate([units.book, books_of(10, 3)])
    )
    found = cluster_units(mixed, ClusterOptions(HDBSCAN))
    assert found.n_clusters == 4
    assert (found.labels[-30:] == -1).mean() > 0.6
    assert (found.labels[:-30] == -1).mean() < 0.2
    is_in = found.labels[:-30] >= 0
    assert adjusted_rand_score(kind[is_in], found.labels[:-30][is_in]) > 0.95
    assert np.isnan(found.edge[found.labels == -1]).all()
    assert (found.nearest_other[found.labels == -1] == -1).all()


def test_what_density_did_not_see_joins_only_what_is_in_reach() -> None:
    members = np.concatenate([np.zeros((10, 2)), np.full((10, 2), 5.0)]).astype(np.float32)
    members += np.linspace(0, 0.9, 20, dtype=np.float32)[:, None] % 0.5
    labels = np.repeat([0, 1], 10).astype(np.int32)
    joined = join_density(
        np.array([[0.2, 0.2], [5.2, 5.2], [2.5, 2.5]], np.float32), members, labels
    )
    assert joined.tolist() == [0, 1, -1]


@pytest.mark.parametrize("method", list(ClusterMethod))
def test_a_fit_on_a_sample_is_near_to_the_fit_on_all(method: ClusterMethod) -> None:
    units, _, _ = planted(3, n_each=60)
    whole = cluster_units(units, ClusterOptions(method, n_clusters=4, n_runs=0))
    part = cluster_units(units, ClusterOptions(method, n_clusters=4, n_runs=0, most_fitted=200))
    assert part.n_fitted == 200
    is_in = (part.labels >= 0) & (whole.labels >= 0)
    assert is_in.mean() > 0.7
    assert adjusted_rand_score(whole.labels[is_in], part.labels[is_in]) > 0.9


def test_kinds_are_found_beside_books_that_lie_far_apart() -> None:
    units, _, kind = planted(4, book_size=2.5)
    options = ClusterOptions(n_clusters=4, n_runs=0)
    plain = cluster_units(units, options)
    assert adjusted_rand_score(kind, plain.labels) < 0.5
    beside = cluster_units(units, ClusterOptions(n_clusters=4, n_runs=0, beside_books=True))
    assert adjusted_rand_score(kind, beside.labels) > 0.9


def test_composition_is_compared_by_distance_and_not_by_direction() -> None:
    rng = np.random.default_rng(0)
    length = np.repeat([1.0, 3.0], 60)  # the same direction, so that the cosine cannot tell
    vectors = length[:, None] * np.ones((120, 12)) + rng.normal(scale=0.05, size=(120, 12))
    units = units_of(vectors, books_of(12, 10), space=Space.COMPOSITION)
    found = cluster_units(units, ClusterOptions(n_clusters=2, n_runs=0))
    assert adjusted_rand_score(length, found.labels) == 1


def test_distances_and_margins_are_those_of_the_centres() -> None:
    units, _, _ = planted(6)
    found = cluster_units(units, ClusterOptions(n_clusters=4, n_runs=0, most_dimensions=64,
                                                explained=1.0))  # fmt: skip
    centres = np.stack([units.vectors[found.labels == c].mean(axis=0) for c in range(4)])
    far: NDArray[np.floating] = np.linalg.norm(units.vectors[:, None] - centres[None], axis=2)
    own = far[np.arange(units.n), found.labels]
    far[np.arange(units.n), found.labels] = np.inf
    assert np.allclose(found.to_centre, own, atol=1e-4)
    assert (found.nearest_other == far.argmin(axis=1)).all()
    other = far.min(axis=1)
    assert np.allclose(found.edge, (other - own) / np.maximum(other, own), atol=1e-3)


def test_editions_of_a_book_count_as_one() -> None:
    def line(number: int, title: str, language: str) -> BookLine:
        return BookLine(f"{number:016x}", title, "S", None, language, Direction.LTR)

    books = (line(0, "One", "en"), line(1, "One", "fr"), line(2, "Two", "en"), line(3, "Two", "en"))
    units = units_of(np.eye(4, 8), np.arange(4), books=books)
    found = independent_books(units)
    assert found[0] == found[1]
    assert len(set(found.tolist())) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_clusters": 0},
        {"most_clusters": 1},
        {"least_members": 1},
        {"explained": 0.0},
        {"most_fitted": 1},
        {"seed": -1},
        {"most_dimensions": 0},
    ],
)
def test_options_that_mean_nothing_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        ClusterOptions(**wrong)  # type: ignore[arg-type]


def test_clusters_that_do_not_fit_their_units_are_refused() -> None:
    from dataclasses import replace

    units, _, _ = planted()
    found = cluster_units(units, ClusterOptions(n_clusters=2, n_runs=0))
    with pytest.raises(ModelError):
        replace(found, labels=found.labels[1:])
    with pytest.raises(ModelError):
        replace(found, n_clusters=1, jaccard=found.jaccard[:1])


def test_what_is_done_is_told() -> None:
    told: list[str] = []
    units, _, _ = planted()
    cluster_units(units, ClusterOptions(n_runs=2), lambda what, _done, _total: told.append(what))
    assert {"preparing", "trying", "clustering", "stability"} <= set(told)


def test_books_of_mostly_one_kind_are_not_taken_for_that_kind() -> None:
    # A book's mean has its kinds in it: to take that off would put the kinds on top of each other.
    rng = np.random.default_rng(0)
    book = books_of(12, 30)
    share = np.where(book % 2 == 0, 0.85, 0.15)
    kind = (rng.random(book.size) > share).astype(np.int64)
    offsets = unit(rng.normal(size=(12, DIMENSIONS))) * 2.5
    vectors = np.eye(2, DIMENSIONS)[kind] + offsets[book]
    units = units_of(
        vectors + rng.normal(scale=0.15, size=vectors.shape), book, space=Space.COMPOSITION
    )
    options = ClusterOptions(n_clusters=2, n_runs=0, beside_books=True)
    prepared = prepare(units, options)
    gaps = []
    for points in (prepared.points, beside(prepared, units.book, 2, 0).points):
        middles = [points[kind == one].mean(axis=0) for one in (0, 1)]
        gaps.append(float(np.linalg.norm(middles[0] - middles[1])))
    assert gaps[0] < 0.8 < 1.1 < gaps[1]  # planted: 1.41
    assert adjusted_rand_score(kind, cluster_units(units, options).labels) > 0.9
