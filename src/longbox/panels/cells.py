"""From what every cell of a page says to panels.

A cell that lies in a panel gives the panel's whole box. Cells of one panel agree closely, so they
are gathered round the surest one and averaged; how many of the cells that should agree do so is
the best sign of a real panel, and better than any single cell's own certainty. A box that few of
its cells stand behind (a balloon, a window, half of a wide panel) is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_INSIDE = 0.5
"""Probability from which a cell counts as inside a panel."""
AGREE = 0.6
"""IoU from which a cell's box speaks for the same panel."""
SAME = 0.4
"""IoU from which two panels are one."""
MIN_SUPPORT = 0.5
"""Smallest share of a panel's visible cells that must stand behind it."""


@dataclass(frozen=True, slots=True, eq=False)
class CellPanels:
    """Panels of one page.

    Attributes:
        boxes: x0, y0, x1, y1 as fractions of the page, float64 (N, 4).
        confidences: 0 to 1, float64 (N,).
    """

    boxes: Floats
    confidences: Floats


def panels_of_cells(cells: NDArray[np.float32], min_confidence: float) -> CellPanels:
    """Gather the cells of a page into panels.

    Args:
        cells: In-panel probability, expected IoU, and the panel's box as fractions of the page,
            float32 (h, w, 6).
        min_confidence: Panels that are less sure are dropped.

    Returns:
        The panels, the surest first.
    """
    rows, columns = cells.shape[:2]
    flat = cells.reshape(-1, 6).astype(np.float64)
    y, x = np.divmod(np.arange(rows * columns), columns)
    centres = np.stack([(x + 0.5) / columns, (y + 0.5) / rows], axis=1)
    is_inside = flat[:, 0] >= MIN_INSIDE
    inside, centres = flat[is_inside], centres[is_inside]
    boxes = np.clip(inside[:, 2:], 0.0, 1.0)
    sure = inside[:, 0] * inside[:, 1]
    found, owner = _gather(boxes, sure)
    if not len(found):
        return CellPanels(np.zeros((0, 4)), np.zeros(0))
    confidences = _confidences(found, owner, centres, sure)
    kept = _distinct(found, confidences, min_confidence)
    return CellPanels(found[kept], confidences[kept])


def _gather(boxes: Floats, sure: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Return the box of every group of agreeing cells, and each cell's group."""
    owner = np.full(len(boxes), -1, dtype=np.int64)
    found: list[Floats] = []
    for top in np.argsort(-sure, kind="stable"):
        if owner[top] >= 0:
            continue
        free = owner < 0
        box = boxes[top]
        for _ in range(2):  # the second time round the mean of those who agreed
            members = free & (overlaps(box, boxes) >= AGREE)
            if not members.any():
                break
            box = np.average(boxes[members], axis=0, weights=sure[members] ** 2 + 1e-9)
        owner[members] = len(found)
        owner[top] = len(found)
        found.append(box)
    return np.clip(np.array(found).reshape(-1, 4), 0.0, 1.0), owner


def _confidences(found: Floats, owner: NDArray[np.int64], centres: Floats, sure: Floats) -> Floats:
    """Return how sure each group is: its cells' certainty times their share of its visible area."""
    lies_in = (
        (centres[None, :, 0] >= found[:, None, 0])
        & (centres[None, :, 0] < found[:, None, 2])
        & (centres[None, :, 1] >= found[:, None, 1])
        & (centres[None, :, 1] < found[:, None, 3])
    )  # (N, cells)
    areas = _areas(found)
    confidences = np.zeros(len(found))
    for n, box in enumerate(found):
        mine = owner == n
        # What a smaller panel that lies over this one covers is not to be seen of it.
        covered_by = (areas < 0.7 * areas[n]) & (_covered(found, box) > 0.5)
        hidden = covered_by[owner]
        visible = int(np.count_nonzero(lies_in[n] & ~hidden))
        share = min(1.0, np.count_nonzero(mine) / max(1, visible))
        if share >= MIN_SUPPORT:
            strongest = np.sort(sure[mine])[-max(1, int(mine.sum()) // 2) :]
            confidences[n] = float(strongest.mean()) * share**0.5
    return confidences


def _distinct(found: Floats, confidences: Floats, min_confidence: float) -> NDArray[np.int64]:
    """Return the groups to keep, the surest first, no two of them the same panel."""
    kept: list[int] = []
    for n in np.argsort(-confidences, kind="stable"):
        if confidences[n] < min_confidence:
            break
        if not kept or overlaps(found[n], found[kept]).max() < SAME:
            kept.append(int(n))
    return np.array(kept, dtype=np.int64)


def overlaps(box: Floats, boxes: Floats) -> Floats:
    """Return the IoU of one box (4,) with many (N, 4)."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(high - low, 0.0, None).prod(axis=1)
    union = _areas(box[None]) + _areas(boxes) - shared
    ious: Floats = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return ious


def _covered(boxes: Floats, by: Floats) -> Floats:
    """Return the share of each box (N, 4) that lies in another (4,)."""
    low = np.maximum(by[:2], boxes[:, :2])
    high = np.minimum(by[2:], boxes[:, 2:])
    shared = np.clip(high - low, 0.0, None).prod(axis=1)
    area = _areas(boxes)
    shares: Floats = np.divide(shared, area, out=np.zeros_like(shared), where=area > 0)
    return shares


def _areas(boxes: Floats) -> Floats:
    areas: Floats = np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None).prod(axis=1)
    return areas
