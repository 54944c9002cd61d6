"""Lists of books, pages and problems, from the catalog alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from drawn_books import STAMP, add, draw_book, filled, flagged
from hypothesis import given
from hypothesis import strategies as st

from longbox.book import AnnotatedBook, Metadata, PageFlag, PageType, Problem
from longbox.errors import LibraryError
from longbox.library import BookSort, Filters, Library
from longbox.library.browsing import natural_key


def ids(numbers: list[int]) -> list[str]:
    return [f"{number:016x}" for number in numbers]


def issue(number: int, series: str | None, printed: str | None, **more: object):
    title = more.pop("title", None)
    return draw_book(
        number,
        metadata=Metadata(series=series, number=printed, title=title, **more),  # type: ignore[arg-type]
    )


def order(library: Library, sort: BookSort = BookSort.TITLE, **options: object) -> list[str]:
    page = library.books(sort, **options)  # type: ignore[arg-type]
    return [book.book_id for book in page.books]


def test_books_come_by_series_and_number_as_people_count(tmp_path: Path) -> None:
    books = [
        issue(1, "Night", "10"),
        issue(2, "Night", "2"),
        issue(3, "Night", "½"),
        issue(4, "Night", "1.5"),
        issue(5, "Night", None),
        issue(6, "Night", "Annual 2"),
        issue(7, "Night", "-1"),
        issue(8, "Apples", "100"),
        issue(9, None, None, title="Éclair 3"),
        issue(10, None, None, title="eclair 12"),
        issue(11, "Night", "1", volume=2),
    ]
    with filled(tmp_path / "library", books) as library:
        assert order(library) == ids([8, 9, 10, 5, 7, 3, 4, 2, 1, 6, 11])


def test_parts_of_a_list_make_the_whole(tmp_path: Path) -> None:
    books = [issue(n, "S", str(n)) for n in range(1, 12)]
    with filled(tmp_path / "library", books) as library:
        whole = order(library, limit=100)
        parts = [library.books(limit=4, offset=at) for at in (0, 4, 8, 12)]
        assert [b.book_id for part in parts for b in part.books] == whole == ids([*range(1, 12)])
        assert {part.total for part in parts} == {11}
        assert parts[3].books == ()


def test_other_orders(tmp_path: Path) -> None:
    books = [
        draw_book(1, [["a"], ["b"]], metadata=Metadata(series="B", year=1950)),
        draw_book(2, [["a"]], metadata=Metadata(series="C")),
        draw_book(3, [["a", "b", "c"]], metadata=Metadata(series="A", year=2001)),
    ]
    with filled(tmp_path / "library", books) as library:
        assert order(library, BookSort.YEAR) == ids([3, 1, 2])
        assert order(library, BookSort.NEWEST) == ids([3, 2, 1])
        assert order(library, BookSort.PANELS) == ids([3, 1, 2])


def test_books_are_found_by_words_of_their_names(tmp_path: Path) -> None:
    books = [issue(1, "Pépé le Moko", "1"), issue(2, "Night", "1", title="Le potion")]
    with filled(tmp_path / "library", books) as library:
        assert order(library, text="LE") == ids([2, 1])
        assert order(library, text="moko pepe") == ids([1])
        assert order(library, text="night moko") == []
        assert order(library, text='" OR 1=1 --') == []


def test_filters_of_panels_choose_books(tmp_path: Path) -> None:
    silent = draw_book(1, [["", ""]], kinds=(PageType.SPLASH,))
    said = draw_book(2, [["word"]])
    empty = draw_book(3, [])
    with filled(tmp_path / "library", [silent, said, empty]) as library:
        assert order(library) == ids([1, 2, 3])
        assert order(library, filters=Filters(has_text=False)) == ids([1])
        assert order(library, filters=Filters(page_types=(PageType.STORY,))) == ids([2])
        assert order(library, filters=Filters(min_text_characters=1)) == ids([2])


def test_book_without_a_file_is_hidden_until_it_is_asked_for(tmp_path: Path) -> None:
    with filled(tmp_path / "library", [draw_book(1), draw_book(2)]) as library:
        library.forget_file("/shelf/book1.cbz")
        assert order(library) == ids([2])
        page = library.books(filters=Filters(include_missing=True))
        assert [book.is_missing for book in page.books] == [True, False]


def test_summary_says_what_a_shelf_shows(tmp_path: Path) -> None:
    problems = (Problem("/shelf/book1.cbz", 2, "ingest", "broken"),)
    metadata = Metadata(series="S", number="3", year=1990, language="fr")
    kinds = (PageType.ADVERTISEMENT, PageType.COVER, PageType.STORY)
    drawn = flagged(
        draw_book(1, metadata=metadata, kinds=kinds, problems=problems),
        {2: (PageFlag.PROSE, PageFlag.LANDSCAPE), 3: (PageFlag.PROSE,)},
    )
    with filled(tmp_path / "library", [drawn]) as library:
        book = library.book_summary(drawn.book_id)
        assert (book.title, book.series, book.number, book.year) == ("S #3", "S", "3", 1990)
        assert (book.language, book.n_pages, book.n_panels) == ("fr", 4, 12)
        assert (book.cover_page, book.n_flagged_pages, book.n_problems) == (1, 2, 1)
        assert (book.file, book.is_missing) == ("/shelf/book1.cbz", False)
        assert (book.has_vectors, book.is_embedded, book.n_described) == (True, None, 0)
        assert book.indexed_at is not None
        assert library.books().books == (book,)


def test_cover_is_the_first_page_that_can_be_read(tmp_path: Path) -> None:
    drawn = draw_book(1)
    first, *others = drawn.annotated.pages
    unread = replace(first, page=replace(first.page, width=0, height=0), panels=(), texts=())
    changed = AnnotatedBook(drawn.annotated.book, (unread, *others))
    vectors = tuple(replace(v, vectors=v.vectors[3:], mask=v.mask[3:]) for v in drawn.vectors)
    with filled(tmp_path / "library", [replace(drawn, annotated=changed, vectors=vectors)]) as lib:
        assert lib.book_summary(drawn.book_id).cover_page == 1
        assert not lib.pages_of(drawn.book_id)[0].is_readable
    with filled(tmp_path / "other", [draw_book(2, [])]) as lib:
        assert lib.book_summary(f"{2:016x}").cover_page is None


def test_neighbours_are_those_of_the_series(tmp_path: Path) -> None:
    books = [issue(n, "Night", str(n)) for n in (1, 2, 3, 10)]
    books += [issue(20, "night", "4"), issue(30, "Other", "1"), issue(40, None, None)]
    with filled(tmp_path / "library", books) as library:

        def beside(number: int) -> list[str | None]:
            found = library.previous_next_book(f"{number:016x}")
            return [found.previous, found.next]

        assert beside(1) == [None, *ids([2])]
        assert beside(3) == ids([2, 20])
        assert beside(10) == [*ids([20]), None]
        assert beside(30) == beside(40) == [None, None]
        library.forget_file("/shelf/book2.cbz")
        assert beside(1) == [None, *ids([3])]
        assert beside(2) == ids([1, 3])


def test_pages_are_as_their_store_has_them(tmp_path: Path) -> None:
    drawn = flagged(
        draw_book(1, [["a", "b"], [], ["c"]], kinds=(PageType.COVER,)), {2: (PageFlag.WATERMARK,)}
    )
    with filled(tmp_path / "library", [draw_book(9), drawn]) as library:
        pages = library.pages_of(drawn.book_id)
        assert len(pages) == 3
        for page, truth in zip(pages, drawn.annotated.pages, strict=True):
            assert (page.page_index, page.width, page.height) == (
                truth.page.index,
                truth.page.width,
                truth.page.height,
            )
            assert (page.label, page.flags) == (truth.label, truth.flags)
            assert page.n_panels == len(truth.panels)
            rows = library.page_rows(drawn.book_id, page.page_index)
            assert range(page.first_row, page.first_row + page.n_panels) == rows


@pytest.mark.parametrize("book_id", ["0" * 16, "nothing", "../../etc/passwd", ""])
def test_unknown_book_is_named(tmp_path: Path, book_id: str) -> None:
    with Library.create(tmp_path / "library") as library:
        assert library.books().total == 0
        for ask in (library.book_summary, library.pages_of, library.previous_next_book):
            with pytest.raises(LibraryError, match="no such book"):
                ask(book_id)


def test_problems_come_in_parts_the_newest_first(tmp_path: Path) -> None:
    said = tuple(Problem("/shelf/book1.cbz", i, "ingest", f"page {i}") for i in range(3))
    with filled(tmp_path / "library", [draw_book(1, problems=said)]) as library:
        failed = Problem("/shelf/bad.cbz", None, "ingest", "no page")
        library.record_failure("/shelf/bad.cbz", STAMP, [failed])
        part = library.problem_list(limit=2)
        assert part.total == 4
        assert (part.problems[0].book_id, part.problems[0].problem) == (None, failed)
        every = library.problem_list(limit=2), library.problem_list(limit=2, offset=2)
        assert {k.problem for p in every for k in p.problems} == set(library.status().problems)
        own = library.problem_list(book_id=f"{1:016x}")
        assert own.total == len(own.problems) == 3


def test_lists_follow_the_library(tmp_path: Path) -> None:
    with filled(tmp_path / "library", [draw_book(1)]) as library:
        assert library.books().total == 1
        add(library, draw_book(2))
        assert library.books().total == 2


@given(st.lists(st.text(alphabet="0123456789ab.½ ", max_size=8), max_size=8))
def test_any_names_can_be_ordered(names: list[str]) -> None:
    ordered = sorted(names, key=natural_key)
    assert sorted(ordered, key=natural_key) == ordered


def test_hostile_numbers_are_ordered_at_once() -> None:
    assert natural_key("9" * 50_000) > natural_key("8" * 50_000) > natural_key("007")
