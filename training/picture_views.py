"""What may happen to a panel and leave it the same panel: the augmentations of the picture encoder.

Each view is a crop, and then some of: other colours, a print screen, other lettering, what a camera
or a scanner does. benchmarks/pictures.py measures the same kinds of change with its own code and
its own figures, so that a network cannot score there by knowing these functions.

Everything works on the crop already squashed to the side that the network reads: a view then costs
about a millisecond, and dots have the size they have in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.panel_art import Picture, set_lettering


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """How often a view is changed in each way, as a probability.

    Attributes:
        recolour: Other colours of the same drawing, grey among them.
        screen: Printed with dots or lines.
        letter: Balloons and captions pasted on it.
        camera: Turned, lit, blurred, made smaller.
        compress: Saved as JPEG.
    """

    recolour: float = 0.5
    screen: float = 0.3
    letter: float = 0.35
    camera: float = 0.4
    compress: float = 0.5


class ViewMaker:
    """Makes views of pictures.

    Args:
        rng: Chooses what happens.
        options: How often.
        n_letterings: Pieces of lettering set in advance.
    """

    def __init__(
        self, rng: np.random.Generator, options: ViewOptions | None = None, n_letterings: int = 300
    ) -> None:
        self._rng = rng
        self._options = options or ViewOptions()
        self._letterings = [set_lettering(rng) for _ in range(n_letterings)]

    def clean(self, picture: Picture, side: int) -> Picture:
        """Return a picture as the library encodes it; uint8 (side, side, 3)."""
        return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)

    def changed(self, picture: Picture, side: int) -> Picture:
        """Return a view: a part of the picture, changed; uint8 (side, side, 3)."""
        rng, often = self._rng, self._options
        view = cv2.resize(_part(picture, rng), (side, side), interpolation=cv2.INTER_AREA)
        if rng.random() < often.letter:
            letter(view, self._letterings, rng)
        if rng.random() < often.recolour:
            view = recolour(view, rng)
        if rng.random() < often.screen:
            view = screen(view, rng)
        if rng.random() < often.camera:
            view = photograph(view, rng)
        if rng.random() < often.compress:
            view = _compressed(view, int(rng.integers(20, 70)))
        return view


def _part(picture: Picture, rng: np.random.Generator) -> Picture:
    """Cut out 35 to 100 % of the area; one view in five stays whole."""
    if rng.random() < 0.2:
        return picture
    height, width = picture.shape[:2]
    area, split = rng.uniform(0.35, 1.0), rng.uniform(0.3, 0.7)
    w, h = max(1, round(width * area**split)), max(1, round(height * area ** (1 - split)))
    x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
    return picture[y : y + h, x : x + w]


def recolour(view: Picture, rng: np.random.Generator) -> Picture:
    """Colour the drawing anew: grey, one ink, mixed channels, turned hues, other curves."""
    kind = rng.random()
    values = view.astype(np.float32)
    if kind < 0.35:
        weights = rng.dirichlet((2.0, 3.0, 2.0)).astype(np.float32)
        grey = values @ weights  # (H, W)
        if kind < 0.2:
            values = np.repeat(grey[..., None], 3, axis=2)
        else:  # one ink on one paper
            ink, paper = rng.uniform(0, 110, 3), rng.uniform(190, 256, 3)
            values = ink + (paper - ink) * (grey / 255.0)[..., None]
    elif kind < 0.7:
        mix = np.eye(3) * rng.uniform(0.4, 1.0, 3) + rng.uniform(-0.15, 0.45, (3, 3))
        values = values @ (mix / mix.sum(axis=0)).astype(np.float32)
    else:
        hsv = cv2.cvtColor(view, cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(rng.integers(10, 170))) % 180
        hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.3, 1.4), 0, 255)
        values = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)
    curve = rng.uniform(0.6, 1.6, 3) if rng.random() < 0.5 else np.ones(3)
    values = 255.0 * np.power(np.clip(values, 0, 255) / 255.0, curve.astype(np.float32))
    return np.clip(values, 0, 255).astype(np.uint8)


def screen(view: Picture, rng: np.random.Generator) -> Picture:
    """Print through a screen: dots or lines, in one ink or three."""
    height, width = view.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    period = float(rng.uniform(2.5, 9.0))
    sharpness = float(rng.uniform(2.0, 12.0))
    has_lines, in_colour = rng.random() < 0.25, rng.random() < 0.45
    values = view.astype(np.float32) / 255.0
    if not in_colour:
        values = values.mean(axis=2, keepdims=True)
    blur = float(rng.uniform(0.0, 0.5)) * period
    if blur > 0.4:
        values = cv2.GaussianBlur(values, (0, 0), blur).reshape(height, width, -1)
    printed = []
    for channel in range(values.shape[2]):
        angle = float(rng.uniform(0, np.pi))
        c, s = np.cos(angle) * 2 * np.pi / period, np.sin(angle) * 2 * np.pi / period
        wave = np.cos(c * x + s * y)
        if not has_lines:
            wave = 0.5 * (wave + np.cos(c * y - s * x))
        threshold = 0.5 + 0.46 * wave  # (H, W), where paper turns to ink
        printed.append(1 / (1 + np.exp(-sharpness * 2 * (values[..., channel] - threshold))))
    dots = np.stack(printed * (3 // len(printed)), axis=2)
    keep = float(rng.uniform(0.0, 0.6)) if rng.random() < 0.5 else 0.0
    out = 255.0 * (keep * view / 255.0 + (1 - keep) * dots)
    return np.clip(out, 0, 255).astype(np.uint8)


def letter(
    view: Picture, letterings: Sequence[NDArray[np.uint8]], rng: np.random.Generator
) -> None:
    """Put one to three balloons or captions on a view, in place."""
    side = view.shape[0]
    for _ in range(int(rng.integers(1, 4))):
        w, h = (int(v * side) for v in rng.uniform((0.15, 0.08), (0.5, 0.3)))
        x, y = int(rng.integers(0, side - w)), int(rng.integers(0, max(1, (side - h) * 2 // 3)))
        paper = tuple(int(v) for v in rng.integers(225, 256, 3))
        if rng.random() < 0.6:
            centre, axes = (x + w // 2, y + h // 2), (w // 2 + 2, h // 2 + 2)
            cv2.ellipse(view, centre, axes, 0, 0, 360, paper, -1, cv2.LINE_AA)
            if rng.random() < 0.8:
                cv2.ellipse(view, centre, axes, 0, 0, 360, (20, 20, 20), 1, cv2.LINE_AA)
        elif rng.random() < 0.8:
            cv2.rectangle(view, (x, y), (x + w, y + h), paper, -1)
        if rng.random() < 0.15:
            continue  # an emptied balloon
        ink = letterings[int(rng.integers(len(letterings)))]
        inner_w, inner_h = max(4, int(0.72 * w)), max(4, int(0.72 * h))
        factor = min(inner_w / ink.shape[1], inner_h / ink.shape[0])
        size = (max(1, int(ink.shape[1] * factor)), max(1, int(ink.shape[0] * factor)))
        ink = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
        top, left = y + (h - size[1]) // 2, x + (w - size[0]) // 2
        where = view[top : top + size[1], left : left + size[0]]
        where[:] = (where * (1 - ink[..., None] / 255.0)).astype(np.uint8)


def photograph(view: Picture, rng: np.random.Generator) -> Picture:
    """Turn by up to 5 degrees, make smaller, blur, change the light, add grain."""
    side = view.shape[0]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), float(rng.uniform(-5, 5)), 1.0)
    view = cv2.warpAffine(view, turn, (side, side), borderMode=cv2.BORDER_REFLECT)
    small = int(side * rng.uniform(0.35, 1.0))
    view = cv2.resize(cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA), (side, side))
    values = view.astype(np.float32)
    values = (values - 128) * rng.uniform(0.6, 1.3) + 128 + rng.uniform(-40, 40)
    if rng.random() < 0.4:
        values += rng.standard_normal(view.shape, dtype=np.float32) * float(rng.uniform(2, 14))
    return np.clip(values, 0, 255).astype(np.uint8)


def _compressed(view: Picture, quality: int) -> Picture:
    _, saved = cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(saved, cv2.IMREAD_COLOR))
