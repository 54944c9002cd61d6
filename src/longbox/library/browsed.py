"""A library to browse: the part of `Library` that lists and counts what a page shows of it.

Orders and counts are kept until the library changes (`longbox.library.kept`), so that scrolling a
list of 40,000 books or choosing a facet reads little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from longbox.book import AnnotatedBook, PageFlag
from longbox.library import browsing, flagging
from longbox.library.catalog import Catalog
from longbox.library.embedded import EmbeddedLibrary
from longbox.library.facets import PanelTable, books_with_panels, count_facets, read_table
from longbox.library.kept import KeptAnswers
from longbox.library.records import Filters, FlaggedPage
from longbox.library.saved_searches import read_searches, remove_search, save_search
from longbox.library.shelf_records import (
    BookNeighbours,
    BookPage,
    BookSort,
    BookSummary,
    Facets,
    PageSummary,
    ProblemPage,
    SavedSearch,
)
from longbox.library.stores import store_path

_EVERYTHING: Final = Filters()
_MOST_FACETS: Final = 64
_MOST_LISTS: Final = 16


class BrowsedLibrary(EmbeddedLibrary):
    """A library folder whose books can be listed and counted."""

    def __init__(self, root: Path, catalog: Catalog) -> None:
        """Use `Library.create` or `Library.open` instead."""
        super().__init__(root, catalog)
        self._tables = KeptAnswers[str, PanelTable](1)
        self._facets = KeptAnswers[tuple[Filters, int], Facets](_MOST_FACETS)
        self._orders = KeptAnswers[str, browsing.BookOrder](1)
        self._lists = KeptAnswers[tuple[Filters, str, BookSort], tuple[int, ...]](_MOST_LISTS)

    def facets(self, filters: Filters = _EVERYTHING, limit: int = 50) -> Facets:
        """Count the panels that a filter leaves, and those that each further choice would leave.

        Each facet is counted with all other filters and without its own (`series_exact`,
        `page_types`, `languages`, `direction`, the years, `has_text`, `flags`, `book_ids`).

        Args:
            filters: What is chosen.
            limit: At most so many series and books are listed, beside those chosen.
        """
        with self._catalog.snapshot() as connection:
            generation = self.generation()
            return self._facets.get(
                generation,
                (filters, limit),
                lambda: count_facets(connection, self._table(generation), filters, limit),
            )

    def books(
        self,
        sort: BookSort = BookSort.TITLE,
        filters: Filters = _EVERYTHING,
        text: str = "",
        *,
        limit: int = 60,
        offset: int = 0,
    ) -> BookPage:
        """List books.

        Args:
            sort: In what order.
            filters: Books that have a panel which the filter leaves; where it says nothing of
                pages or panels, also books without any panel.
            text: Words, each of which is part of the title or of the series' name.
            limit: At most so many.
            offset: How many of the list to pass over.
        """
        limit, offset = max(limit, 0), max(offset, 0)
        with self._catalog.snapshot() as connection:
            generation = self.generation()

            def rows() -> tuple[int, ...]:
                allowed = browsing.allowed_books(connection, filters, text)
                if _asks_for_panels(filters):
                    table = self._table(generation)
                    ids = books_with_panels(connection, table, filters)
                    allowed &= browsing.book_rows_of(connection, ids)
                return self._order(generation).sorted_rows(sort, allowed)

            found = self._lists.get(generation, (filters, text, sort), rows)
            part = browsing.book_summaries(connection, found[offset : offset + limit])
        return BookPage(tuple(self._with_time(book) for book in part), len(found), offset)

    def flagged_pages(self, flags: Sequence[PageFlag] = ()) -> tuple[FlaggedPage, ...]:
        """Return the pages that have any of these flags (any at all without them), by file."""
        with self._catalog.guarded() as connection:
            return flagging.flagged_pages(connection, flags)

    def outlines(self) -> tuple[AnnotatedBook, ...]:
        """Return every book with its pages' sizes, labels and flags, and nothing on the pages.

        From the catalog alone, so it is quick on a large library. Pages have no source name.
        """
        with self._catalog.snapshot() as connection:
            return flagging.outlines(connection)

    def book_ids(self) -> tuple[str, ...]:
        """Return the ids of all books, in order."""
        with self._catalog.guarded() as connection:
            rows = connection.execute("SELECT book_id FROM books ORDER BY book_id").fetchall()
        return tuple(book_id for (book_id,) in rows)

    def book_summary(self, book_id: str) -> BookSummary:
        """Return what a shelf shows of one book.

        Raises:
            LibraryError: The book is not in the library.
        """
        with self._catalog.snapshot() as connection:
            row = browsing.book_row(connection, book_id)
            return self._with_time(browsing.book_summaries(connection, [row])[0])

    def previous_next_book(self, book_id: str) -> BookNeighbours:
        """Return the books before and after a book in its series, as `books` sorts by title.

        Raises:
            LibraryError: The book is not in the library.
        """
        with self._catalog.snapshot() as connection:
            order = self._order(self.generation())
            return browsing.neighbours(connection, order, book_id)

    def pages_of(self, book_id: str) -> tuple[PageSummary, ...]:
        """Return what the catalog says of a book's pages, in order; no store is opened.

        Raises:
            LibraryError: The book is not in the library.
        """
        with self._catalog.snapshot() as connection:
            return browsing.page_summaries(connection, book_id)

    def problem_list(
        self, limit: int = 100, offset: int = 0, book_id: str | None = None
    ) -> ProblemPage:
        """List problems, the newest first; of one book, or of all and of files that failed."""
        with self._catalog.snapshot() as connection:
            return browsing.problem_page(connection, max(limit, 0), max(offset, 0), book_id)

    def saved_searches(self) -> tuple[SavedSearch, ...]:
        """Return the searches that people saved, oldest first.

        Raises:
            LibraryError: Their file is damaged or of a newer format.
        """
        return read_searches(self.root)

    def save_search(self, name: str, query: str) -> SavedSearch:
        """Keep a search under a name; on the disk when this returns.

        Args:
            name: 1 to 200 characters.
            query: What to ask again, 1 to 8,000 characters; the library does not look into it.

        Raises:
            LibraryError: One of them is unusable, the library is read-only, or the disk refuses.
        """
        self._catalog.require_writable()
        return save_search(self.root, name, query)

    def remove_saved_search(self, search_id: str) -> bool:
        """Forget a saved search; return whether there was one of this id.

        Raises:
            LibraryError: Their file is damaged, the library is read-only, or the disk refuses.
        """
        self._catalog.require_writable()
        return remove_search(self.root, search_id)

    def _table(self, generation: int) -> PanelTable:
        """Return the table of this generation; the caller holds a snapshot of it."""
        with self._catalog.guarded() as connection:
            return self._tables.get(generation, "", lambda: read_table(connection))

    def _order(self, generation: int) -> browsing.BookOrder:
        """Return the order of this generation; the caller holds a snapshot of it."""
        with self._catalog.guarded() as connection:
            return self._orders.get(generation, "", lambda: browsing.read_order(connection))

    def _with_time(self, book: BookSummary) -> BookSummary:
        try:
            written_s = store_path(self.root, book.book_id).stat().st_mtime
        except OSError:  # the store is being replaced, or gone: the time is not known
            return book
        made_at = datetime.fromtimestamp(written_s, UTC).isoformat(timespec="seconds")
        return replace(book, indexed_at=made_at)


def _asks_for_panels(filters: Filters) -> bool:
    asked = (
        filters.page_types,
        filters.flags,
        filters.without_flags,
        filters.min_text_characters > 0,
        filters.has_text is not None,
    )
    return any(asked)
