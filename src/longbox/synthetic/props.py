"""Things that stories are about: drawn about (0, 0), roughly 1 high."""

from __future__ import annotations

from longbox.synthetic.canvas import Canvas
from longbox.synthetic.outline import arc, blob, box, curve, ellipse, points, rounded, star
from longbox.synthetic.palette import RGB, WHITE, shade

_GOLD: RGB = (250, 200, 60)
_STEEL: RGB = (196, 208, 222)
_WOOD: RGB = (150, 94, 50)


def draw_prop(canvas: Canvas, name: str) -> None:
    """Draw a thing by name."""
    _PROPS[name](canvas)


def _potion(canvas: Canvas) -> None:
    canvas.shape(rounded(-0.12, -0.62, 0.12, -0.2, 0.04), (226, 244, 250), 1)
    canvas.shape(ellipse(0, 0.1, 0.42, 0.4), (226, 244, 250), 1.1)
    canvas.shape(
        blob(
            [
                (-0.38, 0.06),
                (-0.12, 0.0),
                (0.12, 0.08),
                (0.38, 0.04),
                (0.33, 0.32),
                (0.0, 0.46),
                (-0.33, 0.32),
            ],
            6,
        ),
        (120, 210, 70),
        0,
    )
    canvas.dot(-0.1, 0.2, 0.06, (210, 250, 150))
    canvas.dot(0.12, 0.12, 0.045, (210, 250, 150))
    canvas.shape(rounded(-0.15, -0.78, 0.15, -0.58, 0.05), _WOOD, 1)
    canvas.stroke(arc(0, 0.1, 0.3, 0.28, 3.4, 4.2), 1.4, WHITE)


def _map(canvas: Canvas) -> None:
    canvas.shape(
        points(
            (-0.6, -0.35),
            (-0.2, -0.42),
            (0.2, -0.34),
            (0.6, -0.42),
            (0.6, 0.36),
            (0.2, 0.42),
            (-0.2, 0.34),
            (-0.6, 0.42),
        ),
        (242, 220, 166),
        1,
    )
    canvas.stroke(
        curve([(-0.45, 0.2), (-0.2, 0.02), (0.05, 0.12), (0.25, -0.1)]), 1.0, (150, 90, 50)
    )
    canvas.stroke(points((0.2, -0.28), (0.42, -0.06)), 1.6, (214, 50, 44))
    canvas.stroke(points((0.42, -0.28), (0.2, -0.06)), 1.6, (214, 50, 44))


def _key(canvas: Canvas) -> None:
    canvas.limb(points((0.0, -0.1), (0.0, 0.6)), 0.1, _GOLD)
    for y in (0.4, 0.56):
        canvas.limb(points((0.05, y), (0.22, y)), 0.07, _GOLD)
    canvas.shape(ellipse(0, -0.3, 0.3, 0.28), _GOLD, 1.1)
    canvas.shape(ellipse(0, -0.3, 0.13, 0.12), WHITE, 0.9)


def _treasure(canvas: Canvas) -> None:
    canvas.shape(
        blob([(-0.5, -0.1), (-0.4, -0.42), (0.0, -0.55), (0.4, -0.42), (0.5, -0.1)], 6), _GOLD, 1
    )
    for x, y in ((-0.25, -0.28), (0.05, -0.4), (0.28, -0.24)):
        canvas.shape(ellipse(x, y, 0.13, 0.1), shade(_GOLD, 1.3), 0.8)
    canvas.shape(rounded(-0.62, -0.12, 0.62, 0.5, 0.06), _WOOD, 1.1)
    canvas.shape(box(-0.62, 0.08, 0.62, 0.2), shade(_WOOD, 0.6), 0.7)
    canvas.shape(rounded(-0.12, 0.0, 0.12, 0.28, 0.04), _GOLD, 0.9)


def _sword(canvas: Canvas) -> None:
    canvas.shape(
        points((-0.09, 0.1), (-0.09, -1.0), (0, -1.18), (0.09, -1.0), (0.09, 0.1)), _STEEL, 1
    )
    canvas.stroke(points((0, -1.0), (0, 0.1)), 0.7, WHITE)
    canvas.shape(rounded(-0.28, 0.08, 0.28, 0.2, 0.05), _GOLD, 1)
    canvas.limb(points((0, 0.22), (0, 0.42)), 0.1, _WOOD)
    canvas.shape(ellipse(0, 0.5, 0.1, 0.1), (210, 50, 60), 0.9)


def _letter(canvas: Canvas) -> None:
    canvas.shape(box(-0.55, -0.36, 0.55, 0.36), (252, 246, 232), 1.1)
    canvas.stroke(points((-0.55, -0.36), (0.0, 0.08), (0.55, -0.36)), 0.9)
    canvas.shape(ellipse(0, 0.06, 0.13, 0.13), (206, 44, 50), 0.8)


def _book(canvas: Canvas) -> None:
    canvas.shape(rounded(-0.45, -0.5, 0.45, 0.5, 0.05), (120, 44, 60), 1.1)
    canvas.shape(box(-0.36, 0.36, 0.45, 0.46), WHITE, 0.7)
    canvas.shape(star(0.03, -0.08, 0.22, 0.1, 5), _GOLD, 0.8)
    canvas.stroke(points((-0.33, -0.48), (-0.33, 0.48)), 0.8)


def _crown(canvas: Canvas) -> None:
    canvas.shape(
        points(
            (-0.5, 0.3),
            (-0.6, -0.36),
            (-0.26, -0.02),
            (0, -0.52),
            (0.26, -0.02),
            (0.6, -0.36),
            (0.5, 0.3),
        ),
        _GOLD,
        1.1,
    )
    for x, color in ((-0.28, (214, 50, 60)), (0.0, (60, 130, 220)), (0.28, (60, 180, 100))):
        canvas.shape(ellipse(x, 0.14, 0.08, 0.08), color, 0.7)


def _lantern(canvas: Canvas) -> None:
    canvas.glow(0, 0, 1.1, (255, 226, 120), 22)
    canvas.stroke(arc(0, -0.42, 0.22, 0.26, 3.14, 6.28), 1.3)
    canvas.shape(rounded(-0.28, -0.42, 0.28, 0.42, 0.1), (255, 226, 120), 1.1)
    canvas.shape(box(-0.32, 0.36, 0.32, 0.5), (90, 70, 60), 1)
    canvas.shape(box(-0.32, -0.48, 0.32, -0.36), (90, 70, 60), 1)
    canvas.shape(blob([(0, -0.22), (0.12, 0.06), (0, 0.22), (-0.12, 0.06)], 5), (250, 130, 50), 0.7)


def _cake(canvas: Canvas) -> None:
    canvas.shape(rounded(-0.5, -0.1, 0.5, 0.42, 0.06), (240, 190, 130), 1.1)
    canvas.shape(
        blob(
            [
                (-0.54, -0.16),
                (0.0, -0.26),
                (0.54, -0.16),
                (0.5, 0.06),
                (0.3, 0.0),
                (0.12, 0.14),
                (-0.1, 0.0),
                (-0.3, 0.12),
                (-0.5, 0.04),
            ],
            6,
        ),
        (250, 190, 206),
        1,
    )
    canvas.shape(ellipse(0, -0.34, 0.13, 0.12), (214, 40, 60), 1)


_PROPS = {
    "potion": _potion,
    "map": _map,
    "key": _key,
    "treasure": _treasure,
    "sword": _sword,
    "letter": _letter,
    "book": _book,
    "crown": _crown,
    "lantern": _lantern,
    "cake": _cake,
}
PROPS = tuple(_PROPS)
