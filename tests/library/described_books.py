"""Descriptions drawn for drawn books."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from longbox.book import AnnotatedBook
from longbox.description import AnswerState, PageDescription, PanelDescription
from longbox.vectors import PanelVectors, Space, unit

FINGERPRINT = "sentences-v1"
DIMENSION = 12


def draw_description(
    annotated: AnnotatedBook,
    page: int,
    texts: Sequence[str],
    *,
    state: AnswerState = AnswerState.CLEAN,
    prompt: str = "p1",
    summary: str = "a page",
) -> PageDescription:
    """Describe a page: a text a panel, an empty one for a panel that the model left out."""
    return PageDescription(
        page_index=page,
        page_digest=annotated.pages[page].page.digest,
        state=state,
        summary=summary,
        panels=tuple(
            PanelDescription(order, order + 1, text, characters=("Ann",), shot="close-up")
            for order, text in enumerate(texts)
            if text
        ),
        disagreements=(),
        model="drawn-vlm",
        prompt=prompt,
        n_prompt_tokens=10,
        n_answer_tokens=5,
        cost=0.01,
        made_at="2026-01-01T00:00:00",
    )


def draw_all(annotated: AnnotatedBook, word: str = "scene") -> tuple[PageDescription, ...]:
    """Describe every page of a book."""
    return tuple(
        draw_description(annotated, p, [f"{word} {p} {i}" for i in range(len(page.panels))])
        for p, page in enumerate(annotated.pages)
    )


def draw_description_vectors(
    annotated: AnnotatedBook, seed: int = 0, fingerprint: str = FINGERPRINT
) -> PanelVectors:
    """Draw a vector for each panel but every fifth."""
    n = annotated.n_panels
    rows = unit(np.random.default_rng(seed).standard_normal((n, DIMENSION)).astype(np.float32))
    mask = np.ones(n, dtype=np.bool_)
    mask[4::5] = False
    rows[~mask] = 0
    return PanelVectors(Space.DESCRIPTION, fingerprint, rows, mask)
