"""Object detectors in the hub's layout, by a tiny random one that save_pretrained wrote."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from characters.looks import blank_panel
from longbox.characters import (
    FigureDetector,
    PanelPicture,
    RegionKind,
    find_regions,
    region_kinds,
)
from longbox.errors import ModelError
from longbox.pipeline import figure_detector

LABELS = {0: "human face", 1: "person", 2: "teapot"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    import transformers

    path = tmp_path_factory.mktemp("tiny-yolos")
    config = transformers.YolosConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=[32, 32],
        patch_size=8,
        num_detection_tokens=12,
        id2label=LABELS,
        label2id={v: k for k, v in LABELS.items()},
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = transformers.YolosForObjectDetection(config)
        with torch.no_grad():  # sure of a person each time, so that something is found
            model.class_labels_classifier.layers[-1].bias[1] += 9.0
        model.save_pretrained(path)
    size = {"height": 32, "width": 32}
    transformers.YolosImageProcessorPil(size=size, do_pad=False).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def opened(folder: Path) -> FigureDetector:
    found = figure_detector(f"hf:{folder}")
    assert found is not None
    return found


@pytest.mark.parametrize("shape", [(90, 60, 3), (1, 1, 3), (3, 900, 3), (3, 3, 3)])
def test_tiny_detector_gives_figures_inside_any_panel(
    opened: FigureDetector, shape: tuple[int, ...]
) -> None:
    panel = PanelPicture(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    raw = opened.detect(panel)
    assert len(raw) == 12
    assert {r.kind for r in raw} == {RegionKind.FIGURE}
    for region in find_regions(panel, opened):
        assert 0 <= region.box.x0 < region.box.x1 <= shape[1]
        assert 0 <= region.box.y0 < region.box.y1 <= shape[0]


def test_the_same_panel_gives_the_same_answer(opened: FigureDetector) -> None:
    assert list(opened.detect(blank_panel())) == list(opened.detect(blank_panel()))


def test_fingerprint_follows_the_weights_and_not_the_path(
    opened: FigureDetector, folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    again = figure_detector(f"hf:{copy}")
    assert again is not None
    assert again.fingerprint == opened.fingerprint


def test_model_that_knows_nobody_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "teapots"
    shutil.copytree(folder, copy)
    config = json.loads((copy / "config.json").read_text())
    config["id2label"] = {"0": "cup", "1": "saucer", "2": "teapot"}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="neither faces nor figures, but cup"):
        figure_detector(f"hf:{copy}")


def test_folder_without_weights_or_of_unknown_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        figure_detector(f"hf:{tmp_path}")
    with pytest.raises(ModelError, match="no figure detector is called"):
        figure_detector("yolo")
    assert figure_detector("panel") is None


def test_labels_are_read_by_their_words() -> None:
    labels = {0: "Face", 1: "character_body", 2: "surface", 3: "LABEL_3", 4: "comic head", 5: "cat"}
    face, figure = RegionKind.FACE, RegionKind.FIGURE
    assert region_kinds(labels) == {0: face, 1: figure, 4: face, 5: figure}
