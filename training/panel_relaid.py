"""Real lettered panels laid out anew: their own balloons, frames and art on pages that never were.

Panels of train works are cut out with their lettering and put in rows, each stretched a little to
fit. The ink strips of the Poignant Guide have no panel truth; where ruled lines run all the way
through a strip, they are it, and such strips are also used whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from training.panel_art import Picture, read_picture
from training.panel_layouts import Polygon, rectangle
from training.panel_print import printed
from training.panel_scenes import drawn_by, random_hand

DARK = 140
FULL_LINE = 0.96
WIDEST_LINE = 16


@dataclass(frozen=True, slots=True, eq=False)
class LetteredPanels:
    """Panels with their lettering.

    Attributes:
        framed: Ink panels with their own borders.
        bare: Coloured panels without.
    """

    framed: tuple[Picture, ...]
    bare: tuple[Picture, ...]


def load_lettered(comics: Path, rng: np.random.Generator) -> LetteredPanels:
    """Read the panels of train works."""
    framed: list[Picture] = []
    bare: list[Picture] = []
    for line in (comics / "index.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["split"] != "train":
            continue
        if row["image"].startswith("poignant_guide"):
            page = read_picture(comics / row["image"])
            for x0, y0, x1, y1 in ruled_strip(page) if row["role"] == "strip" else ():
                framed.append(page[y0:y1, x0:x1])
        elif row["panels"] and rng.random() < (0.25 if "mimi" in row["image"] else 0.6):
            page = read_picture(comics / row["image"])
            for box in row["panels"]:
                x0, y0, x1, y1 = (round(float(v)) for v in box)
                bare.append(page[y0 + 3 : y1 - 3, x0 + 3 : x1 - 3])
    return LetteredPanels(tuple(framed), tuple(bare))


def ruled_strip(strip: Picture) -> list[tuple[int, int, int, int]]:
    """Return the panels of a strip that ruled lines divide, or none where that is not certain."""
    dark = strip.min(axis=2) < DARK
    rows, columns = (
        np.flatnonzero(dark.mean(axis=1) > 0.02),
        np.flatnonzero(dark.mean(axis=0) > 0.02),
    )
    if rows.size < 50 or columns.size < 50:
        return []
    x0, x1, y0, y1 = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
    thick = cv2.dilate(dark.astype(np.uint8), np.ones((1, 5), np.uint8))
    is_line = thick[y0 + 3 : y1 - 3].mean(axis=0) > FULL_LINE
    ends = np.flatnonzero(np.diff(np.concatenate([[0], is_line.astype(int), [0]])))
    middles = [
        int(a + b) // 2 for a, b in zip(ends[::2], ends[1::2], strict=True) if b - a < WIDEST_LINE
    ]
    edges = [x0, *(m for m in middles if x0 + 20 < m < x1 - 20), x1]
    widths = np.diff(edges)
    tall = y1 - y0
    if not 2 <= len(widths) <= 6 or widths.min() < 0.35 * tall or widths.max() > 2.3 * tall:
        return []
    return [(a, y0, b, y1) for a, b in pairwise(edges)]


def ruled_strips(comics: Path) -> Iterator[tuple[str, Picture, tuple[Polygon, ...]]]:
    """Yield the strips whose panels ruled lines tell: name, picture, outlines."""
    for line in (comics / "index.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["image"].startswith("poignant_guide") and row["role"] == "strip":
            strip = read_picture(comics / row["image"])
            panels = ruled_strip(strip)
            if panels:
                yield Path(row["image"]).stem, strip, tuple(rectangle(*p) for p in panels)


def relaid_page(
    lettered: LetteredPanels, rng: np.random.Generator
) -> tuple[Picture, tuple[Polygon, ...]]:
    """Put real panels on a page that never was; RGB uint8 (H, W, 3), outlines."""
    width = int(rng.integers(560, 900))
    height = int(width * rng.uniform(0.3, 1.6))
    is_ink = rng.random() < 0.4
    pool = lettered.framed if is_ink else lettered.bare
    hand = random_hand(rng)
    margin, gutter = rng.uniform(0.0, 0.06) * width, rng.uniform(0.0, 0.025) * width
    paper = 255 if rng.random() < 0.8 or is_ink else int(rng.choice([0, 20, 240, 200]))
    page = np.full((height, width, 3), paper, np.uint8)
    line_px = 0 if is_ink or rng.random() < 0.4 else int(rng.integers(1, 5))
    outlines: list[Polygon] = []
    y = margin
    while y < height - margin - 60:
        row = [pool[int(i)] for i in rng.integers(0, len(pool), int(rng.integers(1, 5)))]
        ratio = sum(min(2.4, max(0.45, p.shape[1] / p.shape[0])) for p in row)
        tall = (width - 2 * margin - gutter * (len(row) - 1)) / ratio
        left = height - margin - y
        if left - tall < 90:
            tall = left if left < 1.35 * tall else tall
        if tall > left:
            tall = left
        outlines += _row(page, row, (margin, y, width - margin, y + tall), gutter)
        y += tall + (gutter if rng.random() < 0.8 else gutter * 2.5)
    if not is_ink and not hand.is_colour:
        page = np.ascontiguousarray(drawn_by(hand, page))
    for outline in outlines if line_px else ():
        cv2.polylines(page, [np.round(outline).astype(np.int32)], True, (0, 0, 0), line_px)
    pixels, moved = printed(page, outlines, rng)
    return pixels, tuple(moved)


def _row(
    page: Picture, row: Sequence[Picture], box: tuple[float, float, float, float], gutter: float
) -> list[Polygon]:
    """Paste panels side by side, stretched to fill a box; return their outlines."""
    x0, y0, x1, y1 = box
    ratios = np.array([min(2.4, max(0.45, p.shape[1] / p.shape[0])) for p in row])
    widths = ratios / ratios.sum() * (x1 - x0 - gutter * (len(row) - 1))
    outlines, x = [], x0
    for panel, wide in zip(row, widths, strict=True):
        a, b, c, d = round(x), round(y0), round(x + wide), round(y1)
        c, d = min(c, page.shape[1]), min(d, page.shape[0])
        page[b:d, a:c] = cv2.resize(panel, (c - a, d - b), interpolation=cv2.INTER_AREA)
        outlines.append(rectangle(a, b, c, d))
        x += wide + gutter
    return outlines
