"""The feeds of the catalogue: the root, books in several orders, series, saved searches.

Lists come in parts from the library's own lists, which are kept until it changes; nothing here
walks all books or panels for a request. Books whose file is gone are not offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from longbox.book import AnnotatedBook, Direction
from longbox.errors import IngestError
from longbox.library import BookSort, BookSummary, Filters, Library, SavedSearch
from longbox.web.addresses import book_address, opds_address
from longbox.web.opds.feeds import (
    ACQUISITION,
    IMAGE,
    NEWEST,
    THUMBNAIL,
    Book,
    Door,
    FacetLink,
    Feed,
    Kind,
    Link,
    Stream,
    urn,
)
from longbox.web.opds.files import book_file, safe_stem
from longbox.web.opds.jpeg import JPEG

BOOKS_A_PART: Final = 40
DOORS_A_PART: Final = 100
_MOST_SERIES: Final = 20_000
_COVER_PX, _THUMBNAIL_PX = 640, 160
_NEVER: Final = "1970-01-01T00:00:00+00:00"
_SORTS: Final = {
    BookSort.TITLE: "Title",
    BookSort.NEWEST: "Newest",
    BookSort.YEAR: "Year",
    BookSort.PANELS: "Most panels",
}
_DIRECTIONS: Final = {
    Direction.LTR: "Left to right",
    Direction.RTL: "Right to left",
    Direction.TTB: "Strips",
}


@dataclass(frozen=True, slots=True)
class BookList:
    """Which books a feed lists, as its address says it.

    Attributes:
        part: From 1.
    """

    sort: BookSort = BookSort.TITLE
    series: str = ""
    language: str = ""
    direction: Direction | None = None
    text: str = ""
    part: int = 1

    @property
    def href(self) -> str:
        """Address of the feed."""
        return opds_address(
            "books",
            sort="" if self.sort is BookSort.TITLE else self.sort.value,
            series=self.series,
            language=self.language,
            direction=self.direction.value if self.direction else "",
            q=self.text,
            part="" if self.part == 1 else str(self.part),
        )

    @property
    def filters(self) -> Filters:
        """The library's filters."""
        return Filters(
            series_exact=(self.series,) if self.series else (),
            languages=(self.language,) if self.language else (),
            direction=self.direction,
        )


class Catalogue:
    """Makes the feeds of one library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def root(self) -> Feed:
        """Return the feed that readers are given."""
        newest = self._newest()
        doors = (
            ("books", "All books", BookList().href, Kind.ACQUISITION, "By title"),
            ("newest", "Newest", self._newest_href, Kind.ACQUISITION, "What was added last"),
            ("series", "Series", opds_address("series"), Kind.NAVIGATION, "Books by series"),
            (
                "searches",
                "Saved searches",
                opds_address("searches"),
                Kind.NAVIGATION,
                "Panels that searches find, with their books",
            ),
        )
        entries = tuple(
            Door(
                urn(name),
                title,
                newest,
                href,
                kind,
                said,
                NEWEST if name == "newest" else "subsection",
            )
            for name, title, href, kind, said in doors
        )
        return Feed(urn("root"), "Longbox", newest, opds_address(), Kind.NAVIGATION, entries)

    def books(self, asked: BookList) -> Feed:
        """Return a part of a list of books."""
        found = self._library.books(
            asked.sort,
            asked.filters,
            asked.text,
            limit=BOOKS_A_PART,
            offset=(asked.part - 1) * BOOKS_A_PART,
        )
        entries = tuple(self.entry(book) for book in found.books)
        has_more = found.offset + len(found.books) < found.total
        title = asked.series or (f"Books named “{asked.text}”" if asked.text else "")
        return Feed(
            urn=urn("books", replace(asked, part=1).href),
            title=title or ("Newest" if asked.sort is BookSort.NEWEST else "All books"),
            updated=max((entry.updated for entry in entries), default=self._newest()),
            href=asked.href,
            kind=Kind.ACQUISITION,
            entries=entries,
            up=opds_address("series") if asked.series else opds_address(),
            first=replace(asked, part=1).href,
            previous=replace(asked, part=asked.part - 1).href if asked.part > 1 else "",
            next=replace(asked, part=asked.part + 1).href if has_more else "",
            facets=self._facets(asked),
            total=found.total,
            start=found.offset,
            per_page=BOOKS_A_PART,
        )

    def series(self, part: int) -> Feed:
        """Return a part of the list of series."""
        named = self._library.facets(Filters(), _MOST_SERIES).series.values
        start = (part - 1) * DOORS_A_PART
        newest = self._newest()
        shown = sorted(named, key=lambda value: value.label.casefold())
        entries = tuple(
            Door(
                urn("series", value.value),
                value.label,
                newest,
                BookList(series=value.value).href,
                Kind.ACQUISITION,
                f"{value.n_panels:,} panels",
            )
            for value in shown[start : start + DOORS_A_PART]
        )
        return _doors("series", "Series", newest, entries, part, len(shown))

    def searches(self, part: int) -> Feed:
        """Return a part of the list of saved searches, the newest first."""
        saved = tuple(reversed(self._library.saved_searches()))
        start = (part - 1) * DOORS_A_PART
        entries = tuple(_search_door(each) for each in saved[start : start + DOORS_A_PART])
        updated = max((entry.updated for entry in entries), default=self._newest())
        return _doors("searches", "Saved searches", updated, entries, part, len(saved))

    def entry(self, book: BookSummary) -> Book:
        """Return a book as a feed lists it."""
        said = f"{book.n_pages:,} pages, {book.n_panels:,} panels"
        return Book(
            urn=urn("book", book.book_id),
            title=book.title,
            updated=book.indexed_at or _NEVER,
            summary=said,
            links=(*cover_links(book), *file_links(book)),
            stream=page_stream(book.book_id, book.n_pages),
            language=book.language,
            year=book.year,
            series=book.series,
            n_pages=book.n_pages,
            alternate=book_address(book.book_id),
        )

    def full_entry(self, book: BookSummary, annotated: AnnotatedBook) -> Book:
        """Return a book with all that its file says of it."""
        metadata = annotated.book.metadata
        entry = self.entry(book)
        return replace(
            entry,
            summary="\n".join(part for part in (metadata.summary, entry.summary) if part),
            publisher=metadata.publisher,
            authors=tuple(dict.fromkeys(credit.name for credit in metadata.credits)),
            subjects=tuple(dict.fromkeys((*metadata.genres, *metadata.tags))),
        )

    def _facets(self, asked: BookList) -> tuple[FacetLink, ...]:
        first = replace(asked, part=1)
        orders = [
            FacetLink("Order", title, replace(first, sort=sort).href, sort is asked.sort)
            for sort, title in _SORTS.items()
        ]
        chosen = self._library.facets(Filters(), _MOST_SERIES)
        languages = [
            FacetLink(
                "Language",
                value.label,
                replace(first, language=value.value).href,
                value.value == asked.language,
            )
            for value in chosen.languages.values
        ]
        directions = [
            FacetLink(
                "Direction",
                _DIRECTIONS[Direction(value.value)],
                replace(first, direction=Direction(value.value)).href,
                value.value == asked.direction,
            )
            for value in chosen.directions.values
        ]
        found = list(orders)
        for group, everything in (
            (languages, replace(first, language="")),
            (directions, replace(first, direction=None)),
        ):
            if len(group) > 1:
                is_all = not any(facet.is_active for facet in group)
                found += [FacetLink(group[0].group, "All", everything.href, is_all), *group]
        return tuple(found)

    def _newest(self) -> str:
        found = self._library.books(BookSort.NEWEST, limit=1).books
        return (found[0].indexed_at if found else None) or _NEVER

    @property
    def _newest_href(self) -> str:
        return BookList(sort=BookSort.NEWEST).href


def cover_links(book: BookSummary) -> tuple[Link, ...]:
    """Return the pictures of a book's cover; none where no page can be read."""
    if book.cover_page is None:
        return ()
    page = ("pages", book.book_id, str(book.cover_page))
    return (
        Link(IMAGE, opds_address(*page, width=str(_COVER_PX)), JPEG),
        Link(THUMBNAIL, opds_address(*page, width=str(_THUMBNAIL_PX)), JPEG),
    )


def file_links(book: BookSummary) -> tuple[Link, ...]:
    """Return where a book's file is to be had."""
    try:
        file = book_file(book.file, book.title)
    except IngestError:  # gone since the library was last compared with the disk: asking says so
        href = opds_address("file", book.book_id, safe_stem(book.title))
        return (Link(ACQUISITION, href, "application/octet-stream"),)
    href = opds_address("file", book.book_id, file.name)
    return (Link(ACQUISITION, href, file.type, n_bytes=file.n_bytes),)


def page_stream(book_id: str, n_pages: int, first: int = 0) -> Stream:
    """Return the stream of a book's pages, perhaps from a later page on."""
    address = opds_address("pages", book_id)
    begin = f"&first={first}" if first else ""
    return Stream(f"{address}/{{pageNumber}}?width={{maxWidth}}{begin}", n_pages - first)


def _search_door(saved: SavedSearch) -> Door:
    return Door(
        urn("search", saved.search_id),
        saved.name,
        saved.saved_at,
        opds_address("searches", saved.search_id),
        Kind.ACQUISITION,
        "Panels that this search finds",
    )


def _doors(
    name: str, title: str, updated: str, entries: Sequence[Door], part: int, total: int
) -> Feed:
    def href(number: int) -> str:
        return opds_address(name, part="" if number == 1 else str(number))

    return Feed(
        urn=urn(name),
        title=title,
        updated=updated,
        href=href(part),
        kind=Kind.NAVIGATION,
        entries=tuple(entries),
        up=opds_address(),
        first=href(1),
        previous=href(part - 1) if part > 1 else "",
        next=href(part + 1) if part * DOORS_A_PART < total else "",
        total=total,
        start=(part - 1) * DOORS_A_PART,
        per_page=DOORS_A_PART,
    )
