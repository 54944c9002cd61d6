"""Boxes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longbox.geometry import Box, bounding_box

NUMBERS = st.floats(-1000, 1000, allow_nan=False)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x0, y0 = draw(NUMBERS), draw(NUMBERS)
    side = st.floats(0, 500, allow_nan=False)
    return Box(x0, y0, x0 + draw(side), y0 + draw(side))


@pytest.mark.parametrize(
    "bad", [(1, 0, 0, 1), (0, 1, 1, 0), (0, 0, math.nan, 1), (0, 0, math.inf, 1)]
)
def test_impossible_box_is_refused(bad: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="box has"):
        Box(*bad)


def test_half_open_box_does_not_hold_its_far_corner() -> None:
    box = Box(0, 0, 2, 2)
    assert box.contains_point(0, 0)
    assert not box.contains_point(2, 2)


def test_iou_of_half_overlapping_squares() -> None:
    assert Box(0, 0, 2, 2).iou(Box(1, 0, 3, 2)) == pytest.approx(1 / 3)


def test_touching_boxes_share_nothing() -> None:
    assert Box(0, 0, 1, 1).intersection(Box(1, 0, 2, 1)) is None


def test_empty_boxes_have_no_iou() -> None:
    assert Box(1, 1, 1, 1).iou(Box(1, 1, 1, 1)) == 0


def test_shrinking_stops_at_the_centre() -> None:
    assert Box(0, 0, 4, 10).expand(-3) == Box(2, 3, 2, 7)


def test_nothing_has_no_bounding_box() -> None:
    with pytest.raises(ValueError, match="no boxes"):
        bounding_box([])


@given(boxes(), boxes())
def test_iou_is_symmetric_and_a_fraction(a: Box, b: Box) -> None:
    assert a.iou(b) == b.iou(a)
    assert 0 <= a.iou(b) <= 1 + 1e-9


@given(boxes(), boxes())
def test_bounding_box_covers_both(a: Box, b: Box) -> None:
    around = bounding_box([a, b])
    assert around.x0 <= min(a.x0, b.x0)
    assert around.y1 >= max(a.y1, b.y1)


@given(boxes())
def test_clipped_box_lies_on_the_page(box: Box) -> None:
    clipped = box.clip(100, 50)
    assert 0 <= clipped.x0 <= clipped.x1 <= 100
    assert 0 <= clipped.y0 <= clipped.y1 <= 50
