"""What is inside one training panel, and how a page is printed.

A scene is art, or a ground with figures, or things that look like panels and are none: windows,
doors, pictures on walls, screens, buildings, boards. A page's hand turns all of its scenes into
one style: colour, grey wash, or black and white by line extraction, blacks and tone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.panel_art import ArtPool, Picture

Tone = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Hand:
    """How a whole page is drawn.

    Attributes:
        style: colour, wash (grey), lines, blacks (lines and blacks), tone, threshold.
        line: Strength of line that counts as ink, in grey levels.
        fine, soft: Blur in pixels of what is compared to find lines: small for fine pens.
        dark, mid: Grey quantiles below which an area is black, and below which it is toned.
        tone_px: Period of the tone's dots.
        tone_angle: Of its rows, in radians.
        tone_grey: Grey of its ink.
        is_negative: Night and memory: black ground, white line.
    """

    style: str
    line: float
    fine: float
    soft: float
    dark: float
    mid: float
    tone_px: float
    tone_angle: float
    tone_grey: int
    is_negative: bool

    @property
    def is_colour(self) -> bool:
        """Whether colours are kept."""
        return self.style == "colour"


def random_hand(rng: np.random.Generator) -> Hand:
    """Choose a page's style."""
    styles = ("colour", "wash", "lines", "blacks", "tone", "threshold")
    return Hand(
        style=str(rng.choice(styles, p=[0.34, 0.12, 0.1, 0.14, 0.23, 0.07])),
        line=float(rng.uniform(2.5, 9)),
        fine=float(rng.uniform(0.4, 1.1)),
        soft=float(rng.uniform(1.4, 3.6)),
        dark=float(rng.uniform(0.0, 0.22)),
        mid=float(rng.uniform(0.2, 0.65)),
        tone_px=float(rng.uniform(3, 9)),
        tone_angle=float(rng.choice([np.pi / 4, 0.0, np.pi / 6])),
        tone_grey=int(rng.integers(0, 170)),
        is_negative=bool(rng.random() < 0.03),
    )


def in_grey(picture: Picture) -> Picture:
    """Return a picture without its colours, still RGB."""
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def drawn_by(hand: Hand, art: Picture) -> Picture:
    """Turn a painting into what the hand would have drawn."""
    if hand.is_colour:
        return art
    if hand.style == "wash":
        return in_grey(art)
    grey = cv2.cvtColor(art, cv2.COLOR_RGB2GRAY)
    fine = cv2.GaussianBlur(grey, (0, 0), hand.fine)
    if hand.style == "threshold":
        block = 2 * (min(grey.shape) // 12) + 3
        out = cv2.adaptiveThreshold(
            fine, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, block, hand.line
        )
    else:
        out = _lines(hand, fine)
    if hand.is_negative:
        out = 255 - out
    return cv2.cvtColor(out, cv2.COLOR_GRAY2RGB)


def _lines(hand: Hand, fine: NDArray[np.uint8]) -> NDArray[np.uint8]:
    soft = cv2.GaussianBlur(fine, (0, 0), hand.soft)
    out = np.full(fine.shape, 255, np.uint8)
    sample = fine[::4, ::4]
    if hand.style == "tone":
        mid = int(np.quantile(sample, hand.mid))
        out[(soft < mid) & tone_mask(hand, fine.shape)] = hand.tone_grey
    if hand.style in ("tone", "blacks") and hand.dark > 0.03:
        out[soft < int(np.quantile(sample, hand.dark))] = 8
    out[fine.astype(np.int16) < soft.astype(np.int16) - hand.line] = 8
    return out


def tone_mask(hand: Hand, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return where the dots of the hand's screentone are; bool (H, W)."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    turn = 2 * np.pi / hand.tone_px
    c, s = np.cos(hand.tone_angle) * turn, np.sin(hand.tone_angle) * turn
    u = (c * x + s * y).astype(np.float32)
    v = (c * y - s * x).astype(np.float32)
    return (np.cos(u) + np.cos(v)) > 0.4


class Scenes:
    """Makes the pictures of panels.

    Args:
        art: What there is.
        rng: Chooses.
    """

    def __init__(self, art: ArtPool, rng: np.random.Generator) -> None:
        self._art = art
        self._rng = rng

    def scene(self, width: int, height: int, hand: Hand) -> Picture:
        """Return one panel's picture of this size, in the hand's style."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.52:
            picture = drawn_by(hand, self.art(width, height))
        elif kind < 0.66:
            picture = drawn_by(hand, self._ground(width, height))
            for _ in range(int(rng.integers(1, 4))):
                self._add_figure(picture, hand)
        elif kind < 0.76:
            picture = self._paper(width, height)
            self._fade_in(picture, drawn_by(hand, self.art(width, height)))
        elif kind < 0.84:
            picture = self._paper(width, height)
            if rng.random() < 0.7:
                self._speed_lines(picture)
            for _ in range(int(rng.integers(0, 3))):
                self._add_figure(picture, hand)
        else:
            picture = drawn_by(hand, self._ground(width, height))
            self._add_frames(picture, hand)
            if rng.random() < 0.5:
                self._add_figure(picture, hand)
        if rng.random() < 0.1:
            self._add_frames(picture, hand, n=1)
        return picture

    def art(self, width: int, height: int) -> Picture:
        """Return a crop of art, enlarged to this size."""
        rng, pool = self._rng, self._art
        kinds = (pool.colour, pool.drawn, pool.ink)
        kind = kinds[int(rng.choice(3, p=[0.5, 0.36, 0.14]))] or pool.drawn
        source = kind[int(rng.integers(len(kind)))]
        if rng.random() < 0.5:
            source = source[:, ::-1]
        factor = max(width / source.shape[1], height / source.shape[0])
        factor *= rng.uniform(1.0, 1.5) if rng.random() < 0.7 else rng.uniform(1.5, 2.2)
        w, h = min(source.shape[1], width / factor), min(source.shape[0], height / factor)
        x, y = rng.uniform(0, source.shape[1] - w), rng.uniform(0, source.shape[0] - h)
        part = source[int(y) : int(y + h) + 1, int(x) : int(x + w) + 1]
        way = cv2.INTER_LINEAR if factor > 1 else cv2.INTER_AREA
        out = cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=way)
        if rng.random() < 0.25:  # other colours from the same art
            out = np.ascontiguousarray(out[:, :, rng.permutation(3)])
        return out

    def _paper(self, width: int, height: int) -> Picture:
        grey = 255 if self._rng.random() < 0.8 else int(self._rng.choice([0, 12, 235, 200]))
        return np.full((height, width, 3), grey, np.uint8)

    def _ground(self, width: int, height: int) -> Picture:
        """Return a flat or graded ground in a colour."""
        rng = self._rng
        a, b = rng.integers(40, 256, 3), rng.integers(40, 256, 3)
        if rng.random() < 0.5:
            b = a
        along = (
            np.linspace(0, 1, height)[:, None]
            if rng.random() < 0.5
            else np.linspace(0, 1, width)[None]
        )
        ramp = np.broadcast_to(along, (height, width))[..., None]
        return (a + (b - a) * ramp).astype(np.uint8)

    def _fade_in(self, ground: Picture, art: Picture) -> None:
        """Let art stand on a ground without an edge."""
        mask = self.blob(ground.shape[1], ground.shape[0], soft=bool(self._rng.random() < 0.5))
        ground[:] = (ground + (art.astype(np.float32) - ground) * mask[..., None]).astype(np.uint8)

    def blob(self, width: int, height: int, *, soft: bool) -> NDArray[np.float32]:
        """Return an irregular shape that fills most of a rectangle; float32 (h, w), 0 to 1."""
        rng = self._rng
        turn = np.linspace(0, 2 * np.pi, 40)[:-1]
        wobble = sum(
            rng.uniform(0, 0.14) * np.sin(n * turn + rng.uniform(0, 6)) for n in (2, 3, 5, 7)
        )
        radius = rng.uniform(0.3, 0.5) * (1 + wobble)
        x = width * (0.5 + radius * np.cos(turn) * rng.uniform(0.8, 1.1))
        y = height * (0.5 + radius * np.sin(turn) * rng.uniform(0.9, 1.2))
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [np.stack([x, y], 1).astype(np.int32)], 255)
        if soft:
            mask = cv2.blur(mask, (width // 8 + 1, height // 8 + 1))
        return mask.astype(np.float32) / 255

    def figure(self, height: int, hand: Hand) -> NDArray[np.uint8]:
        """Return a figure of this height in the hand's style; RGBA."""
        rng = self._rng
        source = self._art.figures[int(rng.integers(len(self._art.figures)))]
        if rng.random() < 0.5:
            source = source[:, ::-1]
        width = max(4, int(height * source.shape[1] / source.shape[0]))
        small = cv2.resize(
            np.ascontiguousarray(source), (width, height), interpolation=cv2.INTER_AREA
        )
        colour = small[..., :3]
        if not hand.is_colour:
            colour = in_grey(colour)
        elif rng.random() < 0.5:
            tint = rng.uniform(0.4, 1.0, 3)
            colour = (colour * tint).astype(np.uint8)
        return np.dstack([colour, small[..., 3]])

    def _add_figure(self, picture: Picture, hand: Hand) -> None:
        rng = self._rng
        height, width = picture.shape[:2]
        tall = max(8, int(height * rng.uniform(0.4, 1.3)))
        figure = self.figure(tall, hand)
        paste(
            picture,
            figure,
            int(rng.uniform(-0.3, 0.9) * width),
            int(rng.uniform(0.0, 0.6) * height),
        )

    def _speed_lines(self, picture: Picture) -> None:
        """Draw lines towards a point, or side by side."""
        rng = self._rng
        height, width = picture.shape[:2]
        ink = 0 if picture.mean() > 128 else 255
        n = int(rng.integers(20, 90))
        if rng.random() < 0.6:
            centre = np.array([width * rng.uniform(0.2, 0.8), height * rng.uniform(0.2, 0.8)])
            for turn in rng.uniform(0, 2 * np.pi, n):
                way = np.array([np.cos(turn), np.sin(turn)])
                inner = rng.uniform(0.2, 0.6) * min(width, height)
                a, b = centre + way * inner, centre + way * (width + height)
                _line(picture, a, b, ink, int(rng.integers(1, 4)))
        else:
            for y in rng.uniform(0, height, n):
                x = rng.uniform(-0.5, 0.8) * width
                end = x + rng.uniform(0.2, 1.0) * width
                _line(picture, np.array([x, y]), np.array([end, y]), ink, int(rng.integers(1, 3)))

    def _add_frames(self, picture: Picture, hand: Hand, n: int | None = None) -> None:
        """Draw windows, doors, screens, boards and buildings: rectangles that are no panels."""
        rng = self._rng
        height, width = picture.shape[:2]
        ink = (int(rng.integers(0, 50)),) * 3
        rows, columns = int(rng.integers(1, 5)), int(rng.integers(1, 6))
        if n is None and rng.random() < 0.35:  # a wall of windows
            x0, y0 = rng.uniform(-0.1, 0.5) * width, rng.uniform(-0.1, 0.5) * height
            step = rng.uniform(0.08, 0.2) * min(width, height)
            for i in range(rows * 2):
                for j in range(columns):
                    a = (int(x0 + j * step * 1.5), int(y0 + i * step * 1.4))
                    b = (int(a[0] + step), int(a[1] + step))
                    cv2.rectangle(picture, a, b, ink, 1 if rng.random() < 0.7 else -1)
            return
        for _ in range(n or int(rng.integers(1, 4))):
            w, h = rng.uniform(0.12, 0.55) * width, rng.uniform(0.15, 0.8) * height
            x, y = rng.uniform(-0.1, 1.0) * width - w / 4, rng.uniform(-0.1, 0.9) * height
            a, b = (int(x), int(y)), (int(x + w), int(y + h))
            fill = rng.random()
            if fill < 0.35:
                grey = int(rng.choice([255, 240, 30, 180]))
                colour = (
                    tuple(int(v) for v in rng.integers(60, 256, 3))
                    if hand.is_colour
                    else (grey,) * 3
                )
                cv2.rectangle(picture, a, b, colour, -1)
            elif fill < 0.6 and min(w, h) > 24:
                part = drawn_by(hand, self.art(int(w), int(h)))
                paste(picture, np.dstack([part, np.full(part.shape[:2], 255, np.uint8)]), *a)
            cv2.rectangle(picture, a, b, ink, int(rng.integers(1, 4)))
            if rng.random() < 0.4:  # bars of a window
                middle = (a[0] + b[0]) // 2, (a[1] + b[1]) // 2
                cv2.line(picture, (middle[0], a[1]), (middle[0], b[1]), ink, 1)
                cv2.line(picture, (a[0], middle[1]), (b[0], middle[1]), ink, 1)


def _line(
    picture: Picture, a: NDArray[np.float64], b: NDArray[np.float64], ink: int, px: int
) -> None:
    ends = [tuple(int(v) for v in np.clip(p, -4000, 4000)) for p in (a, b)]
    cv2.line(picture, ends[0], ends[1], (ink,) * 3, px, cv2.LINE_AA)


def paste(picture: Picture, layer: NDArray[np.uint8], x: int, y: int) -> None:
    """Lay an RGBA picture over another, cut off at its edges."""
    height, width = picture.shape[:2]
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(width, x + layer.shape[1]), min(height, y + layer.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    part = layer[y0 - y : y1 - y, x0 - x : x1 - x]
    alpha = part[..., 3:].astype(np.uint16)
    below = picture[y0:y1, x0:x1]
    mixed = (below * (255 - alpha) + part[..., :3] * alpha) // 255
    picture[y0:y1, x0:x1] = mixed.astype(np.uint8)
