"""Balloons, captions, sound effects and margins of training pages.

Balloons and caption boxes are what a detector most easily takes for panels, so there are many,
of all shapes, inside panels, over their frames and in gutters.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from training.panel_art import ArtPool, Picture
from training.panel_layouts import Polygon, bounds
from training.panel_scenes import Hand, paste

Colour = tuple[int, int, int]


class Letterer:
    """Letters pages.

    Args:
        art: Holds the set lettering.
        rng: Chooses.
    """

    def __init__(self, art: ArtPool, rng: np.random.Generator) -> None:
        self._art = art
        self._rng = rng
        self._density = float(rng.choice([0.0, 0.6, 1.3, 2.4], p=[0.12, 0.3, 0.4, 0.18]))
        self._captions = float(rng.choice([0.0, 0.3, 1.0], p=[0.45, 0.3, 0.25]))
        self._out = float(rng.choice([0.0, 0.25, 0.5], p=[0.5, 0.3, 0.2]))

    def letter(self, page: Picture, panels: Sequence[Polygon], hand: Hand) -> None:
        """Put balloons, captions and sound effects on a page."""
        rng = self._rng
        for panel in panels:
            box = bounds(panel)
            for _ in range(int(rng.poisson(self._density))):
                self._balloon(page, box, hand)
            if rng.random() < 0.5 * self._captions:
                self._caption(page, box, hand)
            if rng.random() < 0.12:
                self._noise(page, box, hand)

    def prose(self, page: Picture, paper: Colour) -> None:
        """Set columns of text, as on pages of letters, credits and prose."""
        rng = self._rng
        height, width = page.shape[:2]
        ink = (0, 0, 0) if sum(paper) > 380 else (255, 255, 255)
        n_columns, margin = int(rng.integers(1, 4)), rng.uniform(0.05, 0.15) * width
        wide = (width - 2 * margin) / n_columns
        factor = rng.uniform(0.5, 1.2)
        for column in range(n_columns):
            y = margin + (rng.uniform(0, 0.3) * height if rng.random() < 0.3 else 0.0)
            while y < height - margin and rng.random() > 0.03:
                x, line = margin + column * wide, 0.0
                while x < margin + (column + 0.92) * wide:
                    sprite = self._sprite()[:28, : int(0.9 * wide / factor)]
                    self._print(page, sprite, (x, y), factor, ink)
                    x += sprite.shape[1] * factor + 8
                    line = max(line, sprite.shape[0] * factor)
                y += line * rng.uniform(1.05, 1.4)

    def margins(self, page: Picture, paper: Colour) -> None:
        """Print a page number, a title or a line of text in the margins."""
        rng = self._rng
        height, width = page.shape[:2]
        ink = (0, 0, 0) if sum(paper) > 380 else (255, 255, 255)
        where = rng.random()
        sprite = self._sprite()
        size = rng.uniform(0.01, 0.025) * height
        factor = size / max(12, sprite.shape[0])
        if where < 0.6:
            sprite = sprite[:20, :40]
        y = height - size - 3 if rng.random() < 0.7 else 3
        x = float(rng.choice([0.05, 0.48, 0.88])) * width
        self._print(page, sprite, (x, y), factor * 1.5, ink)

    def _sprite(self) -> NDArray[np.uint8]:
        return self._art.letters[int(self._rng.integers(len(self._art.letters)))]

    def _print(
        self,
        page: Picture,
        ink: NDArray[np.uint8],
        at: tuple[float, float],
        factor: float,
        colour: Colour,
    ) -> None:
        width, height = max(2, int(ink.shape[1] * factor)), max(2, int(ink.shape[0] * factor))
        small = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)
        layer = np.empty((height, width, 4), np.uint8)
        layer[..., :3] = colour
        layer[..., 3] = small
        paste(page, layer, int(at[0]), int(at[1]))

    def _place(
        self, box: tuple[float, float, float, float], w: float, h: float
    ) -> tuple[float, float]:
        x0, y0, x1, y1 = box
        out = self._out if self._rng.random() < 0.5 else 0.0
        x = self._rng.uniform(x0 - out * w, max(x0, x1 - w) + out * w)
        y = self._rng.uniform(y0 - out * h, max(y0, y1 - h) + out * h)
        if self._rng.random() < 0.5:  # balloons hang from the top
            y = y0 + self._rng.uniform(-out, 0.15) * h
        return x, y

    def _balloon(self, page: Picture, box: tuple[float, float, float, float], hand: Hand) -> None:
        rng = self._rng
        x0, y0, x1, y1 = box
        sprite = self._sprite()
        page_width = page.shape[1]
        factor = page_width * rng.uniform(0.0007, 0.0016)
        w, h = sprite.shape[1] * factor * 1.5 + 8, sprite.shape[0] * factor * 1.6 + 8
        shrink = min(1.0, 0.85 * (x1 - x0) / w, 0.8 * (y1 - y0) / h)
        if shrink < 0.3:
            return
        w, h, factor = w * shrink, h * shrink, factor * shrink
        x, y = self._place(box, w, h)
        is_dark = rng.random() < 0.04
        ground: Colour = (0, 0, 0) if is_dark else (255, 255, 255)
        if hand.is_colour and rng.random() < 0.15:
            r, g, b = (int(v) for v in rng.integers(190, 256, 3))
            ground = (r, g, b)
        if rng.random() > 0.12:  # else lettering without a balloon
            self._shape(page, (x, y, w, h), ground, int(rng.choice([0, 1, 2, 2, 3])))
        at = (x + (w - sprite.shape[1] * factor) / 2, y + (h - sprite.shape[0] * factor) / 2)
        self._print(page, sprite, at, factor, (255, 255, 255) if is_dark else (0, 0, 0))

    def _shape(
        self, page: Picture, box: tuple[float, float, float, float], ground: Colour, line_px: int
    ) -> None:
        """Draw an ellipse, a cloud, a burst or a rounded rectangle, with or without a tail."""
        rng = self._rng
        x, y, w, h = box
        turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        kind = rng.random()
        power = 1.0 if kind < 0.5 else 0.45 if kind < 0.75 else 0.2
        radius = np.ones_like(turn)
        if 0.38 < kind < 0.5:
            radius += rng.uniform(0.05, 0.3) * (np.arange(48) % 2)
        cx = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power * radius
        cy = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** power * radius
        points = np.stack([x + w / 2 + w / 2 * cx, y + h / 2 + h / 2 * cy], 1)
        if rng.random() < 0.6:
            i = int(rng.integers(48))
            away = points[i] - [x + w / 2, y + h / 2]
            points[i] += away * rng.uniform(0.2, 1.2)
        corners = np.round(points).astype(np.int32)
        cv2.fillPoly(page, [corners], ground, cv2.LINE_AA)
        if line_px:
            ink: Colour = (0, 0, 0) if sum(ground) > 200 else (255, 255, 255)
            cv2.polylines(page, [corners], True, ink, line_px, cv2.LINE_AA)

    def _caption(self, page: Picture, box: tuple[float, float, float, float], hand: Hand) -> None:
        """Draw a box of text, often along an edge of its panel, sometimes over the gutter."""
        rng = self._rng
        x0, y0, x1, y1 = box
        sprite = self._sprite()
        factor = page.shape[1] * rng.uniform(0.0007, 0.0014)
        w, h = sprite.shape[1] * factor + 10, sprite.shape[0] * factor + 10
        if rng.random() < 0.3:
            w = x1 - x0
        if w > 1.1 * (x1 - x0) or h > 0.6 * (y1 - y0):
            return
        x = float(rng.choice([x0, x1 - w, rng.uniform(x0, max(x0 + 1, x1 - w))]))
        y = float(rng.choice([y0, y1 - h, y0 - h / 2, y1 - h / 2]))
        ground: Colour = (255, 255, 255)
        if rng.random() < 0.3:
            grey = int(rng.choice([0, 30, 220]))
            ground = (grey, grey, grey)
        elif hand.is_colour and rng.random() < 0.6:
            r, g, b = (int(v) for v in rng.integers(120, 256, 3))
            ground = (r, g, b)
        a, b = (int(x), int(y)), (int(x + w), int(y + h))
        cv2.rectangle(page, a, b, ground, -1)
        ink: Colour = (0, 0, 0) if sum(ground) > 300 else (255, 255, 255)
        if rng.random() < 0.75:
            cv2.rectangle(page, a, b, ink, int(rng.integers(1, 4)))
        self._print(page, sprite, (x + 5, y + 5), factor, ink)

    def _noise(self, page: Picture, box: tuple[float, float, float, float], hand: Hand) -> None:
        rng = self._rng
        ink = self._art.noises[int(rng.integers(len(self._art.noises)))]
        x0, y0, x1, y1 = box
        factor = rng.uniform(0.3, 1.0) * (x1 - x0) / ink.shape[1]
        factor = min(factor, 0.8 * (y1 - y0) / ink.shape[0], 2.5)
        if factor < 0.1:
            return
        x = x0 + (x1 - x0) * rng.uniform(-0.2, 1.1) - 0.3 * ink.shape[1] * factor
        y = y0 + (y1 - y0) * rng.uniform(-0.1, 1.1) - 0.3 * ink.shape[0] * factor
        colour: Colour = (0, 0, 0)
        if hand.is_colour and rng.random() < 0.7:
            r, g, b = (int(v) for v in rng.integers(0, 256, 3))
            colour = (r, g, b)
        outlined = cv2.dilate(ink, np.ones((7, 7), np.uint8))
        self._print(page, outlined, (x, y), factor, (255, 255, 255))
        self._print(page, ink, (x, y), factor, colour)
