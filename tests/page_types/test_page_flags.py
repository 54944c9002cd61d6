"""Data hygiene: flags on books with planted cases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from longbox.book import PageFlag, PageLabel, PageType, TextKind
from longbox.geometry import Box
from longbox.page_types import flag_pages, left_out_of_training
from page_books import EMPTY_LOOK, LOOK, book, page, text

STAMP = Box(200, 860, 400, 890)
PROSE = text("many words in a row " * 40, TextKind.PROSE, Box(50, 50, 550, 850))


def flags_of(pages, looks=None):  # type: ignore[no-untyped-def]
    return flag_pages(book(pages), looks or [LOOK] * len(pages))


def test_an_empty_book_has_no_flags() -> None:
    assert flag_pages(book([]), []) == ()
    assert left_out_of_training(book([])) == ()


def test_an_ordinary_book_has_none() -> None:
    said = [text(f"Where is number {i}?", TextKind.DIALOGUE) for i in range(6)]
    assert flags_of([page(i, t) for i, t in enumerate(said)]) == ((),) * 6


def test_looks_must_be_one_a_page() -> None:
    with pytest.raises(ValueError, match="looks"):
        flag_pages(book([page(0)]), [])


def test_a_landscape_page_is_flagged_and_a_square_one_is_not() -> None:
    found = flags_of([page(0), page(1, size=(1200, 900)), page(2, size=(900, 900))])
    assert found == ((), (PageFlag.LANDSCAPE,), ())


def test_a_page_of_prose_is_flagged() -> None:
    assert flags_of([page(0), page(1, PROSE)]) == ((), (PageFlag.PROSE,))


def test_a_page_with_next_to_nothing_is_near_blank_and_never_a_duplicate() -> None:
    pages = [page(i, picture_hash="8" * 16) for i in range(3)]
    found = flags_of(pages, [EMPTY_LOOK, EMPTY_LOOK, LOOK])
    assert found == ((PageFlag.NEAR_BLANK,), (PageFlag.NEAR_BLANK,), ())


def test_a_page_without_pixels_is_not_called_blank() -> None:
    assert flags_of([page(0)], [None]) == ((),)


def test_an_address_at_one_place_on_three_pages_is_a_watermark() -> None:
    pages = [page(i, text("www.scans.example.com", box=STAMP)) for i in range(3)]
    found = flags_of([*pages, page(3)])
    assert found == ((PageFlag.WATERMARK,),) * 3 + ((),)


def test_a_stamp_on_the_border_of_two_places_is_found() -> None:
    # Centres at y 809 and 811 of 900: either side of a border of tenths.
    boxes = [Box(200, 800 + d, 400, 818 + d) for d in (0, 2, 0)]
    pages = [page(i, text("www.scans.example.com", box=b)) for i, b in enumerate(boxes)]
    assert flags_of(pages) == ((PageFlag.WATERMARK,),) * 3


def test_an_address_on_two_pages_or_at_many_places_is_none() -> None:
    few = [page(i, text("www.acme.com", box=STAMP)) for i in range(2)]
    assert flags_of(few) == ((), ())
    spread = [
        page(i, text("www.acme.com", box=Box(40, 280 * i, 200, 280 * i + 20))) for i in range(3)
    ]
    assert flags_of(spread) == ((), (), ())


def test_a_running_title_is_no_watermark() -> None:
    pages = [page(i, text("The Potion Thief", box=STAMP)) for i in range(5)]
    assert flags_of(pages) == ((),) * 5


def test_a_scanners_own_page_is_flagged() -> None:
    said = text("Scanned by owl\nCleaned by fox\nJoin us at www.scans.example.com")
    assert flags_of([page(0), page(1, said, n_panels=1)]) == ((), (PageFlag.WATERMARK,))


def test_the_later_of_two_equal_pictures_is_a_duplicate() -> None:
    twin = "f0f0f0f0f0f0f0f0"
    near = "f0f0f0f0f0f0f0f3"
    far = "f0f0f0f0f0f00f0f"
    pages = [page(i, picture_hash=h) for i, h in enumerate((twin, near, far, twin))]
    found = flags_of(pages)
    assert found == ((), (PageFlag.DUPLICATE,), (), (PageFlag.DUPLICATE,))


def test_the_same_drawing_with_other_words_is_no_duplicate() -> None:
    same = "f0f0f0f0f0f0f0f0"
    one = text("I never thought that this day would come, my friend", TextKind.DIALOGUE)
    two = text("Nobody has seen your blue umbrella since last Tuesday", TextKind.DIALOGUE)
    ja = text("まさかこんな日が来るとは思わなかった", TextKind.DIALOGUE)
    other_ja = text("きのうから青い傘がみつからないのです", TextKind.DIALOGUE)
    assert flags_of([page(0, one, picture_hash=same), page(1, two, picture_hash=same)]) == ((), ())
    found = flags_of([page(0, ja, picture_hash=same), page(1, other_ja, picture_hash=same)])
    assert found == ((), ())


def test_a_book_of_prose_is_no_comic_and_one_prose_page_changes_nothing() -> None:
    prose = [page(i, PROSE, n_panels=1) for i in range(5)]
    assert all(PageFlag.NOT_COMIC_BOOK in f for f in flags_of(prose))
    assert all(PageFlag.NOT_COMIC_BOOK not in f for f in flags_of([*prose[:1], page(1), page(2)]))


def test_a_programming_book_is_no_comic() -> None:
    code = text("def total(items):\n return sum(i.price for i in items)\nimport os\n" * 6)
    found = flags_of([page(i, code, n_panels=1) for i in range(5)])
    assert all(PageFlag.NOT_COMIC_BOOK in f for f in found)


def test_a_silent_comic_is_a_comic() -> None:
    found = flags_of([page(i, n_panels=1) for i in range(6)])
    assert found == ((),) * 6


def test_training_leaves_out_what_is_flagged_or_no_story() -> None:
    pages = [
        page(0),
        replace(page(1), label=PageLabel(PageType.ADVERTISEMENT, 0.9, "test")),
        replace(page(2), flags=(PageFlag.DUPLICATE,)),
        replace(page(3), flags=(PageFlag.WATERMARK,)),
        replace(page(4), flags=(PageFlag.LANDSCAPE,)),
        page(5, size=(0, 0)),
    ]
    assert left_out_of_training(book(pages)) == (False, True, True, False, True, True)


def test_a_book_of_strips_is_trained_on() -> None:
    pages = [replace(page(i, size=(900, 300)), flags=(PageFlag.LANDSCAPE,)) for i in range(4)]
    assert left_out_of_training(book(pages)) == (False,) * 4
