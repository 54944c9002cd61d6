"""Measures of vectors that stand on their own: effective rank, uniformity, cosines, retrieval.

Rows are unit vectors except where said. Nothing here samples on its own; callers choose the rows
with `sampled`. What is defined over all pairs is computed exactly: from sums where that is possible
(|sum|^2 = n + twice the sum over pairs), in blocks where not.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

NEAR_TWIN: Final = 0.99
_TIE: Final = 1e-6
_BLOCK: Final = 1024


def rankme(vectors: NDArray[Any]) -> float:
    """Return the effective rank: exp of the entropy of the singular values' shares.

    Garrido et al. 2023 (arXiv 2210.02885), eq. 1. The singular values are roots of the eigenvalues
    of the smaller Gram matrix in float64; what is below 1e-7 of the largest is rounding and
    counts as zero.

    Args:
        vectors: Float (N, D), N at least 1.

    Returns:
        1 for one direction, at most min(N, D); 0 for zeros only.
    """
    rows = np.asarray(vectors, np.float64)
    gram = rows @ rows.T if len(rows) < rows.shape[1] else rows.T @ rows
    values = np.sqrt(np.clip(np.linalg.eigvalsh(gram), 0, None))
    if not len(values) or values.max() == 0:
        return 0.0
    values = values[values > values.max() * 1e-7]
    shares = values / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def uniformity(vectors: NDArray[Any]) -> float | None:
    """Return log of the mean of exp(-2 |x - y|^2) over all pairs of unit vectors.

    Wang and Isola 2020 (arXiv 2005.10242), eq. 2 with t = 2. Vectors spread evenly over D
    dimensions have about -4 + 8 / D.

    Args:
        vectors: Unit length, float (N, D).

    Returns:
        None for fewer than two.
    """
    n = len(vectors)
    if n < 2:
        return None
    rows = np.asarray(vectors, np.float32)
    total = 0.0
    for first in range(0, n, _BLOCK):
        cosines = rows[first : first + _BLOCK] @ rows.T
        total += float(np.exp(4.0 * (cosines - 1.0), dtype=np.float32).sum(dtype=np.float64))
    return float(np.log(max((total - n) / (n * (n - 1)), np.finfo(np.float64).tiny)))


def sampled(n: int, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return rising indices of at most `most` of n rows, drawn without replacement."""
    if n <= most:
        return np.arange(n)
    return np.sort(rng.choice(n, most, replace=False))


def pair_means(
    rows: NDArray[np.float32], pages: NDArray[Any], books: NDArray[Any]
) -> tuple[float | None, float | None, float | None]:
    """Return mean cosines within pages, between pages of a book, and between books.

    Exact over all pairs; None where there is no such pair.
    """
    if not len(rows):
        return None, None, None
    order = np.lexsort((pages, books))
    rows, pages, books = rows[order], pages[order], books[order]
    new_book = np.r_[True, books[1:] != books[:-1]]
    new_page = new_book | np.r_[True, pages[1:] != pages[:-1]]
    own = np.einsum("nd,nd->", rows, rows, dtype=np.float64)
    squares, counts = [], []
    for starts in (np.flatnonzero(new_page), np.flatnonzero(new_book), np.array([0])):
        sums = np.add.reduceat(rows, starts, axis=0, dtype=np.float64)
        sizes = np.diff(np.r_[starts, len(rows)]).astype(np.float64)
        squares.append(float((sums * sums).sum()) - float(own))
        counts.append(float((sizes * (sizes - 1)).sum()))
    page, book, all_ = zip(squares, counts, strict=True)
    return _ratio(page), _ratio(_less(book, page)), _ratio(_less(all_, book))


def _less(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return a[0] - b[0], a[1] - b[1]


def _ratio(pair: tuple[float, float]) -> float | None:
    return None if pair[1] < 0.5 else float(np.clip(pair[0] / pair[1], -1.0, 1.0))


def nearest(rows: NDArray[np.float32]) -> tuple[float | None, float | None]:
    """Return the share of rows with a near twin, and of the rows that one row is nearest to."""
    n = len(rows)
    if n < 2:
        return None, None
    twins = 0
    answered = np.zeros(n)
    for first in range(0, n, _BLOCK):
        cosines = rows[first : first + _BLOCK] @ rows.T
        here = np.arange(len(cosines))
        cosines[here, first + here] = -2.0
        twins += int((cosines.max(axis=1) >= NEAR_TWIN).sum())
        answered += np.bincount(cosines.argmax(axis=1), minlength=n)
    return twins / n, float(answered.max() / n)


def recalls(similarities: NDArray[np.float32]) -> tuple[tuple[float, float], float]:
    """Return recall at 1 and at 10 of the diagonal, and the largest share of one first answer.

    Ties count as a guess among them would, so that constant vectors get exactly chance.
    """
    own = np.diagonal(similarities)[:, None]
    ahead = (similarities > own + _TIE).sum(axis=1)
    tied = (np.abs(similarities - own) <= _TIE).sum(axis=1)
    at_1, at_10 = (float(np.clip((k - ahead) / tied, 0.0, 1.0).mean()) for k in (1, 10))
    first = np.bincount(similarities.argmax(axis=1), minlength=len(similarities))
    return (at_1, at_10), float(first.max() / len(similarities))
