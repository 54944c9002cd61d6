"""Pixels become a WebP of a given width.

Choices, by benchmarks/web_pictures.py: WebP at quality 82, method 2. At equal likeness AVIF saves
an eighth of the bytes and takes four to seven times as long to make; its quickest setting saves
nothing and still takes longer. A person waits for the making (nothing is made before it is asked
for), and the bytes mostly stay on one machine, so there is one format and no negotiation. Methods
above 2 save three bytes in a hundred and take twice as long. JPEG is made in a quarter of the time
and takes a third more.

A picture is never enlarged: that is the browser's work. No side of a WebP can be above 16,383
pixels, so a webtoon's strip that would be taller is made narrower than asked, in its proportions.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.encoders import crop_panel
from longbox.geometry import Box

# Raised when the same page and width would give other bytes: no cache may answer with old ones.
RENDERER_VERSION: Final = 1
CONTENT_TYPE: Final = "image/webp"
LONGEST_SIDE: Final = 16_383
QUALITY: Final = 82
METHOD: Final = 2
# What people search with is kept nearly as it came: its vectors must be those of the picture.
_UPLOAD_QUALITY = 95


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as it is sent, and its size in pixels."""

    data: bytes
    width: int
    height: int


def fitted_size(width: int, height: int, width_px: int) -> tuple[int, int]:
    """Return the size at which a picture is shown when this width is asked for.

    Args:
        width: Of the picture.
        height: Likewise.
        width_px: Asked for; the answer is never wider than this or than the picture.
    """
    factor = min(1.0, width_px / width, LONGEST_SIDE / height)
    return (
        min(width, max(1, round(width * factor))),
        min(LONGEST_SIDE, height, max(1, round(height * factor))),
    )


def render(pixels: NDArray[np.uint8], width_px: int, box: Box | None = None) -> Encoded:
    """Make a WebP of a page, or of one panel of it.

    Args:
        pixels: The page, RGB uint8 (H, W, 3).
        width_px: Width asked for.
        box: The panel in page pixels; None for the page.
    """
    shown = pixels if box is None else crop_panel(pixels, box)
    height, width = shown.shape[:2]
    return _webp(resized(shown, *fitted_size(width, height, width_px)), QUALITY)


def render_upload(pixels: NDArray[np.uint8], side_px: int) -> Encoded:
    """Make the WebP that is kept of a picture to search with, at most `side_px` on a side."""
    height, width = pixels.shape[:2]
    factor = min(1.0, side_px / max(width, height))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return _webp(resized(pixels, *size), _UPLOAD_QUALITY)


def resized(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture at a smaller size, smoothed so that screentone does not turn to waves.

    Returns:
        uint8 (height, width, 3); the picture itself where it has this size.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(pixels))
    small = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return np.asarray(small)


def _webp(pixels: NDArray[np.uint8], quality: int) -> Encoded:
    from PIL import Image

    out = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.save(out, "WEBP", quality=quality, method=METHOD)
    return Encoded(out.getvalue(), picture.width, picture.height)
