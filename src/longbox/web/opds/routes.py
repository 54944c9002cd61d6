"""Addresses of the catalogue: /opds in Atom, /opds/v2 in JSON, files, pages, archives.

Readers ask again and again for the same feeds, so each has an ETag and unchanged ones are not sent.
Nothing of an address but ids and numbers decides what is read from the disk.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response, StreamingResponse

from longbox.book import Direction, PanelId
from longbox.errors import LibraryError, QueryError
from longbox.library import BookSort, BookSummary, LastAnswers, SavedSearch
from longbox.web.etags import is_known
from longbox.web.ids import BookId, PanelName, SearchId
from longbox.web.opds.atom import (
    ENTRY_TYPE,
    OPENSEARCH_TYPE,
    feed_type,
    write_entry,
    write_feed,
    write_opensearch,
)
from longbox.web.opds.catalogue import BookList, Catalogue
from longbox.web.opds.feeds import Feed
from longbox.web.opds.files import CBZ, BookFile, attachment, book_file, safe_stem
from longbox.web.opds.hits import LAST_START, HitFeeds
from longbox.web.opds.jpeg import JPEG, WIDEST, JpegMaker
from longbox.web.opds.packing import pack_folder, pack_hits
from longbox.web.opds.publications import FEED_TYPE, PUBLICATION_TYPE, write_json, write_publication
from longbox.web.pictures import PictureRequest
from longbox.web.places import Places
from longbox.web.services import Services, services_of

pages = APIRouter()
api = APIRouter()

_FURTHEST: Final = 1_000_000
_PACKED_AT_ONCE: Final = 2
_KNOWN_FILES: Final = 256
_NUMBER: Final = re.compile("[0-9]{1,7}")
PageNumber = Annotated[int, Path(ge=0, le=99_999)]
First = Annotated[int, Query(ge=0, le=99_999)]
Part = Annotated[int, Query(ge=1, le=_FURTHEST)]
Start = Annotated[int, Query(ge=0, le=LAST_START)]
# Some readers leave the width out, or ask for 0.
Width = Annotated[str, Query(max_length=16)]


@dataclass(frozen=True, slots=True)
class OpdsDesk:
    """What answers readers: one a server."""

    services: Services
    catalogue: Catalogue
    hits: HitFeeds
    jpegs: JpegMaker
    packing: Places
    indexed: LastAnswers[tuple[object, ...], bool]

    def require_indexed(self, book_id: str, file: BookFile) -> None:
        """Make sure, once a file, that it is the book; see PictureServer.require_indexed."""

        def look() -> bool:
            self.services.pictures.require_indexed(book_id)
            return True

        self.indexed.get((book_id, str(file.path), file.n_bytes, file.changed_ns), look)

    def book(self, book_id: str) -> BookSummary:
        """Return a book.

        Raises:
            HTTPException: It is not in the library.
        """
        try:
            return self.services.library.book_summary(book_id)
        except LibraryError as error:
            raise HTTPException(404, f"{book_id}: no such book in this library") from error

    def saved(self, search_id: str) -> SavedSearch:
        """Return a saved search.

        Raises:
            HTTPException: There is none of this id.
        """
        for saved in self.services.library.saved_searches():
            if saved.search_id == search_id:
                return saved
        raise HTTPException(404, "there is no such saved search")


async def _desk_of(request: Request) -> OpdsDesk:
    """Give the desk; on the event loop, so that two requests at once do not make two."""
    desk: OpdsDesk | None = getattr(request.app.state, "opds_desk", None)
    if desk is None:
        services = services_of(request)
        catalogue = Catalogue(services.library)
        hits = HitFeeds(services.library, services.desk, catalogue)
        jpegs = JpegMaker(services.pictures)
        packing = Places(_PACKED_AT_ONCE, "other archives are being packed; try again in a moment")
        desk = OpdsDesk(services, catalogue, hits, jpegs, packing, LastAnswers(_KNOWN_FILES))
        request.app.state.opds_desk = desk
    return desk


Desk = Annotated[OpdsDesk, Depends(_desk_of)]


def _book_list(
    sort: BookSort = BookSort.TITLE,
    series: Annotated[str, Query(max_length=300)] = "",
    language: Annotated[str, Query(pattern="^[A-Za-z]{0,3}$")] = "",
    direction: Direction | None = None,
    q: Annotated[str, Query(max_length=500)] = "",
    part: Part = 1,
) -> BookList:
    return BookList(sort, series, language.lower(), direction, q, part)


Asked = Annotated[BookList, Depends(_book_list)]
Words = Annotated[str, Query(max_length=2000)]


@pages.get("/opds")
@pages.get("/opds/v2")
def root(request: Request, desk: Desk) -> Response:
    """Give the catalogue's root."""
    return _feed(request, desk.catalogue.root())


@pages.get("/opds/books")
@pages.get("/opds/v2/books")
def books(request: Request, desk: Desk, asked: Asked) -> Response:
    """Give a part of a list of books."""
    return _feed(request, desk.catalogue.books(asked))


@pages.get("/opds/series")
@pages.get("/opds/v2/series")
def series(request: Request, desk: Desk, part: Part = 1) -> Response:
    """Give a part of the list of series."""
    return _feed(request, desk.catalogue.series(part))


@pages.get("/opds/searches")
@pages.get("/opds/v2/searches")
def searches(request: Request, desk: Desk, part: Part = 1) -> Response:
    """Give a part of the list of saved searches."""
    return _feed(request, desk.catalogue.searches(part))


@pages.get("/opds/searches/{search_id}")
@pages.get("/opds/v2/searches/{search_id}")
def saved_search(request: Request, desk: Desk, search_id: SearchId, start: Start = 0) -> Response:
    """Give a part of the hits of a saved search."""
    return _feed(request, desk.hits.saved(desk.saved(search_id), start))


@pages.get("/opds/search")
@pages.get("/opds/v2/search")
def search(request: Request, desk: Desk, q: Words = "", start: Start = 0) -> Response:
    """Give books of a name and panels that match."""
    query = " ".join("".join(c if c.isprintable() else " " for c in q).split())
    return _feed(request, desk.hits.search(query, start))


@pages.get("/opds/opensearch.xml")
def opensearch(request: Request) -> Response:
    """Say how the catalogue is searched."""
    return _document(request, write_opensearch(), OPENSEARCH_TYPE)


@pages.get("/opds/books/{book_id}")
@pages.get("/opds/v2/books/{book_id}")
def book(request: Request, desk: Desk, book_id: BookId) -> Response:
    """Give one book with all that its file says of it."""
    summary = desk.book(book_id)
    annotated = desk.services.library.annotated_book(book_id)
    entry = desk.catalogue.full_entry(summary, annotated)
    if _is_json(request):
        return _document(request, write_publication(entry), PUBLICATION_TYPE)
    return _document(request, write_entry(entry), ENTRY_TYPE)


@pages.api_route("/opds/file/{book_id}/{name}", methods=["GET", "HEAD"])
def file(request: Request, desk: Desk, book_id: BookId, name: str) -> Response:  # noqa: ARG001
    """Give a book's file; the name in the address is for readers that call it so."""
    summary = desk.book(book_id)
    found = book_file(summary.file, summary.title)
    if not found.is_folder:  # of a folder only the pages that were indexed are packed
        desk.require_indexed(book_id, found)
    headers = {
        "Content-Disposition": attachment(found.name),
        "Cache-Control": "private, no-cache",
        "Last-Modified": formatdate(found.changed_ns / 1e9, usegmt=True),
    }
    if found.is_folder:
        if request.method == "HEAD":
            return Response(headers=headers, media_type=CBZ)
        annotated = desk.services.library.annotated_book(book_id)
        config = desk.services.config
        pieces = desk.packing.fill(lambda: pack_folder(found, annotated, config))
        return StreamingResponse(pieces, media_type=CBZ, headers=headers)
    headers["ETag"] = f'"{book_id}-{found.n_bytes:x}-{found.changed_ns:x}"'
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    facts = found.path.stat()
    return FileResponse(found.path, headers=headers, media_type=found.type, stat_result=facts)


@pages.get("/opds/searches/{search_id}/search.cbz")
def search_archive(desk: Desk, search_id: SearchId) -> Response:
    """Give the pages of a saved search's hits as one archive."""
    saved = desk.saved(search_id)
    pieces = desk.packing.fill(lambda: pack_hits(desk.hits, saved, desk.jpegs))
    headers = {
        "Content-Disposition": attachment(f"{safe_stem(saved.name)}.cbz"),
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(pieces, media_type=CBZ, headers=headers)


@pages.get("/opds/pages/{book_id}/{page_number}")
def page(
    request: Request,
    desk: Desk,
    book_id: BookId,
    page_number: PageNumber,
    width: Width = "",
    first: First = 0,
) -> Response:
    """Give a page as JPEG; `first` is the page that a stream's page 0 is."""
    wanted = _width(width)
    return _jpeg(
        request,
        desk,
        lambda: desk.jpegs.page_request(book_id, first + page_number, wanted),
        wanted,
    )


@pages.get("/opds/panels/{panel_id}")
def panel(request: Request, desk: Desk, panel_id: PanelName, width: Width = "") -> Response:
    """Give a panel's crop as JPEG."""
    wanted = _width(width)
    asked = PanelId.parse(panel_id)
    return _jpeg(request, desk, lambda: desk.jpegs.panel_request(asked, wanted), wanted)


def _jpeg(
    request: Request, desk: OpdsDesk, look_up: Callable[[], PictureRequest], width_px: int
) -> Response:
    try:
        asked = look_up()
    except QueryError as error:
        raise HTTPException(404, str(error)) from error
    etag = f'"{asked.key}-{width_px}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(desk.jpegs.make(asked, width_px), media_type=JPEG, headers=headers)


def _width(text: str) -> int:
    """Return how wide a picture is wanted; a reader that does not say gets a usual width."""
    number = int(text) if _NUMBER.fullmatch(text) else 0
    return min(max(number, 32), WIDEST) if number else 1280


def _feed(request: Request, feed: Feed) -> Response:
    if _is_json(request):
        return _document(request, write_json(feed), FEED_TYPE)
    return _document(request, write_feed(feed), feed_type(feed.kind))


def _document(request: Request, data: bytes, kind: str) -> Response:
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=f"{kind};charset=utf-8", headers=headers)


def _is_json(request: Request) -> bool:
    return request.url.path.startswith("/opds/v2")
