"""Names of groups of points: beside what they name, on neither points nor each other.

Each name tries places around its group, from near to far, and takes the one that covers least:
other names weigh most, then points, then distance. The largest group chooses first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.plots.styles import FAINT, PAPER, SMALL, size_of, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PAD_IN: Final = 0.07
_ROUND_IN: Final = 0.04
_FAR_IN: Final = 0.12
_RINGS_IN: Final = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0, 1.35, 1.7, 2.2)
_WAYS: Final = 16
_MOST_POINTS: Final = 4_000
_OVER_NAME: Final = 400.0  # a square inch of another name, in points
_OVER_POINT: Final = 1.0
_OVER_DISTANCE: Final = 3.5  # an inch away, in points


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a place, in the axes' own units, with the colour of what they name."""

    x: float
    y: float
    words: str
    colour: str


def place_labels(
    axes: Axes, labels: Sequence[Label], points: NDArray[np.floating], fontsize: float = SMALL
) -> None:
    """Write labels near their places, with a line back where they had to move.

    Args:
        axes: With its limits as they will be.
        labels: The most important first.
        points: What is drawn in the axes, in its units, (N, 2).
        fontsize: Of the words.
    """
    from matplotlib.patches import FancyBboxPatch

    figure = axes.get_figure(root=True)
    if not labels or figure is None:
        return
    wide, high = figure.get_size_inches()
    box = axes.get_position()
    room = np.array([box.width * wide, box.height * high])
    low = np.array([axes.get_xlim()[0], axes.get_ylim()[0]])
    span = np.array([axes.get_xlim()[1], axes.get_ylim()[1]]) - low
    step = max(1, len(points) // _MOST_POINTS)
    drawn = (points[::step] - low) / span * room
    anchors = (np.array([[one.x, one.y] for one in labels]) - low) / span * room
    halves = np.array([size_of(one.words, fontsize) for one in labels]) / 2 + _PAD_IN
    middles = free_places(anchors, halves, room, drawn, float(step))
    for label, anchor, middle, half in zip(labels, anchors, middles, halves, strict=True):
        at, end = middle / room * span + low, anchor / room * span + low
        if (np.abs(anchor - middle) - half > _FAR_IN).any():
            axes.plot([at[0], end[0]], [at[1], end[1]], color=FAINT, linewidth=0.7, zorder=4)
            axes.plot(*end, "o", color=FAINT, markersize=2.5, zorder=4)
        corner = middle - half + (box.x0 * wide, box.y0 * high)
        width, height = 2 * half - 2 * _ROUND_IN
        frame = FancyBboxPatch(
            (corner[0] + _ROUND_IN, corner[1] + _ROUND_IN), width, height,
            boxstyle=f"round,pad={_ROUND_IN}", transform=figure.dpi_scale_trans, facecolor=PAPER,
            edgecolor=label.colour, linewidth=1.2, alpha=0.92, zorder=5, clip_on=False,
        )  # fmt: skip
        axes.add_patch(frame)
        write(
            axes, float(at[0]), float(at[1]), label.words, fontsize=fontsize, ha="center",
            va="center", zorder=6,
        )  # fmt: skip


def free_places(
    anchors: NDArray[np.float64],
    halves: NDArray[np.float64],
    room: NDArray[np.float64],
    points: NDArray[np.float64],
    weight: float = 1.0,
) -> NDArray[np.float64]:
    """Return a middle for each box, near its anchor, that covers as little as can be.

    Args:
        anchors: What each box belongs to, in inches, float64 (N, 2).
        halves: Half of each one's width and height, float64 (N, 2).
        room: Width and height that they have, float64 (2,).
        points: What should stay visible, float64 (M, 2).
        weight: How many points each of these stands for.
    """
    room = np.maximum(room, 2 * halves.max(axis=0, initial=0.0))
    crowd = 200.0 / max(200.0, len(points) * weight)  # many points may be covered by the dozen
    placed = np.empty((0, 2))
    for anchor, half in zip(anchors, halves, strict=True):
        tried = np.clip(_around(anchor, half), half, room - half)  # (C, 2)
        over = _shared(tried, half, placed, halves[: len(placed)])
        is_inside = (np.abs(points[None] - tried[:, None]) < half).all(axis=2)
        cost = (
            _OVER_NAME * over
            + (over > 0) * _OVER_NAME
            + _OVER_POINT * crowd * weight * is_inside.sum(axis=1)
            + _OVER_DISTANCE * np.linalg.norm(tried - anchor, axis=1)
        )
        placed = np.vstack([placed, tried[int(cost.argmin())]])
    return placed


def _around(anchor: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places whose box begins so far from the anchor, in every direction."""
    turns = np.arange(_WAYS) * 2 * np.pi / _WAYS
    ways = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    tried = [anchor[None]]
    tried += [anchor + ways * (half + ring) for ring in _RINGS_IN]
    return np.concatenate(tried)


def _shared(
    tried: NDArray[np.float64],
    half: NDArray[np.float64],
    placed: NDArray[np.float64],
    halves: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how many square inches each tried box shares with those already placed."""
    if not len(placed):
        return np.zeros(len(tried))
    over = half + halves[None] - np.abs(tried[:, None] - placed[None])  # (C, N, 2)
    shared: NDArray[np.float64] = np.maximum(over, 0).prod(axis=2).sum(axis=1)
    return shared
