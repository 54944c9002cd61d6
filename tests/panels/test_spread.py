"""Judging double pages."""

from __future__ import annotations

import numpy as np
import pytest

from longbox.panels import is_spread


@pytest.mark.parametrize(
    ("width", "height"), [(1000, 1500), (1500, 1500), (800, 20000), (3000, 900)]
)
def test_upright_pages_strips_and_banners_are_not_spreads(width: int, height: int) -> None:
    assert not is_spread(width, height)


def test_two_upright_pages_side_by_side_are_a_spread() -> None:
    assert is_spread(2000, 1450)


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 10), (10, 0)])
def test_nothing_is_not_a_spread(width: int, height: int) -> None:
    assert not is_spread(width, height)


def test_unusual_shape_is_a_spread_only_with_a_fold() -> None:
    drawing = np.random.default_rng(0).integers(0, 256, (500, 900, 3), dtype=np.uint8)
    assert not is_spread(900, 500, drawing)
    assert not is_spread(900, 500)
    drawing[:, 445:455] = 250
    assert is_spread(900, 500, drawing)


def test_blank_picture_has_no_fold() -> None:
    assert not is_spread(900, 500, np.full((500, 900, 3), 255, np.uint8))
