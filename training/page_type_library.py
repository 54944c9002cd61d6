"""Books of a library whose page types somebody told: declared in ComicInfo.xml, or corrected.

    python -m training.page_types --cache DIR --library DIR

Only such pages are learnt; the other pages of their books stand around them as context, because a
label of the model's own would teach it its mistakes. A store keeps panels, lettering and vectors
but not how a page looks, so look numbers are masked, as training masks them now and then anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longbox.book import LOOK_FEATURES, AnnotatedBook, AnnotatedPage
from longbox.encoders import PictureEncoder, SentenceEncoder
from longbox.library import BookStore, Library
from longbox.page_types import layout_row
from longbox.pipeline.corrections import SOURCE as CORRECTED
from longbox.pipeline.page_labels import page_text, page_vector
from longbox.vectors import Space
from training.page_type_binder import WHOLE_BOOK
from training.page_type_data import CLASSES, N_VARIANTS, Source

DECLARED = "comicinfo"


def library_sources(
    root: Path, sentences: SentenceEncoder, pictures: PictureEncoder
) -> list[Source]:
    """Describe the books of a library that have at least one page of a known type.

    Raises:
        LibraryError: There is no library, or a store is damaged.
    """
    sources = []
    with Library.open(root, read_only=True) as library:
        for book_id in library.book_ids():
            store = library.book_store(book_id)
            types = known_types(store.annotated)
            if (types >= 0).any():
                sources.append(_described(book_id, store, types, sentences, pictures))
    return sources


def known_types(annotated: AnnotatedBook) -> NDArray[np.int64]:
    """Return the class of every page that somebody labelled, -1 for the others, (P,)."""
    return np.array([_known(page) for page in annotated.pages], np.int64)


def _known(page: AnnotatedPage) -> int:
    is_told = page.label.source in (CORRECTED, DECLARED)
    return CLASSES.index(page.label.page_type) if is_told else -1


def _described(
    book_id: str,
    store: BookStore,
    types: NDArray[np.int64],
    encoder: SentenceEncoder,
    pictures: PictureEncoder,
) -> Source:
    pages = store.annotated.pages
    said = [page_text(page) for page in pages]
    mask = encoder.can_read(said)
    words = np.zeros((len(pages), encoder.dimension), np.float32)
    words[mask] = encoder.encode_documents([s for s, ok in zip(said, mask, strict=True) if ok])
    layout = [[layout_row(page)] * N_VARIANTS for page in pages]
    return Source(
        book_id,
        f"{WHOLE_BOOK}{book_id}",
        types,
        np.array([""] * len(pages), np.str_),
        np.zeros((len(pages), len(LOOK_FEATURES)), np.float32),
        np.zeros(len(pages), np.bool_),
        np.array(layout, np.float32),
        _page_vectors(store, pages, pictures),
        words,
        np.asarray(mask, np.bool_),
    )


def _page_vectors(
    store: BookStore, pages: Sequence[AnnotatedPage], pictures: PictureEncoder
) -> NDArray[np.float32]:
    """Return the pages' picture vectors; zeros where they are another encoder's."""
    rows = np.zeros((len(pages), pictures.dimension), np.float32)
    for space in store.vectors:
        if space.space is Space.VISION and space.fingerprint == pictures.fingerprint:
            first = 0
            for row, page in zip(rows, pages, strict=True):
                end = first + len(page.panels)
                row[:] = page_vector(page, space.vectors[first:end], space.mask[first:end])
                first = end
    return rows
