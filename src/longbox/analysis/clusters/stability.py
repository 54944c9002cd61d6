"""Whether clusters come again: from other starting points, and on other books.

- Over seeds: k-means from other starting points on the same units. HDBSCAN has no random start.
- Over books: fits on four fifths of the books each. Books are drawn, not units: a cluster that is
  one book, or that hangs on a few, must be seen to come and go. Below five books units are drawn.

How far two fits agree is the adjusted Rand index on the units that both have. How far a cluster
comes again is its best Jaccard index in each fit, averaged (Hennig, Cluster-wise assessment of
cluster stability, 2007); where a fit has none of its members, it did not come again: 0. Below .5
it dissolves, below .75 it is unsure, else it is stable.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.clusters.fitting import NOISE, Labels, Points
from longbox.analysis.clusters.values import Agreement

DRAWN_SHARE: Final = 0.8
LEAST_BOOKS: Final = 5
UNKNOWN: Final = Agreement(0, float("nan"), float("nan"), "nothing")
_ABSENT: Final = -2

Fit = Callable[[Points, int], Labels]
"""Points and a seed become labels."""


def agreement_over_seeds(points: Points, fit: Fit, n_runs: int, seed: int) -> Agreement:
    """Fit the same points from other starting points, and compare."""
    if n_runs < 2 or len(points) < 2:
        return UNKNOWN
    return _agreement([fit(points, seed + 1 + run) for run in range(n_runs)], "starting points")


def runs_over_books(
    points: Points, books: NDArray[np.int32], fit: Fit, n_runs: int, seed: int
) -> list[Labels]:
    """Fit four fifths of the books again and again; -2 marks units that a fit did not see.

    Args:
        points: float32 (N, d).
        books: A number for each unit's book, int32 (N,).
        fit: Points and a seed become labels.
        n_runs: How often.
        seed: For the draws and the fits.
    """
    rng = np.random.default_rng([seed, 1])
    names = np.unique(books)
    drawn_from = books if names.size >= LEAST_BOOKS else np.arange(len(points))
    pool = np.unique(drawn_from)
    n_drawn = max(1, round(DRAWN_SHARE * pool.size))
    runs = []
    for run in range(n_runs if len(points) else 0):
        is_drawn = np.isin(drawn_from, rng.choice(pool, n_drawn, replace=False))
        labels = np.full(len(points), _ABSENT, dtype=np.int32)
        labels[is_drawn] = fit(points[is_drawn], seed + run)
        runs.append(labels)
    return runs


def agreement_over_books(runs: list[Labels], books: NDArray[np.int32]) -> Agreement:
    """Compare fits on other books with each other."""
    if len(runs) < 2:
        return UNKNOWN
    return _agreement(runs, "books" if np.unique(books).size >= LEAST_BOOKS else "units")


def best_jaccards(labels: Labels, runs: list[Labels], n_clusters: int) -> NDArray[np.float64]:
    """Return how far each cluster comes again in each fit, averaged, float64 (C,)."""
    if not runs:
        return np.full(n_clusters, np.nan)
    found = np.zeros((len(runs), n_clusters))
    for at, run in enumerate(runs):
        is_there = run != _ABSENT
        here, again = labels[is_there], run[is_there]
        n_again = int(again.max(initial=NOISE)) + 1
        if n_again == 0:
            continue
        both = np.zeros((n_clusters, n_again))
        is_clustered = (here != NOISE) & (again != NOISE)
        np.add.at(both, (here[is_clustered], again[is_clustered]), 1)
        n_here = np.bincount(here[here != NOISE], minlength=n_clusters)
        n_there = np.bincount(again[again != NOISE], minlength=n_again)
        either = n_here[:, None] + n_there[None, :] - both
        found[at] = (both / np.maximum(either, 1)).max(axis=1)
    means: NDArray[np.float64] = found.mean(axis=0)
    return means


def _agreement(runs: list[Labels], drawn: str) -> Agreement:
    from sklearn.metrics import adjusted_rand_score

    scores = []
    for a, b in combinations(runs, 2):
        is_common = (a != _ABSENT) & (b != _ABSENT)
        if is_common.any():
            scores.append(float(adjusted_rand_score(a[is_common], b[is_common])))
    if not scores:
        return UNKNOWN
    return Agreement(len(runs), float(np.mean(scores)), min(scores), drawn)
