"""Heads: skulls, hair, ears, hats and helmets. Head units: centre (0, 0), half height 1.

Long hair falls behind the shoulders, so `draw_hair_behind` comes before the body and `draw_head`
after it.
"""

from __future__ import annotations

from longbox.synthetic.canvas import Canvas
from longbox.synthetic.cast import Look
from longbox.synthetic.faces import draw_face
from longbox.synthetic.outline import Points, arc, blob, box, curve, ellipse, points, rounded
from longbox.synthetic.palette import RGB, WHITE, shade

_PINK: RGB = (244, 160, 160)


def draw_head(canvas: Canvas, look: Look, emotion: str, turn: float) -> None:
    """Draw a whole head that looks towards turn (-1 left, 1 right)."""
    if look.family == "robot":
        _draw_robot(canvas, look, emotion, turn)
        return
    if look.family == "animal":
        _EARS[look.headgear](canvas, look)
        _draw_skull(canvas, look.main, 1.10)
        _draw_muzzle(canvas, look, turn)
        draw_face(canvas, emotion, turn, look.eye, is_animal=True)
        if look.headgear == "cat_ears":
            _draw_whiskers(canvas, turn)
        return
    for side in (-1, 1):
        canvas.shape(ellipse(side * 0.98, 0.12, 0.16, 0.2), look.skin, 0.9)
    _draw_skull(canvas, look.skin, 1.0)
    draw_face(canvas, emotion, turn, look.eye, is_animal=False)
    _draw_fringe(canvas, look, turn)
    _HATS[look.headgear](canvas, look)


def _draw_skull(canvas: Canvas, color: RGB, wide: float) -> None:
    outline = _skull(wide)
    canvas.shape(outline, shade(color, 0.84), 1.3)
    canvas.shape(outline * (0.91, 0.93) + (-0.06, -0.05), color, 0)


def _skull(wide: float) -> Points:
    return blob(
        [
            (0, -1.0),
            (0.62 * wide, -0.78),
            (0.96 * wide, -0.2),
            (0.9 * wide, 0.4),
            (0.5 * wide, 0.84),
            (0, 0.98),
            (-0.5 * wide, 0.84),
            (-0.9 * wide, 0.4),
            (-0.96 * wide, -0.2),
            (-0.62 * wide, -0.78),
        ]
    )


def _draw_muzzle(canvas: Canvas, look: Look, turn: float) -> None:
    x = 0.24 * turn
    if look.headgear in ("fox_ears", "cat_ears"):
        cheeks = blob(
            [
                (x, 0.2),
                (x + 0.34, 0.3),
                (x + 0.72, 0.42),
                (x + 0.45, 0.76),
                (x, 0.92),
                (x - 0.45, 0.76),
                (x - 0.72, 0.42),
                (x - 0.34, 0.3),
            ]
        )
        canvas.shape(cheeks, look.second, 0)
    else:
        canvas.shape(ellipse(x, 0.52, 0.4, 0.34), look.second, 0)


def _draw_whiskers(canvas: Canvas, turn: float) -> None:
    for side in (-1, 1):
        x = side * 0.62 + 0.2 * turn
        for dy in (-0.04, 0.1):
            canvas.stroke(
                curve(
                    [
                        (x, 0.48 + dy * 0.5),
                        (x + side * 0.35, 0.44 + dy),
                        (x + side * 0.62, 0.5 + dy * 1.6),
                    ]
                ),
                0.5,
            )


def _draw_pointed_ears(canvas: Canvas, look: Look, tall: float) -> None:
    for side in (-1, 1):
        outer = blob(
            [
                (side * 0.95, -0.35),
                (side * 0.92, -1.0 * tall),
                (side * 0.82, -1.32 * tall),
                (side * 0.5, -1.1),
                (side * 0.2, -0.85),
            ],
            6,
        )
        canvas.shape(outer, look.main, 1.2)
        inner = blob([(side * 0.8, -0.6), (side * 0.78, -1.12 * tall), (side * 0.48, -0.9)], 6)
        canvas.shape(inner, _PINK if tall < 1.1 else look.second, 0)


def _draw_cat_ears(canvas: Canvas, look: Look) -> None:
    _draw_pointed_ears(canvas, look, 1.0)


def _draw_fox_ears(canvas: Canvas, look: Look) -> None:
    _draw_pointed_ears(canvas, look, 1.22)


def _draw_bear_ears(canvas: Canvas, look: Look) -> None:
    for side in (-1, 1):
        canvas.shape(ellipse(side * 0.72, -0.78, 0.34, 0.34), look.main, 1.2)
        canvas.shape(ellipse(side * 0.72, -0.76, 0.18, 0.18), look.second, 0)


def _draw_rabbit_ears(canvas: Canvas, look: Look) -> None:
    for side in (-1, 1):
        canvas.shape(ellipse(side * 0.44, -1.4, 0.24, 0.72, side * 0.16), look.main, 1.2)
        canvas.shape(ellipse(side * 0.45, -1.36, 0.11, 0.52, side * 0.16), look.second, 0)


def _draw_robot(canvas: Canvas, look: Look, emotion: str, turn: float) -> None:
    canvas.stroke(points((0, -0.8), (0, -1.3)), 1.6)
    canvas.shape(ellipse(0, -1.36, 0.14, 0.14), look.accent, 1)
    for side in (-1, 1):
        canvas.shape(rounded(side * 1.0 - 0.14, -0.25, side * 1.0 + 0.14, 0.35, 0.1), look.second)
    canvas.shape(rounded(-1.0, -0.86, 1.0, 0.86, 0.34), shade(look.main, 0.84), 1.3)
    canvas.shape(rounded(-0.95, -0.82, 0.88, 0.76, 0.3), look.main, 0)
    canvas.shape(rounded(-0.8, -0.6, 0.8, 0.72, 0.26), (236, 244, 240), 0.9)
    with canvas.moved(0, 0.0, 0.86):
        draw_face(canvas, emotion, turn, look.second, is_animal=False)
    for x in (-0.86, 0.86):
        canvas.dot(x, -0.7, 0.05)


def draw_hair_behind(canvas: Canvas, look: Look) -> None:
    """Draw the hair that falls behind the shoulders; to be drawn before the body."""
    if look.family != "human":
        return
    if look.hair_style in ("long", "bob"):
        low = 1.55 if look.hair_style == "long" else 0.85
        canvas.shape(
            blob(
                [
                    (0, -1.12),
                    (0.86, -0.8),
                    (1.14, 0.1),
                    (1.1, low),
                    (0.5, low + 0.1),
                    (-0.5, low + 0.1),
                    (-1.1, low),
                    (-1.14, 0.1),
                    (-0.86, -0.8),
                ]
            ),
            shade(look.hair, 0.8),
            1.2,
        )
    elif look.hair_style == "curly":
        for i in range(9):
            x, y = arc(0, -0.05, 1.02, 0.92, 2.6, 6.83)[i * 2 + 1]
            canvas.shape(ellipse(x, y, 0.32, 0.32), look.hair, 1.1)
    elif look.hair_style == "braids":
        for side in (-1, 1):
            for k in range(3):
                canvas.shape(
                    ellipse(side * (1.02 + 0.05 * k), 0.45 + 0.34 * k, 0.21, 0.24), look.hair, 1.1
                )


def _draw_fringe(canvas: Canvas, look: Look, turn: float) -> None:
    if look.headgear == "helmet":
        return
    t = 0.1 * turn
    if look.hair_style in ("bob", "braids"):
        lower = [
            (0.93, -0.12),
            (0.6, -0.5),
            (0.3 + t, -0.36),
            (0.0 + t, -0.52),
            (-0.3 + t, -0.34),
            (-0.62, -0.5),
            (-0.93, -0.12),
        ]
    elif look.hair_style == "short":
        lower = [
            (0.93, -0.2),
            (0.7, -0.62),
            (0.35 + t, -0.55),
            (0.1 + t, -0.68),
            (-0.2 + t, -0.5),
            (-0.7, -0.62),
            (-0.93, -0.2),
        ]
    else:
        lower = [
            (0.95, 0.0),
            (0.78, -0.42),
            (0.3 + t, -0.62),
            (-0.15 + t, -0.66),
            (-0.45, -0.46),
            (-0.8, -0.3),
            (-0.95, 0.05),
        ]
    top = [(-1.0, -0.4), (-0.66, -0.92), (0.0, -1.12), (0.66, -0.92), (1.0, -0.4)]
    canvas.shape(blob(top + lower, 6), look.hair, 1.1)
    canvas.stroke(arc(-0.15, -0.62, 0.45, 0.3, 3.6, 4.9), 0.9, shade(look.hair, 1.35))


def _draw_witch_hat(canvas: Canvas, look: Look) -> None:
    cone = blob(
        [
            (-0.72, -0.72),
            (-0.5, -1.4),
            (-0.12, -2.0),
            (0.5, -2.3),
            (0.22, -1.85),
            (0.5, -1.35),
            (0.72, -0.72),
        ],
        6,
    )
    canvas.shape(cone, look.main, 1.3)
    canvas.shape(
        blob(
            [
                (-0.75, -0.92),
                (0.0, -0.78),
                (0.75, -0.92),
                (0.7, -0.66),
                (0.0, -0.52),
                (-0.72, -0.66),
            ],
            6,
        ),
        look.accent,
        0.9,
    )
    brim = blob(
        [
            (-1.55, -0.5),
            (-0.7, -0.78),
            (0.0, -0.68),
            (0.7, -0.78),
            (1.55, -0.5),
            (0.8, -0.42),
            (0.0, -0.42),
            (-0.8, -0.42),
        ],
        6,
    )
    canvas.shape(brim, shade(look.main, 0.82), 1.3)


def _draw_helmet(canvas: Canvas, look: Look) -> None:
    plume = blob(
        [
            (0.0, -1.1),
            (-0.3, -1.75),
            (-1.0, -1.8),
            (-1.35, -1.2),
            (-1.2, -0.7),
            (-0.9, -1.1),
            (-0.4, -1.15),
        ],
        6,
    )
    canvas.shape(plume, look.second, 1.2)
    dome = _dome()
    canvas.shape(dome, look.main, 1.3)
    canvas.stroke(arc(-0.2, -0.5, 0.6, 0.42, 3.4, 4.6), 1.6, shade(look.main, 1.5))
    canvas.shape(rounded(-1.08, -0.52, 1.08, -0.34, 0.06), look.accent, 0.9)
    for side in (-1, 1):
        canvas.shape(
            blob(
                [
                    (side * 1.1, -0.4),
                    (side * 1.08, 0.5),
                    (side * 0.7, 0.85),
                    (side * 0.76, 0.0),
                    (side * 0.86, -0.4),
                ],
                6,
            ),
            look.main,
            1.1,
        )


def _dome() -> Points:
    return points(*[(float(x), float(y)) for x, y in arc(0, -0.36, 1.1, 0.86, 3.1416, 6.2832)])


def _draw_bubble(canvas: Canvas, look: Look) -> None:
    canvas.shape(ellipse(0, -0.05, 1.34, 1.3), (210, 236, 255), 1.2, opacity=46)
    canvas.stroke(arc(0, -0.05, 1.12, 1.1, 3.5, 4.4), 2.4, WHITE, opacity=220)
    canvas.stroke(arc(0, -0.05, 1.12, 1.1, 4.55, 4.75), 2.4, WHITE, opacity=220)
    canvas.shape(rounded(-0.8, 1.0, 0.8, 1.26, 0.12), look.second, 1.1)


def _draw_fedora(canvas: Canvas, look: Look) -> None:
    crown = blob(
        [
            (-0.74, -0.6),
            (-0.7, -1.3),
            (-0.3, -1.5),
            (0.0, -1.36),
            (0.3, -1.5),
            (0.7, -1.3),
            (0.74, -0.6),
        ],
        6,
    )
    canvas.shape(crown, look.second, 1.3)
    canvas.shape(box(-0.75, -0.88, 0.75, -0.64), look.accent, 0.8)
    brim = blob(
        [
            (-1.4, -0.5),
            (-0.7, -0.72),
            (0.0, -0.64),
            (0.7, -0.72),
            (1.4, -0.5),
            (0.7, -0.4),
            (0.0, -0.38),
            (-0.7, -0.4),
        ],
        6,
    )
    canvas.shape(brim, shade(look.second, 0.85), 1.3)


def _draw_toque(canvas: Canvas, look: Look) -> None:
    for x, y, r in ((-0.5, -1.25, 0.45), (0.5, -1.25, 0.45), (0.0, -1.45, 0.5)):
        canvas.shape(ellipse(x, y, r, r), look.main, 1.2)
    canvas.shape(ellipse(0, -1.2, 0.62, 0.4), look.main, 0)
    canvas.shape(rounded(-0.74, -1.1, 0.74, -0.56, 0.08), look.main, 1.2)
    canvas.stroke(points((-0.72, -0.66), (0.72, -0.66)), 1.4, look.second)


def _draw_tricorn(canvas: Canvas, look: Look) -> None:
    hat = blob(
        [
            (-1.4, -0.62),
            (-0.9, -1.1),
            (-0.3, -1.5),
            (0.3, -1.5),
            (0.9, -1.1),
            (1.4, -0.62),
            (0.6, -0.58),
            (0.0, -0.5),
            (-0.6, -0.58),
        ],
        6,
    )
    canvas.shape(hat, look.second, 1.3)
    canvas.stroke(
        curve([(-1.25, -0.7), (-0.5, -0.72), (0.0, -0.66), (0.5, -0.72), (1.25, -0.7)]),
        1.5,
        look.accent,
    )
    canvas.shape(ellipse(0, -1.05, 0.2, 0.18), WHITE, 0.8)
    canvas.dot(-0.07, -1.06, 0.05)
    canvas.dot(0.07, -1.06, 0.05)


_EARS = {
    "cat_ears": _draw_cat_ears,
    "fox_ears": _draw_fox_ears,
    "bear_ears": _draw_bear_ears,
    "rabbit_ears": _draw_rabbit_ears,
}
_HATS = {
    "witch_hat": _draw_witch_hat,
    "helmet": _draw_helmet,
    "bubble": _draw_bubble,
    "fedora": _draw_fedora,
    "toque": _draw_toque,
    "tricorn": _draw_tricorn,
}
