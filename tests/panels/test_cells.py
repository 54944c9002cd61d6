"""Cells become panels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from longbox.panels.cells import overlaps, panels_of_cells


def _page(
    boxes: list[tuple[float, float, float, float]], rows: int = 40, columns: int = 28
) -> NDArray[np.float32]:
    """Return what a perfect network would say of these panels, those drawn later last."""
    cells = np.zeros((rows, columns, 6), np.float32)
    cells[..., 2:] = [0.4, 0.4, 0.6, 0.6]
    y, x = np.mgrid[:rows, :columns]
    cy, cx = (y + 0.5) / rows, (x + 0.5) / columns
    for x0, y0, x1, y1 in boxes:
        inside = (cx >= x0) & (cx < x1) & (cy >= y0) & (cy < y1)
        cells[inside] = [0.95, 0.9, x0, y0, x1, y1]
    return cells


def test_page_without_panels_gives_none() -> None:
    found = panels_of_cells(_page([]), 0.3)
    assert found.boxes.shape == (0, 4)
    assert found.confidences.shape == (0,)


def test_every_panel_is_found_where_its_cells_say() -> None:
    true = [(0.05, 0.05, 0.95, 0.3), (0.05, 0.33, 0.5, 0.95), (0.53, 0.33, 0.95, 0.95)]
    found = panels_of_cells(_page(true), 0.3)
    assert sorted(map(tuple, found.boxes.round(4).tolist())) == sorted(true)
    assert (found.confidences > 0.8).all()


def test_noise_between_cells_of_one_panel_is_averaged() -> None:
    cells = _page([(0.1, 0.1, 0.9, 0.9)])
    rng = np.random.default_rng(0)
    cells[..., 2:] += rng.normal(0, 0.02, cells[..., 2:].shape)
    found = panels_of_cells(cells, 0.3)
    assert len(found.boxes) == 1
    assert np.abs(found.boxes[0] - [0.1, 0.1, 0.9, 0.9]).max() < 0.01


def test_inset_and_its_host_are_both_found() -> None:
    found = panels_of_cells(_page([(0.0, 0.0, 1.0, 1.0), (0.1, 0.6, 0.5, 0.95)]), 0.3)
    assert len(found.boxes) == 2
    assert found.confidences.min() > 0.7  # what the inset hides does not count against its host


def test_box_that_few_of_its_cells_stand_behind_is_dropped() -> None:
    cells = _page([(0.0, 0.0, 1.0, 1.0)])
    cells[10:12, 10:12, 2:] = [0.0, 0.0, 1.0, 0.5]  # four cells dream of half a page
    found = panels_of_cells(cells, 0.3)
    assert found.boxes.round(3).tolist() == [[0.0, 0.0, 1.0, 1.0]]


def test_boxes_beyond_the_page_are_cut_off() -> None:
    cells = _page([(0.0, 0.0, 1.0, 1.0)])
    cells[..., 2:] = [-0.3, -0.1, 1.4, 1.2]
    assert panels_of_cells(cells, 0.3).boxes.tolist() == [[0.0, 0.0, 1.0, 1.0]]


def test_overlap_with_an_empty_box_is_nothing() -> None:
    box = np.array([0.2, 0.2, 0.2, 0.2])
    assert overlaps(box, np.array([[0.2, 0.2, 0.2, 0.2], [0.0, 0.0, 1.0, 1.0]])).tolist() == [0, 0]
