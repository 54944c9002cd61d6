"""Fusion models on disk: they come back as they were, and hostile folders are refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from longbox.errors import ConfigError, ModelError
from longbox.features import MODALITIES, View
from longbox.fusion import FusionConfig, PanelFusion, load_fusion, open_fusion, save_fusion
from longbox.fusion.encoder import FusionEncoder
from panel_books import Drawn, fusion_config, panel_book

EVERYTHING = View(frozenset(MODALITIES))


def saved(folder: Path, seed: int = 0, **sizes: int) -> PanelFusion:
    torch.manual_seed(seed)
    model = PanelFusion(fusion_config(**sizes))
    save_fusion(folder, model, {"books": 3}, seed, {"keep": 0.1})
    return model


@pytest.mark.parametrize("n_layers", [0, 1, 3])
def test_model_comes_back_with_torch_and_without(tmp_path: Path, n_layers: int) -> None:
    model = saved(tmp_path, n_layers=n_layers)
    weights = {name: t.detach().numpy() for name, t in model.state_dict().items()}
    book = panel_book(20, 0, Drawn(described=True))
    expected = FusionEncoder(model.config, weights, "x").encode(book, EVERYTHING).vectors
    opened = open_fusion(tmp_path)
    assert np.abs(opened.encode(book, EVERYTHING).vectors - expected).max() < 5e-3  # half precision
    loaded = load_fusion(tmp_path)
    assert loaded.config == opened.config == model.config
    again = {name: t.detach().numpy() for name, t in loaded.state_dict().items()}
    same = FusionEncoder(loaded.config, again, "x").encode(book, EVERYTHING).vectors
    assert np.array_equal(same, opened.encode(book, EVERYTHING).vectors)


def test_fingerprint_is_of_the_weights(tmp_path: Path) -> None:
    saved(tmp_path / "a")
    saved(tmp_path / "b")
    saved(tmp_path / "c", seed=1)
    names = [open_fusion(tmp_path / name).fingerprint for name in "abc"]
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("fusion-")


def test_loading_leaves_the_random_state_as_it_was(tmp_path: Path) -> None:
    saved(tmp_path)
    before = torch.get_rng_state()
    load_fusion(tmp_path)
    assert torch.equal(before, torch.get_rng_state())


def test_opening_a_model_needs_no_torch(tmp_path: Path) -> None:
    saved(tmp_path)
    script = (
        "import sys; from pathlib import Path; from longbox.fusion import open_fusion; "
        f"open_fusion(Path({str(tmp_path)!r})); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def change_card(folder: Path, **sizes: object) -> None:
    path = folder / "config.json"
    card = json.loads(path.read_text())
    card["sizes"] |= sizes
    path.write_text(json.dumps(card))


@pytest.mark.parametrize(
    "sizes",
    [
        {"d_model": 10**12},
        {"n_layers": 10**9},
        {"d_hidden": 64},
        {"n_layers": 1},
        {"n_heads": 3},
        {"d_model": -4},
        {"d_model": "32"},
        {"picture_size": 25},
        {"odd": 1},
        {"picture": 3},
    ],
    ids=str,
)
def test_card_that_lies_is_refused(tmp_path: Path, sizes: dict[str, object]) -> None:
    saved(tmp_path)
    change_card(tmp_path, **sizes)
    for opened in (open_fusion, load_fusion):
        with pytest.raises(ModelError):
            opened(tmp_path)


def test_folder_that_is_no_fusion_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model here"):
        open_fusion(tmp_path)
    saved(tmp_path)
    card = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(card | {"kind": "sequence"}))
    with pytest.raises(ModelError, match="a sequence model, where a fusion"):
        open_fusion(tmp_path)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    saved(tmp_path)
    path = tmp_path / "weights.safetensors"
    weights = load_file(path)
    for change, message in (
        ({"share": weights["share"] * np.float16(np.nan)}, "share is not finite"),
        ({"share": weights["share"][:3]}, "share is"),
        ({"odd": weights["share"]}, "odd belongs to no part"),
    ):
        save_file(weights | change, path)
        with pytest.raises(ModelError, match=message):
            open_fusion(tmp_path)
    save_file({n: w for n, w in weights.items() if n != "query"}, path)
    with pytest.raises(ModelError, match="query is missing"):
        open_fusion(tmp_path)


def test_model_that_is_not_finite_is_not_saved(tmp_path: Path) -> None:
    model = PanelFusion(fusion_config())
    with torch.no_grad():
        model.share[0] = torch.nan
    with pytest.raises(ModelError, match="share is not finite"):
        save_fusion(tmp_path, model, {}, 0, {})


@pytest.mark.parametrize(
    "sizes", [{"d_model": 0}, {"n_heads": 3}, {"n_layers": -1}, {"n_heads": 0}]
)
def test_sizes_that_make_no_model_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        fusion_config(**sizes)
    assert isinstance(fusion_config(), FusionConfig)
