"""Groups that hang together with nothing else come close to the rest of the map.

Where the graph of neighbours falls into parts, UMAP pushes the parts away from each other and
nothing pulls: how far they drift says nothing, and a handful of blank pages at the edge of the
world can leave the map empty in between. So each part, the larger ones first, is moved straight
towards the middle until it nearly touches what is there. Nothing changes within a part.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_GAP_SHARE: Final = 0.04  # of the largest part's width
_MOST_TREES: Final = 64
_MOST_STEPS: Final = 40


def draw_near(places: NDArray[np.float32], graph: Any) -> NDArray[np.float32]:
    """Return places with every part of the graph drawn near to the largest.

    Args:
        places: As UMAP gives them, float32 (N, 2).
        graph: Its graph of neighbours, a sparse (N, N) matrix.
    """
    from scipy.sparse.csgraph import connected_components

    n_parts, part_of = connected_components(graph, directed=False)
    moved = places.astype(np.float64)
    if n_parts < 2:
        return places
    parts = sorted(np.split(np.argsort(part_of, kind="stable"), _bounds(part_of)), key=_size)
    main = moved[parts[0]]
    gap = float(np.ptp(main, axis=0).max()) * _GAP_SHARE
    middle = main.mean(axis=0)
    settled = [parts[0]]
    rebuild_every = -(-n_parts // _MOST_TREES)
    tree = _tree(main)
    for at, part in enumerate(parts[1:]):
        moved[part] = _moved(moved[part], middle, tree, gap)
        settled.append(part)
        if at % rebuild_every == 0:
            tree = _tree(moved[np.concatenate(settled)])
    return moved.astype(np.float32)


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


def _bounds(part_of: NDArray[np.int32]) -> NDArray[np.int64]:
    return np.cumsum(np.bincount(part_of))[:-1]


def _size(part: NDArray[np.int64]) -> tuple[int, int]:
    return -part.size, int(part[0])


def _tree(places: NDArray[np.float64]) -> Any:
    from scipy.spatial import cKDTree

    return cKDTree(places)
