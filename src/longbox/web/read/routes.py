"""Routes of the reader.

The page comes with the picture of the asked page in it, with its words for screen readers, and
with links to the pages before and after, so it can be read before (and without) its script. Sizes
and types of all pages come with it too; what is on the pages is asked for in parts.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from longbox.book import Direction
from longbox.errors import QueryError
from longbox.web.addresses import PICTURE_WIDTHS
from longbox.web.etags import is_known
from longbox.web.html import render
from longbox.web.ids import BookId
from longbox.web.read.finding import find_texts
from longbox.web.read.reading import OpenBook, ReadingDesk, reading_book, reading_page
from longbox.web.read.records import ReadingBook, TextHits
from longbox.web.services import services_of

pages = APIRouter()
api = APIRouter(tags=["read"])

_MOST_PAGES: Final = 64  # of one answer
_LAST_PAGE: Final = 1_000_000

View = Literal["page", "spread", "strip", "guided"]


def _desk_of(request: Request) -> ReadingDesk:
    state = request.app.state
    if not hasattr(state, "reading_desk"):
        state.reading_desk = ReadingDesk(services_of(request).library)
    desk: ReadingDesk = state.reading_desk
    return desk


Desk = Annotated[ReadingDesk, Depends(_desk_of)]


@pages.get("/read/{book_id}")
def read(
    request: Request,
    desk: Desk,
    book_id: BookId,
    page: Annotated[int | None, Query(ge=1, le=_LAST_PAGE)] = None,
    view: View | None = None,
    panel: Annotated[int | None, Query(ge=1, le=10_000)] = None,
) -> HTMLResponse:
    """Show a book in the reader, at a page and a panel counted from 1."""
    book = _opened(request, desk, book_id)
    shown = book.annotated.pages
    index = min((page or 1) - 1, len(shown) - 1)
    told = reading_page(book, shown[index])
    is_strip = book.annotated.book.direction is Direction.TTB
    return render(
        request,
        "read/read.html",
        book=reading_book(book, index, index),
        page=told,
        panels=[(p, [t for t in told.texts if t.panel == p.panel]) for p in told.panels],
        loose=[t for t in told.texts if t.panel is None],
        n_pages=len(shown),
        view=view or ("strip" if is_strip else "page"),
        panel_number=panel,
        is_start=page is None,
        is_view_asked=view is not None,
        widths=_widths(told.width),
        data=json.dumps(_data(book, index), ensure_ascii=True),
    )


@api.get("/books/{book_id}/reading", response_model=ReadingBook)
def reading(
    request: Request,
    desk: Desk,
    book_id: BookId,
    first: Annotated[int, Query(alias="from", ge=0, le=_LAST_PAGE, description="From 0")] = 0,
    end: Annotated[
        int | None, Query(alias="to", ge=0, le=_LAST_PAGE, description="Not included")
    ] = None,
) -> Any:
    """Give a part of a book's pages with their panels and texts, at most 64 pages at once."""
    _require(request, book_id)
    last = first + _MOST_PAGES if end is None else min(first + _MOST_PAGES, max(first, end))
    etag = f'"{desk.mark(book_id)}-{first}-{last}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    found = reading_book(desk.open(book_id), first, last)
    text = json.dumps(asdict(found), ensure_ascii=False, separators=(",", ":"))
    # A lone half of a character may come from a file's metadata and is no UTF-8.
    return Response(text.encode("utf-8", "replace"), media_type="application/json", headers=headers)


@api.get("/books/{book_id}/words")
def words(
    request: Request,
    desk: Desk,
    book_id: BookId,
    sought: Annotated[str, Query(alias="q", min_length=1, max_length=200)],
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> TextHits:
    """Look for words, or parts of words, in a book's lettering."""
    book = _opened(request, desk, book_id)
    return find_texts(book, sought, limit)


def _opened(request: Request, desk: ReadingDesk, book_id: str) -> OpenBook:
    _require(request, book_id)
    return desk.open(book_id)


def _require(request: Request, book_id: str) -> None:
    """Answer 404 for a book that is not there, or that has no page."""
    try:
        services_of(request).library.page_file(book_id, 0)
    except QueryError as error:
        raise HTTPException(404, "there is no such book in this library") from error


def _widths(width_px: int) -> list[int]:
    """Return the widths that a page's picture is offered in: none much wider than the page."""
    if width_px <= 0:
        return []
    useful = [w for w in PICTURE_WIDTHS if w >= 320 and w < width_px]
    larger = [w for w in PICTURE_WIDTHS if w >= max(width_px, 320)]
    return useful + larger[:1]


def _data(book: OpenBook, index: int) -> dict[str, object]:
    """Return what the script needs before it asks for anything."""
    told = asdict(reading_book(book, index, index + 1))
    told["outline"] = [
        [p.page.width, p.page.height, p.label.page_type, int(p.is_spread), p.page.bookmark or ""]
        for p in book.annotated.pages
    ]
    return told
