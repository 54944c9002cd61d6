"""Makes a drawn page look scanned, printed or photographed otherwise than it was drawn.

Cheap and strong on purpose: half of the pages lose their colour, yellow, fade, darken, blur, gain
grain, tones, a scanner's edge or JPEG blocks. Truth stays where it is, because nothing moves.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

Pixels = NDArray[np.uint8]


def aged(pixels: Pixels, rng: random.Random) -> Pixels:
    """Return the page as another press and scanner would give it, of the same size."""
    image = Image.fromarray(pixels)
    for chance, change in _CHANGES:
        if rng.random() < chance:
            image = change(image, rng)
    return np.asarray(image, np.uint8)


def _grey(image: Image.Image, _rng: random.Random) -> Image.Image:
    return image.convert("L").convert("RGB")


def _contrast(image: Image.Image, rng: random.Random) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(rng.uniform(0.55, 1.5))


def _brightness(image: Image.Image, rng: random.Random) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(rng.uniform(0.75, 1.2))


def _colour(image: Image.Image, rng: random.Random) -> Image.Image:
    return ImageEnhance.Color(image).enhance(rng.uniform(0.2, 1.6))


def _blurred(image: Image.Image, rng: random.Random) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.2)))


def _grained(image: Image.Image, rng: random.Random) -> Image.Image:
    grain = Image.effect_noise(image.size, rng.uniform(10, 40)).convert("RGB")
    return Image.blend(image, grain, rng.uniform(0.03, 0.1))


def _squeezed(image: Image.Image, rng: random.Random) -> Image.Image:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=rng.randint(25, 80))
    return Image.open(data).convert("RGB")


def _tinted(image: Image.Image, rng: random.Random) -> Image.Image:
    """Let paper yellow, or print in one colour."""
    tint = (255, rng.randint(225, 250), rng.randint(180, 235))
    if rng.random() < 0.3:
        tint = (rng.randint(120, 255), rng.randint(120, 255), rng.randint(120, 255))
    scaled = np.asarray(image, np.float32) * np.array(tint, np.float32) / 255
    return Image.fromarray(scaled.astype(np.uint8))


def _toned(image: Image.Image, rng: random.Random) -> Image.Image:
    """Print greys as dots or lines of black, as cheap paper and manga have them."""
    grey = np.asarray(image.convert("L"), np.float32)
    height, width = grey.shape
    period = rng.uniform(2.5, 6)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) * (2 * np.pi / period)
    wave = np.sin(x) * np.sin(y) if rng.random() < 0.7 else np.sin(x + y)
    inked = np.where(grey + 90 * wave > 128, 255, 0)
    kept = np.where((grey < 40) | (grey > 225), grey, inked).astype(np.uint8)
    return Image.fromarray(kept).convert("RGB")


def _edged(image: Image.Image, rng: random.Random) -> Image.Image:
    """Show the scanner's bed at one side of the page."""
    shade = rng.choice((0, 20, 128, 255))
    n = max(1, round(image.width * rng.uniform(0.005, 0.03)))
    left, top, right, bottom = 0, 0, image.width, image.height
    side = rng.choice(("left", "right", "top"))
    box = {
        "left": (left, top, n, bottom),
        "right": (right - n, top, right, bottom),
        "top": (left, top, right, n),
    }[side]
    out = image.copy()
    out.paste((shade, shade, shade), box)
    return out


_CHANGES: tuple[tuple[float, Callable[[Image.Image, random.Random], Image.Image]], ...] = (
    (0.3, _grey),
    (0.3, _contrast),
    (0.3, _brightness),
    (0.2, _colour),
    (0.2, _tinted),
    (0.15, _toned),
    (0.15, _blurred),
    (0.2, _grained),
    (0.12, _edged),
    (0.3, _squeezed),
)
