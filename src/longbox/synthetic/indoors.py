"""Indoor places: kitchen, library, space ship, cave, castle hall. See places.py for units."""

from __future__ import annotations

import random

import numpy as np

from longbox.synthetic.canvas import Canvas
from longbox.synthetic.outline import arc, blob, box, ellipse, points, rounded
from longbox.synthetic.palette import MOONLIGHT, RGB, STARLIGHT, WHITE, shade

_WOOD: RGB = (176, 120, 72)
_SPINES: tuple[RGB, ...] = (
    (190, 70, 66),
    (70, 120, 160),
    (226, 176, 80),
    (90, 140, 96),
    (134, 90, 150),
    (220, 210, 190),
)


def draw_kitchen(canvas: Canvas, light: str, wide: float, rng: random.Random) -> None:
    """Draw shelves with jars, a window, a stove with a pot and a tiled floor."""
    canvas.palette = canvas.palette.at(0.4)
    _draw_window(canvas, wide * 0.5, 0.2, 0.15, light)
    for x0, x1 in ((wide * 0.04, wide * 0.3), (wide * 0.7, wide * 0.96)):
        for y in (0.24, 0.42):
            canvas.shape(box(x0, y, x1, y + 0.022), _WOOD, 0.9)
            x = x0 + 0.03
            while x < x1 - 0.04:
                _draw_jar(canvas, x, y, rng)
                x += 0.075
    canvas.shape(box(-0.1, 0.58, wide + 0.1, 0.8), (226, 160, 104), 0.9)
    canvas.shape(box(-0.1, 0.555, wide + 0.1, 0.6), (250, 240, 224), 0.9)
    for i in range(int(wide / 0.24) + 1):
        canvas.stroke(points((i * 0.24, 0.6), (i * 0.24, 0.8)), 0.7)
        canvas.dot(i * 0.24 + 0.2, 0.68, 0.009, (120, 80, 50))
    x = wide * rng.uniform(0.4, 0.62)
    canvas.shape(rounded(x - 0.1, 0.43, x + 0.1, 0.56, 0.03), (90, 96, 112), 0.9)
    canvas.shape(box(x - 0.12, 0.42, x + 0.12, 0.445), (120, 126, 142), 0.9)
    for dx in (-0.04, 0.03):
        canvas.stroke(arc(x + dx, 0.36, 0.02, 0.05, 1.6, 4.4), 0.9, WHITE)
    _draw_tiles(canvas, wide, (236, 214, 190), (206, 164, 136))


def draw_library(canvas: Canvas, light: str, wide: float, rng: random.Random) -> None:
    """Draw tall shelves full of books, a window and a carpet."""
    canvas.palette = canvas.palette.at(0.4)
    n = max(2, int(wide * 2.2))
    for i in range(n):
        x0, x1 = i * wide / n + 0.012, (i + 1) * wide / n - 0.012
        if n > 2 and i == n // 2:
            _draw_window(canvas, (x0 + x1) / 2, 0.2, min(0.14, (x1 - x0) * 0.4), light)
            continue
        canvas.shape(box(x0, 0.06, x1, 0.8), (116, 72, 50), 0.9)
        for row in range(4):
            y = 0.23 + row * 0.18
            canvas.shape(box(x0 + 0.012, y - 0.145, x1 - 0.012, y), (74, 44, 36), 0.6)
            x = x0 + 0.016
            while x < x1 - 0.045:
                w = rng.uniform(0.016, 0.034)
                canvas.shape(
                    box(x, y - rng.uniform(0.085, 0.135), x + w, y), rng.choice(_SPINES), 0.55
                )
                x += w + (0.02 if rng.random() < 0.1 else 0.0)
    canvas.shape(box(-0.1, 0.8, wide + 0.1, 1.1), (140, 90, 66), 0.9)
    canvas.shape(ellipse(wide / 2, 0.95, wide * 0.44, 0.1), (176, 62, 66), 0.8)
    canvas.shape(ellipse(wide / 2, 0.95, wide * 0.38, 0.08), (216, 120, 90), 0)


def draw_ship(canvas: Canvas, light: str, wide: float, rng: random.Random) -> None:  # noqa: ARG001
    """Draw the bridge of a space ship: a wide window on stars, screens and lamps."""
    canvas.palette = canvas.palette.at(0.4)
    canvas.shape(rounded(wide * 0.08, 0.1, wide * 0.92, 0.52, 0.1), (14, 16, 48), 1.2)
    for _ in range(int(40 * wide)):
        canvas.dot(
            wide * rng.uniform(0.1, 0.9),
            rng.uniform(0.13, 0.49),
            rng.choice((0.003, 0.005)),
            STARLIGHT,
        )
    x, y = wide * rng.uniform(0.25, 0.7), 0.3
    canvas.shape(
        ellipse(x, y, 0.11, 0.11),
        rng.choice(((230, 140, 90), (120, 180, 200), (190, 130, 190))),
        0.7,
    )
    canvas.stroke(arc(x, y, 0.18, 0.04, -0.6, 3.74), 1.4, (240, 220, 180))
    for x in (wide * 0.36, wide * 0.64):
        canvas.stroke(points((x, 0.1), (x, 0.52)), 2.2, (120, 140, 170))
    canvas.shape(
        points((-0.1, 0.62), (wide + 0.1, 0.62), (wide + 0.1, 0.8), (-0.1, 0.8)), (120, 138, 166), 1
    )
    for i in range(int(wide / 0.17) + 1):
        x = 0.03 + i * 0.17
        canvas.shape(
            rounded(x, 0.645, x + 0.1, 0.72, 0.012), rng.choice(((70, 200, 180), (40, 60, 90))), 0.8
        )
        for k in range(3):
            canvas.dot(
                x + 0.018 + k * 0.032,
                0.755,
                0.009,
                rng.choice(((250, 90, 90), (250, 210, 80), (110, 220, 130))),
            )
    canvas.shape(box(-0.1, 0.8, wide + 0.1, 1.1), (74, 88, 116), 1)
    for i in range(-2, int(wide / 0.2) + 3):
        canvas.stroke(points((i * 0.2, 1.02), (wide / 2 + (i * 0.2 - wide / 2) * 0.62, 0.8)), 0.6)


def draw_cave(canvas: Canvas, light: str, wide: float, rng: random.Random) -> None:
    """Draw rock, stalactites, glowing crystals and the way out."""
    canvas.palette = canvas.palette.at(0.5)
    x = wide * rng.uniform(0.3, 0.7)
    exit_color: RGB = (190, 226, 250) if light == "day" else (90, 104, 170)
    canvas.shape(
        blob([(x - 0.16, 0.74), (x - 0.14, 0.4), (x, 0.28), (x + 0.15, 0.42), (x + 0.17, 0.74)]),
        exit_color,
        0.9,
    )
    n = int(wide * 7) + 2
    for i in range(n):
        cx, long = (i + rng.random() * 0.5) * wide / n, rng.uniform(0.08, 0.26)
        canvas.shape(
            blob(
                [
                    (cx - 0.06, -0.05),
                    (cx + 0.06, -0.05),
                    (cx + 0.015, long * 0.7),
                    (cx, long),
                    (cx - 0.02, long * 0.7),
                ],
                5,
            ),
            shade((110, 96, 128), rng.uniform(0.75, 1.0)),
            0.9,
        )
    outline = [(-0.1, 0.8 + rng.uniform(-0.02, 0.02))]
    outline += [(wide * k / 6, 0.78 + rng.uniform(-0.03, 0.03)) for k in range(1, 6)]
    canvas.shape(
        blob([*outline, (wide + 0.1, 0.79), (wide + 0.3, 1.2), (-0.3, 1.2)], 6), (98, 86, 110), 0.9
    )
    for _ in range(int(wide * 4) + 2):
        _draw_crystal(canvas, rng.random() * wide, rng.uniform(0.8, 0.88), rng)
    for _ in range(int(wide * 5)):
        x, y, r = rng.random() * wide, rng.uniform(0.86, 0.97), rng.uniform(0.012, 0.035)
        canvas.shape(ellipse(x, y, r * 1.5, r), (124, 110, 136), 0.8)


def draw_hall(canvas: Canvas, light: str, wide: float, rng: random.Random) -> None:
    """Draw a castle hall: columns, banners, tall windows and a checkered floor."""
    canvas.palette = canvas.palette.at(0.4)
    n = max(2, int(wide * 2))
    for i in range(n):
        x = (i + 0.5) * wide / n
        _draw_window(canvas, x, 0.14, 0.09, light, tall=0.34)
    for i in range(n + 1):
        x = i * wide / n
        canvas.shape(box(x - 0.045, 0.0, x + 0.045, 0.8), (212, 196, 190), 0.9)
        canvas.shape(box(x + 0.012, 0.0, x + 0.045, 0.8), (178, 160, 160), 0)
        canvas.shape(box(x - 0.065, 0.76, x + 0.065, 0.81), (196, 180, 176), 0.9)
        color = rng.choice(((180, 50, 60), (50, 90, 160), (90, 60, 130)))
        canvas.shape(
            points(
                (x - 0.035, 0.1), (x + 0.035, 0.1), (x + 0.035, 0.42), (x, 0.38), (x - 0.035, 0.42)
            ),
            color,
            0.8,
        )
        canvas.shape(ellipse(x, 0.22, 0.02, 0.025), (250, 206, 80), 0.5)
    _draw_tiles(canvas, wide, (232, 216, 206), (150, 110, 120))


def _draw_window(
    canvas: Canvas, x: float, y: float, half: float, light: str, *, tall: float = 0.26
) -> None:
    glass: RGB = {"day": (168, 218, 248), "dusk": (250, 176, 120)}.get(light, (44, 56, 110))
    outline = np.concatenate(
        [
            arc(x, y + half, half, half, 3.1416, 6.2832),
            points((x + half, y + tall), (x - half, y + tall)),
        ]
    )
    canvas.shape(outline, glass, 1.1)
    if light == "night":
        canvas.shape(
            ellipse(x + half * 0.4, y + half * 0.8, half * 0.24, half * 0.24), MOONLIGHT, 0
        )
    canvas.stroke(points((x, y), (x, y + tall)), 1.1)
    canvas.stroke(points((x - half, y + half), (x + half, y + half)), 1.1)
    canvas.shape(box(x - half * 1.2, y + tall, x + half * 1.2, y + tall + 0.025), _WOOD, 0.9)


def _draw_jar(canvas: Canvas, x: float, y: float, rng: random.Random) -> None:
    tall = rng.uniform(0.06, 0.1)
    color = rng.choice(
        ((214, 90, 70), (120, 170, 90), (240, 200, 110), (130, 170, 200), (240, 236, 226))
    )
    canvas.shape(rounded(x, y - tall, x + 0.05, y, 0.012), color, 0.8)
    canvas.shape(box(x + 0.004, y - tall - 0.016, x + 0.046, y - tall + 0.004), (120, 84, 60), 0.7)


def _draw_tiles(canvas: Canvas, wide: float, a: RGB, b: RGB) -> None:
    canvas.shape(box(-0.1, 0.8, wide + 0.1, 1.1), a, 0.9)
    rows = ((0.8, 0.835), (0.835, 0.885), (0.885, 0.955), (0.955, 1.05))
    for r, (y0, y1) in enumerate(rows):
        for i in range(-6, int(wide / 0.15) + 7):
            if (i + r) % 2:
                continue
            xs = [_vanish(wide, (i + k) * 0.15, y) for k, y in ((0, y0), (1, y0), (1, y1), (0, y1))]
            if max(xs) < 0 or min(xs) > wide:
                continue
            canvas.shape(points((xs[0], y0), (xs[1], y0), (xs[2], y1), (xs[3], y1)), b, 0)


def _vanish(wide: float, x: float, y: float) -> float:
    """Move a floor point towards the vanishing point of the room."""
    return wide / 2 + (x - wide / 2) * (0.55 + (y - 0.8) * 2.2)


def _draw_crystal(canvas: Canvas, x: float, y: float, rng: random.Random) -> None:
    color = rng.choice(((120, 220, 230), (200, 140, 240), (130, 240, 170)))
    tall = rng.uniform(0.05, 0.11)
    canvas.glow(x, y - tall / 2, tall * 1.1, color, 18)
    for dx, share in ((-0.02, 0.7), (0.02, 0.6), (0.0, 1.0)):
        canvas.shape(
            points((x + dx - 0.014, y), (x + dx * 1.8, y - tall * share), (x + dx + 0.014, y)),
            color,
            0.7,
        )
