"""Sequence models on disk: they come back as they were, and hostile folders are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.numpy import load_file, save_file

from longbox.errors import ModelError
from longbox.sequence import Input, Stage4SequenceModel, load_sequence, save_sequence
from sequence.sequence_models import everywhere, modalities_of, model_of, panels_of


def saved(folder: Path, seed: int = 0, **options: object) -> Stage4SequenceModel:
    model = model_of(seed, **options).requires_grad_(requires_grad=False)
    save_sequence(folder, model, {"books": 3}, seed, {})
    return model


@pytest.mark.parametrize("options", [{}, {"d_hidden": 16}, {"n_layers": 1, "n_book_layers": 2}])
def test_model_comes_back_in_evaluation_mode(tmp_path: Path, options: dict[str, int]) -> None:
    model = saved(tmp_path, **options)
    loaded, name = load_sequence(tmp_path)
    assert (loaded.config, loaded.training) == (model.config, False)
    assert name.startswith("sequence-")
    panels, mask = panels_of(2, 9), everywhere(2, 9)
    apart = loaded.encode_strip(panels, mask) - model.encode_strip(panels, mask)
    assert float(apart.detach().abs().max()) < 1e-2  # half precision
    again, _ = load_sequence(tmp_path)
    assert torch.equal(again.encode_strip(panels, mask), loaded.encode_strip(panels, mask))


def test_model_that_reads_modalities_comes_back(tmp_path: Path) -> None:
    model = saved(tmp_path, reads=Input.MODALITIES)
    loaded, _ = load_sequence(tmp_path)
    assert loaded.config.reads is Input.MODALITIES
    panels, mask, shown = panels_of(2, 9), everywhere(2, 9), modalities_of(2, 9)
    apart = loaded.encode_strip(panels, mask, shown) - model.encode_strip(panels, mask, shown)
    assert float(apart.detach().abs().max()) < 1e-2


def test_fingerprint_is_of_weights_and_of_the_fusion_model(tmp_path: Path) -> None:
    saved(tmp_path / "a")
    saved(tmp_path / "b")
    saved(tmp_path / "c", seed=1)
    names = [load_sequence(tmp_path / name)[1] for name in "abc"]
    assert names[0] == names[1] != names[2]
    change_card(tmp_path / "b", fusion="fusion-other")
    assert load_sequence(tmp_path / "b")[1] != names[0]


def test_loading_leaves_the_random_state_as_it_was(tmp_path: Path) -> None:
    saved(tmp_path)
    before = torch.get_rng_state()
    load_sequence(tmp_path)
    assert torch.equal(before, torch.get_rng_state())


def change_card(folder: Path, **sizes: object) -> None:
    path = folder / "config.json"
    card = json.loads(path.read_text())
    card["sizes"] |= sizes
    path.write_text(json.dumps(card))


@pytest.mark.parametrize(
    "sizes",
    [
        {"d_model": 65_536},  # within bounds, and would need gigabytes
        {"d_model": 10**12},
        {"n_layers": 10**9},
        {"n_layers": 3},
        {"n_heads": 5},
        {"reads": "modalities"},
        {"reads": "tea leaves"},
        {"dropout": 2},
        {"d_hidden": 16},
        {"odd": 1},
        {"fusion": None},
    ],
    ids=str,
)
def test_card_that_lies_is_refused(tmp_path: Path, sizes: dict[str, object]) -> None:
    saved(tmp_path)
    change_card(tmp_path, **sizes)
    with pytest.raises(ModelError):
        load_sequence(tmp_path)


def test_folder_that_is_no_sequence_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model here"):
        load_sequence(tmp_path)
    saved(tmp_path)
    path = tmp_path / "weights.safetensors"
    weights = load_file(path)
    save_file(weights | {"strip.query": weights["strip.query"][:, :, :3]}, path)
    with pytest.raises(ModelError, match=r"strip\.query is"):
        load_sequence(tmp_path)
    card = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(card | {"kind": "fusion"}))
    with pytest.raises(ModelError, match="a fusion model, where a sequence"):
        load_sequence(tmp_path)
