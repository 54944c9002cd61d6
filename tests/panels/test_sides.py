"""Bands round the sides of panels."""

from __future__ import annotations

import numpy as np
import pytest

from longbox.panels.sides import ACROSS, ALONG, FINE_PIXELS, bands_of, fine_page


def _page() -> np.ndarray:
    """Return a white page with one black panel, 200 to 500 by 300 to 700."""
    page = np.full((1000, 700, 3), 255, np.uint8)
    page[300:700, 200:500] = 0
    return page


def test_no_boxes_give_no_bands() -> None:
    assert bands_of(_page(), []).pixels.shape == (0, ALONG, ACROSS, 4)


def test_panel_lies_to_the_right_in_every_band() -> None:
    bands = bands_of(_page(), [(200, 300, 500, 700)])
    assert bands.pixels.shape == (4, ALONG, ACROSS, 4)
    middle = bands.pixels[:, ALONG // 2, :, 0].astype(int)
    assert (middle[:, :28] == 255).all()
    assert (middle[:, -28:] == 0).all()


@pytest.mark.parametrize("off", [(-9, 4, 6, -11), (0, 0, 0, 0), (13, 13, 13, 13)])
def test_true_side_is_found_back_from_its_column(off: tuple[int, ...]) -> None:
    true = np.array([200.0, 300.0, 500.0, 700.0])
    bands = bands_of(_page(), [tuple(true + off)])
    row = bands.pixels[:, ALONG // 2, :, 0].astype(float)
    # The side lies where the band turns from white to black: half a column before the first dark.
    first_dark = (row < 128).argmax(axis=1) - 0.5
    assert np.abs(bands.places(first_dark) - true).max() < 1.5
    assert np.abs(bands.columns(true) - first_dark).max() < 1.5


def test_columns_and_places_are_inverse() -> None:
    bands = bands_of(_page(), [(190, 310, 520, 690)])
    columns = np.array([3.0, 17.5, 40.0, 63.0])
    assert np.allclose(bands.columns(bands.places(columns)), columns)


def test_what_lies_outside_of_the_page_is_marked() -> None:
    bands = bands_of(_page(), [(0, 0, 700, 1000)])
    outside = bands.pixels[..., 3]
    assert (outside[:, :, : ACROSS // 2 - 2] == 255).all()
    assert (outside[:, :, ACROSS // 2 + 2 :] == 0).all()


def test_large_page_is_reduced_and_small_one_is_not() -> None:
    small = _page()
    assert fine_page(small) is small or np.array_equal(fine_page(small), small)
    large = fine_page(np.zeros((4000, 3000, 3), np.uint8))
    assert abs(large.shape[0] * large.shape[1] / FINE_PIXELS - 1) < 0.01
    assert abs(large.shape[0] / large.shape[1] - 4 / 3) < 0.01


def test_tiny_page_does_not_break() -> None:
    assert bands_of(np.zeros((25, 25, 3), np.uint8), [(0, 0, 25, 25)]).pixels.shape[0] == 4
