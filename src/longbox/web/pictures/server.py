"""Pictures of pages and panels: from the cache, or made and kept.

A request is resolved first (`page_request`, `panel_request`): one or two look-ups in the catalog
give its key, which names everything that decides the bytes and so is the ETag too: the page (a
book's id is made of its pages' digests), the panel's box, the width, the renderer. Then it is
found in the cache or made. `page` and `panel` do all of it and wait.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.book import PanelId
from longbox.config import Config
from longbox.errors import IngestError, PageError, QueryError
from longbox.geometry import Box
from longbox.ingest import printable
from longbox.library import Library, PageFile
from longbox.web.pictures.cache import CacheBounds, DiskCache, cache_folder
from longbox.web.pictures.comics import PagePlace
from longbox.web.pictures.options import WIDTHS, PictureOptions
from longbox.web.pictures.process import Job, Made
from longbox.web.pictures.rendering import (
    CONTENT_TYPE,
    METHOD,
    QUALITY,
    RENDERER_VERSION,
)
from longbox.web.pictures.workers import PicturePool, Ticket

_VERSION_DIGITS: Final = 12
_DEFAULTS: Final = PictureOptions()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A picture as it is sent.

    Attributes:
        data: Its bytes.
        etag: Strong: equal ones mean equal bytes. Without quotes.
        content_type: Of the bytes.
    """

    data: bytes = field(repr=False)
    etag: str
    content_type: str = CONTENT_TYPE


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """A picture that was asked for and exists in the library.

    Attributes:
        key: 32 hex digits that name everything that decides its bytes; its ETag.
        version: What `?v=` says in an address that may be kept for ever.
        place: The page.
        box: The panel in page pixels; None for the whole page.
        width_px: One of WIDTHS.
    """

    key: str
    version: str
    place: PagePlace
    box: Box | None
    width_px: int


class PictureServer:
    """Makes and keeps the pictures of one library.

    Args:
        library: Open; stays the caller's.
        config: Its settings; how files are read.
        options: Limits.
    """

    def __init__(
        self, library: Library, config: Config, options: PictureOptions = _DEFAULTS
    ) -> None:
        self.options = options
        self._library = library
        self._pool = PicturePool(config.ingest, options)
        self._pdf_side_px = config.ingest.pdf_side_px
        self.folder = options.cache_folder or cache_folder(library.root)
        self._cache = DiskCache(self.folder / "pictures", CacheBounds(options.cache_bytes))

    def warm_up(self) -> None:
        """Start the picture processes, so that the first picture need not wait for them."""
        self._pool.warm_up()

    def close(self) -> None:
        """End the picture processes."""
        self._pool.close()

    def page_request(self, book_id: str, page_index: int, width_px: int) -> PictureRequest:
        """Look up a page.

        Raises:
            QueryError: There is no such page or width.
            PageError: The page could not be read when it was indexed.
            IngestError: No file of the book is known.
        """
        return self._request(self._library.page_file(book_id, page_index), None, width_px)

    def panel_request(self, panel_id: PanelId, width_px: int) -> PictureRequest:
        """Look up a panel.

        Raises:
            QueryError: There is no such panel or width.
        """
        records = self._library.panel_records([self._library.panel_row(panel_id)])
        if not records:
            raise QueryError(f"{panel_id}: no such panel in this library")
        file = self._library.page_file(panel_id.book_id, panel_id.page_index)
        return self._request(file, records[0].box, width_px)

    def find(self, request: PictureRequest) -> Rendered | None:
        """Return a picture that was made before, or None."""
        data = self._cache.get(request.key)
        return None if data is None else Rendered(data, request.key)

    def begin(self, request: PictureRequest) -> Ticket:
        """Let a picture be made; leave the ticket when nobody wants it any more.

        Raises:
            BusyError: Too many wait.
        """
        place = request.place
        name = printable(place.file.replace("\\", "/").rsplit("/", 1)[-1])
        ask = {
            "do": "render",
            "place": asdict(place),
            "box": None if request.box is None else request.box.as_tuple(),
            "width_px": request.width_px,
        }
        job = Job(
            ask,
            f"{name}: page {place.page_index + 1}",
            place.file,
            timeout_s=self.options.job_timeout_s,
        )

        def keep(made: Made) -> None:
            self._cache.put(request.key, made.data)

        return self._pool.submit(request.key, job, keep)

    def make(self, request: PictureRequest) -> Rendered:
        """Return a picture, made now if it has to be.

        Raises:
            IngestError: The comic file is gone or changed; the message says what to run.
            PageError: The page cannot be decoded.
            BusyError: Too many pictures are asked for.
        """
        found = self.find(request)
        if found is not None:
            return found
        with self.begin(request) as ticket:
            return Rendered(ticket.result(self._patience_s()).data, request.key)

    def page(self, book_id: str, page_index: int, width_px: int) -> Rendered:
        """Return a page's picture; raises as `page_request` and `make`."""
        return self.make(self.page_request(book_id, page_index, width_px))

    def panel(self, panel_id: PanelId, width_px: int) -> Rendered:
        """Return a panel's crop; raises as `panel_request` and `make`."""
        return self.make(self.panel_request(panel_id, width_px))

    def require_indexed(self, book_id: str) -> None:
        """Make sure that a book's file is the one that was indexed, by a page of it, read anew.

        Before a file is handed out as it is: a catalog may come from a stranger, and would else
        choose any file of this machine.

        Raises:
            IngestError: The file is gone, or is another one.
            PageError: No page of the book could ever be read, or this one cannot be now.
            BusyError: Too many pictures are asked for.
        """
        pages = self._library.pages_of(book_id)
        first = next((page.page_index for page in pages if page.width), 0)
        with self.begin(self.page_request(book_id, first, WIDTHS[0])) as ticket:
            ticket.result(self._patience_s())

    def decode_upload(self, data: bytes) -> NDArray[np.uint8]:
        """Decode a picture that somebody sent, in a picture process.

        Returns:
            RGB pixels, uint8 (H, W, 3), at most `upload_side_px` on a side.

        Raises:
            PageError: It is no picture, too large, or cannot be decoded.
            BusyError: Too many pictures are asked for.
        """
        made = self._upload("pixels", data)
        return np.frombuffer(made.data, np.uint8).reshape(made.height, made.width, 3)

    def shrink_upload(self, data: bytes) -> Made:
        """Return the WebP that is kept of a picture that somebody sent; raises likewise."""
        return self._upload("upload", data)

    def _upload(self, do: str, data: bytes) -> Made:
        if len(data) > self.options.max_upload_bytes:
            raise PageError(
                f"the picture is larger than {self.options.max_upload_bytes / 1e6:.0f} MB; make "
                "it smaller"
            )
        ask = {"do": do, "side_px": self.options.upload_side_px}
        job = Job(ask, "the picture", payload=data, timeout_s=self.options.upload_timeout_s)
        with self._pool.submit(f"{do} {hashlib.sha256(data).hexdigest()}", job) as ticket:
            return ticket.result(self._patience_s())

    def _patience_s(self) -> float:
        return 2 * self.options.job_timeout_s

    def _request(self, file: PageFile, box: Box | None, width_px: int) -> PictureRequest:
        if width_px not in WIDTHS:
            raise QueryError(f"there are no pictures {width_px} px wide; ask for one of {WIDTHS}")
        if not file.width:
            raise PageError(
                f"{printable(file.file.rsplit('/', 1)[-1])}: page {file.page_index + 1} could not "
                "be read when it was indexed",
                page=file.page_index,
            )
        if not file.file:
            raise IngestError(
                f"{file.book_id}: no file of it is known; run `longbox index` on its folder"
            )
        place = PagePlace(file.file, file.page_index, file.width, file.height, file.digest)
        content = [
            *(file.book_id, file.page_index, file.digest, file.width, file.height),
            *(() if box is None else box.as_tuple()),
            *(self._pdf_side_px, RENDERER_VERSION, QUALITY, METHOD, _webp_version()),
        ]
        version = _digest(content)
        return PictureRequest(
            _digest([version, width_px]), version[:_VERSION_DIGITS], place, box, width_px
        )


def _digest(parts: list[object]) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]


def _webp_version() -> str:
    from PIL import features

    return str(features.version("webp"))
