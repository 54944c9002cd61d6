"""Do these books form a cluster?

What is asked about is a set of works (three zombie series, say), and the question is whether they
are nearer to one another than to the rest of the shelf. So a point is a work, the mean of the units
of its books, and the effect is the mean silhouette of the set's works against all others
(Rousseeuw, 1987; cosine distance, or Euclidean where the space is). Were books the points, a series
would form a cluster by being one artist's.

The permutation test draws as many works from the shelf. A set of one work is asked book by book,
and the answer says no more than that a series is like itself; fewer than 20 possible sets cannot
tell anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts.comparing import Comparable, comparable, level_of, part_of
from longbox.analysis.concepts.matrix import checked
from longbox.analysis.concepts.values import FEWEST_ARRANGEMENTS, Concept, Level
from longbox.analysis.units import Units
from longbox.errors import QueryError
from longbox.vectors import unit

N_SETS = 1999


@dataclass(frozen=True, slots=True)
class BookCluster:
    """Whether some books form a cluster.

    Attributes:
        silhouette: Mean over the set's works (or books), -1 to 1; None where it is one point.
        expected: Mean of random sets.
        p: One-sided; None where it cannot be told.
        q: After Benjamini-Hochberg over all sets that were asked about at once.
        points: What a point is: "work" or "book".
        n: Points of the set.
        n_rest: Points of the rest.
        n_arrangements: Sets of as many points, at most 1e18.
        verdict: In words.
    """

    name: str
    silhouette: float | None
    expected: float | None
    p: float | None
    q: float | None
    points: str
    n: int
    n_rest: int
    n_arrangements: float
    verdict: str


def form_clusters(
    units: Units, sets: Sequence[Concept], *, seed: int = 0, n_draws: int = N_SETS
) -> tuple[BookCluster, ...]:
    """Test sets of whole books, each against all the rest of the shelf.

    Args:
        units: Of one space.
        sets: Whole books each (by series, title, book, genre ...).
        seed: Of the draws.
        n_draws: Random sets for each.

    Raises:
        QueryError: There is no set, or one is not of whole books.
    """
    checked(units, sets, fewest=1)
    shelf = comparable(units)
    for one in sets:
        if level_of(shelf, part_of(shelf, one.members)) is not Level.BOOKS:
            raise QueryError(
                f"{one.name}: not whole books; choose it by series:, title:, book: or genre:"
            )
    streams = np.random.default_rng(seed).spawn(len(sets))
    found = [_test(shelf, one, rng, n_draws) for one, rng in zip(sets, streams, strict=True)]
    told = [one.p for one in found if one.p is not None]
    if not told:
        return tuple(found)
    from scipy.stats import false_discovery_control

    q = iter(false_discovery_control(told).tolist())
    return tuple(one if one.p is None else _judged(one, next(q)) for one in found)


def _test(shelf: Comparable, one: Concept, rng: np.random.Generator, n_draws: int) -> BookCluster:
    points, is_own, what = _points(shelf, one)
    n, n_all = int(is_own.sum()), len(points)
    n_arrangements = float(min(comb(n_all, n), 10**18))
    is_possible = n > 1 and n_all > n
    is_told = is_possible and n_arrangements >= FEWEST_ARRANGEMENTS
    value: float | None = None
    expected = p = None
    if is_possible:
        distances = _distances(points, is_cosine=shelf.is_cosine)
        value = float(silhouettes(distances, is_own[None])[0])
        if is_told:
            chosen = np.stack([rng.permutation(is_own) for _ in range(n_draws)])
            random = silhouettes(distances, chosen)
            expected = float(random.mean())
            p = float((1 + (random >= value - 1e-9).sum()) / (1 + n_draws))
    return BookCluster(
        name=one.name,
        silhouette=value,
        expected=expected,
        p=p,
        q=None,
        points=what,
        n=n,
        n_rest=n_all - n,
        n_arrangements=n_arrangements,
        verdict="cannot be told (too few works and books)",
    )


def silhouettes(distances: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean silhouette of the chosen points of every row, against the others.

    The same as the mean of scikit-learn's `silhouette_samples` over them, for many sets at once.

    Args:
        distances: Between points, float64 (P, P).
        chosen: Sets of at least two points, bool (R, P).
    """
    n = chosen.sum(axis=1, keepdims=True)
    inside = chosen.astype(np.float64) @ distances  # (R, P)
    outside = distances.sum(axis=1) - inside
    a, b = inside / (n - 1), outside / (len(distances) - n)
    widest = np.maximum(a, b)
    values = np.divide(b - a, widest, out=np.zeros_like(a), where=widest > 0)
    means: NDArray[np.float64] = (values * chosen).sum(axis=1) / n[:, 0]
    return means


def _points(shelf: Comparable, one: Concept) -> tuple[NDArray[np.float32], NDArray[np.bool_], str]:
    """Return a mean vector for each work, or for each book where the set is one work."""
    books = part_of(shelf, one.members).books
    own = np.zeros(len(shelf.sizes), dtype=np.bool_)
    own[books] = True
    groups, what = shelf.works, "work"
    if len(np.unique(groups[own])) < 2:
        groups, what = np.arange(len(shelf.sizes)), "book"
    mine, rest = np.unique(groups[own]), np.setdiff1d(groups[~own], groups[own])
    points = [_mean(shelf, own & (groups == group)) for group in mine]
    points += [_mean(shelf, groups == group) for group in rest]
    stacked = np.stack(points)
    is_own = np.arange(len(points)) < mine.size
    return (unit(stacked) if shelf.is_cosine else stacked), is_own, what


def _mean(shelf: Comparable, is_book: NDArray[np.bool_]) -> NDArray[np.float32]:
    sizes = shelf.sizes[is_book].astype(np.float32)
    mean: NDArray[np.float32] = (sizes @ shelf.means[is_book]) / sizes.sum()
    return mean


def _distances(points: NDArray[np.float32], *, is_cosine: bool) -> NDArray[np.float64]:
    from scipy.spatial.distance import pdist, squareform

    metric = "cosine" if is_cosine else "euclidean"
    flat = pdist(points.astype(np.float64), metric)
    square: NDArray[np.float64] = squareform(flat, checks=False)
    return square


def _judged(one: BookCluster, q: float) -> BookCluster:
    from dataclasses import replace

    verdict = "a cluster" if q <= 0.05 else "not told apart from chance"
    if q <= 0.05 and one.points == "book":
        verdict = "a cluster (of one work: it is like itself)"
    return replace(one, q=q, verdict=verdict)
