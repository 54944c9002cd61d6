"""A book along its pages, beside the shelf and beside another book.

The strips come with the page; the shelf, what is alike, and the model's surprise are parts that
the browser asks for when the page stands, and that answer in words where something is lacking.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from longbox.errors import BusyError, LibraryError, ModelError, QueryError
from longbox.library import BookSort, Filters
from longbox.vectors import Space
from longbox.web.html import render
from longbox.web.ids import BookId
from longbox.web.map.routes import SPACE_WORDS
from longbox.web.services import Services, Shared, services_of
from longbox.web.study.book_answers import BookReadAnswer, book_read_answer
from longbox.web.study.book_desk import BookDesk
from longbox.web.study.shelves import show_shelf
from longbox.web.study.strips import draw_strips, page_words

pages = APIRouter()
api = APIRouter(tags=["studies"])

_N_OFFERED: Final = 8
_N_SURPRISING: Final = 8
Beside = Annotated[BookId | None, Query(description="another book to set beside it")]


async def _desk_of(request: Request) -> BookDesk:
    """Give the desk; on the event loop, so that two requests at once do not make two."""
    state = request.app.state
    if getattr(state, "book_desk", None) is None:
        state.book_desk = BookDesk(services_of(request).library)
    found: BookDesk = state.book_desk
    return found


Desk = Annotated[BookDesk, Depends(_desk_of)]


@pages.get("/book/{book_id}/reading")
def book_reading_page(
    request: Request,
    services: Shared,
    desk: Desk,
    book_id: BookId,
    beside: Beside = None,
    find: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """Show a book along its pages, perhaps with another below it."""
    _require(services, book_id)
    if beside is not None and beside != book_id:
        _require(services, beside)
    other = beside if beside != book_id else None
    offered = services.library.books(
        BookSort.TITLE, Filters(include_missing=True), find, limit=_N_OFFERED
    )
    reading = desk.reading(book_id)
    there = services.library.spaces()
    return render(
        request,
        "study/book.html",
        book=draw_strips(reading),
        words=page_words(reading),
        other=draw_strips(desk.reading(other)) if other else None,
        other_words=page_words(desk.reading(other)) if other else [],
        find=find,
        offered=[b for b in offered.books if b.book_id != book_id] if find else [],
        spaces=[(space, SPACE_WORDS[space]) for space in Space if space in there],
    )


@pages.get("/book/{book_id}/reading/shelf")
def book_shelf_part(
    request: Request, services: Shared, desk: Desk, book_id: BookId, beside: Beside = None
) -> HTMLResponse:
    """Show where a book stands on the shelf."""
    _require(services, book_id)
    other = beside if beside not in (None, book_id) else None
    try:
        shelf = desk.shelf(*(each for each in (book_id, other) if each))
        shown = show_shelf(shelf, book_id, other)
    except (BusyError, LibraryError, QueryError) as error:
        return _lacking(request, str(error))
    titles = dict(zip(shelf.found.book_ids, shelf.found.titles, strict=True))
    return render(
        request,
        "study/shelf_part.html",
        shown=shown,
        title=titles[book_id],
        other=titles[other] if other else "",
    )


@pages.get("/book/{book_id}/reading/alike/{space}")
def book_alike_part(
    request: Request, services: Shared, desk: Desk, book_id: BookId, space: Space
) -> HTMLResponse:
    """Show the books most like one in a space."""
    _require(services, book_id)
    try:
        found = desk.alike(book_id, space)
    except (BusyError, QueryError) as error:
        return _lacking(request, str(error))
    summaries = {
        book.book_id: book
        for book in services.library.books(
            BookSort.TITLE,
            Filters(book_ids=tuple(each.book_id for each in found), include_missing=True),
            limit=max(len(found), 1),
        ).books
    }
    return render(
        request,
        "study/alike_part.html",
        book_id=book_id,
        found=[(each, summaries[each.book_id]) for each in found if each.book_id in summaries],
    )


@pages.get("/book/{book_id}/reading/surprise")
def book_surprise_part(
    request: Request, services: Shared, desk: Desk, book_id: BookId
) -> HTMLResponse:
    """Show the model's surprise along a book; opens the model."""
    _require(services, book_id)
    try:
        reading = desk.reading(book_id, with_surprise=True)
    except (BusyError, LibraryError, ModelError) as error:
        return _lacking(request, str(error))
    if reading.why_no_surprise:
        return _lacking(request, reading.why_no_surprise)
    drawn = draw_strips(reading)
    strip = next((each for each in drawn.strips if each.name == "Surprise"), None)
    return render(
        request,
        "study/surprise_part.html",
        book=drawn,
        strip=strip,
        surprising=reading.surprising[:_N_SURPRISING],
    )


@api.get("/books/{book_id}/study")
def get_book_study(
    services: Shared,
    desk: Desk,
    book_id: BookId,
    surprise: Annotated[bool, Query(description="ask the trained model; takes seconds")] = False,
) -> BookReadAnswer:
    """Return a book along its pages: pace, lettering, scenes and what stands out."""
    _require(services, book_id)
    return book_read_answer(desk.reading(book_id, with_surprise=surprise))


def _require(services: Services, book_id: str) -> None:
    try:
        services.library.book_summary(book_id)
    except LibraryError as error:
        raise HTTPException(404, "there is no such book in this library") from error


def _lacking(request: Request, reason: str) -> HTMLResponse:
    said = services_of(request).options.whereabouts.text(reason)
    return render(request, "panel/lacking.html", reason=said)
