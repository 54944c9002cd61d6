"""One book, from an open file to an annotated book with vectors in every space it has.

Pages are decoded one at a time and dropped again, so memory does not grow with the book. Pictures
are encoded page by page, sentences once for the whole book: batches of like length are what makes
the sentence encoder fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.book import AnnotatedBook, AnnotatedPage, Page, Problem
from longbox.config import Config
from longbox.encoders import (
    COMPOSITION_FEATURES,
    COMPOSITION_FINGERPRINT,
    composition,
    crop_panel,
    picture_encoder,
    sentence_encoder,
)
from longbox.ingest import OpenBook
from longbox.page_types import SequenceModel
from longbox.pipeline.clock import StageClock
from longbox.pipeline.corrections import NO_CORRECTIONS, BookCorrections, corrected_labels
from longbox.pipeline.page_labels import book_sight, label_and_flag
from longbox.pipeline.pages import PageStages, unread_page
from longbox.text import settle_language
from longbox.vectors import PanelVectors, Space

if TYPE_CHECKING:
    from longbox.encoders import PictureEncoder, SentenceEncoder


@dataclass(frozen=True, slots=True, eq=False)
class UnderstoodBook:
    """A book as the library keeps it: annotations, and vectors whose rows are its panels."""

    annotated: AnnotatedBook
    vectors: tuple[PanelVectors, ...]


class BookStages:
    """All stages of a process, loaded when first needed and kept for every later book."""

    def __init__(self, config: Config, n_threads: int) -> None:
        self._config = config
        self._n_threads = n_threads
        self.clock = StageClock()
        self.pages = PageStages(config, n_threads, self.clock)

    @cached_property
    def _pictures(self) -> PictureEncoder:
        return picture_encoder(self._config.encoders.picture, n_threads=self._n_threads)

    @cached_property
    def _sentences(self) -> SentenceEncoder:
        return sentence_encoder(self._config.encoders.sentence, n_threads=self._n_threads)

    @cached_property
    def _page_model(self) -> SequenceModel | None:
        if self._config.page_types.labeller == "rules":
            return None
        return SequenceModel(n_threads=self._n_threads)

    @property
    def sentences(self) -> SentenceEncoder:
        """The sentence encoder of this process, loaded when it is first needed."""
        return self._sentences

    def understand(
        self,
        opened: OpenBook,
        on_page: Callable[[], None],
        corrections: BookCorrections = NO_CORRECTIONS,
    ) -> UnderstoodBook:
        """Run every stage over a book.

        Args:
            opened: The open comic file.
            on_page: Called after each page, and after each longer step that follows.
            corrections: What people put right; `opened.book` has its share of them already.

        Returns:
            The annotated book, its problems included, and its vectors.
        """
        book = opened.book
        problems: list[Problem] = list(book.problems)
        pages: list[AnnotatedPage] = []
        pictures: list[tuple[NDArray[np.float32], NDArray[np.bool_]]] = []
        for page in book.pages:
            seen, rows = self._understand_page(opened, page, problems, corrections)
            pages.append(seen)
            pictures.append(rows)
            on_page()
        annotated = _with_language(AnnotatedBook(book, tuple(pages), tuple(problems)))
        with self.clock.time("page_types"):
            sight = book_sight(annotated, pictures, self._pictures, self._sentences)
            annotated = label_and_flag(annotated, sight, self._page_model)
        annotated = corrected_labels(annotated, corrections)
        vectors = (self._vision(pictures), self._text(annotated), _composition(annotated))
        on_page()
        return UnderstoodBook(annotated, vectors)

    def _understand_page(
        self,
        opened: OpenBook,
        page: Page,
        problems: list[Problem],
        corrections: BookCorrections,
    ) -> tuple[AnnotatedPage, tuple[NDArray[np.float32], NDArray[np.bool_]]]:
        """Return the annotated page, and its panels' picture vectors with mask."""
        book = opened.book
        pixels: NDArray[np.uint8] | None = None
        if page.is_readable:
            with self.pages.guard("ingest", page, book, problems):
                pixels = opened.pixels(page.index)
        if pixels is None:
            return unread_page(page), self._no_pictures(0)
        seen = self.pages.see(pixels, page, book, corrections)
        problems.extend(seen.problems)
        pictures = self._no_pictures(len(seen.page.panels))
        with self.pages.guard("vision", page, book, problems):
            rows = self._pictures.encode([crop_panel(pixels, p.box) for p in seen.page.panels])
            pictures = rows, np.ones(len(rows), dtype=np.bool_)
        return seen.page, pictures

    def _no_pictures(self, n_panels: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        rows = np.zeros((n_panels, self._pictures.dimension), np.float32)
        return rows, np.zeros(n_panels, dtype=np.bool_)

    def _vision(
        self, pictures: Sequence[tuple[NDArray[np.float32], NDArray[np.bool_]]]
    ) -> PanelVectors:
        pages = [self._no_pictures(0), *pictures]
        rows = np.concatenate([rows for rows, _ in pages])
        mask = np.concatenate([mask for _, mask in pages])
        return PanelVectors(Space.VISION, self._pictures.fingerprint, rows, mask)

    def _text(self, annotated: AnnotatedBook) -> PanelVectors:
        """Encode what is said; a panel whose text the model cannot read has no vector."""
        strings = [panel_text(page, panel.order) for page, panel in annotated.panels()]
        with self.clock.time("sentences"):
            encoder = self._sentences
            mask = encoder.can_read(strings)
            rows = np.zeros((len(strings), encoder.dimension), np.float32)
            readable = [s for s, is_read in zip(strings, mask, strict=True) if is_read]
            rows[mask] = encoder.encode_documents(readable)
        return PanelVectors(Space.TEXT, encoder.fingerprint, rows, mask)


def panel_text(page: AnnotatedPage, order: int) -> str:
    """Return everything written in a panel, one text a line, in reading order."""
    return "\n".join(t.text for t in page.panel_texts(order) if t.text.strip())


def _composition(annotated: AnnotatedBook) -> PanelVectors:
    rows = np.concatenate(
        [composition(page) for page in annotated.pages if page.panels]
        or [np.zeros((0, len(COMPOSITION_FEATURES)), np.float32)]
    )
    mask = np.ones(len(rows), dtype=np.bool_)
    return PanelVectors(Space.COMPOSITION, COMPOSITION_FINGERPRINT, rows, mask)


def _with_language(annotated: AnnotatedBook) -> AnnotatedBook:
    """Give every text the language of the whole book, and the book that of its lettering."""
    book = annotated.book
    declared = book.metadata.language
    language, texts = settle_language([page.texts for page in annotated.pages], declared)
    pages = tuple(replace(p, texts=t) for p, t in zip(annotated.pages, texts, strict=True))
    if language is not None and declared is None:
        sources = (*book.metadata.sources, "lettering")
        metadata = replace(book.metadata, language=language, sources=sources)
        book = replace(book, metadata=metadata)
    return replace(annotated, book=book, pages=pages)
