"""What both exports share: the books in order, and a target that is there whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from longbox.book import AnnotatedBook
from longbox.errors import LibraryError
from longbox.library.catalog import Catalog, path_from_sql
from longbox.library.lookup import status
from longbox.library.records import BookStore, LibraryStatus
from longbox.library.stores import disk_errors, read_book_store, store_path


@dataclass(frozen=True, slots=True)
class ExportedBook:
    """A book of the catalog on its way out."""

    book_id: str
    title: str
    file: str
    language: str | None
    recipe: str
    is_missing: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What an export is about to write.

    Attributes:
        books: In the order of their ids.
        n_columns: The most panels that a page has.
    """

    books: tuple[ExportedBook, ...]
    n_columns: int
    status: LibraryStatus


def make_plan(catalog: Catalog, root: Path) -> Plan:
    """Read from one state of the catalog what there is to export."""
    with catalog.snapshot() as connection:
        rows = connection.execute(
            "SELECT book_id, title, coalesce((SELECT path FROM files f WHERE f.book_id = b.book_id "
            "ORDER BY f.is_missing, f.path LIMIT 1), ''), language, recipe, is_missing "
            "FROM books b ORDER BY book_id"
        ).fetchall()
        widest = connection.execute("SELECT coalesce(max(n_panels), 0) FROM pages").fetchone()[0]
        books = tuple(
            ExportedBook(
                book_id, title, printable(path_from_sql(path)), language, recipe, bool(gone)
            )
            for book_id, title, path, language, recipe, gone in rows
        )
        return Plan(books, int(widest), status(connection, root))


def read_store(root: Path, book: ExportedBook) -> BookStore:
    """Read a planned book's store.

    Raises:
        LibraryError: It is damaged, or was made anew since the plan.
    """
    store = read_book_store(store_path(root, book.book_id))
    if store.recipe != book.recipe:
        raise LibraryError(f"{book.title}: was indexed again during the export; run it again")
    return store


def annotated_of(root: Path, book: ExportedBook) -> AnnotatedBook:
    """Read a planned book's annotation."""
    return read_store(root, book).annotated


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Give a folder to write in that becomes the target when all went well.

    Raises:
        LibraryError: The target exists, or the disk refuses.
    """
    if target.exists():
        raise LibraryError(f"{target}: already there; remove it or choose another name")
    partial = target.parent / f".{target.name}.partial"
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir()
        try:
            yield partial
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def printable(text: str) -> str:
    """Return text that UTF-8 can hold; bytes of a name that is not UTF-8 show in hexadecimal."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
