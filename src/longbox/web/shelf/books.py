"""A book's own page: what its file says of it, what was found on its pages, what is like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from longbox.book import Direction, DirectionSource, Metadata, PageType, PanelId, Problem
from longbox.errors import QueryError
from longbox.library import BookSummary, Library, PageSummary
from longbox.retrieval import By, PanelTerm, Searcher, SearchRequest

DIRECTIONS: Final = {
    Direction.LTR: "left to right",
    Direction.RTL: "right to left",
    Direction.TTB: "top to bottom, one long strip",
}
DIRECTION_SOURCES: Final = {
    DirectionSource.CORRECTION: "put right by a person",
    DirectionSource.METADATA: "said by the file",
    DirectionSource.OPTION: "chosen when it was read",
    DirectionSource.GUESS: "guessed",
}
# ComicInfo's words for what people did, in the order in which a title page has them.
_ROLES: Final = ("writer", "penciller", "inker", "colorist", "letterer", "coverartist", "editor")
_ROLE_NAMES: Final = {
    "writer": "Writing",
    "penciller": "Pencils",
    "inker": "Inks",
    "colorist": "Colours",
    "letterer": "Lettering",
    "coverartist": "Cover",
    "editor": "Editing",
    "translator": "Translation",
}
_MOST_PROBLEMS: Final = 50
_N_ASKED: Final = 3
_N_SIMILAR: Final = 6


@dataclass(frozen=True, slots=True)
class BookDetails:
    """All that is known of a book, without its pages.

    Attributes:
        book: What the shelf shows of it.
        format: How its file is packed.
        problems: The first fifty; `book.n_problems` counts all.
        previous, next: Ids of its neighbours in its series.
    """

    book: BookSummary
    format: str
    metadata: Metadata
    direction_source: DirectionSource
    problems: tuple[Problem, ...]
    previous: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class PanelBar:
    """One bar of a book's fingerprint, in units of its chart."""

    x: float
    y: float
    height: float
    page_type: PageType


def book_details(library: Library, book_id: str) -> BookDetails:
    """Return what is known of a book.

    Raises:
        LibraryError: It is not in the library, or its store is damaged.
    """
    summary = library.book_summary(book_id)
    book = library.annotated_book(book_id).book
    beside = library.previous_next_book(book_id)
    found = library.problem_list(_MOST_PROBLEMS, 0, book_id)
    return BookDetails(
        summary,
        book.format,
        book.metadata,
        book.direction_source,
        tuple(known.problem for known in found.problems),
        beside.previous,
        beside.next,
    )


def credit_lines(metadata: Metadata) -> list[tuple[str, list[str]]]:
    """Return who did what, role by role, each name once."""
    names: dict[str, list[str]] = {}
    for credit in metadata.credits:
        of_role = names.setdefault(credit.role, [])
        if credit.name not in of_role:
            of_role.append(credit.name)
    order = {role: place for place, role in enumerate(_ROLES)}
    roles = sorted(names, key=lambda role: (order.get(role, len(order)), role))
    return [(_ROLE_NAMES.get(role, role.capitalize()), names[role]) for role in roles]


def published(metadata: Metadata) -> str:
    """Return when it came out, as far as that is known: "2014", "2014-07", "2014-07-01"."""
    parts: list[str] = []
    for value, width in ((metadata.year, 4), (metadata.month, 2), (metadata.day, 2)):
        if value is None:
            break
        parts.append(f"{value:0{width}}")
    return "-".join(parts)


def panel_bars(pages: tuple[PageSummary, ...], height: float = 40.0) -> list[PanelBar]:
    """Return the panels of each page as bars, as high as the fullest page allows."""
    most = max((page.n_panels for page in pages), default=0) or 1
    return [
        PanelBar(
            page.page_index,
            height - (bar := max(0.5, height * page.n_panels / most)),
            bar,
            page.label.page_type,
        )
        for page in pages
    ]


def similar_books(library: Library, searcher: Searcher, book_id: str) -> tuple[BookSummary, ...]:
    """Return the books whose panels are most like some of this one, best first.

    Three story panels from along the book stand for it: a search as any other, so it costs what a
    search costs, however large the library is.
    """
    story = [
        page
        for page in library.pages_of(book_id)
        if page.n_panels and page.label.page_type is PageType.STORY
    ]
    if not story:
        return ()
    places = sorted({len(story) * (2 * n + 1) // (2 * _N_ASKED) for n in range(_N_ASKED)})
    terms = tuple(PanelTerm(PanelId(book_id, story[at].page_index, 0)) for at in places)
    try:
        hits = searcher.search(SearchRequest(terms, by=By.BOOK, k=_N_SIMILAR + 1))
    except QueryError:  # none of these panels has a vector
        return ()
    found = [hit.book_id for hit in hits if hit.book_id != book_id][:_N_SIMILAR]
    return tuple(library.book_summary(each) for each in found)
