"""A page as it counts now: what people said laid over what is stored, before any run took it over.

A book is made anew some time after somebody put it right; until then its store shows the old page.
Here corrections that count are laid over the stored page by the same rules that the run will use.
What was taken back cannot be shown like this, because the stages' own findings are not kept beside
corrected ones: until the run the store's corrected value stands, and the field is said to wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from longbox.book import AnnotatedBook, AnnotatedPage, Book, DirectionSource, Panel
from longbox.correction import CorrectedField, Correction, latest
from longbox.geometry import Box
from longbox.pipeline.corrections import (
    SOURCE,
    BookCorrections,
    book_corrections,
    corrected_book,
    corrected_labels,
    corrected_panels,
    corrected_texts,
    split_recipe,
)
from longbox.text import panel_of


@dataclass(frozen=True, slots=True)
class PresentPage:
    """A page as it counts now.

    Attributes:
        page: With corrections that count, applied or not.
        stored: As the store has it: what the stages saw, but for the fields that `held` names.
        held: Fields that the store has from people, so that the stages' own are not known.
        corrected: Fields of the page of which something counts.
        waiting: Fields that were taken back, but that the store still shows as corrected.
    """

    page: AnnotatedPage
    stored: AnnotatedPage
    held: frozenset[CorrectedField]
    corrected: frozenset[CorrectedField]
    waiting: frozenset[CorrectedField]


def present_page(
    annotated: AnnotatedBook, page_index: int, corrections: Sequence[Correction]
) -> PresentPage:
    """Return a page of a stored book as it counts now.

    Args:
        annotated: The book as its store has it.
        page_index: Of one of its pages.
        corrections: All of the book.

    Raises:
        ValueError: A correction is not of the shape that its field asks for.
    """
    stored = annotated.pages[page_index]
    corrected = frozenset(
        c.field for c in latest(corrections) if c.page_index == page_index and not c.is_withdrawal
    )
    now = present_book(replace(annotated, pages=(stored,)), corrections).pages[0]
    held = frozenset(_held(stored))
    return PresentPage(now, stored, held, corrected, held - corrected)


def present_book(annotated: AnnotatedBook, corrections: Sequence[Correction]) -> AnnotatedBook:
    """Return a whole book as it counts now.

    Raises:
        ValueError: A correction is not of the shape that its field asks for.
    """
    if not corrections:
        return annotated
    said = book_corrections(corrections)
    book = corrected_book(annotated.book, said)
    pages = tuple(
        _corrected(page, said, book) if page.page.is_readable else page
        for page in corrected_labels(annotated, said).pages
    )
    return replace(annotated, book=book, pages=pages)


def pages_ahead(stored: AnnotatedBook, present: AnnotatedBook) -> frozenset[int]:
    """Return the pages whose panels are others now than those that the library knows.

    Args:
        stored: A book as its store has it.
        present: The same as it counts now.
    """
    return frozenset(
        old.page.index
        for old, new in zip(stored.pages, present.pages, strict=True)
        if _boxes(old.panels) != _boxes(new.panels)
    )


def is_taken_over(recipe: str, corrections: Sequence[Correction]) -> bool:
    """Whether a store of this recipe was made with these corrections.

    Raises:
        ValueError: A correction is not of the shape that its field asks for.
    """
    wanted = book_corrections(corrections)
    return split_recipe(recipe)[1:] == (wanted.deep_mark, wanted.light_mark)


def words_waiting(book: Book, corrections: Sequence[Correction]) -> bool:
    """Whether the store's book shows a direction or words that were taken back."""
    counts = {c.field for c in latest(corrections) if not c.is_withdrawal and c.page_index is None}
    is_turned = book.direction_source is DirectionSource.CORRECTION
    if is_turned and CorrectedField.DIRECTION not in counts:
        return True
    words = {CorrectedField.TITLE, CorrectedField.SERIES, CorrectedField.LANGUAGE}
    return SOURCE in book.metadata.sources and not counts & words


def _corrected(page: AnnotatedPage, said: BookCorrections, book: Book) -> AnnotatedPage:
    panels = corrected_panels(page.page, said)
    if panels is not None and _boxes(panels) != _boxes(page.panels):
        # The stored texts' numbers mean the stored panels.
        moved = tuple(replace(t, panel=panel_of(t.box, panels)) for t in page.texts)
        page = replace(page, texts=moved)
    page = replace(page, panels=page.panels if panels is None else panels)
    texts = corrected_texts(page.page, page.panels, book.metadata.language, said)
    return page if texts is None else replace(page, texts=texts)


def _boxes(panels: Sequence[Panel]) -> list[Box]:
    return [panel.box for panel in panels]


def _held(stored: AnnotatedPage) -> set[CorrectedField]:
    """Return the fields that a stored page has from people."""
    held: set[CorrectedField] = set()
    if any(panel.source == SOURCE for panel in stored.panels):
        held.add(CorrectedField.PANELS)
    if any(text.source == SOURCE for text in stored.texts):
        held.add(CorrectedField.TEXTS)
    if stored.label.source == SOURCE:
        held.add(CorrectedField.PAGE_TYPE)
    return held
