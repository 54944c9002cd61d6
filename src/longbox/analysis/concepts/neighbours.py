"""What lies nearest to a concept, and to sums of concepts (A - B + C).

A concept's direction is that of the mean of its members' centred vectors; in a sum every concept
counts with a direction of length 1, so that a large incoherent concept, whose mean is short, has
the same say as a small coherent one. In Euclidean spaces a concept is the point where its mean is,
a sum of concepts the weighted sum of points, and likeness 1 / (1 + distance), as searches have it.

Members are no news and left out; units of the members' own books may be left out too, for a book is
most like itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts.comparing import Comparable, comparable, part_of
from longbox.analysis.concepts.values import Concept
from longbox.analysis.units import Unit, Units
from longbox.errors import QueryError
from longbox.vectors import Space, unit


@dataclass(frozen=True, slots=True)
class NeighbourOptions:
    """Which neighbours are wanted.

    Attributes:
        k: At most so many.
        outside_own_books: Only of books that none of the concepts has members in.
        most_of_a_book: At most so many of one book; None for any number.
    """

    k: int = 10
    outside_own_books: bool = True
    most_of_a_book: int | None = None


_USUAL = NeighbourOptions()


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The units nearest to a concept or a sum of concepts, the nearest first.

    Attributes:
        of: What they are near, in words.
        at: Their places in the units, int64 (k,).
        rows: Their rows, int64 (k,).
        scores: Cosine with the direction, or 1 / (1 + distance), float64 (k,).
        n_candidates: Units that could have been among them.
        n_members: Members of the concepts.
    """

    of: str
    space: Space
    unit: Unit
    at: NDArray[np.int64]
    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    n_candidates: int
    n_members: int


def neighbours(units: Units, concept: Concept, options: NeighbourOptions = _USUAL) -> Neighbours:
    """Find the units nearest to a concept, its members left out.

    Raises:
        QueryError: It has no members among the units, or they cancel out.
    """
    return arithmetic(units, [(1.0, concept)], options)


def arithmetic(
    units: Units,
    terms: Sequence[tuple[float, Concept]],
    options: NeighbourOptions = _USUAL,
) -> Neighbours:
    """Find the units nearest to a weighted sum of concepts, all their members left out.

    Args:
        units: Of one space.
        terms: Weights and concepts; a negative weight takes a concept away.
        options: How many, and where from.

    Raises:
        QueryError: There is no term, one has no members among the units, or they cancel out.
    """
    if not terms or options.k < 1:
        raise QueryError("nothing to add up; give at least one concept, and ask for 1 or more")
    shelf = comparable(units)
    place = _sum(shelf, terms)
    if shelf.is_cosine:
        scores = (shelf.vectors @ unit(place)).astype(np.float64)
    else:
        scores = 1 / (1 + np.linalg.norm(shelf.vectors - place, axis=1).astype(np.float64))
    members = np.any([concept.members for _, concept in terms], axis=0)
    is_candidate = ~members
    if options.outside_own_books:
        is_candidate &= ~np.isin(shelf.book, np.unique(shelf.book[members]))
    at = np.flatnonzero(is_candidate)
    at = at[np.argsort(-scores[at], kind="stable")]
    if options.most_of_a_book is not None:
        at = at[_place_in_group(shelf.book[at]) < options.most_of_a_book]
    at = at[: options.k]
    return Neighbours(
        of=_in_words(terms),
        space=units.space,
        unit=units.unit,
        at=at,
        rows=units.rows[at],
        scores=scores[at],
        n_candidates=int(is_candidate.sum()),
        n_members=int(members.sum()),
    )


def _sum(shelf: Comparable, terms: Sequence[tuple[float, Concept]]) -> NDArray[np.float32]:
    place = np.zeros(shelf.vectors.shape[1], dtype=np.float64)
    for weight, concept in terms:
        if concept.members.shape != (shelf.n,) or not concept.n:
            raise QueryError(f"{concept.name}: it has no vector in this space; try another space")
        mean = part_of(shelf, concept.members).mean
        length = float(np.linalg.norm(mean)) if shelf.is_cosine else 1.0
        place += weight * mean / max(length, 1e-12)
    if shelf.is_cosine and np.linalg.norm(place) < 1e-6:
        raise QueryError("these concepts cancel out; change a weight, or take one away")
    return place.astype(np.float32)


def _place_in_group(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many of the same group come before each."""
    order = np.argsort(groups, kind="stable")
    sorted_groups = groups[order]
    first = np.r_[0, np.flatnonzero(np.diff(sorted_groups)) + 1]
    sizes = np.diff(np.r_[first, groups.size])
    places = np.empty(groups.size, dtype=np.int64)
    places[order] = np.arange(groups.size) - np.repeat(first, sizes)
    return places


def _in_words(terms: Sequence[tuple[float, Concept]]) -> str:
    said = ""
    for weight, concept in terms:
        sign = "- " if weight < 0 else "+ " if said else ""
        factor = "" if abs(weight) == 1 else f"{abs(weight):g} "
        said += f" {sign}{factor}{concept.name}"
    return said.strip()
