"""The state of a page and of a book as it counts now, with the revision that a save must name.

A revision changes when what people said of the page changes, or when its panels do: texts name
panels by number, so whoever edits texts must know which panels are meant. It does not change when
a run merely takes over what was said, so that nobody is told of a conflict with the library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException

from longbox.book import AnnotatedBook, AnnotatedPage, Panel
from longbox.correction import CorrectedField, Correction, Verdict, latest, word_of
from longbox.errors import QueryError
from longbox.geometry import Box
from longbox.library import (
    DescribedPage,
    KeptAnswers,
    Library,
    description_path,
    disagreement,
    read_description_store,
)
from longbox.pipeline import PresentPage, is_taken_over, present_book, present_page, words_waiting
from longbox.web.correct.values import (
    BookState,
    ModelPanel,
    ModelView,
    PageState,
    PanelState,
    TextState,
)

_MOST_BOOKS: Final = 8
_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class StoredBook:
    """A book as it is stored: read once a generation, while people look at its pages."""

    annotated: AnnotatedBook
    recipe: str
    described: dict[int, DescribedPage]


class PresentBooks:
    """Tells how pages and books of one library count now."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._kept = KeptAnswers[str, StoredBook](_MOST_BOOKS)

    def stored(self, book_id: str) -> StoredBook:
        """Return a book.

        Raises:
            HTTPException: 404: there is no such book.
            LibraryError: A store is damaged.
        """
        try:
            self._library.page_file(book_id, 0)
        except QueryError as error:
            raise HTTPException(404, f"{book_id}: no such book in this library") from error
        return self._kept.get(self._library.generation(), book_id, lambda: self._read(book_id))

    def page(self, book_id: str, page_index: int) -> PageState:
        """Return a page as it counts now.

        Raises:
            HTTPException: 404: there is no such page.
            LibraryError: A store or the corrections are damaged.
        """
        stored = self.stored(book_id)
        if not 0 <= page_index < len(stored.annotated.pages):
            n_pages = len(stored.annotated.pages)
            raise HTTPException(
                404, f"{book_id}: has {n_pages} pages, and no page {page_index + 1}"
            )
        said = self._library.corrections(book_id)
        found = present_page(stored.annotated, page_index, said)
        return _page_state(stored, found, page_index, said)

    def book(self, book_id: str) -> BookState:
        """Return a book as it counts now.

        Raises:
            HTTPException: 404: there is no such book.
            LibraryError: A store or the corrections are damaged.
        """
        return _book_state(self.stored(book_id), self._library.corrections(book_id))

    def page_revision(
        self, book_id: str, page_index: int, corrections: Sequence[Correction]
    ) -> str:
        """Return what a save of the page must name, given the book's corrections."""
        found = present_page(self.stored(book_id).annotated, page_index, corrections)
        return page_revision(corrections, page_index, found.page.panels)

    def whole(self, book_id: str) -> AnnotatedBook:
        """Return all pages of a book as they count now, read for this once."""
        return present_book(
            self._library.annotated_book(book_id), self._library.corrections(book_id)
        )

    def _read(self, book_id: str) -> StoredBook:
        path = description_path(self._library.root, book_id)
        described = read_description_store(path).pages if path.exists() else ()
        store = self._library.book_store(book_id)
        return StoredBook(
            store.annotated,
            store.recipe,
            {page.description.page_index: page for page in described},
        )


def page_revision(
    corrections: Sequence[Correction], page_index: int, panels: Sequence[Panel]
) -> str:
    """Return a page's revision: what people said of it, and the panels it has."""
    found = hashlib.sha256(_said(corrections, page_index))
    for panel in panels:
        # Stores keep boxes as float32.
        found.update(" ".join(f"{v:.1f}" for v in panel.box.as_tuple()).encode() + b"\n")
    return found.hexdigest()[:_DIGITS]


def book_revision(corrections: Sequence[Correction]) -> str:
    """Return the revision of what is said of a book as a whole."""
    return hashlib.sha256(_said(corrections, None)).hexdigest()[:_DIGITS]


def _said(corrections: Sequence[Correction], page_index: int | None) -> bytes:
    lines = [
        f"{c.field.value}\n{c.value}\n{c.made_at}\n"
        for c in latest(corrections)
        if c.page_index == page_index and not c.is_withdrawal
    ]
    return "".join(lines).encode()


def _page_state(
    stored: StoredBook, found: PresentPage, page_index: int, said: Sequence[Correction]
) -> PageState:
    page = found.page
    has_own_panels = CorrectedField.PANELS not in found.held
    return PageState(
        book_id=stored.annotated.book.book_id,
        page_index=page_index,
        width=page.page.width,
        height=page.page.height,
        revision=page_revision(said, page_index, page.panels),
        panels=[
            PanelState(
                box=_numbers(panel.box),
                polygon=None if panel.polygon is None else [list(p) for p in panel.polygon],
                confidence=panel.confidence,
                source=panel.source,
            )
            for panel in page.panels
        ],
        texts=_texts(page),
        page_type=page.label.page_type,
        page_type_source=page.label.source,
        flags=list(page.flags),
        verdict=_verdict(said, page_index),
        corrected=sorted(found.corrected),
        waiting=sorted(found.waiting),
        detector=[_numbers(p.box) for p in found.stored.panels] if has_own_panels else None,
        model=_model_view(stored.described.get(page_index), found.stored),
        book=_book_state(stored, said),
    )


def _texts(page: AnnotatedPage) -> list[TextState]:
    places = {panel.order: place for place, panel in enumerate(page.panels)}
    return [
        TextState(
            box=_numbers(text.box),
            text=text.text,
            kind=text.kind,
            panel=None if text.panel is None else places.get(text.panel),
            confidence=text.confidence,
            source=text.source,
        )
        for text in page.texts
    ]


def _model_view(described: DescribedPage | None, stored: AnnotatedPage) -> ModelView | None:
    if described is None or not described.description.panels:
        return None
    said = described.description
    return ModelView(
        name=said.model,
        is_fitting=described.boxes == tuple(panel.box for panel in stored.panels),
        panels=[
            ModelPanel(
                number=panel.number,
                box=None if panel.box is None else _numbers(panel.box),
                panel=panel.panel,
                overlap=panel.overlap,
                description=panel.description,
            )
            for panel in said.panels
        ],
        disagreements=list(said.disagreements),
        disagreement=disagreement(described),
    )


def _book_state(stored: StoredBook, said: Sequence[Correction]) -> BookState:
    book = present_book(AnnotatedBook(stored.annotated.book, ()), said).book
    of_book = [c.field for c in latest(said) if c.page_index is None and not c.is_withdrawal]
    return BookState(
        book_id=book.book_id,
        title=book.metadata.title,
        series=book.metadata.series,
        language=book.metadata.language,
        direction=book.direction,
        shown_title=book.title,
        n_pages=len(stored.annotated.pages),
        revision=book_revision(said),
        corrected=of_book,
        is_waiting=words_waiting(stored.annotated.book, said),
        is_taken_over=is_taken_over(stored.recipe, said),
    )


def _verdict(said: Sequence[Correction], page_index: int) -> Verdict | None:
    for c in latest(said):
        if (c.field, c.page_index) == (CorrectedField.REVIEW, page_index) and not c.is_withdrawal:
            return Verdict(word_of(c.field, c.value))
    return None


def _numbers(box: Box) -> list[float]:
    return list(box.as_tuple())
