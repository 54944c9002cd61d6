"""A sheet of paper on which pages around a story are set: pictures, lettering, their truth."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from longbox.book import Panel, TextKind, TextRegion
from longbox.geometry import Box
from longbox.synthetic.fonts import face_for
from longbox.synthetic.lettering import draw_lettering, set_lines

Pixels = NDArray[np.uint8]
Art = Callable[[random.Random], Pixels]
RGB = tuple[int, int, int]

SOURCE = "synthetic"
INK: RGB = (20, 18, 26)
PAPERS: tuple[RGB, ...] = ((255, 255, 255), (252, 248, 238), (240, 232, 214), (246, 246, 246))
GROUNDS: tuple[RGB, ...] = (
    (200, 40, 44),
    (30, 60, 130),
    (250, 206, 50),
    (26, 26, 34),
    (70, 150, 90),
    (236, 130, 40),
    (120, 70, 140),
    (180, 214, 232),
    (240, 226, 200),
)


@lru_cache(maxsize=1)
def word_bank() -> dict[str, list[str]]:
    """Read the words of the pages around a story, in several languages."""
    text = (files("longbox.synthetic") / "phrases" / "inserts.json").read_text("utf-8")
    bank: dict[str, list[str]] = json.loads(text)
    return bank


@dataclass(frozen=True, slots=True)
class Setting:
    """How a text is set: face, size in parts of the page's width, colour, kind, alignment."""

    role: str = "caption"
    size: float = 0.03
    color: RGB = INK
    kind: TextKind = TextKind.OTHER
    align: str = "center"
    has_shadow: bool = False


def small(sheet: Sheet, size: float = 0.022, align: str = "center") -> Setting:
    """Lettering of the size of notes and credits, in ink that the paper shows."""
    return Setting("caption", size, sheet.ink, align=align)


def serif(sheet: Sheet, size: float, align: str = "center") -> Setting:
    """A headline without outline, in ink that the paper shows."""
    return Setting("headline", size, sheet.ink, align=align)


def _breakable(text: str, per_line: int) -> str:
    """Cut what has no spaces, as Japanese, into pieces that fit a line."""
    if text.isascii():
        return text
    words = [word[i : i + per_line] for word in text.split() for i in range(0, len(word), per_line)]
    return " ".join(words)


class Sheet:
    """A page being set. Places are fractions of the page: (x0, y0, x1, y1), top left first."""

    def __init__(self, size: tuple[int, int], art: Art, rng: random.Random) -> None:
        """Start with a sheet of paper."""
        self.width, self.height = size
        self.rng = rng
        self.art = art
        self.panels: list[Panel] = []
        self.texts: list[TextRegion] = []
        self.pick = rng.randrange(1000)
        self.fill(rng.choice(PAPERS))

    def fill(self, color: RGB) -> None:
        """Begin again on paper of this colour."""
        self.paper = color
        self.image = Image.new("RGB", (self.width, self.height), color)
        self.draw = ImageDraw.Draw(self.image)

    @property
    def ink(self) -> RGB:
        """A colour that can be read on the paper."""
        return INK if sum(self.paper) > 330 else (240, 238, 230)

    def word(self, key: str) -> str:
        """Choose from the word bank."""
        return self.rng.choice(word_bank()[key])

    def words(self, key: str, n: int) -> list[str]:
        """Choose n different entries of the word bank, as many as there are."""
        bank = word_bank()[key]
        return self.rng.sample(bank, min(n, len(bank)))

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Box:
        """Turn fractions into whole page pixels."""
        return Box(
            round(x0 * self.width),
            round(y0 * self.height),
            round(x1 * self.width),
            round(y1 * self.height),
        )

    def picture(self, place: Box, *, is_panel: bool = True, border: int = 0) -> None:
        """Put a piece of art on the page, cut to fill its place."""
        wide, high = max(1, int(place.width)), max(1, int(place.height))
        art = Image.fromarray(self.art(self.rng))
        factor = max(wide / art.width, high / art.height)
        size = (max(wide, round(art.width * factor)), max(high, round(art.height * factor)))
        art = art.resize(size, Image.Resampling.BILINEAR)
        x = self.rng.randint(0, art.width - wide)
        y = self.rng.randint(0, art.height - high)
        self.image.paste(art.crop((x, y, x + wide, y + high)), (int(place.x0), int(place.y0)))
        if border:
            self.draw.rectangle(
                (place.x0, place.y0, place.x1 - 1, place.y1 - 1), outline=INK, width=border
            )
        if is_panel:
            self.panels.append(Panel(place, len(self.panels), 1.0, SOURCE))

    def write(
        self, text: str, place: tuple[float, float, float], setting: Setting | None = None
    ) -> float:
        """Set a text between x0 and x1 below y (fractions); returns where it ends, a fraction.

        A text too wide for its place shrinks, one that would run off the page is left out.
        """
        how = setting or Setting(color=self.ink)
        x0, x1, top = place
        limit = (x1 - x0) * self.width
        size = max(9, round(how.size * self.width))
        text = _breakable(text, max(2, int(limit / size)))
        face = face_for(text, how.role, self.pick)
        align = how.align
        set_text = set_lines(text, face, size, limit, align=align)
        if set_text.width > limit:
            size = max(8, round(size * limit / set_text.width))
            set_text = set_lines(text, face, size, limit, align=align)
        free = limit - set_text.width
        x = round(x0 * self.width + (free / 2 if align == "center" else 0))
        y = round(top * self.height)
        if y + set_text.height > self.height * 0.985:
            return 1.0
        if how.has_shadow:
            shade = (255, 255, 255) if sum(how.color) < 330 else INK
            for dx, dy in ((-2, 0), (2, 0), (0, -2), (0, 3), (2, 3)):
                draw_lettering(self.image, set_text, x + dx, y + dy, shade)
        draw_lettering(self.image, set_text, x, y, how.color)
        box = Box(x, y, x + set_text.width, y + set_text.height)
        self.texts.append(
            TextRegion(box, text, 1.0, how.kind, SOURCE, None, len(self.texts), None, False)
        )
        return box.y1 / self.height

    def prose(self, n: int, column: tuple[float, float, float, float], size: float) -> float:
        """Set n paragraphs in a column as blocks of prose; returns where they end, a fraction."""
        x0, top, x1, bottom = column
        setting = Setting("prose", size, self.ink, TextKind.PROSE, "left")
        for _ in range(n):
            text = " ".join(self.words("prose", self.rng.randint(2, 5)))
            before = top
            top = self.write(text, (x0, x1, top), setting) + size * 0.7
            if top > bottom:
                return before
        return top

    def barcode(self, place: Box) -> None:
        """Draw a bar code on white."""
        self.draw.rectangle(place.as_tuple(), fill=(255, 255, 255))
        x = place.x0 + 4
        while x < place.x1 - 4 and place.height > 12:
            wide = self.rng.choice((1, 1, 2, 3))
            self.draw.rectangle((x, place.y0 + 4, x + wide, place.y1 - 8), fill=INK)
            x += wide + self.rng.choice((1, 2, 3))

    def pixels(self) -> Pixels:
        """Return the page, uint8 (H, W, 3)."""
        return np.asarray(self.image, np.uint8)
