"""Scene borders from vectors in context: where one kind of panels ends and another begins.

Novelty at a panel is Foote's checkerboard (Automatic audio segmentation using a measure of audio
novelty, 2000) on the cosines of the panels about it, nearer ones counting more: the mean likeness
within the panels before and within those after, less that of the one with the other. Vectors are
taken about their book's mean first: the pages of one book are alike anyway.

Every book has novelty somewhere. A border must be stronger than the strongest one of a book
without scenes, which is drawn many times over from the book itself: its own panels in any order,
each a mixture of the one before and a new one, mixed so that neighbours on a page, and neighbours
over a page turn, are typically as alike as in the book (first-order autoregression). So a book that
drifts, or whose pages each hold together, is not cut for that, and one of twenty books without
scenes is cut. The price is power: of three drawn stories bound into one book, half of the borders
are found and no wrong one; the scenes within such a story are hardly ever told, as its vectors are
about as alike across them as within. Weaker peaks are kept, as no more than places to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.vectors import unit

Floats = NDArray[np.float64]
_FEWEST: Final = 12
_MOST_DIRECTIONS: Final = 24
_AT_ONCE: Final = 100
_FAR: Final = 24  # panels apart, so that few of them are of one scene


@dataclass(frozen=True, slots=True)
class SceneOptions:
    """How scenes are looked for.

    Attributes:
        half_width: Panels on each side that novelty looks at.
        shortest: Panels that a scene has at least.
        n_books: Books without scenes that are drawn.
        level: Share of them that may have a border.
    """

    half_width: int = 12
    shortest: int = 4
    n_books: int = 199
    level: float = 0.05


_USUAL: Final = SceneOptions()


@dataclass(frozen=True, slots=True, eq=False)
class FoundBorders:
    """Borders in a row of N panels.

    Attributes:
        novelty: Of a border before each panel, float64 (N,); nan before the first.
        at: Peaks of novelty, rising, int64 (S,).
        p: That a book without scenes has one as strong anywhere, float64 (S,).
        threshold: What novelty must reach to be a border.
    """

    novelty: Floats
    at: NDArray[np.int64]
    p: Floats
    threshold: float


def find_borders(
    vectors: NDArray[np.float32],
    page: NDArray[np.int64],
    rng: np.random.Generator,
    options: SceneOptions = _USUAL,
) -> FoundBorders | None:
    """Find where scenes may begin.

    Args:
        vectors: Of panels in reading order, all known, float32 (N, D).
        page: Of each, rising, int64 (N,).
        rng: Draws the books without scenes.
        options: How.

    Returns:
        None where there are fewer than twelve panels, or all are the same.
    """
    from scipy.signal import find_peaks

    centred = _main_directions(vectors)
    if len(vectors) < _FEWEST or centred is None:
        return None
    width = options.half_width
    novelty = _novelty(unit(centred).astype(np.float64)[None], width)[0]
    strongest = []
    left = options.n_books
    while left > 0:
        drawn = _without_scenes(centred, page, min(left, _AT_ONCE), rng)
        strongest.append(np.nanmax(_novelty(drawn, width), axis=1))
        left -= _AT_ONCE
    highest = np.sort(np.concatenate(strongest))
    threshold = float(np.quantile(highest, 1 - options.level))
    padded = np.nan_to_num(novelty, nan=-1.0)
    at, _ = find_peaks(padded, distance=options.shortest)
    at = at[(at >= options.shortest) & (at <= len(vectors) - options.shortest)]
    above = highest.size - np.searchsorted(highest, novelty[at], side="left")
    p = (1 + above) / (1 + highest.size)
    return FoundBorders(novelty, at.astype(np.int64), p, threshold)


def _main_directions(vectors: NDArray[np.float32]) -> Floats | None:
    """Return the vectors about their mean in their main directions; None where all are one."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    if not len(vectors) or np.abs(centred).max() < 1e-6:
        return None
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    main: Floats = (left * values)[:, :_MOST_DIRECTIONS]
    return main


def _novelty(books: Floats, half_width: int) -> Floats:
    """Measure a border before every panel.

    Args:
        books: Unit vectors of K rows of panels, float64 (K, N, D).
        half_width: Panels on each side, fewer at the ends.

    Returns:
        float64 (K, N); nan where there are fewer than two panels on a side.
    """
    k, n, _ = books.shape
    novelty = np.full((k, n), np.nan)
    distance = np.arange(half_width) + 0.5
    taper = np.exp(-((distance / (0.5 * half_width)) ** 2) / 2)
    for at in range(2, n - 1):
        before, after = min(at, half_width), min(n - at, half_width)
        near = books[:, at - before : at + after]
        cosines = near @ near.transpose(0, 2, 1)  # (K, b, b)
        weight = np.r_[taper[:before][::-1], taper[:after]]
        side = np.r_[np.zeros(before, bool), np.ones(after, bool)]
        both = np.outer(weight, weight)
        np.fill_diagonal(both, 0.0)
        parts = (both * np.outer(~side, ~side), both * np.outer(side, side))
        within = sum((cosines * part).sum(axis=(1, 2)) / part.sum() for part in parts) / 2
        across = both * np.outer(side, ~side)
        novelty[:, at] = within - (cosines * across).sum(axis=(1, 2)) / across.sum()
    return novelty


def _without_scenes(
    centred: Floats, page: NDArray[np.int64], n_books: int, rng: np.random.Generator
) -> Floats:
    """Draw books of the same panels that drift as this one does, but have no scenes.

    Returns:
        Unit vectors, float64 (K, N, D).
    """
    n = len(centred)
    known = unit(centred).astype(np.float64)
    steps = np.einsum("nd,nd->n", known[1:], known[:-1])
    turns = page[1:] != page[:-1]
    far = np.einsum("nd,nd->n", known[_FAR:], known[:-_FAR]) if n > 2 * _FAR else np.zeros(1)
    level = min(float(np.median(far)), 0.0)
    inside, over = (_typical(steps[~turns], level), _typical(steps[turns], level))
    keep = np.where(turns, over, inside)
    fresh = centred[rng.integers(0, n, (n_books, n))]  # (K, N, D)
    drawn = np.empty_like(fresh)
    drawn[:, 0] = fresh[:, 0]
    for at in range(1, n):
        share = keep[at - 1]
        drawn[:, at] = share * drawn[:, at - 1] + np.sqrt(1 - share**2) * fresh[:, at]
    return unit(drawn).astype(np.float64)


def _typical(steps: Floats, level: float) -> float:
    """Return how much of the panel before a panel typically keeps, 0 to .98."""
    if not steps.size:
        return 0.0
    return float(np.clip((np.median(steps) - level) / (1 - level), 0.0, 0.98))
