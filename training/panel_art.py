"""The art that pages for training the panel detector are composed of.

Real art: panels of Pepper&Carrot without lettering, of Mimi & Eunice, and of the ink strips of the
Poignant Guide, train works only. Drawn art: silent panels of longbox.synthetic in all its styles.
Figures with a transparent ground are cut out of Mimi & Eunice, whose grounds are flat. Lettering
is set once in many fonts and pasted.

Nothing here knows of layouts; panel_scenes.py makes one panel's picture of this art.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from longbox.book import Direction
from longbox.synthetic import BookRecipe, Style, draw_book
from longbox.synthetic.fonts import ROLES, load_font

Picture = NDArray[np.uint8]
"""RGB uint8 (H, W, 3)."""

_LATIN = (
    "the rain stopped before we reached the old house on the hill and nobody said a word until "
    "someone laughed what was that you heard me run now wait i never told you where it came from "
    "but how could she know it is only a story they said years later in another town"
).split()
_JAPANESE = (
    "雨が止む前に私たちは丘の上の古い家に着いた誰も何も言"
    "わなかったそれは一体どこから来たの知らないよ待って走れ"
)
_NOISES = tuple("BOOM CRASH WHAM KRAK! ZZZ SPLASH POW ドーン ゴゴゴ ザザッ ガシャ".split())


@dataclass(frozen=True, slots=True, eq=False)
class ArtPool:
    """Art in memory.

    Attributes:
        colour: Panels in colour.
        ink: Panels in black ink.
        drawn: Panels that Longbox drew.
        figures: RGBA uint8 (H, W, 4), a figure on nothing.
        letters: Darkness of set lettering, uint8 (h, w), 255 is ink.
        noises: Likewise, sound effects.
    """

    colour: tuple[Picture, ...]
    ink: tuple[Picture, ...]
    drawn: tuple[Picture, ...]
    figures: tuple[NDArray[np.uint8], ...]
    letters: tuple[NDArray[np.uint8], ...]
    noises: tuple[NDArray[np.uint8], ...]


def load_art(comics: Path, rng: np.random.Generator, n_drawn_books: int = 48) -> ArtPool:
    """Read and draw all art; about a minute.

    Args:
        comics: The folder of real comics with its index.jsonl; only its train works are read.
        rng: Chooses what is drawn and set.
        n_drawn_books: Books to draw panels from.
    """
    rows = [json.loads(line) for line in (comics / "index.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["split"] == "train"]
    colour, ink, figures = [], [], []
    for row in rows:
        if row["image"].startswith("peppercarrot/pages/en") and row["panels"]:
            colour += list(_panels(comics, row, inset=6))
        elif row["image"].startswith("mimi_eunice") and row["panels"]:
            panels = list(_panels(comics, row, inset=3))
            if rng.random() < 0.3:  # they are all alike: a few do
                colour.append(panels[int(rng.integers(len(panels)))])
            figures += [f for panel in panels[:2] if (f := _figure(panel)) is not None]
        elif row["image"].startswith("poignant_guide") and row["role"] == "strip":
            ink += list(_ink_panels(read_picture(comics / row["image"])))
    drawn = [panel for n in range(n_drawn_books) for panel in _drawn_panels(n, rng)]
    letters = [set_lettering(rng) for _ in range(700)]
    noises = [_set_noise(rng) for _ in range(120)]
    return ArtPool(*(tuple(kind) for kind in (colour, ink, drawn, figures, letters, noises)))


def read_picture(path: Path) -> Picture:
    """Read a picture as RGB."""
    return np.asarray(Image.open(path).convert("RGB"))


def _panels(comics: Path, row: dict[str, object], inset: int) -> Iterator[Picture]:
    page = read_picture(comics / str(row["textless"]))
    factor = page.shape[1] / int(str(row["width"]))
    for box in row["panels"]:  # type: ignore[attr-defined]
        x0, y0, x1, y1 = (float(v) for v in box)
        x0, y0, x1, y1 = (int(v * factor) for v in (x0 + inset, y0 + inset, x1 - inset, y1 - inset))
        if x1 - x0 > 40 and y1 - y0 > 40:
            yield page[y0:y1, x0:x1]


def _ink_panels(strip: Picture) -> Iterator[Picture]:
    """Split a strip at the ruled lines between its panels."""
    dark = strip.min(axis=2) < 110
    is_line = dark[4:-4].mean(axis=0) > 0.9
    edges = [0, *np.flatnonzero(is_line).tolist(), strip.shape[1]]
    for left, right in pairwise(edges):
        if right - left > 0.5 * strip.shape[0]:
            yield strip[8:-8, left + 6 : right - 6]


def _figure(panel: Picture) -> NDArray[np.uint8] | None:
    """Cut the figures of a panel out of its flat ground; None where the ground is not flat."""
    height, width = panel.shape[:2]
    ground = np.median(panel.reshape(-1, 3), axis=0)
    near = (np.abs(panel.astype(np.int16) - ground).max(axis=2) < 26).astype(np.uint8)
    mask = np.zeros((height + 2, width + 2), np.uint8)
    for x, y in ((0, 0), (width - 1, 0), (0, height // 2), (width - 1, height // 2)):
        if near[y, x]:
            cv2.floodFill(near, mask, (x, y), 2)
    cover = cv2.erode((near != 2).astype(np.uint8) * 255, np.ones((2, 2), np.uint8))
    n, _, stats, _ = cv2.connectedComponentsWithStats(cover)
    if n < 2:
        return None
    best = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    x, y, w, h, area = (int(v) for v in stats[best])
    if not 0.03 * cover.size < area < 0.6 * cover.size or w > 0.9 * width:
        return None
    return np.dstack([panel, cover])[y : y + h, x : x + w]


def _drawn_panels(number: int, rng: np.random.Generator) -> Iterator[Picture]:
    styles, mixes = list(Style), ("western", "manga", "classic")
    recipe = BookRecipe(
        seed=50_000 + number,
        n_pages=4,
        direction=Direction.LTR,
        style=styles[number % len(styles)],
        layouts=mixes[number % len(mixes)],
        text_density=0.35 * float(rng.integers(0, 2)),
        matter=False,
        page_width=800,
        page_height=1150,
    )
    book = draw_book(recipe)
    for page in book.truth.pages:
        pixels = book.pixels(page.page.index)
        for panel in page.panels:
            x0, y0, x1, y1 = panel.box.expand(-6).clip(800, 1150).rounded()
            if x1 - x0 > 60 and y1 - y0 > 60:
                yield pixels[y0:y1, x0:x1].copy()


def set_lettering(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Set a few lines of lettering in columns or rows; uint8 (h, w), 255 is ink."""
    size = int(rng.integers(14, 26))
    if rng.random() < 0.4:
        return _japanese_columns(rng, size)
    faces = ROLES[str(rng.choice(["dialogue", "caption", "prose"]))]
    font = load_font(str(rng.choice(faces)), size)
    n_words = int(rng.integers(1, 16))
    words = [str(rng.choice(_LATIN)) for _ in range(n_words)]
    if rng.random() < 0.6:
        words = [word.upper() for word in words]
    per_line = max(1, int(rng.integers(1, 2 + n_words // 2)))
    lines = [" ".join(words[i : i + per_line]) for i in range(0, n_words, per_line)]
    return _set("\n".join(lines), font, centred=rng.random() < 0.8)


def _japanese_columns(rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    font = load_font("gothic", size)
    n_columns, length = int(rng.integers(1, 6)), int(rng.integers(2, 10))
    start = int(rng.integers(len(_JAPANESE) // 2))
    text = _JAPANESE[start:] + _JAPANESE
    image = Image.new("L", (int(n_columns * size * 1.25) + 2, length * size + 4), 0)
    draw = ImageDraw.Draw(image)
    for column in range(n_columns):
        n = length if column < n_columns - 1 else int(rng.integers(1, length + 1))
        for row in range(n):
            x = image.width - (column + 1) * size * 1.25
            draw.text((x, row * size), text[column * length + row], fill=255, font=font)
    return np.asarray(image)


def _set_noise(rng: np.random.Generator) -> NDArray[np.uint8]:
    word = str(rng.choice(_NOISES))
    face = "gothic" if ord(word[0]) > 127 else str(rng.choice(ROLES["sound"]))
    ink = _set(word, load_font(face, int(rng.integers(60, 130))), centred=True)
    angle = float(rng.normal(0, 18))
    height, width = ink.shape
    side = int(np.hypot(height, width)) + 2
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    turn[:, 2] += [(side - width) / 2, (side - height) / 2]
    turned = cv2.warpAffine(ink, turn, (side, side))
    ys, xs = np.nonzero(turned > 60)
    return turned[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]


def _set(text: str, font: ImageFont.FreeTypeFont, *, centred: bool) -> NDArray[np.uint8]:
    probe = ImageDraw.Draw(Image.new("L", (1, 1)))
    x0, y0, x1, y1 = probe.multiline_textbbox((0, 0), text, font=font)
    image = Image.new("L", (max(2, int(x1 - x0) + 4), max(2, int(y1 - y0) + 4)), 0)
    draw = ImageDraw.Draw(image)
    draw.multiline_text(
        (2 - x0, 2 - y0), text, fill=255, font=font, align="center" if centred else "left"
    )
    return np.asarray(image)
