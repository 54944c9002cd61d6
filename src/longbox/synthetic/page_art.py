"""Draw a planned page: paper, panels from the lowest layer up, lettering, printing."""

from __future__ import annotations

import math
import random

import numpy as np
from numpy.typing import NDArray

from longbox.synthetic.balloon_art import draw_texts
from longbox.synthetic.canvas import Canvas
from longbox.synthetic.outline import box, ellipse, points, rounded, star
from longbox.synthetic.palette import RGB, WHITE, Palette, mix
from longbox.synthetic.panel_art import draw_break_outs, draw_panel
from longbox.synthetic.plan import PagePlan
from longbox.synthetic.printing import print_page
from longbox.synthetic.props import draw_prop
from longbox.synthetic.recipe import Style

Pixels = NDArray[np.uint8]

_BRIGHT: tuple[tuple[RGB, RGB], ...] = (
    ((255, 222, 89), (255, 176, 60)),
    ((120, 210, 220), (70, 160, 200)),
    ((250, 150, 150), (226, 84, 100)),
)


def draw_page(plan: PagePlan, style: Style, seed: int) -> Pixels:
    """Draw a page, uint8 (H, W, 3); the same plan gives the same bytes."""
    page = np.empty((plan.height, plan.width, 3), dtype=np.uint8)
    page[:] = plan.gutter
    if plan.motif.startswith(("ad-", "back-")):
        page = _draw_goods(page, plan, style, random.Random(f"goods-{seed}-{plan.index}"))
    elif plan.motif == "text":
        page = _draw_rules(page, plan, style)
    for panel in sorted(plan.panels, key=lambda p: p.frame.layer):
        draw_panel(page, panel, style, plan.gutter)
    page = draw_break_outs(page, plan.panels, style)
    page = draw_texts(page, plan.texts, style)
    return print_page(page, style, seed * 1009 + plan.index)


def _draw_goods(page: Pixels, plan: PagePlan, style: Style, rng: random.Random) -> Pixels:
    """Draw a thing on rays, the picture of an advertisement or a back cover."""
    w, h = plan.width, plan.height
    canvas = Canvas(page, Palette(style), line_px=w / 1000 * 5)
    light, dark = rng.choice(_BRIGHT)
    canvas.shape(box(-9, -9, w + 9, h + 9), mix(light, WHITE, 0.15), 0)
    cx, cy = w / 2, h * 0.4
    for i in range(20):
        a, half = math.pi * i / 10, math.pi / 40
        far = w + h
        canvas.shape(
            points(
                (cx, cy),
                (cx + far * math.cos(a - half), cy + far * math.sin(a - half)),
                (cx + far * math.cos(a + half), cy + far * math.sin(a + half)),
            ),
            dark,
            0,
        )
    if plan.motif.startswith("ad-"):
        canvas.shape(star(cx, cy, w * 0.36, w * 0.29, 22), WHITE, 1.0)
    else:
        canvas.shape(ellipse(cx, cy, w * 0.3, w * 0.3), WHITE, 1.0)
    with canvas.moved(cx, cy, w * 0.26, angle=rng.uniform(-0.2, 0.2)):
        draw_prop(canvas, plan.motif.split("-", 1)[1])
    top = min((t.box.y0 for t in plan.texts if t.outline is None), default=h) - h * 0.02
    bottom = max((t.box.y1 for t in plan.texts if t.outline is None), default=h) + h * 0.02
    if top < bottom:
        canvas.shape(rounded(w * 0.05, top, w * 0.95, bottom, w * 0.02), (255, 250, 232), 1.0)
    return canvas.pixels()


def _draw_rules(page: Pixels, plan: PagePlan, style: Style) -> Pixels:
    """Draw the thin lines of a text page."""
    canvas = Canvas(page, Palette(style), line_px=1.5)
    ink: RGB = (120, 120, 130)
    head = plan.texts[0].box.y1 + plan.height * 0.014
    canvas.stroke([(plan.width * 0.08, head), (plan.width * 0.92, head)], 1.6, ink)
    canvas.stroke([(plan.width / 2, head + 14), (plan.width / 2, plan.height * 0.94)], 0.8, ink)
    return canvas.pixels()
