"""A sidecar of another book, edition or size is refused with the reason."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from annotated_books import book, page

from longbox.book import Page, PageType
from longbox.correction import CorrectedField, panels_of
from longbox.errors import SidecarError
from longbox.geometry import Box
from longbox.interchange import (
    Sidecar,
    SidecarPage,
    SidecarPanel,
    StageRules,
    match_pages,
    to_corrections,
)
from longbox.page_types import from_comicinfo, to_comicinfo
from longbox.panels import reading_order

RULES = StageRules(from_comicinfo, to_comicinfo, reading_order)
PANEL = (SidecarPanel(Box(0, 0, 100, 100)),)


def sidecar(*pages: SidecarPage, n_pages: int | None = None) -> Sidecar:
    return Sidecar("cbxy", pages, n_pages=n_pages)


def test_pages_are_found_by_path_by_stem_and_by_last_part() -> None:
    target = book(page(0, "a/1.jpg"), page(1, "b/1.jpg"), page(2, "b/2.png"))
    said = [SidecarPage(name) for name in ("B\\1.JPG", "./a/1", "2.webp")]
    assert sorted(match_pages(sidecar(*said), target.book)) == [0, 1, 2]


def test_name_that_fits_two_pages_is_refused() -> None:
    target = book(page(0, "a/1.jpg"), page(1, "b/1.jpg"))
    with pytest.raises(SidecarError, match=r"'1\.jpg'"):
        match_pages(sidecar(SidecarPage("1.jpg")), target.book)


def test_page_that_the_book_has_not_is_refused() -> None:
    with pytest.raises(SidecarError, match="1 of its 2 pages are not in the book"):
        match_pages(sidecar(SidecarPage("p1.jpg"), SidecarPage("x.jpg")), book(page(0)).book)


def test_other_names_are_matched_by_place_when_the_counts_agree() -> None:
    said = sidecar(SidecarPage("x1"), SidecarPage("x2"))
    assert sorted(match_pages(said, book(page(0), page(1)).book)) == [0, 1]


def test_same_page_twice_is_refused() -> None:
    with pytest.raises(SidecarError, match="two of its pages are page 1"):
        match_pages(sidecar(SidecarPage("p1.jpg"), SidecarPage("scans/p1.jpg")), book(page(0)).book)


def test_another_number_of_pages_is_refused() -> None:
    with pytest.raises(SidecarError, match="of 9 pages, the book has 1"):
        match_pages(sidecar(n_pages=9), book(page(0)).book)


def test_page_number_beyond_the_book_is_refused() -> None:
    with pytest.raises(SidecarError, match="page 5"):
        match_pages(sidecar(SidecarPage(index=4)), book(page(0)).book)


def test_page_of_another_shape_is_refused() -> None:
    with pytest.raises(SidecarError, match="another shape"):
        match_pages(sidecar(SidecarPage("p1.jpg", width=900, height=600)), book(page(0)).book)


def test_box_far_beyond_the_page_is_refused_and_a_near_one_cut() -> None:
    far = SidecarPage("p1.jpg", panels=(SidecarPanel(Box(0, 0, 1200, 1800)),))
    with pytest.raises(SidecarError, match="made for another size"):
        match_pages(sidecar(far), book(page(0)).book)
    near = SidecarPage("p1.jpg", panels=(SidecarPanel(Box(-3, -3, 604, 905)),))
    found = to_corrections(sidecar(near), book(page(0)), RULES, ("t", "2026-01-01"))
    assert panels_of(found[0].value)[0].box == Box(0, 0, 600, 900)


def test_empty_list_of_panels_is_a_page_that_is_one_panel() -> None:
    said = sidecar(SidecarPage("p1.jpg", panels=()))
    (found,) = to_corrections(said, book(page(0)), RULES, ("t", "2026-01-01"))
    assert [p.box for p in panels_of(found.value)] == [Box(0, 0, 600, 900)]


def test_page_nothing_is_said_of_is_left_alone() -> None:
    target = book(page(0), page(1))
    found = to_corrections(sidecar(SidecarPage("p2.jpg")), target, RULES, ("t", "2026-01-01"))
    assert found == ()


def test_what_agrees_is_kept_only_when_asked() -> None:
    target = book(page(0))
    said = sidecar(
        SidecarPage("p1.jpg", panels=tuple(SidecarPanel(p.box) for p in target.pages[0].panels))
    )
    assert to_corrections(said, target, RULES, ("t", "2026-01-01")) == ()
    kept = to_corrections(said, target, RULES, ("t", "2026-01-01"), keeps_all=True)
    assert [c.field for c in kept] == [CorrectedField.PANELS]


def test_other_order_of_the_same_panels_is_a_change() -> None:
    target = book(page(0))
    turned = tuple(SidecarPanel(p.box) for p in reversed(target.pages[0].panels))
    said = sidecar(SidecarPage("p1.jpg", panels=turned))
    assert len(to_corrections(said, target, RULES, ("t", "2026-01-01"))) == 1


def test_story_does_not_turn_a_splash_into_a_story_page() -> None:
    target = book(page(0, page_type=PageType.SPLASH))
    said = sidecar(SidecarPage(index=0, type_word="Story"))
    assert to_corrections(said, target, RULES, ("t", "2026-01-01")) == ()


def test_values_are_json_of_the_documented_shape() -> None:
    said = sidecar(SidecarPage("p1.jpg", panels=PANEL))
    (found,) = to_corrections(said, book(page(0)), RULES, ("cbxy: n", "2026-01-01"))
    assert json.loads(found.value) == [{"box": [0.0, 0.0, 100.0, 100.0], "polygon": None}]
    assert found.origin == "cbxy: n"


def test_guess_needs_every_page_by_name_in_its_size() -> None:
    target = book(page(0), page(1)).book
    names = [SidecarPage("p1.jpg", width=600, height=900), SidecarPage("p2.jpg")]
    assert sorted(match_pages(sidecar(*names), target, is_guess=True)) == [0, 1]
    for said, why in (
        ([SidecarPage("x1"), SidecarPage("x2")], "not in the book"),  # by place alone
        (names[:1], "nothing of page 2"),
        ([SidecarPage("p1.jpg", width=300, height=450), names[1]], "another size"),
    ):
        match_pages(sidecar(*said), target)
        with pytest.raises(SidecarError, match=why):
            match_pages(sidecar(*said), target, is_guess=True)


def test_guess_does_not_ask_for_pages_that_cannot_be_read() -> None:
    target = book(page(0), replace(page(1), page=Page(1, "p2.jpg", "0" * 64, 0, 0))).book
    assert sorted(match_pages(sidecar(SidecarPage("p1.jpg")), target, is_guess=True)) == [0]


def test_boxes_of_smaller_pictures_are_refused_where_no_size_is_said() -> None:
    target = book(*(page(i) for i in range(4))).book
    half = (SidecarPanel(Box(0, 0, 290, 440)),)
    pages = [SidecarPage(f"p{i + 1}.jpg", panels=half) for i in range(4)]
    with pytest.raises(SidecarError, match="smaller size"):
        match_pages(sidecar(*pages), target)
    whole = SidecarPage("p4.jpg", panels=(SidecarPanel(Box(0, 0, 580, 880)),))
    assert len(match_pages(sidecar(*pages[:3], whole), target)) == 4
    assert len(match_pages(sidecar(*pages[:2]), target)) == 2  # too few to tell
    sized = [replace(p, width=600, height=900) for p in pages]
    assert len(match_pages(sidecar(*sized), target)) == 4


@pytest.mark.parametrize("size", [(1e-320, 1.5e-320), (1e-9, 1.5e-9), (6e300, 9e300)])
def test_picture_of_a_size_that_cannot_be_is_refused(size: tuple[float, float]) -> None:
    said = SidecarPage("p1.jpg", width=size[0], height=size[1], panels=PANEL)
    with pytest.raises(SidecarError, match="cannot be"):
        match_pages(sidecar(said), book(page(0)).book)


def test_outline_far_beyond_the_page_is_refused() -> None:
    far = SidecarPanel(Box(0, 0, 100, 100), ((0.0, 0.0), (9e8, 0.0), (50.0, 50.0)))
    with pytest.raises(SidecarError, match="another size"):
        match_pages(sidecar(SidecarPage("p1.jpg", panels=(far,))), book(page(0)).book)


def test_page_turned_by_exif_is_not_taken_for_the_turned_one() -> None:
    said = SidecarPage("p1.jpg", width=900, height=600, panels=PANEL)  # before turning
    with pytest.raises(SidecarError, match="another shape"):
        match_pages(sidecar(said), book(page(0)).book)


def test_name_that_is_no_text_is_found_as_the_writers_escape_it() -> None:
    target = book(page(0, "a\udc80.jpg"), page(1)).book
    assert list(match_pages(sidecar(SidecarPage("a\\udc80.jpg")), target)) == [0]
