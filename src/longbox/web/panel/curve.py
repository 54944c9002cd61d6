"""Surprise along a book as a line to draw (SVG, in units of its own).

A long book shows the stretch around the panel, at most 121 panels. The line is broken where nothing
is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_STEP, _HEIGHT, _MARGIN = 6.0, 80.0, 8.0
_AROUND: Final = 60


@dataclass(frozen=True, slots=True)
class Curve:
    """A line, the panel's own point on it, and which panels it shows.

    Attributes:
        path: SVG path of the line.
        point: Where the panel is; None where it has no surprise.
        first, last: Rows of the first and last panel shown.
        lowest, highest: Values at the lower and upper edge.
    """

    width: float
    height: float
    path: str
    point: tuple[float, float] | None
    first: int
    last: int
    lowest: float
    highest: float


def draw_curve(values: Sequence[float | None], row: int) -> Curve | None:
    """Draw surprise around a panel.

    Args:
        values: Of every panel of a book.
        row: The panel's.

    Returns:
        None where fewer than two panels around it have a value.
    """
    first, end = max(0, row - _AROUND), min(len(values), row + _AROUND + 1)
    known = [(at, value) for at in range(first, end) if (value := values[at]) is not None]
    if len(known) < 2:
        return None
    lowest, highest = min(v for _, v in known), max(v for _, v in known)
    span = (highest - lowest) or 1.0
    points = {
        at: (
            round(_MARGIN + (at - first) * _STEP, 1),
            round(_MARGIN + (_HEIGHT - 2 * _MARGIN) * (highest - value) / span, 1),
        )
        for at, value in known
    }
    path = "".join(f"{'L' if at - 1 in points else 'M'}{x} {y}" for at, (x, y) in points.items())
    width = 2 * _MARGIN + (end - 1 - first) * _STEP
    return Curve(width, _HEIGHT, path, points.get(row), first, end - 1, lowest, highest)
