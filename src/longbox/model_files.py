"""Trained models on disk: a folder with weights.safetensors and a card, config.json.

Weights are kept in half precision where asked and read in single. The card says what made them:
format number, kind of model, its sizes, data, seed, scores. A model folder may come from anywhere,
so both files are checked before use: kind and format, names and shapes, finite numbers.
"""

from __future__ import annotations

import hashlib
import json
import math
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMAT = 1
WEIGHTS_NAME = "weights.safetensors"
CARD_NAME = "config.json"
_MOST_BYTES = 4_000_000_000
_MOST_CARD_BYTES = 10_000_000
_FLOATS = ("float16", "float32", "float64")

Config = TypeVar("Config", bound="DataclassInstance")
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What made a model.

    Attributes:
        kind: fusion, sequence or closure-lite.
        sizes: The model's own config, as plain values.
        data: What it was trained on, in words and numbers.
        seed: Of the run.
        scores: On what, in names and numbers.
    """

    kind: str
    sizes: dict[str, Any]
    data: dict[str, Any]
    seed: int
    scores: dict[str, Any]


def save_model(folder: Path, card: ModelCard, weights: Arrays, *, in_half: bool = False) -> None:
    """Write a model, whole or not at all: the card last, and only a folder with a card is one.

    Raises:
        ModelError: A weight is not finite, or the disk refuses.
    """
    from safetensors.numpy import save

    dtype = np.float16 if in_half else np.float32
    with np.errstate(over="ignore"):  # what is too large for the file is told below
        ready = {n: np.asarray(a, dtype=dtype, order="C") for n, a in sorted(weights.items())}
    for name, array in ready.items():
        if not np.isfinite(array).all():
            raise ModelError(
                f"{folder}: weight {name} is not finite in {dtype.__name__}; train with a lower "
                f"rate"
            )
    text = json.dumps({"format": FORMAT, **asdict(card)}, indent=1) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CARD_NAME).unlink(missing_ok=True)
        for name, data in ((WEIGHTS_NAME, save(ready)), (CARD_NAME, text.encode())):
            partial = folder / f".{name}.partial"
            partial.write_bytes(data)
            partial.replace(folder / name)
    except OSError as error:
        raise ModelError(f"{folder}: cannot write the model ({error.strerror})") from error


def load_model(folder: Path, kind: str) -> tuple[ModelCard, dict[str, NDArray[np.float32]], str]:
    """Read a model: card, weights, and a digest of both.

    Raises:
        ModelError: It is missing, of another kind or format, or damaged; says which.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    card = read_card(folder)
    if card.kind != kind:
        raise ModelError(f"{folder}: a {card.kind} model, where a {kind} model is needed")
    path = folder / WEIGHTS_NAME
    try:
        data = _bytes_of(path, _MOST_BYTES)
        stored = load(data)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); train again") from error
    except (SafetensorError, ValueError, TypeError, KeyError) as error:  # KeyError: bfloat16 ...
        raise ModelError(f"{path}: no usable weights ({error}); train again") from error
    weights: dict[str, NDArray[np.float32]] = {}
    for name, array in stored.items():
        if array.dtype.name not in _FLOATS:
            raise ModelError(f"{path}: weight {name} is of {array.dtype.name}; train again")
        with np.errstate(over="ignore"):
            weights[name] = array.astype(np.float32)
        if not np.isfinite(weights[name]).all():
            raise ModelError(f"{path}: weight {name} is not finite; train again")
    sizes = json.dumps(card.sizes, sort_keys=True).encode()
    return card, weights, hashlib.sha256(data + sizes).hexdigest()


def read_card(folder: Path) -> ModelCard:
    """Read a model's card alone.

    Raises:
        ModelError: There is none, or it is no card of this format.
    """
    path = folder / CARD_NAME
    try:
        card = json.loads(_bytes_of(path, _MOST_CARD_BYTES))
    except OSError as error:
        raise ModelError(f"{folder}: no model here ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not readable as JSON; train again") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        found = card.get("format") if isinstance(card, dict) else None
        raise ModelError(f"{path}: format {found}, this version reads {FORMAT}")
    parts = {"kind": str, "sizes": dict, "data": dict, "seed": int, "scores": dict}
    for name, kind in parts.items():
        if not isinstance(card.get(name), kind):
            raise ModelError(f"{path}: {name!r} is missing or of the wrong type")
    return ModelCard(**{name: card[name] for name in parts})


def sizes_of(config_type: type[Config], card: ModelCard, folder: Path) -> Config:
    """Build a model's config from its card.

    Raises:
        ModelError: A size is unknown, of the wrong type or not allowed.
    """
    import msgspec

    unknown = sorted(card.sizes.keys() - {f.name for f in fields(config_type)})
    if unknown:
        raise ModelError(
            f"{folder / CARD_NAME}: sizes: {unknown[0]!r} is unknown to this version; use the "
            f"version that trained it, or train again"
        )
    try:
        return msgspec.convert(card.sizes, config_type)
    except msgspec.ValidationError as error:
        raise ModelError(f"{folder / CARD_NAME}: sizes: {error}") from error


def require_shapes(folder: Path, weights: Arrays, expected: Mapping[str, tuple[int, ...]]) -> None:
    """Check that weights are those of a model.

    Raises:
        ModelError: One is missing, too much, or of another shape.
    """
    missing, odd = expected.keys() - weights.keys(), weights.keys() - expected.keys()
    if missing or odd:
        name = sorted(missing or odd)[0]
        what = "is missing" if missing else "belongs to no part of the model"
        raise ModelError(f"{folder / WEIGHTS_NAME}: weight {name} {what}; train again")
    for name, shape in expected.items():
        if weights[name].shape != shape:
            raise ModelError(
                f"{folder / WEIGHTS_NAME}: weight {name} is {weights[name].shape}, not {shape}; "
                f"train again"
            )


def _bytes_of(path: Path, most: int) -> bytes:
    """Read a plain file that is not too large.

    Raises:
        OSError: It is missing or cannot be read.
        ModelError: It is no plain file, or larger than any of its kind.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(f"{path}: not a file; use another folder")
    if status.st_size > most:
        raise ModelError(f"{path}: larger than any model of Longbox; use another folder")
    return path.read_bytes()


def n_numbers(weights: Arrays) -> int:
    """Count the numbers of a model."""
    return sum(math.prod(a.shape) for a in weights.values())
