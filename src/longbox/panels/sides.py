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
"""Size to which a page is reduced before bands are cut from it."""
MUCH_LARGER = 1.7
"""Pages up to so many times as large are left as they are: reducing would only take time."""

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
    if factor**-2 <= MUCH_LARGER:
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
    cut, starts, steps = [], [], []
    for x0, y0, x1, y1 in np.asarray(boxes, dtype=np.float64).reshape(-1, 4):
        for is_level, place, ends, is_far in (
            (False, x0, (y0, y1), False),
            (True, y0, (x0, x1), False),
            (False, x1, (y0, y1), True),
            (True, y1, (x0, x1), True),
        ):
            middle = round(float(place))
            first, last = middle - reach, middle + reach
            band = _band(page, (first, last), ends, is_level=is_level)
            cut.append(band[:, ::-1] if is_far else band)
            # The centre of the first column lies half a column in.
            step = 2 * reach / ACROSS
            starts.append(last - step / 2 if is_far else first + step / 2)
            steps.append(-step if is_far else step)
    pixels = np.stack(cut) if cut else np.zeros((0, ALONG, ACROSS, 4), np.uint8)
    return Bands(pixels, np.array(starts, dtype=np.float64), np.array(steps, dtype=np.float64))


def _band(
    page: Pixels, across: tuple[int, int], along: tuple[float, float], *, is_level: bool
) -> Pixels:
    """Cut out the band round a side and bring it to size, its length downwards."""
    import cv2

    beyond = BEYOND * (along[1] - along[0])
    length, breadth = page.shape[:2][::-1] if is_level else page.shape[:2]
    top = max(0, min(length - 1, round(float(along[0] - beyond))))
    bottom = min(length, max(top + 1, round(float(along[1] + beyond))))
    first, last = across
    x0, x1 = max(0, min(first, breadth - 1)), min(breadth, max(last, 1))
    inside: NDArray[Any]
    # Length first: most of the pixels go, and the rest is cheap.
    if is_level:
        part = cv2.resize(page[x0:x1, top:bottom], (ALONG, x1 - x0), interpolation=cv2.INTER_AREA)
        inside = cv2.transpose(part)
    else:
        part = page[top:bottom, x0:x1]
        inside = cv2.resize(part, (x1 - x0, ALONG), interpolation=cv2.INTER_AREA)
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
