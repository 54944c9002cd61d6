"""Groups of points that lie far from all others come close to the rest of the map.

UMAP keeps together what is near in its space; how far apart it leaves what is not near says next
to nothing, and a handful of blank pages at the edge of the world can leave a map empty in between.
So each group, the larger ones first, is moved straight towards the largest until it nearly touches
what is there. Nothing changes within a group. A group is what hangs together by steps that are
shorter than the gap, along the edges of the Delaunay triangulation, which has every shortest step.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_GAP_SHARE: Final = 0.05  # of the width of all points but the outermost
_OUTERMOST: Final = 0.02
_USUAL_STEPS: Final = 4
_MOST_TREES: Final = 64
_MOST_STEPS: Final = 40


def draw_near(places: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return places with every group drawn near to the largest.

    Args:
        places: float32 (N, 2).
    """
    moved = places.astype(np.float64)
    edges = _edges(moved)
    lengths = np.linalg.norm(moved[edges[:, 0]] - moved[edges[:, 1]], axis=1)
    gap = _gap(moved, lengths)
    if not edges.size:
        return places
    parts = _groups(len(moved), edges[lengths <= gap])
    if len(parts) < 2:
        return places
    middle = moved[parts[0]].mean(axis=0)
    settled = [parts[0]]
    rebuild_every = -(-len(parts) // _MOST_TREES)
    tree = _tree(moved[parts[0]])
    for at, part in enumerate(parts[1:]):
        moved[part] = _moved(moved[part], middle, tree, gap)
        settled.append(part)
        if at % rebuild_every == 0:
            tree = _tree(moved[np.concatenate(settled)])
    return moved.astype(np.float32)


def _edges(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the pairs of points that a triangulation joins, int64 (E, 2); none on a line."""
    from scipy.spatial import Delaunay, QhullError

    try:
        # QJ: points that coincide are corners of triangles too.
        corners = Delaunay(places, qhull_options="QJ").simplices if len(places) > 3 else None
    except QhullError:
        corners = None
    if corners is None:
        return np.empty((0, 2), dtype=np.int64)
    pairs = (corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]])
    return np.concatenate(pairs).astype(np.int64)


def _gap(places: NDArray[np.float64], lengths: NDArray[np.float64]) -> float:
    """Return how far apart groups are: a share of the width, and more than usual neighbours."""
    if not lengths.size:
        return 0.0
    low, high = np.quantile(places, [_OUTERMOST, 1 - _OUTERMOST], axis=0)
    usual = float(np.median(lengths))
    return max(float((high - low).max()) * _GAP_SHARE, usual * _USUAL_STEPS)


def _groups(n: int, edges: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the points of each group that these pairs join, the largest first."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    joined = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n, n))
    _, group_of = connected_components(joined, directed=False)
    groups = np.split(np.argsort(group_of, kind="stable"), np.cumsum(np.bincount(group_of))[:-1])
    return sorted(groups, key=lambda group: (-group.size, int(group[0])))


def _moved(
    part: NDArray[np.float64], middle: NDArray[np.float64], tree: Any, gap: float
) -> NDArray[np.float64]:
    """Move a part towards the middle until it is a gap away from what is settled.

    A step is as long as the free distance less the gap, so no step can pass through anything.
    """
    for _ in range(_MOST_STEPS):
        way = middle - part.mean(axis=0)
        length = float(np.linalg.norm(way))
        free = float(tree.query(part)[0].min()) - gap
        if free <= gap * 0.05 or length == 0:
            break
        part = part + way / length * min(free, length)
    return part


def _tree(places: NDArray[np.float64]) -> Any:
    from scipy.spatial import cKDTree

    return cKDTree(places)
