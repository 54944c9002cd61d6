from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from longbox.encoders import crop_panel
from longbox.errors import ModelError
from longbox.geometry import Box

PAGE = np.arange(20 * 30 * 3, dtype=np.uint32).astype(np.uint8).reshape(20, 30, 3)


def test_whole_pixels_are_cut_exactly() -> None:
    np.testing.assert_array_equal(crop_panel(PAGE, Box(2, 3, 7, 9)), PAGE[3:9, 2:7])


def test_fractions_are_widened() -> None:
    assert crop_panel(PAGE, Box(2.9, 3.1, 6.2, 8.5)).shape == (6, 5, 3)


@pytest.mark.parametrize(
    "box",
    [
        Box(5, 5, 5, 5),
        Box(-10, -10, -5, -5),
        Box(100, 100, 200, 200),
        Box(30, 20, 30, 20),
        Box(29.5, 0, 29.6, 20),
    ],
)
def test_box_without_pixels_still_gives_one(box: Box) -> None:
    crop = crop_panel(PAGE, box)
    assert min(crop.shape[:2]) >= 1


def test_box_over_the_edge_is_clipped() -> None:
    np.testing.assert_array_equal(crop_panel(PAGE, Box(-5, -5, 500, 500)), PAGE)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        "a picture",
    ],
)
def test_what_is_not_a_picture_is_refused(pixels: Any) -> None:
    with pytest.raises(ModelError, match="a picture must be uint8"):
        crop_panel(pixels, Box(0, 0, 1, 1))
