"""Boxes on a page.

A Box is in page pixels with the origin at the top left, half open: a box from x0 to x1 is
x1 - x0 pixels wide. Everything else (x, y, w, h records, fractions of 1000, COCO) is converted
where it enters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle in page pixels.

    Raises:
        ValueError: A side is negative or a number is not finite.
    """

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(v) for v in (self.x0, self.y0, self.x1, self.y1)):
            raise ValueError(f"box has a number that is not finite: {self}")
        if self.x1 < self.x0 or self.y1 < self.y0:
            raise ValueError(f"box has a negative side: {self}")

    @classmethod
    def from_xywh(cls, x: float, y: float, width: float, height: float) -> Box:
        """Make a box from its top left corner and its size."""
        return cls(x, y, x + width, y + height)

    @property
    def width(self) -> float:
        """Width in pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        """Centre as (x, y)."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def as_tuple(self) -> tuple[float, float, float, float]:
        """Return (x0, y0, x1, y1)."""
        return self.x0, self.y0, self.x1, self.y1

    def intersection(self, other: Box) -> Box | None:
        """Return the shared rectangle, or None where it has no area."""
        x0, y0 = max(self.x0, other.x0), max(self.y0, other.y0)
        x1, y1 = min(self.x1, other.x1), min(self.y1, other.y1)
        return Box(x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None

    def intersection_area(self, other: Box) -> float:
        """Return the area shared with another box, in square pixels."""
        shared = self.intersection(other)
        return shared.area if shared else 0.0

    def iou(self, other: Box) -> float:
        """Return intersection over union, 0 to 1; two empty boxes give 0."""
        shared = self.intersection_area(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def covered_by(self, other: Box) -> float:
        """Return the fraction of this box that lies inside another one, 0 to 1."""
        return self.intersection_area(other) / self.area if self.area > 0 else 0.0

    def contains_point(self, x: float, y: float) -> bool:
        """Say whether a point lies inside (half open)."""
        return self.x0 <= x < self.x1 and self.y0 <= y < self.y1

    def clip(self, width: float, height: float) -> Box:
        """Return the part of this box on a page of the given size (possibly empty)."""
        x0, y0 = min(max(self.x0, 0.0), width), min(max(self.y0, 0.0), height)
        return Box(x0, y0, min(max(self.x1, x0), width), min(max(self.y1, y0), height))

    def scale(self, factor_x: float, factor_y: float) -> Box:
        """Return the box on a page that was resized by these factors."""
        return Box(self.x0 * factor_x, self.y0 * factor_y, self.x1 * factor_x, self.y1 * factor_y)

    def expand(self, margin: float) -> Box:
        """Return the box grown by a margin on each side; shrinking stops at the centre."""
        mx, my = max(margin, -self.width / 2), max(margin, -self.height / 2)
        return Box(self.x0 - mx, self.y0 - my, self.x1 + mx, self.y1 + my)

    def rounded(self) -> tuple[int, int, int, int]:
        """Return whole pixels that cover the box: floor of the start, ceiling of the end."""
        return math.floor(self.x0), math.floor(self.y0), math.ceil(self.x1), math.ceil(self.y1)


def bounding_box(boxes: Iterable[Box]) -> Box:
    """Return the smallest box around all of them.

    Raises:
        ValueError: There are no boxes.
    """
    items = list(boxes)
    if not items:
        raise ValueError("no boxes to bound")
    return Box(
        min(b.x0 for b in items),
        min(b.y0 for b in items),
        max(b.x1 for b in items),
        max(b.y1 for b in items),
    )
