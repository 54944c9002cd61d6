"""Stage 3's training: runs of neighbouring panels from several books a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from longbox.errors import ModelError
from longbox.features import MODALITIES, BookFeatures, View, Wording
from longbox.fusion import (
    FusionBatch,
    FusionConfig,
    FusionWeights,
    NeighbourPredictor,
    PanelFusion,
    Tokens,
    TokenTensors,
    fusion_objective,
    joined,
    save_fusion,
    tokens_of,
)
from longbox.learning.data import TrainingData
from longbox.learning.history import NamedValue
from longbox.learning.placing import device_of, moved
from longbox.learning.progress import Means, Validation
from longbox.learning.snapshots import snapshot
from longbox.objective import Objective, Spread, alone
from longbox.vectors import PanelVectors, Space

RUN = 8
_PIECEWISE = 0.3  # of the runs, so that utterances one by one are learnt too
_EVERYTHING = frozenset(MODALITIES)
_MOST_TO_BEGIN_FROM = 20_000
_MOST_TO_VALIDATE = 600
_SAME_COSINE = 0.97


def fusion_config(books: Sequence[BookFeatures], **sizes: int) -> FusionConfig:
    """Return a config for the encoders that a corpus was made by.

    Raises:
        ModelError: The books were made by different encoders, or lack a modality altogether.
    """
    found: dict[Space, PanelVectors] = {}
    for book in books:
        for space in MODALITIES:
            vectors = book.of(space)
            if not vectors.mask.any():
                continue
            known = found.setdefault(space, vectors)
            if known.fingerprint != vectors.fingerprint:
                raise ModelError(
                    f"{book.book_id}: its {space} vectors are of {vectors.fingerprint}, other "
                    f"books' of {known.fingerprint}; index all books with the same encoders"
                )
    for space in (Space.VISION, Space.TEXT, Space.COMPOSITION):
        if space not in found:
            raise ModelError(f"no panel has {space} vectors; index the shelf first")
    return FusionConfig(
        found[Space.VISION].fingerprint,
        found[Space.TEXT].fingerprint,
        found[Space.COMPOSITION].fingerprint,
        found[Space.VISION].dimension,
        found[Space.TEXT].dimension,
        found[Space.COMPOSITION].dimension,
        **sizes,
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring panels of one book."""

    book: int
    rows: NDArray[np.int64]


class FusionTrainee:
    """Trains a PanelFusion; see longbox.learning.loop."""

    name = "fusion"

    def __init__(
        self,
        data: TrainingData,
        model: PanelFusion,
        weights: FusionWeights,
        batch_size: int,
        seed: int,
    ) -> None:
        self.model, self._weights = model, weights
        self._predictor = NeighbourPredictor(model.config.d_model)
        self.modules = nn.ModuleList([model, self._predictor])
        self._books, self._tune = data.train, data.tune
        self._runs = _runs(data.train)
        self._tune_runs = _shuffled(_runs(data.tune), seed)
        self._a_batch = max(2, batch_size // RUN)
        self._seed, self._data = seed, data.about
        for runs, what in ((self._runs, "learn from"), (self._tune_runs, "validate on")):
            if sum(len(run.rows) for run in runs) < 2:
                raise ModelError(f"fewer than two story panels to {what}; index more story pages")

    def n_batches(self, epoch: int) -> int:  # noqa: ARG002
        """Return how many batches an epoch has."""
        return max(1, len(self._runs) // self._a_batch)

    def batches(self, epoch: int) -> Iterator[FusionBatch]:
        """Yield batches of runs from different books where there are enough."""
        rng = np.random.default_rng((self._seed, epoch))
        order = rng.permutation(len(self._runs))
        for index in range(self.n_batches(epoch)):
            chosen = order[index * self._a_batch : (index + 1) * self._a_batch]
            yield self._batch(self._books, [self._runs[i] for i in chosen], rng)

    def objective(
        self, batch: FusionBatch, generator: torch.Generator, spread: Spread = alone
    ) -> Objective:
        """Compute the losses of a batch."""
        return fusion_objective(
            self.model, self._predictor, batch, self._weights, generator, spread
        )

    def validate(self) -> Validation:
        """Score books that are not learnt from: minus the weighted losses, whatever helps them.

        Beside it: does a panel fused from its picture alone, or from its words alone, find itself
        among panels fused from all that is known?
        """
        means = Means()
        generator = torch.Generator().manual_seed(self._seed)
        rng = np.random.default_rng(self._seed)
        totals = []
        for start in range(0, len(self._tune_runs), self._a_batch):
            runs = self._tune_runs[start : start + self._a_batch]
            if start and len(runs) < 2:
                continue
            batch = moved(self._batch(self._tune, runs, rng), device_of(self.model))
            found = self.objective(batch, generator)
            totals.append(float(found.total))
            means.add(found.parts)
        parts = [replace(v, name=f"{v.name} loss") for v in means.take()]
        for name, space in (("picture", Space.VISION), ("words", Space.TEXT)):
            asked = _finds_itself(self.model, self._tune, space)
            if asked is not None:
                parts.append(NamedValue(f"{name} finds its panel", *asked))
        health = snapshot("fused", self._tune, [self._fused(book) for book in self._tune])
        return Validation(-float(np.mean(totals)), tuple(parts), health)

    def save(self, folder: Path, validation: Validation) -> None:
        """Write the model."""
        scores = {p.name: {"value": p.value, "chance": p.chance} for p in validation.parts}
        save_fusion(folder, self.model, self._data, self._seed, scores)

    def _fused(self, book: BookFeatures) -> NDArray[np.float32]:
        tokens = tokens_of(book, View(_EVERYTHING), self.model.config)
        read = self.model(TokenTensors.of(tokens, device_of(self.model)))
        found: NDArray[np.float32] = read.cpu().numpy()
        return found

    def _batch(
        self, books: Sequence[BookFeatures], runs: Sequence[_Run], rng: np.random.Generator
    ) -> FusionBatch:
        tokens: list[Tokens] = []
        pages: list[NDArray[np.int64]] = []
        following: list[int] = []
        first = 0
        for number, run in enumerate(runs):
            book = books[run.book]
            is_piecewise = book.utterances is not None and rng.random() < _PIECEWISE
            view = View(_EVERYTHING, Wording.IN_ORDER if is_piecewise else Wording.WHOLE)
            tokens.append(tokens_of(book, view, self.model.config, run.rows))
            own = book.pages[run.rows]
            pages.append(own + number * 1_000_000)
            for i in range(len(run.rows)):
                is_next = i + 1 < len(run.rows) and own[i + 1] == own[i]
                following.append(first + i + 1 if is_next else -1)
            first += len(run.rows)
        return FusionBatch(
            TokenTensors.of(joined(tokens)),
            torch.from_numpy(np.concatenate(pages)),
            torch.tensor(following),
        )


def begin_from_corpus(model: PanelFusion, books: Sequence[BookFeatures], seed: int) -> None:
    """Set a new model to a rotation of its encoders' spaces, fitted on a corpus."""
    rng = np.random.default_rng(seed)

    def some(space: Space) -> NDArray[np.float32]:
        rows = [b.of(space).vectors[b.of(space).mask] for b in books if b.of(space).mask.any()]
        every = np.concatenate(rows)
        return every[rng.permutation(len(every))[:_MOST_TO_BEGIN_FROM]]

    model.begin_from(some(Space.VISION), some(Space.TEXT))


def _runs(books: Sequence[BookFeatures]) -> list[_Run]:
    """Cut books into runs of neighbours; panels of which nothing is known are left out."""
    found = []
    for index, book in enumerate(books):
        known = book.vision.mask | book.text.mask | book.description.mask
        rows = np.flatnonzero(known & book.is_story)
        found += [_Run(index, rows[i : i + RUN]) for i in range(0, len(rows), RUN)]
    return found


def _shuffled(runs: Sequence[_Run], seed: int) -> list[_Run]:
    return [runs[i] for i in np.random.default_rng(seed).permutation(len(runs))]


def _finds_itself(
    model: PanelFusion, books: Sequence[BookFeatures], space: Space
) -> tuple[float, float] | None:
    """Return how often a panel of one modality is nearest to the whole panel's own, and chance.

    Another panel that is the same in this modality (another language's edition) is right as well.
    None where fewer than two panels have the modality.
    """
    device = device_of(model)
    queries, targets, own = [], [], []
    for book in books:
        if not (book.of(space).mask & book.is_story).any():
            continue
        shown = tokens_of(book, View(frozenset({space})), model.config)
        whole = tokens_of(book, View(_EVERYTHING), model.config)
        is_asked = shown.is_known & book.is_story
        queries.append(model(TokenTensors.of(shown, device))[is_asked])
        targets.append(model(TokenTensors.of(whole, device))[is_asked])
        own.append(torch.from_numpy(book.of(space).vectors[is_asked]).to(device))
    if sum(len(q) for q in queries) < 2:
        return None
    asked, offered, alone = (torch.cat(v) for v in (queries, targets, own))
    chosen = torch.linspace(0, len(asked) - 1, min(len(asked), _MOST_TO_VALIDATE)).long()
    found = (asked[chosen] @ offered.T).argmax(dim=1)
    likeness = (alone[chosen] * alone[found]).sum(dim=1)
    return float((likeness > _SAME_COSINE).float().mean()), 1 / len(asked)
