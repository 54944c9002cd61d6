"""Faces: eyes, brows and mouths that show an emotion.

A face is drawn in head units: the head's centre is (0, 0), its half height 1. Turn is where the
head looks, -1 left to 1 right; features slide towards that side.
"""

from __future__ import annotations

from dataclasses import dataclass

from longbox.synthetic.canvas import Canvas
from longbox.synthetic.outline import arc, blob, curve, ellipse, points, rounded
from longbox.synthetic.palette import RGB, WHITE, shade

_MOUTH: RGB = (150, 36, 48)
_TONGUE: RGB = (244, 120, 120)


@dataclass(frozen=True, slots=True)
class Expression:
    """How an emotion moves a face.

    Attributes:
        eye: Openness, 0 closed in a smile to 1.3 staring.
        pupil: Size of the iris, 1 is calm.
        brow_tilt: Above 0 the inner ends go down (anger), below 0 up (worry).
        brow_lift: How far the brows rise.
        mouth: Name of a mouth.
        extra: "blush", "sweat", "tear" or "".
    """

    eye: float
    pupil: float
    brow_tilt: float
    brow_lift: float
    mouth: str
    extra: str = ""


EXPRESSIONS: dict[str, Expression] = {
    "neutral": Expression(1.0, 1.0, 0.0, 0.0, "line"),
    "happy": Expression(1.0, 1.1, -0.05, 0.06, "grin", "blush"),
    "joy": Expression(0.0, 1.0, -0.1, 0.12, "laugh", "blush"),
    "sad": Expression(0.8, 1.0, -0.32, 0.0, "frown", "tear"),
    "angry": Expression(0.85, 0.8, 0.34, -0.1, "shout"),
    "scared": Expression(1.3, 0.55, -0.3, 0.12, "wavy", "sweat"),
    "surprised": Expression(1.35, 0.6, -0.08, 0.2, "round"),
    "smug": Expression(0.55, 1.0, 0.12, 0.0, "smirk"),
    "worried": Expression(1.0, 0.85, -0.28, 0.04, "small", "sweat"),
    "determined": Expression(0.9, 1.0, 0.24, -0.04, "firm"),
    "talking": Expression(1.0, 1.0, -0.04, 0.05, "open"),
    "thinking": Expression(0.8, 0.9, 0.08, 0.08, "side"),
}


def draw_face(canvas: Canvas, emotion: str, turn: float, eye: RGB, *, is_animal: bool) -> None:
    """Draw the features of a face onto a head."""
    look = EXPRESSIONS[emotion]
    shift = 0.24 * turn
    for side in (-1, 1):
        x = side * 0.38 * (1 - 0.12 * abs(turn)) + shift
        _draw_eye(canvas, x, 0.06, look, eye, turn)
        _draw_brow(canvas, x, side, look)
    if is_animal:
        canvas.shape(
            blob([(shift - 0.1, 0.32), (shift + 0.1, 0.32), (shift, 0.43)]), (52, 34, 44), 0.5
        )
        canvas.stroke(points((shift, 0.42), (shift, 0.52)), 0.7)
    else:
        canvas.stroke(
            curve([(shift + 0.02, 0.26), (shift + 0.09 * (turn or 1), 0.34), (shift, 0.37)]), 0.7
        )
    _draw_mouth(canvas, look.mouth, shift, 0.62 if is_animal else 0.58)
    _draw_extra(canvas, look.extra, shift)


def _draw_eye(
    canvas: Canvas, x: float, y: float, look: Expression, color: RGB, turn: float
) -> None:
    if look.eye == 0.0:
        canvas.stroke(arc(x, y + 0.08, 0.17, 0.17, 3.35, 6.07), 1.3)
        return
    high = 0.27 * min(look.eye, 1.2)
    canvas.shape(ellipse(x, y, 0.205, high), WHITE, 0.75)
    dx = 0.05 * turn
    iris = 0.145 * look.pupil
    canvas.shape(ellipse(x + dx, y + 0.02, iris, min(iris * 1.32, high * 0.92)), color, 0)
    canvas.shape(ellipse(x + dx, y + 0.03, iris * 0.62, iris * 0.85), (16, 12, 20), 0)
    canvas.shape(ellipse(x + dx - iris * 0.35, y - iris * 0.5, iris * 0.36, iris * 0.4), WHITE, 0)
    lid = arc(x, y, 0.215, high * 1.02, 3.4, 6.02)
    canvas.stroke(lid, 1.5)


def _draw_brow(canvas: Canvas, x: float, side: int, look: Expression) -> None:
    y = -0.36 - look.brow_lift
    inner, outer = x - side * 0.17, x + side * 0.17
    canvas.stroke(
        curve(
            [
                (inner, y + look.brow_tilt * 0.45),
                (x, y - 0.06 + look.brow_tilt * 0.1),
                (outer, y - look.brow_tilt * 0.3),
            ]
        ),
        1.5,
    )


def _draw_mouth(canvas: Canvas, mouth: str, x: float, y: float) -> None:
    lines = {
        "line": [(-0.14, 0.0), (0.0, 0.02), (0.14, 0.0)],
        "frown": [(-0.17, 0.09), (0.0, -0.02), (0.17, 0.09)],
        "smirk": [(-0.14, 0.03), (0.04, 0.07), (0.22, -0.08)],
        "small": [(-0.09, 0.05), (0.0, 0.0), (0.09, 0.05)],
        "firm": [(-0.17, 0.02), (0.0, 0.0), (0.17, 0.02)],
        "side": [(0.02, 0.04), (0.1, 0.0), (0.2, 0.03)],
        "wavy": [(-0.2, 0.05), (-0.1, -0.03), (0.0, 0.06), (0.1, -0.03), (0.2, 0.05)],
    }
    if mouth in lines:
        canvas.stroke(curve([(x + px, y + py) for px, py in lines[mouth]]), 1.2)
        return
    shapes = {
        "grin": [(-0.22, -0.06), (0.0, 0.0), (0.22, -0.06), (0.13, 0.13), (-0.13, 0.13)],
        "laugh": [(-0.27, -0.08), (0.0, -0.03), (0.27, -0.08), (0.17, 0.24), (-0.17, 0.24)],
        "shout": [(-0.2, -0.02), (0.0, -0.12), (0.2, -0.02), (0.22, 0.18), (-0.22, 0.18)],
        "round": [(-0.12, 0.04), (0.0, -0.11), (0.12, 0.04), (0.0, 0.2)],
        "open": [(-0.15, -0.04), (0.0, -0.06), (0.15, -0.04), (0.08, 0.14), (-0.08, 0.14)],
    }
    canvas.shape(blob([(x + px, y + py) for px, py in shapes[mouth]]), _MOUTH, 0.9)
    if mouth in ("laugh", "shout"):
        canvas.shape(ellipse(x, y + 0.15, 0.1, 0.055), _TONGUE, 0)
    if mouth == "grin":
        canvas.shape(rounded(x - 0.15, y - 0.035, x + 0.15, y + 0.025, 0.02), WHITE, 0)


def _draw_extra(canvas: Canvas, extra: str, shift: float) -> None:
    if extra == "blush":
        for side in (-1, 1):
            canvas.shape(
                ellipse(side * 0.62 + shift * 0.8, 0.38, 0.14, 0.09),
                (255, 130, 120),
                0,
                opacity=110,
            )
    elif extra == "sweat":
        canvas.shape(
            blob([(0.78, -0.5), (0.86, -0.26), (0.77, -0.18), (0.68, -0.27)]), (170, 220, 255), 0.7
        )
    elif extra == "tear":
        canvas.shape(
            blob(
                [
                    (shift + 0.4, 0.3),
                    (shift + 0.47, 0.5),
                    (shift + 0.39, 0.57),
                    (shift + 0.31, 0.49),
                ]
            ),
            shade((170, 220, 255), 1.0),
            0.7,
        )
