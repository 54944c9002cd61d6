"""Stage 4's training: samples of every task, one task a batch, drawn by the tasks' weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from longbox.errors import ModelError
from longbox.fusion import FusionEncoder
from longbox.learning.data import TrainingData
from longbox.learning.history import NamedValue
from longbox.learning.placing import device_of, moved
from longbox.learning.progress import Validation
from longbox.learning.sequence_objective import (
    book_objective,
    choice_scores,
    order_scores,
    sequence_objective,
)
from longbox.learning.snapshots import snapshot
from longbox.learning.strips import (
    BookBatch,
    OrderBatch,
    StripBatch,
    book_batches,
    bucketed,
    order_batch,
    stretches_of,
    strip_batch,
)
from longbox.learning.tables import FusedTables
from longbox.objective import Objective, Spread, alone
from longbox.sequence import Stage4SequenceModel, TaskWeights, save_sequence, windows_of
from longbox.tasks import (
    BOTH,
    Choice,
    Corpus,
    Difficulty,
    Sample,
    Shown,
    Shuffled,
    Task,
    closure_samples,
    order_samples,
    training_samples,
)

_VALIDATION_SAMPLES = 300
_BOOK_EVERY = 12


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """How many sequences an epoch and a batch have, and where wrong candidates come from.

    Attributes:
        share_hard: Samples whose wrong candidates are of the same book.
        n_candidates: Of a sample; None asks as evaluation does, with fewer.
        is_fixed: Every epoch repeats the first one's samples instead of drawing new ones.
        seed: Of samples and batches.
    """

    sequences: int
    batch_size: int = 32
    share_hard: float = 0.7
    n_candidates: tuple[int, int] | None = (8, 16)
    is_fixed: bool = False
    seed: int = 0


def draw_samples(
    corpus: Corpus, counts: SampleCounts, weights: TaskWeights, rng: np.random.Generator
) -> dict[Task, list[Sample]]:
    """Draw an epoch: of every task by its weight, hard and easy; tasks without data are left out.

    What a task cannot give (no captions, no balloons to exchange) the others make up for.
    """
    shares = {task: float(getattr(weights, task.value)) for task in Task}
    found: dict[Task, list[Sample]] = {}
    left = counts.sequences
    tasks = sorted(Task, key=lambda t: t in (Task.PANEL_PICKING, Task.TEXT_CLOZE))
    for index, task in enumerate(tasks):
        rest = sum(shares[t] for t in tasks[index:])
        if rest <= 0 or shares[task] <= 0:
            continue
        n = round(left * shares[task] / rest)
        drawn = _drawn(corpus, task, n, counts, rng)
        if drawn:
            found[task] = drawn
            left -= len(drawn)
    if not found:
        raise ModelError("no closure task can be asked of these books; index longer stories")
    return found


def _drawn(
    corpus: Corpus, task: Task, n: int, counts: SampleCounts, rng: np.random.Generator
) -> list[Sample]:
    if task is Task.READING_ORDER:
        return list(order_samples(corpus, n, rng))
    n_hard = n if task is Task.CHARACTER_COHERENCE else round(n * counts.share_hard)
    parts = ((Difficulty.HARD, n_hard), (Difficulty.EASY, n - n_hard))
    if counts.n_candidates is None:
        return [s for d, m in parts for s in closure_samples(corpus, task, d, m, rng)]
    many = counts.n_candidates
    return [s for d, m in parts for s in training_samples(corpus, task, d, m, rng, many)]


class SequenceTrainee:
    """Trains a Stage4SequenceModel; see longbox.learning.loop."""

    name = "sequence"

    def __init__(
        self,
        data: TrainingData,
        fusion: FusionEncoder,
        model: Stage4SequenceModel,
        weights: TaskWeights,
        counts: SampleCounts,
    ) -> None:
        self.model, self._weights = model, weights
        self.modules: nn.Module = model
        self._tables = FusedTables(data.train, fusion)
        self._tune_tables = FusedTables(data.tune, fusion)
        self._data, self._counts = data, counts
        self._stretches = stretches_of(data.train)
        seed = counts.seed
        self._epoch: tuple[int, dict[Task, list[Sample]]] | None = None
        rng = np.random.default_rng((seed, 10_000))
        asked = SampleCounts(_VALIDATION_SAMPLES * len(Task), share_hard=1.0, n_candidates=None)
        self._tune = draw_samples(data.tune, asked, weights, rng)

    def n_batches(self, epoch: int) -> int:
        """Return how many batches an epoch has."""
        n = sum(-(-len(s) // self._counts.batch_size) for s in self._samples(epoch).values())
        return n + (-(-n // _BOOK_EVERY) if self._stretches else 0)

    def batches(self, epoch: int) -> Iterator[StripBatch | OrderBatch | BookBatch]:
        """Yield one-task batches in random order, and now and then one of whole books."""
        rng = np.random.default_rng((self._counts.seed, epoch, 1))
        plan = [
            chosen
            for samples in self._samples(epoch).values()
            for chosen in bucketed(samples, self._counts.batch_size, rng)
        ]
        books = book_batches(self._tables, self._stretches, self._counts.batch_size, rng)
        for number, index in enumerate(rng.permutation(len(plan)), 1):
            yield batch_of(self._tables, plan[index])
            if self._stretches and (number % _BOOK_EVERY == 0 or number == len(plan)):
                yield next(books)

    def objective(
        self,
        batch: StripBatch | OrderBatch | BookBatch,
        generator: torch.Generator,
        spread: Spread = alone,
    ) -> Objective:
        """Compute the losses of a batch."""
        if isinstance(batch, BookBatch):
            return book_objective(self.model, batch, self._weights, generator, spread)
        return sequence_objective(self.model, batch, self._weights, spread)

    def validate(self) -> Validation:
        """Score every task on the books held out, hard candidates: mean gain over chance."""
        parts = []
        for task, samples in self._tune.items():
            accuracy, chance = accuracy_of(self.model, self._tune_tables, samples)
            parts.append(NamedValue(task.value, accuracy, chance))
        gains = [((p.value or 0) - (p.chance or 0)) * getattr(self._weights, p.name) for p in parts]
        health = snapshot("contextual", self._data.tune, self._contextual())
        return Validation(float(np.sum(gains)), tuple(parts), health)

    def _contextual(self) -> list[NDArray[np.float32]]:
        """Read the validation books as `longbox embed` does, as far as one window reaches."""
        found, device = [], device_of(self.model)
        for index, book in enumerate(self._data.tune):
            shown = [Shown(index, row, BOTH) for row in range(book.n_panels)]
            rows, mask = self._tune_tables.vectors(shown)
            plan = windows_of(len(rows))
            places = plan.starts[:, None] + np.arange(plan.length)
            read = self.model.contextualize(
                torch.from_numpy(rows[places]).to(device), torch.from_numpy(mask[places]).to(device)
            )
            found.append(read.cpu().numpy()[plan.window, plan.offset])
        return found

    def save(self, folder: Path, validation: Validation) -> None:
        """Write the model."""
        scores = {p.name: {"value": p.value, "chance": p.chance} for p in validation.parts}
        save_sequence(folder, self.model, self._data.about, self._counts.seed, scores)

    def _samples(self, epoch: int) -> dict[Task, list[Sample]]:
        epoch = 0 if self._counts.is_fixed else epoch
        if self._epoch is None or self._epoch[0] != epoch:
            rng = np.random.default_rng((self._counts.seed, epoch, 0))
            drawn = draw_samples(self._data.train, self._counts, self._weights, rng)
            self._epoch = (epoch, drawn)
        return self._epoch[1]


def batch_of(tables: FusedTables, samples: Sequence[Sample]) -> StripBatch | OrderBatch:
    """Lay samples of one task side by side."""
    orders = [s for s in samples if isinstance(s, Shuffled)]
    if orders:
        return order_batch(tables, orders)
    return strip_batch(tables, [s for s in samples if isinstance(s, Choice)])


def accuracy_of(
    model: Stage4SequenceModel, tables: FusedTables, samples: Sequence[Sample]
) -> tuple[float, float]:
    """Return accuracy and chance of samples of one task; of pairs, for reading order."""
    right: list[torch.Tensor] = []
    device = device_of(model)
    ordered = iter(samples)
    while chosen := list(islice(ordered, 64)):
        batch = moved(batch_of(tables, chosen), device)
        if isinstance(batch, OrderBatch):
            scores = order_scores(model, batch)
            pairs = batch.mask[:, :, None] & batch.mask[:, None, :]
            pairs = pairs & (batch.places[:, :, None] < batch.places[:, None, :])
            right.append((scores[pairs] > 0).float().cpu())
        else:
            chosen_ones = choice_scores(model, batch).argmax(dim=1)
            right.append((chosen_ones == batch.answers).float().cpu())
    chances = [s.chance if isinstance(s, Choice) else 0.5 for s in samples]
    return float(torch.cat(right).mean()), float(np.mean(chances))
