"""Pixels become WebP of a width, in bounds, whatever their shape."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from longbox.geometry import Box
from longbox.web.pictures.options import WIDTHS
from longbox.web.pictures.rendering import LONGEST_SIDE, fitted_size, render, render_upload


def _size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "WEBP"
        picture.load()
        return picture.size


def test_page_is_made_as_wide_as_asked_in_its_proportions() -> None:
    made = render(np.full((1500, 1000, 3), 200, np.uint8), 320)
    assert (made.width, made.height) == _size(made.data) == (320, 480)


def test_small_page_is_not_enlarged() -> None:
    made = render(np.zeros((30, 20, 3), np.uint8), 1920)
    assert _size(made.data) == (20, 30)


def test_single_pixel_has_a_picture() -> None:
    assert _size(render(np.zeros((1, 1, 3), np.uint8), 160).data) == (1, 1)


@pytest.mark.parametrize("width_px", WIDTHS)
@pytest.mark.parametrize("shape", [(800, 30_000), (1, 65_000), (65_000, 1), (3000, 4000)])
def test_no_side_is_above_what_webp_holds(shape: tuple[int, int], width_px: int) -> None:
    width, height = fitted_size(*shape, width_px)
    assert 1 <= width <= min(width_px, shape[0])
    assert 1 <= height <= min(LONGEST_SIDE, shape[1])


def test_strip_that_is_too_tall_is_made_narrower_in_its_proportions() -> None:
    strip = np.zeros((30_000, 200, 3), np.uint8)
    made = render(strip, 160)
    assert _size(made.data) == (109, LONGEST_SIDE)


def test_panel_shows_its_part_of_the_page_only() -> None:
    page = np.zeros((100, 100, 3), np.uint8)
    page[50:, :] = (255, 0, 0)
    made = render(page, 640, Box(0, 50, 100, 100))
    with Image.open(io.BytesIO(made.data)) as picture:
        shown = np.asarray(picture.convert("RGB")).astype(int)
    assert shown.shape == (50, 100, 3)
    assert shown[..., 0].min() > 240
    assert shown[..., 1:].max() < 15


@pytest.mark.parametrize("box", [Box(-50, -50, 5, 5), Box(90, 90, 500, 500), Box(10, 10, 10, 10)])
def test_panel_beyond_its_page_has_a_picture(box: Box) -> None:
    made = render(np.zeros((100, 100, 3), np.uint8), 160, box)
    assert min(_size(made.data)) >= 1


def test_same_pixels_give_the_same_bytes() -> None:
    page = np.random.default_rng(0).integers(0, 255, (300, 200, 3), dtype=np.uint8)
    assert render(page, 160).data == render(page.copy(), 160).data


def test_upload_is_kept_nearly_as_it_came_and_bounded_on_both_sides() -> None:
    ramp = np.linspace(0, 255, 3000).astype(np.uint8)
    wide = np.repeat(np.repeat(ramp[None, :, None], 500, axis=0), 3, axis=2)
    made = render_upload(wide, 2000)
    assert _size(made.data) == (2000, 333)
    with Image.open(io.BytesIO(made.data)) as picture:
        shown = np.asarray(picture.convert("RGB")).astype(int)
    small = np.asarray(Image.fromarray(wide).resize((2000, 333))).astype(int)
    assert np.abs(shown - small).mean() < 2
