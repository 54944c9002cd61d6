"""Is one concept closer to a second than to a third?

The answer is a difference of two likenesses with a bootstrap interval over books, and a permutation
test that exchanges whole works between the second and the third. What works both have members in
is turned around within the work. Where there are too few works for that (a series is one work, so
of two series there are two arrangements) whole books are exchanged, and the answer then is about
these very works: it says that their books differ in how near they are, and nothing about other
works of the kind. With fewer than 40 arrangements of books it cannot be told: even
the outermost would not be evidence, both ends counted.

Where all three are parts of books, vectors are taken from the mean of the book's units that belong
to none of the three, so that a likeness of books is not taken for one of ideas. Otherwise they are
centred by the mean of all units. Units of two of the concepts are left out.

As a measure of what a difference means on this shelf, all other works are counted that are nearer
to the first concept than the second is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts.comparing import (
    Comparable,
    Part,
    comparable,
    level_of,
    likeness_of,
    part_of,
    shared_books,
)
from longbox.analysis.concepts.matrix import checked
from longbox.analysis.concepts.resampling import Resampling, interval_of
from longbox.analysis.concepts.shifts import two_sided
from longbox.analysis.concepts.values import FEWEST_TWO_SIDED, Concept, Level
from longbox.analysis.units import Units

N_EXCHANGES = 1999
LEVEL_OF_ERROR = 0.05


@dataclass(frozen=True, slots=True)
class Closer:
    """Whether a concept is closer to a second than to a third.

    Attributes:
        difference: Likeness to the second less likeness to the third; None without pairs of
            different books.
        low, high: 95 % bootstrap interval of it.
        drawn_by: What was drawn for it: "book", or "unit" where a concept has too few books.
        likeness_second: Of the first to the second, likewise to the third.
        p: Two-sided; None where there are fewer than 40 arrangements.
        exchanged: What was exchanged: "work", "book" (then it is about these works only) or "".
        n_arrangements: How many there are, at most 1e18.
        closer_to: Name of the one that it is closer to, where p is at most .05.
        verdict: In words.
        within_books: Whether vectors were taken from their books' means.
        n: Units of the three, without those of two of them.
        n_books: Books of the three.
        n_nearer_than_second: Other works nearer to the first; None where second and third are not
            whole books.
        n_other_works: Works that are in none of the three.
    """

    first: str
    second: str
    third: str
    difference: float | None
    low: float | None
    high: float | None
    drawn_by: str
    likeness_second: float | None
    likeness_third: float | None
    p: float | None
    exchanged: str
    n_arrangements: float
    closer_to: str | None
    verdict: str
    within_books: bool
    n: tuple[int, int, int]
    n_books: tuple[int, int, int]
    n_nearer_than_second: int | None
    n_nearer_than_third: int | None
    n_other_works: int


def closer(
    units: Units, first: Concept, second: Concept, third: Concept, *, seed: int = 0
) -> Closer:
    """Ask whether a concept is closer to a second than to a third.

    Args:
        units: Of one space.
        first: The one that is asked about.
        second: What it may be closer to.
        third: What it is compared with.
        seed: Of all draws.

    Raises:
        QueryError: One has no members, or none that the others do not have too.
    """
    trio = (first, second, third)
    checked(units, trio)
    all_members = np.stack([concept.members for concept in trio])
    members = all_members & (all_members.sum(axis=0) == 1)
    checked(units, [replace(c, members=m) for c, m in zip(trio, members, strict=True)])
    plain = comparable(units)
    levels = [level_of(plain, part_of(plain, m)) for m in members]
    within = all(level is Level.PARTS for level in levels)
    shelf = _within_books(plain, all_members.sum(axis=0) > 0) if within else plain
    a, b, c = (part_of(shelf, m) for m in members)
    drawing, exchanging = np.random.default_rng(seed).spawn(2)
    near, far = likeness_of(a, b), likeness_of(a, c)
    difference = None if near is None or far is None else near - far
    interval, drawn_by = _interval(shelf, (a, b, c), difference, drawing)
    exchange = _exchange(shelf, (a, b, c), exchanging) if difference is not None else None
    p = exchange.p if exchange else None
    closer_to = None
    if p is not None and difference is not None and p <= LEVEL_OF_ERROR:
        closer_to = second.name if difference > 0 else third.name
    nearer: tuple[int | None, int | None] = (None, None)
    if levels[1] is levels[2] is Level.BOOKS:
        nearer = _n_nearer(shelf, (a, b, c), (near, far))
    return Closer(
        first=first.name,
        second=second.name,
        third=third.name,
        difference=difference,
        low=interval[0],
        high=interval[1],
        drawn_by=drawn_by,
        likeness_second=near,
        likeness_third=far,
        p=p,
        exchanged=exchange.what if exchange else "",
        n_arrangements=exchange.n_arrangements if exchange else 0.0,
        closer_to=closer_to,
        verdict=_verdict(p, closer_to, exchange.what if exchange else ""),
        within_books=within,
        n=(a.n, b.n, c.n),
        n_books=(len(a.books), len(b.books), len(c.books)),
        n_nearer_than_second=nearer[0],
        n_nearer_than_third=nearer[1],
        n_other_works=len(_other_works(shelf, (a, b, c))),
    )


def _verdict(p: float | None, closer_to: str | None, exchanged: str) -> str:
    if p is None:
        return "cannot be told (too few works and books to exchange)"
    if closer_to is None:
        return "not told apart from chance"
    return f"closer to {closer_to}" + ("" if exchanged == "work" else " (as far as these works go)")


def _within_books(shelf: Comparable, is_asked: NDArray[np.bool_]) -> Comparable:
    """Take every vector from the mean of its book's units that nobody asked about."""
    rest = part_of(shelf, ~is_asked)
    base = shelf.means.copy()
    base[rest.books] = rest.sums / rest.counts[:, None]
    vectors = shelf.vectors - base[shelf.book]
    return replace(shelf, vectors=vectors, means=np.zeros_like(base))


def _interval(
    shelf: Comparable,
    parts: tuple[Part, Part, Part],
    difference: float | None,
    rng: np.random.Generator,
) -> tuple[tuple[float | None, float | None], str]:
    resampling = Resampling(shelf, rng)
    drawn = [resampling.draw(part, resampling.weights(part)) for part in parts]
    by = "book" if all(one.by_book for one in drawn) else "unit"
    if difference is None:
        return (None, None), by
    draws = resampling.likenesses(drawn[0], drawn[1]) - resampling.likenesses(drawn[0], drawn[2])
    low, high = interval_of(difference, draws, min(one.n_drawn for one in drawn))
    return ((None, None) if np.isnan(low) else (low, high)), by


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What exchanging works or books says; p is None where there are too few arrangements."""

    what: str
    n_arrangements: float
    p: float | None


def _exchange(
    shelf: Comparable, parts: tuple[Part, Part, Part], rng: np.random.Generator
) -> _Exchange:
    """Exchange works, or books where there are too few works."""
    found = _Exchange("", 0.0, None)
    for what, group_of in (("work", shelf.works), ("book", np.arange(len(shelf.sizes)))):
        cells = _Cells.of(parts, group_of)
        found = _Exchange(what, cells.n_arrangements, None)
        if cells.n_arrangements >= FEWEST_TWO_SIDED:
            return replace(found, p=cells.p(parts[0], rng))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """What the second and third concept have in each work or book: one cell a concept and group.

    Attributes:
        group: Of each cell, int64 (G,).
        is_second: Whose it is, bool (G,).
        sums: Of its vectors, (G, D).
        counts: Its units.
        dots: Sum of dot products with the first concept's units of the same books.
        pairs: How many those are.
    """

    group: NDArray[np.int64]
    is_second: NDArray[np.bool_]
    sums: NDArray[np.float64]
    counts: NDArray[np.float64]
    dots: NDArray[np.float64]
    pairs: NDArray[np.float64]

    @classmethod
    def of(cls, parts: tuple[Part, Part, Part], group_of: NDArray[np.int64]) -> _Cells:
        columns: list[tuple[NDArray[np.float64], ...]] = []
        groups, is_second = [], []
        for part in parts[1:]:
            group, place = np.unique(group_of[part.books], return_inverse=True)
            dots, pairs = _with_first(parts[0], part)
            by_book = np.column_stack([part.sums, part.counts, dots, pairs]).astype(np.float64)
            summed = np.zeros((group.size, by_book.shape[1]))
            np.add.at(summed, place, by_book)
            columns.append((summed[:, :-3], *summed[:, -3:].T))
            groups.append(group)
            is_second.append(np.full(group.size, part is parts[1]))
        sums, counts, dots, pairs = (np.concatenate(c) for c in zip(*columns, strict=True))
        return cls(np.concatenate(groups), np.concatenate(is_second), sums, counts, dots, pairs)

    @property
    def n_arrangements(self) -> float:
        """How many ways there are to exchange, at most 1e18."""
        alone, n_both = self._kinds()
        n_second = int((alone & self.is_second).sum())
        return float(min(2**n_both * comb(int(alone.sum()), n_second), 10**18))

    def p(self, first: Part, rng: np.random.Generator) -> float:
        """Return the two-sided p of the difference."""
        to_second = np.stack(list(self._arrangements(rng)))
        differences = self._likeness(first, to_second) - self._likeness(first, ~to_second)
        own = self.is_second[None]
        observed = self._likeness(first, own) - self._likeness(first, ~own)
        return float(two_sided(observed, differences[:, None])[0])

    def _arrangements(self, rng: np.random.Generator) -> Iterator[NDArray[np.bool_]]:
        """Yield which cells are the second concept's: all other ways, or some at random."""
        alone, n_both = self._kinds()
        places = np.flatnonzero(alone)
        n_second = int(self.is_second[places].sum())
        _, group_place = np.unique(self.group[~alone], return_inverse=True)
        if self.n_arrangements <= N_EXCHANGES:
            ways: Iterable[tuple[Iterable[int], Iterable[bool]]] = product(
                combinations(range(places.size), n_second), product((False, True), repeat=n_both)
            )
        else:
            ways = (
                (
                    rng.permutation(places.size)[:n_second].tolist(),
                    (rng.random(n_both) < 0.5).tolist(),
                )
                for _ in range(N_EXCHANGES)
            )
        is_all = self.n_arrangements <= N_EXCHANGES
        for chosen, turned in ways:
            row = self.is_second.copy()
            row[places] = False
            row[places[list(chosen)]] = True
            row[~alone] ^= np.array(list(turned), dtype=np.bool_)[group_place]
            if not (is_all and (row == self.is_second).all()):
                yield row

    def _kinds(self) -> tuple[NDArray[np.bool_], int]:
        """Return which cells are of groups that only one concept has, and how many both have."""
        groups, counts = np.unique(self.group, return_counts=True)
        return ~np.isin(self.group, groups[counts > 1]), int((counts > 1).sum())

    def _likeness(self, first: Part, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the first concept's likeness to the chosen cells of every row, (R,)."""
        chosen = chosen.astype(np.float64)
        sums, counts = chosen @ self.sums, chosen @ self.counts
        n_pairs = first.n * counts - chosen @ self.pairs
        product = sums @ first.total - chosen @ self.dots
        norms = np.linalg.norm(sums, axis=1) / np.maximum(counts, 1) * np.linalg.norm(first.mean)
        scale = n_pairs * norms
        likeness: NDArray[np.float64] = np.divide(
            product, scale, out=np.zeros_like(product), where=scale > 0
        )
        return likeness


def _with_first(first: Part, part: Part) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sums of dot products and numbers of pairs with the first, by book of the part."""
    dots, pairs = np.zeros(len(part.books)), np.zeros(len(part.books))
    a, b = shared_books(first, part)
    dots[b] = np.einsum("bd,bd->b", first.sums[a], part.sums[b], dtype=np.float64)
    pairs[b] = first.counts[a] * part.counts[b]
    return dots, pairs


def _other_works(shelf: Comparable, parts: tuple[Part, ...]) -> NDArray[np.int64]:
    own = np.unique(np.concatenate([shelf.works[part.books] for part in parts]))
    return np.setdiff1d(np.unique(shelf.works), own)


def _n_nearer(
    shelf: Comparable, parts: tuple[Part, Part, Part], likeness: tuple[float | None, float | None]
) -> tuple[int | None, int | None]:
    """Count the other works nearer to the first concept than the second, and than the third."""
    others = _other_works(shelf, parts)
    sums = np.zeros((int(shelf.works.max()) + 1, shelf.vectors.shape[1]))
    np.add.at(sums, shelf.works, shelf.means * shelf.sizes[:, None].astype(np.float64))
    norms = np.linalg.norm(sums, axis=1) * np.linalg.norm(parts[0].total)
    values = np.divide(sums @ parts[0].total, norms, out=np.zeros(len(sums)), where=norms > 0)
    counted = [None if one is None else int((values[others] > one).sum()) for one in likeness]
    return counted[0], counted[1]
