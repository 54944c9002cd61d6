"""Concepts of a library, compared: what people wrote becomes sets of units, and these an answer.

All units of the books that hold members are looked at, since chance is drawn from these books; of a
large library a sample of the others besides, to know what is usual and to find what is near.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts import (
    BookCluster,
    Closer,
    Coherence,
    Concept,
    Dendrogram,
    Likenesses,
    LikenessOptions,
    NeighbourOptions,
    Neighbours,
    Selection,
    arithmetic,
    closer,
    coherence,
    concept_of,
    dendrogram,
    form_clusters,
    likenesses,
    neighbours,
    select_all,
)
from longbox.analysis.studies.cards import UnitCard, cards_of
from longbox.analysis.units import Sampling, Tell, Unit, Units, gather_units
from longbox.errors import QueryError
from longbox.library import Library
from longbox.vectors import Space

_SHOWN_MEMBERS: Final = 6


@dataclass(frozen=True, slots=True)
class ConceptQuestion:
    """What is asked of concepts.

    Attributes:
        concepts: What people wrote, "name=query" each.
        space: In which vectors.
        unit: Panels or pages.
        closer: Names of three of the concepts: is the first closer to the second than the third?
        clusters: Names of concepts of whole books: does each set of books form a cluster?
        arithmetic: Weights and names of concepts to add up, for what is near the sum.
        n_nearest: How many nearest of each concept are shown.
        options: Of the comparison.
        sampling: How many units beside those of the members' books.
    """

    concepts: tuple[str, ...]
    space: Space = Space.VISION
    unit: Unit = Unit.PAGES
    closer: tuple[tuple[str, str, str], ...] = ()
    clusters: tuple[str, ...] = ()
    arithmetic: tuple[tuple[tuple[float, str], ...], ...] = ()
    n_nearest: int = 6
    options: LikenessOptions = field(default_factory=LikenessOptions)
    sampling: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True, slots=True)
class SelectionTold:
    """A concept as it was written, and what of it was found.

    Attributes:
        n_selected: Panels or pages that it means.
        n: Of these, those that have a vector in the space.
    """

    name: str
    spec: str
    words: str
    n_selected: int
    n: int
    n_books: int


@dataclass(frozen=True, slots=True)
class Nearest:
    """What is near a concept or a sum: rows and scores, the nearest first."""

    of: str
    is_outside_own_books: bool
    rows: tuple[int, ...]
    scores: tuple[float, ...]
    n_candidates: int


@dataclass(frozen=True, slots=True, eq=False)
class ConceptStudy:
    """Concepts of a library, compared.

    Attributes:
        selections: As they were written.
        likenesses: None where there is one concept only.
        tree: None where fewer than two can be compared with each other.
        coherences: Of each concept.
        nearest: To each concept, in all books and outside its own; then to the sums.
        centres: Rows of each concept's members nearest to its mean.
        cards: Of every row that is shown.
    """

    space: Space
    unit: Unit
    selections: tuple[SelectionTold, ...]
    likenesses: Likenesses | None
    tree: Dendrogram | None
    coherences: tuple[Coherence, ...]
    closer: tuple[Closer, ...]
    clusters: tuple[BookCluster, ...]
    nearest: tuple[Nearest, ...]
    centres: tuple[tuple[int, ...], ...]
    cards: Mapping[int, UnitCard]
    n_units: int
    n_known: int


def told_concepts(study: ConceptStudy) -> ConceptStudy:
    """Return a study without the draws of its bootstrap: what is kept, printed and shown."""
    found = study.likenesses
    if found is None:
        return study
    return replace(study, likenesses=replace(found, resampled=found.resampled[:0]))


def study_concepts(
    library: Library, question: ConceptQuestion, tell: Tell | None = None
) -> ConceptStudy:
    """Compare what people wrote, and find what is near it.

    Args:
        library: Open.
        question: What is asked.
        tell: Called with what is being done, how much of it, and of how much.

    Raises:
        QueryError: A concept cannot be read, means nothing here, or has no vector in the space; a
            name is not one of the concepts.
        LibraryError: The library cannot be read.
    """
    if not question.concepts:
        raise QueryError("give at least one concept: name=query")
    selections = select_all(library, question.concepts)
    wanted = np.unique(np.concatenate([selection.rows for selection in selections]))
    units = units_around(library, question, wanted, tell)
    concepts = {selection.name: concept_of(units, selection) for selection in selections}
    found = None
    if len(concepts) > 1:
        found = likenesses(units, list(concepts.values()), question.options, tell)
    nearest = _nearest(units, concepts, question)
    centres = tuple(_centre(units, concept) for concept in concepts.values())
    rows = {row for one in nearest for row in one.rows} | {row for c in centres for row in c}
    return ConceptStudy(
        space=units.space,
        unit=units.unit,
        selections=tuple(_told(s, concepts[s.name], units) for s in selections),
        likenesses=found,
        tree=_tree(found),
        coherences=_coherences(units, list(concepts.values()), found, question),
        closer=tuple(
            closer(units, *(_named(concepts, name) for name in trio), seed=question.options.seed)
            for trio in question.closer
        ),
        clusters=_clusters(units, concepts, question),
        nearest=nearest,
        centres=centres,
        cards=cards_of(library, rows, units.unit),
        n_units=units.n,
        n_known=units.n_known,
    )


def units_around(
    library: Library,
    question: ConceptQuestion,
    rows: NDArray[np.int64],
    tell: Tell | None = None,
) -> Units:
    """Return every unit of the books that some rows are of, and a sample of the others.

    Raises:
        QueryError: The library has no vectors in the space.
    """
    of, sampling = question.unit, question.sampling
    units = gather_units(library, question.space, of, sampling=sampling, tell=tell)
    if not units.is_sampled:
        return units
    books = {line.book_id for line in library.panel_columns(rows).books}
    whole = gather_units(library, question.space, of, book_ids=books, sampling=sampling, tell=tell)
    is_other = ~np.isin(units.rows, whole.rows)
    return _joined(units.taken(is_other), whole)


def _joined(some: Units, others: Units) -> Units:
    """Put units of one space together; no row is in both."""
    lines = {line.book_id: line for line in (*some.books, *others.books)}
    books = tuple(lines[book_id] for book_id in sorted(lines))
    numbers = {line.book_id: at for at, line in enumerate(books)}
    book = np.concatenate(
        [
            np.array([numbers[line.book_id] for line in part.books], dtype=np.int32)[part.book]
            for part in (some, others)
        ]
    )
    rows = np.concatenate([some.rows, others.rows])
    order = np.argsort(rows)
    return replace(
        some,
        rows=rows[order],
        vectors=np.concatenate([some.vectors, others.vectors])[order],
        books=books,
        book=book[order],
        page_index=np.concatenate([some.page_index, others.page_index])[order],
        panel=np.concatenate([some.panel, others.panel])[order],
    )


def _told(selection: Selection, concept: Concept, units: Units) -> SelectionTold:
    n_books = np.unique(units.book[concept.members]).size
    return SelectionTold(
        name=selection.name,
        spec=selection.spec,
        words=selection.words,
        n_selected=concept.n + concept.n_without_vector,
        n=concept.n,
        n_books=int(n_books),
    )


def _named(concepts: Mapping[str, Concept], name: str) -> Concept:
    if name not in concepts:
        raise QueryError(f"{name!r} is none of the concepts; they are {', '.join(concepts)}")
    return concepts[name]


def _tree(found: Likenesses | None) -> Dendrogram | None:
    if found is None:
        return None
    try:
        return dendrogram(found)
    except QueryError:  # no two can be compared: the matrix says so already
        return None


def _coherences(
    units: Units,
    concepts: Sequence[Concept],
    found: Likenesses | None,
    question: ConceptQuestion,
) -> tuple[Coherence, ...]:
    if found is not None and found.coherences:
        return found.coherences
    return tuple(coherence(units, concept, seed=question.options.seed) for concept in concepts)


def _clusters(
    units: Units, concepts: Mapping[str, Concept], question: ConceptQuestion
) -> tuple[BookCluster, ...]:
    sets = [_named(concepts, name) for name in question.clusters]
    return form_clusters(units, sets, seed=question.options.seed) if sets else ()


def _nearest(
    units: Units, concepts: Mapping[str, Concept], question: ConceptQuestion
) -> tuple[Nearest, ...]:
    """Find what is near each concept, in all books and outside its own, and near each sum."""
    found: list[Nearest] = []
    for is_outside in (False, True):
        options = NeighbourOptions(question.n_nearest, is_outside, most_of_a_book=None)
        found += [
            _plain(neighbours(units, concept, options), is_outside)
            for concept in concepts.values()
            if concept.n
        ]
    for terms in question.arithmetic:
        weighted = [(weight, _named(concepts, name)) for weight, name in terms]
        found.append(
            _plain(arithmetic(units, weighted, NeighbourOptions(question.n_nearest)), True)
        )
    return tuple(found)


def _plain(found: Neighbours, is_outside: bool) -> Nearest:
    return Nearest(
        of=found.of,
        is_outside_own_books=is_outside,
        rows=tuple(found.rows.tolist()),
        scores=tuple(found.scores.tolist()),
        n_candidates=found.n_candidates,
    )


def _centre(units: Units, concept: Concept) -> tuple[int, ...]:
    """Return the rows of the members nearest to the concept's mean."""
    at = np.flatnonzero(concept.members)
    if not at.size:
        return ()
    mean = units.vectors[at].mean(axis=0)
    nearest = at[np.argsort(np.linalg.norm(units.vectors[at] - mean, axis=1), kind="stable")]
    return tuple(units.rows[nearest[:_SHOWN_MEMBERS]].tolist())
