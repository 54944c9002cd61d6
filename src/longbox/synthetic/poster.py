"""The picture of the README: drawn pages of several styles side by side, one as Longbox sees it.

The page in the middle carries the truth as an overlay, the way the panel stage's answers are
shown: a frame and a number for each panel in reading order, a thin box around each text.
`python -m longbox.synthetic docs/pictures/longbox.jpg` makes the file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from longbox.book import Direction
from longbox.errors import ConfigError
from longbox.synthetic.books import SyntheticBook, draw_book
from longbox.synthetic.fonts import load_font
from longbox.synthetic.recipe import BookRecipe, Layout, Style

_WIDTH, _HEIGHT = 1600, 800
_TOP, _BOTTOM = (38, 34, 74), (122, 74, 116)
_FRAME: tuple[int, int, int] = (255, 61, 113)
_TEXT: tuple[int, int, int] = (0, 168, 232)

# Recipe, page of it, centre (x, y), height in pixels, turn in degrees; drawn in this order.
_CARDS: tuple[tuple[BookRecipe, int, tuple[int, int], int, float], ...] = (
    (
        BookRecipe(seed=25, n_pages=4, style=Style.SCREENTONE, direction=Direction.RTL,
                   layouts="manga", language="ja", story=("letter",), matter=False,
                   cast=("rabbit", "astronaut", "bear")),
        1, (216, 420), 640, 9.0,
    ),
    (
        BookRecipe(seed=48, n_pages=4, style=Style.PAPER, layouts=(Layout.STAGGERED,),
                   story=("mystery",), cast=("detective", "fox", "chef"), matter=False),
        0, (1388, 420), 640, -9.0,
    ),
    (
        BookRecipe(seed=31, n_pages=4, style=Style.HALFTONE, layouts=(Layout.SLANTED,),
                   story=("map",), cast=("pirate", "robot", "ghost"), matter=False),
        0, (470, 408), 690, 4.0,
    ),
    (
        BookRecipe(seed=52, n_pages=4, style=Style.DARK, layouts=(Layout.INSET, Layout.BLEED),
                   story=("visitor",), cast=("knight", "astronaut", "cat"), matter=False),
        0, (1132, 408), 690, -4.0,
    ),
    (
        BookRecipe(seed=11, n_pages=4, style=Style.FLAT, layouts=(Layout.STAGGERED,),
                   story=("theft",), cast=("witch", "cat", "knight"), prop="potion", matter=False),
        0, (800, 404), 740, 0.0,
    ),
)  # fmt: skip


def draw_poster(path: Path | str, *, quality: int = 88) -> Path:
    """Draw the poster as a .jpg or .png file (1600 x 800); returns the path.

    Raises:
        ConfigError: The suffix is neither .jpg nor .png.
    """
    target = Path(path)
    if target.suffix not in (".jpg", ".png"):
        raise ConfigError(f"{target}: cannot write {target.suffix!r}; give a .jpg or .png file")
    poster = Image.fromarray(_background())
    for i, (recipe, page, center, height, turn) in enumerate(_CARDS):
        book = draw_book(recipe)
        card = Image.fromarray(book.pixels(page))
        if i == len(_CARDS) - 1:
            card = overlay_truth(card, book, page)
        _lay_card(poster, card, center, height, turn)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix == ".jpg":
        poster.save(target, "JPEG", quality=quality, optimize=True)
    else:
        poster.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(target, "PNG", optimize=True)
    return target


def overlay_truth(picture: Image.Image, book: SyntheticBook, page_index: int) -> Image.Image:
    """Return the page with its panels framed and numbered and its texts boxed."""
    page = book.truth.pages[page_index]
    shown = picture.convert("RGB")
    draw = ImageDraw.Draw(shown)
    line = max(3, shown.width // 170)
    for text in page.texts:
        draw.rounded_rectangle(
            text.box.expand(5).as_tuple(), radius=6, outline=_TEXT, width=max(2, line // 2)
        )
    radius = shown.width // 24
    font = load_font("lilita", round(radius * 1.3))
    for panel in page.panels:
        draw.rectangle(panel.box.as_tuple(), outline=_FRAME, width=line)
    for panel in page.panels:
        x, y = panel.box.x1 - radius * 1.25, panel.box.y1 - radius * 1.25
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_FRAME,
                     outline=(255, 255, 255), width=line // 2)  # fmt: skip
        draw.text((x, y), str(panel.order + 1), font=font, fill=(255, 255, 255), anchor="mm")
    return shown


def _background() -> NDArray[np.uint8]:
    """Return a dusk-coloured gradient with a soft light in the middle, uint8 (H, W, 3)."""
    y = np.linspace(0, 1, _HEIGHT, dtype=np.float32)[:, None, None]
    x = np.linspace(-1, 1, _WIDTH, dtype=np.float32)[None, :, None]
    base = np.array(_TOP, np.float32) * (1 - y) + np.array(_BOTTOM, np.float32) * y
    light = np.exp(-(x**2) * 2.2 - ((y - 0.5) * 2.2) ** 2)
    lit = base + light * np.array((86, 58, 54), np.float32)
    return np.asarray(np.clip(lit, 0, 255), dtype=np.uint8)


def _lay_card(
    poster: Image.Image, page: Image.Image, center: tuple[int, int], height: int, turn: float
) -> None:
    """Lay a page on the poster, turned, with a soft shadow under it."""
    # Turned at full size and then made small, so that the edges of the paper are smooth.
    large = page.convert("RGBA").rotate(turn, Image.Resampling.BICUBIC, expand=True)
    share = height / page.height
    size = round(large.width * share), round(large.height * share)
    turned = large.resize(size, Image.Resampling.LANCZOS)
    x, y = center[0] - turned.width // 2, center[1] - turned.height // 2
    shadow = Image.new("L", (turned.width + 80, turned.height + 80))
    shadow.paste(turned.getchannel("A").point(lambda v: round(v * 0.55)), (40, 40))
    soft = shadow.filter(ImageFilter.GaussianBlur(14))
    poster.paste((10, 8, 24), (x - 40 + 8, y - 40 + 14), soft)
    poster.paste(turned, (x, y), turned)
