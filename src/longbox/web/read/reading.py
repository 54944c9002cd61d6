"""Books as the reader shows them, the last few kept until the library or a correction changes.

Opening a store takes longer than all else that a reader asks for, and a reader asks for the same
book again and again: page by page, and with every search in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from longbox.book import AnnotatedBook, AnnotatedPage, PanelId
from longbox.description import PageDescription
from longbox.geometry import Box
from longbox.library import LastAnswers, Library
from longbox.pipeline import pages_ahead, present_book
from longbox.web.read.records import (
    BoxValues,
    ReadingBook,
    ReadingNeighbour,
    ReadingPage,
    ReadingPanel,
    ReadingText,
)

_KEPT_BOOKS: Final = 8
_FORM: Final = "1"  # of the answers; a new one makes browsers ask again
_NO_PANELS: Final = "whole_page"  # source of a panel that stands for its page


@dataclass(frozen=True, slots=True)
class OpenBook:
    """A book as it is shown.

    Attributes:
        annotated: With corrections laid over it.
        mark: Changes whenever anything of it may have changed.
        ahead: Pages whose panels differ from those that the library knows.
        descriptions: What a model said, by page; only what belongs to the panels that are shown.
        previous, next: Its neighbours in the series.
    """

    annotated: AnnotatedBook
    mark: str
    ahead: frozenset[int] = frozenset()
    descriptions: Mapping[int, PageDescription] = field(default_factory=dict)
    previous: ReadingNeighbour | None = None
    next: ReadingNeighbour | None = None


class ReadingDesk:
    """The books of one library that are read at present."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._open = LastAnswers[str, OpenBook](_KEPT_BOOKS)

    def mark(self, book_id: str) -> str:
        """Return what changes whenever anything that is shown of a book may have changed."""
        corrections = self._library.corrections(book_id)
        said = f"{_FORM} {book_id} {self._library.generation()} {corrections!r}"
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:24]

    def open(self, book_id: str) -> OpenBook:
        """Return a book.

        Raises:
            LibraryError: It is not in the library, or its store is damaged.
        """
        mark = self.mark(book_id)
        return self._open.get(mark, lambda: self._read(book_id, mark))

    def _read(self, book_id: str, mark: str) -> OpenBook:
        corrections = self._library.corrections(book_id)
        stored = self._library.annotated_book(book_id)
        present = present_book(stored, corrections)
        ahead = pages_ahead(stored, present)
        unfit = self._library.unfit_descriptions(book_id) | ahead
        said = {
            page.page_index: page
            for page in self._library.descriptions(book_id)
            if page.state.is_done and page.page_index not in unfit
        }
        near = self._library.previous_next_book(book_id)
        return OpenBook(
            present,
            mark,
            ahead,
            said,
            self._neighbour(near.previous),
            self._neighbour(near.next),
        )

    def _neighbour(self, book_id: str | None) -> ReadingNeighbour | None:
        if book_id is None:
            return None
        book = self._library.book_summary(book_id)
        return ReadingNeighbour(book_id, book.title, book.cover_page)


def reading_book(book: OpenBook, first_page: int, end_page: int) -> ReadingBook:
    """Return a book and its pages from `first_page` up to and without `end_page`."""
    said = book.annotated.book
    return ReadingBook(
        book_id=said.book_id,
        title=said.title.encode("utf-8", "replace").decode(),
        direction=said.direction,
        language=said.metadata.language,
        n_pages=len(book.annotated.pages),
        previous=book.previous,
        next=book.next,
        first_page=first_page,
        pages=tuple(reading_page(book, p) for p in book.annotated.pages[first_page:end_page]),
    )


def reading_page(book: OpenBook, page: AnnotatedPage) -> ReadingPage:
    """Return a page with what is on it."""
    index = page.page.index
    said = book.descriptions.get(index)
    return ReadingPage(
        page_index=index,
        width=page.page.width,
        height=page.page.height,
        page_type=page.label.page_type,
        is_spread=page.is_spread,
        is_corrected=index in book.ahead,
        bookmark=page.page.bookmark,
        summary="" if said is None else said.summary,
        panels=tuple(
            ReadingPanel(
                panel=panel.order,
                panel_id=panel_name(book, index, panel.order),
                box=_values(panel.box),
                is_whole_page=panel.source == _NO_PANELS,
                description="" if said is None else said.panel_text(panel.order),
            )
            for panel in page.panels
        ),
        texts=tuple(
            ReadingText(
                _values(text.box),
                text.text,
                text.kind,
                text.panel,
                text.is_vertical,
                text.language,
            )
            for text in page.texts
        ),
    )


def panel_name(book: OpenBook, page_index: int, order: int | None) -> str | None:
    """Return a panel's id, or None where the library does not know the panels that are shown."""
    if order is None or page_index in book.ahead:
        return None
    return str(PanelId(book.annotated.book.book_id, page_index, order))


def _values(box: Box) -> BoxValues:
    """Return a box to a tenth of a pixel: nobody sees more, and answers are a third shorter."""
    x0, y0, x1, y1 = (round(value, 1) for value in box.as_tuple())
    return x0, y0, x1, y1
