"""Samples become tensors: one batch is one task, its strips padded to the longest of the batch.

A strip has a place for the missing panel, the gap; what stands there is never the answer. Lengths
are alike within a batch (`bucketed`), so little of it is padding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from longbox.features import BookFeatures
from longbox.learning.tables import FusedTables
from longbox.tasks import BOTH, Choice, Corpus, Sample, Shown, Shuffled, Task

_STRETCH = 12
_LONGEST_PAGE = 12


@dataclass(frozen=True, slots=True, eq=False)
class StripBatch:
    """B samples of one task.

    Attributes:
        panels: Fused vectors with a gap among them, float32 (B, L, D).
        mask: True where a panel is known, bool (B, L).
        gap: The missing panel's place, bool (B, L).
        candidates: float32 (B, K, D).
        offered: True where there is a candidate, bool (B, K).
        answers: int64 (B,).
        cues: The missing panel's picture in text-cloze, float32 (B, D), else zeros.
        sources: Book of each sample, int64 (B,).
        spans: First and last row that a sample shows of its book, int64 (B, 2).
    """

    task: Task
    panels: Tensor
    mask: Tensor
    gap: Tensor
    candidates: Tensor
    offered: Tensor
    answers: Tensor
    cues: Tensor
    sources: Tensor
    spans: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class OrderBatch:
    """B sets of panels in no order.

    Attributes:
        panels: float32 (B, N, D).
        mask: bool (B, N).
        places: Place in reading order, int64 (B, N).
    """

    panels: Tensor
    mask: Tensor
    places: Tensor

    @property
    def task(self) -> Task:
        """Always READING_ORDER."""
        return Task.READING_ORDER


def strip_batch(tables: FusedTables, samples: Sequence[Choice]) -> StripBatch:
    """Lay samples of one task side by side."""
    n = len(samples)
    longest = max(len(s.context) for s in samples) + 1
    most = max(len(s.candidates) for s in samples)
    panels = np.zeros((n, longest, tables.dimension), np.float32)
    mask = np.zeros((n, longest), np.bool_)
    gap = np.zeros((n, longest), np.bool_)
    candidates = np.zeros((n, most, tables.dimension), np.float32)
    offered = np.zeros((n, most), np.bool_)
    cues = np.zeros((n, tables.dimension), np.float32)
    spans = np.zeros((n, 2), np.int64)
    around, is_known = tables.vectors([p for s in samples for p in s.context])
    choices, _ = tables.vectors([c for s in samples for c in s.candidates])
    at = chosen = 0
    for i, sample in enumerate(samples):
        length, k = len(sample.context), len(sample.candidates)
        places = np.r_[np.arange(sample.gap), np.arange(sample.gap + 1, length + 1)]
        panels[i, places] = around[at : at + length]
        mask[i, places] = is_known[at : at + length]
        gap[i, sample.gap] = True
        candidates[i, :k] = choices[chosen : chosen + k]
        offered[i, :k] = True
        rows = [p.row for p in sample.context] + [sample.candidates[sample.answer].row]
        spans[i] = min(rows), max(rows)
        at, chosen = at + length, chosen + k
    if samples[0].cue is not None:
        cues[:] = tables.vectors([s.cue for s in samples if s.cue is not None])[0]
    arrays = (panels, mask, gap, candidates, offered, np.array([s.answer for s in samples]), cues)
    sources = np.array([s.context[0].book for s in samples])
    return StripBatch(samples[0].task, *(torch.from_numpy(a) for a in (*arrays, sources, spans)))


def order_batch(tables: FusedTables, samples: Sequence[Shuffled]) -> OrderBatch:
    """Lay shuffled panels side by side."""
    longest = max(len(s.panels) for s in samples)
    panels = np.zeros((len(samples), longest, tables.dimension), np.float32)
    mask = np.zeros((len(samples), longest), np.bool_)
    places = np.zeros((len(samples), longest), np.int64)
    rows, known = tables.vectors([p for s in samples for p in s.panels])
    at = 0
    for i, sample in enumerate(samples):
        n = len(sample.panels)
        panels[i, :n], mask[i, :n] = rows[at : at + n], known[at : at + n]
        places[i, :n] = sample.places
        at += n
    return OrderBatch(*(torch.from_numpy(a) for a in (panels, mask, places)))


def bucketed(
    samples: Sequence[Sample], size: int, rng: np.random.Generator
) -> Iterator[list[Sample]]:
    """Yield batches of like length, in an order that says nothing of length; every sample once."""
    lengths = np.array([_length(s) for s in samples]) + rng.uniform(-0.5, 0.5, len(samples))
    order = np.argsort(lengths, kind="stable")
    starts = np.arange(0, len(samples), size)
    for start in rng.permutation(starts):
        yield [samples[i] for i in order[start : start + size]]


def _length(sample: Sample) -> int:
    return len(sample.panels) if isinstance(sample, Shuffled) else len(sample.context)


@dataclass(frozen=True, slots=True, eq=False)
class BookBatch:
    """B stretches of books, page by page.

    Attributes:
        panels: Fused vectors of pages (B, P, L, D).
        mask: bool (B, P, L).
    """

    panels: Tensor
    mask: Tensor


Stretch = tuple[int, list[NDArray[np.int64]]]


def stretches_of(corpus: Corpus) -> list[Stretch]:
    """Return the stretches of a corpus: index of the book, and the rows of each page."""
    return [(index, pages) for index, book in enumerate(corpus) for pages in _stretches(book)]


def book_batches(
    tables: FusedTables, stretches: Sequence[Stretch], size: int, rng: np.random.Generator
) -> Iterator[BookBatch]:
    """Yield stretches of books for ever, a quarter as many as a batch has samples."""
    while True:
        chosen = [stretches[i] for i in rng.integers(0, len(stretches), max(2, size // 4))]
        yield _book_batch(tables, chosen)


def _stretches(book: BookFeatures) -> Iterator[list[NDArray[np.int64]]]:
    """Cut a book into stretches of pages, each page the rows of its story panels."""
    pages = [
        np.flatnonzero((book.pages == page) & book.is_story)[:_LONGEST_PAGE]
        for page in np.unique(book.pages)
    ]
    told = [rows for rows in pages if len(rows)]
    for start in range(0, len(told), _STRETCH):
        if len(told[start : start + _STRETCH]) >= 3:
            yield told[start : start + _STRETCH]


def _book_batch(tables: FusedTables, chosen: Sequence[Stretch]) -> BookBatch:
    n_pages = max(len(pages) for _, pages in chosen)
    longest = max(len(rows) for _, pages in chosen for rows in pages)
    panels = np.zeros((len(chosen), n_pages, longest, tables.dimension), np.float32)
    mask = np.zeros((len(chosen), n_pages, longest), np.bool_)
    for i, (book, pages) in enumerate(chosen):
        for p, rows in enumerate(pages):
            shown = [Shown(book, int(row), BOTH) for row in rows]
            panels[i, p, : len(rows)], mask[i, p, : len(rows)] = tables.vectors(shown)
    return BookBatch(torch.from_numpy(panels), torch.from_numpy(mask))
