"""Vectors become points that can be clustered: fewer dimensions, and books taken off if asked.

- Points are the vectors' principal components, as many as explain nine tenths of the variance.
  Vectors of cosine spaces have unit length, so that Euclidean distance orders them as the cosine
  does. They are not centred and scaled to unit length again: on planted archetypes that lost
  purity (1.00 to .96), because what lies near the mean is blown up.
- `beside_books` takes an offset off every book. At first it is the book's mean. That is too much,
  since a mean has in it which archetypes the book is made of; so when clusters are found, the
  offset becomes the mean of what they leave over, three times over, and all is done again
  (`beside`). With many more clusters than there are archetypes little would be left over: they
  would be cut by book.
- `independent_books` counts the editions of one book in several languages as one book: they show
  the same pages, and would pass for evidence three times.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.clusters.fitting import Points, fit_k_means, nearest_centres
from longbox.analysis.clusters.options import ClusterOptions
from longbox.analysis.units import Units, work_of

_CHUNK_ROWS: Final = 8192
_ROUNDS: Final = 3
_NO_VARIANCE: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Points to cluster.

    Attributes:
        points: float32 (N, d).
        fitted: Where the units are that everything is fitted on, rising, int64 (F,).
        explained: Share of these units' variance in the d dimensions.
    """

    points: Points
    fitted: NDArray[np.int64]
    explained: float


def prepare(units: Units, options: ClusterOptions) -> Prepared:
    """Turn the vectors of units into points."""
    rng = np.random.default_rng(options.seed)
    fitted = sampled(units.n, options.most_fitted, rng)
    vectors = units.vectors
    if options.beside_books and units.n:
        vectors = vectors - _book_means(vectors, units.book)[units.book]
    components = components_of(vectors[fitted], options.dimensions, options.explained)
    points = components.project(vectors)
    return Prepared(points, fitted, components.explained)


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Principal components: mean float32 (D,), axes float32 (d, D), and what they explain."""

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    explained: float

    def project(self, vectors: NDArray[np.float32]) -> Points:
        """Return places of vectors along the components, float32 (N, d)."""
        points = np.empty((len(vectors), len(self.axes)), dtype=np.float32)
        for start in range(0, len(vectors), _CHUNK_ROWS):
            part = slice(start, start + _CHUNK_ROWS)
            points[part] = (vectors[part] - self.mean) @ self.axes.T
        return points


def components_of(vectors: NDArray[np.float32], most: int, explained: float) -> Components:
    """Return the widest directions that explain a share of the variance, at most so many."""
    from sklearn.decomposition import PCA

    n, dimension = vectors.shape
    mean = vectors.mean(axis=0) if n else np.zeros(dimension, dtype=np.float32)
    if n < 2 or float(vectors.var(axis=0).sum()) <= _NO_VARIANCE:
        return Components(mean, np.zeros((1, dimension), dtype=np.float32), 1.0)
    solver = "covariance_eigh" if n > dimension else "full"
    found = PCA(min(most, n, dimension), svd_solver=solver).fit(vectors)
    shares = np.cumsum(found.explained_variance_ratio_)
    d = min(shares.size, int(np.searchsorted(shares, explained)) + 1)
    axes = found.components_[:d].astype(np.float32)
    return Components(found.mean_.astype(np.float32), axes, float(min(1.0, shares[d - 1])))


def sampled(n: int, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw so many of n at most, rising."""
    if n <= most:
        return np.arange(n, dtype=np.int64)
    return np.sort(rng.choice(n, most, replace=False)).astype(np.int64)


def independent_books(units: Units) -> NDArray[np.int32]:
    """Return a number for each unit's book, the same for its editions, int32 (N,).

    Books of one work and title in different languages are editions; two of the same language are
    two books that nobody told apart.
    """
    seen: Counter[tuple[str, str, str | None]] = Counter()
    numbers: dict[tuple[str, str, int], int] = {}
    of_book = np.zeros(len(units.books), dtype=np.int32)
    for at, line in enumerate(units.books):
        work, title = work_of(line), line.title.casefold()
        order = seen[work, title, line.language]
        seen[work, title, line.language] += 1
        of_book[at] = numbers.setdefault((work, title, order), len(numbers))
    return of_book[units.book]


def beside(prepared: Prepared, book: NDArray[np.int32], k: int, seed: int) -> Prepared:
    """Take off every book what is left of it beside k clusters; nothing for fewer than two."""
    points = prepared.points
    for _ in range(_ROUNDS if k > 1 else 0):
        centres = fit_k_means(points[prepared.fitted], k, seed)
        left_over = points - centres[nearest_centres(points, centres)]
        points = points - _book_means(left_over, book)[book]
    return replace(prepared, points=points)


def _book_means(vectors: NDArray[np.float32], book: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the mean of each book's vectors, float32 (books, D)."""
    sums = np.zeros((int(book.max()) + 1, vectors.shape[1]), dtype=np.float64)
    np.add.at(sums, book, vectors)
    counts = np.bincount(book, minlength=len(sums))
    means: NDArray[np.float32] = (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)
    return means
