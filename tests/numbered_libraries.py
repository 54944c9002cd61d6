"""Libraries of numbers for the tests of maps: books whose panels' vectors are drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Direction,
    DirectionSource,
    FileStamp,
    Metadata,
    Page,
    PageFlag,
    PageLabel,
    PageType,
    Panel,
    TextKind,
    TextRegion,
)
from longbox.geometry import Box
from longbox.library import Library, write_book_store
from longbox.vectors import PanelVectors, Space, unit

PANELS = 3


def annotated(number: int, n_pages: int = 4) -> AnnotatedBook:
    """Draw a book of three panels a page; first panels are lettered, the last page is flagged."""
    pages = []
    for index in range(n_pages):
        boxes = [Box(0, 100 * i, 300, 100 * i + 100) for i in range(PANELS)]
        pages.append(
            AnnotatedPage(
                Page(index, f"{index}.png", f"{number:032x}{index:032x}", 300, 300),
                tuple(Panel(box, i, 1.0, "drawn") for i, box in enumerate(boxes)),
                (TextRegion(boxes[0], "six ab", 1.0, TextKind.DIALOGUE, "drawn", 0, 0),),
                PageLabel(PageType.COVER if index == 0 else PageType.STORY, 1.0, "drawn"),
                flags=(PageFlag.PROSE,) if index == n_pages - 1 else (),
            )
        )
    book = Book(
        f"{number:016x}",
        f"/shelf/{number}.cbz",
        "cbz",
        Metadata(series="Drawn", year=2000 + number, language="en"),
        Direction.LTR,
        DirectionSource.GUESS,
        tuple(page.page for page in pages),
    )
    return AnnotatedBook(book, tuple(pages))


def vectors_of(book: AnnotatedBook, seed: int) -> tuple[PanelVectors, ...]:
    """Draw vectors; the second panel of every page has no vector in the text space."""
    n = book.n_panels
    rng = np.random.default_rng(seed)
    mask = np.arange(n) % PANELS != 1
    text = unit(rng.standard_normal((n, 6)))
    text[~mask] = 0
    return (
        PanelVectors(Space.VISION, "v1", unit(rng.standard_normal((n, 8))), np.ones(n, bool)),
        PanelVectors(Space.TEXT, "t1", text, mask),
    )


def put(library: Library, number: int, *, n_pages: int = 4, seed: int | None = None) -> None:
    """Write a book and merge it."""
    book = annotated(number, n_pages)
    drawn = vectors_of(book, number if seed is None else seed)
    write_book_store(library.root, book, drawn, "drawn")
    library.merge_book(book.book.book_id, book.book.path, FileStamp(1, number))


def numbered(root: Path, n_books: int, n_pages: int = 4) -> Library:
    """Make a library of so many books."""
    library = Library.create(root)
    for number in range(1, n_books + 1):
        put(library, number, n_pages=n_pages)
    library.update_indexes()
    return library
