"""Places: the backgrounds of panels, in layers from far to near.

A place is drawn in panel units: x from 0 to `wide` (the panel's width over its height), y from 0
at the top to 1 at the bottom. Everything is seeded by the place's own random numbers, which a book
fixes once, so that the same forest has the same trees in every panel; the camera only moves.
"""

from __future__ import annotations

import random

from longbox.synthetic.canvas import Canvas
from longbox.synthetic.indoors import (
    draw_cave,
    draw_hall,
    draw_kitchen,
    draw_library,
    draw_ship,
)
from longbox.synthetic.outdoors import (
    draw_castle,
    draw_forest,
    draw_market,
    draw_mountain,
    draw_roof,
    draw_sea,
)
from longbox.synthetic.palette import RGB

# Sky (top, bottom) by light; indoor places bring their own walls.
SKIES: dict[str, tuple[RGB, RGB]] = {
    "day": ((96, 182, 240), (224, 244, 252)),
    "dusk": ((116, 76, 150), (255, 186, 120)),
    "night": ((18, 22, 64), (70, 84, 150)),
    "rain": ((70, 84, 112), (150, 166, 186)),
}
_WALLS: dict[str, tuple[RGB, RGB]] = {
    "kitchen": ((250, 226, 178), (246, 206, 150)),
    "library": ((150, 104, 80), (196, 148, 108)),
    "ship": ((44, 62, 98), (92, 122, 160)),
    "cave": ((38, 34, 60), (96, 84, 116)),
    "hall": ((170, 120, 140), (226, 184, 170)),
}
_DRAWERS = {
    "forest": draw_forest,
    "castle": draw_castle,
    "roof": draw_roof,
    "sea": draw_sea,
    "market": draw_market,
    "mountain": draw_mountain,
    "kitchen": draw_kitchen,
    "library": draw_library,
    "ship": draw_ship,
    "cave": draw_cave,
    "hall": draw_hall,
}
PLACES = tuple(_DRAWERS)
INDOOR_PLACES = tuple(_WALLS)


def backdrop(place: str, light: str) -> tuple[RGB, RGB]:
    """Return the colours, top and bottom, that the panel is first filled with."""
    return _WALLS.get(place) or SKIES[light]


def draw_place(canvas: Canvas, place: str, light: str, wide: float, seed: int) -> None:
    """Draw a place's layers over its backdrop."""
    _DRAWERS[place](canvas, light, wide, random.Random(seed))
