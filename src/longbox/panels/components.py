"""Panels as connected drawings, for layouts that no straight gutter cuts (a pinwheel)."""

from __future__ import annotations

import numpy as np

from longbox.panels.gutters import Region
from longbox.panels.paper import Mask


def split_components(region: Region, reach: int, min_area_px: float) -> list[Region]:
    """Split a region into the drawings that paper separates.

    Drawings whose boxes overlap by more than a little belong together; small ones go to the
    drawing whose box is nearest.

    Args:
        region: Trimmed to its content.
        reach: Gaps up to about this many pixels are bridged.
        min_area_px: Boxes below this area are no drawing of their own.

    Returns:
        One region for every drawing, or an empty list where there are fewer than two.
    """
    import cv2

    closed: Mask = np.asarray(
        cv2.dilate(region.content, np.ones((max(2, reach // 2),) * 2, np.uint8)), dtype=np.uint8
    )
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    area = stats[:, 2] * stats[:, 3]
    large = [i for i in range(1, count) if area[i] >= min_area_px]
    if not 2 <= len(large) <= 30:
        return []
    owner = np.zeros(count, dtype=np.int32)
    groups = _merged([tuple(int(v) for v in stats[i, :4]) for i in large])
    if len(set(groups)) < 2:
        return []
    for i, group in zip(large, groups, strict=True):
        owner[i] = group + 1
    owner_map = owner[labels]
    parts = []
    for group in sorted(set(groups)):
        mine = (owner_map == group + 1).astype(np.uint8)
        boxes = [stats[i] for i, g in zip(large, groups, strict=True) if g == group]
        x0, y0 = min(b[0] for b in boxes), min(b[1] for b in boxes)
        x1, y1 = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
        within = Region(region.content * mine, region.paper, region.ink, region.x, region.y)
        part = within.part(int(x0), int(y0), int(x1), int(y1)).trimmed()
        if part is not None:
            parts.append(part)
    return parts if len(parts) > 1 else []


def _merged(boxes: list[tuple[int, ...]]) -> list[int]:
    """Number the groups of (x, y, w, h) boxes that overlap by over 15 % of the smaller one."""
    group = list(range(len(boxes)))
    for i, (ax, ay, aw, ah) in enumerate(boxes):
        for j, (bx, by, bw, bh) in enumerate(boxes[:i]):
            shared_x = min(ax + aw, bx + bw) - max(ax, bx)
            shared_y = min(ay + ah, by + bh) - max(ay, by)
            if min(shared_x, shared_y) > 0 and (shared_x * shared_y > 0.15 * min(aw * ah, bw * bh)):
                old, new = group[i], group[j]
                group = [new if g == old else g for g in group]
    return group
