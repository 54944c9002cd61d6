"""The shelf, a book's own page, health, and adding a folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from longbox.book import Direction
from longbox.errors import LibraryError, QueryError
from longbox.library import BookPage, BookSort, BookSummary, Filters, PageSummary
from longbox.web.html import is_fragment, render
from longbox.web.ids import BookId
from longbox.web.services import Services, Shared
from longbox.web.shelf import books as book_pages
from longbox.web.shelf.folders import FolderListing, list_folders
from longbox.web.shelf.health import HealthDesk, LibraryHealth
from longbox.web.shelf.listing import shelf_part

pages = APIRouter()
api = APIRouter(tags=["shelf"])

Text = Annotated[str, Query(max_length=500, description="words of title or series")]
FolderPath = Annotated[str, Query(max_length=4096, description="absolute, or from ~")]
_MOST_BOOKS = 200
_FURTHEST = 10**9


@dataclass(frozen=True, slots=True)
class SortChoice:
    """One way to put the shelf in order."""

    value: str
    label: str


_SORTS = (
    SortChoice("title", "Title"),
    SortChoice("year", "Year"),
    SortChoice("newest", "Newest"),
    SortChoice("panels", "Most panels"),
)


# ---- API


@api.get("/books")
def list_books(
    services: Shared,
    sort: BookSort = BookSort.TITLE,
    text: Text = "",
    book_id: Annotated[list[str] | None, Query(max_length=_MOST_BOOKS)] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_BOOKS)] = 60,
    offset: Annotated[int, Query(ge=0, le=_FURTHEST)] = 0,
) -> BookPage:
    """List books, a part at a time; `book_id`, given once or more, lists only these."""
    chosen = Filters(book_ids=tuple(book_id or ()), include_missing=True)
    found = services.library.books(sort, chosen, text, limit=limit, offset=offset)
    return replace(found, books=_told(services, found.books))


@api.get("/books/{book_id}")
def get_book(services: Shared, book_id: BookId) -> book_pages.BookDetails:
    """Return all that is known of a book, without its pages."""
    _known(services, book_id)
    return _details(services, book_id)


@api.get("/books/{book_id}/pages")
def get_pages(services: Shared, book_id: BookId) -> list[PageSummary]:
    """List a book's pages: sizes, what each is, flags, number of panels."""
    _known(services, book_id)
    return list(services.library.pages_of(book_id))


@api.get("/books/{book_id}/similar")
def get_similar(services: Shared, book_id: BookId) -> list[BookSummary]:
    """List the books whose panels are most like some of this one's."""
    _known(services, book_id)
    found = book_pages.similar_books(services.library, services.searcher, book_id)
    return list(_told(services, found))


@api.get("/health")
def get_health(request: Request, services: Shared) -> LibraryHealth:
    """Say how library and model are, and what to do about what is not well."""
    return _desk(request, services).health()


@api.get("/folders")
def get_folders(services: Shared, path: FolderPath = "") -> FolderListing:
    """List the folders in one, to choose comics from; without a path, where to begin."""
    _may_add(services)
    return list_folders(services.library, path)


# ---- pages


@pages.get("/")
def shelf_page(
    request: Request,
    services: Shared,
    sort: str = "title",
    text: Text = "",
    offset: Annotated[int, Query(ge=0, le=_FURTHEST)] = 0,
) -> HTMLResponse:
    """Show the books; a part of them to a script that scrolls."""
    order = _sort(sort)
    part = shelf_part(services.library, order, text, offset)
    template = "shelf/part.html" if is_fragment(request) else "shelf/shelf.html"
    is_empty = not part.total and not text
    page = render(
        request,
        template,
        part=part,
        sort=order.value,
        sorts=_SORTS,
        text=text,
        offset=offset,
        is_empty=is_empty,
        active=services.jobs.active(),
    )
    page.headers["Vary"] = "HX-Request"
    return page


@pages.get("/book/{book_id}")
def book_page(request: Request, services: Shared, book_id: BookId) -> HTMLResponse:
    """Show a book: what it is, its pages, what was found."""
    _known(services, book_id)
    details = _details(services, book_id)
    found = services.library.pages_of(book_id)
    return render(
        request,
        "shelf/book.html",
        details=details,
        book=details.book,
        pages=found,
        bars=book_pages.panel_bars(found),
        credit_lines=book_pages.credit_lines(details.metadata),
        published=book_pages.published(details.metadata),
        direction=book_pages.DIRECTIONS[details.book.direction],
        direction_source=book_pages.DIRECTION_SOURCES[details.direction_source],
        has_views=details.book.direction is not Direction.TTB,
    )


@pages.get("/book/{book_id}/similar")
def similar_fragment(request: Request, services: Shared, book_id: BookId) -> HTMLResponse:
    """Show the books that are like one, as a part of its page."""
    _known(services, book_id)
    found = book_pages.similar_books(services.library, services.searcher, book_id)
    return render(request, "shelf/similar.html", books=found)


@pages.get("/health")
def health_page(request: Request, services: Shared) -> HTMLResponse:
    """Show how library and model are."""
    health = _desk(request, services).health()
    return render(request, "shelf/health.html", health=health, active=services.jobs.active())


@pages.get("/add")
def add_page(request: Request, services: Shared, path: FolderPath = "") -> HTMLResponse:
    """Let a folder with comics be chosen or typed, and read."""
    _may_add(services)
    refused = ""
    try:
        listing = list_folders(services.library, path)
    except QueryError as error:
        refused, listing = str(error), list_folders(services.library, "")
    return render(
        request,
        "shelf/add.html",
        listing=listing,
        typed=path,
        refused=refused,
        active=services.jobs.active(),
    )


def _sort(name: str) -> BookSort:
    """Return an order by its name; an address with another one is an old or mistyped one."""
    try:
        return BookSort(name)
    except ValueError:
        return BookSort.TITLE


def _known(services: Services, book_id: str) -> None:
    try:
        services.library.book_summary(book_id)
    except LibraryError as error:
        raise HTTPException(404, f"{book_id}: there is no such book in this library") from error


def _details(services: Services, book_id: str) -> book_pages.BookDetails:
    """Return a book's details as they may be read here."""
    found = book_pages.book_details(services.library, book_id)
    return replace(
        found,
        book=_told(services, (found.book,))[0],
        problems=tuple(map(services.options.whereabouts.problem, found.problems)),
    )


def _told(services: Services, books: tuple[BookSummary, ...]) -> tuple[BookSummary, ...]:
    """Return books with their files as they may be read here."""
    path = services.options.whereabouts.path
    return tuple(replace(book, file=path(book.file)) for book in books)


def _may_add(services: Services) -> None:
    if services.options.is_read_only:
        raise HTTPException(403, "this library is shared read-only; no folder can be added here")


def _desk(request: Request, services: Services) -> HealthDesk:
    state = request.app.state
    if getattr(state, "health_desk", None) is None:
        state.health_desk = HealthDesk(
            services.library, services.config, services.jobs, services.options.whereabouts
        )
    desk: HealthDesk = state.health_desk
    return desk
