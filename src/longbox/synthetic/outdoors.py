"""Outdoor places: forest, castle, city roofs, sea, market, mountains. Units: see places.py."""

from __future__ import annotations

import random

import numpy as np

from longbox.synthetic.canvas import Canvas
from longbox.synthetic.outline import Points, arc, blob, box, ellipse, points, rounded
from longbox.synthetic.palette import LAMPLIGHT, MOONLIGHT, RGB, STARLIGHT, WHITE, mix, shade

_LEAF: tuple[RGB, ...] = ((70, 150, 84), (98, 176, 80), (48, 122, 84), (128, 190, 90))
_STONE: RGB = (168, 164, 176)


def draw_sky(canvas: Canvas, light: str, wide: float, rng: random.Random) -> None:
    """Draw sun, moon, stars or clouds on the backdrop."""
    canvas.palette = canvas.palette.at(1.0)
    x = wide * rng.uniform(0.6, 0.85)
    if light == "night":
        canvas.glow(x, 0.2, 0.2, (210, 220, 255))
        canvas.shape(ellipse(x, 0.2, 0.085, 0.085), MOONLIGHT, 0)
        canvas.shape(ellipse(x + 0.03, 0.185, 0.02, 0.02), (232, 226, 196), 0)
        for _ in range(int(26 * wide) + 8):
            canvas.dot(
                rng.random() * wide, rng.random() * 0.55, rng.choice((0.003, 0.005)), STARLIGHT
            )
        return
    if light == "rain":
        for i in range(4):
            _draw_cloud(
                canvas, wide * (i + rng.random()) / 4, rng.uniform(0.03, 0.16), 0.2, (110, 122, 146)
            )
        return
    if light == "dusk":
        canvas.glow(x, 0.46, 0.32, (255, 220, 140))
        canvas.shape(ellipse(x, 0.46, 0.11, 0.11), (255, 236, 170), 0)
    else:
        canvas.glow(x, 0.15, 0.2, (255, 250, 210))
        canvas.shape(ellipse(x, 0.15, 0.07, 0.07), (255, 240, 150), 0)
    for i in range(3):
        _draw_cloud(
            canvas,
            wide * (i + rng.random()) / 3,
            rng.uniform(0.08, 0.34),
            rng.uniform(0.08, 0.14),
            WHITE if light == "day" else (255, 206, 180),
        )


def draw_rain(canvas: Canvas, wide: float, rng: random.Random) -> None:
    """Draw falling rain over everything."""
    for _ in range(int(60 * wide) + 20):
        x, y, long = rng.random() * wide * 1.1, rng.random(), rng.uniform(0.04, 0.1)
        canvas.stroke(
            points((x, y), (x - long * 0.3, y + long)), 0.45, (214, 228, 246), opacity=170
        )


def draw_forest(canvas: Canvas, light: str, wide: float, rng: random.Random) -> None:
    """Draw hills, two rows of trees, grass with mushrooms."""
    draw_sky(canvas, light, wide, rng)
    _draw_hill(canvas, wide, 0.62, 0.08, (136, 190, 130), rng)
    canvas.palette = canvas.palette.at(0.6)
    for i in range(int(wide * 4) + 2):
        _draw_round_tree(canvas, (i + rng.random() * 0.7) * wide / (wide * 4 + 1), 0.74, 0.34, rng)
    canvas.palette = canvas.palette.at(0.3)
    _draw_hill(canvas, wide, 0.74, 0.03, (110, 170, 92), rng)
    for i in range(int(wide * 2) + 1):
        _draw_pine(canvas, (i + rng.random() * 0.8) * wide / (wide * 2 + 0.5), 0.82, 0.62, rng)
    _draw_hill(canvas, wide, 0.84, 0.015, (134, 190, 96), rng)
    for _ in range(int(wide * 10) + 4):
        _draw_grass(canvas, rng.random() * wide, rng.uniform(0.88, 1.0))
    for _ in range(int(wide * 3)):
        _draw_mushroom(canvas, rng.random() * wide, rng.uniform(0.9, 0.98))


def draw_mountain(canvas: Canvas, light: str, wide: float, rng: random.Random) -> None:
    """Draw snowy peaks behind a rocky path."""
    draw_sky(canvas, light, wide, rng)
    for far, base, tall in ((1.0, 0.74, 0.42), (0.6, 0.82, 0.36)):
        canvas.palette = canvas.palette.at(far)
        for i in range(int(wide * 2) + 2):
            x, h = (
                (i + rng.random() * 0.6 - 0.3) * wide / (wide * 2 + 1),
                tall * rng.uniform(0.7, 1.1),
            )
            color = mix((120, 124, 160), (160, 150, 170), rng.random())
            canvas.shape(
                points((x - h * 0.62, base), (x, base - h), (x + h * 0.7, base)), color, 0.8
            )
            canvas.shape(
                points(
                    (x - h * 0.2, base - h * 0.68),
                    (x, base - h),
                    (x + h * 0.22, base - h * 0.69),
                    (x + h * 0.1, base - h * 0.6),
                    (x, base - h * 0.7),
                    (x - h * 0.1, base - h * 0.58),
                ),
                WHITE,
                0.5,
            )
    canvas.palette = canvas.palette.at(0.3)
    _draw_hill(canvas, wide, 0.79, 0.03, (176, 152, 120), rng)
    for _ in range(int(wide * 5) + 2):
        x, y, r = rng.random() * wide, rng.uniform(0.84, 0.97), rng.uniform(0.015, 0.045)
        canvas.shape(
            blob([(x - r, y), (x - r * 0.5, y - r), (x + r * 0.6, y - r * 0.9), (x + r, y)], 5),
            shade(_STONE, rng.uniform(0.8, 1.1)),
            0.8,
        )


def draw_castle(canvas: Canvas, light: str, wide: float, rng: random.Random) -> None:
    """Draw a castle on a hill behind a meadow."""
    draw_sky(canvas, light, wide, rng)
    _draw_hill(canvas, wide, 0.68, 0.1, (126, 178, 130), rng)
    canvas.palette = canvas.palette.at(0.5)
    cx = wide * rng.uniform(0.4, 0.6)
    lit = LAMPLIGHT if light != "day" else (92, 100, 130)
    canvas.shape(box(cx - 0.26, 0.42, cx + 0.26, 0.78), _STONE, 0.9)
    _draw_battlement(canvas, cx - 0.26, cx + 0.26, 0.42)
    for dx, top, half in ((-0.28, 0.26, 0.075), (0.28, 0.3, 0.075), (0.02, 0.16, 0.095)):
        _draw_tower(canvas, cx + dx, top, half, lit)
    canvas.shape(
        np.concatenate(
            [
                arc(cx, 0.66, 0.07, 0.09, 3.1416, 6.2832),
                points((cx + 0.07, 0.79), (cx - 0.07, 0.79)),
            ]
        ),
        (90, 58, 40),
        0.9,
    )
    canvas.palette = canvas.palette.at(0.3)
    _draw_hill(canvas, wide, 0.77, 0.02, (140, 192, 104), rng)
    canvas.shape(
        blob(
            [
                (cx - 0.05, 0.775),
                (cx + 0.06, 0.775),
                (cx + 0.16, 0.88),
                (cx + 0.1, 1.02),
                (cx - 0.3, 1.02),
                (cx - 0.05, 0.88),
            ]
        ),
        (226, 200, 152),
        0,
    )
    for _ in range(int(wide * 12)):
        x, y = rng.random() * wide, rng.uniform(0.83, 0.99)
        canvas.dot(x, y, 0.008, rng.choice(((250, 120, 140), (255, 220, 90), WHITE)))
        _draw_grass(canvas, x, y)


def draw_roof(canvas: Canvas, light: str, wide: float, rng: random.Random) -> None:
    """Draw a skyline with lit windows and a tiled roof in front."""
    draw_sky(canvas, light, wide, rng)
    lit = light != "day"
    for far, low, count in ((1.0, 0.3, 5), (0.6, 0.42, 4)):
        canvas.palette = canvas.palette.at(far)
        x = -0.1
        while x < wide:
            w = rng.uniform(0.11, 0.2)
            top = low + rng.uniform(-0.1, 0.14)
            color = mix((92, 98, 140), (150, 124, 140), rng.random())
            _draw_building(canvas, (x, top), w, color, lit=lit, rng=rng)
            x += w + 0.2 / count * rng.random()
    canvas.palette = canvas.palette.at(0.3)
    canvas.shape(box(-0.1, 0.79, wide + 0.1, 1.1), (164, 84, 72), 1)
    for row in range(4):
        y = 0.79 + row * 0.062
        for i in range(int(wide / 0.09) + 2):
            x = (i - 0.5 * (row % 2)) * 0.09
            canvas.stroke(arc(x + 0.045, y, 0.045, 0.045, 0.0, 3.1416), 0.6)
    x = wide * rng.uniform(0.1, 0.25)
    canvas.shape(box(x - 0.07, 0.58, x + 0.07, 0.84), (150, 96, 84), 1)
    canvas.shape(rounded(x - 0.09, 0.55, x + 0.09, 0.6, 0.01), (110, 72, 66), 1)


def draw_sea(canvas: Canvas, light: str, wide: float, rng: random.Random) -> None:
    """Draw waves, an island with a palm, a sail and a sandy shore."""
    draw_sky(canvas, light, wide, rng)
    canvas.shape(box(-0.1, 0.5, wide + 0.1, 1.1), (64, 150, 196), 0)
    canvas.palette = canvas.palette.at(0.6)
    x = wide * rng.uniform(0.12, 0.3)
    canvas.shape(
        points((x - 0.09, 0.5), (x + 0.1, 0.5), (x + 0.07, 0.55), (x - 0.06, 0.55)),
        (140, 84, 54),
        0.9,
    )
    canvas.shape(points((x, 0.24), (x + 0.12, 0.47), (x, 0.47)), WHITE, 0.9)
    canvas.shape(points((x - 0.01, 0.28), (x - 0.08, 0.47), (x - 0.01, 0.47)), (240, 110, 90), 0.9)
    x = wide * rng.uniform(0.62, 0.85)
    canvas.shape(arc(x, 0.52, 0.2, 0.09, 3.1416, 6.2832), (232, 204, 146), 0.9)
    canvas.limb([(x, 0.45), (x + 0.02, 0.33), (x + 0.06, 0.24)], 0.018, (140, 94, 60), 0.7)
    for dx, dy in ((-0.12, 0.02), (0.12, 0.03), (-0.07, -0.06), (0.08, -0.06)):
        canvas.shape(
            blob(
                [
                    (x + 0.06, 0.24),
                    (x + 0.06 + dx * 0.6, 0.22 + dy - 0.02),
                    (x + 0.06 + dx, 0.26 + dy),
                    (x + 0.06 + dx * 0.5, 0.245 + dy),
                ],
                5,
            ),
            _LEAF[0],
            0.7,
        )
    for row in range(3):
        y = 0.57 + row * 0.07
        for i in range(int(wide * 5) + 1):
            x = (i + rng.random()) / 5
            canvas.stroke(arc(x, y, 0.05, 0.016, 3.3, 6.1), 0.7, (206, 236, 246))
    canvas.palette = canvas.palette.at(0.3)
    _draw_hill(canvas, wide, 0.8, 0.025, (244, 216, 160), rng)
    for _ in range(int(wide * 7)):
        canvas.dot(rng.random() * wide, rng.uniform(0.87, 0.99), 0.006, (214, 178, 120))


def draw_market(canvas: Canvas, light: str, wide: float, rng: random.Random) -> None:
    """Draw houses and striped stalls with fruit on a paved square."""
    draw_sky(canvas, light, wide, rng)
    canvas.palette = canvas.palette.at(0.7)
    x = -0.05
    while x < wide:
        w = rng.uniform(0.2, 0.3)
        _draw_house(canvas, x, rng.uniform(0.26, 0.4), w, rng, lit=light != "day")
        x += w
    canvas.palette = canvas.palette.at(0.3)
    canvas.shape(box(-0.1, 0.78, wide + 0.1, 1.1), (214, 190, 160), 0.9)
    for _ in range(int(wide * 12)):
        x, y = rng.random() * wide, rng.uniform(0.83, 1.0)
        canvas.stroke(points((x, y), (x + 0.06, y)), 0.5, (170, 146, 120))
    for i in range(max(1, int(wide * 1.5))):
        _draw_stall(canvas, (i + 0.2 + rng.random() * 0.4) * wide / max(1, int(wide * 1.5)), rng)


def _draw_cloud(canvas: Canvas, x: float, y: float, size: float, color: RGB) -> None:
    outline = blob(
        [
            (x - size, y),
            (x - size * 0.7, y - size * 0.3),
            (x - size * 0.25, y - size * 0.5),
            (x + size * 0.25, y - size * 0.36),
            (x + size * 0.7, y - size * 0.3),
            (x + size, y),
            (x, y + size * 0.06),
        ],
        6,
    )
    canvas.shape(outline, color, 0.5)


def _draw_hill(
    canvas: Canvas, wide: float, y: float, swing: float, color: RGB, rng: random.Random
) -> None:
    ridge = [(-0.2 + i * (wide + 0.4) / 5, y + rng.uniform(-swing, swing)) for i in range(6)]
    outline = blob([*ridge, (wide + 0.4, 1.3), (-0.4, 1.3)], 6)
    canvas.shape(outline, color, 0.8)


def _draw_round_tree(
    canvas: Canvas, x: float, ground: float, tall: float, rng: random.Random
) -> None:
    color = rng.choice(_LEAF)
    canvas.shape(box(x - 0.016, ground - tall * 0.5, x + 0.016, ground), (120, 80, 56), 0.7)
    y, r = ground - tall * 0.66, tall * 0.36
    crown: Points = blob(
        [
            (x - r, y),
            (x - r * 0.7, y - r * 0.8),
            (x, y - r * 1.05),
            (x + r * 0.75, y - r * 0.75),
            (x + r, y),
            (x + r * 0.6, y + r * 0.7),
            (x - r * 0.6, y + r * 0.7),
        ],
        6,
    )
    canvas.shape(crown, color, 0.8)
    canvas.shape(ellipse(x - r * 0.25, y - r * 0.35, r * 0.42, r * 0.34), shade(color, 1.18), 0)


def _draw_pine(canvas: Canvas, x: float, ground: float, tall: float, rng: random.Random) -> None:
    color = rng.choice(((44, 110, 88), (60, 128, 84), (36, 96, 90)))
    canvas.shape(box(x - 0.022, ground - tall * 0.2, x + 0.022, ground), (112, 72, 50), 0.8)
    for share, half in ((0.15, 0.16), (0.4, 0.125), (0.64, 0.09)):
        base, top = ground - tall * share, ground - tall * (share + 0.4)
        canvas.shape(
            blob(
                [
                    (x, top),
                    (x + half * 0.5, (base + top) / 2),
                    (x + half, base),
                    (x, base + 0.02),
                    (x - half, base),
                    (x - half * 0.5, (base + top) / 2),
                ],
                5,
            ),
            color,
            0.9,
        )


def _draw_grass(canvas: Canvas, x: float, y: float) -> None:
    for dx in (-0.012, 0.0, 0.013):
        canvas.stroke(points((x, y), (x + dx, y - 0.022)), 0.55, (70, 128, 70))


def _draw_mushroom(canvas: Canvas, x: float, y: float) -> None:
    canvas.shape(rounded(x - 0.008, y - 0.025, x + 0.008, y, 0.005), (250, 240, 224), 0.6)
    canvas.shape(arc(x, y - 0.02, 0.024, 0.024, 3.1416, 6.2832), (222, 64, 60), 0.7)
    canvas.dot(x, y - 0.032, 0.005, WHITE)


def _draw_battlement(canvas: Canvas, x0: float, x1: float, y: float) -> None:
    n = 7
    step = (x1 - x0) / n
    for i in range(0, n, 2):
        canvas.shape(box(x0 + i * step, y - 0.035, x0 + (i + 1) * step, y + 0.005), _STONE, 0.8)


def _draw_tower(canvas: Canvas, x: float, top: float, half: float, lit: RGB) -> None:
    canvas.shape(box(x - half, top, x + half, 0.78), shade(_STONE, 1.08), 0.9)
    canvas.shape(box(x + half * 0.4, top, x + half, 0.78), shade(_STONE, 0.86), 0)
    canvas.shape(
        points((x - half * 1.3, top), (x, top - half * 2.1), (x + half * 1.3, top)),
        (196, 76, 84),
        0.9,
    )
    canvas.stroke(points((x, top - half * 2.1), (x, top - half * 2.7)), 0.8)
    canvas.shape(
        points((x, top - half * 2.7), (x + half * 0.9, top - half * 2.5), (x, top - half * 2.3)),
        (250, 206, 80),
        0.6,
    )
    for y in (top + 0.06, top + 0.16):
        canvas.shape(rounded(x - 0.017, y, x + 0.017, y + 0.05, 0.017), lit, 0.7)


def _draw_building(
    canvas: Canvas, at: tuple[float, float], w: float, color: RGB, *, lit: bool, rng: random.Random
) -> None:
    x, top = at
    canvas.shape(box(x, top, x + w, 1.0), color, 0.8)
    cols = max(2, int(w / 0.05))
    for row in range(int((0.8 - top) / 0.075)):
        for col in range(cols):
            on = lit and rng.random() < 0.45
            wx, wy = x + (col + 0.28) * w / cols, top + 0.03 + row * 0.075
            canvas.shape(
                box(wx, wy, wx + w / cols * 0.45, wy + 0.038),
                LAMPLIGHT if on else shade(color, 0.7),
                0,
            )


def _draw_house(
    canvas: Canvas, x: float, top: float, w: float, rng: random.Random, *, lit: bool
) -> None:
    color = rng.choice(((250, 214, 170), (236, 176, 150), (200, 214, 190), (240, 228, 190)))
    canvas.shape(box(x, top, x + w, 0.8), color, 0.8)
    canvas.shape(
        points((x - 0.015, top), (x + w / 2, top - w * 0.5), (x + w + 0.015, top)),
        rng.choice(((180, 84, 70), (120, 96, 120), (90, 120, 140))),
        0.9,
    )
    for wx in (x + w * 0.18, x + w * 0.6):
        for wy in (top + 0.05, top + 0.19):
            canvas.shape(
                box(wx, wy, wx + w * 0.2, wy + 0.075), LAMPLIGHT if lit else (150, 196, 220), 0.7
            )
            canvas.stroke(points((wx + w * 0.1, wy), (wx + w * 0.1, wy + 0.075)), 0.5)


def _draw_stall(canvas: Canvas, x: float, rng: random.Random) -> None:
    color = rng.choice(((220, 70, 70), (60, 140, 190), (90, 160, 90)))
    for dx in (-0.14, 0.14):
        canvas.shape(box(x + dx - 0.008, 0.5, x + dx + 0.008, 0.83), (130, 90, 60), 0.7)
    canvas.shape(box(x - 0.17, 0.68, x + 0.17, 0.83), (186, 130, 80), 0.9)
    for i in range(8):
        fruit = rng.choice(((230, 80, 60), (250, 180, 60), (140, 190, 70)))
        canvas.shape(ellipse(x - 0.14 + i * 0.04, 0.67, 0.022, 0.022), fruit, 0.6)
    for i in range(6):
        x0 = x - 0.19 + i * 0.38 / 6
        stripe = np.concatenate(
            [
                points((x0, 0.47), (x0 + 0.0633, 0.47)),
                arc(x0 + 0.0317, 0.54, 0.0317, 0.028, 0.0, 3.1416),
            ]
        )
        canvas.shape(stripe, color if i % 2 else WHITE, 0.7)
