"""Books drawn from a number, for the tests of the library and the processes they start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    Problem,
    TextKind,
    TextRegion,
)
from longbox.geometry import Box
from longbox.library import Library, write_book_store
from longbox.vectors import PanelVectors, Space, unit

DIMENSIONS = {Space.VISION: 32, Space.TEXT: 16, Space.COMPOSITION: 5}
STAMP = FileStamp(size_bytes=1000, mtime_ns=5)


@dataclass(frozen=True)
class Drawn:
    """A book with its vectors."""

    annotated: AnnotatedBook
    vectors: tuple[PanelVectors, ...]

    @property
    def book_id(self) -> str:
        return self.annotated.book.book_id

    @property
    def path(self) -> str:
        return self.annotated.book.path


def draw_page(index: int, digest: int, texts: Sequence[str], kind: PageType) -> AnnotatedPage:
    """Draw a page with a panel a text; an empty text is a silent panel."""
    boxes = [Box(0, 100 * i, 300, 100 * i + 90) for i in range(len(texts))]
    return AnnotatedPage(
        Page(index, f"page{index}.png", f"{digest:064x}", 300, 100 * max(1, len(texts))),
        tuple(Panel(box, i, 0.75, "drawn") for i, box in enumerate(boxes)),
        tuple(
            TextRegion(boxes[i], text, 0.5, TextKind.DIALOGUE, "drawn", i, i, "en")
            for i, text in enumerate(texts)
            if text
        ),
        PageLabel(kind, 0.5, "drawn"),
        f"{digest % 2**64:016x}",
    )


def draw_book(
    number: int,
    texts: Sequence[Sequence[str]] | None = None,
    *,
    metadata: Metadata | None = None,
    path: str | None = None,
    direction: Direction = Direction.LTR,
    kinds: Sequence[PageType] = (),
    encoder: str = "v1",
    problems: tuple[Problem, ...] = (),
) -> Drawn:
    """Draw a book: texts by page and panel; every third panel has no text vector."""
    if texts is None:
        texts = [[f"book {number} page {p} panel {i}" for i in range(3)] for p in range(4)]
    pages = tuple(
        draw_page(i, number * 1000 + i, page, kinds[i] if i < len(kinds) else PageType.STORY)
        for i, page in enumerate(texts)
    )
    book = Book(
        f"{number:016x}",
        path or f"/shelf/book{number}.cbz",
        "cbz",
        metadata or Metadata(),
        direction,
        DirectionSource.GUESS,
        tuple(p.page for p in pages),
        problems,
    )
    annotated = AnnotatedBook(book, pages)
    return Drawn(annotated, draw_vectors(number, annotated.n_panels, encoder))


def flagged(drawn: Drawn, flags: Mapping[int, tuple[PageFlag, ...]]) -> Drawn:
    """Return the book with flags on some of its pages."""
    pages = tuple(
        replace(page, flags=flags.get(i, ())) for i, page in enumerate(drawn.annotated.pages)
    )
    return Drawn(AnnotatedBook(drawn.annotated.book, pages), drawn.vectors)


def sure(drawn: Drawn, confidences: Sequence[float]) -> Drawn:
    """Return the book with its texts read so surely, text after text over all pages."""
    given = iter(confidences)
    pages = tuple(
        replace(page, texts=tuple(replace(t, confidence=next(given)) for t in page.texts))
        for page in drawn.annotated.pages
    )
    return Drawn(AnnotatedBook(drawn.annotated.book, pages), drawn.vectors)


def draw_vectors(number: int, n: int, encoder: str = "v1") -> tuple[PanelVectors, ...]:
    """Draw vectors for n panels; the same number gives the same ones."""
    rng = np.random.default_rng(number)
    found = []
    for space, dimension in DIMENSIONS.items():
        vectors = rng.standard_normal((n, dimension)).astype(np.float32)
        mask = np.ones(n, dtype=bool)
        if space is Space.TEXT:
            mask[::3] = False
        if space is not Space.COMPOSITION:
            vectors = unit(vectors)
        vectors[~mask] = 0
        found.append(PanelVectors(space, f"{space}-{encoder}", vectors, mask))
    return tuple(found)


def add(library: Library, drawn: Drawn, *, recipe: str = "r1", path: str | None = None) -> None:
    """Write a book's store and merge it."""
    write_book_store(library.root, drawn.annotated, drawn.vectors, recipe)
    library.merge_book(drawn.book_id, path or drawn.path, STAMP)


def filled(root: Path, books: Sequence[Drawn]) -> Library:
    """Make a library of books, indexed and open."""
    library = Library.create(root)
    for drawn in books:
        add(library, drawn)
    library.update_indexes()
    return library
