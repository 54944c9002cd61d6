"""The order in which boxes are read."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longbox.book import Direction
from longbox.geometry import Box
from longbox.panels import reading_order

LTR, RTL, TTB = Direction.LTR, Direction.RTL, Direction.TTB


@st.composite
def some_boxes(draw: st.DrawFn) -> list[Box]:
    corner = st.integers(0, 400)
    side = st.integers(0, 200)
    return [
        Box(x, y, x + w, y + h)
        for x, y, w, h in draw(st.lists(st.tuples(corner, corner, side, side), max_size=12))
    ]


def grid(rows: int, columns: int, gutter: float = 10) -> list[Box]:
    return [
        Box(x * 100, y * 100, x * 100 + 100 - gutter, y * 100 + 100 - gutter)
        for y in range(rows)
        for x in range(columns)
    ]


def test_no_boxes_have_the_empty_order() -> None:
    assert reading_order([], LTR) == ()


@pytest.mark.parametrize("direction", list(Direction))
def test_one_box_is_read_first(direction: Direction) -> None:
    assert reading_order([Box(5, 5, 9, 9)], direction) == (0,)


@given(some_boxes(), st.sampled_from(list(Direction)))
def test_order_is_a_permutation(boxes: list[Box], direction: Direction) -> None:
    assert sorted(reading_order(boxes, direction)) == list(range(len(boxes)))


@given(some_boxes())
def test_right_to_left_order_is_that_of_the_mirrored_page(boxes: list[Box]) -> None:
    mirrored = [Box(1000 - b.x1, b.y0, 1000 - b.x0, b.y1) for b in boxes]
    assert reading_order(mirrored, RTL) == reading_order(boxes, LTR)


@given(
    some_boxes(),
    st.sampled_from(list(Direction)),
    st.integers(1, 9),
    st.integers(-500, 500),
    st.integers(-500, 500),
)
def test_order_does_not_change_with_scale_and_place(
    boxes: list[Box], direction: Direction, factor: int, dx: int, dy: int
) -> None:
    moved = [
        Box(b.x0 * factor + dx, b.y0 * factor + dy, b.x1 * factor + dx, b.y1 * factor + dy)
        for b in boxes
    ]
    assert reading_order(moved, direction) == reading_order(boxes, direction)


@given(st.integers(1, 5), st.integers(1, 5), st.randoms(use_true_random=False))
def test_shuffled_grid_is_read_row_by_row(rows: int, columns: int, random: object) -> None:
    boxes = grid(rows, columns)
    shuffled = list(range(len(boxes)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    order = reading_order([boxes[i] for i in shuffled], LTR)
    assert [shuffled[i] for i in order] == list(range(len(boxes)))


def test_grid_of_a_manga_is_read_from_the_right() -> None:
    assert reading_order(grid(2, 3), RTL) == (2, 1, 0, 5, 4, 3)


def test_tall_panel_beside_a_stack_is_read_before_it_from_the_left() -> None:
    tall, upper, lower = Box(0, 0, 90, 200), Box(100, 0, 200, 95), Box(100, 105, 200, 200)
    assert reading_order([lower, upper, tall], LTR) == (2, 1, 0)


def test_tall_panel_beside_a_stack_is_read_after_it_from_the_right() -> None:
    tall, upper, lower = Box(0, 0, 90, 200), Box(100, 0, 200, 95), Box(100, 105, 200, 200)
    assert reading_order([tall, lower, upper], RTL) == (2, 1, 0)


def test_strongly_staggered_columns_are_read_column_by_column() -> None:
    left = [Box(0, 0, 90, 60), Box(0, 70, 90, 200)]
    right = [Box(100, 0, 200, 130), Box(100, 140, 200, 200)]
    assert reading_order([*right, *left], LTR) == (2, 3, 0, 1)


def test_slightly_staggered_tiers_are_still_tiers() -> None:
    boxes = [
        Box(0, 0, 90, 100),
        Box(100, 0, 200, 112),
        Box(0, 108, 90, 200),
        Box(100, 120, 200, 200),
    ]
    assert reading_order(boxes, LTR) == (0, 1, 2, 3)


def test_boxes_of_slanted_panels_that_overlap_by_a_quarter_are_cut() -> None:
    boxes = [Box(0, 0, 120, 100), Box(90, 0, 220, 100), Box(190, 0, 300, 100)]
    assert reading_order(boxes, LTR) == (0, 1, 2)
    assert reading_order(boxes, RTL) == (2, 1, 0)


def test_inset_is_read_right_after_its_host() -> None:
    host, inset, following = Box(0, 0, 200, 100), Box(120, 60, 190, 95), Box(0, 110, 200, 200)
    assert reading_order([following, inset, host], LTR) == (2, 1, 0)


def test_insets_of_one_host_are_read_in_the_books_direction() -> None:
    host = Box(0, 0, 300, 100)
    left, right = Box(10, 40, 90, 90), Box(210, 40, 290, 90)
    assert reading_order([left, host, right], LTR) == (1, 0, 2)
    assert reading_order([left, host, right], RTL) == (1, 2, 0)


def test_pinwheel_begins_at_the_starting_corner() -> None:
    pinwheel = [
        Box(0, 0, 190, 90), Box(200, 0, 300, 190), Box(110, 200, 300, 300),
        Box(0, 100, 100, 300), Box(110, 100, 190, 190),
    ]  # fmt: skip
    assert reading_order(pinwheel, LTR)[0] == 0
    assert reading_order(pinwheel, RTL)[0] == 1


def test_vertical_strip_goes_by_top_edges_where_nothing_cuts() -> None:
    boxes = [Box(100, 40, 300, 200), Box(0, 60, 200, 260), Box(60, 0, 260, 120)]
    assert reading_order(boxes, TTB) == (2, 0, 1)


def test_duplicates_keep_their_given_order() -> None:
    assert reading_order([Box(0, 0, 9, 9)] * 3, LTR) == (0, 1, 2)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_hundred_random_boxes_are_ordered_quickly(seed: int) -> None:
    corners = np.random.default_rng(seed).uniform(0, 1000, (100, 2))
    sizes = np.random.default_rng(seed + 1).uniform(1, 400, (100, 2))
    boxes = [Box(x, y, x + w, y + h) for (x, y), (w, h) in zip(corners, sizes, strict=True)]
    start = time.process_time()
    order = reading_order(boxes, LTR)
    assert sorted(order) == list(range(100))
    assert time.process_time() - start < 2.0
