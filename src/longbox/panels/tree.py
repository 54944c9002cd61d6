"""The cut tree of a page, and the choice of which of its parts are panels.

Every region is cut at its best gutter, and the parts again, further than is sensible: white space
in a drawing is tried too. Then the tree is judged from its leaves: a region's value as one panel
is how straight its four sides are, as several panels the mean value of its parts plus what the
gutter between them is worth. The better one wins. So a dubious cut is kept where it uncovers good
panels, and undone where it only takes a drawing apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longbox.panels.components import split_components
from longbox.panels.gutters import Region, best_gutter, column_sums, halves, row_sums
from longbox.panels.options import PanelOptions

MAX_DEPTH = 24
MIN_QUALITY = 0.35
"""Quality below which a gutter is not tried."""
STRAIGHT = 0.88
LARGE = 3
"""The smallest panels must have so straight sides, those so many times larger need not."""
JUNK = 0.0
"""Value of a leaf that is no panel."""
CLEAN = 0.4
"""Quality from which on a straight gutter is taken without looking for a slanted one."""


@dataclass(frozen=True, slots=True)
class Part:
    """A region that was judged to be one panel, in working pixels.

    Attributes:
        x0: Left; y0, x1, y1 likewise, half open.
        straightness: Mean of how straight its sides are, 0 to 1.
        ink_fraction: Share of the box where something is drawn.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    straightness: float
    ink_fraction: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """A region's value (0 to about 1.5) and the panels that gave it."""

    value: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """Size of the working page and lengths derived from it.

    Attributes:
        reach: Pixels within which content counts as beginning at an edge.
        smallest: Shortest side of a region that is worth cutting.
        smallest_area: Area of the smallest panel.
    """

    width: int
    height: int
    reach: int
    smallest: int
    smallest_area: float

    @classmethod
    def of_page(cls, width: int, height: int, options: PanelOptions) -> Frame:
        """Derive the lengths from the page's size."""
        side = min(width, height)
        area = options.min_panel_fraction * width * height
        return cls(width, height, max(3, side // 150), max(8, side // 25), area)

    def is_panel(self, part: Part) -> bool:
        """Say whether a leaf of the tree is a panel and not a page number or a loose balloon."""
        width, height = part.x1 - part.x0, part.y1 - part.y0
        area = width * height
        if area < self.smallest_area or min(width, height) < 0.035 * min(self.width, self.height):
            return False
        needed = STRAIGHT * (LARGE - area / self.smallest_area) / (LARGE - 1)
        return part.straightness >= needed


def judge(region: Region, frame: Frame, options: PanelOptions, depth: int = 0) -> Judgement:
    """Cut a trimmed region and return its best reading as panels."""
    part = as_part(region, frame)
    whole = Judgement(part.straightness, (part,)) if frame.is_panel(part) else Judgement(JUNK, ())
    if depth >= MAX_DEPTH or max(region.width, region.height) < frame.smallest:
        return whole
    children, quality = _cut(region, frame)
    if len(children) < 2:
        return whole
    judged = [judge(child, frame, options, depth + 1) for child in children]
    areas = np.array([float(c.width * c.height) for c in children])
    value = float(np.average([j.value for j in judged], weights=areas))
    value += options.split_gain * (quality - options.split_threshold)
    if value <= whole.value:
        return whole
    return Judgement(value, tuple(p for j in judged for p in j.parts))


def _cut(region: Region, frame: Frame) -> tuple[list[Region], float]:
    """Return the parts on both sides of the best gutter, or the connected parts."""
    gutter = best_gutter(region, frame.reach, slanted=False)
    if gutter is None or gutter.quality < CLEAN:
        components = split_components(region, frame.reach, 0.02 * frame.width * frame.height)
        if len(components) > 1:
            quality = min(as_part(c, frame).straightness for c in components)
            if gutter is None or quality > gutter.quality:
                return components, quality
        if min(region.width, region.height) >= 2 * frame.smallest:
            slanted = best_gutter(region, frame.reach, slanted=True)
            if slanted is not None and (gutter is None or slanted.quality > gutter.quality + 0.1):
                gutter = slanted
    if gutter is None or gutter.quality < MIN_QUALITY:
        return [], 0.0
    return halves(region, gutter), gutter.quality


def as_part(region: Region, frame: Frame) -> Part:
    """Measure a trimmed region as one panel."""
    import cv2

    sides = []
    content, known = region.content, region.content | region.paper
    t = frame.reach
    x1, y1 = region.x + region.width, region.y + region.height
    at_edge = (region.y <= t, frame.height - y1 <= t, region.x <= t, frame.width - x1 <= t)
    strips = (
        (content[:t], known[:t], 0),
        (content[-t:], known[-t:], 0),
        (content[:, :t], known[:, :t], 1),
        (content[:, -t:], known[:, -t:], 1),
    )
    for (drawn, there, axis), is_bleed in zip(strips, at_edge, strict=True):
        sums = column_sums if axis == 0 else row_sums
        inside = sums(there) > 0
        n_inside = int(np.count_nonzero(inside))
        fill = int(np.count_nonzero((sums(drawn) > 0) & inside)) / max(1, n_inside)
        share = n_inside / inside.size  # a slanted side touches its box only at a corner
        side = fill * share + 0.85 * (1 - share)
        sides.append(max(side, 0.8) if is_bleed else side)
    ink = cv2.countNonZero(content) / content.size
    return Part(region.x, region.y, x1, y1, float(np.mean(sides)), ink)
