"""How a page looks at a glance: fourteen numbers, taken while its pixels are there.

They tell paper from picture, prose from drawing, colour from black and white, and they are what
near-blank pages are known by. Everything is measured on the page shrunk to at most 320 pixels, so
that size and resolution of a scan hardly matter and a page costs about a millisecond. Paper is the
page's commonest grey, not white: a black page without a drawing is as blank as a white one.
"""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from longbox.book import PageLook
from longbox.errors import ComicError

_LONG_SIDE_PX = 320
_INK_LEVELS = 32.0  # grey levels from the paper's at which a pixel is ink
_EDGE_LEVELS = 24.0  # grey levels between neighbours at which there is an edge
_BORDER_FRACTION = 0.025


def look_row(look: PageLook) -> NDArray[np.float32]:
    """Return a look's numbers in the order of LOOK_FEATURES, float32 (14,)."""
    return np.array(astuple(look), np.float32)


def look_at(pixels: NDArray[np.uint8]) -> PageLook:
    """Measure how a page looks.

    Args:
        pixels: RGB, uint8 (H, W, 3).

    Raises:
        ComicError: The page has no pixels or another shape.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ComicError(f"a page must be pixels (height, width, 3), not {pixels.shape}")
    small = _shrink(pixels)
    grey = small.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)  # (h, w)
    paper = _commonest(grey)
    ink = np.abs(grey - paper) > _INK_LEVELS
    high, low = small.max(axis=2).astype(np.float32), small.min(axis=2).astype(np.float32)
    # The floor keeps the noise of nearly black pixels from counting as colour.
    saturation = (high - low) / np.maximum(high, 48.0)
    cells = (small >> 5).astype(np.int32) @ np.array([64, 8, 1], np.int32)
    counts = np.bincount(cells.ravel(), minlength=512)
    margin = _margin(grey)
    rows = ink.mean(axis=1)
    numbers = (
        float(grey.mean() / 255),
        float(min(1.0, grey.std() / 127.5)),
        float(ink.mean()),
        _edge_share(grey),
        float((grey < 64).mean()),
        float((grey > 230).mean()),
        float(saturation.mean()),
        float((saturation > 0.2).mean()),
        float(counts.max() / cells.size),
        # A colour counts from two pixels in ten thousand on: single pixels are noise.
        float(np.log2(1 + (counts > 2e-4 * cells.size).sum()) / 9.01),
        float(margin.mean() / 255),
        float((np.abs(margin - _commonest(margin)) < 16).mean()),
        float((ink[:, 1:] != ink[:, :-1]).mean()) if ink.shape[1] > 1 else 0.0,
        float(np.abs(np.diff(rows)).mean()) if len(rows) > 1 else 0.0,
    )
    return PageLook(*(round(number, 4) for number in numbers))  # more would be the scan's noise


def _shrink(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    height, width = pixels.shape[:2]
    factor = _LONG_SIDE_PX / max(height, width)
    if factor >= 1:
        return pixels
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _commonest(grey: NDArray[np.float32]) -> float:
    """Return the middle of the fullest of 32 bins of grey."""
    counts = np.bincount((grey.ravel() / 8).astype(np.int64).clip(0, 31), minlength=32)
    return float(counts.argmax() * 8 + 4)


def _edge_share(grey: NDArray[np.float32]) -> float:
    if min(grey.shape) < 2:
        return 0.0
    down = np.abs(grey[1:, :-1] - grey[:-1, :-1])
    along = np.abs(grey[:-1, 1:] - grey[:-1, :-1])
    return float((np.maximum(down, along) > _EDGE_LEVELS).mean())


def _margin(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the pixels of the page's outermost strip, in one row."""
    wide = max(1, round(_BORDER_FRACTION * min(grey.shape)))
    parts = (grey[:wide], grey[-wide:], grey[:, :wide], grey[:, -wide:])
    return np.concatenate([p.ravel() for p in parts])
