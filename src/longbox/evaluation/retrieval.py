"""Does a query find its panel: recall and reciprocal rank, with chance and interval.

Every query has one right row in a gallery that also holds everything else. Rows as near as the
right one count as a guess among them would, so that constant vectors get chance. `through_fused`
asks what the fused space costs a query of one modality: the same queries once in the encoder's own
space and once in the fused one, each against its own gallery. `diversity` is the check for the
collapse that single-modality queries once had: different queries must not give the same answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.evaluation.closure_order import Measure
from longbox.evaluation.intervals import Interval, interval
from longbox.vectors import unit

_BLOCK = 512
_TIE = 1e-6
_N_ANSWERS = 10


@dataclass(frozen=True, slots=True, eq=False)
class RetrievalScore:
    """How well queries find their rows.

    Attributes:
        found_at_10: Of each query, how surely the right row is among ten, float64 (Q,).
        books: Of each query, for paired comparison.
    """

    name: str
    n_queries: int
    n_gallery: int
    recall_at_1: Measure
    recall_at_10: Measure
    mrr: Measure
    found_at_10: NDArray[np.float64]
    books: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class FusedRetrieval:
    """The same queries in an encoder's own space and in the fused one.

    Attributes:
        kept: Recall at 10 through the fused space over the encoder's own; nan where that is 0.
        difference: Interval of fused less own recall at 10, paired.
    """

    own: RetrievalScore
    fused: RetrievalScore
    kept: float
    difference: Interval


@dataclass(frozen=True, slots=True)
class QueryDiversity:
    """How different the vectors and answers of different queries are.

    Attributes:
        mean_cosine: Of all pairs of query vectors; nan for fewer than two.
        n_same_answers: Pairs of queries with the same ten first answers, in any order.
    """

    n_queries: int
    mean_cosine: float
    n_same_answers: int


def score_retrieval(
    name: str,
    queries: NDArray[Any],
    gallery: NDArray[Any],
    targets: NDArray[Any],
    books: NDArray[Any] | None = None,
    seed: int = 0,
) -> RetrievalScore:
    """Rank a gallery by cosine for every query.

    Args:
        name: What tables call it.
        queries: Of the gallery's space, float (Q, D).
        gallery: float (G, D).
        targets: The right row of each query, integers (Q,).
        books: The book of each query, for the interval; each its own when None.
        seed: Of the interval.

    Raises:
        ValueError: Shapes do not fit, or a target is not in the gallery.
    """
    n, n_gallery = len(queries), len(gallery)
    at = np.asarray(targets, np.int64)
    if at.shape != (n,) or (n and not (at.min() >= 0 and at.max() < n_gallery)):
        raise ValueError(f"{name}: {len(at)} targets do not fit {n} queries and {n_gallery} rows")
    if n and np.shape(queries)[1:] != np.shape(gallery)[1:]:
        raise ValueError(f"{name}: queries and gallery are not of one space")
    if not (np.isfinite(queries).all() and np.isfinite(gallery).all()):
        raise ValueError(f"{name}: a vector is not finite")
    ahead, tied = _ranks(unit(queries), unit(gallery), at)
    of = np.arange(n) if books is None else np.asarray(books, np.int64)
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, n_gallery + 1))])
    figures = (
        (np.clip((1 - ahead) / tied, 0, 1), min(1, n_gallery) / max(n_gallery, 1)),
        (np.clip((10 - ahead) / tied, 0, 1), min(10, n_gallery) / max(n_gallery, 1)),
        (
            (harmonic[ahead + tied] - harmonic[ahead]) / tied,
            float(harmonic[-1]) / max(n_gallery, 1),
        ),
    )
    measures = [
        Measure(
            float(values.mean()) if n else float("nan"), chance, interval(values, of, seed=seed)
        )
        for values, chance in figures
    ]
    return RetrievalScore(
        name, n, n_gallery, measures[0], measures[1], measures[2], figures[1][0], of
    )


def through_fused(own: RetrievalScore, fused: RetrievalScore, seed: int = 0) -> FusedRetrieval:
    """Compare the same queries in two spaces.

    Raises:
        ValueError: They are not the same queries over galleries of the same size.
    """
    if not np.array_equal(own.books, fused.books) or own.n_gallery != fused.n_gallery:
        raise ValueError(f"{own.name} and {fused.name} are not the same queries and gallery")
    gain = fused.found_at_10 - own.found_at_10
    before = own.recall_at_10.value
    return FusedRetrieval(
        own,
        fused,
        fused.recall_at_10.value / before if before > 0 else float("nan"),
        interval(gain, own.books, bounds=(-1.0, 1.0), seed=seed),
    )


def diversity(queries: NDArray[Any], gallery: NDArray[Any]) -> QueryDiversity:
    """Measure how much the vectors and first ten answers of different queries differ.

    Args:
        queries: Vectors of queries that differ, (Q, D).
        gallery: What they search, (G, D).
    """
    rows = unit(queries)
    n = len(rows)
    if n < 2:
        return QueryDiversity(n, float("nan"), 0)
    total = rows.sum(axis=0, dtype=np.float64)
    lengths = (rows.astype(np.float64) ** 2).sum()
    mean = float((total @ total - lengths) / (n * (n - 1)))
    cosines = rows @ unit(gallery).T
    k = min(_N_ANSWERS, cosines.shape[1])
    if k == 0:
        return QueryDiversity(n, mean, 0)
    top = np.sort(np.argsort(-cosines, axis=1, kind="stable")[:, :k], axis=1)
    _, counts = np.unique(top, axis=0, return_counts=True)
    return QueryDiversity(n, mean, int((counts * (counts - 1) // 2).sum()))


def _ranks(
    queries: NDArray[np.float32], gallery: NDArray[np.float32], targets: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many rows are nearer than the right one, and as near (itself too), (Q,) each."""
    ahead, tied = np.zeros(len(queries), np.int64), np.ones(len(queries), np.int64)
    for first in range(0, len(queries), _BLOCK):
        cosines = queries[first : first + _BLOCK] @ gallery.T
        right = np.take_along_axis(cosines, targets[first : first + _BLOCK, None], axis=1)
        ahead[first : first + _BLOCK] = (cosines > right + _TIE).sum(axis=1)
        tied[first : first + _BLOCK] = (np.abs(cosines - right) <= _TIE).sum(axis=1)
    return ahead, tied
