"""Pixels alone: pages of a file that was understood before, and pictures that are no comic.

Showing a crop must not hash a whole book again, so `open_pages` lists the pages as `open_book`
does and decodes only what is asked for.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longbox.errors import IngestError, PageError
from longbox.ingest.naming import printable
from longbox.ingest.open_pages import OpenPages
from longbox.ingest.opening import open_file
from longbox.ingest.options import IngestOptions
from longbox.ingest.pictures import decode


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
