"""What one panel attends to, drawn over its page.

Every panel of the page is shaded the more, the more the sequence model looked at it while it read
the chosen one: mean over the heads of one layer, against the most on this page. Arcs lead from the
chosen panel to the others, wider for more; each panel has its number and its share of all
attention. A book is read in windows that cross pages, so the strip on top says what went to the
pages before and after.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.book import AnnotatedPage, Panel, PanelId
from longbox.config import Config
from longbox.errors import ModelError, QueryError
from longbox.library import Library
from longbox.pipeline.crops import page_pixels
from longbox.pipeline.features import source_features
from longbox.pipeline.overlays import PANEL_COLOURS, STRIP_PX

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

_LEAST_ARC = 0.05  # of the most on the page; less has no arc
_MOST_SHADE = 130  # of 255, for the panel that is looked at most
_SHADE = (230, 0, 90)
_WIDEST_ARC_PX = 12
_STEPS = 24
Point = tuple[float, float]


def attention_picture(
    library: Library, panel_id: PanelId, config: Config, layer: int | None = None
) -> Image:
    """Draw what a panel of a library attends to, by the library's model.

    Args:
        library: Open.
        panel_id: The panel.
        config: Says how comics are read.
        layer: Of the sequence model, from 1; None for the last.

    Raises:
        QueryError: There is no such panel.
        ModelError: The model is missing or of other encoders, nothing is known of the panel, or
            the model has no such layer.
        IngestError: The comic file is gone or changed.
    """
    from longbox.pipeline.panel_model import open_panel_model

    found = library.panel_records([library.panel_row(panel_id)])
    source = library.book_source(panel_id.book_id)
    places = [(page.page.index, panel.order) for page, panel in source.store.annotated.panels()]
    place = (panel_id.page_index, panel_id.panel)
    if not found or place not in places:
        raise QueryError(f"{panel_id}: was indexed again at this moment; try once more")
    row = places.index(place)
    pixels = page_pixels(found[0], config)
    weights = open_panel_model(library.root).attention(source_features(source), row, layer)
    pages = np.array([page for page, _ in places])
    seen = source.store.annotated.pages[panel_id.page_index]
    return draw_attention(pixels, seen, panel_id.panel, weights, pages)


def draw_attention(
    pixels: NDArray[np.uint8],
    seen: AnnotatedPage,
    order: int,
    weights: NDArray[np.float32],
    pages: NDArray[np.int64],
    side_px: int = 900,
) -> Image:
    """Draw a panel's attention over its page.

    Args:
        pixels: The page, RGB uint8 (H, W, 3).
        seen: Its annotation.
        order: The chosen panel's.
        weights: Of every panel of the book, float32 (N,), summing to 1.
        pages: Page index of each, int64 (N,).
        side_px: Longer side of the page in the picture.

    Raises:
        ModelError: The weights do not fit the page's panels.
    """
    from PIL import Image, ImageDraw

    here = pages == seen.page.index
    shares = weights[here]
    if len(weights) != len(pages) or len(shares) != len(seen.panels):
        raise ModelError(f"{len(shares)} weights do not fit {len(seen.panels)} panels of the page")
    page = Image.fromarray(pixels).convert("RGBA")
    factor = side_px / max(page.size)
    size = max(1, round(page.width * factor)), max(1, round(page.height * factor))
    page = page.resize(size, Image.Resampling.LANCZOS)
    shade = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(shade)
    for panel, share in zip(seen.panels, _of_most(shares), strict=True):
        box = panel.box.scale(factor, factor)
        alpha = round(_MOST_SHADE * float(share))
        draw.rectangle((box.x0, box.y0, max(box.x0, box.x1), max(box.y0, box.y1)), (*_SHADE, alpha))
    said = _said(seen, order, weights, pages)
    width = max(size[0], math.ceil(draw.textlength(said)) + 6)
    picture = Image.new("RGB", (width, size[1] + STRIP_PX), "white")
    picture.paste(Image.alpha_composite(page, shade).convert("RGB"), (0, STRIP_PX))
    _draw_panels(ImageDraw.Draw(picture), seen, order, shares, factor)
    ImageDraw.Draw(picture).text((3, 3), said, fill=(0, 0, 0))
    return picture


def _draw_panels(
    draw: ImageDraw, seen: AnnotatedPage, order: int, shares: NDArray[np.float32], factor: float
) -> None:
    middles = [_middle(panel, factor) for panel in seen.panels]
    chosen = next(i for i, panel in enumerate(seen.panels) if panel.order == order)
    for panel in seen.panels:
        box = panel.box.scale(factor, factor)
        corners = (box.x0, box.y0 + STRIP_PX, max(box.x0, box.x1), max(box.y0, box.y1) + STRIP_PX)
        draw.rectangle(corners, outline=_colour(panel), width=5 if panel.order == order else 2)
    for panel, share, middle in zip(seen.panels, _of_most(shares), middles, strict=True):
        if panel.order != order and share >= _LEAST_ARC:
            points, width = _arc(middles[chosen], middle), max(2, round(_WIDEST_ARC_PX * share))
            draw.line(points, fill=(255, 255, 255), width=width + 4, joint="curve")
            draw.line(points, fill=_colour(panel), width=width, joint="curve")
    for panel, share, (x, y) in zip(seen.panels, shares, middles, strict=True):
        radius = 14 if panel.order == order else 10
        outline = (0, 0, 0) if panel.order == order else (255, 255, 255)
        circle = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(circle, fill=_colour(panel), outline=outline, width=2)
        draw.text((x, y), str(panel.order + 1), fill=(255, 255, 255), anchor="mm")
        label, below = f"{float(share):.0%}", (x, y + radius + 9)
        left, top, right, bottom = draw.textbbox(below, label, anchor="mm")
        draw.rectangle((left - 2, top - 1, right + 2, bottom + 1), fill=(255, 255, 255))
        draw.text(below, label, fill=(0, 0, 0), anchor="mm")


def _of_most(shares: NDArray[np.float32]) -> list[float]:
    most = float(shares.max(initial=0.0))
    return [float(share) / most if most > 0 else 0.0 for share in shares]


def _arc(start: Point, end: Point) -> list[Point]:
    """Return a curve that bends to one side, so that there and back are two lines."""
    (xa, ya), (xb, yb) = start, end
    bend = (xa + xb) / 2 - (yb - ya) / 5, (ya + yb) / 2 + (xb - xa) / 5
    steps = np.linspace(0, 1, _STEPS)
    parts = ((1 - steps) ** 2, 2 * steps * (1 - steps), steps**2)
    xs = parts[0] * xa + parts[1] * bend[0] + parts[2] * xb
    ys = parts[0] * ya + parts[1] * bend[1] + parts[2] * yb
    return [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]


def _middle(panel: Panel, factor: float) -> Point:
    box = panel.box.scale(factor, factor)
    return box.x0 + box.width / 2, box.y0 + box.height / 2 + STRIP_PX


def _colour(panel: Panel) -> tuple[int, int, int]:
    return PANEL_COLOURS[panel.order % len(PANEL_COLOURS)]


def _said(
    seen: AnnotatedPage, order: int, weights: NDArray[np.float32], pages: NDArray[np.int64]
) -> str:
    index = seen.page.index
    before, after = float(weights[pages < index].sum()), float(weights[pages > index].sum())
    on_page = float(weights[pages == index].sum())
    return (
        f"p. {index + 1}, panel {order + 1} attends: {on_page:.0%} here, {before:.0%} on pages "
        f"before, {after:.0%} after"
    )
