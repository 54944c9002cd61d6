"""Small pages with known lettering, for tests that read."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

GOTHIC = "matplotlib_fontja/fonts/ipaexg.ttf"


def font(
    size: int, package: str = "fontpkg_delius/files/Delius-Regular.ttf"
) -> ImageFont.FreeTypeFont:
    name, _, path = package.partition("/")
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return ImageFont.truetype(str(Path(spec.origin).parent / path), size)


def page_with_balloon(lines: list[str], size: tuple[int, int] = (420, 300)) -> NDArray[np.uint8]:
    """Lines centred in a white ellipse on a mid-blue page."""
    picture = Image.new("RGB", size, (90, 130, 190))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((30, 20, size[0] - 30, size[1] - 20), fill="white", outline="black", width=3)
    face = font(26)
    top = size[1] / 2 - 17 * len(lines)
    for i, line in enumerate(lines):
        width = draw.textlength(line, font=face)
        draw.text(((size[0] - width) / 2, top + 34 * i), line, font=face, fill="black")
    return np.asarray(picture)


def vertical_page(columns: list[str], size: tuple[int, int] = (300, 360)) -> NDArray[np.uint8]:
    """Columns of upright characters from right to left on white."""
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    face = font(28, GOTHIC)
    for i, column in enumerate(columns):
        for j, character in enumerate(column):
            draw.text((size[0] - 80 - 44 * i, 30 + 31 * j), character, font=face, fill="black")
    return np.asarray(picture)
