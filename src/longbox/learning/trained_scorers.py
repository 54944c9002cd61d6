"""What stages 3 and 4 answer to closure samples.

Stage 3 has learnt nothing of tasks: its answer is the cosine of fused vectors, the context's mean
weighed by distance to the gap. Stage 4 answers by its heads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from longbox import closure_lite
from longbox.fusion import FusionEncoder, open_fusion
from longbox.learning.tables import FusedTables
from longbox.sequence import load_sequence
from longbox.tasks import Choice, Corpus, Sample, Scorer, Shuffled
from longbox.vectors import unit

if TYPE_CHECKING:
    from longbox.sequence import Stage4SequenceModel

_NEARNESS = 0.3
_AT_ONCE = 64
S = TypeVar("S", Choice, Shuffled)
_SHIPPED_FIRST_VERSION = Path(closure_lite.__file__).parent / "weights"


class FusedCosine:
    """Stage 3: nearest to the panels around, nearer panels counting more; order is not known."""

    name = "stage 3 (fused cosine)"

    def __init__(self, encoder: FusionEncoder) -> None:
        self._encoder = encoder
        self._tables: FusedTables | None = None

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[NDArray[np.float32]]:
        """Score candidates by their cosine with the context."""
        tables = self._tables = _tables_of(self._tables, corpus, self._encoder)
        return [_cosines(tables, sample) for sample in samples]

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[NDArray[np.float32]]:  # noqa: ARG002
        """Say nothing of order: a cosine is the same both ways."""
        return [np.full((len(s.panels), len(s.panels)), 0.5, np.float32) for s in samples]


class SequenceScorer:
    """Stage 4: the transformer and its heads."""

    def __init__(
        self, model: Stage4SequenceModel, encoder: FusionEncoder, name: str = "stage 4"
    ) -> None:
        self.name = name
        self._model, self._encoder = model.eval(), encoder
        self._tables: FusedTables | None = None

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[NDArray[np.float32]]:
        """Score candidates by the head of each sample's task."""
        import torch

        from longbox.learning.sequence_objective import choice_scores
        from longbox.learning.strips import strip_batch

        tables = self._tables = _tables_of(self._tables, corpus, self._encoder)

        def scored(some: Sequence[Choice]) -> list[NDArray[np.float32]]:
            with torch.inference_mode():
                found = choice_scores(self._model, strip_batch(tables, some)).float().numpy()
            return [row[: len(s.candidates)] for row, s in zip(found, some, strict=True)]

        return _by_task(samples, scored)

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[NDArray[np.float32]]:
        """Score pairs by the reading order head."""
        import torch

        from longbox.learning.sequence_objective import order_scores
        from longbox.learning.strips import order_batch

        tables = self._tables = _tables_of(self._tables, corpus, self._encoder)

        def scored(some: Sequence[Shuffled]) -> list[NDArray[np.float32]]:
            with torch.inference_mode():
                found = order_scores(self._model, order_batch(tables, some)).sigmoid().numpy()
            sizes = [len(s.panels) for s in some]
            return [pairs[:n, :n] for pairs, n in zip(found, sizes, strict=True)]

        return _by_task(samples, scored)


def scorers(folder: Path | None = None) -> tuple[Scorer, ...]:
    """Open the trained scorers of a models folder, or the shipped ones.

    Args:
        folder: Holds `fusion`, `sequence` and perhaps `closure-lite`, as `longbox train` writes
            them; None for the shipped models.

    Raises:
        ModelError: A model is missing or damaged.
    """
    from longbox.closure_lite import load as load_closure_lite
    from longbox.evaluation import ClosureLiteScorer

    fusion = open_fusion(folder / "fusion") if folder else open_fusion()
    model, _ = load_sequence(folder / "sequence") if folder else load_sequence()
    found: list[Scorer] = [FusedCosine(fusion), SequenceScorer(model, fusion)]
    first = folder / "closure-lite" if folder else _SHIPPED_FIRST_VERSION
    if folder is None or first.is_dir():
        found.insert(0, ClosureLiteScorer(load_closure_lite(first)[0]))
    return tuple(found)


def _tables_of(tables: FusedTables | None, corpus: Corpus, encoder: FusionEncoder) -> FusedTables:
    """Keep the tables of the corpus that was last asked about."""
    if tables is not None and tables.corpus is corpus:
        return tables
    return FusedTables(corpus, encoder)


def _cosines(tables: FusedTables, sample: Choice) -> NDArray[np.float32]:
    around, known = tables.vectors(sample.context)
    offered, _ = tables.vectors(sample.candidates)
    distance = np.abs(np.arange(len(around)) - sample.gap + 0.5)
    weights = np.exp(-_NEARNESS * distance) * known
    scores: NDArray[np.float32] = offered @ unit(weights @ around)
    return scores.astype(np.float32)


def _by_task(
    samples: Sequence[S], score: Callable[[Sequence[S]], list[NDArray[np.float32]]]
) -> list[NDArray[np.float32]]:
    """Answer in batches of one task and like length, and give the answers in the order asked."""
    order = sorted(range(len(samples)), key=lambda i: (samples[i].task, _length(samples[i])))
    answers: dict[int, NDArray[np.float32]] = {}
    start = 0
    while start < len(order):
        task = samples[order[start]].task
        end = start
        while end < len(order) and end - start < _AT_ONCE and samples[order[end]].task is task:
            end += 1
        chosen = order[start:end]
        answers |= dict(zip(chosen, score([samples[i] for i in chosen]), strict=True))
        start = end
    return [answers[i] for i in range(len(samples))]


def _length(sample: Sample) -> int:
    return len(sample.panels) if isinstance(sample, Shuffled) else len(sample.context)
