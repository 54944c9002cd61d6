"""Hits as a catalogue: each panel an entry with its crop, and its book's pages from there on.

A saved search is asked anew each time. All of its hits together can be had as one archive of their
pages. What a reader types into its own search box finds books by their names and panels by what is
in them, books first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from longbox.library import Library, SavedSearch
from longbox.web.addresses import opds_address, panel_address
from longbox.web.opds.catalogue import Catalogue, file_links, page_stream
from longbox.web.opds.feeds import ACQUISITION, IMAGE, THUMBNAIL, Book, Feed, Kind, Link, urn
from longbox.web.opds.files import CBZ, safe_stem
from longbox.web.opds.jpeg import JPEG
from longbox.web.search import SearchDesk, SearchState, ShownHit, ShownPart, saved_state

HITS_A_PART: Final = 40
LAST_START: Final = 1000
_BOOKS_NAMED: Final = 12
_COVER_PX, _THUMBNAIL_PX = 640, 320
_MOST_CHARACTERS: Final = 600


class HitFeeds:
    """Makes feeds of hits."""

    def __init__(self, library: Library, desk: SearchDesk, catalogue: Catalogue) -> None:
        self._library, self._desk, self._catalogue = library, desk, catalogue

    def state(self, saved: SavedSearch) -> SearchState:
        """Return a saved search as it is asked."""
        return saved_state(saved.query, self._desk.usual_weights)

    def part(self, state: SearchState, start: int, k: int = HITS_A_PART) -> ShownPart:
        """Return a part of a search's hits; raises as `SearchDesk.part`."""
        return self._desk.part(replace(state, start=start), k)

    def saved(self, saved: SavedSearch, start: int) -> Feed:
        """Return a part of the hits of a saved search.

        Raises:
            QueryError: The search cannot be answered any more.
        """
        part = self.part(self.state(saved), start)
        here = ("searches", saved.search_id)
        entries = [self._entry(hit, saved.saved_at) for hit in part.hits]
        if start == 0 and entries:
            entries.insert(0, _archive(saved))
        return Feed(
            urn=urn("search", saved.search_id),
            title=saved.name,
            updated=max((entry.updated for entry in entries), default=saved.saved_at),
            href=opds_address(*here, start=_start(start)),
            kind=Kind.ACQUISITION,
            entries=tuple(entries),
            up=opds_address("searches"),
            first=opds_address(*here),
            previous=opds_address(*here, start=_start(start - HITS_A_PART)) if start else "",
            next=_next(part, start, *here),
            per_page=HITS_A_PART,
        )

    def search(self, query: str, start: int) -> Feed:
        """Return what somebody looked for in a reader: books so named, then panels.

        Raises:
            QueryError: The query cannot be understood.
        """
        named = self._library.books(text=query, limit=_BOOKS_NAMED) if not start else None
        books = [self._catalogue.entry(book) for book in named.books] if named else []
        part = self.part(SearchState(query), start)
        asked = max((book.updated for book in books), default="1970-01-01T00:00:00+00:00")
        panels = [self._entry(hit, asked) for hit in part.hits]
        back = opds_address("search", q=query, start=_start(start - HITS_A_PART)) if start else ""
        return Feed(
            urn=urn("words", query),
            title=f"“{query}”" if query else "Search",
            updated=max((e.updated for e in (*books, *panels)), default=asked),
            href=opds_address("search", q=query, start=_start(start)),
            kind=Kind.ACQUISITION,
            entries=(*books, *panels),
            up=opds_address(),
            first=opds_address("search", q=query),
            previous=back,
            next=_next(part, start, "search", q=query),
            per_page=HITS_A_PART,
        )

    def _entry(self, hit: ShownHit, updated: str) -> Book:
        best = hit.best
        book = self._library.book_summary(best.book_id)
        crop = ("panels", best.panel_id)
        said = "".join(piece.text for piece in hit.text).strip()
        shown = "".join(piece.text for piece in hit.description).strip()
        return Book(
            urn=urn("panel", best.panel_id),
            title=f"{best.title}, page {best.page_index + 1}, panel {best.panel + 1}",
            updated=book.indexed_at or updated,
            summary="\n".join(each[:_MOST_CHARACTERS] for each in (said, shown) if each),
            links=(
                Link(IMAGE, opds_address(*crop, width=str(_COVER_PX)), JPEG),
                Link(THUMBNAIL, opds_address(*crop, width=str(_THUMBNAIL_PX)), JPEG),
                *file_links(book),
            ),
            stream=page_stream(best.book_id, book.n_pages, best.page_index),
            language=hit.language,
            year=hit.year,
            series=hit.series,
            n_pages=book.n_pages - best.page_index,
            alternate=panel_address(best.panel_id),
        )


def _archive(saved: SavedSearch) -> Book:
    name = f"{safe_stem(saved.name)}.cbz"
    href = opds_address("searches", saved.search_id, "search.cbz")
    return Book(
        urn=urn("pages", saved.search_id),
        title=f"{saved.name}: the pages",
        updated=saved.saved_at,
        summary=f"The pages of all hits in their order, as one book ({name})",
        links=(Link(ACQUISITION, href, CBZ),),
    )


def _next(part: ShownPart, start: int, *path: str, **query: str) -> str:
    after = start + HITS_A_PART
    if part.is_last or after > LAST_START:
        return ""
    return opds_address(*path, **query, start=_start(after))


def _start(number: int) -> str:
    return str(number) if number > 0 else ""
