"""Feature books for the first version's tests: random ones, and ones that can be learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from longbox.closure_lite import (
    ClosureLiteConfig,
    ClosureLiteSimple,
    batch_of,
    config_for,
    page_batches,
)
from longbox.features import TEXT_KINDS, BookFeatures, Utterances, no_vectors
from longbox.vectors import PanelVectors, Space, unit

PICTURE, WORDS, PLACE = 24, 16, 12
NAMES = {Space.VISION: "toy-vision", Space.TEXT: "toy-text", Space.COMPOSITION: "toy-composition"}


def space_of(
    space: Space, rows: NDArray[Any], mask: NDArray[np.bool_] | None = None, name: str | None = None
) -> PanelVectors:
    """Make a space, with rows outside the mask zeroed."""
    known = np.ones(len(rows), np.bool_) if mask is None else mask
    vectors = np.asarray(rows, np.float32) if space is Space.COMPOSITION else unit(rows)
    return PanelVectors(space, name or NAMES[space], vectors * known[:, None], known)


def book_of(
    pages: Sequence[int],
    vision: PanelVectors,
    text: PanelVectors,
    composition: PanelVectors,
    *,
    name: str = "toy",
    is_story: NDArray[np.bool_] | None = None,
    utterances: Utterances | None = None,
) -> BookFeatures:
    """Make a book."""
    n = len(pages)
    return BookFeatures(
        book_id=name,
        series=name,
        language="en",
        pages=np.asarray(pages, np.int64),
        is_story=np.ones(n, np.bool_) if is_story is None else is_story,
        vision=vision,
        text=text,
        description=no_vectors(Space.DESCRIPTION, n, WORDS),
        composition=composition,
        kinds=np.zeros((n, len(TEXT_KINDS)), np.float32),
        utterances=utterances,
    )


@dataclass(frozen=True, slots=True)
class Toy:
    """How toy books are made.

    Attributes:
        is_learnable: Picture and text share a hidden code, panels of a page a topic, and one
            direction of the code rises along the page. Otherwise all vectors are random.
        tells_place: Composition holds the place in reading order.
        same_on_page: All panels of a page show the very same.
        missing: Share of each modality that panels lack.
    """

    is_learnable: bool = False
    tells_place: bool = False
    same_on_page: bool = False
    missing: float = 0.0


def toy_corpus(toy: Toy, seed: int, n_books: int = 20, n_pages: int = 5) -> list[BookFeatures]:
    """Make books of pages with two to six panels."""
    rng = np.random.default_rng(seed)
    frame = np.random.default_rng(7)
    to_picture, to_words = frame.normal(size=(8, PICTURE)), frame.normal(size=(8, WORDS))
    books = []
    for index in range(n_books):
        sizes = rng.integers(2, 7, size=n_pages)
        pages = np.repeat(np.arange(n_pages), sizes)
        places = np.concatenate([np.linspace(-1, 1, size) for size in sizes])
        n = len(pages)
        vision, text = rng.normal(size=(n, PICTURE)), rng.normal(size=(n, WORDS))
        if toy.is_learnable:
            topics = rng.normal(size=(n_pages, 4))[pages]
            code = np.concatenate([topics, 2 * places[:, None], rng.normal(size=(n, 3))], axis=1)
            vision, text = code @ to_picture, code @ to_words
        if toy.same_on_page:
            first = np.searchsorted(pages, pages)
            vision, text = vision[first], text[first]
        composition = rng.random(size=(n, PLACE))
        if toy.tells_place:
            composition[:, 6] = (places + 1) / 2
        masks = [rng.random(n) >= toy.missing for _ in range(3)]
        books.append(
            book_of(
                pages.tolist(),
                space_of(Space.VISION, vision, masks[0]),
                space_of(Space.TEXT, text, masks[1]),
                space_of(Space.COMPOSITION, composition, masks[2]),
                name=f"toy{index}",
            )
        )
    return books


def small_config(corpus: Sequence[BookFeatures], **options: Any) -> ClosureLiteConfig:
    """Choose a model that trains in a second or two."""
    return config_for(corpus, **{"d": 32, **options})


def trained(
    corpus: Sequence[BookFeatures], epochs: int = 12, seed: int = 0, **options: Any
) -> ClosureLiteSimple:
    """Train a small model in the plainest way."""
    model = ClosureLiteSimple(small_config(corpus, **options), seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(epochs):
        for places in page_batches(corpus, 32, seed + epoch):
            objective = model.objective(batch_of(corpus, places, model.config), generator)
            optimizer.zero_grad()
            objective.total.backward()
            optimizer.step()
    return model.eval()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a loss did over held-out batches."""

    n: int
    loss: float
    chance: float
    accuracy: float
    chance_accuracy: float

    @property
    def z(self) -> float:
        """Standard errors of a guess that accuracy lies above chance.

        Questions hang together (a picture's and its text's have the same answer), so two count as
        one.
        """
        error = (self.chance_accuracy * (1 - self.chance_accuracy) * 2 / self.n) ** 0.5
        return (self.accuracy - self.chance_accuracy) / error


def outcomes(
    model: ClosureLiteSimple, corpus: Sequence[BookFeatures], seed: int = 0, rounds: int = 4
) -> dict[str, Outcome]:
    """Measure every loss on books."""
    generator = torch.Generator().manual_seed(seed)
    sums: dict[str, NDArray[np.float64]] = {}
    with torch.no_grad():
        for turn in range(rounds):
            for places in page_batches(corpus, 32, seed + turn):
                batch = batch_of(corpus, places, model.config)
                for name, asked in model.losses(batch, generator).items():
                    if asked.n:
                        row = (1, float(asked.loss), asked.chance, asked.accuracy)
                        row = (*row, asked.chance_accuracy)
                        sums[name] = sums.get(name, np.zeros(5)) + asked.n * np.array(row)
    return {
        name: Outcome(int(total[0]), *(float(x) for x in total[1:] / total[0]))
        for name, total in sums.items()
    }
