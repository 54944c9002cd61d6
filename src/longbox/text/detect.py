"""Where the lines of lettering are on a page.

A DB network gives every pixel a probability of being the core of a line; connected cores become
slanted rectangles that are grown back to the whole letters. A rectangle's growth is exact
arithmetic, so no polygon library is needed.

Strips many times longer than wide are seen in overlapping windows. Their probability maps, not
their boxes, are stitched, each window giving way to the next in the middle of the overlap: so a
line that a window cuts is neither lost nor found twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from longbox.text.options import TextOptions

FloatArray = NDArray[np.float32]
ProbabilityMap = Callable[[FloatArray], FloatArray]

_STRIDE = 32  # the network halves a picture five times
_OVERLAP = 0.25  # of a window; more than the longest column seen in a strip
_MIN_CORE_PX = 3.0  # thinner cores are noise
_MIN_SIDE_PX = 4.0


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A slanted rectangle around one line.

    Attributes:
        corners: Page pixels, float32 (4, 2), clockwise from the top left.
        score: Mean probability of being text, 0 to 1.
    """

    corners: FloatArray
    score: float


def find_lines(
    pixels: NDArray[np.uint8], network: ProbabilityMap, options: TextOptions
) -> list[FoundLine]:
    """Find the lines of a page, best first, at most `options.max_lines`.

    Args:
        pixels: The page, RGB, uint8 (H, W, 3).
        network: Takes float32 (1, 3, h, w) in BGR from -1 to 1, gives float32 (h, w), 0 to 1.
        options: Sizes and thresholds.

    Returns:
        The lines, by falling score.
    """
    height, width = pixels.shape[:2]
    probability = probability_of_text(pixels, network, options)
    map_height, map_width = probability.shape
    found = boxes_from_probability(probability, options)
    scale = np.array([width / map_width, height / map_height], dtype=np.float32)
    limit = np.array([width, height], dtype=np.float32)
    lines = [FoundLine(np.clip(f.corners * scale, 0, limit), f.score) for f in found]
    lines = [f for f in lines if min(_side_lengths(f.corners)) >= _MIN_SIDE_PX]
    return sorted(lines, key=lambda f: -f.score)[: options.max_lines]


def probability_of_text(
    pixels: NDArray[np.uint8], network: ProbabilityMap, options: TextOptions
) -> NDArray[np.uint8]:
    """Return the page's map of text probability, uint8 (h, w), 255 is certain."""
    import cv2

    height, width = pixels.shape[:2]
    is_wide = width > height
    short, long = min(height, width), max(height, width)
    window = min(long, short * options.window_aspect)
    page_side = short if is_wide else window  # a spread is two pages beside each other
    scale = min(options.detection_side_px / page_side, options.max_enlargement)
    short_px, long_px = _to_stride(short * scale), _to_stride(long * scale)
    size = (long_px, short_px) if is_wide else (short_px, long_px)
    mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=mode)[:, :, ::-1])
    window_px = long_px if long <= window * 1.01 else _to_stride(window * scale)
    out = np.zeros(small.shape[:2], dtype=np.uint8)
    for start, keep_from, keep_to in _windows(long_px, window_px):
        part = _slice(is_wide, start, min(start + window_px, long_px))
        batch = small[part].transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1
        seen = (network(batch) * 255).astype(np.uint8)
        out[_slice(is_wide, keep_from, keep_to)] = seen[
            _slice(is_wide, keep_from - start, keep_to - start)
        ]
    return out


def boxes_from_probability(probability: NDArray[np.uint8], options: TextOptions) -> list[FoundLine]:
    """Turn a probability map into slanted rectangles in the map's own pixels.

    Args:
        probability: uint8 (h, w), 255 is certain.
        options: Thresholds, the growth, and the most boxes to make.

    Returns:
        Rectangles in no particular order.
    """
    import cv2

    likely = (probability > options.pixel_threshold * 255).astype(np.uint8)
    mask = cv2.dilate(likely, np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if len(contours) > 4 * options.max_lines:  # noise: the longest outlines are the likeliest text
        contours = sorted(contours, key=len, reverse=True)[: 4 * options.max_lines]
    found: list[FoundLine] = []
    for contour in contours:
        center, (side_a, side_b), angle = cv2.minAreaRect(contour)
        if min(side_a, side_b) < _MIN_CORE_PX:
            continue
        score = _mean_inside(probability, cv2.boxPoints((center, (side_a, side_b), angle)))
        if score < options.box_threshold:
            continue
        grow = 2 * side_a * side_b * options.unclip_ratio / (2 * (side_a + side_b))
        corners = cv2.boxPoints((center, (side_a + grow, side_b + grow), angle))
        found.append(FoundLine(clockwise(np.asarray(corners, dtype=np.float32)), score))
    return found


def clockwise(corners: FloatArray) -> FloatArray:
    """Order four corners (4, 2) as top left, top right, bottom right, bottom left."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.stack([left[0], right[0], right[1], left[1]])


def _to_stride(length: float) -> int:
    return max(_STRIDE, round(length / _STRIDE) * _STRIDE)


def _windows(length: int, window: int) -> list[tuple[int, int, int]]:
    """Cover a length by windows: (start, first kept, last kept + 1); the kept parts tile it."""
    if window >= length:
        return [(0, 0, length)]
    step = _to_stride(window * (1 - _OVERLAP))
    n = math.ceil((length - window) / step) + 1
    starts = [min(i * step, length - window) for i in range(n)]
    cuts = [(a + window + b) // 2 for a, b in pairwise(starts)]
    return list(zip(starts, [0, *cuts], [*cuts, length], strict=True))


def _slice(is_wide: bool, start: int, stop: int) -> tuple[slice, slice]:
    return (slice(None), slice(start, stop)) if is_wide else (slice(start, stop), slice(None))


def _side_lengths(corners: FloatArray) -> tuple[float, float]:
    return (
        float(np.linalg.norm(corners[0] - corners[1])),
        float(np.linalg.norm(corners[0] - corners[3])),
    )


def _mean_inside(probability: NDArray[np.uint8], corners: NDArray[np.generic]) -> float:
    import cv2

    height, width = probability.shape
    x0, y0 = np.clip(np.floor(corners.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(axis=0)), 0, (width - 1, height - 1)).astype(int)
    inside = np.zeros((y1 - y0 + 1, x1 - x0 + 1), dtype=np.uint8)
    cv2.fillPoly(inside, [(corners - (x0, y0)).astype(np.int32)], 1)
    return float(cv2.mean(probability[y0 : y1 + 1, x0 : x1 + 1], mask=inside)[0]) / 255
