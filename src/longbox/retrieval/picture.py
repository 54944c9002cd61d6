"""A picture that somebody searches with: decoded safely, and cut into panels when it is a page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
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

    @cached_property
    def _lettering(self) -> TextReader:
        from longbox.text import TextReader

        return TextReader(replace(self._config.text, n_threads=self._n_threads))

    def see(self, path: Path, direction: Direction = Direction.LTR) -> SeenPicture:
        """Decode a query picture, and read it when it is a page.

        Args:
            path: The picture file.
            direction: How the page would be read.

        Raises:
            QueryError: The file is not a picture that can be decoded.
        """
        try:
            pixels = read_picture(path, self._config.ingest)
        except IngestError as error:
            raise QueryError(str(error)) from error
        panels = find_panels(pixels, direction, self._panel_options)
        if not _is_page(pixels, panels):
            return SeenPicture(pixels)
        regions = self._lettering.read_page(pixels, panels, direction)
        by_panel = [[t.text for t in regions if t.panel == panel.order] for panel in panels]
        return SeenPicture(pixels, panels, tuple("\n".join(texts) for texts in by_panel if texts))


def _is_page(pixels: NDArray[np.uint8], panels: tuple[Panel, ...]) -> bool:
    area = float(pixels.shape[0] * pixels.shape[1])
    shares = [panel.box.area / area for panel in panels]
    return len(shares) >= 2 and max(shares) < _WHOLE and sum(shares) >= _PAGE_COVER
