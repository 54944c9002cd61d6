"""How many lists of a segment must be probed: found by trying, while the segment is made.

How near the lists' centres lie to what they hold differs between spaces: on seven million panels
of a drawn library 217 of 4,096 lists hold .97 of the ten nearest in the picture space, and in the
text space it takes 470 (benchmarks/large_library.py). So some queries are made from the vectors
themselves, their exact nearest are noted as the vectors pass by on their way into the index, and
then it is counted how many lists hold which share of these.

A query is a vector moved by half the difference of two others that lie near it on the shelf: as
like it as a panel of the same book, and not in the library.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.library.ivf import list_of_each, order_of_lists
from longbox.vectors import Metric, Space, metric_of

N_QUERIES: Final = 200
N_NEAREST: Final = 10
SHARES: Final = (0.9, 0.95, 0.96, 0.97, 0.98, 0.99)
_SHIFT: Final = 0.5
_LEAST_PROBES: Final = 16

Matrix = NDArray[np.float32]


class Trials:
    """Queries and their exact nearest among the vectors seen so far."""

    def __init__(self, space: Space, sample: Matrix) -> None:
        """Make the queries.

        Args:
            space: Whose vectors.
            sample: Some of them in the order of their rows, float32 (n, D).
        """
        n = min(N_QUERIES, len(sample))
        at = np.linspace(0, len(sample) - 1, n).astype(np.int64)
        near, nearer = (sample[(at + step) % len(sample)] for step in (1, 2))
        queries = sample[at] + _SHIFT * (near - nearer)
        self._is_euclidean = metric_of(space) is Metric.EUCLIDEAN
        if not self._is_euclidean:
            queries /= np.maximum(np.linalg.norm(queries, axis=1, keepdims=True), 1e-12)
        self.queries: Matrix = np.ascontiguousarray(queries, dtype=np.float32)
        self._scores = np.full((n, N_NEAREST), -np.inf, dtype=np.float32)
        self._positions = np.full((n, N_NEAREST), -1, dtype=np.int64)
        self._n_seen = 0

    def see(self, vectors: Matrix) -> None:
        """Compare with the segment's next vectors, float32 (n, D)."""
        near = self.queries @ vectors.T
        if self._is_euclidean:
            near = 2 * near - np.einsum("nd,nd->n", vectors, vectors)
        first = min(N_NEAREST, len(vectors))
        best = np.argpartition(-near, first - 1, axis=1)[:, :first]
        scores = np.concatenate([self._scores, np.take_along_axis(near, best, axis=1)], axis=1)
        positions = np.concatenate([self._positions, best + self._n_seen], axis=1)
        kept = np.argpartition(-scores, N_NEAREST - 1, axis=1)[:, :N_NEAREST]
        self._scores = np.take_along_axis(scores, kept, axis=1)
        self._positions = np.take_along_axis(positions, kept, axis=1)
        self._n_seen += len(vectors)

    def nearest(self) -> NDArray[np.int64]:
        """Return the positions of each query's nearest, int64 (Q, 10), in no order; -1 for none."""
        return self._positions

    def probes(self, index: Any) -> dict[str, int]:
        """Return how many lists of an index hold each of `SHARES` of what is near.

        Args:
            index: A faiss IVF index of all vectors that were seen, behind a rotation or not.
        """
        order = order_of_lists(index, self.queries)
        n_lists = order.shape[1]
        rank_of = np.empty_like(order)
        np.put_along_axis(rank_of, order, np.arange(n_lists)[None], axis=1)
        is_found = self._positions >= 0
        holder = list_of_each(index)[np.maximum(self._positions, 0)]
        ranks = np.sort(np.take_along_axis(rank_of, holder, axis=1)[is_found])
        if not ranks.size:
            return {}
        last = np.minimum(np.ceil(np.multiply(SHARES, ranks.size)), ranks.size).astype(int) - 1
        least = min(_LEAST_PROBES, n_lists)
        wanted = np.maximum(ranks[last] + 1, least).tolist()
        return dict(zip(map(str, SHARES), wanted, strict=True))
