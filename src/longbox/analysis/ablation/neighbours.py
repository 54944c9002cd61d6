"""Neighbour overlap: do two spaces put the same pages beside a page?

The k nearest of every unit are found exactly, block by block, each space by its own metric; what
is compared are the lists of neighbours, never vectors of two spaces. A book's pages are alike in
every space because they are one book's, so neighbours are listed twice: from all books, and from
other books only.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.ablation.values import Estimate, Overlap
from longbox.evaluation import interval
from longbox.vectors import Metric, Space

_BLOCK_VALUES: Final = 16_000_000
_NOBODY: Final = -1


def nearest_units(
    vectors: NDArray[np.float32],
    metric: Metric,
    k: int,
    book: NDArray[np.int64],
    *,
    own_book: bool,
) -> NDArray[np.int32]:
    """Find the k nearest other units of every unit.

    Args:
        vectors: float32 (N, D).
        metric: Of the space.
        k: How many.
        book: Of each unit, int64 (N,).
        own_book: Whether units of the same book count.

    Returns:
        int32 (N, k), in no order; a row of -1 where there are fewer than k to choose from.
    """
    n = len(vectors)
    found = np.full((n, k), _NOBODY, dtype=np.int32)
    if k > n - 1:
        return found
    lengths = np.einsum("nd,nd->n", vectors, vectors)
    at_once = max(1, _BLOCK_VALUES // max(n, 1))
    for first in range(0, n, at_once):
        some = np.arange(first, min(first + at_once, n))
        near = vectors[some] @ vectors.T  # (b, N)
        if metric is Metric.EUCLIDEAN:
            near = 2 * near - lengths
        near[np.arange(some.size), some] = -np.inf
        if not own_book:
            near[book[some][:, None] == book] = -np.inf
        best = np.argpartition(-near, k - 1, axis=1)[:, :k]
        has_enough = np.isfinite(np.take_along_axis(near, best, axis=1)).all(axis=1)
        found[some[has_enough]] = best[has_enough]
    return found


def overlap_of(
    spaces: tuple[Space, Space],
    lists: tuple[NDArray[np.int32], NDArray[np.int32]],
    book: NDArray[np.int64],
    *,
    own_book: bool,
    seed: int = 0,
) -> Overlap:
    """Count the neighbours that two spaces have in common.

    Args:
        spaces: Whose lists these are.
        lists: `nearest_units` of each, int32 (N, k).
        book: Of each unit, int64 (N,).
        own_book: As the lists were made.
        seed: Of the interval's draws.
    """
    a, b = lists
    k = a.shape[1]
    takes_part = (a != _NOBODY).all(axis=1) & (b != _NOBODY).all(axis=1)
    same = (a[takes_part][:, :, None] == b[takes_part][:, None, :]).any(axis=2).mean(axis=1)
    others = np.full(len(book), len(book) - 1.0)
    if not own_book:
        others = len(book) - np.bincount(book)[book].astype(np.float64)
    chance = float((k / others[takes_part]).mean()) if takes_part.any() else float("nan")
    value = float(same.mean()) if takes_part.any() else float("nan")
    around = interval(same, book[takes_part], seed=seed)
    n = int(takes_part.sum())
    return Overlap(*spaces, k, own_book, Estimate(value, around), chance, n)


def own_book_share(
    nearest: NDArray[np.int32], book: NDArray[np.int64], seed: int = 0
) -> tuple[Estimate, float]:
    """Return the share of neighbours that are of a unit's own book, and what chance gives."""
    takes_part = (nearest != _NOBODY).all(axis=1)
    same = (book[nearest[takes_part]] == book[takes_part][:, None]).mean(axis=1)
    sizes = np.bincount(book)[book[takes_part]] if takes_part.any() else np.empty(0)
    value = float(same.mean()) if takes_part.any() else float("nan")
    chance = float(((sizes - 1) / (len(book) - 1)).mean()) if takes_part.any() else float("nan")
    return Estimate(value, interval(same, book[takes_part], seed=seed)), chance
