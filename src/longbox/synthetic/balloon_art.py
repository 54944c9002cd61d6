"""Draw balloons, captions and sound effects at the places that were found for them."""

from __future__ import annotations

import math
import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from longbox.geometry import Box
from longbox.synthetic.balloons import turned_masks
from longbox.synthetic.canvas import Canvas
from longbox.synthetic.lettering import draw_lettering
from longbox.synthetic.outline import Points, box, curve, ellipse, points, rounded, superellipse
from longbox.synthetic.palette import RGB, WHITE, Palette
from longbox.synthetic.plan import PlacedText
from longbox.synthetic.recipe import Style

Pixels = NDArray[np.uint8]

_CAPTIONS: dict[Style, RGB] = {
    Style.FLAT: (255, 240, 178),
    Style.HALFTONE: (255, 236, 120),
    Style.PAPER: (250, 232, 190),
    Style.DARK: (28, 28, 40),
}
_LIGHT: RGB = (236, 236, 244)


def draw_texts(page: Pixels, texts: tuple[PlacedText, ...], style: Style) -> Pixels:
    """Draw all lettering of a page over its panels; returns the new page."""
    if not texts:
        return page
    palette = Palette(Style.FLAT)
    canvas = Canvas(page, palette, line_px=max(1.6, page.shape[1] / 1000 * 2.6))
    for text in texts:
        if text.balloon is not None:
            _draw_balloon(canvas, text, style)
    picture = Image.fromarray(canvas.pixels())
    for text in texts:
        if text.angle or text.outline:
            _draw_sound(picture, text, style)
        else:
            color = _LIGHT if text.shape == "caption" and style is Style.DARK else text.color
            draw_lettering(picture, text.lettering, round(text.box.x0), round(text.box.y0), color)
    return np.asarray(picture)


def _draw_balloon(canvas: Canvas, text: PlacedText, style: Style) -> None:
    b = text.balloon
    if b is None:
        return
    if text.shape == "caption":
        canvas.shape(box(b.x0, b.y0, b.x1, b.y1), _CAPTIONS.get(style, WHITE), 1.0)
        return
    body = _body(text.shape, b)
    pieces = [body]
    if text.tail is not None and text.shape != "cloud":
        pieces.append(_tail(b, text.tail, zigzag=text.shape == "robot"))
    for piece in pieces:
        canvas.shape(piece, WHITE, 2.0)
    for piece in pieces:
        canvas.shape(piece, WHITE, 0)
    if text.shape == "cloud" and text.tail is not None:
        _draw_thought_trail(canvas, b, text.tail)


def _body(shape: str, b: Box) -> Points:
    (cx, cy), rx, ry = b.center, b.width / 2, b.height / 2
    if shape == "robot":
        cut = min(rx, ry) * 0.3
        return points(
            (b.x0 + cut, b.y0),
            (b.x1 - cut, b.y0),
            (b.x1, b.y0 + cut),
            (b.x1, b.y1 - cut),
            (b.x1 - cut, b.y1),
            (b.x0 + cut, b.y1),
            (b.x0, b.y1 - cut),
            (b.x0, b.y0 + cut),
        )
    if shape == "burst":
        return _burst(cx, cy, rx, ry)
    if shape == "cloud":
        return _bumpy(cx, cy, rx, ry, 0.10)
    if shape == "wave":
        return _bumpy(cx, cy, rx, ry, 0.035)
    if shape == "round":
        return rounded(b.x0, b.y0, b.x1, b.y1, min(rx, ry) * 0.5)
    return superellipse(cx, cy, rx, ry, 2.35)


def _burst(cx: float, cy: float, rx: float, ry: float) -> Points:
    n = max(9, round((rx + ry) / 16))
    rng = random.Random(round(rx * 7 + ry))
    angles = np.arange(2 * n) * math.pi / n
    radii = np.array([1.06 + 0.06 * rng.random() if i % 2 else 0.86 for i in range(2 * n)])
    return np.stack([cx + rx * radii * np.cos(angles), cy + ry * radii * np.sin(angles)], axis=1)


def _bumpy(cx: float, cy: float, rx: float, ry: float, depth: float) -> Points:
    n = max(8, round((rx + ry) / 20))
    angles = np.linspace(0, 2 * math.pi, n * 10, endpoint=False)
    bumps = 1 - depth + depth * 1.2 * np.abs(np.sin(angles * n / 2))
    base = superellipse(0, 0, 1, 1, 2.35)
    radius = np.interp(
        angles,
        np.linspace(0, 2 * math.pi, len(base), endpoint=False),
        np.hypot(base[:, 0], base[:, 1]),
    )
    reach = radius * bumps
    return np.stack([cx + rx * reach * np.cos(angles), cy + ry * reach * np.sin(angles)], axis=1)


def _tail(b: Box, tip: tuple[float, float], *, zigzag: bool) -> Points:
    (cx, cy), (tx, ty) = b.center, tip
    dx, dy = tx - cx, ty - cy
    length = max(math.hypot(dx, dy), 1.0)
    nx, ny = -dy / length, dx / length
    half = min(b.width, b.height) * 0.13
    # Start a little inside the balloon, so that the outline is open there.
    inside = 0.55 * min(
        1.0, min(b.width / 2 / max(abs(dx), 1e-6), b.height / 2 / max(abs(dy), 1e-6))
    )
    sx, sy = cx + dx * inside, cy + dy * inside
    if zigzag:
        mx, my = (sx + tx) / 2, (sy + ty) / 2
        return points(
            (sx + nx * half, sy + ny * half),
            (mx + nx * half * 1.6, my + ny * half * 1.6),
            (mx + nx * half * 0.4, my + ny * half * 0.4),
            (tx, ty),
            (mx - nx * half * 1.2, my - ny * half * 1.2),
            (mx, my),
            (sx - nx * half, sy - ny * half),
        )
    bend = 0.12 * length
    left = curve(
        [
            (sx + nx * half, sy + ny * half),
            ((sx + tx) / 2 + nx * (half * 0.55 + bend), (sy + ty) / 2 + ny * (half * 0.55 + bend)),
            (tx, ty),
        ]
    )
    right = curve(
        [
            (tx, ty),
            ((sx + tx) / 2 + nx * (bend - half * 0.55), (sy + ty) / 2 + ny * (bend - half * 0.55)),
            (sx - nx * half, sy - ny * half),
        ]
    )
    return np.concatenate([left, right])


def _draw_thought_trail(canvas: Canvas, b: Box, tip: tuple[float, float]) -> None:
    (cx, cy), (tx, ty) = b.center, tip
    edge = min(
        1.0, min(b.width / 2 / max(abs(tx - cx), 1e-6), b.height / 2 / max(abs(ty - cy), 1e-6))
    )
    sx, sy = cx + (tx - cx) * edge, cy + (ty - cy) * edge
    size = min(b.width, b.height) * 0.09
    for share, scale in ((0.12, 1.0), (0.5, 0.7), (0.85, 0.45)):
        x, y = sx + (tx - sx) * share, sy + (ty - sy) * share
        canvas.shape(ellipse(x, y, size * scale * 1.2, size * scale), WHITE, 1.0)


def _draw_sound(picture: Image.Image, text: PlacedText, style: Style) -> None:
    """Draw a sound effect: a turned outline, and the letters in colour inside it."""
    at = round(text.box.x0), round(text.box.y0)
    fill, outline = text.color, text.outline or (0, 0, 0)
    if style in (Style.INK, Style.SCREENTONE):
        fill, outline = (WHITE, (0, 0, 0)) if sum(outline) < 380 else ((0, 0, 0), WHITE)
    outer, inner = turned_masks(text.lettering, text.angle)
    size = (*at, at[0] + outer.width, at[1] + outer.height)
    picture.paste(outline, size, outer)
    picture.paste(fill, size, inner)
