"""A sidecar of another book, edition or size is refused with the reason."""

from __future__ import annotations

import json

import pytest
from annotated_books import book, page

from longbox.book import PageType
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
