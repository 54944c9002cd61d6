"""The sides of panels, looked at closely.

The panel network sees a page at some 640 pixels and its boxes are a few per cent off, which is too
much for an IoU of .9. So a narrow band of the page round each side of each box is looked at again,
sharper: turned so that the panel lies to the right, all of its length in view, and a little more
at both ends so that its corners are seen. A second, small network says where in the band the side
is (training/panel_sides.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALONG, ACROSS = 48, 64
"""Size of a band as the network sees it."""
REACH = 0.04
"""Half a band's width, as a share of the square root of the page's area."""
BEYOND = 0.06
"""How much of a side's length is shown beyond either end."""
FINE_PIXELS = 1280 * 896
"""Size of the page from which bands are cut; larger ones are reduced first."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """All sides of some boxes: four a box, left, top, right, bottom.

    Attributes:
        pixels: uint8 (4 N, ALONG, ACROSS, 4), RGB and 255 where it is outside of the page.
        starts: Where each band's first column lies on its axis, in pixels of the page they were
            cut from; its columns run outwards to inwards. float64 (4 N,).
        steps: Signed pixels a column, float64 (4 N,).
    """

    pixels: Pixels
    starts: NDArray[np.float64]
    steps: NDArray[np.float64]

    def places(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where on their axes some columns (4 N,) are, in pixels of the page."""
        return self.starts + columns * self.steps

    def columns(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the columns at which places on their axes (4 N,) are seen."""
        return (places - self.starts) / self.steps


def fine_page(pixels: Pixels) -> Pixels:
    """Return the page at the size that bands are cut from."""
    import cv2

    height, width = pixels.shape[:2]
    factor = (FINE_PIXELS / (height * width)) ** 0.5
    if factor >= 1:
        return np.ascontiguousarray(pixels)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def bands_of(page: Pixels, boxes: Sequence[Sequence[float]] | NDArray[np.float64]) -> Bands:
    """Cut the bands round the sides of boxes.

    Args:
        page: RGB uint8 (H, W, 3), as `fine_page` gives it.
        boxes: x0, y0, x1, y1 in its pixels, (N, 4).
    """
    height, width = page.shape[:2]
    reach = max(4, round(REACH * float(np.sqrt(width * height))))
    turned = np.ascontiguousarray(page.transpose(1, 0, 2))
    cut, starts, steps = [], [], []
    for x0, y0, x1, y1 in np.asarray(boxes, dtype=np.float64).reshape(-1, 4):
        for picture, place, ends, is_far in (
            (page, x0, (y0, y1), False),
            (turned, y0, (x0, x1), False),
            (page, x1, (y0, y1), True),
            (turned, y1, (x0, x1), True),
        ):
            middle = round(float(place))
            first, last = middle - reach, middle + reach
            band = _band(picture, (first, last), ends)
            cut.append(band[:, ::-1] if is_far else band)
            # The centre of the first column lies half a column in.
            step = 2 * reach / ACROSS
            starts.append(last - step / 2 if is_far else first + step / 2)
            steps.append(-step if is_far else step)
    pixels = np.stack(cut) if cut else np.zeros((0, ALONG, ACROSS, 4), np.uint8)
    return Bands(pixels, np.array(starts, dtype=np.float64), np.array(steps, dtype=np.float64))


def _band(picture: Pixels, across: tuple[int, int], along: tuple[float, float]) -> Pixels:
    """Cut out columns across, rows along, and bring them to the size of a band."""
    import cv2

    height, width = picture.shape[:2]
    beyond = BEYOND * (along[1] - along[0])
    top = max(0, min(height - 1, round(float(along[0] - beyond))))
    bottom = min(height, max(top + 1, round(float(along[1] + beyond))))
    first, last = across
    x0, x1 = max(0, min(first, width - 1)), min(width, max(last, 1))
    inside: NDArray[Any] = picture[top:bottom, x0:x1]
    # Length first: most of the pixels go, and the rest is cheap.
    inside = cv2.resize(inside, (x1 - x0, ALONG), interpolation=cv2.INTER_AREA)
    before, after = x0 - first, last - x1
    if before or after:
        inside = cv2.copyMakeBorder(inside, 0, 0, before, after, cv2.BORDER_REPLICATE)
    band = np.zeros((ALONG, ACROSS, 4), np.uint8)
    band[..., :3] = cv2.resize(inside, (ACROSS, ALONG), interpolation=cv2.INTER_LINEAR)
    per_pixel = ACROSS / (last - first)
    band[:, : round(before * per_pixel), 3] = 255
    if after:
        band[:, ACROSS - round(after * per_pixel) :, 3] = 255
    return band
