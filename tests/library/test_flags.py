"""Flagged pages: kept, filtered, listed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_books import add, draw_book, filled, flagged

from longbox.book import PageFlag, PageType
from longbox.library import Filters, Library, WordsQuery
from longbox.vectors import QueryVector, Space

FLAGS = {
    0: (PageFlag.LANDSCAPE,),
    2: (PageFlag.WATERMARK, PageFlag.LANDSCAPE, PageFlag.LANDSCAPE),
}
BOOKS = [
    flagged(draw_book(1), FLAGS),
    flagged(draw_book(2), dict.fromkeys(range(4), (PageFlag.NOT_COMIC_BOOK,))),
    draw_book(3, kinds=[PageType.COVER]),
]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return filled(tmp_path, BOOKS)


def pages(library: Library, filters: Filters) -> set[tuple[int, int]]:
    """(book number, page) of every panel that the filters allow, asked in three ways."""
    found = []
    vision = QueryVector(Space.VISION, "vision-v1", np.ones(32, np.float32))
    for hits in (
        library.nearest(vision, 999, filters),
        library.match_words(WordsQuery(("panel",)), 999, filters),
        library.match_substring("anel", 999, filters),
    ):
        records = library.panel_records([h.row for h in hits])
        found.append({(int(r.book_id, 16), r.page_index) for r in records})
    assert found[0] == found[1] == found[2]
    return found[0]


def test_flags_filter_searches(library: Library) -> None:
    everything = {(book, page) for book in (1, 2, 3) for page in range(4)}
    landscape = Filters(flags=(PageFlag.LANDSCAPE,))
    assert pages(library, landscape) == {(1, 0), (1, 2)}
    either = Filters(flags=(PageFlag.WATERMARK, PageFlag.NOT_COMIC_BOOK))
    assert pages(library, either) == {(1, 2), *((2, page) for page in range(4))}
    clean = Filters(without_flags=tuple(PageFlag))
    assert pages(library, clean) == {(1, 1), (1, 3), *((3, page) for page in range(4))}
    both = Filters(flags=(PageFlag.LANDSCAPE,), without_flags=(PageFlag.WATERMARK,))
    assert pages(library, both) == {(1, 0)}
    assert pages(library, Filters(flags=(PageFlag.PROSE,))) == set()
    assert pages(library, Filters(without_flags=(PageFlag.PROSE,))) == everything
    cover = Filters(page_types=(PageType.COVER,), without_flags=(PageFlag.PROSE,))
    assert pages(library, cover) == {(3, 0)}


def test_flagged_pages_are_listed_and_counted(library: Library) -> None:
    found = library.flagged_pages()
    assert [(p.file, p.page_index) for p in found] == [
        ("/shelf/book1.cbz", 0),
        ("/shelf/book1.cbz", 2),
        *(("/shelf/book2.cbz", page) for page in range(4)),
    ]
    assert found[1].flags == (PageFlag.LANDSCAPE, PageFlag.WATERMARK)
    assert (found[1].n_pages, found[1].page_type) == (4, PageType.STORY)
    (one,) = library.flagged_pages([PageFlag.WATERMARK])
    assert one == found[1]
    assert library.flagged_pages([PageFlag.PROSE]) == ()
    status = library.status()
    assert status.flagged_pages == 6
    assert status.flags == (
        (PageFlag.LANDSCAPE, 2),
        (PageFlag.WATERMARK, 1),
        (PageFlag.NOT_COMIC_BOOK, 4),
    )
    assert library.panel_records([6])[0].flags == (PageFlag.LANDSCAPE, PageFlag.WATERMARK)


def test_flags_survive_the_store_and_a_rebuild_and_go_with_the_book(library: Library) -> None:
    before = library.fingerprint_contents()
    root, book = library.root, BOOKS[0]
    assert library.annotated_book(book.book_id) == book.annotated
    library.close()
    Library.rebuild(root)
    with Library.open(root) as again:
        assert again.fingerprint_contents() == before
        add(again, draw_book(1), recipe="r2")
        assert again.status().flagged_pages == 4
        assert again.fingerprint_contents() != before
        again.remove_book(BOOKS[1].book_id)
        assert again.status().flags == ()


def test_outlines_say_what_pages_are_without_reading_a_store(library: Library) -> None:
    for drawn in BOOKS:
        (library.root / "books" / f"{drawn.book_id}.zarr.zip").unlink()
    found = library.outlines()
    assert [book.book.book_id for book in found] == [drawn.book_id for drawn in BOOKS]
    for outline, drawn in zip(found, BOOKS, strict=True):
        for page, whole in zip(outline.pages, drawn.annotated.pages, strict=True):
            assert page.label == whole.label
            assert set(page.flags) == set(whole.flags)
            assert (page.page.width, page.page.digest) == (whole.page.width, whole.page.digest)
            assert (page.panels, page.texts) == ((), ())


def test_a_library_without_books_has_nothing_to_review(tmp_path: Path) -> None:
    with Library.create(tmp_path / "empty") as library:
        assert (library.flagged_pages(), library.outlines()) == ((), ())
