"""Is a concept one: are its members, over different books, more alike than chance?

Parts of books are compared with the same number of units of the same books, moved along them
(`shifts`); whole books of several works with as many random works; whole books of one work (a
series) with as many random books. A selection that fails here may be a good question to a catalog,
but it is no idea that this space knows of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts.comparing import Comparable, Part, comparable, level_of, part_of
from longbox.analysis.concepts.shifts import shift_table
from longbox.analysis.concepts.values import (
    FEWEST_ARRANGEMENTS,
    Coherence,
    Concept,
    Level,
    Verdict,
)
from longbox.analysis.concepts.works import draw_works
from longbox.analysis.units import Units
from longbox.errors import QueryError

N_COHERENCE_DRAWS = 999
_SHIFTED = "as many units of the same books, moved along them"
_WORKS = "as many random works of the same size"
_BOOKS = "as many random books of the same size"


@dataclass(frozen=True, slots=True)
class _Tested:
    """What a test found: one-sided p, how many random sets there are, and what they have."""

    value: float
    expected: float
    p: float
    n_arrangements: float
    compared_with: str


def coherence(units: Units, concept: Concept, *, seed: int = 0) -> Coherence:
    """Test whether a concept is one in this space.

    Raises:
        QueryError: It has no members among the units.
    """
    if not concept.n or concept.members.shape != (units.n,):
        raise QueryError(
            f"{concept.name}: none of it has a {units.space} vector; try another space"
        )
    shelf = comparable(units)
    rng = np.random.default_rng(seed)
    return coherence_of(shelf, concept, part_of(shelf, concept.members), rng)


def coherence_of(
    shelf: Comparable,
    concept: Concept,
    part: Part,
    rng: np.random.Generator,
    n_draws: int = N_COHERENCE_DRAWS,
) -> Coherence:
    """Test a concept whose part is known already."""
    level = level_of(shelf, part)
    found: _Tested | None = None
    if len(part.books) > 1:
        test = _by_works if level is Level.BOOKS else _by_shifts
        found = test(shelf, part, rng, n_draws)
    is_told = found is not None and found.n_arrangements >= FEWEST_ARRANGEMENTS
    return Coherence(
        name=concept.name,
        value=found.value if found else None,
        expected=found.expected if found else None,
        p=found.p if found and is_told else None,
        verdict=_verdict(found),
        level=level,
        compared_with=found.compared_with if found else "",
        n=part.n,
        n_books=len(part.books),
        n_without_vector=concept.n_without_vector,
        n_draws=n_draws if found else 0,
    )


def _verdict(found: _Tested | None) -> Verdict:
    if found is None:
        return Verdict.ONE_BOOK
    if found.n_arrangements < FEWEST_ARRANGEMENTS:
        return Verdict.TOO_FEW
    return Verdict.ALIKE if found.p <= 0.05 else Verdict.NOT_TOLD_APART


def _by_shifts(shelf: Comparable, part: Part, rng: np.random.Generator, n_draws: int) -> _Tested:
    """Test parts of books: the sum over pairs of different books, vectors less the books' means."""
    sums = np.zeros((n_draws + 1, shelf.vectors.shape[1]), dtype=np.float32)  # the first is real
    within = np.zeros(n_draws + 1)
    n_arrangements = 1.0
    for book, first, count in zip(part.books, part.firsts, part.counts, strict=True):
        at = shelf.slice_of(int(book))
        mask = np.zeros(at.stop - at.start, dtype=np.bool_)
        mask[part.at[first : first + count] - at.start] = True
        if mask.all():
            continue
        table = shift_table(mask, shelf.vectors[at] - shelf.means[book])
        by = np.r_[0, rng.integers(0, len(mask), n_draws)]
        sums += table[by]
        within += np.einsum("nd,nd->n", table, table, dtype=np.float64)[by]
        n_arrangements = min(n_arrangements * len(mask), 1e18)
    found = np.einsum("rd,rd->r", sums, sums, dtype=np.float64) - within
    slack = 1e-6 * float(np.abs(found).max())
    n_pairs = float(part.n**2 - (part.counts**2).sum())
    by_books = part.counts.astype(np.float64)[:, None] * shelf.means[part.books]
    return _Tested(
        value=_over_books(part.sums.astype(np.float64)) / n_pairs,
        expected=_over_books(by_books) / n_pairs,
        p=float((found >= found[0] - slack).mean()),
        n_arrangements=n_arrangements,
        compared_with=_SHIFTED,
    )


def _by_works(shelf: Comparable, part: Part, rng: np.random.Generator, n_draws: int) -> _Tested:
    """Test whole books: the mean cosine of the means of two works, or of two books of one work."""
    from scipy.special import comb

    works = shelf.works
    compared_with = _WORKS
    if len(np.unique(works[part.books])) < 2:
        works, compared_with = np.arange(len(shelf.sizes)), _BOOKS
    draws = draw_works(shelf, part, works, rng, n_draws)
    n_above = np.count_nonzero(draws.random_cohesion >= draws.own_cohesion - 1e-9)
    return _Tested(
        value=float(draws.own_cohesion.mean()),
        expected=float(draws.random_cohesion.mean()),
        p=(1 + n_above) / (1 + n_draws),
        n_arrangements=float(comb(int(works.max()) + 1, draws.n_works)),
        compared_with=compared_with,
    )


def _over_books(sums: NDArray[np.float64]) -> float:
    total = sums.sum(axis=0)
    return float(total @ total - (sums**2).sum())
