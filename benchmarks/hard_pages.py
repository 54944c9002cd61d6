"""Hard comic pages with known panels, to develop and measure panel finding on.

Layouts are cut at random, then everything that breaks simple rules is added: bleeds, missing
frames, slanted gutters, insets, overlapping panels, balloons and figures across gutters, black,
grey and textured gutters, panels without any frame, white drawings, tone, JPEG. The art is cropped
from comics of the training split (Pepper&Carrot without lettering, partly turned into ink and
tone, and the ink drawings of the Poignant Guide), read where they lie. The truth of a panel is
the box of its outline on the page, also where it is borderless or partly covered.

Every page is a function of its seed.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from longbox.book import Direction
from longbox.geometry import Box

Quad = list[tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class HardPage:
    """A drawn page: RGB uint8 (H, W, 3), its true panels in reading order, its direction."""

    pixels: NDArray[np.uint8]
    boxes: tuple[Box, ...]
    direction: Direction


class HardPages:
    """Draws pages from the art of a folder of comics."""

    def __init__(self, comics: Path) -> None:
        self._colour: list[Image.Image] = []
        self._ink: list[Image.Image] = []
        for line in (comics / "index.jsonl").read_text().splitlines():
            row = json.loads(line)
            if row["split"] != "train":
                continue
            if row["source"] == "peppercarrot" and row["lang"] == "en" and row["panels"]:
                page = Image.open(comics / row["textless"]).convert("RGB")
                factor = page.width / row["width"]
                for x0, y0, x1, y1 in row["panels"]:
                    corners = [int(v * factor) for v in (x0 + 6, y0 + 6, x1 - 6, y1 - 6)]
                    self._colour.append(page.crop(tuple(corners)))
            elif row["image"].startswith("poignant_guide/"):
                self._ink.append(Image.open(comics / row["image"]).convert("RGB"))

    def page(self, seed: int) -> HardPage:
        """Draw the page of a seed."""
        return _Drawing(np.random.default_rng(seed), self._colour, self._ink).finish()


class _Drawing:
    """One page in the making."""

    def __init__(
        self, rng: np.random.Generator, colour: list[Image.Image], ink: list[Image.Image]
    ) -> None:
        self.rng, self.colour, self.ink = rng, colour, ink
        self.width = int(rng.integers(560, 1000))
        self.height = int(self.width * rng.uniform(1.3, 1.5))
        self.is_manga = rng.random() < 0.75
        self.direction = Direction.RTL if self.is_manga else Direction.LTR
        self.paper = self._paper_colour()
        self.line = int(rng.choice([1, 2, 2, 3, 4]))
        self.hard = rng.uniform(0, 1)  # how much goes wrong on this page
        self.page = Image.new("RGB", (self.width, self.height), self.paper)
        if rng.random() < 0.06:
            noise = rng.normal(0, 10, (self.height, self.width, 1))
            self.page = Image.fromarray(
                np.clip(np.asarray(self.page) + noise, 0, 255).astype(np.uint8)
            )
        self.draw = ImageDraw.Draw(self.page)
        self.quads: list[Quad] = []

    def _paper_colour(self) -> tuple[int, int, int]:
        kind = self.rng.random()
        if kind < 0.78:
            return (255, 255, 255)
        if kind < 0.86:
            return tuple(int(v) for v in self.rng.integers(215, 250) - np.array([0, 4, 14]))
        if kind < 0.94:
            return (int(self.rng.integers(0, 20)),) * 3
        return (int(self.rng.integers(90, 200)),) * 3

    def finish(self) -> HardPage:
        rng = self.rng
        cells = self._layout()
        for quad in cells:
            self._panel(quad)
        if rng.random() < 0.3 * self.hard + 0.05:
            self._inset()
        for _ in range(rng.integers(0, 2 + int(3 * self.hard))):
            self._figure()
        for quad in list(self.quads):
            for _ in range(rng.integers(0, 3)):
                self._balloon(quad)
        if rng.random() < 0.3:
            self._page_number()
        boxes = []
        for quad in self.quads:
            xs, ys = [p[0] for p in quad], [p[1] for p in quad]
            boxes.append(Box(min(xs), min(ys), max(xs), max(ys)).clip(self.width, self.height))
        page = self.page.filter(ImageFilter.GaussianBlur(0.5)) if rng.random() < 0.5 else self.page
        coded = io.BytesIO()
        page.save(coded, "JPEG", quality=int(rng.integers(50, 95)))
        return HardPage(np.asarray(Image.open(coded).convert("RGB")), tuple(boxes), self.direction)

    def _layout(self) -> list[Quad]:
        """Cut the page into quads, in reading order."""
        rng, w, h = self.rng, self.width, self.height
        margin_x, margin_y = rng.uniform(0.015, 0.07) * w, rng.uniform(0.015, 0.06) * h
        gutter_y = rng.uniform(0.002, 0.026) * h + self.line + 1
        gutter_x = rng.uniform(0.002, 0.018) * w + self.line + 1
        n_tiers = int(rng.choice([1, 2, 3, 4, 5], p=[0.05, 0.2, 0.4, 0.28, 0.07]))
        weights = rng.uniform(0.6, 1.6, n_tiers)
        heights = weights / weights.sum() * (h - 2 * margin_y - gutter_y * (n_tiers - 1))
        slanted = rng.random() < 0.25 + 0.3 * self.hard
        quads: list[Quad] = []
        y, tilt_top = margin_y, 0.0
        bleeds = rng.random(4) < (0.45 if self.is_manga else 0.1)
        for tier, height in enumerate(heights):
            last = tier == n_tiers - 1
            tilt = 0.0 if last or not slanted or rng.random() < 0.6 else rng.normal(0, 0.04) * w
            top0, top1 = y + tilt_top, y - tilt_top
            bottom0, bottom1 = y + height + tilt, y + height - tilt
            if tier == 0 and bleeds[0]:
                top0 = top1 = -3.0
            if last and bleeds[1]:
                bottom0 = bottom1 = h + 3.0
            left = -3.0 if bleeds[2] and rng.random() < 0.7 else margin_x
            right = w + 3.0 if bleeds[3] and rng.random() < 0.7 else w - margin_x
            quads += self._tier((left, right), (top0, top1), (bottom0, bottom1), gutter_x, slanted)
            y, tilt_top = y + height + gutter_y, tilt
        return quads

    def _tier(
        self,
        sides: tuple[float, float],
        top: tuple[float, float],
        bottom: tuple[float, float],
        gutter: float,
        slanted: bool,
    ) -> list[Quad]:
        """Cut one tier into columns (and some columns into two), in reading order."""
        rng, (left, right) = self.rng, sides
        n = int(rng.choice([1, 2, 3, 4], p=[0.2, 0.42, 0.3, 0.08]))
        weights = rng.uniform(0.6, 1.6, n)
        ends = left + np.cumsum(weights / weights.sum()) * (right - left)
        slope = (right - left) or 1.0

        def level(pair: tuple[float, float], x: float) -> float:
            return pair[0] + (pair[1] - pair[0]) * (x - left) / slope

        quads: list[Quad] = []
        x_top = x_bottom = left
        for i, end in enumerate(ends):
            lean = (
                0.0
                if i == n - 1 or not slanted or rng.random() < 0.4
                else (rng.normal(0, 0.05) * self.width)
            )
            last = i == n - 1
            e_top = right if last else end - gutter / 2 + lean
            e_bottom = right if last else end - gutter / 2 - lean
            quad = [
                (x_top, level(top, x_top)),
                (e_top, level(top, e_top)),
                (e_bottom, level(bottom, e_bottom)),
                (x_bottom, level(bottom, x_bottom)),
            ]
            is_tall = bottom[0] - top[0] > 0.32 * self.height
            if n > 1 and is_tall and lean == 0 and x_top == x_bottom and rng.random() < 0.5:
                cut = rng.uniform(0.4, 0.6)
                y_left = quad[0][1] * (1 - cut) + quad[3][1] * cut
                y_right = quad[1][1] * (1 - cut) + quad[2][1] * cut
                quads.append([quad[0], quad[1], (quad[1][0], y_right), (quad[0][0], y_left)])
                quads.append(
                    [(quad[0][0], y_left + gutter), (quad[1][0], y_right + gutter), *quad[2:]]
                )
            else:
                quads.append(quad)
            x_top, x_bottom = e_top + gutter, e_bottom + gutter
        if self.direction is Direction.RTL:
            quads = [[(self.width - x, y) for x, y in (q[1], q[0], q[3], q[2])] for q in quads]
        return quads

    def _art(self, width: int, height: int) -> Image.Image:
        """A crop of art of this size, in the page's style."""
        rng = self.rng
        if rng.random() < 0.2 and self.ink:
            source = self.ink[int(rng.integers(len(self.ink)))]
            side = int(min(source.size) * rng.uniform(0.5, 0.8))  # within one of its panels
            left = int(rng.integers(0, source.width - side))
            top = int(rng.integers(0, source.height - side))
            source = source.crop((left, top, left + side, top + side))
        else:
            source = self.colour[int(rng.integers(len(self.colour)))]
        factor = max(width / source.width, height / source.height) * rng.uniform(1.0, 1.6)
        source = source.resize(
            (
                max(width, int(source.width * factor)) + 1,
                max(height, int(source.height * factor)) + 1,
            )
        )
        x = int(rng.integers(0, source.width - width))
        y = int(rng.integers(0, source.height - height))
        crop = source.crop((x, y, x + width, y + height))
        return self._inked(crop) if self.is_manga else crop

    def _inked(self, art: Image.Image) -> Image.Image:
        """Turn a painting into lines, black areas and tone."""
        rng = self.rng
        grey = np.asarray(art.convert("L").filter(ImageFilter.GaussianBlur(1))).astype(np.float32)
        soft = np.asarray(art.convert("L").filter(ImageFilter.GaussianBlur(4))).astype(np.float32)
        out = np.full(grey.shape, 255.0, np.float32)
        low, high = np.quantile(grey, [rng.uniform(0, 0.2), rng.uniform(0.25, 0.6)])
        if rng.random() < 0.55:  # tone
            step = int(rng.integers(3, 6))
            yy, xx = np.mgrid[: grey.shape[0], : grey.shape[1]]
            dots = ((xx + yy) % (2 * step) < step) & ((xx - yy) % (2 * step) < step)
            tone = dots if rng.random() < 0.6 else np.ones_like(dots)
            out[(grey < high) & tone] = rng.uniform(60, 190)
        out[grey < low] = 15
        out[grey < soft - rng.uniform(3, 9)] = 10
        return Image.fromarray(out.astype(np.uint8)).convert("RGB")

    def _panel(self, quad: Quad) -> None:
        """Draw one panel and note it."""
        rng = self.rng
        if rng.random() < 0.1 * self.hard:  # overlap its neighbours a little
            dx, dy = rng.normal(0, 0.012, 2) * self.width
            quad = [(x + dx, y + dy) for x, y in quad]
        x0, y0 = int(min(p[0] for p in quad)), int(min(p[1] for p in quad))
        x1, y1 = int(max(p[0] for p in quad)) + 1, int(max(p[1] for p in quad)) + 1
        if x1 - x0 < 12 or y1 - y0 < 12:
            return
        self.quads.append(quad)
        art = self._art(x1 - x0, y1 - y0)
        mask = Image.new("L", art.size, 0)
        if rng.random() < 0.12 * self.hard:  # a borderless figure on paper
            if min(self.paper) < 128:
                return
            ImageDraw.Draw(mask).ellipse(
                [art.width * 0.08, art.height * 0.05, art.width * 0.92, art.height], fill=255
            )
            self.page.paste(art, (x0, y0), mask)
            return
        ImageDraw.Draw(mask).polygon([(x - x0, y - y0) for x, y in quad], fill=255)
        self.page.paste(art, (x0, y0), mask)
        if not self.is_manga and rng.random() < 0.5:
            return
        ink = (0, 0, 0) if min(self.paper) > 60 else (255, 255, 255)
        for i in range(4):
            if rng.random() > 0.08 * self.hard:
                self.draw.line([quad[i], quad[(i + 1) % 4]], fill=ink, width=self.line)

    def _inset(self) -> None:
        """Draw a small panel over a large one."""
        rng = self.rng
        sizes = [(max(p[0] for p in q) - min(p[0] for p in q)) for q in self.quads]
        if not sizes:
            return
        host = self.quads[int(np.argmax(sizes))]
        x0, y0 = max(0.0, min(p[0] for p in host)), max(0.0, min(p[1] for p in host))
        x1 = min(float(self.width), max(p[0] for p in host))
        y1 = min(float(self.height), max(p[1] for p in host))
        w, h = (x1 - x0) * rng.uniform(0.25, 0.4), (y1 - y0) * rng.uniform(0.3, 0.45)
        x, y = rng.uniform(x0 + 8, x1 - w - 8), rng.uniform(y0 + 8, y1 - h - 8)
        if w < 40 or h < 40:
            return
        halo = rng.choice([0, 4, 8])
        if halo:
            self.draw.rectangle([x - halo, y - halo, x + w + halo, y + h + halo], fill=self.paper)
        self._panel([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
        self.quads.insert(self.quads.index(host) + 1, self.quads.pop())  # read after its host

    def _figure(self) -> None:
        """Let a drawn shape break out of a panel across a gutter."""
        rng = self.rng
        if not self.quads:
            return
        quad = self.quads[int(rng.integers(len(self.quads)))]
        i = int(rng.integers(4))
        (xa, ya), (xb, yb) = quad[i], quad[(i + 1) % 4]
        t, r = rng.uniform(0.25, 0.75), rng.uniform(0.03, 0.1) * self.width
        cx, cy = xa + (xb - xa) * t, ya + (yb - ya) * t
        turn = np.sort(rng.uniform(0, 2 * np.pi, 12))
        radius = r * rng.uniform(0.5, 1.3, 12)
        shape = [
            (cx + a * np.cos(u), cy + a * np.sin(u)) for a, u in zip(radius, turn, strict=True)
        ]
        fill = (
            (255, 255, 255)
            if rng.random() < 0.5
            else tuple(int(v) for v in rng.integers(0, 256, 3))
        )
        if self.is_manga and fill != (255, 255, 255):
            fill = (int(rng.integers(0, 200)),) * 3
        self.draw.polygon(shape, fill=fill, outline=(0, 0, 0))
        for _ in range(4):
            a, b = rng.integers(12, size=2)
            self.draw.line([shape[a], (cx, cy), shape[b]], fill=(0, 0, 0), width=2)

    def _balloon(self, quad: Quad) -> None:
        """Draw a balloon with lettering, sometimes across the frame."""
        rng = self.rng
        x0, y0 = min(p[0] for p in quad), min(p[1] for p in quad)
        x1, y1 = max(p[0] for p in quad), max(p[1] for p in quad)
        w = min(rng.uniform(0.08, 0.2) * self.width, (x1 - x0) * 0.6)
        h = min(w * rng.uniform(0.7, 1.6), (y1 - y0) * 0.6)
        out = 0.5 if rng.random() < 0.25 + 0.3 * self.hard else 0.0
        x = rng.uniform(x0 - out * w, max(x0, x1 - w) + out * w)
        y = rng.uniform(y0 - out * h, max(y0, y1 - h) + out * h)
        outline = (0, 0, 0) if rng.random() < 0.85 else (255, 255, 255)
        self.draw.ellipse([x, y, x + w, y + h], fill=(255, 255, 255), outline=outline, width=2)
        step = max(5, int(w / 7))
        for cx in np.arange(x + 0.25 * w, x + 0.75 * w, step):
            for cy in np.arange(y + 0.25 * h, y + 0.75 * h, step):
                dx, dy = rng.uniform(0.3, 0.7, 2) * step
                self.draw.line([(cx, cy), (cx + dx, cy + dy)], fill=(0, 0, 0), width=2)
                self.draw.line([(cx, cy + dy), (cx + dx, cy)], fill=(0, 0, 0), width=1)

    def _page_number(self) -> None:
        """Print a number in the lower margin."""
        x = self.rng.choice([0.06, 0.5, 0.92]) * self.width
        ink = (0, 0, 0) if min(self.paper) > 60 else (255, 255, 255)
        self.draw.text((x, self.height - 12), str(self.rng.integers(1, 200)), fill=ink)
