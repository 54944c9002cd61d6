"""Regions that may show the same character, put together.

Agglomerative clustering with average linkage on cosine distance, cut at a distance that was chosen
on drawn books (benchmarks/characters.py, tuning seeds). Two regions of one panel are nearly always
two people, so they are set apart by the largest distance there is. A cluster below the smallest
size is no character: its regions are left alone (label -1).

Labels count from 0 by falling size; of two equal ones that with the earlier region is first. No
randomness is involved: the same regions in the same order give the same labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ConfigError, ModelError

ALONE = -1
MOST_REGIONS_AT_ONCE = 12_000  # their distances take 1.2 GB
_APART = 2.0  # the largest cosine distance


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """When regions are the same character.

    Attributes:
        distance: Mean cosine distance below which two groups become one, 0 to 2.
        min_size: Regions that make a character.

    Raises:
        ConfigError: A number is out of range.
    """

    distance: float = 0.35
    min_size: int = 2

    def __post_init__(self) -> None:
        if not 0.0 <= self.distance <= _APART or self.min_size < 1:
            raise ConfigError(
                f"characters: distance {self.distance} or min_size {self.min_size} is out of "
                f"range; use 0 to 2 and 1 or more"
            )


def cluster_regions(
    vectors: NDArray[np.float32],
    panels: NDArray[np.int64],
    options: ClusterOptions = ClusterOptions(),
) -> NDArray[np.int64]:
    """Put regions into clusters.

    Args:
        vectors: Unit identity vectors of one space, float32 (N, D).
        panels: Number of the panel each lies in, int64 (N,).
        options: When two are the same.

    Returns:
        Labels, int64 (N,): 0 is the largest cluster; `ALONE` for regions in none.

    Raises:
        ModelError: There are too many regions, or panels do not fit them.
    """
    n = len(vectors)
    if len(panels) != n:
        raise ModelError(f"{n} regions with {len(panels)} panel numbers")
    if n > MOST_REGIONS_AT_ONCE:
        raise ModelError(
            f"{n:,} regions are too many to compare all with all (at most "
            f"{MOST_REGIONS_AT_ONCE:,}); ask for fewer books at once"
        )
    if n < 2:
        return _renumbered(np.arange(n, dtype=np.int64), options.min_size)
    from sklearn.cluster import AgglomerativeClustering

    distances = region_distances(vectors, panels)
    model = AgglomerativeClustering(
        n_clusters=None,
        metric="precomputed",
        linkage="average",
        distance_threshold=options.distance,
    )
    return _renumbered(np.asarray(model.fit_predict(distances), np.int64), options.min_size)


def region_distances(
    vectors: NDArray[np.float32], panels: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return cosine distances, float32 (N, N), regions of one panel as far apart as can be."""
    distances: NDArray[np.float32] = np.clip(1.0 - vectors @ vectors.T, 0.0, _APART)
    distances = distances.astype(np.float32)
    distances[panels[:, None] == panels[None, :]] = _APART
    np.fill_diagonal(distances, 0.0)
    return distances


def exemplars(
    vectors: NDArray[np.float32], members: NDArray[np.int64], k: int
) -> NDArray[np.int64]:
    """Return the k members of a cluster nearest to its mean, the most typical first.

    Args:
        vectors: Of all regions, float32 (N, D).
        members: Indices of the cluster's regions.
        k: How many; fewer when there are no more.
    """
    own = vectors[members]
    likeness = own @ own.mean(axis=0) if len(own) else np.zeros(0, np.float32)
    order = np.argsort(-likeness.round(5), kind="stable")
    chosen: NDArray[np.int64] = members[order[:k]]
    return chosen


def _renumbered(labels: NDArray[np.int64], min_size: int) -> NDArray[np.int64]:
    """Number clusters by falling size, then by first region; small ones become ALONE."""
    found, first, counts = np.unique(labels, return_index=True, return_counts=True)
    order = sorted(range(len(found)), key=lambda i: (-counts[i], first[i]))
    numbers = dict.fromkeys(found.tolist(), ALONE)
    for number, i in enumerate(i for i in order if counts[i] >= min_size):
        numbers[int(found[i])] = number
    return np.array([numbers[int(label)] for label in labels], dtype=np.int64)
