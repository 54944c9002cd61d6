"""Dealing a group anew: what its share and its own part would be if it said nothing.

See `longbox.analysis.ablation.shares` for which units are moved where, and why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.ablation.matched import Known
from longbox.analysis.ablation.moments import TOLERANCE, Floats
from longbox.analysis.ablation.values import Group

Order = NDArray[np.int64]
ROUND: Final = "units moved round within their book"
AMONG_BOOKS: Final = "units shuffled among books"
AMONG_WORKS: Final = "books shuffled among works"
_FEWEST_ORDERS_LOG2: Final = 7.0  # 128 ways to deal
_FEWEST_BOOKS: Final = 6  # 720 ways to deal books
_UNKNOWN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class Dealt:
    """Mean adjusted share of a group dealt anew, p of its unique part, and how it was dealt."""

    chance: float = _UNKNOWN
    p: float = _UNKNOWN
    how: str = ""


class Dealer:
    """Deals one group after the other anew, for one space."""

    def __init__(
        self, known: Known, vectors: Floats, n_permutations: int, rng: np.random.Generator
    ) -> None:
        self._known = known
        self._n_permutations = n_permutations
        self._rng = rng
        self._centred = vectors - vectors.mean(axis=0)
        self._total = float((self._centred**2).sum())

    def deal(self, group: Group) -> Dealt:
        """Deal a group anew many times; nan where there are too few ways to."""
        if group is Group.BOOK:
            return self._deal_books()
        if group is Group.WORK:
            return self._deal_works()
        return self._deal_columns(group)

    def _deal_columns(self, group: Group) -> Dealt:
        known = self._known
        sizes = np.bincount(known.book)
        if np.log2(2.0 * sizes[sizes > 1]).sum() < _FEWEST_ORDERS_LOG2:
            return Dealt(how=ROUND)
        others = known.of(*(g for g in known.groups if g is not group))
        base = _directions(others - group_means(others, known.book))
        own = known.of(group) - group_means(known.of(group), known.book)
        own = _directions(_without(own, base))
        left = _without(self._centred - group_means(self._centred, known.book), base)
        alone = _directions(known.of(group))
        chance, p = self._compare(
            lambda order: (_along(own[order], left), _along(alone[order], self._centred)),
            known.n,
            lambda: moved_round(known.book, self._rng),
        )
        share = self._adjusted(chance, alone.shape[1])
        return Dealt(share, p if own.shape[1] else _UNKNOWN, ROUND)

    def _deal_books(self) -> Dealt:
        known = self._known
        area = known.work
        n_books, n_works = int(known.book.max()) + 1, int(known.work.max()) + 1
        if not 1 < n_works < n_books:
            area = np.zeros(known.n, dtype=np.int64)
        base = _directions(known.columns - group_means(known.columns, area))
        left = _without(self._centred - group_means(self._centred, area), base)

        def between(order: Order) -> tuple[float, float]:
            anywhere = self._rng.permutation(order.size)
            return (
                _between(left[order], known.book),
                _between(self._centred[anywhere], known.book),
            )

        chance, p = self._compare(between, known.n, lambda: _shuffled_within(area, self._rng))
        return Dealt(self._adjusted(chance, n_books - 1), p, AMONG_BOOKS)

    def _deal_works(self) -> Dealt:
        known = self._known
        n_books = int(known.book.max()) + 1
        if n_books < _FEWEST_BOOKS:
            return Dealt(how=AMONG_WORKS)
        work_of = known.work[np.searchsorted(known.book, np.arange(n_books))]
        left = _without(self._centred, _directions(known.columns))
        sizes = np.bincount(known.book).astype(np.float64)
        unexplained, whole = _sums(left, known.book), _sums(self._centred, known.book)
        between_books = float((whole**2 / sizes[:, None]).sum())
        n_works = int(work_of.max()) + 1

        def between(order: Order) -> tuple[float, float]:
            works = work_of[order]
            n = np.bincount(works, sizes)
            alone = float((_sums(whole, works) ** 2 / n[:, None]).sum())
            crowding = float((np.bincount(works, sizes**2) / n).sum())
            more = n_books - n_works
            within = (self._total - between_books) / max(known.n - n_books, 1)
            inside = ((between_books - alone) / more - within) / ((known.n - crowding) / more)
            share = self._adjusted(between_books, n_books - 1)
            return (
                float((_sums(unexplained, works) ** 2 / n[:, None]).sum()),
                share - inside / self._total * (known.n - 1),
            )

        chance, p = self._compare(between, n_books, lambda: self._rng.permutation(n_books))
        return Dealt(chance, p, AMONG_WORKS)

    def _compare(
        self,
        parts_of: Callable[[Order], tuple[float, float]],
        n: int,
        deal: Callable[[], Order],
    ) -> tuple[float, float]:
        """Deal n things anew; return the mean second part, and p of the first."""
        observed = parts_of(np.arange(n))[0]
        dealt = np.array([parts_of(deal()) for _ in range(self._n_permutations)])
        as_large = (dealt[:, 0] >= observed * (1 - 1e-9)).sum()
        return float(dealt[:, 1].mean()), float((1 + as_large) / (1 + len(dealt)))

    def _adjusted(self, explained: float, n_columns: int) -> float:
        free = self._known.n - 1 - n_columns
        if free < 1 or self._total <= 0:
            return _UNKNOWN
        return 1 - (1 - explained / self._total) * (self._known.n - 1) / free


def moved_round(book: Order, rng: np.random.Generator) -> Order:
    """Return an order in which each book's units are moved round by a random step.

    Half of the books are also turned back to front: neighbours stay neighbours either way.

    Args:
        book: From 0 without gaps, each book's units follow each other, int64 (N,).
        rng: Draws steps and turns.
    """
    starts = np.searchsorted(book, np.arange(int(book.max()) + 1))
    sizes = np.diff(np.r_[starts, book.size])
    place = np.arange(book.size) - starts[book]
    is_turned = rng.random(sizes.size) < 0.5
    place = np.where(is_turned[book], sizes[book] - 1 - place, place)
    step = rng.integers(0, sizes)
    moved: Order = starts[book] + (place + step[book]) % sizes[book]
    return moved


def _shuffled_within(area: Order, rng: np.random.Generator) -> Order:
    """Return an order in which units change places with others of their area only."""
    before = np.argsort(area, kind="stable")
    after = np.lexsort((rng.random(area.size), area))
    order = np.empty(area.size, dtype=np.int64)
    order[before] = after
    return order


def _directions(columns: Floats) -> Floats:
    """Return orthonormal directions of columns after their mean is out, float64 (N, r)."""
    centred = columns - columns.mean(axis=0)
    if not centred.size:
        return np.zeros((len(columns), 0))
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    directions: Floats = left[:, values**2 > TOLERANCE * len(columns)]
    return directions


def _without(values: Floats, directions: Floats) -> Floats:
    rest: Floats = values - directions @ (directions.T @ values)
    return rest


def _along(directions: Floats, vectors: Floats) -> float:
    return float(((directions.T @ vectors) ** 2).sum())


def _sums(values: Floats, group: Order) -> Floats:
    """Add up rows by group, float64 (G, D)."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(int(group.max()) + 1))
    sums: Floats = np.add.reduceat(values[order], starts, axis=0)
    return sums


def group_means(values: Floats, group: Order) -> Floats:
    """Return every unit's group mean, float64 (N, D)."""
    means: Floats = (_sums(values, group) / np.bincount(group)[:, None])[group]
    return means


def _between(values: Floats, group: Order) -> float:
    return float((_sums(values, group) ** 2 / np.bincount(group)[:, None]).sum())
