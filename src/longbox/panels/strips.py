"""Tall strips (webtoons) as a row of ordinary pages.

A strip of 800 x 20,000 pixels reduced to a page's working size would keep nothing of its gutters.
So it is first divided where a band of rows has one even colour, whatever that colour is, and
each part is searched by itself, with its own guess at the paper. A part without such bands that
is still very tall is cut into pieces of bounded height, so that memory and time stay in
proportion to the strip's area.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from longbox.panels.gutters import runs

TALL_ASPECT = 3.0
MAX_PART_ASPECT = 4.0
SAMPLE_COLUMNS = 200
EVEN_RANGE = 24
MIN_GAP_FRACTION = 0.012


def is_tall_strip(pixels: NDArray[np.uint8]) -> bool:
    """Say whether a picture is so tall that it must be searched in parts."""
    return bool(pixels.shape[0] > TALL_ASPECT * pixels.shape[1])


@dataclass(frozen=True, slots=True)
class StripPart:
    """Rows of a strip between two gaps.

    Attributes:
        start: First row.
        end: Row after the last.
        paper: RGB of the gap above (or else below), None where the part has no gap beside it.
    """

    start: int
    end: int
    paper: tuple[int, int, int] | None


def strip_parts(pixels: NDArray[np.uint8]) -> list[StripPart]:
    """Return the drawn parts of a tall strip, from the top.

    Args:
        pixels: RGB uint8 (H, W, 3).
    """
    height, width = pixels.shape[:2]
    columns = np.linspace(0, width - 1, min(width, SAMPLE_COLUMNS)).astype(np.intp)
    sample = pixels[:, columns]  # (H, c, 3)
    spread = sample.max(axis=1).astype(np.int16) - sample.min(axis=1)  # (H, 3)
    is_even = (spread <= EVEN_RANGE).all(axis=1)
    min_gap = max(2, round(MIN_GAP_FRACTION * width))
    starts, ends = runs(is_even)
    is_gap = np.zeros(height, dtype=np.bool_)
    for start, end in zip(starts, ends, strict=True):
        is_gap[start:end] = end - start >= min_gap or start == 0 or end == height
    parts = []
    limit = max(1, int(MAX_PART_ASPECT * width))
    for start, end in zip(*runs(~is_gap), strict=True):
        beside = start - 1 if start else end
        paper = _middle_colour(sample[beside]) if beside < height else None
        n_pieces = -(-(int(end) - int(start)) // limit)
        edges = np.linspace(start, end, n_pieces + 1).astype(int)
        parts += [StripPart(int(a), int(b), paper) for a, b in pairwise(edges)]
    return parts


def _middle_colour(row: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Return the median colour of a row of pixels (W, 3)."""
    red, green, blue = (int(v) for v in np.median(row, axis=0))
    return red, green, blue
