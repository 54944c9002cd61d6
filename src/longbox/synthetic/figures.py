"""Figures: a character's body in a pose, with the head, and what the hand holds.

Figure units: feet on (0, 0), about 1 high, facing right. Limbs are outlined tubes; the garment
covers the joints. Ghosts have no legs: their sheet floats.
"""

from __future__ import annotations

import math

from longbox.synthetic.canvas import Canvas
from longbox.synthetic.cast import Look
from longbox.synthetic.faces import draw_face
from longbox.synthetic.heads import draw_hair_behind, draw_head
from longbox.synthetic.outline import blob, box, curve, ellipse, points, rounded
from longbox.synthetic.palette import RGB, WHITE, shade
from longbox.synthetic.poses import POSES, Pose
from longbox.synthetic.props import draw_prop

HEAD_Y = -0.69
HEAD_RADIUS = 0.235
_HIP_Y = -0.20
_ARM, _LEG = 0.072, 0.086


def head_center(pose_name: str, facing: int) -> tuple[float, float]:
    """Return where the head's centre is in figure units; facing is 1 right, -1 left."""
    pose = POSES[pose_name]
    x, y = _turned(0.0, HEAD_Y - _HIP_Y, pose.lean)
    x, y = _turned(x, y, pose.tilt)
    return x * facing, y + _HIP_Y + pose.drop - pose.lift


def draw_figure(
    canvas: Canvas, look: Look, pose_name: str, emotion: str, prop: str | None = None
) -> None:
    """Draw one character at the present origin, facing right."""
    pose = POSES[pose_name]
    with canvas.moved(0, _HIP_Y + pose.drop - pose.lift, angle=pose.tilt):
        if look.family == "ghost":
            _draw_ghost(canvas, look, emotion, pose)
        else:
            _draw_body(canvas, look, pose, emotion, prop)
            return
        if prop:
            with canvas.moved(0.3, -0.18, 0.2):
                draw_prop(canvas, prop)


def _draw_body(canvas: Canvas, look: Look, pose: Pose, emotion: str, prop: str | None) -> None:
    """Draw everything with the hips at the origin."""
    sleeve, hand, trousers, shoe = _cloth(look)
    with canvas.moved(0, 0, angle=pose.lean * 0.5):
        _draw_tail(canvas, look)
    with canvas.moved(0, 0, angle=pose.lean):
        if look.garment in ("armour", "vest") and look.family == "human":
            _draw_cape(canvas, look, pose)
        if look.garment == "suit":
            canvas.shape(rounded(-0.24, -0.27, 0.0, 0.0, 0.05), shade(look.main, 0.7))
        with canvas.moved(0, HEAD_Y - _HIP_Y, HEAD_RADIUS):
            draw_hair_behind(canvas, look)
        _draw_arm(canvas, pose.back_arm, shade(sleeve, 0.82), shade(hand, 0.9))
    for leg in (pose.back_leg, pose.front_leg):
        _draw_leg(
            canvas,
            [(x, y - _HIP_Y - pose.drop * (i == 2)) for i, (x, y) in enumerate(leg)],
            trousers,
            shoe,
        )
    with canvas.moved(0, 0, angle=pose.lean):
        _GARMENTS[look.garment](canvas, look)
        with canvas.moved(0, HEAD_Y - _HIP_Y, HEAD_RADIUS):
            draw_head(canvas, look, emotion, 0.45)
        if prop:
            x, y = pose.hand
            with canvas.moved(x + 0.03, y - _HIP_Y - 0.05, 0.2):
                draw_prop(canvas, prop)
        _draw_arm(canvas, pose.front_arm, sleeve, hand)


def _cloth(look: Look) -> tuple[RGB, RGB, RGB, RGB]:
    """Return the colours of sleeve, hand, trousers and shoe."""
    if look.family == "animal":
        return look.main, look.main, look.main, shade(look.main, 0.75)
    if look.family == "robot":
        return look.second, look.main, look.second, look.main
    sleeve = {"armour": look.main, "vest": WHITE, "apron": look.main}.get(look.garment, look.main)
    hand = look.second if look.garment in ("suit", "armour") else look.skin
    trousers = look.main if look.garment in ("suit", "armour") else look.second
    return sleeve, hand, trousers, shade(look.second, 0.6)


def _draw_arm(canvas: Canvas, arm: tuple[tuple[float, float], ...], sleeve: RGB, hand: RGB) -> None:
    path = curve([(x, y - _HIP_Y) for x, y in arm], 6)
    x, y = float(path[-1][0]), float(path[-1][1])
    canvas.limb(path, _ARM, sleeve, 1.1)
    canvas.shape(ellipse(x, y, 0.05, 0.05), hand, 1.1)


def _draw_leg(canvas: Canvas, leg: list[tuple[float, float]], cloth: RGB, shoe: RGB) -> None:
    path = curve(leg, 6)
    x, y = leg[-1]
    canvas.limb(path, _LEG, cloth, 1.1)
    canvas.shape(
        blob(
            [
                (x - 0.05, y - 0.045),
                (x + 0.04, y - 0.045),
                (x + 0.1, y - 0.005),
                (x + 0.09, y + 0.025),
                (x - 0.055, y + 0.025),
            ],
            5,
        ),
        shoe,
        1.1,
    )


def _draw_tail(canvas: Canvas, look: Look) -> None:
    if look.tail == "cat_tail":
        path = curve([(-0.1, -0.02), (-0.27, 0.02), (-0.36, -0.1), (-0.31, -0.25), (-0.37, -0.33)])
        canvas.limb(path, 0.05, look.main, 1.1)
    elif look.tail == "fox_tail":
        canvas.shape(
            blob(
                [
                    (-0.08, 0.0),
                    (-0.22, 0.06),
                    (-0.4, -0.02),
                    (-0.47, -0.2),
                    (-0.42, -0.32),
                    (-0.3, -0.2),
                    (-0.18, -0.1),
                ]
            ),
            look.main,
            1.2,
        )
        canvas.shape(
            blob([(-0.455, -0.16), (-0.46, -0.24), (-0.42, -0.32), (-0.35, -0.24), (-0.4, -0.19)]),
            look.second,
            0.7,
        )
    elif look.tail:
        canvas.shape(ellipse(-0.15, 0.0, 0.07, 0.07), look.second, 1.1)


def _draw_cape(canvas: Canvas, look: Look, pose: Pose) -> None:
    sway = -0.10 - 0.25 * abs(pose.lean) - 0.3 * pose.lift
    canvas.shape(
        blob(
            [
                (-0.1, -0.25),
                (0.08, -0.25),
                (0.05, 0.05),
                (-0.02 + sway, 0.15),
                (-0.17 + sway, 0.12),
                (-0.2 + sway / 2, -0.08),
            ]
        ),
        look.second,
        1.2,
    )


def _draw_dress(canvas: Canvas, look: Look) -> None:
    low = 0.16 if look.garment == "robe" else 0.09
    hem = [(0.2, low), (0.1, low + 0.02), (0.0, low), (-0.1, low + 0.02), (-0.2, low)]
    color = look.main if look.family != "animal" else look.accent
    outline = blob(
        [(-0.12, -0.27), (0.0, -0.285), (0.12, -0.27), (0.14, -0.08), *hem, (-0.14, -0.08)], 6
    )
    canvas.shape(outline, shade(color, 0.84), 1.2)
    canvas.shape(outline * (0.84, 0.92) + (-0.012, -0.015), color, 0)
    canvas.shape(rounded(-0.125, -0.075, 0.125, -0.035, 0.01), look.accent, 0.8)
    if look.garment == "robe":
        canvas.shape(ellipse(0.0, -0.055, 0.03, 0.03), WHITE, 0.7)


def _draw_torso(canvas: Canvas, color: RGB, low: float = 0.05) -> None:
    outline = blob(
        [
            (-0.12, -0.27),
            (0.0, -0.285),
            (0.12, -0.27),
            (0.135, -0.1),
            (0.12, low),
            (0.0, low + 0.015),
            (-0.12, low),
            (-0.135, -0.1),
        ],
        6,
    )
    canvas.shape(outline, shade(color, 0.84), 1.2)
    canvas.shape(outline * (0.86, 0.94) + (-0.012, -0.008), color, 0)


def _draw_scarf(canvas: Canvas, look: Look) -> None:
    _draw_torso(canvas, look.main)
    canvas.shape(ellipse(0.02, -0.07, 0.075, 0.1), look.second, 0)
    canvas.shape(
        blob([(-0.13, -0.3), (0.13, -0.3), (0.14, -0.23), (0.0, -0.2), (-0.14, -0.23)], 6),
        look.accent,
        1.0,
    )
    canvas.shape(
        blob([(-0.06, -0.23), (-0.12, -0.06), (-0.05, -0.05), (-0.01, -0.22)], 5), look.accent, 1.0
    )


def _draw_vest(canvas: Canvas, look: Look) -> None:
    _draw_torso(canvas, WHITE if look.family == "human" else look.second)
    color = look.main if look.family == "human" else look.accent
    for side in (-1, 1):
        canvas.shape(
            blob(
                [
                    (side * 0.12, -0.27),
                    (side * 0.05, -0.27),
                    (side * 0.035, -0.1),
                    (side * 0.06, 0.05),
                    (side * 0.13, 0.05),
                    (side * 0.14, -0.1),
                ],
                5,
            ),
            color,
            1.0,
        )
    canvas.shape(box(-0.125, -0.02, 0.125, 0.025), look.second, 0.8)
    canvas.shape(box(-0.03, -0.025, 0.03, 0.03), look.accent, 0.7)


def _draw_armour(canvas: Canvas, look: Look) -> None:
    _draw_torso(canvas, look.main)
    canvas.shape(
        blob([(-0.09, -0.22), (0.09, -0.22), (0.1, 0.1), (0.0, 0.13), (-0.1, 0.1)], 5),
        look.second,
        1.0,
    )
    canvas.shape(blob([(0, -0.17), (0.045, -0.1), (0, -0.03), (-0.045, -0.1)], 5), look.accent, 0.7)
    for side in (-1, 1):
        canvas.shape(ellipse(side * 0.13, -0.24, 0.065, 0.06), look.main, 1.0)


def _draw_suit(canvas: Canvas, look: Look) -> None:
    _draw_torso(canvas, look.main)
    canvas.shape(rounded(-0.075, -0.19, 0.075, -0.09, 0.02), look.second, 0.9)
    canvas.dot(-0.035, -0.14, 0.016, look.accent)
    canvas.dot(0.03, -0.14, 0.016, (250, 220, 80))
    canvas.stroke(points((-0.12, -0.01), (0.12, -0.01)), 1.0)


def _draw_coat(canvas: Canvas, look: Look) -> None:
    outline = blob(
        [
            (-0.125, -0.27),
            (0.0, -0.285),
            (0.125, -0.27),
            (0.14, -0.1),
            (0.17, 0.12),
            (0.02, 0.12),
            (0.0, 0.1),
            (-0.02, 0.12),
            (-0.17, 0.12),
            (-0.14, -0.1),
        ],
        6,
    )
    canvas.shape(outline, look.main, 1.2)
    canvas.shape(points((-0.06, -0.28), (0.06, -0.28), (0.0, -0.14)), WHITE, 0.8)
    canvas.shape(
        points((-0.018, -0.26), (0.018, -0.26), (0.025, -0.15), (0, -0.12), (-0.025, -0.15)),
        look.accent,
        0.7,
    )
    canvas.stroke(points((0.0, -0.12), (0.0, 0.1)), 0.8)
    canvas.shape(box(-0.145, -0.06, 0.145, -0.02), look.second, 0.8)


def _draw_apron(canvas: Canvas, look: Look) -> None:
    _draw_torso(canvas, look.main)
    canvas.shape(rounded(-0.1, -0.13, 0.1, 0.1, 0.03), look.second, 1.0)
    canvas.shape(points((-0.08, -0.28), (0.08, -0.28), (0.0, -0.2)), look.accent, 0.9)
    for y in (-0.17, -0.22):
        canvas.dot(0.05, y, 0.012)


def _draw_overall(canvas: Canvas, look: Look) -> None:
    _draw_torso(canvas, look.main)
    canvas.shape(
        blob([(-0.13, -0.08), (0.13, -0.08), (0.13, 0.06), (0, 0.07), (-0.13, 0.06)], 5),
        look.accent,
        1.0,
    )
    canvas.shape(rounded(-0.075, -0.17, 0.075, -0.06, 0.015), look.accent, 1.0)
    for side in (-1, 1):
        canvas.stroke(points((side * 0.06, -0.16), (side * 0.1, -0.27)), 2.2, look.accent)
        canvas.dot(side * 0.055, -0.145, 0.014, (250, 220, 80))


def _draw_box(canvas: Canvas, look: Look) -> None:
    canvas.shape(rounded(-0.15, -0.27, 0.15, 0.05, 0.04), shade(look.main, 0.84), 1.2)
    canvas.shape(rounded(-0.14, -0.26, 0.115, 0.03, 0.04), look.main, 0)
    canvas.shape(rounded(-0.09, -0.2, 0.09, -0.06, 0.02), shade(look.second, 0.7), 0.9)
    canvas.dot(-0.045, -0.13, 0.024, look.accent)
    canvas.dot(0.035, -0.13, 0.024, (240, 80, 80))


def _draw_ghost(canvas: Canvas, look: Look, emotion: str, pose: Pose) -> None:
    """Draw a floating sheet with a face, stubby arms following the pose."""
    for arm, tone in ((pose.back_arm, 0.9), (pose.front_arm, 1.0)):
        path = curve([(x * 1.35, y - _HIP_Y) for x, y in arm], 6)
        canvas.limb(path, 0.08, shade(look.main, tone), 1.1)
    wave = [
        (0.27, 0.06),
        (0.2, 0.13),
        (0.13, 0.06),
        (0.05, 0.13),
        (-0.03, 0.06),
        (-0.1, 0.13),
        (-0.18, 0.06),
        (-0.28, 0.12),
    ]
    outline = blob(
        [
            (0, -0.73),
            (0.17, -0.68),
            (0.255, -0.5),
            (0.26, -0.2),
            *wave,
            (-0.26, -0.2),
            (-0.255, -0.5),
            (-0.17, -0.68),
        ],
        6,
    )
    canvas.shape(outline, look.second, 1.3)
    canvas.shape(outline * (0.9, 0.94) + (-0.016, -0.025), look.main, 0)
    with canvas.moved(0, HEAD_Y - _HIP_Y, HEAD_RADIUS):
        draw_face(canvas, emotion, 0.35, look.eye, is_animal=False)


def _turned(x: float, y: float, angle: float) -> tuple[float, float]:
    """Turn a point clockwise on the page (forward for a figure that faces right)."""
    c, s = math.cos(angle), math.sin(angle)
    return x * c - y * s, x * s + y * c


_GARMENTS = {
    "robe": _draw_dress,
    "dress": _draw_dress,
    "scarf": _draw_scarf,
    "vest": _draw_vest,
    "armour": _draw_armour,
    "suit": _draw_suit,
    "coat": _draw_coat,
    "apron": _draw_apron,
    "overall": _draw_overall,
    "box": _draw_box,
}
