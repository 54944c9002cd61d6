"""A panel model of seeded random projections, for tests of what happens around trained ones."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.features import MODALITIES, BookFeatures, LearnedVectors
from longbox.vectors import PanelVectors, QueryVector, Space, unit

DIMENSION = 16


class RandomModel:
    """Fused is the sum of the projected modalities; contextual adds the neighbours on both sides.

    Two models of one fusion seed give the same fused vectors, whatever their sequence seed.
    """

    def __init__(self, seed: int = 0, sequence_seed: int = 0, expects: str | None = None) -> None:
        self.seed, self.sequence_seed, self.expects = seed, sequence_seed, expects
        self.fused, self.contextual = f"fused-{seed}", f"contextual-{seed}-{sequence_seed}"
        self.n_embedded = 0

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.contextual.encode()).hexdigest()[:16]

    @property
    def dimension(self) -> int:
        return DIMENSION

    def embed(self, features: BookFeatures, n_pages: int) -> LearnedVectors:
        self.n_embedded += 1
        if self.expects is not None and features.vision.fingerprint != self.expects:
            raise ModelError(f"{features.book_id}: made by {features.vision.fingerprint}")
        n = features.n_panels
        known = np.zeros(n, np.bool_)
        fused = np.zeros((n, DIMENSION), np.float32)
        for space in MODALITIES:
            vectors = features.of(space)
            known |= vectors.mask
            fused += vectors.vectors @ self._projection(space, vectors.dimension)
        fused = unit(fused)
        around = np.zeros_like(fused)
        around[1:] += 0.5 * fused[:-1]
        around[:-1] += 0.5 * fused[1:]
        turn = self._rows(f"turn {self.sequence_seed}", DIMENSION)
        contextual = unit((fused + around) @ turn) * known[:, None]
        pages = np.zeros((n_pages, DIMENSION), np.float32)
        np.add.at(pages, features.pages, fused)
        page_mask = np.isin(np.arange(n_pages), features.pages[known])
        return LearnedVectors(
            PanelVectors(Space.FUSED, self.fused, fused, known),
            PanelVectors(Space.CONTEXTUAL, self.contextual, contextual, known),
            unit(pages),
            unit(pages @ turn),
            page_mask,
        )

    def fuse_query(self, query: QueryVector) -> QueryVector:
        projected = query.vector @ self._projection(query.space, query.vector.shape[0])
        return QueryVector(Space.FUSED, self.fused, unit(projected))

    def _projection(self, space: Space, dimension: int) -> NDArray[np.float32]:
        return self._rows(f"{space} {self.seed}", dimension)

    def _rows(self, name: str, dimension: int) -> NDArray[np.float32]:
        seed = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
        drawn = np.random.default_rng(seed).standard_normal((dimension, DIMENSION))
        return drawn.astype(np.float32)
