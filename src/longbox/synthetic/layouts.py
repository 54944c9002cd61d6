"""How a page is cut into panels: frames in reading order, for each layout and direction.

Every layout is made for left to right and mirrored for right to left; order is by construction,
not by sorting. A frame's box is what a reader sees of it as a frame: clipped at the page edge
where it bleeds, and whole where another panel overlaps it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from longbox.book import Direction
from longbox.geometry import Box
from longbox.synthetic.recipe import Layout

Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """One panel's place on the page.

    Attributes:
        polygon: Corners in page pixels, clockwise from the top left.
        layer: Drawn later when higher; an inset lies above its panel.
        has_border: Whether a line is drawn around it.
        is_box: Whether the polygon is just its bounding box.
    """

    polygon: Polygon
    layer: int = 0
    has_border: bool = True
    is_box: bool = True

    @property
    def box(self) -> Box:
        """The bounding box in page pixels."""
        xs, ys = [p[0] for p in self.polygon], [p[1] for p in self.polygon]
        return Box(min(xs), min(ys), max(xs), max(ys))


@dataclass(frozen=True, slots=True)
class Sheet:
    """The paper a layout is made for: size, margin and gutter in pixels."""

    width: float
    height: float
    margin: float
    gutter: float

    @property
    def inner(self) -> Box:
        """The page without its margins."""
        m = self.margin
        return Box(m, m, self.width - m, self.height - m)


def arrange(
    layout: Layout, sheet: Sheet, direction: Direction, rng: random.Random
) -> tuple[Frame, ...]:
    """Cut a page into frames in reading order."""
    frames = _LAYOUTS[layout](sheet, rng)
    if direction is Direction.RTL:
        frames = [_mirrored(f, sheet.width) for f in frames]
    return tuple(_snapped(f, sheet) for f in frames)


def arrange_tiers(
    box: Box, counts: Sequence[int], sheet: Sheet, rng: random.Random, swing: float
) -> tuple[Frame, ...]:
    """Cut a part of a page into tiers, and tier i into counts[i] panels, left to right.

    Args:
        box: The part.
        counts: Panels of each tier.
        sheet: The page.
        rng: Chooses heights and widths.
        swing: How far heights and widths are from equal, 0 to 1.
    """
    return tuple(_snapped(f, sheet) for f in _rows(box, counts, sheet, rng, swing))


def _snapped(frame: Frame, sheet: Sheet) -> Frame:
    """Round corners to whole pixels and clip them at the page's edge."""
    polygon = tuple(
        (float(min(max(round(x), 0), sheet.width)), float(min(max(round(y), 0), sheet.height)))
        for x, y in frame.polygon
    )
    b = replace(frame, polygon=polygon).box
    is_box = set(polygon) == {(b.x0, b.y0), (b.x1, b.y0), (b.x1, b.y1), (b.x0, b.y1)}
    return replace(frame, polygon=polygon, is_box=is_box)


def _mirrored(frame: Frame, width: float) -> Frame:
    flipped = [(width - x, y) for x, y in frame.polygon]
    order = [1, 0, 3, 2] if len(flipped) == 4 else list(reversed(range(len(flipped))))
    return replace(frame, polygon=tuple(flipped[i] for i in order))


def _boxed(box: Box, *, layer: int = 0, has_border: bool = True) -> Frame:
    b = box
    return Frame(((b.x0, b.y0), (b.x1, b.y0), (b.x1, b.y1), (b.x0, b.y1)), layer, has_border)


def _split(lo: float, hi: float, shares: Sequence[float], gap: float) -> list[tuple[float, float]]:
    """Cut a length into parts of the given shares with gaps between them."""
    free = (hi - lo) - gap * (len(shares) - 1)
    out, at = [], lo
    for share in shares:
        size = free * share / sum(shares)
        out.append((at, at + size))
        at += size + gap
    return out


def _rows(
    box: Box, counts: Sequence[int], sheet: Sheet, rng: random.Random, swing: float
) -> list[Frame]:
    """Cut a box into tiers, and tier i into counts[i] panels; swing 0 makes them equal."""
    frames = []
    heights = [rng.uniform(1 - swing, 1 + swing) for _ in counts]
    for (y0, y1), n in zip(_split(box.y0, box.y1, heights, sheet.gutter), counts, strict=True):
        widths = [rng.uniform(1 - swing, 1 + swing) for _ in range(n)]
        for x0, x1 in _split(box.x0, box.x1, widths, sheet.gutter):
            frames.append(_boxed(Box(x0, y0, x1, y1)))
    return frames


def _grid(sheet: Sheet, rng: random.Random) -> list[Frame]:
    counts = rng.choice(([2, 2, 2], [2, 2], [3, 3, 3], [2, 2, 2], [1, 2, 2]))
    return _rows(sheet.inner, counts, sheet, rng, 0.0)


def _staggered(sheet: Sheet, rng: random.Random) -> list[Frame]:
    counts = rng.choice(([1, 2, 2], [2, 1, 2], [2, 3, 1], [2, 2, 1], [1, 2, 3], [2, 1, 3]))
    if rng.random() < 0.3:
        return _with_tall_panel(sheet, rng)
    return _rows(sheet.inner, counts, sheet, rng, 0.28)


def _with_tall_panel(sheet: Sheet, rng: random.Random) -> list[Frame]:
    """Two tiers, then one panel down the side of two smaller ones."""
    inner, g = sheet.inner, sheet.gutter
    cut = inner.y0 + inner.height * rng.uniform(0.34, 0.44)
    top = _rows(Box(inner.x0, inner.y0, inner.x1, cut), [rng.choice((1, 2))], sheet, rng, 0.25)
    x = inner.x0 + inner.width * rng.uniform(0.4, 0.55)
    tall = _boxed(Box(inner.x0, cut + g, x, inner.y1))
    side = _rows(Box(x + g, cut + g, inner.x1, inner.y1), [1, 1], sheet, rng, 0.2)
    return [*top, tall, *side]


def _splash(sheet: Sheet, rng: random.Random) -> list[Frame]:
    if rng.random() < 0.5:
        return [_boxed(Box(0, 0, sheet.width, sheet.height), has_border=False)]
    return [_boxed(sheet.inner)]


def _inset(sheet: Sheet, rng: random.Random) -> list[Frame]:
    inner, g = sheet.inner, sheet.gutter
    cut = inner.y0 + inner.height * rng.uniform(0.58, 0.66)
    big = Box(inner.x0, inner.y0, inner.x1, cut)
    n = rng.choice((1, 2))
    w, h = big.width * 0.3, big.height * 0.3
    insets = []
    for k in range(n):
        x1 = big.x1 - 16
        y1 = big.y1 - 16 - (n - 1 - k) * (h + 16)
        insets.append(_boxed(Box(x1 - w, y1 - h, x1, y1), layer=1))
    rest = _rows(Box(inner.x0, cut + g, inner.x1, inner.y1), [rng.choice((2, 3))], sheet, rng, 0.2)
    return [_boxed(big), *insets, *rest]


def _bleed(sheet: Sheet, rng: random.Random) -> list[Frame]:
    inner, g = sheet.inner, sheet.gutter
    first, second = sorted(rng.sample((0.32, 0.38, 0.64, 0.70), 2))
    if second - first < 0.2:
        first, second = 0.34, 0.67
    y1, y2 = sheet.height * first, sheet.height * second
    top = _boxed(Box(0, 0, sheet.width, y1), has_border=False)
    middle = _rows(Box(inner.x0, y1 + g, inner.x1, y2), [rng.choice((2, 3))], sheet, rng, 0.2)
    x = sheet.width * rng.uniform(0.42, 0.58)
    last = [_boxed(Box(0, y2 + g, x, sheet.height)), _boxed(Box(x + g, y2 + g, inner.x1, inner.y1))]
    if rng.random() < 0.4:
        last = [_boxed(Box(0, y2 + g, sheet.width, sheet.height), has_border=False)]
    return [top, *middle, *last]


def _overlap(sheet: Sheet, rng: random.Random) -> list[Frame]:
    """Panels that lie half on top of the one before them."""
    inner = sheet.inner
    n = rng.choice((3, 4))
    step = inner.height / n
    frames = []
    for k in range(n):
        wide = inner.width * rng.uniform(0.66, 0.78)
        x0 = inner.x0 if k % 2 == 0 else inner.x1 - wide
        y0 = inner.y0 + k * step - (0.12 * step if k else 0)
        frames.append(_boxed(Box(x0, y0, x0 + wide, min(y0 + step * 1.02, inner.y1)), layer=k))
    return frames


def _slanted(sheet: Sheet, rng: random.Random) -> list[Frame]:
    """Tiers and columns cut by slanted lines."""
    inner, g = sheet.inner, sheet.gutter
    counts = rng.choice(([1, 2, 2], [2, 1, 2], [2, 2], [2, 2, 1], [1, 2, 1]))
    frames = []
    lean = inner.height * 0.035
    tiers = _split(inner.y0, inner.y1, [rng.uniform(0.8, 1.2) for _ in counts], g)
    tilts = [0.0, *(rng.choice((-1, 1)) * rng.uniform(0.5, 1.0) * lean for _ in tiers[1:]), 0.0]
    for i, ((y0, y1), n) in enumerate(zip(tiers, counts, strict=True)):
        cuts = _split(inner.x0, inner.x1, [rng.uniform(0.75, 1.25) for _ in range(n)], g)
        slopes = [
            0.0,
            *(rng.choice((-1, 1)) * inner.width * rng.uniform(0.03, 0.07) for _ in cuts[1:]),
            0.0,
        ]
        for j, (x0, x1) in enumerate(cuts):
            left, right = (x0 + slopes[j], x0 - slopes[j]), (x1 + slopes[j + 1], x1 - slopes[j + 1])
            corners = (
                (left[0], y0, tilts[i]),
                (right[0], y0, tilts[i]),
                (right[1], y1, tilts[i + 1]),
                (left[1], y1, tilts[i + 1]),
            )
            frames.append(
                Frame(
                    tuple(
                        (x, y + tilt * (2 * (x - inner.x0) / inner.width - 1))
                        for x, y, tilt in corners
                    )
                )
            )
    return frames


def _webtoon(sheet: Sheet, rng: random.Random) -> list[Frame]:
    """Panels one below the other with wide gutters, some from edge to edge."""
    n = max(2, round(sheet.height / 800))
    heights = [rng.uniform(0.8, 1.3) for _ in range(n)]
    frames = []
    gap = sheet.height * rng.uniform(0.035, 0.07)
    for y0, y1 in _split(gap, sheet.height - gap, heights, gap):
        side = rng.choice((0.0, sheet.margin, sheet.margin * 2))
        shift = rng.choice((-1, 0, 1)) * side * 0.5
        frames.append(
            _boxed(Box(side + shift, y0, sheet.width - side + shift, y1), has_border=side > 0)
        )
    return frames


def _yonkoma(sheet: Sheet, rng: random.Random) -> list[Frame]:
    """Four panels down a column; one or two columns a page."""
    inner = sheet.inner
    n_columns = rng.choice((1, 2)) if inner.width > 600 else 1
    side = inner.width * 0.16 if n_columns == 1 else 0.0
    frames = []
    for x0, x1 in _split(inner.x0 + side, inner.x1 - side, [1.0] * n_columns, sheet.gutter * 3):
        for y0, y1 in _split(inner.y0 + sheet.margin, inner.y1, [1.0] * 4, sheet.gutter):
            frames.append(_boxed(Box(x0, y0, x1, y1)))
    return frames


def _spread(sheet: Sheet, rng: random.Random) -> list[Frame]:
    """Two facing pages as one picture: a wide panel over a tier that runs across the fold."""
    inner, g = sheet.inner, sheet.gutter
    cut = inner.y0 + inner.height * rng.uniform(0.5, 0.62)
    top = _boxed(Box(0, 0, sheet.width, cut), has_border=False)
    n = rng.choice((3, 4))
    return [top, *_rows(Box(inner.x0, cut + g, inner.x1, inner.y1), [n], sheet, rng, 0.2)]


_LAYOUTS = {
    Layout.GRID: _grid,
    Layout.STAGGERED: _staggered,
    Layout.SPLASH: _splash,
    Layout.INSET: _inset,
    Layout.BLEED: _bleed,
    Layout.OVERLAP: _overlap,
    Layout.SLANTED: _slanted,
    Layout.WEBTOON: _webtoon,
    Layout.YONKOMA: _yonkoma,
    Layout.SPREAD: _spread,
}
