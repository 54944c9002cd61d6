"""Finding panels on drawn pages and on real ones."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from longbox.book import Direction, Panel
from longbox.errors import ConfigError
from longbox.evaluation import score_panels
from longbox.geometry import Box
from longbox.panels import PanelOptions, find_panels, panel_detector

Find = Callable[[NDArray[np.uint8], Direction], tuple[Panel, ...]]

GRID = [Box(30, 40, 290, 380), Box(310, 40, 570, 380), Box(30, 410, 570, 760)]


def draw_page(
    boxes: Sequence[Box],
    size: tuple[int, int] = (600, 800),
    paper: tuple[int, int, int] = (255, 255, 255),
    seed: int = 0,
    line: int = 2,
) -> Image.Image:
    """Draw panels of random strokes and patches on paper, framed with a contrasting line."""
    rng = np.random.default_rng(seed)
    page = Image.new("RGB", size, paper)
    ink = (0, 0, 0) if min(paper) > 60 else (255, 255, 255)
    for box in boxes:
        x0, y0, x1, y1 = (int(v) for v in box.as_tuple())
        w, h = x1 - x0, y1 - y0
        art = Image.new("RGB", (w, h), tuple(int(v) for v in rng.integers(90, 190, 3)))
        draw = ImageDraw.Draw(art)
        for _ in range(14):
            a, b = sorted(rng.integers(0, w, 2)), sorted(rng.integers(0, h, 2))
            fill = tuple(int(v) for v in rng.integers(60, 256, 3))
            draw.ellipse([a[0], b[0], a[1], b[1]], fill=fill, outline=(0, 0, 0))
        draw.rectangle([0, 0, w - 1, h - 1], outline=ink, width=line)
        page.paste(art, (x0, y0))
    return page


def pixels_of(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image)


def assert_finds(panels: Sequence[Panel], boxes: Sequence[Box], iou: float = 0.9) -> None:
    assert len(panels) == len(boxes)
    for panel, box in zip(panels, boxes, strict=True):
        assert panel.box.iou(box) >= iou, (panel.box, box)


@pytest.fixture(params=["network", "rules"])
def find(request: pytest.FixtureRequest) -> Find:
    """Find panels with one of the detectors: what users count on holds for both."""
    options = PanelOptions(detector=request.param)

    def found(pixels: NDArray[np.uint8], direction: Direction) -> tuple[Panel, ...]:
        return find_panels(pixels, direction, options)

    return found


def test_framed_panels_are_found_tightly_and_in_order(find: Find) -> None:
    panels = find(pixels_of(draw_page(GRID)), Direction.LTR)
    assert_finds(panels, GRID, 0.97)
    assert [p.order for p in panels] == [0, 1, 2]
    assert len({p.source for p in panels}) == 1
    assert all(0.5 < p.confidence <= 1 for p in panels)


def test_manga_page_is_read_from_the_right(find: Find) -> None:
    panels = find(pixels_of(draw_page(GRID)), Direction.RTL)
    assert_finds(panels, [GRID[1], GRID[0], GRID[2]])


@pytest.mark.parametrize(
    "paper", [(0, 0, 0), (250, 240, 215), (128, 128, 128), (30, 30, 60), (200, 30, 30)]
)
def test_gutters_may_have_any_colour(find: Find, paper: tuple[int, int, int]) -> None:
    assert_finds(find(pixels_of(draw_page(GRID, paper=paper)), Direction.LTR), GRID)


def test_bleeding_panels_reach_the_edge_of_the_page(find: Find) -> None:
    boxes = [Box(0, 0, 600, 390), Box(0, 410, 290, 800), Box(310, 410, 600, 800)]
    assert_finds(find(pixels_of(draw_page(boxes)), Direction.LTR), boxes)


def test_balloon_across_a_gutter_does_not_join_two_panels(find: Find) -> None:
    page = draw_page(GRID)
    ImageDraw.Draw(page).ellipse(
        [240, 150, 360, 210], fill=(255, 255, 255), outline=(0, 0, 0), width=3
    )
    assert_finds(find(pixels_of(page), Direction.LTR), GRID)


def test_page_number_is_not_a_panel(find: Find) -> None:
    page = draw_page(GRID)
    ImageDraw.Draw(page).text((290, 775), "117", fill=(0, 0, 0))
    assert_finds(find(pixels_of(page), Direction.LTR), GRID)


def test_rules_cut_a_slanted_gutter_through_one_drawing() -> None:
    page = draw_page([Box(30, 40, 570, 380), Box(30, 410, 570, 760)])
    ImageDraw.Draw(page).polygon(
        [(340, 30), (362, 30), (262, 390), (240, 390)], fill=(255, 255, 255)
    )
    panels = find_panels(pixels_of(page), Direction.LTR, PanelOptions(detector="rules"))
    assert_finds(panels, [Box(30, 40, 340, 380), Box(262, 40, 570, 380), Box(30, 410, 570, 760)])


def test_pinwheel_without_a_straight_gutter_is_found(find: Find) -> None:
    boxes = [
        Box(20, 20, 380, 250),
        Box(400, 20, 580, 520),
        Box(220, 540, 580, 780),
        Box(20, 270, 200, 780),
    ]
    panels = find(pixels_of(draw_page(boxes)), Direction.LTR)
    assert {
        max(range(4), key=lambda i: p.box.iou(boxes[i])) for p in panels if p.box.width > 100
    } == {0, 1, 2, 3}
    assert all(max(p.box.iou(b) for b in boxes) > 0.9 for p in panels)


def test_thin_white_gutter_between_dark_frames_is_cut(find: Find) -> None:
    boxes = [Box(30, 40, 298, 760), Box(302, 40, 570, 760)]
    assert_finds(find(pixels_of(draw_page(boxes, line=4)), Direction.LTR), boxes, 0.85)


def test_white_sky_inside_a_frame_is_not_a_gutter(find: Find) -> None:
    page = Image.new("RGB", (600, 800), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle([30, 40, 570, 760], outline="black", width=3)
    draw.ellipse([100, 100, 500, 300], fill=(60, 60, 60))
    draw.rectangle([120, 500, 480, 700], fill=(90, 90, 90))
    assert_finds(find(pixels_of(page), Direction.LTR), [Box(30, 40, 571, 761)])


@pytest.mark.parametrize("level", [0, 128, 255])
def test_blank_page_is_one_panel_of_the_whole_page(find: Find, level: int) -> None:
    (panel,) = find(np.full((400, 300, 3), level, np.uint8), Direction.LTR)
    assert panel.box == Box(0, 0, 300, 400)
    assert panel.source == "whole_page"
    assert panel.order == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (3000, 5), (23, 23), (40, 2000)])
def test_tiny_and_thin_pictures_have_a_panel_inside_the_page(
    find: Find, shape: tuple[int, int]
) -> None:
    rng = np.random.default_rng(0)
    panels = find(rng.integers(0, 256, (*shape, 3), dtype=np.uint8), Direction.LTR)
    assert panels
    for panel in panels:
        assert panel.box == panel.box.clip(shape[1], shape[0])
        assert panel.box.area > 0


def test_noise_is_not_taken_for_many_panels(find: Find) -> None:
    rng = np.random.default_rng(1)
    page = rng.integers(0, 256, (900, 600, 3), dtype=np.uint8)
    assert len(find(page, Direction.LTR)) == 1


def test_found_boxes_follow_the_size_of_the_scan(find: Find) -> None:
    page = draw_page(GRID).resize((3000, 4000), Image.Resampling.LANCZOS)
    assert_finds(find(pixels_of(page), Direction.LTR), [b.scale(5, 5) for b in GRID])


def test_answer_is_the_same_twice(find: Find) -> None:
    page = pixels_of(draw_page(GRID, seed=5))
    assert find(page, Direction.LTR) == find(page, Direction.LTR)


def test_page_is_not_written_to(find: Find) -> None:
    page = np.array(draw_page(GRID))
    before = page.copy()
    page.flags.writeable = False
    find(page, Direction.LTR)
    assert (page == before).all()


def test_tall_strip_is_searched_at_the_size_of_its_panels(find: Find) -> None:
    boxes = [Box(0, y, 400, y + 500) for y in range(100, 9000, 700)]
    page = np.full((10_000, 400, 3), 255, np.uint8)
    page[5000:] = 20  # the paper turns black half way
    for i, box in enumerate(boxes):
        x0, y0, x1, y1 = (int(v) for v in box.as_tuple())
        page[y0:y1, x0:x1] = np.asarray(draw_page([Box(0, 0, 400, 500)], (400, 500), seed=i))
    start = time.process_time()
    assert_finds(find(page, Direction.TTB), boxes, 0.8)
    assert time.process_time() - start < 8


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((9, 9), np.uint8),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((9, 9, 3), np.float32),
        np.zeros((0, 9, 3), np.uint8),
    ],
)
def test_an_array_that_is_no_page_is_refused(pixels: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="a page is uint8"):
        find_panels(pixels, Direction.LTR)


def test_unknown_detector_is_named() -> None:
    with pytest.raises(ConfigError, match="'magic'"):
        panel_detector("magic")
    with pytest.raises(ConfigError, match="'magic'"):
        find_panels(np.zeros((99, 99, 3), np.uint8), Direction.LTR, PanelOptions(detector="magic"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"working_side_px": 10},
        {"paper_tolerance": 300},
        {"min_panel_fraction": 2.0},
        {"split_gain": -1.0},
    ],
)
def test_options_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        PanelOptions(**wrong)  # type: ignore[arg-type]


def test_painted_pages_are_found_nearly_exactly(find: Find, comics_dir: Path) -> None:
    pages = []
    for line in (comics_dir / "index.jsonl").read_text().splitlines():
        row = json.loads(line)
        if (
            row["image"].startswith("peppercarrot/pages/fr")
            and row["panels"]
            and row["split"] == "train"
        ):
            pages.append(row)
    scored = []
    for row in pages[::6]:
        with Image.open(comics_dir / row["image"]) as image:
            panels = find(np.asarray(image.convert("RGB")), Direction.LTR)
        scored.append(([p.box for p in panels], [Box(*b) for b in row["panels"]]))
    assert score_panels(scored).at[0.75].f1 >= 0.93
