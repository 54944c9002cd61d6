"""At what size the panel network sees a page.

All pages have about the same number of pixels, whatever their shape, so that a landscape page or a
strip is seen as sharply as a portrait one and costs the same. Sides are multiples of 32, the
network's coarsest stride; the picture is stretched by the few per cent that this takes.
"""

from __future__ import annotations

import math

PAGE_PIXELS = 640 * 448
STRIDE = 16
_MULTIPLE = 32
WIDEST, TALLEST = 1 / 3.6, 1.9
"""Height over width of the flattest and the tallest picture that is seen in one piece."""


def network_size(width: int, height: int) -> tuple[int, int]:
    """Return (width, height) in network pixels for a page of this shape."""
    aspect = min(max(height / width, WIDEST), TALLEST)
    rows = round(math.sqrt(PAGE_PIXELS * aspect) / _MULTIPLE)
    columns = round(math.sqrt(PAGE_PIXELS / aspect) / _MULTIPLE)
    return columns * _MULTIPLE, rows * _MULTIPLE
