"""Intervals around a share: how far it could be off by the luck of which books were drawn.

Bootstrap over books: samples of one book share its artist, its letterer and its jokes, so ten
samples of one book say less than ten of ten. Books are drawn with replacement, each with all its
samples; below five books there is nothing to draw from, samples are drawn, and the interval says
so in `by`: it is then too narrow for a claim about other books.

Two corrections that a plain percentile bootstrap lacks. With few units it is too narrow; the
percentiles are widened as Hesterberg gives it (What Teachers Should Know About the Bootstrap,
2015, "expanded percentile"): Phi(-sqrt(n / (n - 1)) t) in place of 2.5 %. And where every unit has
the same share (ten of ten right) drawing again finds no doubt at all: then it is Wilson's score
interval over the units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEWEST_BOOKS = 5
LEVEL = 0.95
_N_DRAWS = 2000
_MOST_DRAWN_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval.

    Attributes:
        low, high: nan where there is no sample.
        by: What was drawn: "book" or "sample".
        n_units: How many of them there are.
    """

    low: float
    high: float
    by: str
    n_units: int

    def holds(self, value: float) -> bool:
        """Say whether a value lies inside."""
        return self.low <= value <= self.high


def interval(
    values: NDArray[Any],
    books: NDArray[Any],
    *,
    weights: NDArray[Any] | None = None,
    bounds: tuple[float, float] = (0.0, 1.0),
    seed: int = 0,
) -> Interval:
    """Bootstrap the weighted mean of values that belong to books.

    Args:
        values: One a sample, (S,).
        books: The book of each sample, any integers (S,).
        weights: How much each sample counts, (S,); all the same when None.
        bounds: What the mean can be at most; (0, 1) is a share, (-1, 1) a difference of shares.
        seed: Of the draws.

    Returns:
        The interval; as wide as the bounds where there is only one unit to draw.
    """
    weight = np.ones(len(values)) if weights is None else np.asarray(weights, np.float64)
    kept = weight > 0
    value, weight, books = np.asarray(values, np.float64)[kept], weight[kept], books[kept]
    n_books = len(np.unique(books))
    by = "book" if n_books >= FEWEST_BOOKS else "sample"
    sums, weights_of = _units(value, weight, books if by == "book" else np.arange(len(value)))
    n = len(sums)
    if n == 0:
        return Interval(float("nan"), float("nan"), by, 0)
    if n == 1:
        return Interval(*bounds, by, 1)
    shares = sums / weights_of
    if np.ptp(shares) < 1e-12:
        mean = float(shares[0])
        low, high = _wilson(mean, n) if bounds == (0.0, 1.0) else (mean, mean)
        return Interval(low, high, by, n)
    means = _draw(sums, weights_of, seed)
    tail = expanded_tail(n)
    low, high = np.quantile(means, (tail, 1 - tail))
    return Interval(max(float(low), bounds[0]), min(float(high), bounds[1]), by, n)


def _units(
    values: NDArray[np.float64], weights: NDArray[np.float64], units: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Add up values and weights of every unit, (U,) each."""
    _, unit = np.unique(units, return_inverse=True)
    sums: NDArray[np.float64] = np.bincount(unit, values * weights).astype(np.float64)
    return sums, np.bincount(unit, weights).astype(np.float64)


def _draw(
    sums: NDArray[np.float64], weights: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    n = len(sums)
    at_once = max(1, min(_N_DRAWS, _MOST_DRAWN_AT_ONCE // n))
    means = []
    for first in range(0, _N_DRAWS, at_once):
        drawn = rng.integers(0, n, (min(at_once, _N_DRAWS - first), n))
        means.append(sums[drawn].sum(axis=1) / weights[drawn].sum(axis=1))
    return np.concatenate(means)


def expanded_tail(n: int) -> float:
    """Return the share of draws to cut off on each side, widened for few units."""
    from scipy.special import ndtr, stdtrit

    t = float(stdtrit(n - 1, (1 + LEVEL) / 2))
    return float(ndtr(-np.sqrt(n / (n - 1)) * t))


def _wilson(share: float, n: int) -> tuple[float, float]:
    from scipy.special import ndtri

    z = float(ndtri((1 + LEVEL) / 2))
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, min(share, float(middle - half))), min(1.0, max(share, float(middle + half)))
