"""Units made comparable: centred vectors book by book, and the part of a concept in each book.

All vectors are centred by the mean of all units and, in cosine spaces, scaled to length 1 again.
Encoders of pictures put everything into a narrow cone: two panels taken at random have a cosine of
.6 to .9 before anything is alike, and two means of many panels one of .99 (Ethayarajh, 2019, for
words; Mu and Viswanath, 2018, for the remedy). After centring, 0 is what two random units have.

In Euclidean spaces (composition) vectors are centred only: the cosine of two means then says
whether both depart from the average panel in the same direction.

A part holds sums per book, because everything that follows leaves out pairs of one book: the dot
product of two sums less the dot products book by book is the sum over all pairs of different books.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts.values import Level
from longbox.analysis.units import Units
from longbox.errors import ModelError, QueryError
from longbox.vectors import Metric, metric_of, unit

NEARLY_ALL = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Comparable:
    """N centred vectors of B books, each book's units in reading order after each other.

    Attributes:
        vectors: Centred, float32 (N, D); of unit length in cosine spaces.
        middle: What was subtracted, float32 (D,).
        book: Number of each unit's book, rising from 0, int64 (N,).
        starts: Where each book begins and the last one ends, int64 (B + 1,).
        means: Mean vector of each book, float32 (B, D).
        works: Number of each book's work, int64 (B,).
        is_cosine: Whether vectors have length 1.
    """

    vectors: NDArray[np.float32]
    middle: NDArray[np.float32]
    book: NDArray[np.int64]
    starts: NDArray[np.int64]
    means: NDArray[np.float32]
    works: NDArray[np.int64]
    is_cosine: bool

    @property
    def n(self) -> int:
        """N."""
        return len(self.vectors)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Units of each book, int64 (B,)."""
        return np.diff(self.starts)

    def slice_of(self, book: int) -> slice:
        """Return where a book's units are."""
        return slice(int(self.starts[book]), int(self.starts[book + 1]))


def comparable(units: Units) -> Comparable:
    """Centre vectors and find where the books begin.

    Raises:
        QueryError: There are no units.
        ModelError: A book's units do not follow each other.
    """
    if not units.n:
        raise QueryError(f"no {units.unit} have {units.space} vectors; index comics first")
    is_start = np.r_[True, units.book[1:] != units.book[:-1]]
    starts = np.flatnonzero(is_start)
    if len(np.unique(units.book)) != starts.size:
        raise ModelError("the units of a book must follow each other; gather them again")
    is_cosine = metric_of(units.space) is Metric.COSINE
    middle = units.vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    vectors = units.vectors - middle
    if is_cosine:
        vectors = unit(vectors)
    sums = sums_of_runs(vectors, starts)  # (B, D)
    bounds = np.r_[starts, units.n].astype(np.int64)
    _, works = np.unique(units.works[starts], return_inverse=True)
    return Comparable(
        vectors=vectors,
        middle=middle,
        book=np.cumsum(is_start) - 1,
        starts=bounds,
        means=(sums / np.diff(bounds)[:, None]).astype(np.float32),
        works=works.astype(np.int64),
        is_cosine=is_cosine,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A set of units, by book.

    Attributes:
        at: Its units, rising, int64 (n,).
        books: Those that hold any, rising, int64 (b,).
        counts: Units in each, int64 (b,).
        sums: Of the units' vectors in each, float32 (b, D).
        firsts: Where each book's units begin in `at`, int64 (b,).
    """

    at: NDArray[np.int64]
    books: NDArray[np.int64]
    counts: NDArray[np.int64]
    sums: NDArray[np.float32]
    firsts: NDArray[np.int64]

    @property
    def n(self) -> int:
        """How many units."""
        return int(self.at.size)

    @property
    def total(self) -> NDArray[np.float64]:
        """Sum of all vectors, (D,)."""
        total: NDArray[np.float64] = self.sums.sum(axis=0, dtype=np.float64)
        return total

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean vector, (D,); zeros for none."""
        mean: NDArray[np.float64] = self.total / max(self.n, 1)
        return mean


def part_of(shelf: Comparable, members: NDArray[np.bool_]) -> Part:
    """Add up the vectors of some units book by book."""
    at = np.flatnonzero(members)
    books, firsts, counts = np.unique(shelf.book[at], return_index=True, return_counts=True)
    return Part(at, books, counts, sums_of_runs(shelf.vectors[at], firsts), firsts)


def sums_of_runs(vectors: NDArray[np.float32], firsts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Add up vectors that follow each other, float32 (R, D).

    Args:
        vectors: float32 (N, D).
        firsts: Where each run begins, rising from 0, int64 (R,).
    """
    from scipy.sparse import csr_array  # many times as fast as `np.add.reduceat` along axis 0

    n = len(vectors)
    ones, columns = np.ones(n, dtype=np.float32), np.arange(n)
    runs = csr_array((ones, columns, np.r_[firsts, n]), shape=(len(firsts), n))
    sums: NDArray[np.float32] = runs @ vectors
    return sums


def shared_books(first: Part, second: Part) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places in both parts of the books that both have units in."""
    _, a, b = np.intersect1d(first.books, second.books, assume_unique=True, return_indices=True)
    return a, b


def n_cross_pairs(first: Part, second: Part) -> int:
    """Count the pairs of units of different books."""
    a, b = shared_books(first, second)
    return int(first.n * second.n - (first.counts[a] * second.counts[b]).sum())


def likeness_of(first: Part, second: Part) -> float | None:
    """Return the cosine of two means over pairs of different books; None where there are none.

    For parts without a common book it is exactly the cosine of their means.
    """
    n_pairs = n_cross_pairs(first, second)
    norms = float(np.linalg.norm(first.mean) * np.linalg.norm(second.mean))
    if not n_pairs or norms <= 0:
        return None
    a, b = shared_books(first, second)
    same = np.einsum("bd,bd->", first.sums[a], second.sums[b], dtype=np.float64)
    return float((first.total @ second.total - same) / n_pairs / norms)


def expected_likeness(
    shelf: Comparable, parts: tuple[Part, Part], whole: tuple[Part, Part]
) -> float | None:
    """Return what the likeness would be if every unit were an average unit of its book.

    On the same scale as `likeness_of`: the difference is what is not owed to the books. The average
    is over units that are not in the other concept, since units of both are left out of both.

    Args:
        shelf: Centred vectors.
        parts: Both concepts without each other's units.
        whole: Both concepts with all their units.
    """
    first, second = parts
    n_pairs = n_cross_pairs(first, second)
    norms = float(np.linalg.norm(first.mean) * np.linalg.norm(second.mean))
    if not n_pairs or norms <= 0:
        return None
    sums = [
        part.counts[:, None] * _means_without(shelf, part.books, other)
        for part, other in ((first, whole[1]), (second, whole[0]))
    ]
    a, b = shared_books(first, second)
    same = float((sums[0][a] * sums[1][b]).sum())
    return float((sums[0].sum(axis=0) @ sums[1].sum(axis=0) - same) / n_pairs / norms)


def _means_without(shelf: Comparable, books: NDArray[np.int64], other: Part) -> NDArray[np.float64]:
    """Return the means of books' units that are not in a part, (b, D)."""
    sizes = shelf.sizes[books].astype(np.float64)
    sums = sizes[:, None] * shelf.means[books]
    _, mine, theirs = np.intersect1d(books, other.books, assume_unique=True, return_indices=True)
    sums[mine] -= other.sums[theirs]
    sizes[mine] -= other.counts[theirs]
    means: NDArray[np.float64] = sums / np.maximum(sizes, 1)[:, None]
    return means


def level_of(shelf: Comparable, part: Part) -> Level:
    """Say whether a part takes nearly all units of each of its books."""
    shares = part.counts / shelf.sizes[part.books]
    return Level.BOOKS if part.n and (shares >= NEARLY_ALL).all() else Level.PARTS
