"""Tall pictures in windows, and panels put together from what the windows saw.

A strip is divided where rows of one even colour run through it, as webtoons have between scenes.
A part that is still taller than the network sees in one piece gets windows that overlap by half,
so every panel of less than half a window's height is whole in one of them. A box that ends at a
window's edge was cut there: it is joined with the piece of the same width that the next window
saw, and a box that another window saw whole replaces its pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.geometry import Box
from longbox.panels.page_size import TALLEST
from longbox.panels.strips import strip_parts

_WINDOW = 1.7
"""Height of a window over its width."""
_EDGE = 0.012
"""A box that ends within this share of the width from a cut edge was cut there."""
_SAME_WIDTH = 0.75
"""How much of their widths two pieces of one panel must share."""
_SAME = 0.5
"""IoU from which two windows saw the same panel; also the cover of a piece by a whole one."""

Found = tuple[Box, float]


@dataclass(frozen=True, slots=True)
class Window:
    """Rows of a picture.

    Attributes:
        start, end: First row, and the row after the last.
        is_cut_above, is_cut_below: The edge runs through the drawing.
    """

    start: int
    end: int
    is_cut_above: bool = False
    is_cut_below: bool = False


def windows_of(pixels: NDArray[np.uint8]) -> list[Window]:
    """Return the windows that a picture is seen in, from the top; one for an ordinary page.

    Args:
        pixels: RGB uint8 (H, W, 3).
    """
    height, width = pixels.shape[:2]
    if height <= TALLEST * width:
        return [Window(0, height)]
    found = []
    for start, end in _groups([(p.start, p.end) for p in strip_parts(pixels)], width, height):
        found += _overlapping(start, end, width)
    return found


def _groups(parts: Sequence[tuple[int, int]], width: int, height: int) -> list[tuple[int, int]]:
    """Put neighbouring parts together as long as one window holds them, half the gap round them."""
    limit = TALLEST * width
    groups: list[tuple[int, int]] = []
    for start, end in parts:
        is_piece = bool(groups) and groups[-1][1] == start  # of a part that strip_parts divided
        if groups and (is_piece or end - groups[-1][0] <= limit):
            groups[-1] = (groups[-1][0], end)
        else:
            groups.append((start, end))
    padded = []
    for i, (start, end) in enumerate(groups):
        above = groups[i - 1][1] if i else 0
        below = groups[i + 1][0] if i + 1 < len(groups) else height
        margin = round(0.1 * width)
        padded.append(
            (max((start + above + 1) // 2, start - margin), min((end + below) // 2, end + margin))
        )
    return padded


def _overlapping(start: int, end: int, width: int) -> list[Window]:
    if end - start <= TALLEST * width:
        return [Window(start, end)]
    tall = round(_WINDOW * width)
    n = 1 + int(np.ceil((end - start - tall) / (tall / 2)))
    tops = np.linspace(start, end - tall, n).round().astype(int)
    return [
        Window(int(top), int(top) + tall, is_cut_above=i > 0, is_cut_below=i < n - 1)
        for i, top in enumerate(tops)
    ]


def joined(seen: Sequence[tuple[Window, Sequence[Found]]], width: int) -> tuple[Found, ...]:
    """Put together what the windows saw.

    Args:
        seen: Every window with its boxes, in pixels of the window.
        width: Of the picture.

    Returns:
        Boxes in pixels of the picture.
    """
    whole: list[Found] = []
    pieces: list[tuple[Box, float, bool, bool]] = []
    for window, found in seen:
        for box, confidence in found:
            moved = Box(box.x0, box.y0 + window.start, box.x1, box.y1 + window.start)
            above = window.is_cut_above and moved.y0 - window.start < _EDGE * width
            below = window.is_cut_below and window.end - moved.y1 < _EDGE * width
            if above or below:
                pieces.append((moved, confidence, above, below))
            elif all(moved.iou(other) < _SAME for other, _ in whole):
                whole.append((moved, confidence))
    waiting = [p for p in pieces if all(p[0].covered_by(box) < _SAME for box, _ in whole)]
    for box, confidence in _chained(waiting):
        if all(box.iou(other) < _SAME for other, _ in whole):
            whole = [kept for kept in whole if kept[0].covered_by(box) < 0.9]
            whole.append((box, confidence))
    return tuple(whole)


def _chained(pieces: Sequence[tuple[Box, float, bool, bool]]) -> list[Found]:
    """Join pieces that continue one another downwards."""
    done: list[Found] = []
    open_ends: list[tuple[Box, float]] = []
    for box, confidence, above, below in sorted(pieces, key=lambda p: (p[0].y0, p[0].y1)):
        for i, (other, sure) in enumerate(open_ends):
            if above and box.y0 <= other.y1 and _share_width(box, other):
                box = Box(
                    min(box.x0, other.x0), other.y0, max(box.x1, other.x1), max(box.y1, other.y1)
                )
                confidence = min(confidence, sure)
                open_ends.pop(i)
                break
        if below:
            open_ends.append((box, confidence))
        else:
            done.append((box, confidence))
    return [*done, *open_ends]


def _share_width(a: Box, b: Box) -> bool:
    shared = min(a.x1, b.x1) - max(a.x0, b.x0)
    return shared >= _SAME_WIDTH * max(a.width, b.width)
