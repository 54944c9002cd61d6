"""Which concepts belong together: a tree of likenesses, and how far each merge can be relied on.

Average linkage on 1 - likeness, leaves in the order that puts the most alike beside each other
(`scipy.cluster.hierarchy`). The support of a merge is the share of bootstrap draws (books drawn
anew) whose tree has the same group of leaves under one merge (Felsenstein, 1985). A concept that
cannot be compared with another has no place in a tree; the fewest possible are left out, and named.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts.values import Likenesses
from longbox.errors import QueryError


@dataclass(frozen=True, slots=True, eq=False)
class Dendrogram:
    """A tree of C concepts.

    Attributes:
        names: Of the leaves, numbered from 0.
        merges: As SciPy has them: both groups, their distance, leaves below, float64 (C - 1, 4).
        order: Leaves from left to right.
        supports: Of each merge, 0 to 1, float64 (C - 1,).
        left_out: Concepts that cannot be compared with all others.
        n_resampled: Draws that the supports were counted in.
    """

    names: tuple[str, ...]
    merges: NDArray[np.float64]
    order: tuple[int, ...]
    supports: NDArray[np.float64]
    left_out: tuple[str, ...]
    n_resampled: int


def dendrogram(found: Likenesses) -> Dendrogram:
    """Make the tree of a matrix of likenesses.

    Raises:
        QueryError: Fewer than two concepts can be compared with each other.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    kept = _comparable(found.values)
    if len(kept) < 2:
        raise QueryError("no two of these concepts can be compared; choose some of more books")
    distances = _distances(found.values[np.ix_(kept, kept)])
    flat = squareform(distances, checks=False)
    merges = linkage(flat, method="average", optimal_ordering=True)
    groups = _groups(merges)
    seen: Counter[frozenset[int]] = Counter()
    n_resampled = 0
    for draw in found.resampled[:, kept][:, :, kept]:
        if np.isfinite(draw).all():
            n_resampled += 1
            again = linkage(squareform(_distances(draw), checks=False), method="average")
            seen.update(_groups(again))
    supports = [seen[group] / n_resampled if n_resampled else np.nan for group in groups]
    is_kept = set(kept)
    return Dendrogram(
        names=tuple(found.names[c] for c in kept),
        merges=merges,
        order=tuple(int(leaf) for leaf in leaves_list(merges)),
        supports=np.array(supports, dtype=np.float64),
        left_out=tuple(name for c, name in enumerate(found.names) if c not in is_kept),
        n_resampled=n_resampled,
    )


def _comparable(values: NDArray[np.float64]) -> list[int]:
    """Return concepts that all have values with each other: those with most gaps go first."""
    kept = list(range(len(values)))
    while True:
        gaps = np.isnan(values[np.ix_(kept, kept)]).sum(axis=1)
        if not kept or not gaps.any():
            return kept
        del kept[int(gaps.argmax())]


def _distances(values: NDArray[np.floating]) -> NDArray[np.float64]:
    distances = np.clip(1.0 - values.astype(np.float64), 0.0, 2.0)
    np.fill_diagonal(distances, 0.0)
    return (distances + distances.T) / 2


def _groups(merges: NDArray[np.float64]) -> list[frozenset[int]]:
    """Return the leaves under each merge."""
    n = len(merges) + 1
    groups = [frozenset([leaf]) for leaf in range(n)]
    for first, second in merges[:, :2].astype(np.int64).tolist():
        groups.append(groups[first] | groups[second])
    return groups[n:]
