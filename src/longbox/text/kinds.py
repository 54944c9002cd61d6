"""What a piece of lettering is to the story: rules on what stands around it.

The pixels say most. From the ground just around the lettering we fill outward: a fill that stays
small and closed is a balloon or a box; its shape says which (a box fills its rectangle and has
straight sides). A fill that runs away is a plain sky or wall; no fill is lettering on art.
Then size, slant, case and words decide:

- prose: a dense paragraph, many long lines;
- other: page numbers, addresses, copyright, sideways credits, titles on a page's head;
- dialogue: in a balloon, or sentence-like lettering on a plain ground;
- caption: in a box with straight sides, or sentence-like lettering straight on the art;
- sound effect: few letters, without a balloon, large for the page, slanted, or shouted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.book import TextKind
from longbox.geometry import Box, bounding_box
from longbox.text.group import is_mostly_vertical
from longbox.text.lines import Line, is_cjk, join_lines

_PROSE_MIN_WORDS = 55
_PROSE_MIN_LINE_CHARACTERS = 28
_TOLERANCE = 26  # grey levels per channel that still count as the same ground
_WINDOW_PX = 128  # the surroundings are looked at in at most this many pixels
_BOX_EXTENT = 0.93  # share of its rectangle that a caption box fills; an ellipse fills 0.785
_LARGE = 1.5  # times the page's usual letter size
_SLANT = 0.14  # height over width of a line's rise: 8 degrees
_ADDRESS = re.compile(
    r"(https?:|www\.|\.(com|org|net|fr|de|jp|cc|info|eu)\b|©|\(c\)\s*\d|\bcopyright\b|@\w+\.)", re.I
)
_PAGE_NUMBER = re.compile(r"^(p(age)?\.?\s*)?[-–—]?\s*\d{1,4}\s*[-–—]?$", re.I)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the pixels around one piece of lettering show.

    Attributes:
        is_closed: The ground around the letters is a closed shape: a balloon or a box.
        extent: Share of its bounding rectangle that the closed shape fills, 0 to 1.
        plainness: Share of the ring around the letters that has one colour, 0 to 1.
    """

    is_closed: bool
    extent: float
    plainness: float


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a group is compared with.

    Attributes:
        width: Of the page in pixels.
        height: As width.
        letter_px: The page's usual line thickness in pixels.
    """

    width: int
    height: int
    letter_px: float


def page_context(shape: tuple[int, ...], lines: Sequence[Line]) -> PageContext:
    """Describe a page by its size and its usual line thickness, weighted by length."""
    if not lines:
        return PageContext(shape[1], shape[0], 1.0)
    sizes = np.array([line.thickness for line in lines])
    weights = np.array([max(1, len(line.text)) for line in lines], dtype=float)
    order = np.argsort(sizes)
    middle = int(np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2))
    return PageContext(shape[1], shape[0], float(sizes[order][middle]))


def look_around(pixels: NDArray[np.uint8], box: Box, letter_px: float) -> Surroundings:
    """Look at the ground that a piece of lettering stands on.

    Args:
        pixels: The page, RGB, uint8 (H, W, 3).
        box: Box of the lettering, page pixels.
        letter_px: Its line thickness in pixels; the look reaches a few lines out.
    """
    import cv2

    height, width = pixels.shape[:2]
    reach = 2.5 * letter_px + 0.35 * max(box.width, box.height)
    window = box.expand(reach).clip(width, height)
    x0, y0, x1, y1 = window.rounded()
    x1, y1 = min(x1, width), min(y1, height)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return Surroundings(False, 0.0, 0.0)
    scale = min(1.0, _WINDOW_PX / max(x1 - x0, y1 - y0))
    size = (max(3, round((x1 - x0) * scale)), max(3, round((y1 - y0) * scale)))
    small = cv2.resize(pixels[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA).astype(np.int16)
    inner = _in_window(box, (x0, y0), scale, size)
    ring = _in_window(box.expand(max(2.0, 0.25 * letter_px)), (x0, y0), scale, size)
    on_ring = np.zeros(small.shape[:2], dtype=bool)
    on_ring[ring] = True
    on_ring[inner] = False
    if not on_ring.any():
        return Surroundings(False, 0.0, 0.0)
    ground = np.median(small[on_ring], axis=0)
    same = (np.abs(small - ground).max(axis=2) <= _TOLERANCE).astype(np.uint8)
    plainness = float(same[on_ring].mean())
    return _shape_of_ground(same, inner, plainness)


def _in_window(
    box: Box, origin: tuple[int, int], scale: float, size: tuple[int, int]
) -> tuple[slice, slice]:
    x0, x1 = ((v - origin[0]) * scale for v in (box.x0, box.x1))
    y0, y1 = ((v - origin[1]) * scale for v in (box.y0, box.y1))
    return (
        slice(max(0, int(y0)), min(size[1], int(np.ceil(y1)))),
        slice(max(0, int(x0)), min(size[0], int(np.ceil(x1)))),
    )


def _shape_of_ground(
    same: NDArray[np.uint8],
    inner: tuple[slice, slice],
    plainness: float,
) -> Surroundings:
    import cv2

    filled = same.copy()
    filled[inner] = 1  # the letters themselves are part of the balloon
    _, labels, stats, _ = cv2.connectedComponentsWithStats(filled, connectivity=4)
    label = int(np.bincount(labels[inner].ravel()).argmax()) if labels[inner].size else 0
    if label == 0:
        return Surroundings(False, 0.0, plainness)
    x, y, w, h = (int(v) for v in stats[label][:4])
    at_edges = [
        (labels[0] == label),
        (labels[-1] == label),
        (labels[:, 0] == label),
        (labels[:, -1] == label),
    ]
    n_open = sum(float(edge.mean()) > 0.12 for edge in at_edges)
    outline = (labels[y : y + h, x : x + w] == label).astype(np.uint8)
    contours, _ = cv2.findContours(outline, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = cv2.drawContours(np.zeros_like(outline), contours, -1, 1, cv2.FILLED)
    extent = float(whole.mean())
    return Surroundings(n_open == 0, extent, plainness)


def classify_kind(lines: Sequence[Line], around: Surroundings, page: PageContext) -> TextKind:
    """Say what a group of lines is to the story.

    Args:
        lines: The group, in reading order, not empty.
        around: What its pixels show.
        page: What it is compared with.
    """
    text = join_lines([line.text for line in lines])
    box = bounding_box(line.box for line in lines)
    if _is_prose(lines, text):
        return TextKind.PROSE
    if _is_apart(lines, text, box, page):
        return TextKind.OTHER
    if around.is_closed and around.plainness > 0.6:
        return TextKind.CAPTION if around.extent >= _BOX_EXTENT else TextKind.DIALOGUE
    if _is_sound(lines, text, around, page):
        return TextKind.SOUND_EFFECT
    return TextKind.DIALOGUE if around.plainness > 0.6 else TextKind.CAPTION


def _is_prose(lines: Sequence[Line], text: str) -> bool:
    n_units = len(text) / 3 if is_cjk(text[:1] or " ") else len(text.split())
    per_line = len(text) / len(lines)
    return n_units >= _PROSE_MIN_WORDS and per_line >= _PROSE_MIN_LINE_CHARACTERS


def _is_apart(lines: Sequence[Line], text: str, box: Box, page: PageContext) -> bool:
    """Page numbers, addresses and credits: not part of what happens."""
    if _ADDRESS.search(text):
        return True
    x, y = box.center
    is_at_edge = min(x, page.width - x) < 0.08 * page.width or (
        min(y, page.height - y) < 0.06 * page.height
    )
    if _PAGE_NUMBER.match(text) and is_at_edge:
        return True
    is_sideways = all(
        not line.is_vertical and line.box.height > 2 * line.box.width for line in lines
    )
    return is_sideways and len(text) >= 6 and is_at_edge and not is_mostly_vertical(list(lines))


def _is_sound(lines: Sequence[Line], text: str, around: Surroundings, page: PageContext) -> bool:
    letters = [c for c in text if c.isalpha()]
    n_words = len(text.split()) if not any(is_cjk(c) for c in letters) else len(letters) / 4
    if n_words > 3 or not letters:
        return False
    size = float(np.median([line.thickness for line in lines]))
    is_large = size > _LARGE * page.letter_px
    is_slanted = any(_rise(line) > _SLANT for line in lines)
    is_on_art = around.plainness < 0.6
    return is_large or is_slanted or (is_on_art and n_words <= 2)


def _rise(line: Line) -> float:
    """Slope of a line against its own axis, 0 for upright lettering."""
    if line.corners is None:
        return 0.0
    (ax, ay), (bx, by), _, (dx, dy) = line.corners
    run = (dx - ax, dy - ay) if line.is_vertical else (bx - ax, by - ay)
    long, short = max(abs(run[0]), abs(run[1])), min(abs(run[0]), abs(run[1]))
    return short / long if long else 0.0
