"""Small annotated books without pixels, for the tests of this room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Direction,
    DirectionSource,
    Metadata,
    Page,
    PageLabel,
    PageLook,
    PageType,
    Panel,
    TextKind,
    TextRegion,
)
from longbox.geometry import Box
from longbox.page_types import BookSight, PageVectors

LOOK = PageLook(0.6, 0.5, 0.5, 0.2, 0.2, 0.3, 0.3, 0.3, 0.2, 0.5, 0.9, 0.9, 0.1, 0.05)
EMPTY_LOOK = replace(LOOK, contrast=0.01, ink_share=0.0, edge_share=0.0)


def text(
    said: str, kind: TextKind = TextKind.OTHER, box: Box | None = None, order: int = 0
) -> TextRegion:
    return TextRegion(box or Box(40, 40, 300, 120), said, 0.9, kind, "test", 0, order)


def page(
    index: int,
    *texts: TextRegion,
    n_panels: int = 4,
    size: tuple[int, int] = (600, 900),
    picture_hash: str | None = None,
    declared: str | None = None,
) -> AnnotatedPage:
    w, h = size
    panels = tuple(
        Panel(Box(0, i * h / n_panels, w, (i + 1) * h / n_panels), i, 1.0, "test")
        for i in range(n_panels)
    )
    # Hashes of pages that are not alike: far from each other in bits.
    unlike = f"{(index * 0x9E3779B97F4A7C15 + 0x1234567) % 2**64:016x}"
    return AnnotatedPage(
        Page(index, f"p{index}.png", f"{index:064x}", w, h, declared),
        panels,
        tuple(texts),
        PageLabel(PageType.STORY, 0.5, "test"),
        picture_hash or unlike,
    )


def book(pages: Sequence[AnnotatedPage]) -> AnnotatedBook:
    made = Book(
        "0" * 16,
        "test.cbz",
        "cbz",
        Metadata(),
        Direction.LTR,
        DirectionSource.GUESS,
        tuple(p.page for p in pages),
    )
    return AnnotatedBook(made, tuple(pages))


def sight(n_pages: int, looks: Sequence[PageLook | None] | None = None, seed: int = 0) -> BookSight:
    rng = np.random.default_rng(seed)
    pictures = rng.normal(size=(n_pages, 8)).astype(np.float32)
    sentences = rng.normal(size=(n_pages, 6)).astype(np.float32)
    there = np.ones(n_pages, np.bool_)
    return BookSight(
        looks if looks is not None else [LOOK] * n_pages,
        PageVectors("pictures", pictures, there),
        PageVectors("sentences", sentences, there),
    )
