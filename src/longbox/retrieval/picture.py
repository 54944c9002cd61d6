"""A picture that somebody searches with: decoded safely, and cut into panels when it is a page.

One picture is read at a time, whoever asks: the networks use all the threads they were given, and
the lettering reader is not made for several.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.book import Direction, Panel
from longbox.config import Config
from longbox.encoders import crop_panel
from longbox.errors import IngestError, QueryError
from longbox.ingest import read_picture
from longbox.panels import find_panels
from longbox.retrieval.query import DecodedPicture, PictureTerm

if TYPE_CHECKING:
    from longbox.text import TextReader

# A picture counts as a page when this much of it lies in two or more panels, none of which is
# nearly the whole picture: balloons and windows inside one panel cover less.
_PAGE_COVER = 0.6
_WHOLE = 0.85


@dataclass(frozen=True, slots=True, eq=False)
class SeenPicture:
    """A query picture.

    Attributes:
        pixels: uint8 (H, W, 3).
        panels: Its panels when it is a page, else empty.
        texts: What is written on it when it is a page, panel by panel, empty ones left out.
    """

    pixels: NDArray[np.uint8]
    panels: tuple[Panel, ...] = ()
    texts: tuple[str, ...] = ()

    def crops(self) -> list[NDArray[np.uint8]]:
        """Return the pictures to search with: the whole, then each panel."""
        return [self.pixels, *(crop_panel(self.pixels, panel.box) for panel in self.panels)]


class PictureReader:
    """Decodes query pictures; the lettering networks are loaded for the first page and kept."""

    def __init__(self, config: Config, n_threads: int = 2) -> None:
        self._config = config
        self._n_threads = n_threads
        self._panel_options = replace(config.panels, n_threads=n_threads)
        self._lettering: TextReader | None = None
        self._turn = threading.Lock()

    def see(self, picture: PictureTerm, direction: Direction = Direction.LTR) -> SeenPicture:
        """Decode a query picture where it is a file, and read it when it is a page.

        Args:
            picture: What is meant of which picture.
            direction: How the page would be read.

        Raises:
            QueryError: The file is not a picture that can be decoded.
        """
        with self._turn:
            pixels = _part(self._pixels(picture.source), picture.region)
            panels = find_panels(pixels, direction, self._panel_options)
            if not _is_page(pixels, panels):
                return SeenPicture(pixels)
            regions = self._reader().read_page(pixels, panels, direction)
        by_panel = [[t.text for t in regions if t.panel == panel.order] for panel in panels]
        return SeenPicture(pixels, panels, tuple("\n".join(texts) for texts in by_panel if texts))

    def _pixels(self, source: Path | DecodedPicture) -> NDArray[np.uint8]:
        if isinstance(source, DecodedPicture):
            return source.pixels
        try:
            return read_picture(source, self._config.ingest)
        except IngestError as error:
            raise QueryError(str(error)) from error

    def _reader(self) -> TextReader:
        if self._lettering is None:
            from longbox.text import TextReader

            self._lettering = TextReader(replace(self._config.text, n_threads=self._n_threads))
        return self._lettering


def _part(
    pixels: NDArray[np.uint8], region: tuple[float, float, float, float] | None
) -> NDArray[np.uint8]:
    """Return the region of a picture, at least one pixel of it."""
    if region is None:
        return pixels
    height, width = pixels.shape[:2]
    x0, y0 = min(int(region[0] * width), width - 1), min(int(region[1] * height), height - 1)
    x1, y1 = math.ceil(region[2] * width), math.ceil(region[3] * height)
    return pixels[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]


def _is_page(pixels: NDArray[np.uint8], panels: tuple[Panel, ...]) -> bool:
    area = float(pixels.shape[0] * pixels.shape[1])
    shares = [panel.box.area / area for panel in panels]
    return len(shares) >= 2 and max(shares) < _WHOLE and sum(shares) >= _PAGE_COVER
