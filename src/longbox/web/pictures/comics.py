"""Comics that a picture process keeps open, and the pages that it decoded last.

Opening is what costs: a CB7 is unpacked whole, a PDF starts a process. A file is known by its path
and its stamp, so a file that was replaced is opened anew. Decoded pages are kept because a reader
asks for a page and then for its panels, and a browser for two widths of it.

A page counts as the one that was indexed when its stored bytes have the digest that the library
knows; a page that a PDF draws has no stored bytes, there its size must do.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.book import FileStamp
from longbox.errors import IngestError, PageError
from longbox.ingest import IngestOptions, OpenPages, decode_picture, open_pages, printable, stamp

_OPEN_COMICS: Final = 4
_DECODED_BYTES: Final = 192 << 20


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Which page is meant, and how to know that it still is the one that was indexed.

    Attributes:
        file: Path of the comic file.
        page_index: From 0.
        width: Of the page when it was indexed.
        height: Likewise.
        digest: Hex SHA-256 of its stored bytes; None where it is not known.
    """

    file: str
    page_index: int
    width: int
    height: int
    digest: str | None = None


class OpenComics:
    """A few comics that stay open, and a few pages that stay decoded."""

    def __init__(self, options: IngestOptions) -> None:
        self._options = options
        self._open: OrderedDict[tuple[str, FileStamp], OpenPages] = OrderedDict()
        self._decoded: OrderedDict[tuple[str, FileStamp, PagePlace], NDArray[np.uint8]]
        self._decoded = OrderedDict()

    def pixels(self, place: PagePlace) -> NDArray[np.uint8]:
        """Return a page's pixels.

        Returns:
            RGB pixels, uint8 (H, W, 3); not to be changed.

        Raises:
            IngestError: The file is gone, cannot be opened, or holds another page there now.
            PageError: The page cannot be decoded.
        """
        name = printable(Path(place.file).name)
        if not os.path.lexists(place.file):
            raise IngestError(
                f"{name}: the comic file is gone; if it moved, run `longbox index` on its new "
                "folder or `longbox library sync`"
            )
        mark = stamp(Path(place.file))
        key = (place.file, mark, place)
        found = self._decoded.get(key)
        if found is None:
            found = self._decode(self._pages(place.file, mark), place, name)
            self._keep(key, found)
        self._decoded.move_to_end(key)
        return found

    def close(self) -> None:
        """Let go of every file and page."""
        self._decoded.clear()
        while self._open:
            self._open.popitem()[1].close()

    def _pages(self, file: str, mark: FileStamp) -> OpenPages:
        key = (file, mark)
        if key not in self._open:
            for other in [k for k in self._open if k[0] == file]:
                self._open.pop(other).close()
            while len(self._open) >= _OPEN_COMICS:
                self._open.popitem(last=False)[1].close()
            self._open[key] = open_pages(Path(file), self._options)
        self._open.move_to_end(key)
        return self._open[key]

    def _decode(self, pages: OpenPages, place: PagePlace, name: str) -> NDArray[np.uint8]:
        changed = IngestError(
            f"{name}: page {place.page_index + 1} is not the one that was indexed; run "
            "`longbox index` on the file again"
        )
        if place.page_index >= len(pages):
            raise changed
        try:
            data = pages.picture_bytes(place.page_index)
            if place.digest is not None and hashlib.sha256(data).hexdigest() != place.digest:
                raise changed
            pixels = decode_picture(data, self._options)
        except PageError:  # drawn, or damaged: then this says so with the page's name
            if place.digest is not None and pages.digest(place.page_index) != place.digest:
                raise changed from None
            pixels = pages.pixels(place.page_index)
        if pixels.shape[:2] != (place.height, place.width):
            raise changed
        return pixels

    def _keep(self, key: tuple[str, FileStamp, PagePlace], pixels: NDArray[np.uint8]) -> None:
        self._decoded[key] = pixels
        total = sum(page.nbytes for page in self._decoded.values())
        while total > _DECODED_BYTES and len(self._decoded) > 1:
            total -= self._decoded.popitem(last=False)[1].nbytes
