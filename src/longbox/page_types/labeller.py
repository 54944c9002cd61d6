"""Label a whole book: what the file declares, else the sequence model, else rules.

Every label says who spoke: "comicinfo", "sequence" or "rules". A page whose pixels could not be had
keeps the confidence 0 that it came with; the model still sees its place, so that the pages around
it are not moved. A person's corrections are put on top by the pipeline, after this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from longbox.book import AnnotatedBook, PageLabel, PageLook, PageType
from longbox.page_types.features import PageVectors, page_rows
from longbox.page_types.rules import declared_label, is_framed, label_page
from longbox.page_types.sequence import SequenceModel

SEQUENCE = "sequence"


@dataclass(frozen=True, slots=True, eq=False)
class BookSight:
    """What is known of a book's pages beside their annotations.

    Attributes:
        looks: One a page, None where the pixels could not be had.
        pictures: A picture vector a page, or masked.
        sentences: A vector of each page's lettering, or masked.
    """

    looks: Sequence[PageLook | None]
    pictures: PageVectors
    sentences: PageVectors


def label_book(
    annotated: AnnotatedBook, sight: BookSight, model: SequenceModel | None
) -> AnnotatedBook:
    """Return the book with every page's label.

    Args:
        annotated: All pages with panels and texts.
        sight: Looks and vectors, one a page.
        model: None labels by rules alone.

    Raises:
        ValueError: Looks or vectors are not one a page.
        ModelError: The model cannot be loaded.
    """
    pages = annotated.pages
    counts = {len(sight.looks), len(sight.pictures.mask), len(sight.sentences.mask), len(pages)}
    if len(counts) != 1:
        raise ValueError(f"looks, vectors and pages are not of one number: {sorted(counts)}")
    if model is None:
        labels = [
            declared_label(page, page.label) if look is None else label_page(page, look, len(pages))
            for page, look in zip(pages, sight.looks, strict=True)
        ]
    else:
        labels = _by_model(annotated, sight, model)
    return replace(
        annotated,
        pages=tuple(replace(p, label=label) for p, label in zip(pages, labels, strict=True)),
    )


def _by_model(annotated: AnnotatedBook, sight: BookSight, model: SequenceModel) -> list[PageLabel]:
    config = model.config
    rows = page_rows(
        annotated,
        sight.looks,
        _if_known(sight.pictures, config.picture_fingerprint),
        _if_known(sight.sentences, config.sentence_fingerprint),
    )
    likely = model.probabilities(rows)
    likely = _without_framed_blanks(annotated, likely, config.classes)
    best = likely.argmax(axis=1)
    return [
        declared_label(
            page,
            page.label if look is None else PageLabel(config.classes[k], float(row[k]), SEQUENCE),
        )
        for page, look, k, row in zip(annotated.pages, sight.looks, best, likely, strict=True)
    ]


def _without_framed_blanks(
    annotated: AnnotatedBook, likely: NDArray[np.float32], classes: Sequence[PageType]
) -> NDArray[np.float32]:
    """Never call a page of several panels blank: share out what the model gave to that."""
    if PageType.BLANK not in classes or not len(likely):
        return likely
    kept = likely.copy()
    kept[[is_framed(page) for page in annotated.pages], classes.index(PageType.BLANK)] = 0
    return np.asarray(kept / kept.sum(axis=1, keepdims=True), np.float32)


def _if_known(vectors: PageVectors, fingerprint: str) -> PageVectors:
    """Mask the vectors of an encoder that the model was not trained with."""
    if vectors.fingerprint == fingerprint:
        return vectors
    mask = np.zeros(len(vectors.mask), np.bool_)
    return PageVectors(vectors.fingerprint, np.zeros((len(mask), 0), np.float32), mask)
