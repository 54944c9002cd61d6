"""Staging: where the figures of a panel stand, how large, and which way they look.

The shot gives the size: from a small figure in a wide place to a face that fills the panel. Heads
stay below the upper part of the panel, which belongs to the lettering, and the first to speak
stands where reading starts, so that balloons and speakers come in the same order.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from longbox.book import Direction
from longbox.geometry import Box
from longbox.synthetic.cast import Character
from longbox.synthetic.figures import HEAD_RADIUS, head_center
from longbox.synthetic.layouts import Frame
from longbox.synthetic.plan import PlacedFigure
from longbox.synthetic.story import PanelStory, Presence

# Shot: (figure height as a share of the panel's, share of the panel above the head).
_SHOTS: dict[str, tuple[float, float]] = {
    "establishing": (0.46, 0.40),
    "long": (0.62, 0.34),
    "medium": (0.92, 0.34),
    "close": (1.45, 0.30),
}
_FIGURE_WIDTH = 0.60
_BREAK_OUT = 0.3  # of the panels with a single figure in full
_HIGH_HATS = {"witch": 0.26, "rabbit": 0.16, "knight": 0.1, "chef": 0.12, "robot": 0.1}


def clear_part(frame: Frame, frames: Sequence[Frame]) -> Box:
    """Return the largest upright box of a frame that no frame above it covers."""
    polygon = frame.polygon
    box = frame.box
    if not frame.is_box and len(polygon) == 4:
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = polygon
        box = Box(max(ax, dx), max(ay, by), min(bx, cx), min(cy, dy))
    for other in frames:
        shared = box.intersection(other.box) if other.layer > frame.layer else None
        if shared is None:
            continue
        parts = (
            Box(box.x0, box.y0, box.x1, shared.y0),
            Box(box.x0, shared.y1, box.x1, box.y1),
            Box(box.x0, box.y0, shared.x0, box.y1),
            Box(shared.x1, box.y0, box.x1, box.y1),
        )
        box = max(parts, key=lambda part: part.area)
    return box


def stage(
    story: PanelStory,
    clear: Box,
    cast: Mapping[str, Character],
    direction: Direction,
    rng: random.Random,
) -> tuple[PlacedFigure, ...]:
    """Place the figures of a panel into its clear part."""
    present = story.present
    if not present:
        return ()
    share, above = _SHOTS[story.shot]
    if not story.lines:
        above *= 0.6
    n = len(present)
    forward = -1 if direction is Direction.RTL else 1
    height = min(
        clear.height * share, clear.width / (_FIGURE_WIDTH * n) * (1.25 if n == 1 else 1.0)
    )
    if story.shot == "close":
        height = min(clear.height * share, clear.width * 1.7)
    spacing = min(clear.width / n, height * 0.95)
    start = clear.center[0] - forward * spacing * (n - 1) / 2
    if n == 1:
        start += forward * clear.width * rng.uniform(-0.14, 0.14) * (story.shot != "close")
    if _may_break_out(story) and rng.random() < _BREAK_OUT:
        return (_breaking_out(story, clear, cast, forward, rng),)
    all_run = n > 1 and all(p.pose in ("run", "fly") for p in present)
    figures = []
    for i, who in enumerate(present):
        x = start + forward * spacing * i
        facing = forward if all_run or i < n / 2 or n == 1 else -forward
        figures.append(_placed(who, story, cast, (x, facing), (clear, height, above)))
    return tuple(figures)


def _may_break_out(story: PanelStory) -> bool:
    return len(story.present) == 1 and story.shot == "long" and len(story.lines) <= 2


def _breaking_out(
    story: PanelStory,
    clear: Box,
    cast: Mapping[str, Character],
    forward: int,
    rng: random.Random,
) -> PlacedFigure:
    """Place a single figure so tall that its head stands out of the panel's top."""
    who = story.present[0]
    character = cast[who.name]
    tall = min(clear.height * rng.uniform(1.0, 1.08), clear.width * 1.2)
    prop = story.prop if story.holder == who.name else None
    x = clear.center[0] + forward * clear.width * rng.uniform(0.05, 0.2)
    # Not out of the page, though: at the page's top it stays below the edge.
    ground = max(clear.y0 + tall * rng.uniform(0.86, 0.92), tall * 1.06)
    return PlacedFigure(
        character, who.pose, who.emotion, x, ground, tall, forward, prop, breaks_out=True
    )


def _placed(
    who: Presence,
    story: PanelStory,
    cast: Mapping[str, Character],
    spot: tuple[float, int],
    room: tuple[Box, float, float],
) -> PlacedFigure:
    clear, height, above = room
    character = cast[who.name]
    tall = height * character.look.height
    crown = 0.96 + _HIGH_HATS.get(character.kind, 0.0) * (0.5 if story.shot == "close" else 1.0)
    ground = max(clear.y0 + clear.height * above + tall * crown, clear.y0 + clear.height * 0.95)
    if story.shot in ("establishing", "long"):
        ground = clear.y0 + clear.height * (0.93 if story.shot == "establishing" else 0.96)
    prop = story.prop if story.holder == who.name else None
    figure = PlacedFigure(character, who.pose, who.emotion, spot[0], ground, tall, spot[1], prop)
    # The whole face must be seen, whatever hat is on it.
    head = head_box(figure)
    hidden = head.y1 - (clear.y1 - 0.03 * clear.height)
    figure = replace(figure, ground=ground - max(hidden, 0.0))
    beside = max(clear.x0 - head.x0, 0.0) - max(head.x1 - clear.x1, 0.0)
    return replace(figure, x=figure.x + beside)


def head_box(figure: PlacedFigure) -> Box:
    """Return the box of a figure's face in page pixels."""
    x, y = head_center(figure.pose, figure.facing)
    r = HEAD_RADIUS * figure.height * 1.08
    cx, cy = figure.x + x * figure.height, figure.ground + y * figure.height
    return Box(cx - r, cy - r, cx + r, cy + r)


def body_box(figure: PlacedFigure) -> Box:
    """Return roughly the box of a whole figure in page pixels."""
    half = 0.24 * figure.height
    return Box(figure.x - half, figure.ground - 0.9 * figure.height, figure.x + half, figure.ground)
