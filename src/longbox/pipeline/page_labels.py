"""Label and flag a whole book, once all of its pages are understood.

The page's picture vector is the mean of its panels' vectors, weighed by their areas, so nothing is
encoded twice; its sentence vector is made here, from the beginning of all of its lettering.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from longbox.book import AnnotatedBook, AnnotatedPage
from longbox.encoders import PictureEncoder, SentenceEncoder
from longbox.page_types import (
    BookSight,
    PageVectors,
    SequenceModel,
    flag_pages,
    label_book,
)
from longbox.vectors import unit

# What a page is shows in its first lines; more would cost time and add little.
_MAX_CHARACTERS = 400

PanelRows = tuple[NDArray[np.float32], NDArray[np.bool_]]


def label_and_flag(
    annotated: AnnotatedBook, sight: BookSight, model: SequenceModel | None
) -> AnnotatedBook:
    """Return the book with the labels and flags of its pages.

    Args:
        annotated: All pages with panels and texts.
        sight: Looks and vectors, one a page.
        model: None labels by rules alone.
    """
    labelled = label_book(annotated, sight, model)
    flags = flag_pages(labelled, sight.looks)
    pages = tuple(replace(p, flags=f) for p, f in zip(labelled.pages, flags, strict=True))
    return replace(labelled, pages=pages)


def book_sight(
    annotated: AnnotatedBook,
    panel_rows: Sequence[PanelRows],
    pictures: PictureEncoder,
    sentences: SentenceEncoder,
) -> BookSight:
    """Gather what the labeller sees beside the annotations.

    Args:
        annotated: All pages with panels, texts and looks.
        panel_rows: For every page the picture vectors of its panels and which of them there are.
        pictures: The encoder that made them.
        sentences: The encoder to use for the pages' lettering.
    """
    rows = np.zeros((len(annotated.pages), pictures.dimension), np.float32)
    for row, page, (vectors, mask) in zip(rows, annotated.pages, panel_rows, strict=True):
        row[:] = page_vector(page, vectors, mask)
    has_picture: NDArray[np.bool_] = np.asarray(rows.any(axis=1), np.bool_)
    return BookSight(
        [page.look for page in annotated.pages],
        PageVectors(pictures.fingerprint, rows, has_picture),
        _page_sentences(annotated, sentences),
    )


def page_text(page: AnnotatedPage) -> str:
    """Return the beginning of all lettering of a page, one text a line."""
    return "\n".join(t.text for t in page.texts if t.text.strip())[:_MAX_CHARACTERS]


def page_vector(
    page: AnnotatedPage, vectors: NDArray[np.float32], mask: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return the mean of a page's panel vectors by area, of unit length; zero without any.

    Args:
        page: With its panels.
        vectors: Their picture vectors, (N, D).
        mask: Which of them there are, (N,).
    """
    areas = np.array([p.box.area for p in page.panels], np.float32)
    if not mask.any():
        return np.zeros(vectors.shape[1], np.float32)
    return unit((vectors[mask] * np.maximum(areas[mask, None], 1)).sum(axis=0))


def _page_sentences(annotated: AnnotatedBook, encoder: SentenceEncoder) -> PageVectors:
    strings = [page_text(page) for page in annotated.pages]
    mask = encoder.can_read(strings)
    rows = np.zeros((len(strings), encoder.dimension), np.float32)
    rows[mask] = encoder.encode_documents(
        [s for s, is_read in zip(strings, mask, strict=True) if is_read]
    )
    return PageVectors(encoder.fingerprint, rows, mask)
