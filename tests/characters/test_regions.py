"""Regions of one panel: hostile answers, faces of figures, lettering, slivers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from characters.looks import ToldDetector, blank_panel, face, figure
from longbox.characters import (
    Detection,
    PanelPicture,
    RegionKind,
    SalientFigures,
    cut_regions,
    find_regions,
    without_lettering,
)
from longbox.errors import ModelError
from longbox.geometry import Box

WHOLE = (0.0, 0.0, 200.0, 100.0)


def test_without_a_detector_the_panel_is_the_region() -> None:
    (region,) = find_regions(blank_panel(), None)
    assert (region.box.as_tuple(), region.kind) == (WHOLE, RegionKind.PANEL)


def test_panel_in_which_nobody_is_found_is_the_region() -> None:
    (region,) = find_regions(blank_panel(), ToldDetector())
    assert region.kind is RegionKind.PANEL


@pytest.mark.parametrize(
    "answer",
    [
        figure(math.nan, 0, 50, 50),
        figure(0, 0, math.inf, 50),
        figure(0, 0, 50, 50, math.nan),
        figure(50, 50, 10, 10),
        figure(10, 10, 10, 60),
        figure(300, 300, 400, 400),
        figure(-90, -90, 1, 1),
        figure(0, 0, 3, 3),
        Detection(0, 0, 50, 50, RegionKind.PANEL, 0.9),
    ],
)
def test_useless_answers_are_left_out(answer: Detection) -> None:
    (region,) = find_regions(blank_panel(), ToldDetector(answer))
    assert region.kind is RegionKind.PANEL
    kept = find_regions(blank_panel(), ToldDetector(answer, figure(20, 20, 80, 80)))
    assert [r.box.as_tuple() for r in kept] == [(20, 20, 80, 80)]


def test_box_that_sticks_out_is_cut_to_the_panel_and_confidence_to_one() -> None:
    (region,) = find_regions(blank_panel(), ToldDetector(figure(-1e9, -5, 60, 1e9, 7.0)))
    assert region.box.as_tuple() == (0, 0, 60, 100)
    assert region.confidence == 1.0


def test_the_surer_of_two_boxes_of_one_figure_stays() -> None:
    told = ToldDetector(figure(10, 10, 60, 90, 0.5), figure(12, 10, 62, 90, 0.8))
    (region,) = find_regions(blank_panel(), told)
    assert region.confidence == 0.8


def test_face_of_a_figure_is_not_counted_twice() -> None:
    told = ToldDetector(face(20, 12, 40, 32), figure(10, 10, 60, 90), face(120, 20, 150, 50))
    found = find_regions(blank_panel(), told)
    assert [r.kind for r in found] == [RegionKind.FIGURE, RegionKind.FACE]


def test_a_flood_of_answers_is_bounded_and_in_one_order() -> None:
    boxes = [figure(i * 10, j * 10, i * 10 + 9, j * 10 + 9) for i in range(20) for j in range(10)]
    found = find_regions(blank_panel(), ToldDetector(*boxes))
    assert len(found) == 12
    assert found == find_regions(blank_panel(), ToldDetector(*reversed(boxes)))


def test_lettering_is_painted_over_in_the_crops_and_the_page_is_left_alone() -> None:
    panel = blank_panel(200, 100, Box(40, 40, 80, 60), Box(190, 90, 999, 999))
    panel.pixels[40:60, 40:80] = 0
    before = panel.pixels.copy()
    (crop,) = cut_regions(panel, find_regions(panel, None))
    assert (crop == 255).all()
    assert (panel.pixels == before).all()


def test_panel_that_is_all_lettering_stays_as_it_is() -> None:
    panel = blank_panel(20, 10, Box(-5, -5, 99, 99))
    assert (without_lettering(panel) == panel.pixels).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 400, 3), (400, 1, 3)])
@pytest.mark.parametrize("detector", [None, SalientFigures()])
def test_slivers_have_a_region(shape: tuple[int, ...], detector: SalientFigures | None) -> None:
    panel = PanelPicture(np.zeros(shape, np.uint8))
    assert [c.shape for c in cut_regions(panel, find_regions(panel, detector))] == [shape]


@pytest.mark.parametrize(
    "pixels", [np.zeros((0, 5, 3), np.uint8), np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3))]
)
def test_what_is_no_picture_is_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ModelError, match="uint8"):
        find_regions(PanelPicture(pixels), None)


def test_salient_proposal_finds_a_lone_figure_and_not_its_balloon() -> None:
    panel = blank_panel(300, 300, Box(20, 20, 120, 60))
    panel.pixels[:] = (90, 160, 230)
    panel.pixels[20:60, 20:120] = 0
    panel.pixels[120:280, 120:200] = (200, 40, 40)
    (region,) = find_regions(panel, SalientFigures())
    assert region.kind is RegionKind.FIGURE
    assert region.box.iou(Box(120, 120, 200, 280)) > 0.6
    assert find_regions(panel, SalientFigures()) == (region,)


def test_salient_proposal_finds_nothing_in_a_flat_panel() -> None:
    (region,) = find_regions(blank_panel(), SalientFigures())
    assert region.box.as_tuple() == WHOLE
