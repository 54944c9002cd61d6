"""What a query scores against panels taken at random: the measure of how much a score says.

A cosine of 0.3 is much between a sentence and a panel and little between two pictures, and a
picture encoder's text tower lies far from its pictures altogether. Against the same query random
panels say what is usual there. The sample is the same few hundred vectors for every query of one
generation, drawn with a fixed seed.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.library.segments import Segment
from longbox.library.stored_vectors import restored
from longbox.library.vector_index import VectorIndex
from longbox.vectors import Metric, QueryVector, Space, metric_of, require_same_space

SAMPLE_VECTORS: Final = 400
_SEED: Final = 20_261_122
# The median distance from the median of a normal distribution, as a share of its deviation.
_NORMAL_MAD: Final = 0.6745


@dataclass(frozen=True, slots=True)
class ChanceScores:
    """How random panels score against one query.

    Attributes:
        typical: The median.
        spread: Standard deviation, estimated from the median distance to the median so that the
            few panels that do match count nothing.
        n_vectors: Panels that the space has vectors of.
    """

    typical: float
    spread: float
    n_vectors: int


@dataclass(frozen=True, slots=True, eq=False)
class VectorSample:
    """Vectors of panels taken at random, float32 (S, D), of a space with n vectors."""

    space: Space
    fingerprint: str
    vectors: NDArray[np.float32]
    n_vectors: int

    def scores(self, query: QueryVector) -> ChanceScores | None:
        """Return how these panels score against a query; None where there are none.

        Raises:
            SpaceMismatchError: The query is of another space or encoder.
        """
        require_same_space(query.space, query.fingerprint, self.space, self.fingerprint)
        if not len(self.vectors):
            return None
        if metric_of(self.space) is Metric.EUCLIDEAN:
            scores = 1 / (1 + np.linalg.norm(self.vectors - query.vector, axis=1))
        else:
            scores = self.vectors @ query.vector
        typical = float(np.median(scores))
        spread = float(np.median(np.abs(scores - typical))) / _NORMAL_MAD
        return ChanceScores(typical, spread, self.n_vectors)


def take_sample(
    connection: sqlite3.Connection, index: VectorIndex, space: Space, fingerprint: str
) -> VectorSample:
    """Draw vectors of a space from all its segments; all of them where there are few."""

    def draw(segments: list[Segment]) -> VectorSample:
        sizes = [segment.info.n_vectors for segment in segments]
        total = sum(sizes)
        chosen = np.arange(total)
        if total > SAMPLE_VECTORS:
            drawn = np.random.default_rng(_SEED).choice(total, SAMPLE_VECTORS, replace=False)
            chosen = np.sort(drawn)
        parts: list[NDArray[np.float32]] = []
        first = 0
        for segment, size in zip(segments, sizes, strict=True):
            own = chosen[(chosen >= first) & (chosen < first + size)] - first
            if own.size:
                half, is_there = segment.halves(own)
                parts.append(restored(space, half[is_there]))
            first += size
        vectors = np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)
        return VectorSample(space, fingerprint, vectors, total)

    return index.with_segments(connection, space, fingerprint, draw)
