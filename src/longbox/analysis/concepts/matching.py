"""One field of a concept against a library: which books, pages or panels it holds for.

Words are found as searches find them, in lettering and in descriptions, but all of them: word
search stops at some thousand panels, so a query that comes near that is asked again for halves of
the shelf. Scripts without spaces are looked for as parts of text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts.named_characters import NamedPanels, named_panels
from longbox.analysis.concepts.spec import Field, Lasso, Term, lasso_of, years_of
from longbox.analysis.maps import show_map
from longbox.analysis.units import Unit
from longbox.book import AnnotatedBook, Direction, PageFlag, PageType, PanelId
from longbox.errors import QueryError
from longbox.library import Filters, Library, PageSummary, WordsQuery, Writing
from longbox.wording import plural

Rows = NDArray[np.int64]
BOOK_FIELDS: Final = frozenset(
    {
        Field.SERIES,
        Field.TITLE,
        Field.BOOK,
        Field.YEAR,
        Field.GENRE,
        Field.TAG,
        Field.LANGUAGE,
        Field.DIRECTION,
    }
)
PAGE_FIELDS: Final = frozenset({Field.TYPE, Field.FLAG})
# Fewer than the library's word and substring searches rank at most (10,000 and 5,000).
_SURELY_ALL: Final = 4000
_EVERY: Final = 1 << 40
_SPACELESS: Final = "\u2e80"


class Matching:
    """Looks fields up in one library, and keeps what several concepts ask for.

    Attributes:
        library: Open.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self._pages: dict[str, tuple[PageSummary, ...]] = {}
        self._characters: dict[str, NamedPanels] = {}

    @cached_property
    def page_starts(self) -> Rows:
        """Row of the first panel of every page."""
        return self.library.page_starts()

    @cached_property
    def _outlines(self) -> tuple[AnnotatedBook, ...]:
        return self.library.outlines()

    @cached_property
    def _all_books(self) -> frozenset[str]:
        return self._listed(Filters())

    def books(self, terms: Iterable[Term]) -> frozenset[str] | None:
        """Return the books that all terms hold for; None where there is no term."""
        found = [self._books(term) for term in terms]
        return reduce(frozenset.intersection, found) if found else None

    def page_rows(self, books: frozenset[str] | None, terms: Sequence[Term]) -> Rows:
        """Return the panels of pages that all terms hold for, in these books or in all."""
        wanted = [(term.field, frozenset(value.lower() for value in term.values)) for term in terms]
        blocks = [np.empty(0, dtype=np.int64)]
        for book_id in sorted(self._all_books if books is None else books):
            if book_id not in self._pages:
                self._pages[book_id] = self.library.pages_of(book_id)
            blocks += [
                np.arange(page.first_row, page.first_row + page.n_panels)
                for page in self._pages[book_id]
                if page.n_panels and all(_holds(page, *one) for one in wanted)
            ]
        return np.unique(np.concatenate(blocks))

    def rows(self, term: Term, books: frozenset[str] | None) -> tuple[Rows, str]:
        """Return the panels that a term holds for, and a note for people.

        Args:
            term: Of a field that is of panels.
            books: Where to look, at least; all when None.
        """
        if term.field is Field.WORDS:
            return self._words(term, books)
        if term.field is Field.PANEL:
            found = [self.library.panel_row(PanelId.parse(value)) for value in term.values]
            return np.unique(np.array(found, dtype=np.int64)), ""
        if term.field is Field.LASSO:
            return self._lasso(lasso_of(term.values[0])), ""
        if term.field is Field.LETTERING:
            return self._lettering(term, books), ""
        return self._character(term)

    def _books(self, term: Term) -> frozenset[str]:
        values = term.values
        if term.field is Field.BOOK:
            return frozenset(self._book_id(value) for value in values)
        if term.field in (Field.GENRE, Field.TAG):
            return frozenset(
                outline.book.book_id
                for outline in self._outlines
                if any(_is_part(v, name) for v in values for name in _names(outline, term.field))
            )
        if term.field is Field.LANGUAGE:
            return self._listed(Filters(languages=tuple(value.lower() for value in values)))
        return frozenset().union(*(self._listed(_filters(term.field, v)) for v in values))

    def _book_id(self, value: str) -> str:
        matches = [b for b in self._all_books if len(value) >= 4 and b.startswith(value.lower())]
        if len(matches) != 1:
            what = "no book" if not matches else f"{len(matches)} books"
            raise QueryError(f"book:{value}: {what} of this library; `longbox search` shows ids")
        return matches[0]

    def _listed(self, filters: Filters) -> frozenset[str]:
        return frozenset(b.book_id for b in self.library.books(filters=filters, limit=_EVERY).books)

    def _words(self, term: Term, books: frozenset[str] | None) -> tuple[Rows, str]:
        notes = []
        found = [np.empty(0, dtype=np.int64)]
        among = sorted(self._all_books if books is None else books)
        for writing in Writing:
            if writing is Writing.DESCRIPTION and not self.library.has_descriptions():
                continue
            rows = [self._all_matches(value, writing, among) for value in term.values]
            found += rows
            n = len(np.unique(np.concatenate(rows)))
            notes.append(f"{n:,} by {'lettering' if writing is Writing.TEXT else 'descriptions'}")
        alternatives = " or ".join(f"“{value}”" for value in term.values)
        return np.unique(np.concatenate(found)), f"{alternatives}: {', '.join(notes)}"

    def _all_matches(self, value: str, writing: Writing, among: Sequence[str]) -> Rows:
        """Return every panel of some books that holds a word or phrase."""
        if not among:
            return np.empty(0, dtype=np.int64)
        filters = Filters(book_ids=tuple(among))
        if any(character >= _SPACELESS for character in value):
            found = self.library.match_substring(value, _EVERY, filters, writing)
        else:
            query = WordsQuery(required=(value,))
            found = self.library.match_words(query, _EVERY, filters, writing)
        if len(found) >= _SURELY_ALL and len(among) > 1:
            half = len(among) // 2
            parts = [self._all_matches(value, writing, p) for p in (among[:half], among[half:])]
            return np.concatenate(parts)
        return np.array([panel.row for panel in found], dtype=np.int64)

    def _lettering(self, term: Term, books: frozenset[str] | None) -> Rows:
        columns = self.library.panel_columns(self.page_rows(books, []))
        has = columns.text_characters > 0
        wanted = {value.lower() for value in term.values}
        return columns.rows[has & ("yes" in wanted) | ~has & ("no" in wanted)]

    def _lasso(self, lasso: Lasso) -> Rows:
        shown = show_map(self.library, lasso.space, lasso.unit)
        if shown is None:
            raise QueryError(
                f"no map of {lasso.unit} by {lasso.space} is kept; make it on the page's map first"
            )
        rows = shown.map.rows[is_inside(shown.map.places, lasso)]
        if lasso.unit is Unit.PANELS:
            return rows
        columns = self.library.panel_columns(rows)
        pages = [
            np.array(self.library.page_rows(columns.books[b].book_id, page), dtype=np.int64)
            for b, page in zip(columns.book.tolist(), columns.page_index.tolist(), strict=True)
        ]
        return np.concatenate([np.empty(0, dtype=np.int64), *pages])

    def _character(self, term: Term) -> tuple[Rows, str]:
        found = [np.empty(0, dtype=np.int64)]
        notes = []
        for value in term.values:
            if value not in self._characters:
                self._characters[value] = named_panels(self.library, value)
            named = self._characters[value]
            by_file = {
                outline.book.book_id
                for outline in self._outlines
                if any(_is_part(value, name) for name in outline.book.metadata.characters)
            } & self._all_books
            whole = by_file - named.book_ids
            found += [named.rows, self.page_rows(frozenset(whole), [])]
            by_cluster = plural(named.rows.size, "panel")
            by_metadata = plural(len(whole), "whole book")
            notes.append(f"{value}: {by_cluster} by clusters, {by_metadata} by metadata")
        return np.unique(np.concatenate(found)), "; ".join(notes)


def is_inside(places: NDArray[np.float32], lasso: Lasso) -> NDArray[np.bool_]:
    """Return which places are inside a polygon, by the even-odd rule.

    Args:
        places: x and y, float32 (N, 2).
        lasso: The polygon.
    """
    x, y = places[:, 0].astype(np.float64), places[:, 1].astype(np.float64)
    inside = np.zeros(len(places), dtype=np.bool_)
    corners = lasso.corners
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside


def _filters(field: Field, value: str) -> Filters:
    if field is Field.SERIES:
        return Filters(series=value)
    if field is Field.TITLE:
        return Filters(title=value)
    if field is Field.DIRECTION:
        return Filters(direction=Direction(value.lower()))
    low, high = years_of(value)
    return Filters(year_min=low, year_max=high)


def _holds(page: PageSummary, field: Field, wanted: frozenset[str]) -> bool:
    if field is Field.TYPE:
        return PageType(page.label.page_type).value in wanted
    return any(PageFlag(flag).value in wanted for flag in page.flags)


def _names(outline: AnnotatedBook, field: Field) -> tuple[str, ...]:
    metadata = outline.book.metadata
    return metadata.genres if field is Field.GENRE else metadata.tags


def _is_part(value: str, name: str) -> bool:
    return value.casefold() in name.casefold()
