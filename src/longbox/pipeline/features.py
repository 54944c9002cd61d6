"""What the library knows of a book, as the features that learned stages take.

Vectors come from the stores as they are; nothing is encoded but single utterances, where a task
needs them. Those are cached beside the library by sentence encoder: each book's file names the
texts it was made from, so that a book that was read again gets new ones.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.book import AnnotatedBook, AnnotatedPage, PageType, TextRegion
from longbox.encoders import SentenceEncoder
from longbox.errors import LibraryError
from longbox.features import TEXT_KINDS, BookFeatures, Utterances, no_vectors
from longbox.library import FEATURES_NAME, BookSource, Library
from longbox.pipeline.books import panel_text
from longbox.vectors import Space, unit

STORY_TYPES: Final = (PageType.STORY, PageType.SPLASH)
_SAFE_NAME: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
_KEY: Final = "texts_sha256"


def book_features(
    library: Library, book_id: str, sentences: SentenceEncoder | None = None
) -> BookFeatures:
    """Return what the library knows of a book's panels.

    Args:
        library: Where the book is.
        book_id: Its id.
        sentences: Encodes every piece of lettering by itself, once; None for no utterances.

    Raises:
        LibraryError: The book or its descriptions cannot be read, or the disk refuses the cache.
    """
    source = library.book_source(book_id)
    features = source_features(source)
    if sentences is None:
        return features
    return with_utterances(features, source.store.annotated, library.root, sentences)


def source_features(source: BookSource) -> BookFeatures:
    """Return the features of a book that was read already, without utterances."""
    annotated = source.store.annotated
    n = annotated.n_panels
    stored = {vectors.space: vectors for vectors in source.store.vectors}
    text = stored.get(Space.TEXT) or no_vectors(Space.TEXT, n, 0)
    panels = list(annotated.panels())
    metadata = annotated.book.metadata
    return BookFeatures(
        book_id=annotated.book.book_id,
        series=metadata.series or annotated.book.title,
        language=metadata.language,
        pages=np.array([page.page.index for page, _ in panels], dtype=np.int64),
        is_story=np.array([is_story_page(page) for page, _ in panels], dtype=np.bool_),
        vision=stored.get(Space.VISION) or no_vectors(Space.VISION, n, 0),
        text=text,
        description=source.descriptions or no_vectors(Space.DESCRIPTION, n, text.dimension),
        composition=stored.get(Space.COMPOSITION) or no_vectors(Space.COMPOSITION, n, 0),
        kinds=kind_shares([page.panel_texts(panel.order) for page, panel in panels]),
        wordings=tuple(panel_text(page, panel.order) for page, panel in panels),
    )


def is_story_page(page: AnnotatedPage) -> bool:
    """Say whether a page is story that nobody needs to look at first: what models learn from."""
    return page.label.page_type in STORY_TYPES and not page.flags


def with_utterances(
    features: BookFeatures, annotated: AnnotatedBook, root: Path, sentences: SentenceEncoder
) -> BookFeatures:
    """Add the vectors of every piece of lettering, from the cache or encoded now.

    Args:
        features: Of the book.
        annotated: The same book.
        root: The library's folder, which holds the cache.
        sentences: The encoder; its fingerprint names the cache.

    Raises:
        LibraryError: The disk refuses the cache.
    """
    said: list[tuple[int, TextRegion]] = [
        (row, region)
        for row, (page, panel) in enumerate(annotated.panels())
        for region in sorted(page.panel_texts(panel.order), key=lambda t: t.order)
        if region.text.strip()
    ]
    texts = [region.text for _, region in said]
    path = utterance_path(root, sentences.fingerprint, features.book_id)
    found = _cached(path, texts, sentences)
    if found is None:
        found = encode_texts(texts, sentences)
        _keep(path, texts, found)
    half, mask = found
    utterances = Utterances(
        fingerprint=sentences.fingerprint,
        vectors=unit(half),
        mask=mask,
        kinds=np.array([TEXT_KINDS.index(region.kind) for _, region in said], dtype=np.int64),
        panels=np.array([row for row, _ in said], dtype=np.int64),
    )
    return replace(features, utterances=utterances)


def utterance_path(root: Path, fingerprint: str, book_id: str) -> Path:
    """Return where a book's utterance vectors are cached; an odd fingerprint is hashed."""
    is_safe = _SAFE_NAME.match(fingerprint) is not None
    name = fingerprint if is_safe else hashlib.sha256(fingerprint.encode()).hexdigest()[:16]
    return root / FEATURES_NAME / name / f"{book_id}.safetensors"


def kind_shares(texts: Sequence[Sequence[TextRegion]]) -> NDArray[np.float32]:
    """Return the share of each kind in a panel's characters, float32 (N, 5)."""
    counts = np.zeros((len(texts), len(TEXT_KINDS)), np.float32)
    for row, regions in enumerate(texts):
        for region in regions:
            counts[row, TEXT_KINDS.index(region.kind)] += len("".join(region.text.split()))
    totals = counts.sum(axis=1, keepdims=True)
    shares: NDArray[np.float32] = np.divide(
        counts, totals, out=np.zeros_like(counts), where=totals > 0
    )
    return shares


Encoded = tuple[NDArray[np.float16], NDArray[np.bool_]]


def encode_texts(texts: Sequence[str], sentences: SentenceEncoder) -> Encoded:
    """Encode texts one by one: float16 (T, D) as they are cached, and mask, bool (T,)."""
    half = np.zeros((len(texts), sentences.dimension), np.float16)
    mask = np.zeros(len(texts), np.bool_)
    if texts:
        mask = sentences.can_read(list(texts))
        readable = [text for text, is_read in zip(texts, mask, strict=True) if is_read]
        half[mask] = sentences.encode_documents(readable).astype(np.float16)
    return half, mask


def _cached(path: Path, texts: list[str], sentences: SentenceEncoder) -> Encoded | None:
    """Return what is cached for these very texts; None for nothing, or nothing readable."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            if (file.metadata() or {}).get(_KEY) != _texts_key(texts):
                return None
            half, mask = file.get_tensor("vectors"), file.get_tensor("mask")
    except (OSError, SafetensorError, ValueError, TypeError):
        return None  # derived: made again
    is_sound = (
        half.dtype == np.float16
        and mask.dtype == np.bool_
        and half.shape == (len(texts), sentences.dimension)
        and mask.shape == (len(texts),)
        and bool(np.isfinite(half).all())
        and not half[~mask].any()
    )
    return (half, mask) if is_sound else None


def _keep(path: Path, texts: list[str], encoded: Encoded) -> None:
    from safetensors.numpy import save

    arrays: dict[str, Any] = {"vectors": encoded[0], "mask": encoded[1]}
    data = save(arrays, metadata={_KEY: _texts_key(texts)})
    partial = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise LibraryError(f"{path}: {reason}; check the disk's space and permissions") from error
    finally:
        partial.unlink(missing_ok=True)


def _texts_key(texts: list[str]) -> str:
    return hashlib.sha256(json.dumps(texts).encode("ascii")).hexdigest()
