"""Where lettering goes: balloons, captions and sound effects find their place in a panel.

Candidates lie on a grid over the panel's clear part. One that covers an earlier text, leaves the
panel or would be read before an earlier one is out; the best of the rest is near its speaker, high
up, and off the faces. When nothing fits the letters shrink, and at the smallest size the line is
dropped: what is in the truth is legible on the page.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from longbox.book import Direction
from longbox.geometry import Box
from longbox.synthetic.fonts import face_for
from longbox.synthetic.lettering import Lettering, ink_mask, set_columns, set_lines
from longbox.synthetic.palette import RGB
from longbox.synthetic.plan import PlacedFigure, PlacedText
from longbox.synthetic.staging import body_box, head_box
from longbox.synthetic.story import Line

_SOUND_COLOURS: tuple[tuple[RGB, RGB], ...] = (
    ((255, 216, 54), (40, 20, 30)),
    ((240, 70, 60), (255, 250, 235)),
    ((255, 150, 40), (60, 20, 40)),
    ((120, 220, 240), (30, 34, 80)),
)
_SHAPES = {"say": "ellipse", "think": "cloud", "shout": "burst", "caption": "caption"}
# Ink to balloon: (width factor, height factor, padding in letter sizes).
_ROOM = {
    "ellipse": (1.29, 1.41, 0.40),
    "cloud": (1.38, 1.52, 0.50),
    "burst": (1.50, 1.72, 0.55),
    "robot": (1.0, 1.0, 0.62),
    "wave": (1.30, 1.42, 0.46),
    "caption": (1.0, 1.0, 0.5),
}


@dataclass(frozen=True, slots=True)
class Lettered:
    """How a book is lettered.

    Attributes:
        size_px: Height of the dialogue's letters.
        pick: Chooses the faces.
        is_vertical: In columns.
        is_upper: Dialogue in capitals, as most comics are.
    """

    size_px: int
    pick: int
    direction: Direction
    is_vertical: bool
    is_upper: bool


@dataclass(frozen=True, slots=True)
class Room:
    """A panel as lettering sees it: its order, free part, figures, and frames above it."""

    panel: int
    clear: Box
    figures: tuple[PlacedFigure, ...]
    taken: tuple[Box, ...]


def place_texts(
    lines: Sequence[Line], room: Room, style: Lettered, rng: random.Random
) -> tuple[PlacedText, ...]:
    """Place as many lines of a panel as fit, in reading order."""
    placed: list[PlacedText] = []
    for line in lines:
        if line.tone != "sound":
            text = _place_balloon(line, room, style, placed)
            if text:
                placed.append(text)
    for line in lines:
        if line.tone == "sound":
            text = _place_sound(line, room, style, placed, rng)
            if text:
                at = sum(t.box.y1 < text.box.center[1] for t in placed)
                placed.insert(at, text)
    return tuple(placed)


def _place_balloon(
    line: Line, room: Room, style: Lettered, placed: Sequence[PlacedText]
) -> PlacedText | None:
    speaker = next((f for f in room.figures if f.name == line.speaker), None)
    shape = _shape(line, speaker)
    for share in (1.0, 0.88, 0.76, 0.66):
        size = max(12, round(style.size_px * share))
        for lettering in _settings(line, room.clear, style, size):
            spot = _best_spot(lettering, shape, room, style, (placed, speaker))
            if spot is None:
                continue
            cx, cy = spot
            half_w, half_h = _half_axes(lettering, shape)
            x, y = round(cx - lettering.width / 2), round(cy - lettering.height / 2)
            box = Box(x, y, x + lettering.width, y + lettering.height)
            balloon = Box(cx - half_w, cy - half_h, cx + half_w, cy + half_h)
            tail = _tail_end(balloon, speaker) if speaker and shape != "caption" else None
            return PlacedText(
                line,
                lettering,
                box,
                room.panel,
                shape,
                balloon,
                tail,
                text=_as_lettered(line, style),
            )
    return None


def _shape(line: Line, speaker: PlacedFigure | None) -> str:
    if line.tone == "say" and speaker is not None:
        family = speaker.character.look.family
        return {"robot": "robot", "ghost": "wave"}.get(family, "ellipse")
    return _SHAPES[line.tone]


def _settings(line: Line, clear: Box, style: Lettered, size: int) -> Iterator[Lettering]:
    """Yield ways of setting a line, the best-looking first."""
    role = "caption" if line.tone == "caption" else "dialogue"
    text = _as_lettered(line, style)
    face = face_for(text, role, style.pick)
    if style.is_vertical:
        tall = (len(text) * 1.9) ** 0.5 * size  # a little higher than wide
        for height in (tall, tall * 1.45, tall * 0.75):
            yield set_columns(text, face, size, max(min(height, clear.height * 0.6), size * 3.2))
        return
    ideal = (len(text) * size * size * 1.35) ** 0.5
    seen: set[int] = set()
    for width in (ideal * 1.05, ideal * 1.6, ideal * 0.75):
        limit = round(min(max(width, size * 4), clear.width * 0.84))
        if limit not in seen:
            seen.add(limit)
            yield set_lines(
                text, face, size, limit, align="left" if role == "caption" else "center"
            )


def _as_lettered(line: Line, style: Lettered) -> str:
    return line.text.upper() if style.is_upper and line.tone != "caption" else line.text


def _half_axes(lettering: Lettering, shape: str) -> tuple[float, float]:
    wide, high, pad = _ROOM[shape]
    if lettering.is_vertical and shape in ("ellipse", "cloud", "wave"):
        wide, high = wide * 1.12, high * 0.92
    pad *= lettering.size_px
    return lettering.width / 2 * wide + pad, lettering.height / 2 * high + pad * 0.8


def _best_spot(
    lettering: Lettering,
    shape: str,
    room: Room,
    style: Lettered,
    others: tuple[Sequence[PlacedText], PlacedFigure | None],
) -> tuple[float, float] | None:
    placed, speaker = others
    half_w, half_h = _half_axes(lettering, shape)
    clear = room.clear.expand(-7 if shape != "caption" else -2)
    if 2 * half_w > clear.width or 2 * half_h > clear.height * 0.8:
        return None
    heads = [head_box(f) for f in room.figures]
    bodies = [body_box(f) for f in room.figures]
    target = (
        head_box(speaker).center[0]
        if speaker
        else (clear.x0 if style.direction is not Direction.RTL else clear.x1)
    )
    best, best_cost = None, 0.75
    for cy in np.linspace(clear.y0 + half_h, clear.y1 - half_h, 9):
        for cx in np.linspace(clear.x0 + half_w, clear.x1 - half_w, 9):
            box = Box(cx - half_w, cy - half_h, cx + half_w, cy + half_h)
            if not _is_free(box, placed, room.taken) or not _reads_after(box, placed, style):
                continue
            cost = 0.5 * (cy - half_h - clear.y0) / clear.height
            cost += 0.25 * abs(cx - target) / clear.width
            cost += 2.2 * max(
                (box.intersection_area(h) / min(h.area, box.area) for h in heads), default=0
            )
            cost += 0.25 * max((box.intersection_area(b) / box.area for b in bodies), default=0)
            if cost < best_cost:
                best, best_cost = (float(cx), float(cy)), cost
    return best


def _is_free(box: Box, placed: Sequence[PlacedText], taken: Sequence[Box]) -> bool:
    grown = box.expand(4)
    return not any(grown.intersection(t.balloon or t.box) for t in placed) and not any(
        grown.intersection(t) for t in taken
    )


def _reads_after(box: Box, placed: Sequence[PlacedText], style: Lettered) -> bool:
    """Whether a balloon would be read after the last one placed: below it, or beside it onward."""
    if not placed:
        return True
    last = placed[-1].balloon or placed[-1].box
    if box.y0 >= last.y1 - 0.25 * last.height:
        return True
    onward = box.x1 <= last.x0 if style.direction is Direction.RTL else box.x0 >= last.x1
    return onward and box.center[1] >= last.center[1] - 0.1 * last.height


def _tail_end(balloon: Box, speaker: PlacedFigure) -> tuple[float, float] | None:
    """Return a point just outside the speaker's face, on the balloon's side of it."""
    head = head_box(speaker)
    (hx, hy), (bx, by) = head.center, balloon.center
    dx, dy = bx - hx, by - hy
    length = max((dx * dx + dy * dy) ** 0.5, 1.0)
    reach = head.width * 0.62
    tip = hx + dx / length * reach, hy + dy / length * reach
    # A balloon that already touches its speaker needs no tail.
    return None if balloon.expand(6).contains_point(*tip) or reach > length else tip


def _place_sound(
    line: Line, room: Room, style: Lettered, placed: Sequence[PlacedText], rng: random.Random
) -> PlacedText | None:
    face = face_for(line.text, "sound", style.pick + room.panel)
    fill, outline = rng.choice(_SOUND_COLOURS)
    angle = rng.choice((-1, 1)) * rng.uniform(4, 16)
    heads = [head_box(f) for f in room.figures]
    start = min(
        room.clear.width / max(len(line.text), 4) * 1.15,
        room.clear.height * 0.24,
        style.size_px * 4.5,
    )
    for share in (1.0, 0.8, 0.62, 0.48):
        size = round(start * share)
        if size < style.size_px * 0.9:
            return None
        lettering = set_lines(line.text, face, size, 10_000)
        wide, high = sound_size(lettering, angle)
        spot = _sound_spot(wide, high, room, placed, heads)
        if spot:
            x, y = spot
            box = Box(x, y, x + wide, y + high)
            return PlacedText(
                line, lettering, box, room.panel, angle=angle, color=fill, outline=outline
            )
    return None


def _sound_spot(
    wide: int, high: int, room: Room, placed: Sequence[PlacedText], heads: Sequence[Box]
) -> tuple[int, int] | None:
    clear = room.clear.expand(-8)
    if wide > clear.width or high > clear.height * 0.6:
        return None
    best, best_cost = None, 0.35
    for y in np.linspace(clear.y0, clear.y1 - high, 8):
        for x in np.linspace(clear.x0, clear.x1 - wide, 8):
            box = Box(round(x), round(y), round(x) + wide, round(y) + high)
            if not _is_free(box, placed, room.taken):
                continue
            cost = max(
                (box.intersection_area(h) / min(h.area, box.area) for h in heads), default=0.0
            )
            cost += 0.1 * abs(box.center[1] - clear.center[1]) / clear.height
            if cost < best_cost:
                best, best_cost = (round(x), round(y)), cost
    return best


def sound_size(lettering: Lettering, angle: float) -> tuple[int, int]:
    """Return width and height in pixels of a turned, outlined sound effect's ink."""
    return turned_masks(lettering, angle)[0].size


@lru_cache(maxsize=64)
def turned_masks(lettering: Lettering, angle: float) -> tuple[Image.Image, Image.Image]:
    """Return a sound effect's outlined ink and its bare ink, turned, both cut to the outline's box.

    Both are of mode L and the same size.
    """
    edge = outline_px(lettering.size_px)
    bare = ink_mask(lettering, edge + 1)
    outlined = bare.filter(ImageFilter.MaxFilter(2 * edge + 1))
    if angle:
        bare = bare.rotate(angle, Image.Resampling.BICUBIC, expand=True)
        outlined = outlined.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    found = outlined.getbbox()
    return outlined.crop(found), bare.crop(found)


def outline_px(size_px: int) -> int:
    """Return how thick a sound effect's outline is."""
    return max(2, round(size_px * 0.07))
