"""Two books beside each other, by their fingerprints.

The distance of two books is the mean difference of their percentiles on the shelf, every group of
numbers counting the same, so that many numbers of one kind do not drown the others. It says how
unlike two books are as books of this shelf, from 0 to 1; two numbers drawn at random are 1/3 apart.
How much that is is told by the shelf's other pairs. A number that most of the shelf's books share
(no advertisements) takes no part: it would make all pairs look alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from longbox.analysis.reading.fingerprints import (
    FINGERPRINT_NUMBERS,
    FingerprintNumber,
    Fingerprints,
)
from longbox.analysis.reading.values import Floats

_NONE: Final = ""


@dataclass(frozen=True, slots=True)
class BookDifference:
    """One number of two books, and where both stand on the shelf."""

    number: FingerprintNumber
    a: float
    b: float
    a_percentile: float
    b_percentile: float


@dataclass(frozen=True, slots=True)
class BookComparison:
    """Two books beside each other.

    Attributes:
        distance: Mean difference of percentiles, 0 to 1, groups counting the same; nan where the
            shelf has fewer than five books.
        more_alike: Share of the shelf's pairs of books that are more alike than these.
        n_numbers: Known of both.
        differences: Those numbers, the most different first.
        words: For people.
    """

    a: str
    b: str
    distance: float
    more_alike: float
    n_numbers: int
    differences: tuple[BookDifference, ...]
    words: str


def compare_books(shelf: Fingerprints, a: str, b: str) -> BookComparison:
    """Set two books of a shelf beside each other.

    Raises:
        QueryError: One of them is not among the fingerprints.
    """
    first, second = shelf.place(a), shelf.place(b)
    distances = _distances(shelf.percentiles)
    distance = float(distances[first, second])
    pairs = distances[np.triu_indices(len(distances), 1)]
    pairs = pairs[np.isfinite(pairs)]
    more_alike = float((pairs < distance).mean()) if np.isfinite(distance) else float("nan")
    found = [
        BookDifference(
            number,
            float(shelf.values[first, at]),
            float(shelf.values[second, at]),
            float(shelf.percentiles[first, at]),
            float(shelf.percentiles[second, at]),
        )
        for at, number in enumerate(FINGERPRINT_NUMBERS)
        if np.isfinite(shelf.values[[first, second], at]).all()
    ]
    found.sort(key=lambda d: -np.nan_to_num(abs(d.a_percentile - d.b_percentile), nan=-1.0))
    titles = shelf.titles[first], shelf.titles[second]
    words = _comparison_words(titles, (distance, more_alike), found)
    return BookComparison(a, b, distance, more_alike, len(found), tuple(found), words)


def _distances(percentiles: Floats) -> Floats:
    """Return the distances of all books, float64 (B, B)."""
    groups = np.array([number.group for number in FINGERPRINT_NUMBERS])
    groups[[_is_shared(column) for column in percentiles.T]] = _NONE
    by_group = []
    for group in dict.fromkeys(groups[groups != _NONE].tolist()):
        own = percentiles[:, groups == group]
        known = np.isfinite(own)
        filled = np.where(known, own, 0.0)
        gap = np.abs(filled[:, None] - filled[None]) * (known[:, None] & known[None])
        n = (known[:, None] & known[None]).sum(axis=2)
        by_group.append(np.divide(gap.sum(axis=2), n, out=np.full(n.shape, np.nan), where=n > 0))
    if not by_group:
        return np.full((len(percentiles), len(percentiles)), np.nan)
    stacked = np.stack(by_group)
    n_groups = np.isfinite(stacked).sum(axis=0)
    total = np.nansum(stacked, axis=0)
    distances: Floats = np.divide(
        total, n_groups, out=np.full(total.shape, np.nan), where=n_groups > 0
    )
    return distances


def _is_shared(column: Floats) -> bool:
    """Say whether more than half of the books have the same, or nobody knows."""
    known = column[np.isfinite(column)]
    return not known.size or bool(np.unique(known, return_counts=True)[1].max() > known.size / 2)


def _comparison_words(
    titles: tuple[str, str], distance: tuple[float, float], found: list[BookDifference]
) -> str:
    if not np.isfinite(distance[0]):
        return "How alike the two are cannot be told: the shelf has too few books to compare with."
    strongest = [
        f"{d.number.words} ({d.a:.2g} and {d.b:.2g})"
        for d in found[:3]
        if abs(d.a_percentile - d.b_percentile) > 0.2
    ]
    most = f" They differ most in {'; '.join(strongest)}." if strongest else ""
    return (
        f"{titles[0]} and {titles[1]} are {distance[0]:.2f} apart; {distance[1]:.0%} of the "
        f"shelf's pairs are more alike.{most}"
    )
