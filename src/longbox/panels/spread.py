"""Whether a picture is a double page.

A spread is two facing pages in one picture. The shape decides nearly everything: a single comic
page is upright, so a picture wider than 1.15 times its height is a candidate, and one wider than
2.2 times is a newspaper strip or a banner rather than two pages. In between the pixels may speak:
two scanned pages show a fold or an inner margin, one column of even colour (white, black or the
shadow of the fold) through the middle. A drawing that runs over the fold shows none, so a missing
fold only disqualifies shapes that are unusual for two pages (the common ones lie between 1.25 and
1.65).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MIN_ASPECT, MAX_ASPECT = 1.15, 2.2
USUAL_ASPECT = (1.25, 1.65)


def is_spread(width_px: int, height_px: int, pixels: NDArray[np.uint8] | None = None) -> bool:
    """Say whether a picture is two facing pages.

    Args:
        width_px: Width of the picture.
        height_px: Height of the picture.
        pixels: The picture, RGB uint8 (H, W, 3), to look for a fold; None to go by shape alone.

    Returns:
        True for a double page. Without pixels: any picture 1.25 to 1.65 times as wide as high.
    """
    if width_px <= 0 or height_px <= 0:
        return False
    aspect = width_px / height_px
    if not MIN_ASPECT <= aspect <= MAX_ASPECT:
        return False
    if USUAL_ASPECT[0] <= aspect <= USUAL_ASPECT[1]:
        return True
    return pixels is not None and _has_fold(pixels)


def _has_fold(pixels: NDArray[np.uint8]) -> bool:
    """Say whether an even, nearly straight column runs through the middle of the picture."""
    height, width = pixels.shape[:2]
    if height < 32 or width < 64:
        return False
    middle, reach = width // 2, max(2, width // 50)
    step = max(1, height // 400)
    band = pixels[::step, middle - reach : middle + reach].mean(axis=2)  # (H', 2 reach)
    even = np.abs(band - np.median(band, axis=0)) < 24
    rest = pixels[::step, :: max(1, width // 200)].mean(axis=2)
    is_flat_page = float((np.abs(rest - np.median(rest)) < 24).mean()) > 0.95
    return bool(even.mean(axis=0).max() > 0.97) and not is_flat_page
