"""Model folders: written whole, read only when they are what they say."""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from longbox.errors import ModelError
from longbox.model_files import (
    CARD_NAME,
    WEIGHTS_NAME,
    ModelCard,
    load_model,
    n_numbers,
    read_card,
    require_shapes,
    save_model,
    sizes_of,
)

CARD = ModelCard("toy", {"width": 3}, {"books": 2}, 5, {"accuracy": 0.5})
WEIGHTS = {"b": np.arange(3, dtype=np.float32), "a": np.full((2, 2), 1 / 3, np.float32)}


@dataclass(frozen=True, slots=True)
class Toy:
    width: int
    depth: int = 1


def saved(folder: Path, **options: bool) -> Path:
    save_model(folder, CARD, WEIGHTS, **options)
    return folder


def raw(folder: Path, dtype: str, n_bytes: int, data: bytes | None = None) -> None:
    """Write one tensor of two numbers in any type that the format knows."""
    header = {"a": {"dtype": dtype, "shape": [2], "data_offsets": [0, n_bytes]}}
    text = json.dumps(header).encode()
    body = bytes(n_bytes) if data is None else data
    (folder / WEIGHTS_NAME).write_bytes(struct.pack("<Q", len(text)) + text + body)


def test_model_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    card, weights, digest = load_model(saved(tmp_path / "new" / "model"), "toy")
    assert card == CARD
    assert all(np.array_equal(weights[name], array) for name, array in WEIGHTS.items())
    assert len(digest) == 64
    assert n_numbers(weights) == 7


def test_half_precision_is_half_as_large_and_near(tmp_path: Path) -> None:
    big = {"a": np.random.default_rng(0).standard_normal((100, 100)).astype(np.float32)}
    save_model(tmp_path / "full", CARD, big)
    save_model(tmp_path / "half", CARD, big, in_half=True)
    sizes = [(tmp_path / name / WEIGHTS_NAME).stat().st_size for name in ("full", "half")]
    assert sizes[1] < 0.6 * sizes[0]
    weights = load_model(tmp_path / "half", "toy")[1]["a"]
    assert weights.dtype == np.float32
    assert np.abs(weights - big["a"]).max() < 2e-3


def test_digest_changes_with_weights_and_sizes_but_not_with_scores(tmp_path: Path) -> None:
    def digest(name: str, card: ModelCard, weights: dict[str, np.ndarray]) -> str:
        save_model(tmp_path / name, card, weights)
        return load_model(tmp_path / name, "toy")[2]

    first = digest("a", CARD, WEIGHTS)
    other_score = ModelCard("toy", {"width": 3}, {}, 9, {})
    other_size = ModelCard("toy", {"width": 4}, {"books": 2}, 5, {})
    assert digest("b", other_score, WEIGHTS) == first
    assert digest("c", other_size, WEIGHTS) != first
    assert digest("d", CARD, {**WEIGHTS, "b": WEIGHTS["b"] + 1}) != first


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_never_written(tmp_path: Path, bad: float) -> None:
    with pytest.raises(ModelError, match="weight b is not finite"):
        save_model(tmp_path / "m", CARD, {"b": np.array([bad])})
    assert not (tmp_path / "m").exists()


def test_weights_too_large_for_half_precision_are_never_written(tmp_path: Path) -> None:
    large = {"b": np.array([1e6], np.float32)}
    save_model(tmp_path / "full", CARD, large)
    with pytest.raises(ModelError, match="not finite in float16"):
        save_model(tmp_path / "half", CARD, large, in_half=True)


def test_saving_again_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    saved(tmp_path)
    save_model(tmp_path, CARD, {"c": np.ones(1)})
    assert set(load_model(tmp_path, "toy")[1]) == {"c"}
    assert sorted(p.name for p in tmp_path.iterdir()) == [CARD_NAME, WEIGHTS_NAME]


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelError, match="cannot write"):
        saved(tmp_path / "file" / "model")


def test_missing_parts_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model here"):
        load_model(tmp_path / "nothing", "toy")
    (saved(tmp_path) / WEIGHTS_NAME).unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(tmp_path, "toy")
    with pytest.raises(ModelError, match="a toy model, where a fusion model"):
        load_model(tmp_path, "fusion")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        "1" * 10_000,
        '{"format": 2}',
        '{"format": 1}',
        '{"format": 1, "kind": 3, "sizes": {}, "data": {}, "seed": 0, "scores": {}}',
        '{"format": 1, "kind": "toy", "sizes": [], "data": {}, "seed": 0, "scores": {}}',
    ],
)
def test_card_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (saved(tmp_path) / CARD_NAME).write_text(text)
    with pytest.raises(ModelError):
        read_card(tmp_path)


@pytest.mark.parametrize(
    ("dtype", "n_bytes"),
    [("BF16", 4), ("F8_E4M3", 2), ("I64", 16), ("BOOL", 2), ("C64", 16), ("U8", 2), ("XYZ", 2)],
)
def test_weights_of_another_type_are_refused(tmp_path: Path, dtype: str, n_bytes: int) -> None:
    raw(saved(tmp_path), dtype, n_bytes)
    with pytest.raises(ModelError, match=r"weights"):
        load_model(tmp_path, "toy")


@pytest.mark.parametrize("data", [b"", b"junk", b"\xff" * 200, struct.pack("<Q", 1 << 60)])
def test_damaged_weights_are_refused(tmp_path: Path, data: bytes) -> None:
    (saved(tmp_path) / WEIGHTS_NAME).write_bytes(data)
    with pytest.raises(ModelError, match="no usable weights"):
        load_model(tmp_path, "toy")


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    raw(saved(tmp_path), "F16", 4, np.array([0, np.nan], np.float16).tobytes())
    with pytest.raises(ModelError, match="not finite"):
        load_model(tmp_path, "toy")
    raw(tmp_path, "F64", 16, np.array([0, 1e300]).tobytes())  # no single precision number
    with pytest.raises(ModelError, match="not finite"):
        load_model(tmp_path, "toy")


def test_huge_files_and_files_that_are_none_are_not_read(tmp_path: Path) -> None:
    with (saved(tmp_path) / WEIGHTS_NAME).open("wb") as file:
        file.truncate(5_000_000_000)  # holds no blocks
    with pytest.raises(ModelError, match="larger than any"):
        load_model(tmp_path, "toy")
    (tmp_path / WEIGHTS_NAME).unlink()
    os.mkfifo(tmp_path / WEIGHTS_NAME)  # reading it would wait for ever
    with pytest.raises(ModelError, match="not a file"):
        load_model(tmp_path, "toy")
    with (tmp_path / CARD_NAME).open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(ModelError, match="larger than any"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"width": "3"},
        {"width": 3.5},
        {"width": None},
        {"width": 3, "bogus": 1},
        {"width": True},
    ],
)
def test_sizes_that_are_no_config_are_refused(tmp_path: Path, sizes: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="sizes"):
        sizes_of(Toy, ModelCard("toy", sizes, {}, 0, {}), tmp_path)


def test_sizes_have_defaults(tmp_path: Path) -> None:
    assert sizes_of(Toy, CARD, tmp_path) == Toy(3, 1)


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    shapes = {"a": (2, 2), "b": (3,)}
    require_shapes(tmp_path, WEIGHTS, shapes)
    for expected, message in (
        ({"a": (2, 2)}, "weight b belongs to no part"),
        ({**shapes, "c": (1,)}, "weight c is missing"),
        ({"a": (4,), "b": (3,)}, r"weight a is \(2, 2\), not \(4,\)"),
    ):
        with pytest.raises(ModelError, match=message):
            require_shapes(tmp_path, WEIGHTS, expected)
