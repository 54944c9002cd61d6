"""What carries over: how much of a space measures predict in works that were never seen.

A share that is fitted on all units may hold in one book only. Here works are held out in turn (or
books, where there are fewer than five works), ridge regression goes from columns to vectors on the
others, and the share is 1 less the squared error over the squared distance from what one would
guess without the columns. That guess is the mean of the works learnt from, or, `within`, the mean
of the unit's own book: then columns and vectors are both taken about their book's mean, and only
differences between units of one book count, so that no book's art or language can pass for layout.

Each block of columns has a penalty of its own (banded ridge regression, Nunez-Elizalde et al. 2019,
as in studies of what a brain region encodes), and may be left out altogether. Penalties are chosen
by holding out works among those learnt from, one block after the other until nothing gains: what
holds within works only is then not used at all, and one block that misleads cannot make another
one look useful. All of that needs sums of products by fold only, so the time hardly grows with N.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.ablation.values import Estimate
from longbox.evaluation import interval

Floats = NDArray[np.float64]
_LEFT_OUT: Final = np.inf
_PENALTIES: Final = (1e-3, 1e-2, 1e-1, 1.0, 1e1, _LEFT_OUT)  # times the units learnt from
_MOST_PASSES: Final = 3
_FEWEST_WORKS: Final = 5
_BOUNDS: Final = (-1.0, 1.0)
_LEAST_DISTANCE: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Which units are predicted together, from all others.

    Attributes:
        fold: From 0, int64 (N,); a book's units are of one.
        book: Of each unit, int64 (N,).
        of: What was held out: "work" or "book".
    """

    fold: NDArray[np.int64]
    book: NDArray[np.int64]
    of: str


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """How well units were predicted.

    Attributes:
        errors: Squared error of each unit, float64 (N,).
        distances: What it would be without columns, float64 (N,).
        book: Of each unit, int64 (N,).
    """

    errors: Floats
    distances: Floats
    book: NDArray[np.int64]

    def share(self, seed: int) -> Estimate:
        """Return the share that is predicted; below 0 where columns mislead."""
        return self._mean(self.distances - self.errors, seed)

    def loss_without(self, other: Predicted, seed: int) -> Estimate:
        """Return how much less another prediction of the same units explains."""
        return self._mean(other.errors - self.errors, seed)

    def _mean(self, gained: Floats, seed: int) -> Estimate:
        weights = np.where(self.distances > _LEAST_DISTANCE, self.distances, 0.0)
        values = np.divide(gained, weights, out=np.zeros_like(gained), where=weights > 0)
        total = float(weights.sum())
        value = float((values * weights).sum() / total) if total else float("nan")
        around = interval(values, self.book, weights=weights, bounds=_BOUNDS, seed=seed)
        return Estimate(value, around)


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Sums over units: how many, columns (P,), vectors (D,) and their products."""

    n: float
    x: Floats
    y: Floats
    xx: Floats
    xy: Floats
    yy: float

    def about(self, x: Floats, y: Floats) -> _Sums:
        """Return the same sums about other origins."""
        return _Sums(
            self.n,
            self.x - self.n * x,
            self.y - self.n * y,
            self.xx - np.outer(self.x, x) - np.outer(x, self.x) + self.n * np.outer(x, x),
            self.xy - np.outer(self.x, y) - np.outer(x, self.y) + self.n * np.outer(x, y),
            self.yy - 2 * float(y @ self.y) + self.n * float(y @ y),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A fitted prediction: about which columns and vectors, and the weights (P, D)."""

    x: Floats
    y: Floats
    weights: Floats


def hold_out(book: NDArray[np.int64], work: NDArray[np.int64], n_folds: int) -> HeldOut | None:
    """Deal whole works into parts of about equal size; whole books where works are few.

    Returns:
        None where there are fewer than three books: one to predict, two to learn and choose from.
    """
    from sklearn.model_selection import GroupKFold

    n_works, n_books = len(np.unique(work)), len(np.unique(book))
    is_of_works = n_works >= _FEWEST_WORKS
    groups, n = (work, n_works) if is_of_works else (book, n_books)
    if n < 3:
        return None
    fold = np.empty(book.size, dtype=np.int64)
    parts = GroupKFold(max(3, min(n_folds, n))).split(np.zeros((book.size, 1)), groups=groups)
    for number, (_, held) in enumerate(parts):
        fold[held] = number
    return HeldOut(fold, book, "work" if is_of_works else "book")


def predict(blocks: Sequence[Floats], vectors: Floats, held: HeldOut) -> Predicted:
    """Predict every unit from works that it is not of.

    Args:
        blocks: Columns, float64 (N, p) each; one penalty a block.
        vectors: float64 (N, D).
        held: Which units are held out together.
    """
    columns = np.hstack(blocks) if blocks else np.zeros((len(vectors), 0))
    block_of = np.repeat(np.arange(len(blocks)), [block.shape[1] for block in blocks])
    folds = [held.fold == number for number in range(int(held.fold.max()) + 1)]
    sums = [_sums(columns[fold], vectors[fold]) for fold in folds]
    errors, distances = np.empty(len(vectors)), np.empty(len(vectors))
    for number, fold in enumerate(folds):
        learnt = [s for i, s in enumerate(sums) if i != number]
        penalties = _choose(learnt, block_of, len(blocks))
        line = _fit(_added(learnt), penalties[block_of])
        far = vectors[fold] - line.y
        rest = far - (columns[fold] - line.x) @ line.weights
        errors[fold] = np.einsum("nd,nd->n", rest, rest)
        distances[fold] = np.einsum("nd,nd->n", far, far)
    return Predicted(errors, distances, held.book)


def _sums(x: Floats, y: Floats) -> _Sums:
    yy = float(np.einsum("nd,nd->", y, y))
    return _Sums(float(len(x)), x.sum(axis=0), y.sum(axis=0), x.T @ x, x.T @ y, yy)


def _added(sums: Sequence[_Sums]) -> _Sums:
    return _Sums(
        sum(s.n for s in sums),
        np.sum([s.x for s in sums], axis=0),
        np.sum([s.y for s in sums], axis=0),
        np.sum([s.xx for s in sums], axis=0),
        np.sum([s.xy for s in sums], axis=0),
        sum(s.yy for s in sums),
    )


def _choose(learnt: Sequence[_Sums], block_of: NDArray[np.int64], n_blocks: int) -> Floats:
    """Return a penalty a block, by holding out one of the learnt folds after the other."""
    pairs = []
    for i, test in enumerate(learnt):
        train = _added([s for j, s in enumerate(learnt) if j != i])
        x, y = train.x / train.n, train.y / train.n
        pairs.append((train.about(x, y), test.about(x, y)))

    def error(penalties: Floats) -> float:
        total = 0.0
        for train, test in pairs:
            weights = _weights(train, penalties[block_of])
            fitted = float(np.einsum("pd,pd->", weights, test.xx @ weights - 2 * test.xy))
            total += test.yy + fitted
        return total

    starts = [np.full(n_blocks, penalty) for penalty in _PENALTIES]
    scores = [error(start) for start in starts]
    best, score = starts[int(np.argmin(scores))], min(scores)
    for _ in range(_MOST_PASSES if n_blocks > 1 else 0):
        before = score
        for block in range(n_blocks):
            for penalty in _PENALTIES:
                tried = best.copy()
                tried[block] = penalty
                if penalty != best[block] and (now := error(tried)) < score:
                    best, score = tried, now
        if score == before:
            break
    return best


def _fit(sums: _Sums, penalties: Floats) -> _Line:
    x, y = sums.x / sums.n, sums.y / sums.n
    return _Line(x, y, _weights(sums.about(x, y), penalties))


def _weights(centred: _Sums, penalties: Floats) -> Floats:
    """Solve for the weights (P, D); columns with an endless penalty get none."""
    weights = np.zeros_like(centred.xy)
    used = np.flatnonzero(np.isfinite(penalties))
    if used.size:
        inner = centred.xx[np.ix_(used, used)] + np.diag(centred.n * penalties[used])
        weights[used] = np.linalg.solve(inner, centred.xy[used])
    return weights
