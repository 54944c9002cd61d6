"""Thumbnails of pages and panels, as data in the page itself.

They are cut from the comic files as they are now. A file that is gone or damaged costs its picture
(a drawn one stands in its place) and one line of the notes, never the report. How many there are is
bounded, so that the page stays a size that a browser opens.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.units import Tell, Unit
from longbox.config import Config
from longbox.encoders import crop_panel
from longbox.errors import ComicError
from longbox.library import Library, PanelRecord
from longbox.pipeline import page_pixels

Wanted = tuple[Unit, int]
WIDEST_PX: Final = 260
HIGHEST_PX: Final = 220
_QUALITY: Final = 74
_LONGEST: Final = 3.0  # of what is shown, height over width
_MOST_NOTES: Final = 12
PLACEHOLDER: Final = "data:image/svg+xml;base64," + base64.b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 160" width="120" height="160">'
    b'<rect x="1" y="1" width="118" height="158" fill="#f4efe5" stroke="#c9c1b3" '
    b'stroke-dasharray="5 4"/><path d="M20 140 100 20M20 20 100 140" stroke="#d8cfbd"/></svg>'
).decode("ascii")


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """Pictures as data URLs, by unit and row, with what could not be read."""

    urls: dict[Wanted, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def url(self, unit_of: Unit, row: int) -> str | None:
        """Return a picture; None where it was not made."""
        return self.urls.get((unit_of, row))


def make_thumbnails(
    library: Library, wanted: Sequence[Wanted], most: int, config: Config, tell: Tell
) -> Thumbnails:
    """Make thumbnails of the first so many.

    Args:
        library: Open.
        wanted: What should be shown, the most important first; of a page its first panel's row.
        most: At most so many.
        config: With the limits that files are opened with.
        tell: Called with "thumbnails", how many are made, and of how many.
    """
    chosen = list(dict.fromkeys(wanted))[:most]
    records = {one.row: one for one in library.panel_records([row for _, row in chosen])}
    chosen = [one for one in chosen if one[1] in records]
    chosen.sort(key=lambda one: (records[one[1]].file, records[one[1]].page_index))
    urls: dict[Wanted, str] = {}
    failures: dict[str, int] = {}
    last: tuple[tuple[str, int], NDArray[np.uint8] | None] | None = None
    for at, (unit_of, row) in enumerate(chosen):
        record = records[row]
        page = (record.book_id, record.page_index)
        if last is None or last[0] != page:
            last = (page, _pixels(record, config, failures))
        urls[unit_of, row] = _url(last[1], record, unit_of)
        tell("thumbnails", at + 1, len(chosen))
    return Thumbnails(urls, _said(failures))


def _pixels(
    record: PanelRecord, config: Config, failures: dict[str, int]
) -> NDArray[np.uint8] | None:
    try:
        return page_pixels(record, config)
    except ComicError as error:
        said = " ".join(str(error).split())
        failures[said] = failures.get(said, 0) + 1
        return None


def _url(pixels: NDArray[np.uint8] | None, record: PanelRecord, unit_of: Unit) -> str:
    if pixels is None:
        return PLACEHOLDER
    shown = crop_panel(pixels, record.box) if unit_of is Unit.PANELS else pixels
    return data_url(shown)


def data_url(pixels: NDArray[np.uint8]) -> str:
    """Return a picture as a small JPEG in a data URL; of a very long one, its beginning.

    Args:
        pixels: uint8 (H, W, 3).
    """
    from PIL import Image

    height, width = pixels.shape[:2]
    shown = pixels[: max(1, min(height, round(_LONGEST * width)))]
    picture = Image.fromarray(np.ascontiguousarray(shown))
    picture.thumbnail((WIDEST_PX, HIGHEST_PX), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _said(failures: dict[str, int]) -> tuple[str, ...]:
    """Return one line a failure, a dozen at most, and how many more there are."""
    lines = [said if n == 1 else f"{said} ({n} pages)" for said, n in failures.items()]
    if len(lines) > _MOST_NOTES:
        more = len(lines) - _MOST_NOTES
        lines = [*lines[:_MOST_NOTES], f"... and {more} more pictures that could not be read"]
    return tuple(f"no picture: {line}" for line in lines)
