"""Books as the panel page reads them: the stages' findings and the descriptions, kept for a while.

A store takes 5 to 60 ms to read, and a page with its fragments asks for the same book several
times, so the last few are kept until the library changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from longbox.book import AnnotatedBook, AnnotatedPage, Panel, PanelId
from longbox.description import PageDescription
from longbox.errors import QueryError
from longbox.library import KeptAnswers, Library, PanelRecord

_MOST_BOOKS: Final = 8


@dataclass(frozen=True, slots=True)
class BookSeen:
    """A book, its descriptions by page, and the places of its panels in reading order.

    Attributes:
        unfit: Pages that were described with other panels than they have now.
        places: Page index and order of every panel; a panel's index is its row in all vectors.
    """

    annotated: AnnotatedBook
    descriptions: dict[int, PageDescription]
    unfit: frozenset[int]
    places: tuple[tuple[int, int], ...]

    def row(self, panel_id: PanelId) -> int:
        """Return a panel's row in its book.

        Raises:
            QueryError: The book has no such panel any more.
        """
        place = (panel_id.page_index, panel_id.panel)
        if place not in self.places:
            raise QueryError(f"{panel_id}: was indexed again at this moment; try once more")
        return self.places.index(place)

    def panel_id(self, row: int) -> PanelId:
        """Return the id of the panel in a row."""
        return PanelId(self.annotated.book.book_id, *self.places[row])

    def page(self, page_index: int) -> AnnotatedPage:
        """Return a page."""
        return self.annotated.pages[page_index]

    def panel(self, row: int) -> Panel:
        """Return the panel in a row."""
        page_index, order = self.places[row]
        return next(p for p in self.page(page_index).panels if p.order == order)


class PanelBooks:
    """Finds panels and reads their books."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._kept = KeptAnswers[str, BookSeen](_MOST_BOOKS)

    def record(self, panel_id: PanelId) -> PanelRecord:
        """Return what the catalog knows of a panel.

        Raises:
            QueryError: There is no such panel.
        """
        found = self._library.panel_records([self._library.panel_row(panel_id)])
        if not found:
            raise QueryError(f"{panel_id}: was indexed again at this moment; try once more")
        return found[0]

    def seen(self, book_id: str) -> BookSeen:
        """Return a book.

        Raises:
            LibraryError: It is not in the library, or a store is damaged.
        """
        return self._kept.get(self._library.generation(), book_id, lambda: self._read(book_id))

    def _read(self, book_id: str) -> BookSeen:
        annotated = self._library.annotated_book(book_id)
        said = {page.page_index: page for page in self._library.descriptions(book_id)}
        unfit = self._library.unfit_descriptions(book_id) if said else frozenset()
        places = tuple((page.page.index, panel.order) for page, panel in annotated.panels())
        return BookSeen(annotated, said, unfit, places)
