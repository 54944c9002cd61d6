"""What both exports share: the books in order, and a target that is there whole or not at all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from longbox.errors import LibraryError
from longbox.features import LearnedVectors
from longbox.library.catalog import Catalog, path_from_sql
from longbox.library.description_stores import (
    aligned,
    description_path,
    fitting,
    panels_of,
    read_descriptions_with_digest,
)
from longbox.library.learned_stores import learned_path, read_learned_with_digest
from longbox.library.lookup import status
from longbox.library.records import BookStore, DescribedPage, LibraryStatus
from longbox.library.stores import disk_errors, read_book_store, store_path

# Half characters that stand for no byte of a file name.
_LONE_SURROGATE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


@dataclass(frozen=True, slots=True)
class ExportedBook:
    """A book of the catalog on its way out."""

    book_id: str
    title: str
    file: str
    language: str | None
    recipe: str
    is_missing: bool
    description_sha256: str | None
    learned_sha256: str | None


@dataclass(frozen=True, slots=True, eq=False)
class ExportedStore:
    """A book's two stores, read for an export.

    Attributes:
        store: The book's, with the vectors of its descriptions beside its own.
        pages: What the description store holds.
        unfit: Indices of described pages that have other panels now.
        texts: What is described of each panel, in row order; empty for nothing.
        learned: What the model that answers searches made of it, or None; its vectors of panels
            are in the store too.
    """

    store: BookStore
    pages: tuple[DescribedPage, ...]
    unfit: frozenset[int]
    texts: tuple[str, ...]
    learned: LearnedVectors | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an export is about to write.

    Attributes:
        books: In the order of their ids.
        n_columns: The most panels that a page has.
        dimension: Of the answering model's vectors; None where there are none.
    """

    books: tuple[ExportedBook, ...]
    n_columns: int
    status: LibraryStatus
    dimension: int | None


def make_plan(catalog: Catalog, root: Path) -> Plan:
    """Read from one state of the catalog what there is to export."""
    with catalog.snapshot() as connection:
        rows = connection.execute(
            "SELECT book_id, title, coalesce((SELECT path FROM files f WHERE f.book_id = b.book_id "
            "ORDER BY f.is_missing, f.path LIMIT 1), ''), language, recipe, is_missing, "
            "description_sha256, (SELECT m.learned_sha256 FROM book_models m JOIN models a "
            "USING (model) WHERE a.is_answering AND m.is_fitting AND m.book_row = b.book_row) "
            "FROM books b ORDER BY book_id"
        ).fetchall()
        model = connection.execute("SELECT dimension FROM models WHERE is_answering").fetchone()
        widest = connection.execute("SELECT coalesce(max(n_panels), 0) FROM pages").fetchone()[0]
        books = tuple(
            ExportedBook(
                book_id, title, printable(path_from_sql(path)), language, recipe, bool(gone), *more
            )
            for book_id, title, path, language, recipe, gone, *more in rows
        )
        dimension = None if model is None else int(model[0])
        return Plan(books, int(widest), status(connection, root), dimension)


def read_stores(root: Path, book: ExportedBook, model: str | None) -> ExportedStore:
    """Read a planned book's store, its descriptions and what the model made of it.

    Raises:
        LibraryError: One is damaged, or was made anew since the plan.
    """
    store = read_book_store(store_path(root, book.book_id))
    if store.recipe != book.recipe:
        raise LibraryError(f"{book.title}: was indexed again during the export; run it again")
    learned = _read_learned(root, book, model)
    if learned is not None:
        store = replace(store, vectors=(*store.vectors, learned.fused, learned.contextual))
    texts = ("",) * store.annotated.n_panels
    if book.description_sha256 is None:
        return ExportedStore(store, (), frozenset(), texts, learned)
    said, digest = read_descriptions_with_digest(description_path(root, book.book_id))
    if digest != book.description_sha256:
        raise LibraryError(
            f"{book.title}: its descriptions changed and are not merged yet; export again when "
            "`longbox describe` is done, or run `longbox library rebuild`"
        )
    texts, vectors = aligned(said, store.annotated)
    now = panels_of(store.annotated)
    unfit = [p.description.page_index for p, page, _ in fitting(said, now) if page is None]
    if vectors is not None:
        store = replace(store, vectors=(*store.vectors, vectors))
    return ExportedStore(store, said.pages, frozenset(unfit), texts, learned)


def _read_learned(root: Path, book: ExportedBook, model: str | None) -> LearnedVectors | None:
    if model is None or book.learned_sha256 is None:
        return None
    store, digest = read_learned_with_digest(learned_path(root, model, book.book_id))
    if digest != book.learned_sha256:
        raise LibraryError(
            f"{book.title}: was embedded again and is not merged yet; export again when "
            "`longbox embed` is done"
        )
    return store.learned


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
    text = _LONE_SURROGATE.sub("\ufffd", text)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
