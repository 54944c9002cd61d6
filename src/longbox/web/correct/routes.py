"""Routes of the correcting part: the editor, the queue, the history, and their API.

A save must carry the revision that it was made on in If-Match. Without one it is refused (428), on
an outdated one it is answered 409 with the present state; then nothing was written.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from longbox.book import Direction, PageType, TextKind
from longbox.correction import CorrectedField
from longbox.errors import ConflictError, QueryError
from longbox.library import ReviewCounts, ReviewItem, ReviewReason
from longbox.pipeline import withdraw_corrections
from longbox.web.addresses import PICTURE_WIDTHS, page_picture
from longbox.web.correct.exporting import ExportFormat, Pages, export
from longbox.web.correct.history import history_of
from longbox.web.correct.present import PresentBooks
from longbox.web.correct.saving import save_book, save_page, take_over_soon
from longbox.web.correct.values import (
    BookChange,
    BookConflict,
    BookSaved,
    BookState,
    History,
    NextReview,
    PageChange,
    PageConflict,
    PageState,
    ReasonCount,
    ReviewLine,
    ReviewList,
    Saved,
    TakeBack,
    TakenBack,
)
from longbox.web.html import render
from longbox.web.ids import BookId
from longbox.web.places import Places
from longbox.web.problems import Problem
from longbox.web.services import Shared

pages = APIRouter()
api = APIRouter(tags=["correct"])

_PER_PAGE: Final = 48
_EXPORTS_AT_ONCE: Final = 4
_JSON_LINES: Final = ExportFormat("jsonl")
_MOST_PAGES: Final = 1_000_000
_NEEDS_REVISION: Final = {"model": Problem, "description": "If-Match is missing."}

PageIndex = Annotated[int, Path(ge=0, lt=_MOST_PAGES, description="From 0")]
PageNumber = Annotated[int, Path(ge=1, le=_MOST_PAGES, description="From 1")]
Revision = Annotated[
    str | None,
    Header(alias="If-Match", max_length=80, description="The revision that this changes, quoted"),
]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]
Reason = Annotated[ReviewReason | None, Query(description="Only pages with this reason")]


def _books_of(request: Request, services: Shared) -> PresentBooks:
    found: PresentBooks | None = getattr(request.app.state, "present_books", None)
    if found is None:
        found = request.app.state.present_books = PresentBooks(services.library)
    return found


Books = Annotated[PresentBooks, Depends(_books_of)]


async def _exports_of(request: Request) -> Places:
    """Give the places of exports; on the event loop, so that two requests do not make two."""
    found: Places | None = getattr(request.app.state, "exports", None)
    if found is None:
        busy = "other exports are under way; try again in a moment"
        found = request.app.state.exports = Places(_EXPORTS_AT_ONCE, busy)
    return found


Exports = Annotated[Places, Depends(_exports_of)]


# ---- pages for people


@pages.get("/correct/{book_id}/{page}")
def correct_page(request: Request, books: Books, book_id: BookId, page: PageNumber) -> HTMLResponse:
    """Show a page with all that is said of it, and the tools to put it right."""
    state = books.page(book_id, page - 1)
    queue = request.query_params.get("queue", "")
    known = {reason.value for reason in ReviewReason}
    return render(
        request,
        "correct/correct.html",
        state=state,
        state_json=state.model_dump_json(),
        page_types=list(PageType),
        kinds=list(TextKind),
        directions=list(Direction),
        queue=queue if queue in known or queue == "all" else "",
        pictures=[(w, page_picture(book_id, page - 1, w)) for w in PICTURE_WIDTHS[2:]],
    )


@pages.get("/correct/{book_id}")
def history_page(
    request: Request, services: Shared, books: Books, book_id: BookId, offset: Offset = 0
) -> HTMLResponse:
    """Show what people said of a book, and let it be taken back."""
    said = services.library.corrections(book_id)
    return render(
        request,
        "correct/history.html",
        book=books.book(book_id),
        history=history_of(said, _PER_PAGE, offset),
        per_page=_PER_PAGE,
        formats=list(ExportFormat),
    )


@pages.get("/review")
def review_page(
    request: Request,
    services: Shared,
    reason: Reason = None,
    offset: Offset = 0,
    reviewed: Annotated[bool, Query()] = False,
) -> HTMLResponse:
    """Show the pages that deserve a look, the most needed first."""
    queue = services.library.review
    counts = queue.counts()
    items = queue.items(reason, limit=_PER_PAGE, offset=offset, with_reviewed=reviewed)
    total, done = counts.reasons[reason] if reason else (counts.total, counts.reviewed)
    return render(
        request,
        "correct/review.html",
        items=items,
        counts=counts,
        reasons=list(ReviewReason),
        reason=reason,
        total=total,
        done=done,
        n_listed=total if reviewed else total - done,
        offset=offset,
        per_page=_PER_PAGE,
        reviewed=reviewed,
        formats=list(ExportFormat),
    )


# ---- the API


@api.get("/books/{book_id}/pages/{page_index}/correction")
def get_page_correction(
    response: Response, books: Books, book_id: BookId, page_index: PageIndex
) -> PageState:
    """Return a page as it counts now, and what the stages and a model saw."""
    state = books.page(book_id, page_index)
    response.headers.update(_fresh(state.revision))
    return state


@api.put(
    "/books/{book_id}/pages/{page_index}/correction",
    response_model=Saved,
    responses={
        409: {"model": PageConflict, "description": "Somebody else was faster."},
        428: _NEEDS_REVISION,
    },
)
def put_page_correction(
    response: Response,
    services: Shared,
    books: Books,
    book_id: BookId,
    page_index: PageIndex,
    change: PageChange,
    revision: Revision = None,
) -> Saved | JSONResponse:
    """Say what is right about a page. Only what is given is said; each counts until taken back."""
    books.page(book_id, page_index)
    try:
        is_taken_over = save_page(
            services.library, books, (book_id, page_index), _asked(revision), change
        )
    except ConflictError as error:
        return _conflict(PageConflict(error=str(error), present=books.page(book_id, page_index)))
    job_id = take_over_soon(services.jobs, book_id) if is_taken_over else None
    state = books.page(book_id, page_index)
    response.headers.update(_fresh(state.revision))
    return Saved(page=state, job_id=job_id)


@api.get("/books/{book_id}/correction")
def get_book_correction(response: Response, books: Books, book_id: BookId) -> BookState:
    """Return what is said of a book as it counts now."""
    state = books.book(book_id)
    response.headers.update(_fresh(state.revision))
    return state


@api.put(
    "/books/{book_id}/correction",
    response_model=BookSaved,
    responses={
        409: {"model": BookConflict, "description": "Somebody else was faster."},
        428: _NEEDS_REVISION,
    },
)
def put_book_correction(
    response: Response,
    services: Shared,
    books: Books,
    book_id: BookId,
    change: BookChange,
    revision: Revision = None,
) -> BookSaved | JSONResponse:
    """Say what is right about a book as a whole: direction, language, title, series."""
    books.book(book_id)
    try:
        save_book(services.library, book_id, _asked(revision), change)
    except ConflictError as error:
        return _conflict(BookConflict(error=str(error), present=books.book(book_id)))
    job_id = take_over_soon(services.jobs, book_id)
    state = books.book(book_id)
    response.headers.update(_fresh(state.revision))
    return BookSaved(book=state, job_id=job_id)


@api.get("/books/{book_id}/corrections")
def list_corrections(
    services: Shared,
    books: Books,
    book_id: BookId,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Offset = 0,
) -> History:
    """List all that people said of a book, newest first, and which of it counts."""
    books.book(book_id)
    return history_of(services.library.corrections(book_id), limit, offset)


@api.post("/books/{book_id}/corrections/take-back")
def take_back_corrections(
    services: Shared, books: Books, book_id: BookId, what: TakeBack
) -> TakenBack:
    """Take back what is said of a book, of one page or one field; the history is kept."""
    books.book(book_id)
    if what.page_index is not None and what.field is not None and not what.field.is_of_page:
        raise QueryError(f"{what.field} is said of the book; leave out the page")
    taken = withdraw_corrections(services.library, book_id, what.page_index, what.field)
    is_run = any(c.field is not CorrectedField.REVIEW for c in taken)
    job_id = take_over_soon(services.jobs, book_id) if is_run else None
    return TakenBack(n_taken_back=len(taken), job_id=job_id)


@api.get(
    "/corrections/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "application/x-ndjson": {},
                "application/octet-stream": {},
                "application/zip": {},
            },
            "description": "JSON lines, a file of one book, or a ZIP archive of files",
        }
    },
)
def export_corrections(
    services: Shared,
    exports: Exports,
    export_format: Annotated[ExportFormat, Query(alias="format")] = _JSON_LINES,
    book_id: BookId | None = None,
    only: Annotated[Pages, Query(alias="pages")] = Pages.ALL,
) -> StreamingResponse:
    """Give what people put right: every correction as JSON lines, or whole books as they count."""
    if book_id is not None and book_id not in services.library.book_ids():
        raise HTTPException(404, f"{book_id}: no such book in this library")
    made = export(services.library, export_format, book_id, only)
    pieces = exports.fill(lambda: made.pieces)
    headers = {"Content-Disposition": f'attachment; filename="{made.file_name}"'}
    return StreamingResponse(pieces, media_type=made.media_type, headers=headers)


@api.get("/review")
def list_review(
    services: Shared,
    reason: Reason = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 60,
    offset: Offset = 0,
    reviewed: Annotated[bool, Query(description="Also pages that have a verdict")] = False,
) -> ReviewList:
    """List the pages that deserve a person's look, the most needed first."""
    queue = services.library.review
    items = queue.items(reason, limit=limit, offset=offset, with_reviewed=reviewed)
    counts = queue.counts()
    return ReviewList(
        items=[_line(item) for item in items],
        total=counts.total,
        reviewed=counts.reviewed,
        reasons=[
            ReasonCount(reason=name, total=total, reviewed=done)
            for name, (total, done) in counts.reasons.items()
        ],
        n_books_left=counts.n_books_left,
        offset=offset,
    )


@api.get("/review/next")
def next_review(
    services: Shared,
    book_id: BookId,
    page_index: Annotated[int, Query(ge=0, lt=_MOST_PAGES)],
    reason: Reason = None,
) -> NextReview:
    """Return the page of the queue that comes after a page and has no verdict yet."""
    queue = services.library.review
    found = queue.after(book_id, page_index, reason)
    total, done = _progress(queue.counts(), reason)
    return NextReview(item=_line(found) if found else None, total=total, reviewed=done)


def _progress(counts: ReviewCounts, reason: ReviewReason | None) -> tuple[int, int]:
    return counts.reasons[reason] if reason else (counts.total, counts.reviewed)


def _line(item: ReviewItem) -> ReviewLine:
    return ReviewLine(
        book_id=item.book_id,
        title=item.title,
        page_index=item.page_index,
        width=item.width,
        height=item.height,
        reasons=list(item.reasons),
        flags=list(item.flags),
        need=item.need,
        verdict=item.verdict,
    )


def _asked(revision: str | None) -> str:
    if revision is None:
        raise HTTPException(428, "say in If-Match which revision this changes; a GET returns it")
    return revision.strip().removeprefix("W/").strip('"')


def _fresh(revision: str) -> dict[str, str]:
    return {"ETag": f'"{revision}"', "Cache-Control": "no-store"}


def _conflict(body: BaseModel) -> JSONResponse:
    return JSONResponse(body.model_dump(mode="json"), 409)
