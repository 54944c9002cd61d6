"""How far a likeness could be off by the luck of which books are on the shelf.

Bootstrap over books: all of a book's members are drawn together, since they share an artist and
often a scene. A concept of fewer than five books has no books to draw from; then its units are
drawn, and the interval says so: it is too narrow for a claim about other books.

The bootstrap is Rubin's (1981): every book gets a random weight (exponential) in place of a random
count, so no draw leaves a concept without members. The mean of a draw is longer than it should be
by chance, as the mean of the members itself is, so draws are less alike than the concepts; the
draws are moved so that their median is the value. Tails are widened for few books as all intervals
of this project are (`longbox.evaluation.expanded_tail`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts.comparing import Comparable, Part, shared_books
from longbox.evaluation import FEWEST_BOOKS, expanded_tail

N_RESAMPLED = 999


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A part in R draws.

    Attributes:
        part: What was drawn from.
        weights: Of each book, or of each unit where it has too few books, float32 (R, b or n).
        by_book: Which of both.
        totals: Weighted sums of vectors, float32 (R, D).
        counts: Sums of weights, float64 (R,).
    """

    part: Part
    weights: NDArray[np.float32]
    by_book: bool
    totals: NDArray[np.float32]
    counts: NDArray[np.float64]

    @property
    def n_drawn(self) -> int:
        """How many books or units there are to draw."""
        return int(self.weights.shape[1])


class Resampling:
    """Random weights of books, the same for all concepts, so that draws of several fit together."""

    def __init__(
        self, shelf: Comparable, rng: np.random.Generator, n_draws: int = N_RESAMPLED
    ) -> None:
        self._shelf = shelf
        self._rng = rng
        self._of_book = rng.exponential(size=(n_draws, len(shelf.sizes))).astype(np.float32)
        self.n_draws = n_draws

    def weights(self, part: Part) -> NDArray[np.float32]:
        """Return weights of a part's books, or of its units where it has too few books."""
        if len(part.books) >= FEWEST_BOOKS:
            return self._of_book[:, part.books]
        return self._rng.exponential(size=(self.n_draws, part.n)).astype(np.float32)

    def draw(self, part: Part, weights: NDArray[np.float32]) -> Drawn:
        """Draw a part."""
        by_book = len(part.books) >= FEWEST_BOOKS
        if by_book:
            totals = weights @ part.sums
            counts = weights.astype(np.float64) @ part.counts
        else:
            totals = weights @ self._shelf.vectors[part.at]
            counts = weights.sum(axis=1, dtype=np.float64)
        return Drawn(part, weights, by_book, totals, counts)

    def likenesses(self, first: Drawn, second: Drawn) -> NDArray[np.float64]:
        """Return the likeness of two parts in every draw, (R,); as `likeness_of` makes it."""
        same, same_pairs = self._same_book(first, second)
        product = np.einsum("rd,rd->r", first.totals, second.totals, dtype=np.float64) - same
        norms = np.linalg.norm(first.totals, axis=1) * np.linalg.norm(second.totals, axis=1)
        n_pairs = first.counts * second.counts - same_pairs
        with np.errstate(invalid="ignore", divide="ignore"):
            value = product / n_pairs * (first.counts * second.counts) / norms
        return np.where(n_pairs > 0, value, np.nan)

    def _same_book(
        self, first: Drawn, second: Drawn
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the sums of dot products, and of pairs, of units of one book."""
        a, b = shared_books(first.part, second.part)
        if first.by_book and second.by_book:
            both = (first.weights[:, a] * second.weights[:, b]).astype(np.float64)
            dots = np.einsum("bd,bd->b", first.part.sums[a], second.part.sums[b], dtype=np.float64)
            return both @ dots, both @ (first.part.counts[a] * second.part.counts[b])
        same, pairs = np.zeros(self.n_draws), np.zeros(self.n_draws)
        for i, j in zip(a, b, strict=True):
            one, n_one = self._of_one_book(first, int(i))
            other, n_other = self._of_one_book(second, int(j))
            same += np.einsum("rd,rd->r", one, other, dtype=np.float64)
            pairs += n_one * n_other
        return same, pairs

    def _of_one_book(
        self, drawn: Drawn, place: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return a book's weighted sum of vectors, (R, D), and sum of weights, (R,)."""
        part = drawn.part
        if drawn.by_book:
            weight = drawn.weights[:, place]
            return np.outer(weight, part.sums[place]), weight.astype(np.float64) * part.counts[
                place
            ]
        own = slice(int(part.firsts[place]), int(part.firsts[place] + part.counts[place]))
        weights = drawn.weights[:, own]
        vectors = self._shelf.vectors[part.at[own]]
        return weights @ vectors, weights.sum(axis=1, dtype=np.float64)


def interval_of(value: float, draws: NDArray[np.floating], n_drawn: int) -> tuple[float, float]:
    """Return a 95 % interval around a value from draws around their own median.

    Args:
        value: What was measured.
        draws: (R,); nan where a draw has no value.
        n_drawn: How many books or units there were to draw; below two the interval is nan.
    """
    kept = draws[np.isfinite(draws)]
    if n_drawn < 2 or not kept.size:
        return float("nan"), float("nan")
    tail = expanded_tail(n_drawn)
    low, middle, high = np.quantile(kept, (tail, 0.5, 1 - tail))
    return value + float(low - middle), value + float(high - middle)
