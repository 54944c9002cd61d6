"""Pixels alone: pages of a file that was understood before, and pictures that are no comic.

Showing a crop must not hash a whole book again, so `open_pages` lists the pages as `open_book`
does and decodes only what is asked for.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from longbox.errors import IngestError, PageError
from longbox.ingest.naming import printable
from longbox.ingest.opening import open_file
from longbox.ingest.options import IngestOptions
from longbox.ingest.page_sources import PageSource
from longbox.ingest.pictures import decode


class OpenPages:
    """The pages of a comic file, in the order in which open_book counts them."""

    def __init__(self, source: PageSource, where: str) -> None:
        self._source = source
        self._where = where

    def __len__(self) -> int:
        return len(self._source.names)

    def pixels(self, page_index: int) -> NDArray[np.uint8]:
        """Decode one page, as OpenBook.pixels does: uint8 (H, W, 3).

        Raises:
            PageError: The page cannot be decoded, or there is no such page.
        """
        if not 0 <= page_index < len(self):
            raise PageError(
                f"{self._where}: there is no page {page_index + 1}; it has {len(self)}",
                page=page_index,
            )
        try:
            return self._source.pixels(page_index)
        except PageError as error:
            message = f"{self._where}: page {page_index + 1}: {error}"
            raise PageError(message, page=page_index) from error

    def close(self) -> None:
        """Let go of the file."""
        self._source.close()

    def __enter__(self) -> OpenPages:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_pages(path: Path, options: IngestOptions) -> OpenPages:
    """Open a comic file only to look at its pages.

    Raises:
        IngestError: It cannot be opened; the same errors as open_book's.
    """
    where = printable(str(path))
    return OpenPages(open_file(path, options, where).source, where)


def read_picture(path: Path, options: IngestOptions) -> NDArray[np.uint8]:
    """Decode a picture file, within the limits of a comic's page.

    Returns:
        Upright RGB pixels, uint8 (H, W, 3).

    Raises:
        IngestError: It is missing, too large, or not a picture that can be decoded.
    """
    where = printable(str(path))
    try:
        if path.stat().st_size > options.max_member_bytes:
            raise IngestError(f"{where}: the picture file is too large; shrink it first")
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise IngestError(f"{where}: cannot be read ({reason}); check the path") from error
    try:
        return decode(data, options)
    except PageError as error:
        raise IngestError(f"{where}: {error}") from error
