"""Saved and read back; files from anybody."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from closure_lite_toys import Toy, small_config, toy_corpus
from longbox.closure_lite import ClosureLiteSimple, Provenance, load, save
from longbox.errors import ModelError

CORPUS = toy_corpus(Toy(missing=0.2), 1, n_books=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = ClosureLiteSimple(small_config(CORPUS, modality_dropout=0.25), seed=4)
    save(model, tmp_path / "v1", Provenance("toys", 4, {"L_mpm": 1.5}))
    return tmp_path / "v1"


def test_saved_model_gives_the_same_vectors_to_half_precision(folder: Path) -> None:
    model = ClosureLiteSimple(small_config(CORPUS, modality_dropout=0.25), seed=4)
    again, provenance = load(folder)
    assert again.config == model.config
    assert provenance == Provenance("toys", 4, {"L_mpm": 1.5})
    assert not again.training
    for book in CORPUS:
        one, two = model.panel_vectors(book), again.panel_vectors(book)
        assert np.allclose(one.vectors, two.vectors, atol=5e-3)
        assert np.array_equal(one.mask, two.mask)
        pages = model.page_vectors(book, 5)[0], again.page_vectors(book, 5)[0]
        assert np.allclose(*pages, atol=5e-3)
    save(again, folder, provenance)
    assert load(folder)[0].fingerprint == again.fingerprint


def test_saving_replaces_and_leaves_nothing_else(folder: Path) -> None:
    other = ClosureLiteSimple(small_config(CORPUS), seed=5)
    save(other, folder, Provenance("toys again", 5, {}))
    assert load(folder)[1] == Provenance("toys again", 5, {})
    assert load(folder)[0].config == other.config
    assert sorted(p.name for p in folder.iterdir()) == ["config.json", "weights.safetensors"]


def _set(*path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(card: dict[str, Any]) -> None:
        for key in path[:-1]:
            card = card[key]
        card[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("format", value=2), "format 1"),
        (_set("kind", value="stage4"), "closure_lite model"),
        (_set("extra", value=1), "unknown or missing: extra"),
        (lambda card: card.pop("scores"), "unknown or missing: scores"),
        (_set("config", value=[]), "config is no table"),
        (_set("config", "layers", value=3), "unknown or missing: layers"),
        (_set("config", "d", value="384"), "d is no "),
        (_set("config", "d", value=True), "d is no "),
        (_set("config", "d", value=10**9), "d 1000000000"),
        (_set("config", "d", value=64), "than its config|otherwise"),
        (_set("config", "n_heads", value=0), "0 heads"),
        (_set("config", "temperature", value=float("nan")), "not finite"),
        (_set("config", "vision", "dimension", value=10**7), "length 10000000"),
        (_set("config", "vision", "dimension", value=23), "otherwise"),
        (_set("config", "vision", value=None), "encoder is no table"),
        (_set("config", "text", "fingerprint", value=5), "fingerprint is no text"),
        (_set("config", "text", "fingerprint", value="another"), "not those that config.json"),
        (_set("fingerprint", value="closure-lite-0000000000000000"), "not those that config.json"),
        (_set("fingerprint", value=None), "fingerprint is no text"),
        (_set("seed", value=1.5), "seed is no whole number"),
        (_set("scores", value={"L_mpm": "good"}), "L_mpm is no number"),
        (_set("data", value=7), "wrong type"),
    ],
)
def test_config_that_lies_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    path = folder / "config.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))
    with pytest.raises(ModelError, match=message) as caught:
        load(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("contents", "message"),
    [(b"", "not JSON"), (b"[" * 5000, "not JSON"), (b"3", "is no"), (b"\xff\xfe", "not JSON")],
)
def test_config_that_is_none_is_refused(folder: Path, contents: bytes, message: str) -> None:
    (folder / "config.json").write_bytes(contents)
    with pytest.raises(ModelError, match=message):
        load(folder)


def test_damaged_or_foreign_weights_are_refused(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "weights.safetensors"
    good = load_file(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match="damaged"):
        load(folder)
    save_file({**good, "backdoor": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="backdoor"):
        load(folder)
    save_file({**good, "next_head.follows": torch.full((32, 32), torch.nan).half()}, path)
    with pytest.raises(ModelError, match="not finite"):
        load(folder)
    save_file({**good, "next_head.follows": torch.zeros(32, 32)}, path)
    with pytest.raises(ModelError, match=r"next_head\.follows"):
        load(folder)
    path.write_bytes(b"\0" * (1 << 20))
    with pytest.raises(ModelError, match="larger than its config says"):
        load(folder)
    path.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load(folder)


def test_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json: cannot be read"):
        load(tmp_path / "nowhere")
