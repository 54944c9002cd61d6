"""A trained first version on disk: weights.safetensors and config.json in one folder.

Both files may come from anybody. Nothing is unpickled, the size of the weights is known from the
config before they are read, every key and shape is checked, and the fingerprint in the config is
that of the weights, so files of two models never pass for one. Each file is written under another
name and renamed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from longbox.closure_lite.config import READ_SPACES, ClosureLiteConfig, Input
from longbox.closure_lite.model import ClosureLiteSimple, fingerprint_of
from longbox.errors import ConfigError, ModelError

FORMAT = 1
KIND = "closure_lite"
_KEYS = frozenset({"format", "kind", "fingerprint", "config", "data", "seed", "scores"})
_LARGEST_CONFIG_BYTES = 1 << 20
_LARGEST_HEADER_BYTES = 1 << 16
_LONGEST_TEXT = 10_000
_SPACES = frozenset(space.value for space in READ_SPACES)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where weights come from.

    Attributes:
        data: What they were trained on, in words.
        seed: Of the run.
        scores: Name of a measure to its value.
    """

    data: str
    seed: int
    scores: Mapping[str, float]


def save(model: ClosureLiteSimple, folder: Path, provenance: Provenance) -> None:
    """Write a model in half precision; what the folder held before is replaced.

    Raises:
        ModelError: The folder cannot be written, or a weight is not finite.
    """
    from safetensors.torch import save as to_bytes

    weights = {n: w.detach().cpu().contiguous().half() for n, w in model.state_dict().items()}
    for name, values in weights.items():
        if not torch.isfinite(values).all():
            raise ModelError(f"{folder}: {name} is not finite in half precision; train again")
    card = {
        "format": FORMAT,
        "kind": KIND,
        "fingerprint": fingerprint_of(model.config, {n: w.float() for n, w in weights.items()}),
        "config": asdict(model.config),
        "data": provenance.data,
        "seed": provenance.seed,
        "scores": dict(provenance.scores),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / "weights.safetensors", to_bytes(weights))
        _replace(folder / "config.json", json.dumps(card, indent=1).encode())
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror})") from error


def load(folder: Path) -> tuple[ClosureLiteSimple, Provenance]:
    """Read a model back, ready for use (not in training mode).

    Raises:
        ModelError: A file is missing, damaged, of another format, or does not fit the other.
    """
    path = folder / "config.json"
    card = _read_card(path)
    model = ClosureLiteSimple(_config(path, card["config"]))
    model.load_state_dict(_read_weights(folder / "weights.safetensors", model))
    if model.fingerprint != card["fingerprint"]:
        raise ModelError(f"{folder}: the weights are not those that config.json names; train again")
    return model.eval(), _provenance(path, card)


def _replace(path: Path, contents: bytes) -> None:
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(contents)
    unfinished.replace(path)


def _read_card(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_CONFIG_BYTES:
            raise ModelError(f"{path}: too large for a model's config")
        card = json.loads(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); train the model") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: is not JSON; train the model again") from error
    if not isinstance(card, dict) or card.get("kind") != KIND or card.get("format") != FORMAT:
        raise ModelError(f"{path}: is no {KIND} model of format {FORMAT}; train it again")
    _require_keys(path, card, _KEYS)
    if not isinstance(card["fingerprint"], str):
        raise ModelError(f"{path}: fingerprint is no text")
    return card


def _require_keys(path: Path, given: Mapping[str, Any], wanted: frozenset[str]) -> None:
    wrong = sorted({str(key)[:40] for key in given} ^ wanted)
    if wrong:
        raise ModelError(f"{path}: unknown or missing: {', '.join(wrong[:5])}; train it again")


def _config(path: Path, given: Any) -> ClosureLiteConfig:
    names = frozenset(f.name for f in fields(ClosureLiteConfig))
    if not isinstance(given, dict):
        raise ModelError(f"{path}: config is no table")
    _require_keys(path, given, names)
    values: dict[str, Any] = {
        name: _input(path, value) if name in _SPACES else _number(path, name, value)
        for name, value in given.items()
    }
    for name in ("d", "n_heads"):
        values[name] = _whole(path, name, given[name])
    try:
        return ClosureLiteConfig(**values)
    except ConfigError as error:
        raise ModelError(f"{path}: {error}") from error


def _input(path: Path, given: Any) -> Input:
    if not isinstance(given, dict):
        raise ModelError(f"{path}: an encoder is no table")
    _require_keys(path, given, frozenset({"fingerprint", "dimension"}))
    name = given["fingerprint"]
    if not isinstance(name, str) or len(name) > _LONGEST_TEXT:
        raise ModelError(f"{path}: an encoder's fingerprint is no text")
    try:
        return Input(name, _whole(path, "dimension", given["dimension"]))
    except ConfigError as error:
        raise ModelError(f"{path}: {error}") from error


def _whole(path: Path, name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 1 << 62:
        raise ModelError(f"{path}: {name} is no whole number")
    return value


def _number(path: Path, name: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > 1e9:
        raise ModelError(f"{path}: {str(name)[:40]} is no number")
    if not math.isfinite(value):
        raise ModelError(f"{path}: {str(name)[:40]} is not finite")
    return float(value)


def _provenance(path: Path, card: Mapping[str, Any]) -> Provenance:
    data, scores = card["data"], card["scores"]
    if not isinstance(data, str) or len(data) > _LONGEST_TEXT or not isinstance(scores, dict):
        raise ModelError(f"{path}: data or scores are of the wrong type")
    checked = {str(name): _number(path, name, value) for name, value in scores.items()}
    return Provenance(data, _whole(path, "seed", card["seed"]), checked)


def _read_weights(path: Path, model: ClosureLiteSimple) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    wanted = model.state_dict()
    n_bytes = sum(w.numel() * w.element_size() for w in wanted.values())
    try:
        if path.stat().st_size > n_bytes + _LARGEST_HEADER_BYTES:
            raise ModelError(f"{path}: larger than its config says; train the model again")
        weights: dict[str, torch.Tensor] = from_bytes(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); train the model") from error
    except SafetensorError as error:
        raise ModelError(f"{path}: damaged weights; train the model again") from error
    _require_keys(path, weights, frozenset(wanted))
    for name, w in weights.items():
        if w.shape != wanted[name].shape or w.dtype != torch.float16:
            raise ModelError(f"{path}: {name} is {tuple(w.shape)}, the config makes it otherwise")
        if not torch.isfinite(w).all():
            raise ModelError(f"{path}: {name} is not finite")
    return {name: w.float() for name, w in weights.items()}
