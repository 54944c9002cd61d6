"""Do two spaces fall into the same clusters? k-means in each, compared over several seeds.

k-means is no truth: with another seed the same space falls apart otherwise. So each space is
clustered several times, two spaces are compared seed by seed, and a space with itself over pairs of
seeds: that is the ceiling, which no other space can be expected to pass.

Adjusted Rand index (Hubert and Arabie 1985) and adjusted mutual information (Vinh et al. 2010) are
both 0 by chance; the first counts pairs, so large clusters rule it, the second does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.ablation.values import Agreement

Labels = NDArray[np.int32]


def cluster_often(
    points: NDArray[np.float64], n_clusters: int, n_seeds: int, seed: int
) -> tuple[Labels, ...]:
    """Cluster points once a seed.

    Args:
        points: float64 (N, D), compared by Euclidean distance (unit vectors by their angle).
        n_clusters: How many; fewer where there are fewer different points.
        n_seeds: How often.
        seed: The first; the others follow.

    Returns:
        Labels, int32 (N,), one array a seed.
    """
    from sklearn.cluster import KMeans

    n = min(n_clusters, len(np.unique(points, axis=0)))
    return tuple(
        KMeans(n, n_init=1, random_state=seed + i).fit_predict(points).astype(np.int32)
        for i in range(n_seeds)
    )


def agreements(labels: Mapping[str, tuple[Labels, ...]], n_clusters: int) -> tuple[Agreement, ...]:
    """Compare every two clusterings, and every one with itself.

    Args:
        labels: By name, one array a seed.
        n_clusters: As they were made.
    """
    found = [
        _agreement(name, name, list(combinations(own, 2)), n_clusters, len(own))
        for name, own in labels.items()
    ]
    for a, b in combinations(labels, 2):
        pairs = list(zip(labels[a], labels[b], strict=True))
        found.append(_agreement(a, b, pairs, n_clusters, len(pairs)))
    return tuple(found)


def _agreement(
    a: str, b: str, pairs: list[tuple[Labels, Labels]], n_clusters: int, n_seeds: int
) -> Agreement:
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    rand = np.array([adjusted_rand_score(x, y) for x, y in pairs])
    mutual = np.array([adjusted_mutual_info_score(x, y) for x, y in pairs])
    return Agreement(
        a,
        b,
        float(rand.mean()),
        float(rand.std()),
        float(mutual.mean()),
        float(mutual.std()),
        n_clusters,
        n_seeds,
    )
