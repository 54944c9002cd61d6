"""A picture that shapes are drawn on, antialiased, through a stack of transforms.

The drawing is done by AGG (aggdraw): plain C++ without system libraries, and the same bytes on
every machine. AGG knows no clipping and no gradients; a panel is therefore its own canvas, laid on
the page through the outline of its frame, and a gradient is the first thing a canvas is filled
with. Colours pass through the canvas's Palette, which is what makes one drawing an ink page, a
screentone page or a colour page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import aggdraw
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from longbox.synthetic.outline import Points, ellipse
from longbox.synthetic.palette import RGB, Palette

_Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class Canvas:
    """A picture being drawn.

    Attributes:
        palette: Turns the colours that are asked for into the style's own.
        line_px: Width of a line of weight 1 in pixels.
    """

    def __init__(
        self, picture: NDArray[np.uint8], palette: Palette, *, line_px: float = 3.0
    ) -> None:
        """Start from a picture, uint8 (H, W, 3); it is copied."""
        self.height, self.width = picture.shape[:2]
        self.palette = palette
        self.line_px = line_px
        self._draw = aggdraw.Draw(Image.fromarray(picture))
        self._matrix = _IDENTITY
        self._scale = 1.0

    def pixels(self) -> NDArray[np.uint8]:
        """Return what was drawn, uint8 (H, W, 3)."""
        flat = np.frombuffer(self._draw.tobytes(), dtype=np.uint8)
        return flat.reshape(self.height, self.width, 3).copy()

    @contextmanager
    def moved(
        self, x: float, y: float, scale: float = 1.0, *, angle: float = 0.0, mirror: bool = False
    ) -> Iterator[None]:
        """Draw what follows shifted, scaled, turned (radians) and, if asked, mirrored."""
        before = self._matrix, self._scale
        c, s = math.cos(angle) * scale, math.sin(angle) * scale
        flip = -1.0 if mirror else 1.0
        self._matrix = _compose(self._matrix, (c * flip, -s, s * flip, c, x, y))
        self._scale *= scale
        try:
            yield
        finally:
            self._matrix, self._scale = before

    def where(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the present transform lies on the picture, in pixels."""
        a, b, c, d, e, f = self._matrix
        return a * x + b * y + e, c * x + d * y + f

    def shape(
        self, outline: Points, fill: RGB | None, line: float = 1.0, *, opacity: int = 255
    ) -> None:
        """Draw a closed shape: fill (None for none), then its outline of the given weight."""
        brush = aggdraw.Brush(self.palette.fill(fill), opacity) if fill is not None else None
        xy = self._place(outline)
        if brush is not None:
            self._draw.polygon(xy, None, brush)
        if line:
            self._draw.polygon(xy, aggdraw.Pen(self.palette.line, line * self.line_px))

    def stroke(
        self,
        path: Points | Sequence[tuple[float, float]],
        width: float = 1.0,
        color: RGB | None = None,
        *,
        opacity: int = 255,
    ) -> None:
        """Draw an open line; width is a line weight, the colour None is the style's ink."""
        ink = self.palette.line if color is None else self.palette.fill(color)
        self._draw.line(self._place(path), aggdraw.Pen(ink, width * self.line_px, opacity))

    def limb(
        self,
        path: Points | Sequence[tuple[float, float]],
        thickness: float,
        fill: RGB,
        line: float = 1.0,
    ) -> None:
        """Draw an outlined tube with round ends; thickness in the present unit."""
        xy = self._place(path)
        thick = thickness * self._scale
        for color, width in (
            (self.palette.line, thick + 2 * line * self.line_px),
            (self.palette.fill(fill), thick),
        ):
            if width <= 0:
                continue
            brush = aggdraw.Brush(color)
            self._draw.line(xy, aggdraw.Pen(color, width))
            r = width / 2
            for x, y in ((xy[0], xy[1]), (xy[-2], xy[-1])):
                self._draw.ellipse((x - r, y - r, x + r, y + r), None, brush)

    def dot(self, x: float, y: float, radius: float, fill: RGB | None = None) -> None:
        """Draw a filled circle without outline; None is the style's ink."""
        px, py = self.where(x, y)
        r = radius * self._scale
        color = self.palette.line if fill is None else self.palette.fill(fill)
        self._draw.ellipse((px - r, py - r, px + r, py + r), None, aggdraw.Brush(color))

    def glow(self, x: float, y: float, radius: float, fill: RGB, strength: int = 26) -> None:
        """Draw a soft light: circles of falling size on top of each other."""
        for share in (1.0, 0.8, 0.62, 0.46, 0.32):
            self.shape(ellipse(x, y, radius * share, radius * share), fill, 0, opacity=strength)

    def _place(self, path: Points | Sequence[tuple[float, float]]) -> list[float]:
        a, b, c, d, e, f = self._matrix
        p = np.asarray(path, dtype=np.float64)
        xy = np.empty_like(p)
        xy[:, 0] = a * p[:, 0] + b * p[:, 1] + e
        xy[:, 1] = c * p[:, 0] + d * p[:, 1] + f
        flat: list[float] = xy.ravel().tolist()
        return flat


def _compose(outer: _Matrix, inner: _Matrix) -> _Matrix:
    """Return the transform that applies inner first, then outer."""
    a, b, c, d, e, f = outer
    g, h, i, j, k, m = inner
    return (
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        a * k + b * m + e,
        c * k + d * m + f,
    )
