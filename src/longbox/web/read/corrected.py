"""A book as people put it right, also where no run has taken that up yet.

What a run would make of a correction (kinds, vectors) is its own matter; panels, texts, page types,
title and direction can be shown at once. Texts of a page whose panels alone were put right go to
the panel that their box lies in, as the next run will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from longbox.book import AnnotatedBook, AnnotatedPage, Panel, TextRegion
from longbox.correction import Correction
from longbox.pipeline.corrections import (
    BookCorrections,
    book_corrections,
    corrected_book,
    corrected_labels,
    corrected_panels,
    corrected_texts,
)
from longbox.text import panel_of


@dataclass(frozen=True, slots=True)
class CorrectedBook:
    """A book as it is shown.

    Attributes:
        annotated: With the corrections laid over it.
        ahead: Pages whose panels differ from those that the library knows.
    """

    annotated: AnnotatedBook
    ahead: frozenset[int]


def shown_book(annotated: AnnotatedBook, corrections: Sequence[Correction]) -> CorrectedBook:
    """Lay a book's corrections, oldest first, over what its store says.

    Raises:
        ValueError: A correction is not of the shape that its field asks for.
    """
    if not corrections:
        return CorrectedBook(annotated, frozenset())
    said = book_corrections(corrections)
    book = corrected_book(annotated.book, said)
    language = book.metadata.language
    pages = tuple(_shown_page(page, said, language) for page in annotated.pages)
    ahead = frozenset(
        old.page.index
        for old, new in zip(annotated.pages, pages, strict=True)
        if [p.box for p in old.panels] != [p.box for p in new.panels]
    )
    shown = replace(annotated, book=book, pages=pages)
    return CorrectedBook(corrected_labels(shown, said), ahead)


def _shown_page(page: AnnotatedPage, said: BookCorrections, language: str | None) -> AnnotatedPage:
    panels = corrected_panels(page.page, said)
    shown_panels = page.panels if panels is None else panels
    texts = corrected_texts(page.page, shown_panels, language, said)
    if texts is None and panels is not None:
        texts = _placed(page.texts, shown_panels)
    if panels is None and texts is None:
        return page
    return replace(page, panels=shown_panels, texts=page.texts if texts is None else texts)


def _placed(texts: Sequence[TextRegion], panels: Sequence[Panel]) -> tuple[TextRegion, ...]:
    return tuple(replace(text, panel=panel_of(text.box, panels)) for text in texts)
