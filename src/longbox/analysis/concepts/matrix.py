"""How alike many concepts are, two by two: values, intervals and two nulls.

A pair is called alike (or less alike than chance) only if its likeness differs from that of random
sets of the same books (`shifts`, `works`) and from that of other ideas as coherent as these
(`ideas`), after Benjamini-Hochberg over all pairs. Both have to be passed, so the larger p counts
(an intersection-union test); where a concept of parts of books meets another, each is resampled
while the other is held, and again the larger p counts.

Which concepts are compared how:

| | parts of books | whole books |
|---|---|---|
| parts of books | both shifted in turn, ideas | the parts shifted, ideas, random works |
| whole books | | random works |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts.coherence import coherence_of
from longbox.analysis.concepts.comparing import (
    Comparable,
    Part,
    comparable,
    expected_likeness,
    level_of,
    likeness_of,
    part_of,
)
from longbox.analysis.concepts.ideas import Ideas, draw_ideas, ideas_p
from longbox.analysis.concepts.resampling import Drawn, Resampling, interval_of
from longbox.analysis.concepts.shifts import Shifted, shift_against_all, shifted_p
from longbox.analysis.concepts.values import (
    FEWEST_TWO_SIDED,
    Concept,
    Level,
    Likenesses,
    Verdict,
)
from longbox.analysis.concepts.works import (
    WorkDraws,
    draw_works,
    held_p,
    n_pairs_of_works,
    works_p,
)
from longbox.analysis.units import Tell, Units
from longbox.errors import ConfigError, QueryError

MOST_CONCEPTS = 200


@dataclass(frozen=True, slots=True)
class LikenessOptions:
    """How concepts are compared.

    Attributes:
        n_draws: Random sets for each concept.
        n_resampled: Draws of the bootstrap.
        level_of_error: Share of false discoveries among what is called alike or less alike.
        with_coherence: Whether each concept is tested for being one.
        seed: Of all draws.

    Raises:
        ConfigError: A number is not possible.
    """

    n_draws: int = 1999
    n_resampled: int = 999
    level_of_error: float = 0.05
    with_coherence: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.n_draws, self.n_resampled) < 99:
            raise ConfigError("at least 99 draws are needed to tell anything from chance")
        if not 0 < self.level_of_error < 1 or self.seed < 0:
            raise ConfigError("the level of error is a share between 0 and 1, a seed is 0 or more")


_USUAL = LikenessOptions()


def likenesses(
    units: Units,
    concepts: Sequence[Concept],
    options: LikenessOptions = _USUAL,
    tell: Tell | None = None,
) -> Likenesses:
    """Compare concepts two by two.

    Args:
        units: Of one space; the vectors are centred by their mean.
        concepts: At least two, at most 200.
        options: How.
        tell: Called with "comparing", concepts done, and concepts to do.

    Raises:
        QueryError: There are fewer than two concepts, or too many, or one has no member.
        ModelError: Members do not fit the units.
    """
    checked(units, concepts)
    comparing = _Comparing(units, concepts, options)
    for concept in range(len(concepts)):
        comparing.resample(concept)
        if tell:
            tell("comparing", concept + 1, len(concepts))
    return comparing.answer()


def checked(units: Units, concepts: Sequence[Concept], fewest: int = 2) -> None:
    """Refuse concepts that cannot be compared.

    Raises:
        QueryError: There are too few or too many, or one has no member among the units.
    """
    if not fewest <= len(concepts) <= MOST_CONCEPTS:
        raise QueryError(
            f"{len(concepts)} concepts; give {fewest} to {MOST_CONCEPTS}, each as name=what"
        )
    for concept in concepts:
        if concept.members.shape != (units.n,):
            raise QueryError(f"{concept.name}: made for other {units.unit}; select it again")
        if not concept.n:
            raise QueryError(
                f"{concept.name}: none of it has a {units.space} vector; try another space"
            )


@dataclass(slots=True)
class _Tables:
    """What is being filled in, (C, C) each."""

    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    expected: NDArray[np.float64]
    p_sets: NDArray[np.float64]
    p_ideas: NDArray[np.float64]
    n_arrangements: NDArray[np.float64]
    n_shared: NDArray[np.int64]
    is_alike: NDArray[np.bool_]

    @classmethod
    def empty(cls, n: int) -> _Tables:
        def nans() -> NDArray[np.float64]:
            return np.full((n, n), np.nan)

        return cls(
            values=nans(),
            low=nans(),
            high=nans(),
            expected=nans(),
            p_sets=nans(),
            p_ideas=nans(),
            n_arrangements=np.full((n, n), np.inf),
            n_shared=np.zeros((n, n), dtype=np.int64),
            is_alike=np.zeros((n, n), dtype=np.bool_),
        )


@dataclass(slots=True)
class _Parts:
    """Parts of concepts without each other's units; what has nothing in common is made once."""

    shelf: Comparable
    members: NDArray[np.bool_]
    kept: dict[tuple[int, int], Part] = field(default_factory=dict)

    def key(self, concept: int, without: int) -> tuple[int, int]:
        overlap = concept == without or not (self.members[concept] & self.members[without]).any()
        return concept, -1 if overlap else without

    def part(self, concept: int, without: int) -> Part:
        key = self.key(concept, without)
        if key not in self.kept:
            mask = self.members[concept]
            made = part_of(self.shelf, mask if key[1] < 0 else mask & ~self.members[without])
            if key[1] >= 0:
                return made  # used twice at most; there may be very many
            self.kept[key] = made
        return self.kept[key]


class _Comparing:
    """The work of one matrix: every concept in turn, then the answers are put together."""

    def __init__(self, units: Units, concepts: Sequence[Concept], options: LikenessOptions) -> None:
        self._units, self._concepts, self._options = units, concepts, options
        self._n = len(concepts)
        self._shelf = comparable(units)
        self._members = np.stack([concept.members for concept in concepts])
        self._parts = _Parts(self._shelf, self._members)
        whole = [self._parts.part(c, c) for c in range(self._n)]
        self._levels = tuple(level_of(self._shelf, part) for part in whole)
        streams = np.random.default_rng(options.seed).spawn(4)
        self._shifting, self._of_ideas, self._of_works, of_books = streams
        self._resampling = Resampling(self._shelf, of_books, options.n_resampled)
        self._weights = [self._resampling.weights(part) for part in whole]
        self._drawn: dict[int, Drawn] = {}
        self._works: dict[int, WorkDraws] = {}
        self._ideas: Ideas | None = None
        self._tables = _Tables.empty(self._n)
        self._resampled = np.full((options.n_resampled, self._n, self._n), np.nan, dtype=np.float32)
        self._n_draws = options.n_draws
        self._coherences = tuple(
            coherence_of(self._shelf, concept, part, self._shifting)
            for concept, part in zip(concepts, whole, strict=True)
            if options.with_coherence
        )

    def resample(self, a: int) -> None:
        """Fill in what can be known of a concept and those before it, and shift it if it can be."""
        self._resampled[:, a, a] = self._tables.values[a, a] = 1.0
        self._tables.low[a, a] = self._tables.high[a, a] = 1.0
        for b in range(a):
            self._measure(a, b)
            if self._levels[a] is self._levels[b] is Level.BOOKS:
                self._compare_works(a, b)
        if self._levels[a] is Level.PARTS and self._n > 1:
            self._shift(a)

    def _measure(self, a: int, b: int) -> None:
        tables = self._tables
        tables.n_shared[a, b] = tables.n_shared[b, a] = np.count_nonzero(
            self._members[a] & self._members[b]
        )
        first, second = self._parts.part(a, b), self._parts.part(b, a)
        value = likeness_of(first, second)
        if value is None:
            return
        whole = self._parts.part(a, a), self._parts.part(b, b)
        expected = expected_likeness(self._shelf, (first, second), whole)
        drawn = self._draw(a, first), self._draw(b, second)
        draws = self._resampling.likenesses(*drawn)
        n_drawn = min(drawn[0].n_drawn, drawn[1].n_drawn)
        low, high = interval_of(value, draws, n_drawn)
        for i, j in ((a, b), (b, a)):
            tables.values[i, j] = value
            tables.expected[i, j] = np.nan if expected is None else expected
            tables.low[i, j], tables.high[i, j] = max(low, -1.0), min(high, 1.0)
            self._resampled[:, i, j] = draws

    def _draw(self, concept: int, part: Part) -> Drawn:
        whole = self._parts.part(concept, concept)
        if part is whole:
            if concept not in self._drawn:
                self._drawn[concept] = self._resampling.draw(part, self._weights[concept])
            return self._drawn[concept]
        return self._resampling.draw(part, self._resampling.weights(part))

    def _shift(self, a: int) -> None:
        shifted = shift_against_all(
            self._shelf, self._members, self._levels, a, (self._n_draws, self._shifting)
        )
        if self._ideas is None:
            self._ideas = draw_ideas(self._shelf, self._of_ideas)
        p_sets = shifted_p(shifted)
        p_ideas = ideas_p(self._ideas, shifted, self._members, a)
        for b in range(self._n):
            if b == a:
                continue
            p_other = float(p_ideas[b])
            if self._levels[b] is Level.BOOKS:
                p_works, is_alike = held_p(self._draw_works(b), shifted.sums[b])
                p_other = max(p_other, p_works if is_alike == (shifted.observed[b] > 0) else 1.0)
            self._note(a, b, float(p_sets[b]), p_other, shifted)

    def _note(self, a: int, b: int, p_sets: float, p_ideas: float, shifted: Shifted) -> None:
        """Keep the larger p of both directions, and the smaller number of arrangements."""
        tables, n_sets = self._tables, float(shifted.n_arrangements[b])
        for i, j in ((a, b), (b, a)):
            tables.p_sets[i, j] = np.fmax(tables.p_sets[i, j], p_sets)
            tables.p_ideas[i, j] = np.fmax(tables.p_ideas[i, j], p_ideas)
            tables.n_arrangements[i, j] = min(tables.n_arrangements[i, j], n_sets)
            tables.is_alike[i, j] = shifted.observed[b] > 0

    def _compare_works(self, a: int, b: int) -> None:
        first, second = self._draw_works(a), self._draw_works(b)
        answer = works_p(first, second, self._of_works)
        for i, j in ((a, b), (b, a)):
            tables = self._tables
            tables.n_arrangements[i, j] = n_pairs_of_works(self._shelf, first, second)
            if answer is not None:
                tables.expected[i, j] = answer.expected
                tables.p_sets[i, j] = answer.p_plain
                tables.p_ideas[i, j] = answer.p_centred
                tables.is_alike[i, j] = answer.is_alike

    def _draw_works(self, concept: int) -> WorkDraws:
        if concept not in self._works:
            part = self._parts.part(concept, concept)
            self._works[concept] = draw_works(self._shelf, part, self._shelf.works, self._of_works)
        return self._works[concept]

    def answer(self) -> Likenesses:
        """Put everything together."""
        tables, units = self._tables, self._units
        is_told = ~np.isnan(tables.values) & (tables.n_arrangements >= FEWEST_TWO_SIDED)
        is_told &= ~(np.isnan(tables.p_sets) | np.isnan(tables.p_ideas))
        for array in (tables.p_sets, tables.p_ideas):
            array[~is_told] = np.nan
        q = corrected(np.maximum(tables.p_sets, tables.p_ideas))
        whole = [self._parts.part(c, c) for c in range(self._n)]
        return Likenesses(
            space=units.space,
            fingerprint=units.fingerprint,
            unit=units.unit,
            names=tuple(concept.name for concept in self._concepts),
            n=np.array([part.n for part in whole], dtype=np.int64),
            n_books=np.array([len(part.books) for part in whole], dtype=np.int64),
            levels=self._levels,
            coherences=self._coherences,
            values=tables.values,
            low=tables.low,
            high=tables.high,
            drawn_by=tuple(
                "book" if w.shape[1] == len(part.books) else "unit"
                for w, part in zip(self._weights, whole, strict=True)
            ),
            expected=tables.expected,
            p_sets=tables.p_sets,
            p_ideas=tables.p_ideas,
            q=q,
            verdicts=self._verdicts(q),
            n_shared=tables.n_shared,
            n_units=units.n,
            n_known=units.n_known,
            resampled=self._resampled,
            level_of_error=self._options.level_of_error,
            n_draws=self._n_draws,
            seed=self._options.seed,
        )

    def _verdicts(self, q: NDArray[np.float64]) -> tuple[tuple[Verdict, ...], ...]:
        return tuple(
            tuple(self._verdict(a, b, float(q[a, b])) for b in range(self._n))
            for a in range(self._n)
        )

    def _verdict(self, a: int, b: int, q: float) -> Verdict:
        if a == b:
            return Verdict.ALIKE
        if self._tables.n_shared[a, b] == min(self._concepts[c].n for c in (a, b)):
            return Verdict.CONTAINED
        if np.isnan(self._tables.values[a, b]):
            return Verdict.ONE_BOOK
        if np.isnan(q):
            return Verdict.TOO_FEW
        if q > self._options.level_of_error:
            return Verdict.NOT_TOLD_APART
        return Verdict.ALIKE if self._tables.is_alike[a, b] else Verdict.LESS_ALIKE


def corrected(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Benjamini-Hochberg's q of all pairs of a symmetric matrix; nan stays nan."""
    from scipy.stats import false_discovery_control

    q = np.full_like(p, np.nan)
    a, b = np.triu_indices(len(p), 1)
    is_told = ~np.isnan(p[a, b])
    a, b = a[is_told], b[is_told]
    if a.size:
        q[a, b] = q[b, a] = false_discovery_control(p[a, b])
    return q
