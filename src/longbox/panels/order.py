"""Reading order of the panels on one page.

A cut tree: boxes that a horizontal gutter separates are tiers, read from the top; boxes of one
tier that a vertical gutter separates are columns, read in the book's direction; each part is cut
again. Panels rarely line up to the pixel, so a gutter may be overlapped by up to a quarter of the
smaller of two panels and still counts. Tiers come before columns even where both would cut: a
2 x 2 grid reads in rows.

Where nothing cuts (a pinwheel, a pile of overlapping panels) the panel whose starting corner lies
nearest to the group's starting corner is read first and the rest is tried again. A panel that
lies inside another is an inset: it is taken out before the cutting and read right after its host.

A right-to-left page is the mirror image of a left-to-right one, and is computed as such. A
vertical strip (ttb) reads as left to right, but a group that no gutter separates goes strictly by
its top edges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from longbox.book import Direction
from longbox.geometry import Box

MAX_OVERLAP = 0.25
"""Largest share of the smaller of two panels that may reach over a gutter between them."""

INSET_COVER = 0.85
"""Share of a panel that lies inside a larger one from which on it is that panel's inset."""


def reading_order(boxes: Sequence[Box], direction: Direction) -> tuple[int, ...]:
    """Return the indices of the boxes in reading order.

    Args:
        boxes: Panels of one page in any order; overlaps and duplicates are allowed.
        direction: How the book is read.

    Returns:
        A permutation of range(len(boxes)); empty for no boxes.
    """
    if direction is Direction.RTL:
        boxes = [Box(-b.x1, b.y0, -b.x0, b.y1) for b in boxes]
    hosts = _hosts(boxes)
    insets: dict[int, list[int]] = {}
    for index, host in enumerate(hosts):
        insets.setdefault(host, []).append(index)
    by_top = direction is Direction.TTB
    ties = _Ties(boxes)
    ordered: list[int] = []
    waiting = [iter(_cut(boxes, insets.get(-1, []), by_top, ties))]
    while waiting:
        index = next(waiting[-1], -1)
        if index < 0:
            waiting.pop()
            continue
        ordered.append(index)
        if index in insets:
            waiting.append(iter(_cut(boxes, insets[index], by_top, ties)))
    return tuple(ordered)


def _hosts(boxes: Sequence[Box]) -> list[int]:
    """Return for every box the smallest larger box that it lies in, or -1."""
    hosts = []
    for i, inner in enumerate(boxes):
        candidates = [
            (outer.area, j)
            for j, outer in enumerate(boxes)
            if (outer.area, -j) > (inner.area, -i) and inner.covered_by(outer) >= INSET_COVER
        ]
        hosts.append(min(candidates)[1] if candidates else -1)
    return hosts


def _cut(boxes: Sequence[Box], members: list[int], by_top: bool, ties: _Ties) -> Iterator[int]:
    """Yield the members in reading order: tiers, then columns, then corners."""
    waiting = [members]
    while waiting:
        group = waiting.pop()
        if len(group) <= 1:
            yield from group
            continue
        parts = ties.tiers(group) or ties.columns(group)
        if parts is None:
            first = _first_by_corner(boxes, group, by_top)
            parts = [[first], [i for i in group if i != first]]
        waiting.extend(reversed(parts))


class _Ties:
    """Which boxes no gutter can separate, for both axes, computed once a page."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        corners = np.array([b.as_tuple() for b in boxes], dtype=np.float64).reshape(-1, 4)
        self._rows = _Axis(corners[:, 1], corners[:, 3])
        self._columns = _Axis(corners[:, 0], corners[:, 2])

    def tiers(self, group: list[int]) -> list[list[int]] | None:
        """Split a group at every horizontal gutter, from the top; None without one."""
        return self._rows.split(group)

    def columns(self, group: list[int]) -> list[list[int]] | None:
        """Split a group at every vertical gutter, from the left; None without one."""
        return self._columns.split(group)


class _Axis:
    """Intervals of all boxes along one axis."""

    def __init__(self, start: NDArray[np.float64], end: NDArray[np.float64]) -> None:
        overlap = np.minimum.outer(end, end) - np.maximum.outer(start, start)
        smaller = np.minimum.outer(end - start, end - start)
        self._middle = start + end
        same_middle = self._middle[:, None] == self._middle[None, :]
        self._is_tied = (overlap > MAX_OVERLAP * smaller) | same_middle  # (N, N)

    def split(self, group: list[int]) -> list[list[int]] | None:
        """Split at every place, in the order of middles, that no tied pair spans."""
        order = np.array(group)[np.argsort(self._middle[group], kind="stable")]
        tied = self._is_tied[np.ix_(order, order)]
        last = len(order) - 1 - tied[:, ::-1].argmax(axis=1)  # furthest member tied to each
        cuts = np.flatnonzero(np.maximum.accumulate(last)[:-1] == np.arange(len(order) - 1)) + 1
        if not cuts.size:
            return None
        return [[int(i) for i in part] for part in np.split(order, cuts)]


def _first_by_corner(boxes: Sequence[Box], group: list[int], by_top: bool) -> int:
    """Return the box whose top left corner is nearest to the group's (city-block distance)."""
    if by_top:
        return min(group, key=lambda i: (boxes[i].y0, boxes[i].x0, i))
    return min(group, key=lambda i: (boxes[i].x0 + boxes[i].y0, boxes[i].y0, i))
