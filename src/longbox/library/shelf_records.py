"""The values that browsing a library gives: books, pages and problems in lists, and facets.

Lists come in parts, each with the number of all there are; a part behind the end is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from longbox.book import Direction, PageFlag, PageLabel, Problem


class BookSort(StrEnum):
    """In what order books are listed; books that are alike in it follow by title.

    By title means by series, volume and number, or by title where there is no series, numbers by
    their value. Books without a year come last.
    """

    TITLE = "title"
    YEAR = "year"
    NEWEST = "newest"
    PANELS = "panels"


@dataclass(frozen=True, slots=True)
class BookSummary:
    """What a shelf shows of a book.

    Attributes:
        number: Issue number as printed.
        language: Its own, or else its lettering's.
        file: Path of its file; of several copies the alphabetically first that is there.
        cover_page: Index of the first readable page that is a cover, else of the first readable
            one; a banner, more than twice as wide as high, only where all pages are such. None
            where no page can be read.
        n_flagged_pages: Pages with any flag.
        n_problems: Findings about the book.
        n_described: Panels that have a description.
        has_vectors: Whether any panel of it can be searched by picture or meaning.
        is_embedded: Whether it has the answering model's vectors; None in a library without one.
        indexed_at: When its store was written, ISO 8601 in UTC; None where that is not known.
    """

    book_id: str
    title: str
    series: str | None
    number: str | None
    year: int | None
    language: str | None
    direction: Direction
    n_pages: int
    n_panels: int
    file: str
    is_missing: bool
    cover_page: int | None
    n_flagged_pages: int
    n_problems: int
    n_described: int
    has_vectors: bool
    is_embedded: bool | None
    indexed_at: str | None = None


@dataclass(frozen=True, slots=True)
class BookPage:
    """A part of a list of books.

    Attributes:
        total: How many books the whole list has.
        offset: How many of them come before this part.
    """

    books: tuple[BookSummary, ...]
    total: int
    offset: int


@dataclass(frozen=True, slots=True)
class BookNeighbours:
    """The ids of the books before and after a book in its series, None where there is none."""

    previous: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class PageSummary:
    """What the catalog says of a page.

    Attributes:
        width, height: Pixels; 0 for a page that cannot be read.
        first_row: Row of its first panel; means nothing where it has none.
    """

    page_index: int
    width: int
    height: int
    label: PageLabel
    flags: tuple[PageFlag, ...]
    is_spread: bool
    n_panels: int
    first_row: int

    @property
    def is_readable(self) -> bool:
        """Whether the page has a size, so that its pixels can be asked for."""
        return self.width > 0 and self.height > 0


@dataclass(frozen=True, slots=True)
class KnownProblem:
    """A problem and the book it is about; None for a file that could not become a book."""

    book_id: str | None
    problem: Problem


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """A part of the list of problems; `total` counts all, `offset` those before this part."""

    problems: tuple[KnownProblem, ...]
    total: int
    offset: int


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value that a list of panels can be narrowed to.

    Attributes:
        value: What its filter takes: a series' name, a page type, a language, a direction, a year,
            "yes" or "no" for lettering, a flag, a book id.
        label: What people read: the book's title for a book, else the value itself.
        n_panels: Panels that would remain.
    """

    value: str
    label: str
    n_panels: int


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of one kind.

    Attributes:
        values: Those with panels, and those that the filter chose already.
        n_values: How many there are with panels, also where only the first are listed.
    """

    values: tuple[FacetValue, ...]
    n_values: int


@dataclass(frozen=True, slots=True)
class Facets:
    """What a filter leaves, and what each further choice would leave.

    Attributes:
        n_panels: Panels that the whole filter leaves.
        n_books: Books that have any of them.
    """

    n_panels: int
    n_books: int
    series: Facet
    page_types: Facet
    languages: Facet
    directions: Facet
    years: Facet
    has_text: Facet
    flags: Facet
    books: Facet


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search that somebody kept under a name.

    Attributes:
        search_id: 12 hex digits that never change.
        query: What to ask again, as the page that saved it writes it; opaque to the library.
        saved_at: ISO 8601, UTC.
    """

    search_id: str
    name: str
    query: str
    saved_at: str
