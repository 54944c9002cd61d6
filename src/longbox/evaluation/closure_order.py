"""How well shuffled panels are put back in order, from what they show alone.

A scorer says of every pair how surely one is before the other. Four measures, each with its
chance: `pairwise`, the share of pairs it gets right (.5), asked of the pairs themselves; and of one
order made from all of them, `tau` (Kendall's, 0), `transition`, the share of true neighbours that
follow each other directly (1 / n for n panels), and `exact` (1 / n!).

The order is by pairs won (Copeland), then by how clearly (Borda: the sum of the margins). Panels
that tie in both stand in no order: every measure is then its mean over all orders of the tied
panels, so that a scorer that knows nothing gets chance and not the order of the list.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.evaluation.closure import require_panel, rounding, views_of
from longbox.evaluation.intervals import Interval, interval
from longbox.tasks import Corpus, Scorer, Shuffled


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure with the chance of the same samples and its 95 % interval."""

    value: float
    chance: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class OrderRow:
    """What a scorer got on the samples that show the same."""

    view: str
    n: int
    n_books: int
    pairwise: Measure
    transition: Measure
    exact: Measure
    tau: Measure


@dataclass(frozen=True, slots=True, eq=False)
class ShuffledScore:
    """What a scorer got in every sample and view.

    Attributes:
        pairwise: Of each sample, float64 (S,).
    """

    scorer: str
    rows: tuple[OrderRow, ...]
    samples: tuple[Shuffled, ...]
    pairwise: NDArray[np.float64]


def score_orders(
    scorer: Scorer, corpus: Corpus, samples: Sequence[Shuffled], seed: int = 0
) -> ShuffledScore:
    """Ask a scorer for orders, and score them per view.

    Raises:
        ValueError: A sample has fewer than two panels, a panel twice, or places that are none.
        ModelError: The scorer answered with matrices of wrong shape, or not finite ones.
    """
    check_orders(corpus, samples)
    answers = scorer.order(corpus, samples) if samples else []
    if len(answers) != len(samples):
        raise ModelError(f"{scorer.name}: {len(answers)} answers to {len(samples)} samples")
    figures = np.zeros((len(samples), 4))
    for i, (sample, answer) in enumerate(zip(samples, answers, strict=True)):
        figures[i] = _figures(_margins(scorer.name, i, sample, answer), sample.places)
    views: dict[str, list[int]] = {}
    for i, sample in enumerate(samples):
        views.setdefault(views_of(sample.panels), []).append(i)
    rows = tuple(
        _row(view, [samples[i] for i in at], figures[at], seed) for view, at in views.items()
    )
    return ShuffledScore(scorer.name, rows, tuple(samples), figures[:, 0].copy())


def total_order(matrix: NDArray[Any]) -> list[list[int]]:
    """Make one order of all pairs: by pairs won, then by the sum of margins.

    Args:
        matrix: How surely panel i is before panel j, finite (N, N); the diagonal says nothing.

    Returns:
        Panels from first to last; those in one list tie.
    """
    margins = _antisymmetric(np.asarray(matrix, np.float64))
    n = len(margins)
    won = np.sign(margins).sum(axis=1)
    clear = margins.sum(axis=1)
    tolerance = n * rounding(margins)
    order: list[list[int]] = []
    for i in sorted(range(n), key=lambda i: (-won[i], -clear[i])):
        last = order[-1][-1] if order else None
        if last is not None and won[last] == won[i] and clear[last] - clear[i] <= tolerance:
            order[-1].append(i)
        else:
            order.append([i])
    return order


def check_orders(corpus: Corpus, samples: Sequence[Shuffled]) -> None:
    """Refuse samples that ask nothing.

    Raises:
        ValueError: Fewer than two panels, one twice, unknown ones, or places that are no order.
    """
    for i, sample in enumerate(samples):
        place = f"sample {i + 1} (reading_order)"
        n = len(sample.panels)
        if n < 2 or len({(s.book, s.row) for s in sample.panels}) < n:
            raise ValueError(f"{place}: {n} panels; it takes two or more, each once")
        if sorted(sample.places) != list(range(n)):
            raise ValueError(f"{place}: places {sample.places} are no order of {n} panels")
        for shown in sample.panels:
            require_panel(corpus, shown, place)


def _margins(name: str, i: int, sample: Shuffled, answer: NDArray[Any]) -> NDArray[np.float64]:
    matrix = np.array(answer, np.float64)
    n = len(sample.panels)
    if matrix.shape != (n, n):
        raise ModelError(
            f"{name}: sample {i + 1} (reading_order) has {n} panels, its scores the shape "
            f"{matrix.shape}"
        )
    np.fill_diagonal(matrix, 0.0)
    if not np.isfinite(matrix).all():
        raise ModelError(f"{name}: a score of sample {i + 1} (reading_order) is not finite")
    return _antisymmetric(matrix)


def _antisymmetric(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much more surely i is before j than after it; 0 for what is only rounding."""
    matrix = matrix.copy()
    np.fill_diagonal(matrix, 0.0)
    margins: NDArray[np.float64] = matrix - matrix.T
    margins[np.abs(margins) <= rounding(matrix)] = 0.0
    return margins


def _figures(
    margins: NDArray[np.float64], places: Sequence[int]
) -> tuple[float, float, float, float]:
    """Return pairwise, transition, exact and tau of one sample."""
    n = len(places)
    true = np.argsort(places)  # panels in their true order
    first, second = np.triu_indices(n, 1)
    signs = np.sign(margins[true][:, true])[first, second]
    order = total_order(margins)
    group = np.zeros(n, np.int64)
    for number, panels in enumerate(order):
        group[panels] = number
    told = np.sign(group[true][second] - group[true][first])
    sizes = [len(panels) for panels in order]
    return (
        float((signs + 1).mean() / 2),
        float(np.mean([_follows(group[a], group[b], sizes) for a, b in pairwise(true)])),
        1.0 / math.prod(math.factorial(s) for s in sizes) if (told >= 0).all() else 0.0,
        float(told.mean()),
    )


def _follows(a: int, b: int, sizes: Sequence[int]) -> float:
    """Return how likely one panel directly follows another, tied panels in any order."""
    if a == b:
        return 1.0 / sizes[a]
    return 1.0 / (sizes[a] * sizes[b]) if b == a + 1 else 0.0


def _row(
    view: str, samples: Sequence[Shuffled], figures: NDArray[np.float64], seed: int
) -> OrderRow:
    n = np.array([len(s.panels) for s in samples], np.float64)
    books = np.array([s.panels[0].book for s in samples])
    luck = np.array([1.0 / math.factorial(min(len(s.panels), 100)) for s in samples])
    weights = (n * (n - 1) / 2, n - 1, np.ones_like(n), np.ones_like(n))
    chances = (np.full_like(n, 0.5), 1 / n, luck, np.zeros_like(n))
    measures = [
        Measure(
            float(np.average(figures[:, k], weights=weight)),
            float(np.average(chance, weights=weight)),
            interval(
                figures[:, k],
                books,
                weights=weight,
                bounds=(-1.0, 1.0) if k == 3 else (0.0, 1.0),
                seed=seed,
            ),
        )
        for k, (weight, chance) in enumerate(zip(weights, chances, strict=True))
    ]
    return OrderRow(view, len(samples), len(np.unique(books)), *measures)
