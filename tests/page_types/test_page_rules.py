"""Labelling one page by what is declared, drawn and written on it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from longbox.book import PageType, Panel, TextKind, TextRegion
from longbox.geometry import Box
from longbox.page_types import from_comicinfo, label_page, to_comicinfo

WHOLE = (Panel(Box(0, 0, 100, 150), 0, 1.0, "whole_page"),)
GRID = tuple(Panel(Box(0, y, 100, y + 45), i, 1.0, "rules") for i, y in enumerate((0, 50, 100)))


def page(noise: int = 255) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    return rng.integers(255 - noise, 256, (150, 100, 3), dtype=np.uint8)


def prose(n: int) -> TextRegion:
    return TextRegion(Box(5, 5, 95, 140), "word " * (n // 5), 0.9, TextKind.PROSE, "test", 0, 0)


def test_white_page_with_paper_grain_is_blank() -> None:
    assert label_page(page(noise=4), WHOLE, (), (3, 20)).page_type is PageType.BLANK


def test_page_of_prose_is_a_text_page() -> None:
    assert label_page(page(), WHOLE, (prose(900),), (3, 20)).page_type is PageType.TEXT_PAGE


def test_prose_inside_many_panels_is_still_story() -> None:
    assert label_page(page(), GRID, (prose(900),), (3, 20)).page_type is PageType.STORY


@pytest.mark.parametrize(
    ("place", "expected"),
    [((0, 20), PageType.COVER), ((7, 20), PageType.SPLASH), ((19, 20), PageType.BACK_COVER)],
)
def test_single_picture_is_named_by_its_place(place: tuple[int, int], expected: PageType) -> None:
    assert label_page(page(), WHOLE, (), place).page_type is expected


def test_only_page_of_a_file_is_no_cover() -> None:
    assert label_page(page(), WHOLE, (), (0, 1)).page_type is PageType.SPLASH


def test_page_without_panels_or_texts_is_labelled() -> None:
    assert label_page(page(), (), (), (3, 20)).page_type is PageType.STORY


def test_declared_type_wins_and_says_so() -> None:
    label = label_page(page(), GRID, (), (3, 20), declared="Advertisement")
    assert (label.page_type, label.source) == (PageType.ADVERTISEMENT, "comicinfo")


def test_declared_story_with_one_picture_is_a_splash() -> None:
    label = label_page(page(), WHOLE, (), (3, 20), declared="Story")
    assert (label.page_type, label.source) == (PageType.SPLASH, "comicinfo")


@pytest.mark.parametrize("word", [None, "", "Other", "Deleted", "Nonsense"])
def test_words_that_say_nothing_leave_it_to_the_rules(word: str | None) -> None:
    assert from_comicinfo(word) is None
    assert label_page(page(), GRID, (), (3, 20), declared=word).source == "rules"


def test_first_known_word_of_a_list_counts() -> None:
    assert from_comicinfo("Other, FrontCover Story") is PageType.COVER


@pytest.mark.parametrize(
    "page_type",
    [t for t in PageType if t not in {PageType.BLANK, PageType.NOT_COMIC, PageType.SPLASH}],
)
def test_types_survive_a_round_trip(page_type: PageType) -> None:
    assert from_comicinfo(to_comicinfo(page_type)) is page_type
