"""Books of features drawn at random, cheap enough for hundreds; for tests of learned stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.book import TextKind
from longbox.features import TEXT_KINDS, BookFeatures, Utterances, no_vectors
from longbox.fusion import FusionConfig
from longbox.vectors import PanelVectors, Space, unit

PICTURE, WORDS, PLACE = 24, 16, 12
NAMES = {
    Space.VISION: "drawn-pictures",
    Space.TEXT: "drawn-words",
    Space.DESCRIPTION: "drawn-words",
    Space.COMPOSITION: "drawn-places",
}
SIZES = {
    Space.VISION: PICTURE,
    Space.TEXT: WORDS,
    Space.DESCRIPTION: WORDS,
    Space.COMPOSITION: PLACE,
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a book is drawn.

    Attributes:
        missing: Share of panels that lack each modality.
        said: Utterances of a panel, at most.
        a_page: Panels of a page.
        inserts: Pages that are no story.
        described: Whether panels have descriptions.
    """

    missing: float = 0.2
    said: int = 3
    a_page: int = 5
    inserts: tuple[int, ...] = ()
    described: bool = False


def space_of(
    space: Space, rows: NDArray[Any], mask: NDArray[np.bool_], name: str | None = None
) -> PanelVectors:
    made = np.asarray(rows, np.float32) if space is Space.COMPOSITION else unit(rows)
    return PanelVectors(space, name or NAMES[space], made * mask[:, None], mask)


def panel_book(
    n: int,
    seed: int = 0,
    drawn: Drawn = Drawn(),
    *,
    series: str | None = None,
    language: str | None = "en",
) -> BookFeatures:
    """Draw a book of n panels; utterances belong to panels that have text."""
    rng = np.random.default_rng([seed, n])
    masks = {space: rng.random(n) >= drawn.missing for space in NAMES}
    if not drawn.described:
        masks[Space.DESCRIPTION][:] = False
    vectors = {
        space: space_of(space, rng.standard_normal((n, SIZES[space])), masks[space])
        for space in NAMES
    }
    has_text = masks[Space.TEXT]
    counts = np.where(has_text, rng.integers(1, drawn.said + 1, n), 0) if drawn.said else None
    kinds = np.zeros((n, len(TEXT_KINDS)), np.float32)
    kinds[np.arange(n), rng.integers(0, 3, n)] = has_text
    pages = np.arange(n) // drawn.a_page
    return BookFeatures(
        f"{seed:08x}{n:08x}",
        series or f"series {seed}",
        language,
        pages,
        ~np.isin(pages, drawn.inserts),
        vectors[Space.VISION],
        vectors[Space.TEXT],
        vectors[Space.DESCRIPTION] if drawn.described else no_vectors(Space.DESCRIPTION, n, WORDS),
        vectors[Space.COMPOSITION],
        kinds,
        None if counts is None else utterances_of(counts, rng),
        tuple(f"words {seed} {row}" if known else "" for row, known in enumerate(has_text)),
    )


def utterances_of(counts: Sequence[int] | NDArray[Any], rng: np.random.Generator) -> Utterances:
    """Draw as many utterances a panel; dialogue, captions and sound effects alike often."""
    panels = np.repeat(np.arange(len(counts)), counts)
    known = (TextKind.DIALOGUE, TextKind.CAPTION, TextKind.SOUND_EFFECT)
    choices = np.array([TEXT_KINDS.index(kind) for kind in known])
    return Utterances(
        NAMES[Space.TEXT],
        unit(rng.standard_normal((len(panels), WORDS))),
        np.ones(len(panels), np.bool_),
        choices[rng.integers(0, len(choices), len(panels))],
        panels,
    )


def panel_corpus(n_books: int = 8, n_panels: int = 40, seed: int = 0, **options: Any) -> list[Any]:
    """Draw books of three series."""
    return [
        panel_book(n_panels, seed * 1000 + i, Drawn(**options), series=f"series {i % 3}")
        for i in range(n_books)
    ]


def fusion_config(**sizes: int) -> FusionConfig:
    """Return a small fusion config for these books."""
    return FusionConfig(
        NAMES[Space.VISION],
        NAMES[Space.TEXT],
        NAMES[Space.COMPOSITION],
        PICTURE,
        WORDS,
        PLACE,
        **{"d_model": 32, "d_hidden": 16, "n_heads": 2, **sizes},
    )
