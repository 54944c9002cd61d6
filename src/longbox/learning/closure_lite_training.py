"""The first version's training: whole pages of several books a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from longbox.closure_lite import (
    Batch,
    ClosureLiteSimple,
    PagePlace,
    Provenance,
    batch_of,
    page_batches,
    pages_of,
    save,
)
from longbox.errors import ModelError
from longbox.features import BookFeatures
from longbox.learning.data import TrainingData
from longbox.learning.placing import device_of, moved
from longbox.learning.progress import Means, Validation
from longbox.objective import Objective, Spread, alone


class ClosureLiteTrainee:
    """Trains a ClosureLiteSimple; see longbox.learning.loop."""

    name = "closure-lite"

    def __init__(
        self, data: TrainingData, model: ClosureLiteSimple, batch_pages: int, seed: int
    ) -> None:
        self.model = model
        self.modules: nn.Module = model
        self._data, self._size, self._seed = data, batch_pages, seed
        self._n = -(-len(pages_of(data.train)) // batch_pages)
        self._tune = list(page_batches(data.tune, batch_pages, seed))
        if not self._n or not self._tune:
            raise ModelError("no story pages to learn from or to validate on; index longer comics")

    def n_batches(self, epoch: int) -> int:  # noqa: ARG002
        """Return how many batches an epoch has."""
        return self._n

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield every page once."""
        for places in page_batches(self._data.train, self._size, self._seed + epoch):
            yield self._batch(self._data.train, places)

    def objective(
        self, batch: Batch, generator: torch.Generator, spread: Spread = alone
    ) -> Objective:
        """Compute L_mpm, L_pop, L_rpp and L_clip."""
        return self.model.objective(batch, generator, spread)

    def validate(self) -> Validation:
        """Score books that are not learnt from: minus the weighted losses."""
        generator = torch.Generator().manual_seed(self._seed)
        means = Means()
        totals = []
        for places in self._tune:
            found = self.objective(self._batch(self._data.tune, places), generator)
            totals.append(float(found.total))
            means.add(found.parts)
        parts = tuple(replace(v, name=f"{v.name} loss") for v in means.take())
        return Validation(-float(np.mean(totals)), parts)

    def save(self, folder: Path, validation: Validation) -> None:
        """Write the model."""
        scores = {p.name: float(p.value) for p in validation.parts if p.value is not None}
        said = ", ".join(f"{k}: {v}" for k, v in self._data.about.items())
        save(self.model, folder, Provenance(said, self._seed, scores))

    def _batch(self, books: Sequence[BookFeatures], places: tuple[PagePlace, ...]) -> Batch:
        return moved(batch_of(books, places, self.model.config), device_of(self.model))
