"""Layouts of comic pages as polygons, cut at random from the page.

A page is a convex polygon that straight cuts divide again and again, each cut with a gutter, an
angle and sometimes less than no gutter (overlap). So slanted tiers, triangles, staggered columns
and shared borders all come from one rule. Kinds of page differ in how they are cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Polygon = NDArray[np.float64]
"""Corners in order, float64 (n, 2), page pixels."""


@dataclass(slots=True, eq=False)
class Layout:
    """Where the panels of a page are to be.

    Attributes:
        width, height: Of the page in pixels.
        cells: One convex polygon a panel.
        insets: Panels that lie over others, drawn after them.
        is_on_art: The whole page is one picture on which the panels lie.
    """

    width: int
    height: int
    cells: list[Polygon]
    insets: list[Polygon] = field(default_factory=list)
    is_on_art: bool = False


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    """Return a rectangle's corners."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=np.float64)


def bounds(polygon: Polygon) -> tuple[float, float, float, float]:
    """Return (x0, y0, x1, y1) of a polygon."""
    (x0, y0), (x1, y1) = polygon.min(axis=0), polygon.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def half(polygon: Polygon, normal: NDArray[np.float64], offset: float) -> Polygon:
    """Return the part of a convex polygon where normal . p <= offset (Sutherland and Hodgman)."""
    kept: list[NDArray[np.float64]] = []
    side = polygon @ normal - offset
    for i in range(len(polygon)):
        a, b, da, db = polygon[i - 1], polygon[i], side[i - 1], side[i]
        if (da <= 0) != (db <= 0):
            kept.append(a + (b - a) * (da / (da - db)))
        if db <= 0:
            kept.append(b)
    return np.array(kept).reshape(-1, 2)


def cut(
    polygon: Polygon, place: float, gutter: float, *, across: bool, angle: float
) -> list[Polygon]:
    """Cut a polygon in two.

    Args:
        polygon: What is cut.
        place: Where, as a share of its extent, 0 to 1.
        gutter: Room between the parts; below 0 they overlap.
        across: A horizontal cut (tiers); otherwise a vertical one (columns).
        angle: The cut's slant in radians.
    """
    x0, y0, x1, y1 = bounds(polygon)
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    if across:
        middle[1] = y0 + place * (y1 - y0)
        normal = np.array([np.sin(angle), np.cos(angle)])
    else:
        middle[0] = x0 + place * (x1 - x0)
        normal = np.array([np.cos(angle), np.sin(angle)])
    offset = float(middle @ normal)
    first = half(polygon, normal, offset - gutter / 2)
    second = half(polygon, -normal, -(offset + gutter / 2))
    return [part for part in (first, second) if len(part) >= 3]


class LayoutMaker:
    """Makes layouts; every call takes the next random one."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def layout(self) -> Layout:
        """Return one layout of a random kind."""
        rng = self._rng
        makers = (
            (0.46, self._tiers),
            (0.14, self._tree),
            (0.05, self._grid),
            (0.06, self._splash),
            (0.06, self._yonkoma),
            (0.07, self._strip),
            (0.06, self._webtoon),
            (0.05, self._spread),
            (0.05, self._floating),
            (0.03, self._without),
        )
        weights = np.array([w for w, _ in makers])
        make = makers[int(rng.choice(len(makers), p=weights / weights.sum()))][1]
        layout = make()
        if rng.random() < 0.13:
            self._add_insets(layout, int(rng.integers(1, 4)))
        return layout

    def _page(self, aspect: tuple[float, float] = (1.28, 1.62)) -> tuple[int, int]:
        height = int(self._rng.uniform(720, 1250))
        return int(height / self._rng.uniform(*aspect)), height

    def _frame(self, width: int, height: int, bleed: float) -> Polygon:
        """Return the print area; some of its sides lie beyond the page."""
        rng = self._rng
        margin = rng.uniform(0.005, 0.075) * width
        sides = margin * rng.uniform(0.7, 1.6, 4)
        sides = np.where(rng.random(4) < bleed, -6.0, sides)
        return rectangle(sides[0], sides[1], width - sides[2], height - sides[3])

    def _gutters(self, width: int) -> tuple[float, float]:
        """Return the room between columns and between tiers."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.12:
            return 0.0, 0.0
        if kind < 0.17:
            return -0.01 * width, float(rng.uniform(-0.01, 0.02)) * width
        between_columns = rng.uniform(0.002, 0.03) * width
        factor = rng.uniform(1.0, 3.2) if rng.random() < 0.5 else 1.0
        return between_columns, between_columns * factor

    def _angles(self) -> tuple[float, float]:
        """Return the chance that a cut is slanted, and how much."""
        kind = self._rng.random()
        if kind < 0.55:
            return 0.0, 0.0
        return (0.35, 0.09) if kind < 0.85 else (0.7, 0.22)

    def _slant(self, angles: tuple[float, float]) -> float:
        chance, spread = angles
        return float(self._rng.normal(0, spread)) if self._rng.random() < chance else 0.0

    def _tiers(self) -> Layout:
        """Tiers of columns, some columns cut again: most pages of books."""
        rng = self._rng
        width, height = self._page()
        frame = self._frame(width, height, bleed=0.0 if rng.random() < 0.5 else 0.45)
        g_columns, g_tiers = self._gutters(width)
        angles = self._angles()
        n_tiers = int(rng.choice([2, 3, 4, 5], p=[0.22, 0.42, 0.28, 0.08]))
        cells: list[Polygon] = []
        for tier in self._rows(frame, n_tiers, g_tiers, angles, across=True):
            n = int(rng.choice([1, 2, 3, 4, 5], p=[0.2, 0.42, 0.27, 0.08, 0.03]))
            for column in self._rows(tier, n, g_columns, angles, across=False):
                x0, y0, x1, y1 = bounds(column)
                tall = (y1 - y0) / max(1.0, x1 - x0)
                if n > 1 and tall > 0.9 and rng.random() < min(0.55, 0.3 * tall):
                    n_parts = 2 if tall < 1.6 or rng.random() < 0.7 else 3
                    cells += self._rows(column, n_parts, g_tiers, angles, across=True)
                else:
                    cells.append(column)
        return Layout(width, height, cells)

    def _rows(
        self, frame: Polygon, n: int, gutter: float, angles: tuple[float, float], *, across: bool
    ) -> list[Polygon]:
        """Cut a polygon into n parts one after another."""
        rng = self._rng
        uneven = rng.uniform(0.0, 0.55)
        weights = rng.uniform(1 - uneven, 1 + uneven, n)
        parts, rest = [], frame
        for i in range(n - 1):
            share = float(weights[i] / weights[i:].sum())
            halves = cut(rest, share, gutter, across=across, angle=self._slant(angles))
            if len(halves) < 2:
                break
            parts.append(halves[0])
            rest = halves[1]
        return [*parts, rest]

    def _tree(self) -> Layout:
        """Cut the largest part again and again, whichever way it is longer."""
        rng = self._rng
        width, height = self._page((1.1, 1.6))
        cells = [self._frame(width, height, bleed=0.25 * float(rng.integers(0, 3)))]
        gutters, angles = self._gutters(width), self._angles()
        for _ in range(int(rng.integers(1, 11))):
            areas = [np.prod(np.ptp(c, axis=0)) * rng.uniform(0.4, 1.0) for c in cells]
            largest = cells.pop(int(np.argmax(areas)))
            w, h = np.ptp(largest, axis=0)
            across = bool(h * rng.uniform(0.6, 1.5) > w)
            place = float(rng.uniform(0.28, 0.72))
            gutter = gutters[int(across)]
            cells += cut(largest, place, gutter, across=across, angle=self._slant(angles))
        return Layout(width, height, cells)

    def _grid(self) -> Layout:
        """Equal panels."""
        rng = self._rng
        width, height = self._page((0.75, 1.6))
        columns, rows = int(rng.integers(1, 6)), int(rng.integers(2, 7))
        if columns * rows > 24:
            columns = 3
        frame = bounds(self._frame(width, height, bleed=0.0))
        gutter = rng.uniform(0.0, 0.025) * width
        xs = np.linspace(frame[0], frame[2], columns + 1)
        ys = np.linspace(frame[1], frame[3], rows + 1)
        cells = [
            rectangle(
                xs[i] + gutter / 2,
                ys[j] + gutter / 2,
                xs[i + 1] - gutter / 2,
                ys[j + 1] - gutter / 2,
            )
            for j in range(rows)
            for i in range(columns)
        ]
        return Layout(width, height, cells)

    def _splash(self) -> Layout:
        """One picture, with or without a margin."""
        width, height = self._page((0.7, 1.7))
        layout = Layout(width, height, [self._frame(width, height, bleed=0.7)])
        if self._rng.random() < 0.5:
            self._add_insets(layout, int(self._rng.integers(1, 5)))
        return layout

    def _yonkoma(self) -> Layout:
        """One or two columns of four equal panels below a title."""
        rng = self._rng
        width, height = self._page((1.3, 1.6))
        n_columns = int(rng.choice([1, 2], p=[0.25, 0.75]))
        gutter_x, gutter_y = rng.uniform(0.02, 0.08) * width, rng.uniform(0.005, 0.03) * height
        left, right = rng.uniform(0.03, 0.1, 2) * width
        if n_columns == 1:
            left = right = rng.uniform(0.15, 0.3) * width
        top, bottom = rng.uniform(0.03, 0.14) * height, rng.uniform(0.02, 0.08) * height
        side = (width - left - right - gutter_x * (n_columns - 1)) / n_columns
        cells = []
        for column in range(n_columns):
            x, y = left + column * (side + gutter_x), top
            if rng.random() < 0.3:
                y += rng.uniform(0.0, 0.08) * height
            tall = (height - y - bottom - 3 * gutter_y) / 4
            cells += [
                rectangle(x, y + i * (tall + gutter_y), x + side, y + i * (tall + gutter_y) + tall)
                for i in range(4)
            ]
        return Layout(width, height, cells)

    def _strip(self) -> Layout:
        """A newspaper strip: one to three wide rows."""
        rng = self._rng
        n_rows = int(rng.choice([1, 2, 3], p=[0.65, 0.25, 0.1]))
        width = int(rng.uniform(900, 1500))
        height = int(width * rng.uniform(0.24, 0.42) * (n_rows if n_rows < 3 else 2.6))
        frame = self._frame(width, height, bleed=0.08)
        gutter = rng.uniform(0.0, 0.025) * width
        cells: list[Polygon] = []
        for row in self._rows(frame, n_rows, gutter, (0.0, 0.0), across=True):
            n = int(rng.choice([1, 2, 3, 4, 5], p=[0.06, 0.14, 0.4, 0.3, 0.1]))
            cells += self._rows(row, n, gutter, (0.06, 0.05), across=False)
        return Layout(width, height, cells)

    def _webtoon(self) -> Layout:
        """A window of a vertical strip: panels with much room between, cut off at both ends."""
        rng = self._rng
        width = int(rng.uniform(560, 800))
        height = int(width * rng.uniform(1.3, 1.75))
        cells = []
        y = -rng.uniform(0.0, 0.5) * height if rng.random() < 0.6 else rng.uniform(0, 0.1) * height
        while y < height * 0.97:
            tall = rng.uniform(0.25, 1.0) * width
            left, right = np.where(rng.random(2) < 0.5, -4.0, rng.uniform(0.02, 0.3, 2) * width)
            frame = rectangle(left, y, width - right, y + tall)
            if min(height, y + tall) - max(0.0, y) > 0.09 * height:
                columns = 2 if rng.random() < 0.12 else 1
                cells += self._rows(frame, columns, 0.02 * width, (0.2, 0.1), across=False)
            y += (
                tall
                + (rng.uniform(-0.02, 0.05) if rng.random() < 0.3 else rng.uniform(0.05, 0.5))
                * width
            )
        return Layout(width, height, cells)

    def _spread(self) -> Layout:
        """Two facing pages, or one picture over both with panels beside it."""
        rng = self._rng
        height = int(rng.uniform(700, 950))
        width = int(height * rng.uniform(1.25, 1.55))
        pages = [rectangle(0, 0, width / 2, height), rectangle(width / 2, 0, width, height)]
        if rng.random() < 0.3:
            frame = self._frame(width, height, bleed=0.5)
            return Layout(
                width,
                height,
                self._rows(frame, int(rng.integers(1, 4)), 0.012 * width, (0.1, 0.05), across=True),
            )
        cells: list[Polygon] = []
        for page in pages:
            part = self._tiers()
            scale = np.array([width / 2 / part.width, height / part.height])
            inner = rng.uniform(0.0, 0.03) * width if rng.random() < 0.7 else 0.0
            for cell in part.cells:
                moved = cell * scale + page[0]
                moved[:, 0] = np.clip(
                    moved[:, 0],
                    page[0, 0] + (inner if page[0, 0] else -6),
                    page[1, 0] + (6 if page[0, 0] else -inner),
                )
                cells.append(moved)
        return Layout(width, height, cells)

    def _floating(self) -> Layout:
        """Panels that lie apart or over one another on one large picture."""
        rng = self._rng
        width, height = self._page((0.8, 1.6))
        cells: list[Polygon] = []
        for _ in range(40):
            w, h = rng.uniform(0.2, 0.6) * width, rng.uniform(0.12, 0.4) * height
            x, y = rng.uniform(0.0, width - w), rng.uniform(0.0, height - h)
            box = rectangle(x, y, x + w, y + h)
            if rng.random() < 0.3:
                box = half(
                    box,
                    np.array([np.cos(0.3), np.sin(0.3)]),
                    float(box.mean(axis=0) @ [np.cos(0.3), np.sin(0.3)] + 0.35 * w),
                )
            if all(_shared(box, other) < 0.18 for other in cells):
                cells.append(box)
            if len(cells) >= 7:
                break
        return Layout(width, height, cells, is_on_art=bool(rng.random() < 0.75))

    def _without(self) -> Layout:
        """Return a page without panels: prose, or nothing at all."""
        width, height = self._page((0.8, 1.6))
        return Layout(width, height, [])

    def _add_insets(self, layout: Layout, n: int) -> None:
        """Lay small panels over the large ones."""
        rng = self._rng
        for _ in range(n if layout.cells else 0):
            sizes = np.array([np.prod(np.ptp(c, axis=0)) for c in layout.cells])
            host = bounds(layout.cells[int(rng.choice(len(sizes), p=sizes / sizes.sum()))])
            x0, y0 = max(0.0, host[0]), max(0.0, host[1])
            x1, y1 = min(float(layout.width), host[2]), min(float(layout.height), host[3])
            w, h = (x1 - x0) * rng.uniform(0.18, 0.5), (y1 - y0) * rng.uniform(0.18, 0.5)
            if min(w, h) < 0.07 * layout.width:
                continue
            out = 0.3 if rng.random() < 0.3 else 0.0
            x = rng.uniform(x0 - out * w, x1 - w * (1 - out))
            y = rng.uniform(y0 - out * h, y1 - h * (1 - out))
            box = rectangle(x, y, x + w, y + h)
            if all(_shared(box, other) < 0.1 for other in layout.insets):
                layout.insets.append(box)


def _shared(a: Polygon, b: Polygon) -> float:
    """Return the share of the smaller box that two polygons' boxes have in common."""
    ax0, ay0, ax1, ay1 = bounds(a)
    bx0, by0, bx1, by1 = bounds(b)
    w, h = min(ax1, bx1) - max(ax0, bx0), min(ay1, by1) - max(ay0, by0)
    smaller = min((ax1 - ax0) * (ay1 - ay0), (bx1 - bx0) * (by1 - by0))
    return max(0.0, w) * max(0.0, h) / max(1.0, smaller)


def clipped(polygons: Sequence[Polygon], width: int, height: int) -> list[Polygon]:
    """Cut polygons off at the page's edges; what falls outside is empty."""
    edges = (
        (np.array([-1.0, 0.0]), 0.0),
        (np.array([1.0, 0.0]), float(width)),
        (np.array([0.0, -1.0]), 0.0),
        (np.array([0.0, 1.0]), float(height)),
    )
    kept = []
    for polygon in polygons:
        for normal, offset in edges:
            if len(polygon) >= 3:
                polygon = half(polygon, normal, offset)
        kept.append(polygon)
    return kept
