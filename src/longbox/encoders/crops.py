"""Panel crops: from a page's pixels to what a picture encoder may be given.

A box reaches the encoder from detectors, corrections and other tools, so it may lie partly or
wholly outside the page or have no width. The crop is clipped to the page and never smaller than
one pixel: a sliver gives a poor vector, not a crash in the middle of a shelf.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.geometry import Box


def crop_panel(pixels: NDArray[np.uint8], panel_box: Box) -> NDArray[np.uint8]:
    """Cut a panel out of its page.

    Args:
        pixels: The page, RGB uint8 (H, W, 3).
        panel_box: The panel in page pixels; fractions are widened to whole pixels.

    Returns:
        A view into the page, uint8 (h, w, 3), at least 1 x 1.

    Raises:
        ModelError: The page is not uint8 (H, W, 3) or has no pixels.
    """
    require_picture(pixels)
    height, width = pixels.shape[:2]
    x0, x1 = _span(panel_box.x0, panel_box.x1, width)
    y0, y1 = _span(panel_box.y0, panel_box.y1, height)
    return pixels[y0:y1, x0:x1]


def require_picture(pixels: NDArray[Any]) -> None:
    """Check that an array is a picture.

    Raises:
        ModelError: It is not uint8 (H, W, 3) with at least one pixel.
    """
    shape = getattr(pixels, "shape", None)
    if shape is None or len(shape) != 3 or shape[2] != 3 or 0 in shape or pixels.dtype != np.uint8:
        kind = getattr(pixels, "dtype", type(pixels).__name__)
        raise ModelError(
            f"a picture must be uint8 (height, width, 3) in RGB with at least one pixel, "
            f"not {kind} {shape}; convert it before encoding"
        )


def _span(start: float, end: float, limit: int) -> tuple[int, int]:
    first = min(max(math.floor(start), 0), limit - 1)
    return first, min(max(math.ceil(end), first + 1), limit)
