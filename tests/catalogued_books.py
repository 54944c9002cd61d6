"""Books that are in a library without a comic file or a picture: for lists of many."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Credit,
    FileStamp,
    Metadata,
    PageFlag,
    PageLabel,
    PageType,
    Problem,
)
from longbox.library import Library, write_book_store
from page_books import book, page


def catalogued_book(
    name: str, metadata: Metadata | None = None, n_pages: int = 3, n_panels: int = 2
) -> AnnotatedBook:
    """A book with an id of its own; its last page is flagged, and it has a problem."""
    pages: list[AnnotatedPage] = [page(n, n_panels=n_panels) for n in range(n_pages)]
    if pages:
        cover = PageLabel(PageType.COVER, 1.0, "test")
        pages[0] = replace(pages[0], label=cover)
        pages[-1] = replace(pages[-1], flags=(PageFlag.NEAR_BLANK,))
    made = book(pages)
    book_id = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    path = f"/nowhere/{book_id}.cbz"
    problem = Problem(path, None, "ingest", f"{name}: something about it")
    return replace(
        made,
        book=replace(
            made.book, book_id=book_id, path=path, metadata=metadata or Metadata(title=name)
        ),
        problems=(problem,),
    )


def catalogue(root: Path, books: list[AnnotatedBook]) -> Path:
    """Make a library of them."""
    with Library.create(root) as library:
        for each in books:
            write_book_store(root, each, (), "test")
            library.merge_book(each.book.book_id, each.book.path, FileStamp(1, 1))
        library.update_indexes()
    return root


def full_metadata(text: str) -> Metadata:
    """Metadata that says one text in every field that has words."""
    return Metadata(
        title=text,
        series=text,
        number="7",
        volume=2,
        year=2014,
        month=7,
        language="en",
        publisher=text,
        summary=text,
        genres=(text,),
        tags=(text,),
        characters=(text,),
        credits=(Credit("writer", text), Credit("writer", text), Credit("inker", text)),
        sources=("comicinfo",),
    )
