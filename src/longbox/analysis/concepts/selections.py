"""What people write becomes rows of a library: panels, and the pages that hold them.

A selection takes everything that matches, not the best hits: a concept that is the ten best answers
of a search would be as coherent as that search is, whatever the shelf. What belongs to whole books
(series, year, genre ...) is looked up once for the books and then narrowed to pages and panels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts.matching import BOOK_FIELDS, PAGE_FIELDS, Matching
from longbox.analysis.concepts.spec import Spec, Term, parse_spec
from longbox.analysis.concepts.values import Concept
from longbox.analysis.units import Unit, Units
from longbox.errors import QueryError
from longbox.library import Library
from longbox.wording import plural


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The panels that a concept is made of, in one library.

    Attributes:
        name: Of the concept.
        spec: As it was written.
        rows: Of the panels, rising, int64 (n,).
        pages: Row of the first panel of every page that holds one of them, rising, int64 (p,).
        n_books: Books that they are in.
        words: How many there are and where they were found, for people.
    """

    name: str
    spec: str
    rows: NDArray[np.int64]
    pages: NDArray[np.int64]
    n_books: int
    words: str


def select(library: Library, text: str) -> Selection:
    """Find what a concept is made of.

    Args:
        library: Open.
        text: As `parse_spec` reads it: name=terms.

    Raises:
        QueryError: It cannot be read, or nothing matches.
        LibraryError: The library cannot be read.
    """
    return select_all(library, [text])[0]


def select_all(library: Library, texts: Sequence[str]) -> tuple[Selection, ...]:
    """Find what several concepts are made of; what they share is looked up once.

    Raises:
        QueryError: One cannot be read, has the name of another, or matches nothing.
        LibraryError: The library cannot be read.
    """
    specs = [parse_spec(text) for text in texts]
    names = [spec.name for spec in specs]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise QueryError(f"two concepts are called {twice[0]}; give each a name of its own")
    matching = Matching(library)
    return tuple(_select(matching, spec) for spec in specs)


def concept_of(units: Units, selection: Selection) -> Concept:
    """Find a selection among units; what has no vector in their space takes no part."""
    wanted = selection.rows if units.unit is Unit.PANELS else selection.pages
    members = np.isin(units.rows, wanted)
    return Concept(selection.name, members, int(wanted.size - np.count_nonzero(members)))


def _select(matching: Matching, spec: Spec) -> Selection:
    wanted = [term for term in spec.terms if not term.is_taken_away]
    unwanted = [term for term in spec.terms if term.is_taken_away]
    found: list[NDArray[np.int64]] = []
    books = matching.books(term for term in wanted if term.field in BOOK_FIELDS)
    by_page = [term for term in wanted if term.field in PAGE_FIELDS]
    if books is not None or by_page:
        found.append(matching.page_rows(books, by_page))
    notes: list[str] = []
    for term in wanted:
        if term.field not in BOOK_FIELDS | PAGE_FIELDS:
            rows, note = matching.rows(term, books)
            found.append(rows)
            notes += [note] if note else []
    rows = reduce(np.intersect1d, found)
    for term in unwanted:
        rows = _without(matching, rows, term)
    if not rows.size:
        raise QueryError(f"{spec.name}: nothing on this shelf matches {spec.text!r}; {_HINT}")
    columns = matching.library.panel_columns(rows)
    starts = matching.page_starts
    pages = np.unique(starts[np.searchsorted(starts, columns.rows, side="right") - 1])
    n_books = len(np.unique(columns.book))
    counted = (
        f"{plural(rows.size, 'panel')} on {plural(pages.size, 'page')} of {plural(n_books, 'book')}"
    )
    words = "; ".join([counted, *notes])
    return Selection(spec.name, spec.text, columns.rows, pages, n_books, words)


def _without(matching: Matching, rows: NDArray[np.int64], term: Term) -> NDArray[np.int64]:
    if term.field in BOOK_FIELDS:
        books = matching.books([Term(term.field, term.values)])
        gone = matching.page_rows(books, [])
    elif term.field in PAGE_FIELDS:
        gone = matching.page_rows(None, [Term(term.field, term.values)])
    else:
        gone, _ = matching.rows(term, None)
    left: NDArray[np.int64] = np.setdiff1d(rows, gone)
    return left


_HINT = "try fewer or other terms, or see with `longbox search` what is there"
