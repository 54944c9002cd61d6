"""Probes that need a model and a library's own panels: does it hear every modality, does it leak?

The measures are those of longbox.evaluation; here they meet the model that a library uses. They run
on a bounded number of books, chosen by seed, and say so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.encoders import sentence_encoder
from longbox.errors import LibraryError, ModelError
from longbox.evaluation import (
    DeadInput,
    JointPlot,
    LeakResult,
    PairHealth,
    dead_inputs,
    joint_plot,
    leak_probe,
    pair_health,
    pair_vectors,
)
from longbox.features import MODALITIES, BookFeatures, View
from longbox.learning.trained_scorers import SequenceScorer
from longbox.library import Library
from longbox.pipeline import book_features
from longbox.pipeline.panel_model import SequencePanelModel
from longbox.tasks import Difficulty, Sample, Task, closure_samples, order_samples

_MOST_BOOKS = 30
_A_TASK = 150
_EVERYTHING = View(frozenset(MODALITIES))


@dataclass(frozen=True, slots=True, eq=False)
class ModelProbes:
    """What the probes found; what could not be asked of these books is None or empty.

    Attributes:
        notes: What was sampled, and what could not be asked.
    """

    pair: PairHealth | None
    plot: JointPlot | None
    leaks: tuple[LeakResult, ...]
    dead: tuple[DeadInput, ...]
    notes: tuple[str, ...]


def probe_model(library: Library, model: SequencePanelModel, seed: int = 0) -> ModelProbes:
    """Probe the model that a library uses on the library's own books.

    Raises:
        ModelError: The model was trained with other encoders than the library's, or is damaged.
    """
    books, notes = _books(library, seed)
    if not books:
        return ModelProbes(None, None, (), (), ("no book has a panel that is known", *notes))

    def embed(book: BookFeatures) -> NDArray[np.float32]:
        return model.fusion.encode(book, _EVERYTHING).vectors

    pictures, texts, both = pair_vectors(embed, books)
    labels = [f"{b.series}, page {page + 1}" for b in books for page in b.pages]
    fullest = max(books, key=lambda b: (int(b.text.mask.sum()), b.n_panels))
    scorer = SequenceScorer(model.sequence, model.fusion)
    return ModelProbes(
        pair_health(pictures, texts, both, name="fused", seed=seed),
        joint_plot(pictures, texts, both, labels, seed=seed),
        leak_probe(scorer, samples, books, seed=seed) if (samples := _samples(books, seed)) else (),
        dead_inputs(embed, fullest, seed),
        notes,
    )


def _books(library: Library, seed: int) -> tuple[list[BookFeatures], tuple[str, ...]]:
    every = library.book_ids()
    rng = np.random.default_rng(seed)
    chosen = [every[i] for i in rng.permutation(len(every))[:_MOST_BOOKS]]
    sentences = sentence_encoder()
    books, unread = [], 0
    for book_id in chosen:
        try:
            book = book_features(library, book_id, sentences)
        except (LibraryError, ModelError):
            unread += 1
            continue
        if book.vision.mask.any() or book.text.mask.any():
            books.append(book)
    notes = [f"model probes: {len(books)} of {len(every)} books, seed {seed}"]
    if unread:
        notes.append(f"model probes: {unread} books could not be read; see `longbox status`")
    return books, tuple(notes)


def _samples(books: list[BookFeatures], seed: int) -> list[Sample]:
    rng = np.random.default_rng(seed)
    asked: list[Sample] = []
    for task in Task:
        if task is not Task.READING_ORDER:
            for difficulty in Difficulty:
                asked += closure_samples(books, task, difficulty, _A_TASK, rng)
    return [*asked, *order_samples(books, _A_TASK, rng)]
