"""What was seen on a page, drawn over it; and many pages on one sheet.

Panels are outlined in one colour each with their number in reading order, a line leads from each
to the next; lettering is framed in the colour of its kind, doubtful lettering dashed. A strip on
top says the page, its type and how sure that is, and its flags.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.book import AnnotatedPage, Panel, TextKind, TextRegion
from longbox.geometry import Box

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

Colour = tuple[int, int, int]

PANEL_COLOURS: tuple[Colour, ...] = (
    (214, 39, 40),
    (31, 119, 180),
    (44, 160, 44),
    (255, 127, 14),
    (148, 103, 189),
    (23, 190, 207),
)
KIND_COLOURS: dict[TextKind, Colour] = {
    TextKind.DIALOGUE: (0, 110, 230),
    TextKind.CAPTION: (0, 150, 60),
    TextKind.SOUND_EFFECT: (220, 0, 150),
    TextKind.PROSE: (140, 90, 0),
    TextKind.OTHER: (120, 120, 120),
}
DOUBTFUL = 0.8
STRIP_PX = 18  # above each page
GAP_PX = 6  # around each page


def draw_overlay(pixels: NDArray[np.uint8], seen: AnnotatedPage, side_px: int = 420) -> Image:
    """Return a small picture of a page with everything that was seen on it.

    Args:
        pixels: The page, RGB uint8 (H, W, 3).
        seen: Its annotation.
        side_px: Longer side of the page in the picture.
    """
    from PIL import Image, ImageDraw

    page = Image.fromarray(pixels)
    factor = side_px / max(page.size)
    size = max(1, round(page.width * factor)), max(1, round(page.height * factor))
    # A strip of a webtoon is narrower than what is said of it.
    width = max(size[0], min(side_px, _strip_width(seen)))
    picture = Image.new("RGB", (width, size[1] + STRIP_PX), "white")
    picture.paste(page.resize(size, Image.Resampling.LANCZOS), (0, STRIP_PX))
    draw = ImageDraw.Draw(picture)
    _draw_strip(draw, seen)
    for text in seen.texts:
        _draw_text(draw, text, factor)
    centres = [_draw_panel(draw, panel, factor) for panel in seen.panels]
    for a, b in pairwise(centres):
        draw.line([a, b], fill=(0, 0, 0), width=1)
    for panel, (x, y) in zip(seen.panels, centres, strict=True):
        colour = PANEL_COLOURS[panel.order % len(PANEL_COLOURS)]
        draw.ellipse([x - 8, y - 8, x + 8, y + 8], fill=colour, outline=(255, 255, 255))
        draw.text((x, y), str(panel.order + 1), fill=(255, 255, 255), anchor="mm")
    return picture


def draw_unread(seen: AnnotatedPage, side_px: int = 420) -> Image:
    """Return a grey card in the place of a page whose pixels cannot be had."""
    from PIL import Image, ImageDraw

    width = max(1, side_px * 2 // 3)
    picture = Image.new("RGB", (width, side_px + STRIP_PX), (200, 200, 200))
    draw = ImageDraw.Draw(picture)
    draw.rectangle([0, 0, width, STRIP_PX - 1], fill=(255, 255, 255))
    draw.text((3, 3), f"p. {seen.page.index + 1}", fill=(0, 0, 0))
    draw.text((width / 2, STRIP_PX + side_px / 2), "cannot be read", fill=(90, 0, 0), anchor="mm")
    return picture


def contact_sheet(pictures: Sequence[Image], columns: int = 6) -> Image:
    """Return one picture with others side by side, each column as wide as its widest.

    Raises:
        ValueError: There are no pictures.
    """
    from PIL import Image

    if not pictures:
        raise ValueError("a contact sheet needs at least one picture")
    columns = min(columns, len(pictures))
    rows = [pictures[i : i + columns] for i in range(0, len(pictures), columns)]
    widths = [max(p.width for p in pictures[c::columns]) for c in range(columns)]
    heights = [max(p.height for p in row) for row in rows]
    sheet = Image.new(
        "RGB",
        (sum(widths) + GAP_PX * (columns + 1), sum(heights) + GAP_PX * (len(rows) + 1)),
        (90, 90, 90),
    )
    y = GAP_PX
    for row, height in zip(rows, heights, strict=True):
        x = GAP_PX
        for picture, width in zip(row, widths, strict=False):
            sheet.paste(picture, (x, y))
            x += width + GAP_PX
        y += height + GAP_PX
    return sheet


def _strip_width(seen: AnnotatedPage) -> int:
    from PIL import Image, ImageDraw

    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    return math.ceil(draw.textlength(_said(seen))) + GAP_PX


def _draw_strip(draw: ImageDraw, seen: AnnotatedPage) -> None:
    draw.text((3, 3), _said(seen), fill=(0, 0, 0))


def _said(seen: AnnotatedPage) -> str:
    """Return what the strip says of a page."""
    label = seen.label
    said = [
        f"p. {seen.page.index + 1}",
        f"{label.page_type} {label.confidence:.2f} ({label.source})",
    ]
    said += ["spread"] if seen.is_spread else []
    said += list(seen.flags)
    return "  ".join(said)


def _draw_panel(draw: ImageDraw, panel: Panel, factor: float) -> tuple[float, float]:
    """Outline a panel; return the middle of its number."""
    colour = PANEL_COLOURS[panel.order % len(PANEL_COLOURS)]
    box = panel.box.scale(factor, factor)
    if panel.polygon:
        corners = [(x * factor, y * factor + STRIP_PX) for x, y in panel.polygon]
        draw.line([*corners, corners[0]], fill=colour, width=3)
    else:
        draw.rectangle(_moved(box), outline=colour, width=3)
    return box.x0 + box.width / 2, box.y0 + box.height / 2 + STRIP_PX


def _draw_text(draw: ImageDraw, text: TextRegion, factor: float) -> None:
    box = _moved(text.box.scale(factor, factor))
    colour = KIND_COLOURS[text.kind]
    if text.confidence >= DOUBTFUL:
        draw.rectangle(box, outline=colour, width=1)
        return
    x0, y0, x1, y1 = box
    for (xa, ya), (xb, yb) in (
        ((x0, y0), (x1, y0)),
        ((x1, y0), (x1, y1)),
        ((x1, y1), (x0, y1)),
        ((x0, y1), (x0, y0)),
    ):
        length = math.hypot(xb - xa, yb - ya)
        for start in np.arange(0, length, 6):
            t0, t1 = start / length, min(1.0, (start + 3) / length)
            a = (xa + (xb - xa) * t0, ya + (yb - ya) * t0)
            draw.line([a, (xa + (xb - xa) * t1, ya + (yb - ya) * t1)], fill=colour, width=1)


def _moved(box: Box) -> tuple[float, float, float, float]:
    return box.x0, box.y0 + STRIP_PX, max(box.x0, box.x1), max(box.y0, box.y1) + STRIP_PX
