"""How a page looks: numbers from its pixels."""

from __future__ import annotations

import time
from dataclasses import astuple

import numpy as np
import pytest

from longbox.book import LOOK_FEATURES
from longbox.errors import ComicError
from longbox.page_types import look_at, look_row


def paper(color: int = 240, height: int = 900, width: int = 600) -> np.ndarray:
    return np.full((height, width, 3), color, np.uint8)


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (900, 1), (5, 7), (900, 600)])
def test_every_number_is_between_zero_and_one_for_any_size(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    look = look_at(rng.integers(0, 256, (*size, 3), dtype=np.uint8))
    assert all(0 <= v <= 1 for v in astuple(look))
    assert look_row(look).shape == (len(LOOK_FEATURES),)


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 5), (5, 5, 4)])
def test_what_is_no_page_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ComicError):
        look_at(np.zeros(shape, np.uint8))


def test_a_drawing_has_ink_and_edges_and_paper_has_none() -> None:
    drawn = paper()
    drawn[100:800:40, 50:550] = 10
    assert look_at(paper()).ink_share == 0
    assert look_at(drawn).ink_share > 0.02
    assert look_at(drawn).edge_share > 0.02


def test_a_black_page_is_as_empty_as_a_white_one() -> None:
    assert look_at(paper(3)).ink_share == look_at(paper(250)).ink_share == 0


def test_colour_is_seen_and_grey_is_not_colour() -> None:
    red = paper()
    red[:450] = (220, 30, 30)
    assert look_at(red).colour_share == pytest.approx(0.5, abs=0.02)
    assert look_at(paper(120)).colour_share == 0


def test_a_scan_of_twice_the_size_looks_the_same() -> None:
    small = paper()
    small[200:700, 100:500] = (30, 60, 130)
    large = small.repeat(2, 0).repeat(2, 1)
    assert np.abs(look_row(look_at(small)) - look_row(look_at(large))).max() < 0.02


def test_lines_of_prose_have_a_rhythm_that_a_picture_lacks() -> None:
    prose = paper()
    for y in range(60, 840, 24):
        prose[y : y + 10, 60:540:4] = 20
    picture = paper()
    picture[200:700, 100:500] = 60
    assert look_at(prose).row_rhythm > 3 * look_at(picture).row_rhythm
    assert look_at(prose).fine_grain > 3 * look_at(picture).fine_grain


def test_a_large_scan_takes_milliseconds() -> None:
    page = np.random.default_rng(0).integers(0, 256, (3000, 2000, 3), dtype=np.uint8)
    look_at(page)
    start = time.process_time()
    look_at(page)
    assert time.process_time() - start < 0.5
