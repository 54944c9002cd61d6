"""The two ways to cluster points, each as a fit that can be done again on other units.

k-means is fitted on a sample, and every unit joins the nearest centre. HDBSCAN finds dense groups
and leaves out what lies between; on a sample, the others join the cluster of the nearest member
if they are as near to it as members are to each other, and are left out if not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

NOISE: Final = -1
_STARTS: Final = 4
_CHUNK_ROWS: Final = 8192
_REACH: Final = 0.95  # quantile of the members' distances to their nearest fellow member

Points = NDArray[np.float32]
Labels = NDArray[np.int32]


def fit_k_means(points: Points, k: int, seed: int, starts: int = _STARTS) -> Points:
    """Return the centres of at most k clusters, float32 (k, d); fewer where points coincide."""
    from sklearn.cluster import KMeans

    k = min(k, n_distinct(points, k))
    if k < 2:
        middle: Points = points.mean(axis=0, keepdims=True)
        return middle
    fitted = KMeans(k, n_init=starts, random_state=seed, copy_x=True).fit(points)
    centres: Points = fitted.cluster_centers_.astype(np.float32)
    return centres


def n_distinct(points: Points, most: int) -> int:
    """Count points that differ, up to so many: looks at few of them where most do."""
    for n in (most * 4, len(points)):
        found = len(np.unique(np.round(points[:n], 5), axis=0))
        if found >= most:
            break
    return min(found, most)


def nearest_centres(points: Points, centres: Points) -> Labels:
    """Return the nearest centre of each point, int32 (N,)."""
    from sklearn.metrics import pairwise_distances_argmin

    labels = np.empty(len(points), dtype=np.int32)
    for start in range(0, len(points), _CHUNK_ROWS):
        part = slice(start, start + _CHUNK_ROWS)
        labels[part] = pairwise_distances_argmin(points[part], centres)
    return labels


def fit_density(points: Points, least_members: int) -> Labels:
    """Return HDBSCAN's clusters, int32 (N,); -1 for points of none."""
    from sklearn.cluster import HDBSCAN

    if len(points) <= least_members:
        return np.full(len(points), NOISE, dtype=np.int32)
    found = HDBSCAN(min_cluster_size=least_members, copy=True).fit_predict(points)
    return np.asarray(found, dtype=np.int32)


def join_density(points: Points, fitted: Points, labels: Labels) -> Labels:
    """Return the cluster of points that HDBSCAN did not see; -1 where none is in reach."""
    from sklearn.neighbors import NearestNeighbors

    joined = np.full(len(points), NOISE, dtype=np.int32)
    is_member = labels != NOISE
    if not is_member.any() or not len(points):
        return joined
    members, own = fitted[is_member], labels[is_member]
    reach = np.zeros(int(own.max()) + 1)
    for number in range(reach.size):
        group = members[own == number]
        steps = NearestNeighbors(n_neighbors=2).fit(group).kneighbors(group)[0][:, 1]
        reach[number] = np.quantile(steps, _REACH)
    search = NearestNeighbors(n_neighbors=1).fit(members)
    for start in range(0, len(points), _CHUNK_ROWS):
        part = slice(start, start + _CHUNK_ROWS)
        distance, at = search.kneighbors(points[part])
        nearest = own[at[:, 0]]
        joined[part] = np.where(distance[:, 0] <= reach[nearest], nearest, NOISE)
    return joined
