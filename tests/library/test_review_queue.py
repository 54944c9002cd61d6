"""Pages that deserve a look come in the order of need, and one look each is enough."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from drawn_books import Drawn, add, draw_book, filled, flagged, sure

from longbox.book import AnnotatedBook, PageFlag, PageType
from longbox.correction import NO_VALUE, CorrectedField, Correction, Verdict, word_value
from longbox.description import AnswerState, PageDescription, PanelDescription
from longbox.geometry import Box
from longbox.library import Library, ReviewReason, disagreement, write_description_store
from longbox.library import reviewing as reviewing_module
from longbox.library.records import DescribedPage

THREE = [["a", "b"], ["c", "d"], ["e", "f"]]


def plain(number: int = 1) -> Drawn:
    """A book of three pages that nobody doubts."""
    return sure(draw_book(number, THREE), [1.0] * 6)


def unsure(drawn: Drawn, page: int, confidence: float, source: str = "drawn") -> Drawn:
    pages = list(drawn.annotated.pages)
    panels = pages[page].panels
    doubted = replace(panels[0], confidence=confidence, source=source)
    pages[page] = replace(pages[page], panels=(doubted, *panels[1:]))
    return Drawn(AnnotatedBook(drawn.annotated.book, tuple(pages)), drawn.vectors)


def judged(book_id: str, page: int, verdict: Verdict | None, second: int = 0) -> Correction:
    value = NO_VALUE if verdict is None else word_value(verdict.value)
    return Correction(
        book_id, page, CorrectedField.REVIEW, value, f"2026-01-01T00:00:{second:02}+00:00"
    )


def listed(library: Library, reason: ReviewReason | None = None) -> list[tuple[str, int]]:
    return [(item.book_id, item.page_index) for item in library.review.items(reason)]


def said(page: int, digest: str, *seen: tuple[int | None, float | None]) -> PageDescription:
    panels = tuple(
        PanelDescription(panel, i + 1, "x", box=Box(0, 0, 9, 9), overlap=overlap)
        for i, (panel, overlap) in enumerate(seen)
    )
    return PageDescription(
        page, digest, AnswerState.CLEAN, "", panels, (), "m", "p", 1, 1, 0.0, "2026-01-01T00:00:00"
    )


def test_empty_library_has_nothing_to_review(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library") as library:
        assert library.review.items() == ()
        counts = library.review.counts()
        assert (counts.total, counts.reviewed, counts.n_books_left) == (0, 0, 0)
        assert library.review.after("0" * 16, 0) is None


def test_pages_that_nobody_doubts_are_not_listed(tmp_path: Path) -> None:
    with filled(tmp_path / "library", [plain()]) as library:
        assert library.review.items() == ()


def test_each_reason_is_found_and_the_worst_page_comes_first(tmp_path: Path) -> None:
    flags = {0: (PageFlag.WATERMARK,)}
    doubted = unsure(flagged(plain(), flags), 1, 0.05)
    lettered = sure(draw_book(2, [["a"], ["b"]]), [0.5, 1.0])
    with filled(tmp_path / "library", [doubted, lettered]) as library:
        one, two = doubted.book_id, lettered.book_id
        assert listed(library) == [(one, 1), (one, 0), (two, 0)]
        assert listed(library, ReviewReason.PANELS) == [(one, 1)]
        assert listed(library, ReviewReason.FLAG) == [(one, 0)]
        assert listed(library, ReviewReason.TEXT) == [(two, 0)]
        found = library.review.items()
        assert found[1].flags == (PageFlag.WATERMARK,)
        assert found[0].reasons == (ReviewReason.PANELS,)
        assert library.review.counts().reasons[ReviewReason.TEXT] == (1, 0)


def test_whole_page_is_no_doubt_on_a_cover_and_panels_of_people_are_none_at_all(
    tmp_path: Path,
) -> None:
    cover = sure(draw_book(1, [["a"], ["b"]], kinds=[PageType.COVER]), [1.0, 1.0])
    cover = unsure(unsure(cover, 0, 0.2, "whole_page"), 1, 0.2, "whole_page")
    drawn = unsure(plain(2), 0, 0.1, "correction")
    with filled(tmp_path / "library", [cover, drawn]) as library:
        assert listed(library) == [(cover.book_id, 1)]


def test_two_views_that_differ_are_listed_until_somebody_judged(tmp_path: Path) -> None:
    drawn = plain()
    pages = drawn.annotated.pages
    agreeing = said(0, pages[0].page.digest, (0, 0.95), (1, 0.9))
    differing = said(1, pages[1].page.digest, (0, 0.4), (None, None), (1, 0.9))
    with filled(tmp_path / "library", [drawn]) as library:
        assert listed(library) == []
        write_description_store(library.root, drawn.book_id, [agreeing, differing], None)
        library.merge_descriptions(drawn.book_id)
        assert listed(library, ReviewReason.DISAGREEMENT) == [(drawn.book_id, 1)]
        library.add_correction(judged(drawn.book_id, 1, Verdict.MODEL))
        assert listed(library) == []
        found = library.review.items(with_reviewed=True)
        assert [item.verdict for item in found] == [Verdict.MODEL]
        assert library.review.counts().reasons[ReviewReason.DISAGREEMENT] == (1, 1)
        # Made anew with other panels, its verdict stays and the description fits no more.
        add(library, unsure(drawn, 1, 0.1), recipe="r2")
        changed = sure(draw_book(1, [["a", "b"], ["c", "d", "x"], ["e", "f"]]), [1.0] * 7)
        add(library, changed, recipe="r3")
        (item,) = library.review.items(with_reviewed=True)
        assert (item.reasons, item.verdict) == ((ReviewReason.UNFIT,), Verdict.MODEL)


@pytest.mark.parametrize(
    ("seen", "least", "most"),
    [
        ([(0, 0.9), (1, 0.8)], 0.0, 0.0),
        ([], 0.0, 0.0),
        ([(0, None), (1, None)], 0.0, 0.0),
        ([(0, 0.9)], 0.5, 0.5),
        ([(0, 0.9), (1, 0.9), (None, None)], 0.3, 0.4),
        ([(0, 0.35), (1, 0.9)], 0.3, 0.35),
        ([(None, None)] * 9, 1.0, 1.0),
    ],
)
def test_disagreement_is_the_share_of_panels_that_differ(
    seen: list[tuple[int | None, float | None]], least: float, most: float
) -> None:
    page = DescribedPage(said(0, "d", *seen), (0, 1), (Box(0, 0, 9, 9), Box(0, 9, 9, 18)))
    assert least <= disagreement(page) <= most


def test_next_goes_on_from_a_page_and_begins_again_at_the_end(tmp_path: Path) -> None:
    drawn = unsure(unsure(unsure(plain(), 0, 0.3), 1, 0.1), 2, 0.5)
    book = drawn.book_id
    with filled(tmp_path / "library", [drawn]) as library:

        def after(page: int, book_id: str = book) -> int | None:
            found = library.review.after(book_id, page)
            return None if found is None else found.page_index

        assert [after(1), after(0), after(2)] == [0, 2, 1]
        assert after(7, "f" * 16) == 1
        library.add_correction(judged(book, 0, Verdict.RIGHT))
        assert after(1) == 2
        library.add_correction(judged(book, 2, Verdict.RIGHT))
        assert after(1) is None
        library.add_correction(judged(book, 0, None, second=5))
        assert after(1) == 0
        counts = library.review.counts()
        assert (counts.total, counts.reviewed) == (3, 1)


def test_pages_of_one_need_keep_their_order(tmp_path: Path) -> None:
    books = [unsure(unsure(plain(n), 0, 0.2), 2, 0.2) for n in (3, 1, 2)]
    with filled(tmp_path / "library", books) as library:
        walk = [library.review.items()[0]]
        while (following := library.review.after(walk[-1].book_id, walk[-1].page_index)) and len(
            walk
        ) < 6:
            walk.append(following)
        assert [(i.book_id, i.page_index) for i in walk] == listed(library)
        assert len(library.review.items(limit=2, offset=5)) == 1


def test_removed_and_missing_books_leave_the_queue(tmp_path: Path) -> None:
    drawn = unsure(plain(), 0, 0.2)
    with filled(tmp_path / "library", [drawn]) as library:
        assert len(library.review.items()) == 1
        library.sync()  # its file was never there
        assert library.review.items() == ()
    with filled(tmp_path / "other", [drawn]) as library:
        assert len(library.review.items()) == 1
        library.remove_book(drawn.book_id)
        assert library.review.items() == ()


def test_queue_that_takes_long_is_made_bit_by_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = [unsure(plain(n), 0, 0.2) for n in range(1, 6)]
    with filled(tmp_path / "library", books) as library:
        monkeypatch.setattr(reviewing_module, "_BUDGET_S", -1.0)
        assert library.review.counts().n_books_left == 5
        monkeypatch.setattr(reviewing_module, "_BUDGET_S", 10.0)
        counts = library.review.counts()
        assert (counts.n_books_left, counts.total) == (0, 5)


def test_queue_is_kept_and_a_damaged_one_made_again(tmp_path: Path) -> None:
    drawn = unsure(plain(), 0, 0.2)
    root = tmp_path / "library"
    with filled(root, [drawn]) as library:
        library.add_correction(judged(drawn.book_id, 0, Verdict.RIGHT))
        assert library.review.counts().reviewed == 1
    with Library.open(root) as library:
        assert library.review.counts().reviewed == 1
    (root / "review.sqlite").write_bytes(b"no database at all" * 100)
    with Library.open(root) as library:
        assert (library.review.counts().total, library.review.counts().reviewed) == (1, 1)


def test_read_only_library_has_its_queue_in_memory(tmp_path: Path) -> None:
    drawn = unsure(plain(), 0, 0.2)
    root = tmp_path / "library"
    filled(root, [drawn]).close()
    with Library.open(root, read_only=True) as library:
        assert listed(library) == [(drawn.book_id, 0)]
    assert not (root / "review.sqlite").exists()


def test_damaged_corrections_cost_only_the_verdicts_of_their_book(tmp_path: Path) -> None:
    books = [unsure(plain(n), 0, 0.2) for n in (1, 2)]
    with filled(tmp_path / "library", books) as library:
        library.add_correction(judged(books[1].book_id, 0, Verdict.RIGHT))
        broken = library.root / "corrections" / f"{books[0].book_id}.json"
        broken.write_text("{")
        assert listed(library) == [(books[0].book_id, 0)]


def test_file_with_a_verdict_names_the_format_that_knows_it(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library") as library:
        title = Correction("1" * 16, None, CorrectedField.TITLE, '"x"', "2026-01-01T00:00:00")
        library.add_correction(title)
        path = library.root / "corrections" / f"{'1' * 16}.json"
        assert json.loads(path.read_text())["format"] == 1
        library.add_correction(judged("1" * 16, 0, Verdict.RIGHT))
        assert json.loads(path.read_text())["format"] == 2
        library.add_correction(replace(title, made_at="2026-01-02T00:00:00"))
        assert json.loads(path.read_text())["format"] == 2
        assert len(library.corrections("1" * 16)) == 3
