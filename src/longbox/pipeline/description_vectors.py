"""Descriptions as vectors, and what becomes of them when a book's panels change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from longbox.book import AnnotatedBook, Panel
from longbox.description import PageDescription
from longbox.encoders import SentenceEncoder
from longbox.errors import LibraryError
from longbox.library import (
    DescribedPage,
    description_path,
    read_description_store,
    write_description_store,
)
from longbox.vectors import PanelVectors, Space


def description_vectors(
    annotated: AnnotatedBook, descriptions: Iterable[PageDescription], encoder: SentenceEncoder
) -> PanelVectors:
    """Encode what is said of each panel.

    Args:
        annotated: The book; its panels give the rows.
        descriptions: Matched to these panels; only done ones count.
        encoder: The library's sentence encoder.

    Returns:
        Vectors of Space.DESCRIPTION, rows as `annotated.panels()`; a panel that nothing readable
        is said of is masked.
    """
    by_page = {said.page_index: said for said in descriptions if said.state.is_done}
    texts = [
        said.panel_text(panel.order) if (said := by_page.get(page.page.index)) else ""
        for page, panel in annotated.panels()
    ]
    mask = encoder.can_read(texts)
    rows = np.zeros((len(texts), encoder.dimension), np.float32)
    readable = [text for text, is_read in zip(texts, mask, strict=True) if is_read]
    rows[mask] = encoder.encode_documents(readable)
    return PanelVectors(Space.DESCRIPTION, encoder.fingerprint, rows, mask)


def refresh_descriptions(root: Path, annotated: AnnotatedBook, encoder: SentenceEncoder) -> bool:
    """Match a book's stored descriptions to its panels as they are now, and encode them anew.

    For a book that was understood again: panels may have moved, the sentence encoder may be
    another. `Library.merge_book` or `merge_descriptions` afterwards makes it searchable.

    Args:
        root: The library's folder.
        annotated: The book as it is now.
        encoder: The library's sentence encoder.

    Returns:
        Whether the store was written; False where the book has no readable descriptions, or
        nothing changed.

    Raises:
        LibraryError: The disk refuses.
    """
    from longbox.text.vlm import match_to_panels

    path = description_path(root, annotated.book.book_id)
    if not path.is_file():
        return False
    try:
        store = read_description_store(path)
    except LibraryError:
        return False  # the merge that follows sets it aside and says so
    pages = {page.page.index: page for page in annotated.pages}
    fresh: list[PageDescription] = []
    is_moved = False
    for described in store.pages:
        said = described.description
        page = pages.get(said.page_index)
        if page is None or page.page.digest != said.page_digest:
            continue
        if not _has_these(described, page.panels):
            is_moved = True
            earlier = dict(zip(described.orders, described.boxes, strict=True))
            said = _dated(match_to_panels(said, page.panels, earlier))
        fresh.append(said)
    is_encoded = store.vectors is not None and store.vectors.fingerprint == encoder.fingerprint
    if is_encoded and not is_moved:
        return False
    vectors = description_vectors(annotated, fresh, encoder)
    write_description_store(root, annotated.book.book_id, fresh, vectors, annotated)
    return True


def _has_these(described: DescribedPage, panels: Sequence[Panel]) -> bool:
    orders = tuple(panel.order for panel in panels)
    return described.orders == orders and described.boxes == tuple(p.box for p in panels)


def _dated(said: PageDescription) -> PageDescription:
    """Say that the match is not the model's first; also what makes it differ from the stored."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    return replace(said, disagreements=(*said.disagreements, f"matched to changed panels at {now}"))
