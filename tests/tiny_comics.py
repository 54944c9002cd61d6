"""Two-panel pages that index in a blink: for tests of what happens around the stages.

Tests of what the stages see draw with longbox.synthetic; these pages only need one line of
lettering that is read without fail and a second panel without any.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

WORDS = ["HELLO ROBOT", "GOOD NIGHT", "THE DRAGON", "MY TREASURE"]


def draw_page(number: int) -> Image.Image:
    """A page of two panels, lettering in the first only."""
    page = Image.new("RGB", (400, 600), "white")
    draw = ImageDraw.Draw(page)
    rng = np.random.default_rng(number)
    for top, bottom in ((20, 290), (310, 580)):
        colour = tuple(int(v) for v in rng.integers(60, 200, 3))
        draw.rectangle((20, top, 380, bottom), fill=colour, outline="black", width=4)
        hill = int(rng.integers(120, 280))
        draw.polygon([(22, bottom - 4), (hill, top + 130), (378, bottom - 4)], fill="darkgreen")
    draw.ellipse((60, 40, 340, 130), fill="white", outline="black", width=3)
    draw.text((200, 85), WORDS[number % len(WORDS)], fill="black", anchor="mm", font_size=24)
    return page


def draw_cbz(path: Path, numbers: list[int]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for place, number in enumerate(numbers):
            with archive.open(f"page{place + 1}.png", "w") as member:
                draw_page(number).save(member, "PNG")
    return path
