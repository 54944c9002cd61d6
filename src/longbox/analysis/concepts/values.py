"""What a concept is, and what the statistics of concepts answer.

Every answer carries how many units and books it rests on. What the data cannot tell is None (nan in
arrays) and a verdict that says so; it is never a number that looks like an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.units import Unit
from longbox.errors import ModelError
from longbox.vectors import Space

# Arrangements below which even the outermost one is no evidence at .05, one-sided and two-sided.
FEWEST_ARRANGEMENTS = 20
FEWEST_TWO_SIDED = 40


class Level(StrEnum):
    """What a concept takes of its books: a part of each, or nearly all (a series does)."""

    PARTS = "parts of books"
    BOOKS = "whole books"


class Verdict(StrEnum):
    """What may be said of a likeness at the level of error that was asked for.

    Chance is what sets of the same books have: two ideas that occur in unlike books may be more
    alike than chance, and yet their likeness be negative.
    """

    ALIKE = "more alike than chance"
    NOT_TOLD_APART = "not told apart from chance"
    LESS_ALIKE = "less alike than chance"
    ONE_BOOK = "cannot be told (one book)"
    TOO_FEW = "cannot be told (too few to compare with)"
    CONTAINED = "cannot be told (one is part of the other)"

    @property
    def is_told(self) -> bool:
        """Whether the data could say anything."""
        return self not in (Verdict.ONE_BOOK, Verdict.TOO_FEW, Verdict.CONTAINED)


@dataclass(frozen=True, slots=True, eq=False)
class Concept:
    """A named set of units of one space.

    Attributes:
        name: For people.
        members: Which units belong to it, bool (N,), as `Units.rows`.
        n_without_vector: How many of what was selected have no vector in the space, or are not in
            the sample.

    Raises:
        ModelError: The members are not a row of bool.
    """

    name: str
    members: NDArray[np.bool_]
    n_without_vector: int = 0

    def __post_init__(self) -> None:
        if self.members.ndim != 1 or self.members.dtype != np.bool_:
            raise ModelError(f"{self.name}: members must be bool (N,), one for each unit")

    @property
    def n(self) -> int:
        """How many units belong to it."""
        return int(np.count_nonzero(self.members))


@dataclass(frozen=True, slots=True)
class Coherence:
    """Whether the members of a concept, over different books, are more alike than chance.

    Attributes:
        value: Mean cosine of two members of different books (of different works for whole books of
            several works), vectors centred; None where there are no two such.
        expected: The same for random sets of the same make-up, on average.
        p: One-sided; None where it cannot be told.
        compared_with: What the random sets are, in words.
        n_without_vector: Of what was selected.
        n_draws: Random sets.
    """

    name: str
    value: float | None
    expected: float | None
    p: float | None
    verdict: Verdict
    level: Level
    compared_with: str
    n: int
    n_books: int
    n_without_vector: int
    n_draws: int


@dataclass(frozen=True, slots=True, eq=False)
class Likenesses:
    """How alike C concepts are, two by two. Arrays are symmetric; nan where it cannot be told.

    Attributes:
        space: Of the vectors.
        fingerprint: Of their encoder.
        unit: Panels or pages.
        names: Of the concepts.
        n: Units of each, int64 (C,).
        n_books: Books of each, int64 (C,).
        levels: Of each.
        coherences: Of each; empty where they were not asked for.
        values: Cosine of the two means over pairs of units of different books, float64 (C, C).
        low, high: 95 % bootstrap interval of the value, float64 (C, C).
        drawn_by: What was drawn for the intervals of each: "book", or "unit" below five books,
            which says nothing about other books.
        expected: What sets of the same books would have: for parts of books their books' average
            units, for whole books random works, float64 (C, C).
        p_sets: Against random sets of the same make-up, two-sided, float64 (C, C).
        p_ideas: Against other ideas as coherent as these, two-sided, float64 (C, C).
        q: The larger of both, after Benjamini-Hochberg over all pairs, float64 (C, C).
        verdicts: One a pair, C x C.
        n_shared: Units of both, left out of that pair, int64 (C, C).
        n_units: N, of all units that were looked at; the vectors are centred by their mean.
        n_known: Units of the library; more than N where these are a sample.
        resampled: Values of the bootstrap's draws, float32 (R, C, C).
        level_of_error: What q was compared with.
        n_draws: Random sets for each concept.
        seed: Of all draws.
    """

    space: Space
    fingerprint: str
    unit: Unit
    names: tuple[str, ...]
    n: NDArray[np.int64]
    n_books: NDArray[np.int64]
    levels: tuple[Level, ...]
    coherences: tuple[Coherence, ...]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    drawn_by: tuple[str, ...]
    expected: NDArray[np.float64]
    p_sets: NDArray[np.float64]
    p_ideas: NDArray[np.float64]
    q: NDArray[np.float64]
    verdicts: tuple[tuple[Verdict, ...], ...]
    n_shared: NDArray[np.int64]
    n_units: int
    n_known: int
    resampled: NDArray[np.float32]
    level_of_error: float
    n_draws: int
    seed: int

    def pairs(self) -> tuple[Likeness, ...]:
        """Return every pair once, the most alike first; those that cannot be told come last."""
        first, second = np.triu_indices(len(self.names), 1)
        found = [self._pair(int(a), int(b)) for a, b in zip(first, second, strict=True)]
        return tuple(sorted(found, key=lambda pair: (pair.value is None, -(pair.value or 0.0))))

    def _pair(self, a: int, b: int) -> Likeness:
        def told(array: NDArray[np.float64]) -> float | None:
            return None if np.isnan(array[a, b]) else float(array[a, b])

        return Likeness(
            first=self.names[a],
            second=self.names[b],
            value=told(self.values),
            low=told(self.low),
            high=told(self.high),
            expected=told(self.expected),
            p_sets=told(self.p_sets),
            p_ideas=told(self.p_ideas),
            q=told(self.q),
            verdict=self.verdicts[a][b],
            n_first=int(self.n[a] - self.n_shared[a, b]),
            n_second=int(self.n[b] - self.n_shared[a, b]),
            n_shared=int(self.n_shared[a, b]),
        )


@dataclass(frozen=True, slots=True)
class Likeness:
    """One pair of `Likenesses`, as plain numbers; n without the units of both."""

    first: str
    second: str
    value: float | None
    low: float | None
    high: float | None
    expected: float | None
    p_sets: float | None
    p_ideas: float | None
    q: float | None
    verdict: Verdict
    n_first: int
    n_second: int
    n_shared: int
