"""Training pages for the panel detector, with known panels.

A layout (panel_layouts.py) is filled with scenes (panel_scenes.py), framed, lettered, spoiled by
what breaks frames, and printed and scanned. The truth of a panel is the outline of its frame, cut
off at the page's edge; of a panel without frame and ground, what is drawn of it.

Every page is a function of its seed and the art.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.panel_art import ArtPool, Picture
from training.panel_layouts import Layout, LayoutMaker, Polygon, bounds, clipped, rectangle
from training.panel_lettering import Letterer
from training.panel_print import printed
from training.panel_scenes import Hand, Scenes, drawn_by, paste, random_hand

MIN_PANEL = 0.008
"""Smallest panel that counts, as a share of the page's area."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingPage:
    """A page and its panels, those drawn later last.

    Attributes:
        pixels: RGB uint8 (H, W, 3).
        panels: Outlines in page pixels, float64 (n, 2) each.
    """

    pixels: Picture
    panels: tuple[Polygon, ...]


@dataclass(frozen=True, slots=True)
class FrameStyle:
    """How the page's panels are framed.

    Attributes:
        line_px: Width of the border; 0 for none.
        ink: Its colour.
        missing: Chance that a side has no border.
        borderless: Chance that a panel has neither border nor ground.
        rounded: Corner radius as a share of the shorter side.
        wobble: How far a hand-drawn border strays, in pixels.
        halo_px: Strip of paper round panels that lie over others.
    """

    line_px: int
    ink: tuple[int, int, int]
    missing: float
    borderless: float
    rounded: float
    wobble: float
    halo_px: int


def draw_page(art: ArtPool, seed: int) -> TrainingPage:
    """Draw the page of a seed."""
    return _Drawing(art, np.random.default_rng(seed)).finish()


class _Drawing:
    """One page in the making."""

    def __init__(self, art: ArtPool, rng: np.random.Generator) -> None:
        self.rng = rng
        self.layout: Layout = LayoutMaker(rng).layout()
        self.hand: Hand = random_hand(rng)
        self.scenes = Scenes(art, rng)
        self.letterer = Letterer(art, rng)
        self.paper = self._paper_colour()
        self.frame = self._frame_style()
        self.page = self._ground()
        self.panels: list[Polygon] = []

    def _paper_colour(self) -> tuple[int, int, int]:
        rng = self.rng
        kind = rng.random()
        if self.hand.is_negative or kind < 0.1:
            return (int(rng.integers(0, 25)),) * 3
        if kind < 0.72:
            return (int(rng.integers(250, 256)),) * 3
        if kind < 0.84:
            tint = rng.integers(215, 252) - np.array([0, 4, 16])
            return int(tint[0]), int(tint[1]), int(tint[2])
        if kind < 0.9 or not self.hand.is_colour:
            return (int(rng.integers(60, 225)),) * 3
        r, g, b = (int(v) for v in rng.integers(20, 256, 3))
        return r, g, b

    def _frame_style(self) -> FrameStyle:
        rng = self.rng
        is_dark = sum(self.paper) < 200
        ink = (255, 255, 255) if is_dark and rng.random() < 0.6 else (0, 0, 0)
        if rng.random() < 0.08:
            ink = tuple(int(v) for v in rng.integers(0, 256, 3))
        bare = 0.42 if self.hand.is_colour else 0.1
        px = 0 if rng.random() < bare else int(rng.choice([1, 2, 2, 3, 3, 4, 6]))
        wild = rng.random() < 0.3
        return FrameStyle(
            line_px=px,
            ink=ink,
            missing=float(rng.uniform(0, 0.2)) if wild else 0.0,
            borderless=float(rng.uniform(0, 0.35)) if wild or rng.random() < 0.15 else 0.0,
            rounded=float(rng.uniform(0.02, 0.16)) if rng.random() < 0.08 else 0.0,
            wobble=float(rng.uniform(0.6, 3.0)) if rng.random() < 0.15 else 0.0,
            halo_px=int(rng.choice([0, 0, 3, 6, 10])),
        )

    def _ground(self) -> Picture:
        rng, layout = self.rng, self.layout
        if layout.is_on_art:
            art = drawn_by(self.hand, self.scenes.art(layout.width, layout.height))
            if rng.random() < 0.5:  # a quiet ground
                art = (art * 0.35 + np.array(self.paper) * 0.65).astype(np.uint8)
            return np.ascontiguousarray(art)
        page = np.full((layout.height, layout.width, 3), self.paper, np.uint8)
        if rng.random() < 0.05:
            noise = rng.normal(0, rng.uniform(3, 14), (layout.height, layout.width, 1))
            page = np.clip(page + noise, 0, 255).astype(np.uint8)
        elif rng.random() < 0.04:
            ramp = np.linspace(rng.uniform(0.5, 1), rng.uniform(0.5, 1), layout.height)
            page = (page * ramp[:, None, None]).astype(np.uint8)
        return page

    def finish(self) -> TrainingPage:
        """Draw everything and print it."""
        rng, layout = self.rng, self.layout
        # On art of its own the page is a panel where little lies over it.
        if layout.is_on_art and sum(float(np.prod(np.ptp(c, axis=0))) for c in layout.cells) < (
            0.38 * layout.width * layout.height
        ):
            self.panels.append(rectangle(0, 0, layout.width, layout.height))
        for cell in layout.cells:
            if rng.random() > 0.015 or len(layout.cells) < 3:
                self._panel(cell, over=layout.is_on_art)
        for inset in layout.insets:
            self._panel(inset, over=True)
        self._break_frames()
        self.letterer.letter(self.page, self.panels, self.hand)
        if not layout.cells and rng.random() < 0.7:
            self.letterer.prose(self.page, self.paper)
        if rng.random() < 0.4:
            self.letterer.margins(self.page, self.paper)
        pixels, panels = printed(self.page, self.panels, rng)
        return TrainingPage(pixels, tuple(self._worth(panels, pixels.shape)))

    def _worth(self, panels: list[Polygon], shape: tuple[int, ...]) -> list[Polygon]:
        area = shape[0] * shape[1]
        kept = []
        for panel in clipped(panels, shape[1], shape[0]):
            if len(panel) < 3:
                continue
            w, h = np.ptp(panel, axis=0)
            if w * h >= MIN_PANEL * area and min(w, h) > 0.02 * min(shape[:2]):
                kept.append(panel)
        return kept

    def _panel(self, polygon: Polygon, *, over: bool) -> None:
        """Draw one panel and note its outline."""
        rng, style = self.rng, self.frame
        x0, y0, x1, y1 = (int(v) for v in bounds(polygon))
        width, height = x1 - x0 + 1, y1 - y0 + 1
        if width < 14 or height < 14:
            return
        picture = self.scenes.scene(width, height, self.hand)
        mask = np.zeros((height, width), np.uint8)
        corner = np.array([x0, y0], dtype=np.float64)
        outline = self._outline(polygon) - corner
        cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 255)
        if rng.random() < style.borderless and not over:
            drawn = self._borderless(picture, mask, x0, y0)
            if drawn is not None:
                self.panels.append(drawn)
                return
        if over and style.halo_px:
            self._stroke(outline + corner, self.paper, 2 * style.halo_px + style.line_px)
        paste(self.page, np.dstack([picture, mask]), x0, y0)
        self.panels.append(polygon)
        if not style.line_px:
            return
        n = len(outline)
        sides = [i for i in range(n) if n > 8 or rng.random() > style.missing]
        if len(sides) == n:
            self._stroke(outline + corner, style.ink, style.line_px)
        else:
            for i in sides:
                ends = np.round(outline[[i, (i + 1) % n]] + corner).astype(int)
                cv2.line(self.page, ends[0].tolist(), ends[1].tolist(), style.ink, style.line_px)

    def _stroke(self, outline: NDArray[np.float64], ink: tuple[int, int, int], px: int) -> None:
        corners = np.round(outline).astype(np.int32)
        cv2.polylines(self.page, [corners], True, ink, px, cv2.LINE_AA)

    def _outline(self, polygon: Polygon) -> Polygon:
        """Return the polygon as the page's style draws it: rounded, or by a free hand."""
        style = self.frame
        side = float(np.ptp(polygon, axis=0).min())
        points = polygon
        if style.rounded:
            radius = style.rounded * side
            corners = []
            for i in range(len(polygon)):
                before, here, after = polygon[i - 1], polygon[i], polygon[(i + 1) % len(polygon)]
                a = here + (before - here) * min(
                    0.5, radius / (np.linalg.norm(before - here) + 1e-6)
                )
                b = here + (after - here) * min(0.5, radius / (np.linalg.norm(after - here) + 1e-6))
                t = np.linspace(0, 1, 6)[:, None]
                corners.append((1 - t) ** 2 * a + 2 * t * (1 - t) * here + t**2 * b)
            points = np.concatenate(corners)
        elif style.wobble:
            parts = []
            for i in range(len(polygon)):
                t = np.linspace(0, 1, 12)[:-1, None]
                side_points = polygon[i] * (1 - t) + polygon[(i + 1) % len(polygon)] * t
                parts.append(side_points + self.rng.normal(0, style.wobble, side_points.shape))
            points = np.concatenate(parts)
        return points

    def _borderless(
        self, picture: Picture, mask: NDArray[np.uint8], x: int, y: int
    ) -> Polygon | None:
        """Draw art that ends nowhere in particular; return what is drawn of it."""
        rng = self.rng
        height, width = mask.shape
        if rng.random() < 0.35:
            figure = self.scenes.figure(int(height * rng.uniform(0.75, 0.98)), self.hand)
            left = x + (width - figure.shape[1]) // 2
            top = y + height - figure.shape[0]
            if figure.shape[1] > 1.15 * width:
                return None
            paste(self.page, figure, left, top)
            x0, x1 = max(left, x), min(left + figure.shape[1], x + width)
            return rectangle(x0, top, x1, y + height)
        blob = self.scenes.blob(width, height, soft=bool(rng.random() < 0.4))
        alpha = (blob * mask).astype(np.uint8)
        ys, xs = np.nonzero(alpha > 90)
        if xs.size < 0.3 * mask.size:
            return None
        paste(self.page, np.dstack([picture, alpha]), x, y)
        x0, x1, y0, y1 = xs.min() + x, xs.max() + x + 1, ys.min() + y, ys.max() + y + 1
        return rectangle(x0, y0, x1, y1)

    def _break_frames(self) -> None:
        """Let figures and shapes reach out of panels and over gutters."""
        rng = self.rng
        if not self.panels or rng.random() < 0.55:
            return
        for _ in range(int(rng.integers(1, 4))):
            x0, y0, x1, y1 = bounds(self.panels[int(rng.integers(len(self.panels)))])
            tall = int((y1 - y0) * rng.uniform(0.35, 1.15))
            if tall < 16:
                continue
            figure = self.scenes.figure(min(tall, 900), self.hand)
            x = x0 + (x1 - x0) * rng.uniform(0, 1) - 0.5 * figure.shape[1]
            y = y1 - figure.shape[0] * rng.uniform(0.6, 1.1)
            paste(self.page, figure, int(x), int(y))
