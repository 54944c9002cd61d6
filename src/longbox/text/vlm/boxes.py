"""Boxes as models write them, and as page pixels.

Models disagree: Gemini answers [ymin, xmin, ymax, xmax] in thousandths, GLM and others
[xmin, ymin, xmax, ymax], some in pixels of the picture they got, some from 0 to 1; and a model
does not always keep to what it was asked for. Where nobody told, every convention is tried on
all boxes of the answer and the one that fits our panels best is taken; between equals the one that
was asked for, so that a page of one panel is not decided by noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.geometry import Box
from longbox.text.vlm.options import BoxConvention
from longbox.text.vlm.shown import ShownPage

RawBox = tuple[float, float, float, float]
# A box may lie this share of the page outside it (rounding, a guess at a bleed) and is clipped;
# further out, the numbers are not of this convention.
_SLACK = 0.06
# How much better another convention must fit than the one asked for: mean overlap, 0 to 1.
_CLEARLY = 0.03


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read four numbers: which comes first, and what a whole page counts."""

    is_y_first: bool
    across: float
    down: float

    def to_page(self, raw: RawBox, shown: ShownPage) -> Box | None:
        """Return the box in page pixels, or None where the numbers make no box on the page."""
        first, second, third, fourth = raw
        x0, y0, x1, y1 = (
            (second, first, fourth, third) if self.is_y_first else (first, second, third, fourth)
        )
        left, right = x0 / self.across, x1 / self.across
        top, bottom = y0 / self.down, y1 / self.down
        if right <= left or bottom <= top:
            return None
        if min(left, top) < -_SLACK or max(right, bottom) > 1 + _SLACK:
            return None
        box = Box(left, top, right, bottom).scale(shown.width, shown.height)
        clipped = box.clip(shown.width, shown.height)
        return clipped if clipped.area > 0 else None


def readings(convention: BoxConvention, shown: ShownPage) -> tuple[Reading, ...]:
    """Return the ways to read a box under a convention, the one asked for first."""
    sent = float(shown.picture_width), float(shown.picture_height)
    named = {
        BoxConvention.GEMINI: Reading(True, 1000.0, 1000.0),
        BoxConvention.GLM: Reading(False, 1000.0, 1000.0),
        BoxConvention.PIXELS: Reading(False, *sent),
        BoxConvention.FRACTIONS: Reading(False, 1.0, 1.0),
    }
    if convention is not BoxConvention.AUTO:
        return (named[convention],)
    swapped = (Reading(True, *sent), Reading(True, 1.0, 1.0))
    page = Reading(False, float(shown.width), float(shown.height))
    return (*named.values(), *swapped, page)


def choose_reading(raws: Sequence[RawBox], convention: BoxConvention, shown: ShownPage) -> Reading:
    """Decide how an answer's boxes are meant.

    Args:
        raws: The boxes of its panels as written.
        convention: What is known beforehand.
        shown: The page and our panels on it.

    Returns:
        The reading that fits best.
    """
    options = readings(convention, shown)
    best, best_fit = options[0], _fit(raws, options[0], shown)
    for option in options[1:]:
        fit = _fit(raws, option, shown)
        if fit > best_fit + _CLEARLY:
            best, best_fit = option, fit
    return best


def _fit(raws: Sequence[RawBox], reading: Reading, shown: ShownPage) -> float:
    """Return the mean overlap of boxes with our panels; valid boxes count a little by themselves.

    The little lets sense win over nonsense where no box meets a panel of ours.
    """
    if not raws:
        return 0.0
    boxes = [box for raw in raws if (box := reading.to_page(raw, shown)) is not None]
    pairs = best_pairs(overlaps(boxes, shown.boxes))
    return (sum(score for _, _, score in pairs) + 0.1 * len(boxes)) / len(raws)


def overlaps(boxes: Sequence[Box], others: Sequence[Box]) -> NDArray[np.float64]:
    """Return intersection over union of every pair, float64 (len(boxes), len(others))."""
    table = np.zeros((len(boxes), len(others)))
    for i, box in enumerate(boxes):
        table[i] = [box.iou(other) for other in others]
    return table


def best_pairs(scores: NDArray[np.float64]) -> list[tuple[int, int, float]]:
    """Pair rows with columns so that the sum of scores is largest; zeros are not paired.

    Returns:
        (row, column, score), by row.
    """
    if not scores.size:
        return []
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(-scores)
    return [
        (int(i), int(j), float(scores[i, j]))
        for i, j in zip(rows, columns, strict=True)
        if scores[i, j] > 0
    ]


def raw_box(value: object) -> RawBox | None:
    """Return four finite numbers of a sensible size, or None where the value is something else."""
    if not isinstance(value, list) or len(value) != 4:
        return None
    numbers: list[float] = []
    for item in value:
        if isinstance(item, bool) or not isinstance(item, int | float):
            return None
        number = float(item) if abs(item) < 1e9 else math.inf
        if not math.isfinite(number):
            return None
        numbers.append(number)
    return numbers[0], numbers[1], numbers[2], numbers[3]
