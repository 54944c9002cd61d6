"""Queries as people make them, and what they find in a library's spaces.

A query is what a person has in hand, never the stored vector itself: for pictures a harsh crop of
the panel (55 to 80 % of its area, half of them grey, JPEG at quality 35), for text one utterance of
a panel that has several. Each must find its own panel among all panels of the corpus.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longbox.config import Config
from longbox.encoders import crop_panel, picture_encoder
from longbox.errors import IngestError, PageError
from longbox.evaluation.foreign import Pixels, Tell
from longbox.evaluation.retrieval import (
    FusedRetrieval,
    QueryDiversity,
    RetrievalScore,
    diversity,
    score_retrieval,
    through_fused,
)
from longbox.features import MODALITIES, TEXT_KINDS, BookFeatures, PanelModel, no_vectors
from longbox.ingest import open_pages
from longbox.library import Library
from longbox.vectors import PanelVectors, Space

_N_DIVERSITY = 100


@dataclass(frozen=True, slots=True, eq=False)
class Queries:
    """Queries of one modality, each for one panel.

    Attributes:
        vectors: Of the panels' own space, float32 (Q, D).
        books, rows: The panel that each must find, as corpus index and row, int64 (Q,).
        kinds: Of the text that was asked, float32 (Q, 5); zeros for pictures.
    """

    space: Space
    fingerprint: str
    vectors: NDArray[np.float32]
    books: NDArray[np.int64]
    rows: NDArray[np.int64]
    kinds: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class SpaceRetrieval:
    """What queries of one modality find, in their own space and through the fused one."""

    space: Space
    own: RetrievalScore
    own_diversity: QueryDiversity
    fused: FusedRetrieval | None = None
    fused_diversity: QueryDiversity | None = None


def picture_queries(
    library: Library,
    corpus: Sequence[BookFeatures],
    config: Config,
    n: int,
    tell: Tell,
    seed: int = 0,
) -> Queries | None:
    """Crop n panels harshly; None where no picture can be had or another encoder made the corpus.

    Args:
        library: Says where the comic files are.
        corpus: Of the library.
        config: Names the picture encoder, and the limits of reading.
        n: How many panels at most.
        tell: Gets one line for every file or page that cannot be read.
        seed: Of panels and crops.
    """
    pictures = picture_encoder(config.encoders.picture)
    rng = np.random.default_rng(seed)
    wanted = _drawn([book.vision.mask for book in corpus], n, rng)
    crops: list[Pixels] = []
    found: list[tuple[int, int]] = []
    for book, group in groupby(wanted, key=lambda p: p[0]):
        if corpus[book].vision.fingerprint != pictures.fingerprint:
            continue
        rows = [row for _, row in group]
        for row, pixels in _panel_pixels(library, corpus[book].book_id, rows, config, tell):
            crops.append(harsh_crop(pixels, rng))
            found.append((book, row))
    if not crops:
        tell(
            f"no panel can be asked for by a crop: no book with its comic file has picture vectors "
            f"of {pictures.fingerprint}, as the settings say; run `longbox index --refresh`"
        )
        return None
    at = np.array(found, np.int64)
    kinds = np.zeros((len(found), len(TEXT_KINDS)), np.float32)
    rows_of = np.concatenate([pictures.encode([crop]) for crop in crops])
    return Queries(Space.VISION, pictures.fingerprint, rows_of, at[:, 0], at[:, 1], kinds)


def text_queries(corpus: Sequence[BookFeatures], n: int, seed: int = 0) -> Queries | None:
    """Take one utterance of n panels that have two or more; None where there are none."""
    rng = np.random.default_rng(seed)
    masks = []
    for book in corpus:
        mask = np.zeros(book.n_panels, np.bool_)
        spoken = book.utterances
        if spoken is not None and spoken.fingerprint == book.text.fingerprint:
            counts = np.bincount(spoken.panels[spoken.mask], minlength=book.n_panels)
            mask = (counts >= 2) & book.text.mask
        masks.append(mask)
    wanted = _drawn(masks, n, rng)
    vectors, kinds = [], []
    for book_number, row in wanted:
        spoken = corpus[book_number].utterances
        if spoken is None:  # its mask is empty above
            raise AssertionError
        one = int(rng.choice(spoken.of_panel(row)))
        vectors.append(spoken.vectors[one])
        kinds.append(np.eye(len(TEXT_KINDS), dtype=np.float32)[spoken.kinds[one]])
    if not wanted:
        return None
    at = np.array(wanted, np.int64)
    fingerprint = corpus[wanted[0][0]].text.fingerprint
    return Queries(Space.TEXT, fingerprint, np.stack(vectors), at[:, 0], at[:, 1], np.stack(kinds))


def space_retrieval(
    corpus: Sequence[BookFeatures], queries: Queries, model: PanelModel | None, seed: int = 0
) -> SpaceRetrieval:
    """Let queries find their panels in their own space and, with a model, through the fused one.

    The galleries are the panels that the space knows, in both cases, so that only the way differs;
    in the fused one they are known by all their modalities, as they are in a library.

    Raises:
        ModelError: The features were made by other encoders than the model was trained with.
    """
    masks = [book.of(queries.space).mask for book in corpus]
    gallery = np.concatenate(
        [b.of(queries.space).vectors[m] for b, m in zip(corpus, masks, strict=True) if m.any()]
    )
    targets = _targets(masks, queries)
    own = score_retrieval(
        f"{queries.space} in its own space", queries.vectors, gallery, targets, queries.books, seed
    )
    few = queries.vectors[:_N_DIVERSITY]
    if model is None:
        return SpaceRetrieval(queries.space, own, diversity(few, gallery))
    known = [(b, m) for b, m in zip(corpus, masks, strict=True) if m.any()]
    fused_gallery = np.concatenate([_fused(model, book)[mask] for book, mask in known])
    asked = _fused(model, query_features(queries, known[0][0]))
    fused = score_retrieval(
        f"{queries.space} through the fused space",
        asked,
        fused_gallery,
        targets,
        queries.books,
        seed,
    )
    return SpaceRetrieval(
        queries.space,
        own,
        diversity(few, gallery),
        through_fused(own, fused, seed),
        diversity(asked[:_N_DIVERSITY], fused_gallery),
    )


def query_features(queries: Queries, like: BookFeatures) -> BookFeatures:
    """Return queries as a book of panels that show one modality, each on a page of its own."""
    n = len(queries.vectors)
    blank = {s: no_vectors(s, n, like.of(s).dimension) for s in MODALITIES}
    mask = np.ones(n, np.bool_)
    blank[queries.space] = PanelVectors(
        queries.space, queries.fingerprint, queries.vectors.astype(np.float32), mask
    )
    return BookFeatures(
        "queries",
        "queries",
        None,
        np.arange(n, dtype=np.int64),
        mask,
        blank[Space.VISION],
        blank[Space.TEXT],
        blank[Space.DESCRIPTION],
        blank[Space.COMPOSITION],
        queries.kinds,
    )


def harsh_crop(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Cut 55 to 80 % of the area out of a picture, half the time in grey, as JPEG 35."""
    from PIL import Image

    height, width = pixels.shape[:2]
    area, split = rng.uniform(0.55, 0.80), rng.uniform(0.35, 0.65)
    w, h = max(1, round(width * area**split)), max(1, round(height * area ** (1 - split)))
    x, y = rng.integers(0, width - w + 1), rng.integers(0, height - h + 1)
    picture = Image.fromarray(np.ascontiguousarray(pixels[y : y + h, x : x + w]))
    if rng.random() < 0.5:
        picture = picture.convert("L").convert("RGB")
    saved = io.BytesIO()
    picture.save(saved, "JPEG", quality=35)
    return np.asarray(Image.open(saved).convert("RGB"))


def _fused(model: PanelModel, book: BookFeatures) -> NDArray[np.float32]:
    n_pages = int(book.pages[-1]) + 1 if book.n_panels else 0
    return model.embed(book, n_pages).fused.vectors


def _drawn(
    masks: Sequence[NDArray[np.bool_]], n: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Draw at most n panels of those that masks allow; by book and row."""
    allowed = [(i, int(row)) for i, mask in enumerate(masks) for row in np.flatnonzero(mask)]
    chosen = rng.permutation(len(allowed))[:n]
    return sorted(allowed[i] for i in chosen)


def _targets(masks: Sequence[NDArray[np.bool_]], queries: Queries) -> NDArray[np.int64]:
    """Return the gallery rows of the queries' panels."""
    first = np.cumsum([0, *(int(m.sum()) for m in masks)])
    return np.array(
        [
            first[b] + int(masks[b][:r].sum())
            for b, r in zip(queries.books.tolist(), queries.rows.tolist(), strict=True)
        ],
        np.int64,
    )


def _panel_pixels(
    library: Library, book_id: str, rows: Sequence[int], config: Config, tell: Tell
) -> list[tuple[int, Pixels]]:
    """Cut panels out of a book's pages."""
    annotated = library.annotated_book(book_id)
    panels = list(annotated.panels())
    by_page: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        by_page[panels[row][0].page.index].append(row)
    path = Path(annotated.book.path)
    if not path.exists():
        tell(f"{path}: the comic file is gone; none of its panels is asked for")
        return []
    found: list[tuple[int, Pixels]] = []
    try:
        with open_pages(path, config.ingest) as opened:
            for index, here in by_page.items():
                try:
                    pixels = opened.pixels(index)
                except PageError as error:
                    tell(str(error))
                    continue
                found += [(row, crop_panel(pixels, panels[row][1].box)) for row in here]
    except IngestError as error:
        tell(str(error))
    return found
