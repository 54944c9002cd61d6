"""What a panel attends to, drawn over its page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from longbox.book import AnnotatedPage, Page, PageLabel, PageType, Panel, PanelId
from longbox.cli.app import app
from longbox.config import Config
from longbox.errors import ModelError
from longbox.fusion import FusionConfig, PanelFusion, open_fusion, save_fusion
from longbox.geometry import Box
from longbox.library import Library
from longbox.pipeline import attention_picture, draw_attention, index_shelf
from longbox.pipeline.features import source_features
from longbox.pipeline.overlays import STRIP_PX
from longbox.sequence import SequenceConfig, Stage4SequenceModel, save_sequence
from tiny_comics import draw_cbz

BOXES = (Box(0, 0, 200, 300), Box(200, 0, 400, 300), Box(0, 300, 400, 600))


def seen(*boxes: Box, index: int = 1) -> AnnotatedPage:
    panels = tuple(Panel(box, i, 1.0, "rules") for i, box in enumerate(boxes))
    label = PageLabel(PageType.STORY, 0.5, "rules")
    return AnnotatedPage(Page(index, "a.png", "0" * 64, 400, 600), panels, (), label, None)


def drawn(
    order: int, weights: list[float], pages: list[int], page: AnnotatedPage | None = None
) -> NDArray[np.uint8]:
    white = np.full((600, 400, 3), 255, np.uint8)
    given = np.array(weights, np.float32), np.array(pages)
    return np.asarray(draw_attention(white, page or seen(*BOXES), order, *given, side_px=600))


def test_page_keeps_its_size_below_a_strip() -> None:
    picture = drawn(0, [0.2, 0.5, 0.3], [1, 1, 1])
    assert picture.shape[0] == 600 + STRIP_PX
    assert (picture[:STRIP_PX] < 128).any()


def test_panel_is_shaded_the_more_the_more_is_looked_at() -> None:
    picture = drawn(0, [0.1, 0.6, 0.3], [1, 1, 1])
    blues = [
        int(picture[STRIP_PX + y, x, 2]) for x, y in ((30, 30), (370, 30), (30, 570))
    ]  # the shade takes blue away
    assert blues[1] < blues[2] < blues[0] < 255


def test_panel_that_is_not_looked_at_is_not_shaded() -> None:
    picture = drawn(0, [0.5, 0.0, 0.5], [1, 1, 1])
    assert tuple(picture[STRIP_PX + 30, 370]) == (255, 255, 255)


def test_attention_to_other_pages_is_said_not_drawn() -> None:
    here = drawn(1, [0.0, 0.1, 0.1, 0.1, 0.7], [0, 1, 1, 1, 2])
    there = drawn(1, [0.7, 0.1, 0.1, 0.1, 0.0], [0, 1, 1, 1, 2])
    assert np.array_equal(here[STRIP_PX:], there[STRIP_PX:])
    assert not np.array_equal(here[:STRIP_PX], there[:STRIP_PX])


def test_page_of_one_panel_attends_to_itself() -> None:
    picture = drawn(0, [1.0], [1], seen(Box(0, 0, 400, 600)))
    assert tuple(picture[STRIP_PX + 30, 30]) != (255, 255, 255)


def test_panel_without_area_can_be_drawn() -> None:
    assert drawn(1, [0.5, 0.5], [1, 1], seen(BOXES[0], Box(10, 10, 10, 10))).shape[2] == 3


def test_weights_that_do_not_fit_are_refused() -> None:
    for weights, pages in (([0.5, 0.5], [1, 1]), ([0.5, 0.5, 0.0], [1, 1, 2]), ([1.0], [1, 1, 1])):
        with pytest.raises((ModelError, IndexError)):
            drawn(0, weights, pages)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with a model of its own, untrained."""
    folder = tmp_path_factory.mktemp("attention")
    draw_cbz(folder / "shelf" / "Night 1.cbz", [0, 1, 2])
    with Library.create(folder / "library") as library:
        index_shelf([folder / "shelf"], library, Config(), in_process=True)
        features = source_features(library.book_source(library.book_ids()[0]))
    known = (features.vision, features.text, features.composition)
    torch.manual_seed(0)
    sizes = (v.fingerprint for v in known), (v.dimension for v in known)
    config = FusionConfig(*sizes[0], *sizes[1], d_model=32, d_hidden=16, n_heads=2)
    models = folder / "library" / "models"
    save_fusion(models / "fusion", PanelFusion(config), {}, 0, {})
    name = open_fusion(models / "fusion").fingerprint
    sequence = Stage4SequenceModel(SequenceConfig(name, 32, 2, 4, 64))
    save_sequence(models / "sequence", sequence, {}, 0, {})
    return folder / "library"


def panel_of(root: Path) -> PanelId:
    with Library.open(root, read_only=True) as library:
        return PanelId(library.book_ids()[0], 1, 0)


def test_panel_of_a_library_is_drawn_with_what_it_attends_to(root: Path) -> None:
    chosen = panel_of(root)
    with Library.open(root, read_only=True) as library:
        first = np.asarray(attention_picture(library, chosen, Config(), 1))
        other = np.asarray(attention_picture(library, replace(chosen, panel=1), Config()))
        with pytest.raises(ModelError, match="layers 1 to 2"):
            attention_picture(library, chosen, Config(), 3)
    assert first.shape == other.shape
    assert not np.array_equal(first, other)


def test_show_writes_the_picture(root: Path, tmp_path: Path) -> None:
    target, chosen = tmp_path / "seen.png", str(panel_of(root))
    command = ["show", chosen, "--attention", "-o", str(target), "--library", str(root)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    with Image.open(target) as picture:
        assert picture.height == 900 + STRIP_PX
    alone = CliRunner().invoke(app, ["show", chosen, "--layer", "1", "--library", str(root)])
    assert alone.exit_code != 0
