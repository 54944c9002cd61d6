"""Random works of equal make-up, for concepts that are whole books.

A series is one work: its books share artists and a style, and shuffling its books among others
would only find that again. So a random set has as many works as the concept, drawn from all works
of the shelf; of each, at most as many books as the concept has of its own work, and of each book at
most as many units. Where a random work is smaller, the concept is cut down to the same size for
that comparison: a mean of a few pages is noisier, and a noisy mean is less alike to everything.

Two likenesses are compared with those of random works. The plain one can be high because one of the
two lies near everything; in the second, every direction is taken from the mean direction of random
works, so that this counts for nothing.

Where whole books are compared with parts of books, other works in their place are a null too
(`held_p`): if a tenth of a shelf is horror, all other works are less alike to night scenes than the
mean of the shelf is, and none of them is remarkable for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts.comparing import Comparable, Part
from longbox.vectors import unit

N_WORK_DRAWS = 1999
_MOST_UNITS = 250
_FEWEST_OF_A_BOOK = 4
_N_PAIRS = 9999
_MOST_ROTATIONS = 40


@dataclass(frozen=True, slots=True, eq=False)
class WorkDraws:
    """Random works, and a concept cut down to the same make-up.

    Attributes:
        works: Drawn in each, int64 (R, k).
        random: Directions of the random sets' means, float32 (R, D).
        own: Directions of the concept's, cut down likewise, float32 (R, D).
        random_cohesion: Mean cosine of the means of two works of a random set, float64 (R,); nan
            for one work.
        own_cohesion: Of two works of the concept, cut down likewise, float64 (R,).
    """

    works: NDArray[np.int64]
    random: NDArray[np.float32]
    own: NDArray[np.float32]
    random_cohesion: NDArray[np.float64]
    own_cohesion: NDArray[np.float64]

    @property
    def n_works(self) -> int:
        """K, the concept's own works."""
        return int(self.works.shape[1])


def draw_works(
    shelf: Comparable,
    part: Part,
    work_of: NDArray[np.int64],
    rng: np.random.Generator,
    n_draws: int = N_WORK_DRAWS,
) -> WorkDraws:
    """Draw random works of the make-up of a concept.

    Args:
        shelf: Centred vectors.
        part: The concept, whole books.
        work_of: Number of each book's work from 0, int64 (B,).
        rng: Draws works, books and units.
        n_draws: R.
    """
    books_of = _books_by_work(work_of)
    own_works = np.unique(work_of[part.books])
    own_books = [books_of[work] for work in own_works]
    own_books = [books[np.isin(books, part.books)] for books in own_books]
    most = max(_MOST_UNITS // max(len(part.books), 1), _FEWEST_OF_A_BOOK)
    cutting = _Cutting(shelf, most, rng)
    works = np.stack([rng.permutation(len(books_of))[: own_works.size] for _ in range(n_draws)])
    dimension = shelf.vectors.shape[1]
    random, own = (np.zeros((n_draws, dimension), dtype=np.float32) for _ in range(2))
    cohesions = np.full((2, n_draws), np.nan)
    for row in range(n_draws):
        pairs = zip(own_books, [books_of[work] for work in works[row]], strict=True)
        sums, counts = cutting.alike(list(pairs))  # (2, k, D), (k,)
        own[row], random[row] = sums.sum(axis=1) / counts.sum()
        cohesions[:, row] = [_cohesion(side) for side in sums]
    return WorkDraws(works, unit(random), unit(own), cohesions[1], cohesions[0])


@dataclass(frozen=True, slots=True, eq=False)
class _Cutting:
    """Cuts two works down to as many books and units as both have.

    Units are drawn with replacement, on both sides alike: so what is drawn from a small book and
    from a large one is equally noisy.
    """

    shelf: Comparable
    most_of_a_book: int
    rng: np.random.Generator

    def alike(
        self, pairs: list[tuple[NDArray[np.int64], NDArray[np.int64]]]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the sums of units of pairs of works, float32 (2, k, D), and how many, (k,)."""
        n_books = [min(len(mine), len(theirs)) for mine, theirs in pairs]
        first = np.r_[0, np.cumsum(n_books)[:-1]]
        sides = [
            np.concatenate(
                [self._some(pair[side], n) for pair, n in zip(pairs, n_books, strict=True)]
            )
            for side in (0, 1)
        ]
        sizes = self.shelf.sizes
        n = np.minimum(np.minimum(sizes[sides[0]], sizes[sides[1]]), self.most_of_a_book)
        counts = np.add.reduceat(n, first)
        ends = np.cumsum(counts)
        sums = []
        for books in sides:
            within = (self.rng.random(int(n.sum())) * np.repeat(sizes[books], n)).astype(np.int64)
            taken = self.shelf.vectors[np.repeat(self.shelf.starts[books], n) + within]
            sums.append(
                np.stack([taken[e - c : e].sum(axis=0) for c, e in zip(counts, ends, strict=True)])
            )
        return np.stack(sums), counts

    def _some(self, books: NDArray[np.int64], n: int) -> NDArray[np.int64]:
        return books if n == len(books) else self.rng.permutation(books)[:n]


def _cohesion(sums: NDArray[np.float32]) -> float:
    """Return the mean cosine of two different rows; nan for one row."""
    k = len(sums)
    total = unit(sums).sum(axis=0, dtype=np.float64)
    return float((total @ total - k) / (k * (k - 1))) if k > 1 else float("nan")


def n_pairs_of_works(shelf: Comparable, first: WorkDraws, second: WorkDraws) -> float:
    """Count the ways to draw two sets of works without a common one, at most 1e18."""
    from scipy.special import comb

    n = int(shelf.works.max()) + 1
    ways = float(comb(n, first.n_works) * comb(n - first.n_works, second.n_works))
    return min(ways / (2 if first.n_works == second.n_works else 1), 1e18)


@dataclass(frozen=True, slots=True)
class WorksAnswer:
    """Two-sided p of a likeness among random works, plain and from their mean direction.

    Attributes:
        p_centred: 1 where the two say opposite things.
        is_alike: More alike than random works, not less.
        expected: Mean likeness of random works.
    """

    p_plain: float
    p_centred: float
    is_alike: bool
    expected: float


def works_p(first: WorkDraws, second: WorkDraws, rng: np.random.Generator) -> WorksAnswer | None:
    """Compare a likeness with those of random works; None where no two sets are apart.

    Args:
        first: Draws of one concept.
        second: Draws of the other, paired with the first ones again and again.
        rng: Draws the pairings.
    """
    middle = (first.random.mean(axis=0) + second.random.mean(axis=0)) / 2
    plain, centred, chance = [], [], []
    n_found = 0
    for _ in range(_MOST_ROTATIONS):
        order = rng.permutation(len(second.random))
        works = second.works[order][: len(first.works)]
        is_apart = ~(first.works[:, :, None] == works[:, None, :]).any(axis=(1, 2))
        a, b = first.random[is_apart], second.random[order][is_apart]
        mine, yours = first.own[is_apart], second.own[order][is_apart]
        chance.append(_dots(a, b))
        plain.append(chance[-1] - _dots(mine, yours))
        centred.append(_dots(a - middle, b - middle) - _dots(mine - middle, yours - middle))
        n_found += int(is_apart.sum())
        if n_found >= _N_PAIRS:
            break
    if not n_found:
        return None
    p_plain, is_alike = _two_sided(np.concatenate(plain))
    p_centred, is_so_too = _two_sided(np.concatenate(centred))
    return WorksAnswer(
        p_plain,
        p_centred if is_alike == is_so_too else 1.0,
        is_alike,
        float(np.concatenate(chance).mean()),
    )


def held_p(draws: WorkDraws, direction: NDArray[np.float64]) -> tuple[float, bool]:
    """Compare how far a concept reaches along a direction with how far random works do.

    Returns:
        Two-sided p, and whether the concept reaches rather farther.
    """
    along = direction.astype(np.float32)
    return _two_sided((draws.random @ along - draws.own @ along).astype(np.float64))


def _books_by_work(work_of: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    order = np.argsort(work_of, kind="stable")
    bounds = np.searchsorted(work_of[order], np.arange(int(work_of.max()) + 2))
    return [order[bounds[i] : bounds[i + 1]] for i in range(len(bounds) - 1)]


def _dots(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    dots: NDArray[np.float64] = np.einsum("rd,rd->r", first, second, dtype=np.float64)
    return dots


def _two_sided(differences: NDArray[np.float64]) -> tuple[float, bool]:
    """Return p from random less own likeness, and whether the own one is rather the larger."""
    n = differences.size
    above = (1 + np.count_nonzero(differences >= -1e-9)) / (1 + n)
    below = (1 + np.count_nonzero(differences <= 1e-9)) / (1 + n)
    return float(min(1.0, 2 * min(above, below))), bool(above < below)
