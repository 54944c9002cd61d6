"""What the sequence model sees of a book: rows a page, then rows compared with the book.

Two steps, because training assembles books out of pages. `page_rows` says of every page what can
be said without its neighbours: look, layout and lettering, picture vector, sentence vector, each
with a mask where it is missing. `book_features` adds what only the book can say: the place from
both ends, how far a page's look is from the book's usual one, how like its pictures and words are
to the rest. The comparisons matter most: a coloured page is nothing, in a black and white book it
is a cover or an advertisement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.book import LOOK_FEATURES, AnnotatedBook, AnnotatedPage, PageLook, TextKind
from longbox.page_types.cues import CUES, count_cues
from longbox.page_types.look import look_row
from longbox.vectors import unit

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

LAYOUT_FEATURES: tuple[str, ...] = (
    "n_panels",
    "largest_panel",
    "panels_cover",
    "n_texts",
    "n_characters",
    "texts_cover",
    *(f"share_{kind.value}" for kind in TextKind),
    "largest_text_height",
    "letter_height",
    "text_centre_y",
    "text_spread",
    "longest_text",
    "digits",
    "capitals",
    "text_confidence",
    "log_aspect",
    "log_size",
    "is_spread",
    *(f"cue_{cue}" for cue in CUES),
)
PLACE_FEATURES: tuple[str, ...] = (
    "is_first",
    "is_last",
    "near_start",
    "near_end",
    "fraction",
    "n_pages",
)


@dataclass(frozen=True, slots=True, eq=False)
class PageVectors:
    """One vector a page from an encoder, to be used only by a model that knows the encoder.

    Attributes:
        fingerprint: Names the encoder.
        rows: float32 (P, D); zero where the mask is False.
        mask: True where the page has one, bool (P,).
    """

    fingerprint: str
    rows: Floats
    mask: Mask


@dataclass(frozen=True, slots=True, eq=False)
class PageRows:
    """Pages by themselves. A row is zero where its mask is False.

    Attributes:
        look: float32 (P, 14) with look_mask, bool (P,).
        layout: float32 (P, len(LAYOUT_FEATURES)).
        picture: float32 (P, D) with picture_mask.
        sentence: float32 (P, E) with sentence_mask.
    """

    look: Floats
    look_mask: Mask
    layout: Floats
    picture: Floats
    picture_mask: Mask
    sentence: Floats
    sentence_mask: Mask

    @property
    def n_pages(self) -> int:
        """P."""
        return len(self.layout)


@dataclass(frozen=True, slots=True, eq=False)
class BookFeatures:
    """The model's input: a picture token and a text token a page.

    Attributes:
        picture: float32 (P, D), zero where there is none.
        seen: Numbers beside the picture, float32 (P, len(SEEN_FEATURES)).
        sentence: float32 (P, E), zero where there is none.
        written: Numbers beside the sentence, float32 (P, len(WRITTEN_FEATURES)).
    """

    picture: Floats
    seen: Floats
    sentence: Floats
    written: Floats


SEEN_FEATURES: tuple[str, ...] = (
    "has_look",
    "has_picture",
    *LOOK_FEATURES,
    *(f"usual_{name}" for name in LOOK_FEATURES),
    "picture_likeness",
    "nearest_picture",
    *PLACE_FEATURES,
)
WRITTEN_FEATURES: tuple[str, ...] = (
    "has_sentence",
    *LAYOUT_FEATURES,
    *(f"usual_{name}" for name in LAYOUT_FEATURES[: -len(CUES)]),
    "sentence_likeness",
    *PLACE_FEATURES,
)


def page_rows(
    annotated: AnnotatedBook,
    looks: Sequence[PageLook | None],
    pictures: PageVectors,
    sentences: PageVectors,
) -> PageRows:
    """Describe every page by itself.

    Args:
        annotated: The book with panels and texts; labels are not read.
        looks: One a page; None where the pixels could not be had.
        pictures: Picture vectors of the pages.
        sentences: Sentence vectors of the pages.
    """
    missing = np.zeros(len(LOOK_FEATURES), np.float32)
    look = [missing if seen is None else look_row(seen) for seen in looks]
    layout = [layout_row(page) for page in annotated.pages]
    return PageRows(
        np.array(look, np.float32).reshape(-1, len(LOOK_FEATURES)),
        np.array([seen is not None for seen in looks], np.bool_),
        np.array(layout, np.float32).reshape(-1, len(LAYOUT_FEATURES)),
        pictures.rows,
        pictures.mask,
        sentences.rows,
        sentences.mask,
    )


def layout_row(page: AnnotatedPage) -> list[float]:
    """Describe panels and lettering of a page, in the order of LAYOUT_FEATURES."""
    width, height = max(page.page.width, 1), max(page.page.height, 1)
    area = float(width * height)
    panels = [p.box.clip(width, height).area / area for p in page.panels]
    texts = [t for t in page.texts if t.text.strip()]
    boxes = [t.box.clip(width, height) for t in texts]
    lengths = np.array([len(t.text) for t in texts] or [0], np.float64)
    n_characters = float(lengths.sum())
    said = "\n".join(t.text for t in texts)
    kinds = [
        sum(len(t.text) for t in texts if t.kind is kind) / max(n_characters, 1.0)
        for kind in TextKind
    ]
    centres = [b.center[1] / height for b in boxes] or [0.5]
    # Height of a letter: the side of the square each letter has in its box.
    letters = [
        math.sqrt(b.area / max(1, len(t.text))) / height for b, t in zip(boxes, texts, strict=True)
    ] or [0.0]
    n_letters = max(1, sum(c.isalpha() for c in said))
    return [
        math.log2(1 + len(panels)) / 4,
        max(panels, default=0.0),
        min(1.5, sum(panels)),
        math.log2(1 + len(texts)) / 5,
        math.log2(1 + n_characters) / 12,
        min(1.5, sum(b.area for b in boxes) / area),
        *kinds,
        max((b.height / height for b in boxes), default=0.0),
        min(1.0, 8 * max(letters)),
        float(np.mean(centres)),
        float(np.std(centres)),
        math.log2(1 + float(lengths.max())) / 11,
        sum(c.isdigit() for c in said) / max(1, len(said)),
        sum(c.isupper() for c in said) / n_letters,
        float(np.mean([t.confidence for t in texts])) if texts else 0.0,
        max(-1.0, min(1.0, math.log2(width / height) / 2)),
        math.log2(area) / 24,
        float(page.is_spread),
        *(min(1.0, math.log2(1 + n) / 3) for n in count_cues(said)),
    ]


def book_features(rows: PageRows) -> BookFeatures:
    """Put the pages into their book: place, and difference from what is usual in it."""
    n_pages = rows.n_pages
    place = _place(n_pages)
    look_gap = _gap(rows.look, rows.look_mask)
    layout_gap = _gap(rows.layout[:, : -len(CUES)], np.ones(n_pages, np.bool_))
    mean_likeness, nearest = _likeness(rows.picture, rows.picture_mask)
    sentence_likeness, _ = _likeness(rows.sentence, rows.sentence_mask)
    seen = np.column_stack(
        [
            rows.look_mask,
            rows.picture_mask,
            rows.look,
            look_gap,
            mean_likeness,
            nearest,
            place,
        ]
    )
    written = np.column_stack(
        [rows.sentence_mask, rows.layout, layout_gap, sentence_likeness, place]
    )
    return BookFeatures(
        rows.picture, seen.astype(np.float32), rows.sentence, written.astype(np.float32)
    )


def _place(n_pages: int) -> Floats:
    """Say where each page is, from both ends, (P, 6)."""
    at = np.arange(n_pages, dtype=np.float32)
    left = n_pages - 1 - at
    return np.column_stack(
        [
            at == 0,
            left == 0,
            1 / (1 + at),
            1 / (1 + left),
            at / max(1, n_pages - 1),
            np.full(n_pages, math.log2(1 + n_pages) / 8),
        ]
    ).astype(np.float32)


def _gap(rows: Floats, mask: Mask) -> Floats:
    """Return each row's distance from the book's median row; zero where the row is missing."""
    if not mask.any():
        return np.zeros_like(rows)
    usual = np.median(rows[mask], axis=0)
    return np.where(mask[:, None], rows - usual, 0).astype(np.float32)


def _likeness(vectors: Floats, mask: Mask) -> tuple[Floats, Floats]:
    """Cosine of each page with the mean of the others, and with its nearest other page."""
    n_pages = len(vectors)
    mean, nearest = np.zeros(n_pages, np.float32), np.zeros(n_pages, np.float32)
    at = np.flatnonzero(mask)
    if len(at) < 2:
        return mean, nearest
    rows = unit(vectors[at])
    mean[at] = (rows * unit(rows.sum(axis=0) - rows)).sum(axis=1)
    for start in range(0, len(at), 512):  # a block at a time: a book may have thousands of pages
        cosines = rows[start : start + 512] @ rows.T
        cosines[np.arange(len(cosines)), start + np.arange(len(cosines))] = -1
        nearest[at[start : start + 512]] = cosines.max(axis=1)
    return mean, nearest
