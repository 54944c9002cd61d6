"""A page of results to look at: one HTML file with the panels inside it, opened in any browser.

Everything is embedded (crops as JPEG data), so the file can be moved or sent. Text from comics is
escaped by the template engine; the page runs no script and asks no other host.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np
from numpy.typing import NDArray

from longbox.book import Hit, PanelId
from longbox.cli.terminal import notes, one_line
from longbox.config import Config
from longbox.errors import ComicError
from longbox.library import Library
from longbox.pipeline import page_pixels

_CROP_PX, _PAGE_PX = 640, 220


@dataclass(frozen=True, slots=True)
class _Card:
    """One hit, ready to draw; pictures are data URLs, the mark is in percent of the page."""

    hit: Hit
    crop: str
    page: str
    mark: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ResultSection:
    """One query and what it found."""

    query: str
    hits: Sequence[Hit]


def write_page(
    target: Path, query: str, hits: Sequence[Hit], library: Library, config: Config
) -> None:
    """Write one query's hits as an HTML page."""
    write_sections(target, [ResultSection(query, hits)], library, config)


def write_sections(
    target: Path, sections: Sequence[ResultSection], library: Library, config: Config
) -> None:
    """Write several queries' hits as one HTML page.

    A hit whose comic file cannot be read any more is left out with a line on stderr.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("longbox.cli", "templates"), autoescape=True
    )
    drawn = [(s.query, _cards(s.hits, library, config)) for s in sections]
    html = environment.get_template("results.html").render(sections=drawn)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(html, encoding="utf-8")


def _cards(hits: Sequence[Hit], library: Library, config: Config) -> list[_Card]:
    cards = []
    for hit in hits:
        record = library.panel_records([library.panel_row(PanelId.parse(hit.panel_id))])[0]
        try:
            pixels = page_pixels(record, config)
        except ComicError as error:
            notes.print(one_line(str(error)), style="yellow", markup=False)
            continue
        height, width = pixels.shape[:2]
        box = record.box
        x0, y0, x1, y1 = box.rounded()
        mark = (
            100 * box.x0 / width,
            100 * box.y0 / height,
            100 * box.width / width,
            100 * box.height / height,
        )
        crop = data_url(pixels[max(0, y0) : y1, max(0, x0) : x1], _CROP_PX)
        cards.append(_Card(hit, crop, data_url(pixels, _PAGE_PX), mark))
    return cards


def data_url(pixels: NDArray[np.uint8], longest_px: int) -> str:
    """Return a picture as JPEG in a data URL, at most so wide and twice as high."""
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((longest_px, longest_px * 2))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


__all__ = ["ResultSection", "data_url", "write_page", "write_sections"]
