"""Draw one panel: backdrop, place, figures, weather, and its frame, cut to the frame's outline."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import aggdraw
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from longbox.synthetic.canvas import Canvas
from longbox.synthetic.figures import draw_figure
from longbox.synthetic.outdoors import draw_rain
from longbox.synthetic.outline import box, ellipse, points
from longbox.synthetic.palette import MOODS, RGB, Palette, mix
from longbox.synthetic.places import INDOOR_PLACES, backdrop, draw_place
from longbox.synthetic.plan import PanelPlan, PlacedFigure
from longbox.synthetic.recipe import Style

Pixels = NDArray[np.uint8]

# How near the camera is: the place is drawn this many times the panel's height.
_ZOOM = {"establishing": 1.0, "long": 1.12, "medium": 1.45, "close": 2.1}
_STRONG = ("surprised", "angry", "scared", "joy", "determined")


def draw_panel(page: Pixels, plan: PanelPlan, style: Style, gutter: RGB) -> None:
    """Draw a panel onto the page, in place."""
    frame, story = plan.frame, plan.story
    edge = max(2.0, page.shape[1] / 1000 * 4.0)
    pad = math.ceil(edge) + (8 if frame.layer else 0)
    b = frame.box
    x0, y0 = max(0, int(b.x0) - pad), max(0, int(b.y0) - pad)
    x1, y1 = min(page.shape[1], int(b.x1) + pad), min(page.shape[0], int(b.y1) + pad)
    palette = _palette(plan, style)
    art = _filled(x1 - x0, y1 - y0, backdrop(story.place, story.light), palette.at(1.0))
    canvas = Canvas(art, palette)
    with canvas.moved(b.x0 - x0, b.y0 - y0):
        _draw_scene(canvas, plan, palette)
    canvas.palette = palette
    canvas.line_px = edge
    with canvas.moved(-x0, -y0):
        corners = _inset_corners(plan, edge / 2, page.shape[1], page.shape[0])
        if frame.layer:
            canvas.shape(corners, None, 0)
            canvas.palette = Palette(style)
        if frame.has_border:
            canvas.shape(corners, None, 1.0)
    _lay(page, canvas.pixels(), plan, (x0, y0), gutter)


def draw_break_outs(page: Pixels, plans: Sequence[PanelPlan], style: Style) -> Pixels:
    """Draw the figures that stand out of their frames over the whole page; returns the new page."""
    if not any(f.breaks_out for plan in plans for f in plan.figures):
        return page
    canvas = Canvas(page, Palette(style))
    for plan in plans:
        canvas.palette = _palette(plan, style)
        for figure in plan.figures:
            if figure.breaks_out:
                _draw_placed(canvas, figure, 0, 0)
    return canvas.pixels()


def _palette(plan: PanelPlan, style: Style) -> Palette:
    story = plan.story
    indoors = story.place in INDOOR_PLACES
    return Palette(style, MOODS["indoor" if indoors and story.light == "day" else story.light])


def _filled(width: int, height: int, colors: tuple[RGB, RGB], palette: Palette) -> Pixels:
    """Return a picture filled with a vertical gradient."""
    if palette.style is Style.INK:  # ink knows no gradient: the darker end of it or none
        colors = (colors[0], colors[0]) if sum(colors[0]) < 240 else ((255, 255, 255),) * 2
    top, bottom = (np.array(palette.fill(c), dtype=np.float32) for c in colors)
    share = np.linspace(0, 1, max(height, 1), dtype=np.float32)[:, None]
    column = top * (1 - share) + bottom * share  # (H, 3)
    return np.repeat(column[:, None].astype(np.uint8), width, axis=1)


def _draw_scene(canvas: Canvas, plan: PanelPlan, palette: Palette) -> None:
    """Draw what is inside the frame; the origin is the frame's top left corner."""
    story, b = plan.story, plan.frame.box
    zoom = _ZOOM[story.shot]
    tall = b.height * zoom
    canvas.line_px = min(max(b.height * 0.0062, 1.3), 3.0)
    leader = plan.figures[0] if plan.figures else None
    rng = random.Random(plan.seed)
    if story.shot == "close" and leader and leader.emotion in _STRONG and rng.random() < 0.75:
        canvas.palette = palette.at(1.0)
        _draw_burst(canvas, b.width, b.height, backdrop(story.place, story.light), rng)
    else:
        pan = (rng.random() - 0.5) * 0.1 * b.width * (zoom - 1)
        with canvas.moved((b.width - b.width * zoom) / 2 * 0 + pan, b.height - tall, tall):
            draw_place(
                canvas, story.place, story.light, (b.width + abs(pan)) / tall, plan.seed % 97
            )
        if any(f.pose in ("run", "fall") for f in plan.figures):
            canvas.palette = palette.at(0.4)
            _draw_speed(canvas, b.width, b.height, rng)
    canvas.palette = palette
    for figure in plan.figures:
        if not figure.breaks_out:
            _draw_placed(canvas, figure, b.x0, b.y0)
    if story.light == "rain" and story.place not in INDOOR_PLACES:
        with canvas.moved(0, 0, b.height):
            draw_rain(canvas, b.width / b.height, rng)


def _draw_placed(canvas: Canvas, figure: PlacedFigure, x0: float, y0: float) -> None:
    canvas.line_px = min(max(figure.height * 0.0085, 1.4), 5.0)
    x, y, h = figure.x - x0, figure.ground - y0, figure.height
    if figure.pose not in ("fly",):
        canvas.shape(ellipse(x, y - 0.004 * h, 0.24 * h, 0.035 * h), (30, 30, 60), 0, opacity=60)
    with canvas.moved(x, y, h, mirror=figure.facing < 0):
        draw_figure(canvas, figure.character.look, figure.pose, figure.emotion, figure.prop)


def _draw_burst(
    canvas: Canvas, width: float, height: float, colors: tuple[RGB, RGB], rng: random.Random
) -> None:
    """Draw rays from the middle: the background of a strong feeling."""
    cx, cy, far = width / 2, height * 0.6, width + height
    bright = mix(colors[1], (255, 255, 255), 0.45)
    canvas.shape(box(-9, -9, width + 9, height + 9), mix(colors[0], colors[1], 0.5), 0)
    n = rng.randint(16, 24)
    for i in range(n):
        a = 2 * math.pi * (i + rng.uniform(-0.2, 0.2)) / n
        half = math.pi / n * rng.uniform(0.3, 0.6)
        canvas.shape(
            points(
                (cx, cy),
                (cx + far * math.cos(a - half), cy + far * math.sin(a - half)),
                (cx + far * math.cos(a + half), cy + far * math.sin(a + half)),
            ),
            bright,
            0,
        )


def _draw_speed(canvas: Canvas, width: float, height: float, rng: random.Random) -> None:
    for _ in range(9):
        y, x = height * rng.uniform(0.35, 0.9), width * rng.random()
        canvas.stroke(points((x, y), (x + width * rng.uniform(0.1, 0.25), y)), 0.8, (255, 255, 255))


def _inset_corners(plan: PanelPlan, by: float, width: float, height: float) -> NDArray[np.float64]:
    """Move the outline inwards by half its line, but beyond the paper where it bleeds."""
    corners = np.array(plan.frame.polygon, dtype=np.float64)
    if plan.frame.is_box:
        b = plan.frame.box
        x0 = b.x0 + by if b.x0 > 0 else -by * 2
        y0 = b.y0 + by if b.y0 > 0 else -by * 2
        x1 = b.x1 - by if b.x1 < width else width + by * 2
        y1 = b.y1 - by if b.y1 < height else height + by * 2
        return box(x0, y0, x1, y1)
    middle = corners.mean(axis=0)
    away = corners - middle
    return np.asarray(middle + away * (1 - by / np.abs(away)))


def _lay(page: Pixels, art: Pixels, plan: PanelPlan, at: tuple[int, int], gutter: RGB) -> None:
    """Lay the drawn panel on the page through its outline."""
    x0, y0 = at
    part = page[y0 : y0 + art.shape[0], x0 : x0 + art.shape[1]]
    frame = plan.frame
    if frame.layer:  # a keyline in the gutter's colour keeps it apart from the panel below
        b = frame.box
        part[
            max(0, int(b.y0) - y0 - 6) : int(b.y1) - y0 + 6,
            max(0, int(b.x0) - x0 - 6) : int(b.x1) - x0 + 6,
        ] = gutter
    if frame.is_box:
        b = frame.box
        rows, columns = slice(int(b.y0) - y0, int(b.y1) - y0), slice(int(b.x0) - x0, int(b.x1) - x0)
        part[rows, columns] = art[rows, columns]
        return
    mask = polygon_mask(art.shape[1], art.shape[0], [(x - x0, y - y0) for x, y in frame.polygon])
    share = mask.astype(np.uint16)[..., None]
    part[:] = ((art * share + part * (255 - share)) // 255).astype(np.uint8)


def polygon_mask(width: int, height: int, corners: Sequence[tuple[float, float]]) -> Pixels:
    """Return an antialiased mask of a polygon, uint8 (H, W)."""
    draw = aggdraw.Draw(Image.new("L", (width, height)))
    draw.polygon([v for corner in corners for v in corner], None, aggdraw.Brush(255))
    return np.frombuffer(draw.tobytes(), dtype=np.uint8).reshape(height, width)
