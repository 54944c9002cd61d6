"""Scene borders from vectors in context: where one kind of panels ends and another begins.

Novelty at a panel is Foote's checkerboard (Automatic audio segmentation using a measure of audio
novelty, 2000) on the cosines of the panels about it, nearer ones counting more: the mean likeness
within the panels before and within those after, less that of the one with the other. Vectors are
taken about their book's mean first: the pages of one book are alike anyway.

Every book has novelty somewhere. A border must be stronger than the strongest one of a book
without scenes, which is drawn many times over from the book itself: its own panels in any order,
laid over a drift that is as slow and as strong as the typical likeness of this book's panels one
to six places apart makes it. So a book that only drifts is not cut: of planted drifting books 0 to
5 in a hundred were, whatever the drift; of planted books whose every page holds together, 5 to 13.
The price is power. In three drawn stories bound into one book three of five borders are found and
no wrong one; in other works bound together two of five; in episodes of one series hardly any; and
the arcs within one drawn story hardly ever, because its vectors are about as alike across them as
within. Weaker peaks are kept beside the borders, as no more than places to look at.
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
_LAGS: Final = 6
_NO_LIKENESS: Final = 0.02
_MOST_KEPT: Final = 0.99


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
    rng: np.random.Generator,
    options: SceneOptions = _USUAL,
) -> FoundBorders | None:
    """Find where scenes may begin.

    Args:
        vectors: Of panels in reading order, all known, float32 (N, D).
        rng: Draws the books without scenes.
        options: How.

    Returns:
        None where there are fewer than twelve panels, or all are the same.
    """
    from scipy.signal import find_peaks

    centred = _main_directions(vectors) if len(vectors) >= _FEWEST else None
    if centred is None:
        return None
    width = options.half_width
    novelty = _novelty(unit(centred).astype(np.float64)[None], width)[0]
    strongest = []
    left = options.n_books
    while left > 0:
        drawn = _without_scenes(centred, min(left, _AT_ONCE), rng)
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
    if np.abs(centred).max() < 1e-6:
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


def _without_scenes(centred: Floats, n_books: int, rng: np.random.Generator) -> Floats:
    """Draw books of the same panels that drift as this one does, but have no scenes.

    Returns:
        Unit vectors, float64 (K, N, D).
    """
    n = len(centred)
    level, keep = _drift(unit(centred).astype(np.float64))
    fresh = centred[rng.integers(0, n, (n_books, n))]  # (K, N, D)
    drift = np.empty_like(fresh)
    drift[:, 0] = fresh[:, 0]
    for at in range(1, n):
        drift[:, at] = keep * drift[:, at - 1] + np.sqrt(1 - keep**2) * fresh[:, at]
    own = centred[rng.integers(0, n, (n_books, n))]
    return unit(np.sqrt(level) * drift + np.sqrt(1 - level) * own).astype(np.float64)


def _drift(known: Floats) -> tuple[float, float]:
    """Return how alike neighbours typically are, and how slowly that fades, 0 to 1 each.

    The typical (median) cosine of panels k apart is taken to be level * keep ** k. Medians, because
    a border lies between few of the pairs: where scenes are many panels long, they do not fade.
    """
    lags = range(1, _LAGS + 1)
    typical = np.array([np.median(np.einsum("nd,nd->n", known[k:], known[:-k])) for k in lags])
    if typical[0] <= _NO_LIKENESS:
        return 0.0, 0.0
    n = int(np.argmax(np.r_[typical <= _NO_LIKENESS, True]))  # as long as there is any
    if n < 2:
        return 1.0, float(np.clip(typical[0], 0.0, _MOST_KEPT))
    slope, start = np.polyfit(np.arange(1, n + 1), np.log(typical[:n]), 1, w=typical[:n])
    keep = float(np.clip(np.exp(slope), typical[0], _MOST_KEPT))
    return float(np.clip(np.exp(start), typical[0], 1.0)), keep
