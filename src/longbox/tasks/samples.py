"""What a closure task asks: some panels, some candidates, one of them right.

A sample names panels and how much of each is shown (`Shown`), never vectors: raw cosines, the first
version, stage 3 and stage 4 all answer the very same questions. Candidates are distinct and never
in the context (facts 2 and 3), and a sample knows its own chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longbox.features import BookFeatures, View

Corpus = Sequence[BookFeatures]


class Task(StrEnum):
    """The seven tasks, by the names of the Stage 4 document; ComicsPAP's own in its glossary."""

    PANEL_PICKING = "panel_picking"
    CHARACTER_COHERENCE = "character_coherence"
    VISUAL_CLOSURE = "visual_closure"
    TEXT_CLOSURE = "text_closure"
    CAPTION_RELEVANCE = "caption_relevance"
    TEXT_CLOZE = "text_cloze"
    READING_ORDER = "reading_order"


class Difficulty(StrEnum):
    """Where wrong candidates come from: the same book (hard) or other books (easy)."""

    EASY = "easy"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Shown:
    """One panel of a corpus, and how much of it is shown.

    Attributes:
        book: Index into the corpus.
        row: Of the panel in its book.
    """

    book: int
    row: int
    view: View


@dataclass(frozen=True, slots=True)
class Choice:
    """Pick one of K.

    Attributes:
        context: The panels around the gap, in reading order.
        gap: How many of the context come before the gap; len(context) where it is at the end.
        candidates: Distinct, K of them.
        answer: Index of the right one.
        cue: What is known of the missing panel itself: its picture in text-cloze, else None.
    """

    task: Task
    difficulty: Difficulty
    context: tuple[Shown, ...]
    gap: int
    candidates: tuple[Shown, ...]
    answer: int
    cue: Shown | None = None

    @property
    def chance(self) -> float:
        """Accuracy of a guess."""
        return 1.0 / len(self.candidates)


@dataclass(frozen=True, slots=True)
class Shuffled:
    """Put panels in order.

    Attributes:
        panels: In the order shown, which says nothing.
        places: Place of each in reading order, from 0.
    """

    panels: tuple[Shown, ...]
    places: tuple[int, ...]

    @property
    def task(self) -> Task:
        """Always READING_ORDER."""
        return Task.READING_ORDER


Sample = Choice | Shuffled


class Scorer(Protocol):
    """Answers samples; whatever it is, it sees what the samples show and nothing else."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[NDArray[np.float32]]:
        """Score the candidates of every sample, float32 (K,) each; the highest is the answer."""
        ...

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[NDArray[np.float32]]:
        """Score pairs of every sample, float32 (N, N) each: how surely panel i is before j."""
        ...
