"""Labels by rules: a page by itself."""

from __future__ import annotations

import numpy as np
import pytest

from longbox.book import (
    AnnotatedPage,
    Page,
    PageLabel,
    PageLook,
    PageType,
    Panel,
    TextKind,
    TextRegion,
)
from longbox.geometry import Box
from longbox.page_types import from_comicinfo, label_page, look_at, to_comicinfo

WHOLE = (Panel(Box(0, 0, 600, 900), 0, 1.0, "test"),)
GRID = tuple(Panel(Box(20, 20 + 290 * i, 580, 290 + 290 * i), i, 1.0, "test") for i in range(3))


def prose(n: int) -> TextRegion:
    return words("word " * (n // 5), TextKind.PROSE)


def words(text: str, kind: TextKind = TextKind.OTHER) -> TextRegion:
    return TextRegion(Box(50, 50, 300, 200), text, 0.9, kind, "test", 0, 0)


def page(
    panels: tuple[Panel, ...] = WHOLE,
    texts: tuple[TextRegion, ...] = (),
    index: int = 3,
    declared: str | None = None,
) -> AnnotatedPage:
    told = Page(index, "p.png", "0" * 64, 600, 900, declared)
    return AnnotatedPage(told, panels, texts, PageLabel(PageType.STORY, 0.0, "none"))


def drawn() -> PageLook:
    pixels = np.random.default_rng(0).integers(0, 255, (90, 60, 3), dtype=np.uint8)
    return look_at(pixels.repeat(8, 0).repeat(8, 1))


def empty(color: int = 250) -> PageLook:
    noise = np.random.default_rng(0).integers(-3, 4, (900, 600, 3))
    return look_at((np.full((900, 600, 3), color) + noise).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("color", [250, 128, 4])
def test_paper_of_any_colour_with_scan_noise_is_blank(color: int) -> None:
    assert label_page(page(), empty(color), 20).page_type is PageType.BLANK


def test_a_page_of_empty_panels_is_not_blank() -> None:
    assert label_page(page(GRID), empty(), 20).page_type is PageType.STORY


def test_much_prose_in_one_panel_is_a_text_page() -> None:
    assert label_page(page(texts=(prose(900),)), drawn(), 20).page_type is PageType.TEXT_PAGE


def test_prose_beside_many_panels_stays_a_story() -> None:
    assert label_page(page(GRID, (prose(900),)), drawn(), 20).page_type is PageType.STORY


@pytest.mark.parametrize(
    ("index", "n_pages", "expected"),
    [
        (0, 20, PageType.COVER),
        (19, 20, PageType.BACK_COVER),
        (7, 20, PageType.SPLASH),
        (0, 1, PageType.SPLASH),
    ],
)
def test_one_panel_is_named_by_its_place(index: int, n_pages: int, expected: PageType) -> None:
    assert label_page(page(index=index), drawn(), n_pages).page_type is expected


@pytest.mark.parametrize(
    ("text", "index", "expected"),
    [
        ("Order now! Only $1.98\nP.O. Box 12, Chicago", 9, PageType.ADVERTISEMENT),
        ("COMING SOON\nWho will survive?", 18, PageType.PREVIEW),
        ("Written by A. Keller\nArt by B. Soto", 2, PageType.TITLE),
        ("Scanned by fox\nCleaned by owl\nJoin us", 9, PageType.NOT_COMIC),
        ("次回予告", 18, PageType.PREVIEW),
        ("Look out behind you!", 9, PageType.SPLASH),
    ],
)
def test_words_give_a_page_away(text: str, index: int, expected: PageType) -> None:
    seen = label_page(page(texts=(words(text),), index=index), drawn(), 20)
    assert seen.page_type is expected


def test_the_same_words_in_a_page_of_panels_do_not() -> None:
    text = words("Order now! Only $1.98 at www.acme.com")
    assert label_page(page(GRID, (text,)), drawn(), 20).page_type is PageType.STORY


def test_a_page_without_pixels_or_panels_is_labelled_all_the_same() -> None:
    assert label_page(page(()), None, 20).page_type is PageType.STORY


def test_declared_types_are_taken_as_truth() -> None:
    label = label_page(page(GRID, declared="Advertisement"), drawn(), 20)
    assert label == PageLabel(PageType.ADVERTISEMENT, 1.0, "comicinfo")


def test_a_declared_story_page_may_be_a_splash() -> None:
    label = label_page(page(declared="Story"), drawn(), 20)
    assert label == PageLabel(PageType.SPLASH, 1.0, "comicinfo")


@pytest.mark.parametrize("word", ["Other", "Deleted", "no such word", "", None])
def test_words_that_say_nothing_leave_it_to_the_rules(word: str | None) -> None:
    assert label_page(page(GRID, declared=word), drawn(), 20).source == "rules"


@pytest.mark.parametrize("kind", list(PageType))
def test_every_type_has_a_comicinfo_word_that_reads_back(kind: PageType) -> None:
    read = from_comicinfo(to_comicinfo(kind))
    assert read is kind or read in (PageType.STORY, None)


def test_a_list_of_words_means_its_first_known() -> None:
    assert from_comicinfo("Other, FrontCover Story") is PageType.COVER
