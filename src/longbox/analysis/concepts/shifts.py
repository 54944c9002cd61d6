"""Random sets of equal size and equal book make-up, for concepts that take parts of books.

The members of a concept are moved along each of their books in reading order, all by the same
number of units, around the end back to the start; a random number for each book. So every random
set has as many members in each book as the concept has, and its members come in the same runs.
Drawing members of a book freely would break the runs: a scene of ten panels would be compared with
ten panels from ten scenes, and every scene would seem to be an idea (free shuffling of what comes
in runs is anti-conservative; circular shifts are the remedy for series, Harrison, Amarasingham and
Truccolo, 2015).

What is compared is D, the sum of dot products over pairs of members of different books, each vector
less its book's mean. Neither book nor scene can raise it: what two members of one book share is in
no pair, and what all of a book share is subtracted. D is not divided by the length of the sums: a
random set is less coherent than the concept, so its sum is shorter, and dividing by it would make
random cosines larger than they are.

Units of both concepts are left out of both. What is left of one then avoids the other, and would
seem less alike to it than chance: against units of a book that are all but one idea, all but the
other. So each is moved among, and measured from the mean of, the units of the book that are not in
the other one.

For a book of n units there are n shifts, so for every book and every other concept the dot products
of all shifts are made at once (a circular correlation, by FFT where members are many); a draw is
then a sum over books.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts.comparing import Comparable, part_of
from longbox.analysis.concepts.values import Level

_FEWEST_AS_FAR: Final = 10
_FEW: Final = 40


@dataclass(frozen=True, slots=True, eq=False)
class Shifted:
    """One concept shifted, all others held; a column for each concept.

    Attributes:
        observed: D, float64 (C,).
        draws: D of random sets, float32 (R, C).
        n_arrangements: How many different sets there are, at most 1e18, float64 (C,).
        weights: What a unit's direction of length 1, had by all members, would add up to along
            the others' sums, float64 (C, D).
        strength: Squared length of the direction that members have in common, without what chance
            adds; may be negative, float64 (C,).
        sums: Of the members' vectors less the books' means, float64 (C, D).
    """

    observed: NDArray[np.float64]
    draws: NDArray[np.float32]
    n_arrangements: NDArray[np.float64]
    weights: NDArray[np.float64]
    strength: NDArray[np.float64]
    sums: NDArray[np.float64]


def shift_against_all(
    shelf: Comparable,
    members: NDArray[np.bool_],
    levels: Sequence[Level],
    concept: int,
    draws: tuple[int, np.random.Generator],
) -> Shifted:
    """Shift one concept of parts of books, and compare every random set with all other concepts.

    Args:
        shelf: Centred vectors.
        members: Of all concepts, bool (C, N).
        levels: Of all concepts. Against whole books, members in those books are left out.
        concept: Which one is shifted.
        draws: How many random sets, and what draws them.
    """
    n_draws, rng = draws
    is_book = np.array([level is Level.BOOKS for level in levels])
    shifting = _Shifting(shelf, members, is_book, concept, n_draws)
    for book in np.unique(shelf.book[members[concept]]).tolist():
        shifting.take(book, rng)
    return shifting.answer()


class _Shifting:
    """The sums over books of one concept against all others."""

    def __init__(
        self,
        shelf: Comparable,
        members: NDArray[np.bool_],
        is_book: NDArray[np.bool_],
        concept: int,
        n_draws: int,
    ) -> None:
        n_concepts, dimension = len(members), shelf.vectors.shape[1]
        self._shelf, self._members, self._is_book = shelf, members, is_book
        self._concept, self._own = concept, members[concept]
        self._totals = self._held_totals()
        self._observed = np.zeros(n_concepts)
        self._draws = np.zeros((n_concepts, n_draws), dtype=np.float32)
        self._n_arrangements = np.ones(n_concepts)
        self._weights = np.zeros((n_concepts, dimension))
        self._strength = _Strength.empty(n_concepts, dimension)

    def take(self, book: int, rng: np.random.Generator) -> None:
        """Add one book of the concept."""
        at = self._shelf.slice_of(book)
        vectors, own, held = self._shelf.vectors[at], self._own[at], self._members[:, at]
        mask = own & ~held  # (C, n)
        mask[self._is_book & held.any(axis=1)] = False
        n_left, counts = (~held).sum(axis=1), mask.sum(axis=1)
        weight = counts * (1 - counts / np.maximum(n_left, 1))
        if not weight.any():
            return
        sums, shared = _sums(held, vectors), _sums(held & own, vectors)  # (C, D)
        base = (vectors.sum(axis=0) - sums) / np.maximum(n_left, 1).astype(np.float32)[:, None]
        others = sums - shared
        n_others = (held & ~own).sum(axis=1).astype(np.float32)
        n_others[self._is_book] = 0
        others -= n_others[:, None] * base[self._concept]
        across = self._totals - others  # of other books only
        alike = vectors @ across.T - np.einsum("cd,cd->c", base, across)  # (n, C)
        turn = rng.random(self._draws.shape[1])
        for columns, places in _same_places(weight > 0, ~held):
            moved = mask[columns[0], places]  # the same for all columns without held units
            table = shift_table(moved, alike[places][:, columns])
            self._observed[columns] += table[0]
            self._draws[columns] += table.T[:, (turn * len(places)).astype(np.int64)]
        arrangements = self._n_arrangements * np.where(weight > 0, n_left, 1)
        self._n_arrangements = np.minimum(arrangements, 1e18)
        self._weights += weight.astype(np.float32)[:, None] * across
        own_sums = (sums[self._concept] - shared) * (counts > 0).astype(np.float32)[:, None]
        lengths = mask @ np.einsum("nd,nd->n", vectors, vectors)
        self._strength.take(own_sums, base, counts.astype(np.float32), weight, lengths)

    def answer(self) -> Shifted:
        """Return everything added up."""
        return Shifted(
            self._observed,
            self._draws.T,
            self._n_arrangements,
            self._weights,
            self._strength.answer(),
            self._strength.totals,
        )

    def _held_totals(self) -> NDArray[np.float32]:
        """Return what each other concept has in all books, (C, D)."""
        shelf, others = self._shelf, self._members & ~self._own
        totals = (others.astype(np.float32) @ shelf.vectors).astype(np.float64)
        own = part_of(shelf, self._own)
        left = shelf.sizes.astype(np.float64)
        base = shelf.means * left[:, None]
        base[own.books] -= own.sums
        left[own.books] -= own.counts
        base /= np.maximum(left, 1)[:, None]
        counts = np.add.reduceat(others, shelf.starts[:-1], axis=1, dtype=np.int64)  # (C, B)
        totals[~self._is_book] -= counts[~self._is_book] @ base
        single: NDArray[np.float32] = totals.astype(np.float32)
        return single


@dataclass(slots=True)
class _Strength:
    """What members have in common, book by book; a column for each concept that is held.

    Over pairs of members of different books. A set of one book is judged by its own pairs, which is
    too much where they are one scene, and so errs on the side of caution. A member of a book of
    which a share f is taken shows only 1 - f of its direction once the book's mean is subtracted.
    """

    totals: NDArray[np.float64]
    by_book: NDArray[np.float64]
    by_unit: NDArray[np.float64]
    weights: NDArray[np.float64]
    squares: NDArray[np.float64]

    @classmethod
    def empty(cls, n: int, dimension: int) -> _Strength:
        return cls(np.zeros((n, dimension)), *(np.zeros(n) for _ in range(4)))

    def take(
        self,
        sums: NDArray[np.float32],
        base: NDArray[np.float32],
        counts: NDArray[np.float32],
        weight: NDArray[np.float64],
        lengths: NDArray[np.float32],
    ) -> None:
        """Add a book: sums of members' vectors, (C, D), what they are measured from, squares."""
        own = sums - counts[:, None] * base
        self.totals += own
        self.by_book += np.einsum("cd,cd->c", own, own)
        self.by_unit += lengths + np.einsum("cd,cd->c", counts[:, None] * base - 2 * sums, base)
        self.weights += weight
        self.squares += weight**2

    def answer(self) -> NDArray[np.float64]:
        """Return the squared length of the common direction, (C,)."""
        n_across = self.weights**2 - self.squares
        n_within = self.weights**2 - self.weights
        is_across = n_across > 1e-9
        rest = np.where(is_across, self.by_book, self.by_unit)
        n_pairs = np.where(is_across, n_across, n_within)
        found = (self.totals**2).sum(axis=1) - rest
        strength: NDArray[np.float64] = np.divide(
            found, n_pairs, out=np.zeros_like(found), where=n_pairs > 1e-9
        )
        return strength


def _sums(mask: NDArray[np.bool_], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sums of members' vectors, (C, D); rows without members cost nothing."""
    sums = np.zeros((len(mask), vectors.shape[1]), dtype=np.float32)
    rows = np.flatnonzero(mask.any(axis=1))
    sums[rows] = mask[rows].astype(np.float32) @ vectors
    return sums


def _same_places(
    is_wanted: NDArray[np.bool_], left: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield columns and the units that members may be moved to there: those not held."""
    is_free = left.all(axis=1)
    together = np.flatnonzero(is_wanted & is_free)
    if together.size:
        yield together, np.arange(left.shape[1])
    for column in np.flatnonzero(is_wanted & ~is_free):
        yield np.array([column]), np.flatnonzero(left[column])


def shift_table(mask: NDArray[np.bool_], along: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sums over the members of every shift.

    Args:
        mask: Which units are members, bool (n,).
        along: Numbers of each unit, (n, C).

    Returns:
        Row k: the sums over members moved on by k units, float32 (n, C).
    """
    n, places = len(mask), np.flatnonzero(mask)
    if places.size <= _FEW:
        twice = np.concatenate([along, along])
        sums = np.zeros_like(along)
        for place in places.tolist():
            sums += twice[place : place + n]
        return sums
    from scipy.fft import irfft, rfft  # unlike NumPy's it keeps single precision

    spectrum = np.conj(rfft(mask.astype(np.float32)))[:, None] * rfft(along, axis=0)
    table: NDArray[np.float32] = irfft(spectrum, n, axis=0)
    return table


def two_sided(observed: NDArray[np.float64], draws: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return twice the smaller share of draws as far out as what was observed.

    The observed set is one of the arrangements and is counted among the draws, so no p is below
    2 / (R + 1).

    Args:
        observed: (C,).
        draws: (R, C).
    """
    slack = 1e-6 * np.abs(draws).max(axis=0, initial=1e-12)
    above = (1 + (draws >= observed - slack).sum(axis=0)) / (1 + len(draws))
    below = (1 + (draws <= observed + slack).sum(axis=0)) / (1 + len(draws))
    p: NDArray[np.float64] = np.minimum(1.0, 2 * np.minimum(above, below))
    return p


def shifted_p(shifted: Shifted) -> NDArray[np.float64]:
    """Return two-sided p of one concept's likeness to all others among random sets, (C,).

    Where fewer than ten draws are as far out, their number says little of how rare that is, and p
    could never pass a correction for many pairs. D of a random set is a sum over books of
    independent terms; there its tail is taken from the gamma distribution with the draws' first
    three moments (Winkler et al., 2016), but never below what one arrangement of all would have.
    """
    from scipy.stats import pearson3, skew

    p = two_sided(shifted.observed, shifted.draws)
    rare = np.flatnonzero(p < 2 * _FEWEST_AS_FAR / (1 + len(shifted.draws)))
    if rare.size:
        draws = shifted.draws[:, rare].astype(np.float64)
        deviation = np.maximum(draws.std(axis=0), 1e-12)
        away = (shifted.observed[rare] - draws.mean(axis=0)) / deviation
        lean = np.nan_to_num(skew(draws, axis=0)) * np.sign(away)
        tail = 2 * pearson3.sf(np.abs(away), lean)
        p[rare] = np.minimum(p[rare], np.maximum(tail, 2 / shifted.n_arrangements[rare]))
    return p
