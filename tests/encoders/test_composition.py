from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longbox.book import AnnotatedPage, Page, PageLabel, PageType, Panel, TextKind, TextRegion
from longbox.encoders import COMPOSITION_FEATURES, COMPOSITION_FINGERPRINT, composition
from longbox.errors import ModelError
from longbox.geometry import Box


def _page(
    boxes: list[Box],
    texts: list[tuple[Box, int | None]] | None = None,
    size: tuple[int, int] = (800, 1200),
) -> AnnotatedPage:
    regions = tuple(
        TextRegion(box, "words", 0.9, TextKind.DIALOGUE, "drawn", panel, order)
        for order, (box, panel) in enumerate(texts or [])
    )
    return AnnotatedPage(
        page=Page(0, "page1.png", "0" * 64, *size),
        panels=tuple(Panel(box, order, 1.0, "drawn") for order, box in enumerate(boxes)),
        texts=regions,
        label=PageLabel(PageType.STORY, 1.0, "drawn"),
    )


def _row(page: AnnotatedPage, panel: int = 0) -> dict[str, float]:
    return dict(zip(COMPOSITION_FEATURES, composition(page)[panel].tolist(), strict=True))


def test_page_without_panels_gives_no_rows() -> None:
    assert composition(_page([])).shape == (0, len(COMPOSITION_FEATURES))


def test_one_panel_that_fills_the_page() -> None:
    row = _row(_page([Box(0, 0, 800, 1200)]))
    assert row["center_x"] == row["center_y"] == 0.5
    assert row["width"] == row["height"] == row["area_share"] == row["bleed"] == 1
    assert row["place_in_order"] == row["panels_on_page"] == 0
    assert row["text_share"] == row["n_texts"] == 0
    assert row["log_aspect"] == row["page_log_aspect"] < 0.5


def test_place_and_shape_of_two_tiers() -> None:
    page = _page([Box(40, 40, 760, 580), Box(40, 620, 760, 1160)])
    first, second = _row(page, 0), _row(page, 1)
    assert first["center_y"] < 0.5 < second["center_y"]
    assert (first["place_in_order"], second["place_in_order"]) == (0, 1)
    assert first["panels_on_page"] == 0.25
    assert first["bleed"] == 0
    assert first["log_aspect"] > 0.5
    assert first["area_share"] == pytest.approx(720 * 540 / (800 * 1200))


def test_each_touched_edge_counts_once() -> None:
    assert _row(_page([Box(0, 0, 400, 600)]))["bleed"] == 0.5
    assert _row(_page([Box(0, 100, 800, 600)]))["bleed"] == 0.5
    assert _row(_page([Box(0, 0, 800, 600)]))["bleed"] == 0.75


def test_only_the_panels_own_lettering_counts_and_only_inside_it() -> None:
    panels = [Box(0, 0, 400, 400), Box(400, 0, 800, 400)]
    page = _page(panels, [(Box(200, 0, 600, 400), 0), (Box(0, 0, 80, 80), None)])
    assert _row(page, 0)["text_share"] == 0.5
    assert _row(page, 0)["n_texts"] == 0.25
    assert _row(page, 1)["text_share"] == _row(page, 1)["n_texts"] == 0


def test_turning_a_panel_mirrors_its_aspect() -> None:
    wide, tall = _row(_page([Box(0, 0, 400, 100)])), _row(_page([Box(0, 0, 100, 400)]))
    assert wide["log_aspect"] == pytest.approx(1 - tall["log_aspect"])


def test_size_of_the_scan_does_not_matter() -> None:
    boxes = [Box(40, 40, 760, 580), Box(40, 620, 400, 1160)]
    small = _page(boxes, [(Box(50, 50, 150, 90), 0)])
    doubled = [box.scale(2, 2) for box in boxes]
    large = _page(doubled, [(Box(100, 100, 300, 180), 0)], size=(1600, 2400))
    np.testing.assert_allclose(composition(small), composition(large), atol=1e-6)


def test_page_with_panels_but_no_size_is_an_error() -> None:
    with pytest.raises(ModelError, match="has panels but no size"):
        composition(_page([Box(0, 0, 1, 1)], size=(0, 0)))


def test_fingerprint_counts_the_features() -> None:
    assert len(COMPOSITION_FEATURES) == len(set(COMPOSITION_FEATURES)) == 12
    assert COMPOSITION_FINGERPRINT == "composition-12-v1"


_numbers = st.floats(-500, 5000, allow_nan=False)


@given(st.lists(st.tuples(_numbers, _numbers, _numbers, _numbers), min_size=1, max_size=20))
def test_any_boxes_give_numbers_between_0_and_1(
    sides: list[tuple[float, float, float, float]],
) -> None:
    boxes = [Box(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in sides]
    page = _page(boxes, [(box, index) for index, box in enumerate(boxes)] * 2)
    rows = composition(page)
    assert rows.shape == (len(boxes), 12)
    assert rows.dtype == np.float32
    assert (rows >= 0).all()
    assert (rows <= 1).all()
