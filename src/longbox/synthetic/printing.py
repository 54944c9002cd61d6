"""Printing: what the style does to a whole drawn page.

Screentone and ink pages come in with the ink in red and the tone in green over red (see
longbox.synthetic.palette) and leave as black dots and lines on white. Halftone pages get a colour
screen, paper pages a yellowed grain. Each page is worked on in place of its own arrays; nothing is
kept between pages.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from longbox.synthetic.recipe import Style

Pixels = NDArray[np.uint8]


def print_page(pixels: Pixels, style: Style, seed: int) -> Pixels:
    """Give a drawn page the look of its printing, uint8 (H, W, 3) to the same."""
    if style in (Style.SCREENTONE, Style.INK):
        return _screen(pixels, 5.2 if style is Style.SCREENTONE else 5.0, hatch=style is Style.INK)
    if style is Style.HALFTONE:
        return _halftone(pixels)
    if style is Style.PAPER:
        return _aged(pixels, seed)
    return pixels


@lru_cache(maxsize=4)
def dot_screen(height: int, width: int, pitch: float, degrees: float) -> NDArray[np.float32]:
    """Return a threshold pattern of round dots, 0 to 1, float32 (H, W)."""
    angle = np.deg2rad(degrees)
    c, s = (
        np.float32(np.cos(angle) * 2 * np.pi / pitch),
        np.float32(np.sin(angle) * 2 * np.pi / pitch),
    )
    y = np.arange(height, dtype=np.float32)[:, None]
    x = np.arange(width, dtype=np.float32)[None, :]
    # cos(a + b) + cos(a - b) = 2 cos a cos b of the turned axes, built from 1-D waves
    u = _wave_product(x * c, y * s)
    v = _wave_product(-x * s, y * c)
    return (u + v) * np.float32(0.25) + np.float32(0.5)


def _wave_product(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return cos(a + b) over a row vector and a column vector without a full-size cosine."""
    wave: NDArray[np.float32] = np.cos(a) * np.cos(b) - np.sin(a) * np.sin(b)
    return wave


def _screen(pixels: Pixels, pitch: float, *, hatch: bool) -> Pixels:
    red = pixels[..., 0].astype(np.float32)
    green = pixels[..., 1].astype(np.float32)
    tone = np.divide(green, red, out=np.ones_like(red), where=red > 8)  # 1 paper, 0 solid
    height, width = red.shape
    if hatch:
        y = np.arange(height, dtype=np.float32)[:, None]
        x = np.arange(width, dtype=np.float32)[None, :]
        pattern = _wave_product(x * np.float32(0.9), y * np.float32(0.9)) * 0.5 + 0.5
    else:
        pattern = dot_screen(height, width, pitch, 45)
    # Soft edge of about one pixel: dots are antialiased like the lines.
    dots = np.clip((tone - pattern * 0.94 - 0.03) * np.float32(pitch * 0.75) + 0.5, 0, 1)
    dots[tone > 0.985] = 1.0
    grey = np.clip(red * dots, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _halftone(pixels: Pixels) -> Pixels:
    """Lay a dot screen over the mid tones of each ink; lines and paper stay clean."""
    height, width = pixels.shape[:2]
    out = np.empty_like(pixels)
    light = pixels.max(axis=2).astype(np.float32)
    solid = np.clip((light - 50) / 60, 0, 1)  # 0 where the black plate prints
    for channel, degrees in enumerate((15, 75, 45)):
        plate = pixels[..., channel].astype(np.float32) / 255
        screen = dot_screen(height, width, 5.0, degrees)
        printed = np.clip((plate - screen * 0.9 - 0.05) * 4 + 0.5, 0, 1)
        mixed = plate * 0.62 + printed * 0.38
        out[..., channel] = (mixed * solid + plate * (1 - solid)) * 255
    cream = np.array([252, 246, 230], dtype=np.float32) / 255
    return (out * cream).astype(np.uint8)


def _aged(pixels: Pixels, seed: int) -> Pixels:
    """Yellow the paper, darker towards the edges, with a fine grain and soft stains."""
    height, width = pixels.shape[:2]
    rng = np.random.default_rng(seed)
    grain = rng.integers(-5, 6, (height, width), dtype=np.int8)
    y = np.abs(np.linspace(-1, 1, height, dtype=np.float32))[:, None]
    x = np.abs(np.linspace(-1, 1, width, dtype=np.float32))[None, :]
    edge = np.clip(np.maximum(x**6, y**8) * 0.16, 0, 1)  # 0 inside, 0.16 at the edge
    small = rng.random((6, 5), dtype=np.float32)
    rows = np.linspace(0, 5, height)
    low = np.stack([np.interp(rows, np.arange(6), small[:, k]) for k in range(5)], axis=1)
    stain = np.empty((height, width), dtype=np.float32)
    columns = np.linspace(0, 4, width)
    k = np.minimum(columns.astype(int), 3)
    t = (columns - k).astype(np.float32)
    stain[:] = low[:, k] * (1 - t) + low[:, k + 1] * t
    fade = 1 - edge - stain * 0.05
    out = np.empty_like(pixels)
    for channel, paper in enumerate((0.985, 0.945, 0.835)):
        lifted = pixels[..., channel] * np.float32(0.93) + 16
        out[..., channel] = np.clip(lifted * paper * fade ** (1 + 0.5 * channel) + grain, 0, 255)
    return out
