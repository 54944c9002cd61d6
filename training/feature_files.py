"""Features of books made outside a library, and the files that keep them.

A library makes the same features of its own books (longbox.pipeline.features, whose pieces serve
here too); here a book has truth instead of a store.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longbox.book import AnnotatedBook
from longbox.encoders import (
    COMPOSITION_FINGERPRINT,
    PictureEncoder,
    SentenceEncoder,
    composition,
)
from longbox.features import TEXT_KINDS, BookFeatures, Utterances, no_vectors
from longbox.pipeline.features import encode_texts, kind_shares
from longbox.vectors import PanelVectors, Space

_PICTURE_DIMENSION = 256


def features_of(
    annotated: AnnotatedBook,
    vision: PanelVectors | None,
    sentences: SentenceEncoder,
    descriptions: Sequence[str] = (),
) -> BookFeatures:
    """Make the features of a book; without pictures, vision and composition are masked."""
    panels = list(annotated.panels())
    n = len(panels)
    texts = [[t for t in p.panel_texts(panel.order) if t.text.strip()] for p, panel in panels]
    wordings = ["\n".join(t.text for t in said) for said in texts]
    pieces = [(row, text) for row, said in enumerate(texts) for text in said]
    spoken, mask = encode_texts([t.text for _, t in pieces], sentences)
    rows = [composition(page) for page in annotated.pages if page.panels]
    described = (
        _sentences(Space.DESCRIPTION, descriptions, sentences)
        if descriptions
        else no_vectors(Space.DESCRIPTION, n, sentences.dimension)
    )
    shape = np.concatenate(rows)
    return BookFeatures(
        annotated.book.book_id,
        annotated.book.metadata.series or annotated.book.book_id,
        annotated.book.metadata.language,
        np.array([page.page.index for page, _ in panels], np.int64),
        np.ones(n, np.bool_),
        vision or no_vectors(Space.VISION, n, _PICTURE_DIMENSION),
        _sentences(Space.TEXT, wordings, sentences),
        described,
        PanelVectors(Space.COMPOSITION, COMPOSITION_FINGERPRINT, shape, np.ones(n, np.bool_))
        if vision
        else no_vectors(Space.COMPOSITION, n, shape.shape[1]),
        kind_shares(texts),
        Utterances(
            sentences.fingerprint,
            spoken.astype(np.float32),
            mask,
            np.array([TEXT_KINDS.index(t.kind) for _, t in pieces], np.int64),
            np.array([row for row, _ in pieces], np.int64),
        ),
        tuple(wordings),
    )


def pictures_of(crops: Sequence[NDArray[np.uint8]], encoder: PictureEncoder) -> PanelVectors:
    """Encode the crops of a book's panels."""
    rows = encoder.encode(crops)
    return PanelVectors(Space.VISION, encoder.fingerprint, rows, np.ones(len(rows), np.bool_))


def _sentences(space: Space, texts: Sequence[str], encoder: SentenceEncoder) -> PanelVectors:
    rows, mask = encode_texts(texts, encoder)
    return PanelVectors(space, encoder.fingerprint, rows.astype(np.float32), mask)


def save_features(path: Path, book: BookFeatures) -> None:
    """Write a book's features, vectors as float16; whole or not at all."""
    spoken = book.utterances
    if spoken is None:
        raise ValueError(f"{book.book_id}: training needs utterances")
    spaces = {
        f"{space}_{part}": value
        for space in ("vision", "text", "description", "composition")
        for part, value in (
            ("vectors", getattr(book, space).vectors.astype(np.float16)),
            ("mask", getattr(book, space).mask),
            ("fingerprint", getattr(book, space).fingerprint),
        )
    }
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        name=[book.book_id, book.series, book.language or ""],
        pages=book.pages,
        is_story=book.is_story,
        kinds=book.kinds,
        spoken_vectors=spoken.vectors.astype(np.float16),
        spoken_mask=spoken.mask,
        spoken_kinds=spoken.kinds,
        spoken_panels=spoken.panels,
        spoken_fingerprint=spoken.fingerprint,
        wordings=np.array(book.wordings, np.str_),
        **spaces,
    )
    partial.replace(path)


def load_features(path: Path) -> BookFeatures:
    """Read back what `save_features` wrote."""
    with np.load(path) as data:
        name = [str(v) for v in data["name"]]

        def space(kind: Space) -> PanelVectors:
            return PanelVectors(
                kind,
                str(data[f"{kind}_fingerprint"]),
                data[f"{kind}_vectors"].astype(np.float32),
                data[f"{kind}_mask"],
            )

        return BookFeatures(
            name[0],
            name[1],
            name[2] or None,
            data["pages"],
            data["is_story"],
            space(Space.VISION),
            space(Space.TEXT),
            space(Space.DESCRIPTION),
            space(Space.COMPOSITION),
            data["kinds"],
            Utterances(
                str(data["spoken_fingerprint"]),
                data["spoken_vectors"].astype(np.float32),
                data["spoken_mask"],
                data["spoken_kinds"],
                data["spoken_panels"],
            ),
            tuple(str(w) for w in data["wordings"]),
        )
