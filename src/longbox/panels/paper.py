"""What lies between the panels: the page at working size and its possible gutter masks.

Gutters are usually the paper, mostly white, sometimes tinted, grey or black, and not always the
colour of the page's rim (a bleed covers the rim). So there are several guesses, and the caller
keeps the one that cuts the page best: the commonest colour on the rim, the lightest common colour
of the page, and black where the page has enough of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
"""Zero or one for every pixel, uint8 (H, W)."""

RIM_FRACTION = 0.012
DARK_LEVEL = 48
LIGHT_LEVEL = 200
INK_LEVEL = 110


@dataclass(frozen=True, slots=True, eq=False)
class WorkingPage:
    """A page reduced for searching.

    Attributes:
        pixels: RGB uint8 (h, w, 3).
        scale_x: Page pixels per working pixel.
        scale_y: As scale_x.
    """

    pixels: NDArray[np.uint8]
    scale_x: float
    scale_y: float


def working_page(pixels: NDArray[np.uint8], longer_side_px: int) -> WorkingPage:
    """Return the page at most so large; smaller pages stay as they are."""
    import cv2

    height, width = pixels.shape[:2]
    factor = longer_side_px / max(height, width)
    if factor >= 1:
        return WorkingPage(pixels, 1.0, 1.0)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    if factor < 0.5:  # nearest neighbour first: area averaging of a 35 Mpx scan takes 50 ms
        step = int(0.5 / factor)
        pixels = np.ascontiguousarray(pixels[::step, ::step]) if step > 1 else pixels
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return WorkingPage(small, width / size[0], height / size[1])


def paper_colours(pixels: NDArray[np.uint8]) -> list[tuple[int, int, int]]:
    """Return the colours that the gutters may have, the likeliest first, at least one."""
    height, width = pixels.shape[:2]
    rim = max(1, round(RIM_FRACTION * min(height, width)))
    strips = (pixels[:rim], pixels[-rim:], pixels[:, :rim], pixels[:, -rim:])
    around = np.concatenate([s.reshape(-1, 3) for s in strips])
    step = max(1, int(np.sqrt(height * width / 20_000)))
    sample = pixels[::step, ::step].reshape(-1, 3)
    guesses = [_commonest(around)]
    light = sample[sample.min(axis=1) >= LIGHT_LEVEL]
    if len(light) >= 0.02 * len(sample):
        guesses.append(_commonest(light))
    dark = (sample.max(axis=1) <= DARK_LEVEL).mean()
    if dark >= 0.04:
        guesses.append((0, 0, 0))
    distinct: list[tuple[int, int, int]] = []
    for guess in guesses:
        if all(max(abs(a - b) for a, b in zip(guess, g, strict=True)) > 24 for g in distinct):
            distinct.append(guess)
    return distinct


def paper_mask(pixels: NDArray[np.uint8], colour: tuple[int, int, int], tolerance: int) -> Mask:
    """Return 1 where a pixel has the gutter's colour.

    Near white everything lighter counts too, near black everything darker.
    """
    import cv2

    low = [0 if max(colour) <= DARK_LEVEL else max(0, c - tolerance) for c in colour]
    high = [255 if min(colour) >= LIGHT_LEVEL else min(255, c + tolerance) for c in colour]
    inside = cv2.inRange(pixels, np.array(low, np.uint8), np.array(high, np.uint8))
    mask: Mask = (np.asarray(inside) > 0).astype(np.uint8)
    if min(colour) >= LIGHT_LEVEL:
        mask |= _hairlines(pixels)
    return mask


def ink_mask(pixels: NDArray[np.uint8]) -> Mask:
    """Return 1 where a pixel is dark enough to belong to a panel's frame."""
    import cv2

    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(grey < INK_LEVEL, dtype=np.uint8)


def _hairlines(pixels: NDArray[np.uint8]) -> Mask:
    """Return 1 where a light line of a few pixels runs between darker ones.

    A thin gutter between two frames is blurred to grey and would not count as paper.
    """
    import cv2

    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    opened = cv2.morphologyEx(grey, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    thin = (grey >= 140) & (cv2.subtract(grey, opened) >= 60)
    return np.asarray(thin, dtype=np.uint8)


def _commonest(colours: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Return the mean of the commonest cell of a 16-level colour histogram."""
    cells = (colours >> 4).astype(np.int32)
    keys = cells[:, 0] << 8 | cells[:, 1] << 4 | cells[:, 2]
    best = np.bincount(keys, minlength=4096).argmax()
    red, green, blue = (int(v) for v in np.median(colours[keys == best], axis=0))
    return red, green, blue
