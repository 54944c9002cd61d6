"""The Library: all that is kept on disk, behind one class.

It only opens, locks and delegates; each matter has its file. One Library may be used by several
threads, and several processes may have the same folder open, to index and to search at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from longbox.book import AnnotatedBook, FileStamp, PageLook, Problem
from longbox.correction import Correction
from longbox.description import PageDescription
from longbox.errors import LibraryError
from longbox.library import (
    contents,
    describing,
    ledger,
    lookup,
    measured,
    rebuilding,
    upkeep,
)
from longbox.library.browsed import BrowsedLibrary
from longbox.library.catalog import (
    CATALOG_NAME,
    FORMAT,
    Catalog,
)
from longbox.library.corrections import (
    Check,
    add_corrections,
    read_corrections,
    take_over_rows,
)
from longbox.library.description_stores import description_path, read_description_store
from longbox.library.embedded import files_beside
from longbox.library.learned_merging import settle_models
from longbox.library.leftovers import clean_partial
from longbox.library.merging import delete_book, first_path, insert_book, refresh_book
from longbox.library.opening import has_stores, refuse_unusable
from longbox.library.reading import move_damaged, read_store_with_digest
from longbox.library.records import (
    BookStore,
    KnownFile,
    LibraryStatus,
    SyncReport,
)
from longbox.library.reviewing import ReviewQueue
from longbox.library.stores import (
    BOOKS_NAME,
    disk_errors,
    read_book_store,
    store_path,
)

Tell = Callable[[int, int], None]


class Library(BrowsedLibrary):
    """A library folder that is open.

    Attributes:
        root: The folder.
        review: The queue of pages that deserve a person's look.
    """

    def __init__(self, root: Path, catalog: Catalog) -> None:
        """Use `create` or `open` instead."""
        super().__init__(root, catalog)
        self.review = ReviewQueue(catalog, root)

    @classmethod
    def create(cls, root: Path) -> Library:
        """Open a library for writing; make it first when there is none.

        Raises:
            LibraryError: It cannot be made, is damaged, or is of a newer format.
        """
        with disk_errors(root):
            root.mkdir(parents=True, exist_ok=True)
            (root / BOOKS_NAME).mkdir(exist_ok=True)
        return cls._opened(root, read_only=False)

    @classmethod
    def open(cls, root: Path, *, read_only: bool = False) -> Library:
        """Open a library that exists.

        Raises:
            LibraryError: It is missing, damaged, or of a newer format.
        """
        if not (root / CATALOG_NAME).is_file() and not has_stores(root):
            raise LibraryError(f"{root}: no library here; make one with `longbox index FOLDER`")
        return cls._opened(root, read_only=read_only)

    @classmethod
    def rebuild(cls, root: Path, progress: Tell | None = None) -> rebuilding.RebuildReport:
        """Make everything that is derived again from books/; what people typed is kept.

        Raises:
            LibraryError: There is no library, it is of a newer format, or the disk refuses.
        """
        if not (root / CATALOG_NAME).is_file() and not has_stores(root):
            raise LibraryError(f"{root}: no library here; make one with `longbox index FOLDER`")
        old = rebuilding.set_aside_if_damaged(root)
        catalog = Catalog(root / CATALOG_NAME)
        try:
            report = rebuilding.rebuild(catalog, root, old, progress or _quiet)
            with cls(root, catalog) as library:
                library.update_indexes(progress)
        finally:
            catalog.close()
        return report

    @classmethod
    def _opened(cls, root: Path, *, read_only: bool) -> Library:
        path = root / CATALOG_NAME
        catalog = Catalog(path, read_only=read_only)
        try:
            refuse_unusable(catalog, root)
            if catalog.format() < FORMAT:
                catalog.migrate()
            catalog.generation()
            if not read_only:
                clean_partial(root)
                take_over_rows(catalog, root)
                settle_models(catalog, root)
        except LibraryError:
            catalog.close()
            raise
        return cls(root, catalog)

    def close(self) -> None:
        """Let go of the catalog and the index."""
        self._index.keep_only(set())
        self.review.close()
        self._catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def require_writable(self) -> None:
        """Refuse at the start what could not be written at the end.

        Raises:
            LibraryError: The library was opened read-only.
        """
        self._catalog.require_writable()

    # ---- the ledger and merges

    def merge_book(self, book_id: str, file: str, stamp: FileStamp) -> None:
        """Take a book's store into the catalog and note the file it came from.

        One transaction; doing it again changes nothing. `update_indexes` afterwards lets vectors
        be found; words are found at once.

        Raises:
            LibraryError: There is no store, or it is damaged (it is then moved to `damaged/`, so
                that the next run makes it again).
        """
        path = store_path(self.root, book_id)
        try:
            store, digest = read_store_with_digest(path)
        except LibraryError as error:
            move_damaged(self.root, path, error)
            raise
        with self._catalog.transaction() as connection:
            row = connection.execute(
                "SELECT store_sha256 FROM books WHERE book_id = ?", (book_id,)
            ).fetchone()
            if row is None or row[0] != digest:
                insert_book(connection, store, digest)
            describing.attach_descriptions(connection, self.root, book_id)
            ledger.remember_file(connection, file, stamp, book_id)
            refresh_book(connection, book_id)

    def merge_descriptions(self, book_id: str) -> None:
        """Take a book's description store into the catalog; none there, none in the catalog.

        One transaction; doing it again changes nothing. `update_indexes` afterwards lets vectors
        be found; words are found at once.

        Raises:
            LibraryError: The book is not in the library, its description store is damaged (it is
                then moved to `damaged/`), or the vectors' length is not their encoder's.
        """
        with self._catalog.transaction() as connection:
            describing.merge_descriptions(connection, self.root, book_id)

    def record_failure(self, file: str, stamp: FileStamp, problems: Sequence[Problem]) -> None:
        """Remember that a file could not become a book, and why."""
        with self._catalog.transaction() as connection:
            ledger.record_failure(connection, file, stamp, problems)

    def known_files(self) -> dict[str, KnownFile]:
        """Return every file of the ledger by path."""
        with self._catalog.guarded() as connection:
            return ledger.known_files(connection)

    def forget_file(self, path: str) -> None:
        """Drop a file from the ledger; its book stays, missing when this was its only file."""
        with self._catalog.transaction() as connection:
            ledger.forget_file(connection, path)

    def move_file(self, old: str, new: str) -> None:
        """Note that a known file has another path now."""
        with self._catalog.transaction() as connection:
            ledger.move_file(connection, old, new)

    def remove_book(self, book_id: str) -> None:
        """Delete a book, its stores and what was made of it; its files are forgotten."""
        stores = (store_path(self.root, book_id), description_path(self.root, book_id))
        for path in (*stores, *files_beside(self.root, book_id)):
            with disk_errors(path):
                path.unlink(missing_ok=True)  # first: a rebuild must not bring the book back
        with self._catalog.transaction() as connection:
            connection.execute("DELETE FROM files WHERE book_id = ?", (book_id,))
            delete_book(connection, book_id)

    def sync(self) -> SyncReport:
        """Look which known files are gone or back, and flag them.

        A book without a file that is there is kept but hidden from searches. A moved file is for
        the caller to recognise by its contents: index the new path, and `missing_files` tells
        which old path has the same book.
        """
        report = ledger.compare_with_disk(self.known_files())
        if report.missing or report.returned:
            with self._catalog.transaction() as connection:
                ledger.set_missing(connection, report.missing, is_missing=True)
                ledger.set_missing(connection, report.returned, is_missing=False)
        return report

    def keep_looks(
        self, book_id: str, digests: Sequence[str], looks: Sequence[PageLook | None]
    ) -> bool:
        """Keep how a book's pages look, where it was made without; a rebuild forgets it.

        Args:
            book_id: The book.
            digests: Of the pages that were looked at, in order.
            looks: One a page.

        Returns:
            False where the book has other pages by now, and nothing was kept.
        """
        with self._catalog.transaction() as connection:
            return measured.keep_looks(connection, book_id, digests, measured.packed_looks(looks))

    def missing_files(self) -> dict[str, KnownFile]:
        """Return the files that the last `sync` did not find."""
        return {path: known for path, known in self.known_files().items() if known.is_missing}

    def add_correction(self, correction: Correction) -> None:
        """Keep what a person typed; on the disk when this returns."""
        self.add_corrections((correction,))

    def add_corrections(self, corrections: Sequence[Correction], check: Check | None = None) -> int:
        """Keep corrections of any books, all or none; return how many were new.

        Args:
            corrections: Oldest first.
            check: Given each book's corrections while nobody else can write; raises what forbids
                the new ones (somebody was faster).

        Raises:
            LibraryError: One is unusable, the library is read-only, or the disk refuses.
        """
        self._catalog.require_writable()
        return add_corrections(self.root, corrections, check)

    def corrections(self, book_id: str) -> tuple[Correction, ...]:
        """Return a book's corrections, oldest first."""
        return read_corrections(self.root, book_id)

    def update_indexes(self, progress: Tell | None = None) -> None:
        """Bring the vector segments in line with the catalog; call after merges.

        Description stores that were written and never merged (a run was killed) are merged first.

        Args:
            progress: Called with vectors written and vectors to write.

        Raises:
            LibraryError: The disk refuses, or the library is read-only.
        """
        upkeep.update(self._catalog, self.root, self._index, progress or _quiet)

    # ---- books

    def annotated_book(self, book_id: str) -> AnnotatedBook:
        """Return a book and what the stages saw on it, with its file's present path.

        Raises:
            LibraryError: The book is not in the library, or its store is damaged.
        """
        with self._catalog.guarded() as connection:
            row = connection.execute("SELECT 1 FROM books WHERE book_id = ?", (book_id,)).fetchone()
            path = first_path(connection, book_id)
        if row is None:
            raise LibraryError(f"{book_id}: no such book in this library")
        annotated = self.book_store(book_id).annotated
        if path is None:
            return annotated
        return replace(annotated, book=replace(annotated.book, path=path))

    def book_store(self, book_id: str) -> BookStore:
        """Return a book's store: annotation and vectors."""
        return read_book_store(store_path(self.root, book_id))

    def descriptions(self, book_id: str) -> tuple[PageDescription, ...]:
        """Return every answer that the book's description store holds, by page.

        Of any state, also those that no longer fit the page's panels (`unfit_descriptions`).

        Raises:
            LibraryError: The store is damaged.
        """
        path = description_path(self.root, book_id)
        if not path.exists():
            return ()
        return tuple(page.description for page in read_description_store(path).pages)

    def unfit_descriptions(self, book_id: str) -> frozenset[int]:
        """Return the described pages that have other panels now than those described.

        Raises:
            LibraryError: The description store is damaged.
        """
        path = description_path(self.root, book_id)
        if not path.exists():
            return frozenset()
        store = read_description_store(path)
        with self._catalog.snapshot() as connection:
            return describing.unfit_pages(connection, store)

    # ---- the whole

    def status(self) -> LibraryStatus:
        """Count what the library holds."""
        with self._catalog.snapshot() as connection:
            return lookup.status(connection, self.root)

    def fingerprint_contents(self) -> str:
        """Return a digest of everything a search can see.

        Two libraries of the same books have the same one, whatever the order of indexing, the row
        numbers, the segments, and the number of times they were killed.
        """
        with self._catalog.snapshot() as connection:
            return contents.digest(connection, self._index, self.root)

    def dump(self) -> list[str]:
        """Return what `fingerprint_contents` digests, one JSON line a thing, sorted."""
        with self._catalog.snapshot() as connection:
            return list(contents.lines(connection, self._index, self.root))

    def export_zarr(self, target: Path, progress: Tell | None = None) -> None:
        """Write the padded dataset that xarray reads: one row a page, one column a panel.

        Raises:
            LibraryError: The target exists, or the disk refuses.
        """
        from longbox.library import zarr_export

        zarr_export.write(self._catalog, self.root, target, progress or _quiet)

    def export_parquet(self, target: Path, progress: Tell | None = None) -> None:
        """Write books, pages, panels and texts as Parquet tables into a new folder.

        Raises:
            LibraryError: The target exists, or the disk refuses.
        """
        from longbox.library import parquet_export

        parquet_export.write(self._catalog, self.root, target, progress or _quiet)


def _quiet(_done: int, _total: int) -> None:
    return
