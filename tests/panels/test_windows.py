"""Tall pictures are seen in windows, and no window's edge shows in the panels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from longbox.geometry import Box
from longbox.panels.page_size import TALLEST, network_size
from longbox.panels.windows import Window, joined, windows_of

WIDTH = 100


def _strip(height: int, gaps: list[tuple[int, int]]) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (height, WIDTH, 3), dtype=np.uint8)
    for start, end in gaps:
        pixels[start:end] = 255
    return pixels


def _see(truth: list[Box], windows: list[Window]) -> list[tuple[Window, list[tuple[Box, float]]]]:
    """Say what a perfect detector sees in every window."""
    seen = []
    for window in windows:
        found = []
        for box in truth:
            y0, y1 = max(box.y0, window.start), min(box.y1, window.end)
            if y1 - y0 > 5:
                found.append((Box(box.x0, y0 - window.start, box.x1, y1 - window.start), 0.9))
        seen.append((window, found))
    return seen


def test_ordinary_page_is_one_window() -> None:
    assert windows_of(_strip(150, [])) == [Window(0, 150)]


def test_strip_is_divided_at_even_rows() -> None:
    windows = windows_of(_strip(400, [(120, 160), (260, 300)]))
    assert len(windows) == 3
    assert not any(w.is_cut_above or w.is_cut_below for w in windows)
    assert windows[0].end <= windows[1].start + 1


def test_strip_without_gaps_gets_windows_that_overlap_by_half() -> None:
    windows = windows_of(_strip(1000, []))
    assert windows[0].start == 0
    assert windows[-1].end == 1000
    for above, below in pairwise(windows):
        assert above.end - below.start >= 0.45 * (above.end - above.start)
    assert all(w.end - w.start <= TALLEST * WIDTH for w in windows)


def test_panels_come_out_whole_whatever_the_windows() -> None:
    truth = [
        Box(0, 10, 100, 80),
        Box(0, 90, 100, 420),
        Box(10, 430, 45, 520),
        Box(55, 430, 95, 520),
    ]
    windows = windows_of(_strip(1000, []))
    found = sorted(
        (box for box, _ in joined(_see(truth, windows), WIDTH)), key=lambda b: (b.y0, b.x0)
    )
    assert len(found) == len(truth)
    for box, true in zip(found, truth, strict=True):
        assert box.iou(true) > 0.95


def test_panel_taller_than_every_window_is_one() -> None:
    truth = [Box(5, 30, 95, 970)]
    (only,) = joined(_see(truth, windows_of(_strip(1000, []))), WIDTH)
    assert only[0].iou(truth[0]) > 0.97


def test_nothing_seen_is_nothing_joined() -> None:
    assert joined([(Window(0, 170), [])], WIDTH) == ()
    assert joined([], WIDTH) == ()


def test_every_shape_of_page_costs_about_the_same() -> None:
    for width, height in ((1000, 1400), (1400, 1000), (1500, 450), (800, 1500), (10, 9000)):
        columns, rows = network_size(width, height)
        assert columns % 32 == 0
        assert rows % 32 == 0
        assert 0.8 < columns * rows / (640 * 448) < 1.25
