"""Pictures of the catalogue as JPEG.

The page's pictures are WebP, which not every reader of OPDS catalogues can show. They are made by
the picture processes and kept on disk as for a browser; here our own WebP is only written anew, at
most a few at a time, because a long strip takes a hundred megabytes while it is open.
"""

from __future__ import annotations

import io
import threading
from typing import Final

from longbox.book import PanelId
from longbox.errors import BusyError
from longbox.web.addresses import PICTURE_WIDTHS
from longbox.web.pictures import PictureRequest, PictureServer

JPEG: Final = "image/jpeg"
WIDEST: Final = PICTURE_WIDTHS[-1]
_QUALITY: Final = 87
_AT_ONCE: Final = 3
# Each waits in a thread of the pool that all routes share, perhaps for a page that takes a minute.
_MOST_WAITING: Final = 20
_PATIENCE_S: Final = 60.0


class JpegMaker:
    """Makes JPEGs of pages and panels."""

    def __init__(self, pictures: PictureServer) -> None:
        self._pictures = pictures
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)

    def page_request(self, book_id: str, page_index: int, width_px: int) -> PictureRequest:
        """Look up a page; raises as `PictureServer.page_request`."""
        return self._pictures.page_request(book_id, page_index, _made_width(width_px))

    def panel_request(self, panel_id: PanelId, width_px: int) -> PictureRequest:
        """Look up a panel; raises as `PictureServer.panel_request`."""
        return self._pictures.panel_request(panel_id, _made_width(width_px))

    def make(self, request: PictureRequest, width_px: int) -> bytes:
        """Return a picture as JPEG, at most so wide.

        Raises:
            IngestError: The comic file is gone or changed.
            PageError: The page cannot be decoded.
            BusyError: Too many pictures are asked for.
        """
        if not self._waiting.acquire(blocking=False):
            raise BusyError("too many pages are asked for at once; try again in a moment")
        try:
            return self._made(request, width_px)
        finally:
            self._waiting.release()

    def _made(self, request: PictureRequest, width_px: int) -> bytes:
        from PIL import Image

        made = self._pictures.make(request)
        if not self._places.acquire(timeout=_PATIENCE_S):
            raise BusyError("too many pages are asked for at once; try again in a moment")
        try:
            with Image.open(io.BytesIO(made.data)) as opened:
                picture = opened.convert("RGB")
            if picture.width > width_px:
                height = max(1, round(picture.height * width_px / picture.width))
                picture = picture.resize((width_px, height), Image.Resampling.LANCZOS)
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=_QUALITY)
        finally:
            self._places.release()
        return out.getvalue()


def _made_width(width_px: int) -> int:
    """Return the width that is made: the first that is wide enough."""
    return next((width for width in PICTURE_WIDTHS if width >= width_px), WIDEST)
