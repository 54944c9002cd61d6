"""Books of features with chosen vectors, for tests of closure scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longbox.encoders import COMPOSITION_FEATURES
from longbox.features import TEXT_KINDS, BookFeatures, Utterances, View, no_vectors
from longbox.tasks import Choice, Difficulty, Shown, Shuffled, Task
from longbox.vectors import PanelVectors, Space, unit

D = 8
PICTURES = View(frozenset({Space.VISION}))
TEXTS = View(frozenset({Space.TEXT}))
BOTH = View(frozenset({Space.VISION, Space.TEXT}))
PLACES = View(frozenset({Space.COMPOSITION}))


def vectors(space: Space, rows: NDArray[np.float32], missing: Sequence[int] = ()) -> PanelVectors:
    mask = np.ones(len(rows), np.bool_)
    mask[list(missing)] = False
    made = rows if space is Space.COMPOSITION else unit(rows)
    return PanelVectors(space, f"test-{space}", (made * mask[:, None]).astype(np.float32), mask)


def book(
    n: int = 6,
    *,
    seed: int = 0,
    vision: NDArray[np.float32] | None = None,
    text: NDArray[np.float32] | None = None,
    places: NDArray[np.float32] | None = None,
    missing_text: Sequence[int] = (),
    wordings: tuple[str, ...] = (),
    utterances: Utterances | None = None,
) -> BookFeatures:
    rng = np.random.default_rng(seed)
    drawn = rng.standard_normal((2, n, D)).astype(np.float32)
    composition = np.zeros((n, len(COMPOSITION_FEATURES)), np.float32)
    if places is not None:
        composition[:] = places
    return BookFeatures(
        f"{seed:016x}",
        f"series {seed}",
        "en",
        np.zeros(n, np.int64),
        np.ones(n, np.bool_),
        vectors(Space.VISION, drawn[0] if vision is None else vision),
        vectors(Space.TEXT, drawn[1] if text is None else text, missing_text),
        no_vectors(Space.DESCRIPTION, n, D),
        vectors(Space.COMPOSITION, composition, range(n) if places is None else ()),
        np.zeros((n, len(TEXT_KINDS)), np.float32),
        utterances,
        wordings,
    )


def choice(
    context: Sequence[int],
    candidates: Sequence[int],
    answer: int = 0,
    *,
    view: View = BOTH,
    in_book: int = 0,
    task: Task = Task.PANEL_PICKING,
    difficulty: Difficulty = Difficulty.HARD,
) -> Choice:
    return Choice(
        task,
        difficulty,
        tuple(Shown(in_book, r, view) for r in context),
        len(context),
        tuple(Shown(in_book, r, view) for r in candidates),
        answer,
    )


def shuffled(places: Sequence[int], *, view: View = BOTH, in_book: int = 0) -> Shuffled:
    return Shuffled(tuple(Shown(in_book, p, view) for p in places), tuple(places))
