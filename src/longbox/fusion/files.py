"""Fusion models on disk, with torch (to train on) and without (to use)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from longbox.features import TEXT_KINDS
from longbox.fusion.config import FusionConfig
from longbox.fusion.encoder import FusionEncoder
from longbox.fusion.tokens import N_RANKS
from longbox.model_files import ModelCard, load_model, require_shapes, save_model, sizes_of

if TYPE_CHECKING:
    from longbox.fusion.model import PanelFusion

KIND = "fusion"
SHIPPED = Path(__file__).parent / "weights"


def save_fusion(
    folder: Path,
    model: PanelFusion,
    data: Mapping[str, Any],
    seed: int,
    scores: Mapping[str, Any],
) -> None:
    """Write a model in half precision.

    Raises:
        ModelError: A weight is not finite, or the disk refuses.
    """
    weights = {n: t.detach().cpu().numpy() for n, t in model.state_dict().items()}
    card = ModelCard(KIND, asdict(model.config), dict(data), seed, dict(scores))
    save_model(folder, card, weights, in_half=True)


def open_fusion(folder: Path = SHIPPED) -> FusionEncoder:
    """Open a model to use, without torch.

    Raises:
        ModelError: It is missing or damaged.
    """
    config, weights, digest = _read(folder)
    return FusionEncoder(config, weights, f"fusion-{digest[:16]}")


def load_fusion(folder: Path = SHIPPED) -> PanelFusion:
    """Open a model to train on.

    Raises:
        ModelError: It is missing or damaged.
    """
    import torch

    from longbox.fusion.model import PanelFusion

    config, weights, _ = _read(folder)
    with torch.random.fork_rng(devices=[]):  # first values are drawn, and replaced
        model = PanelFusion(config)
    model.load_state_dict({n: torch.from_numpy(w.copy()) for n, w in weights.items()})
    return model


def _read(folder: Path) -> tuple[FusionConfig, dict[str, NDArray[np.float32]], str]:
    card, weights, digest = load_model(folder, KIND)
    config = sizes_of(FusionConfig, card, folder)
    require_shapes(folder, weights, _shapes(config))
    return config, weights, digest


def _shapes(config: FusionConfig) -> dict[str, tuple[int, ...]]:
    d, w = config.d_model, config.d_hidden
    inputs = {
        "picture": config.picture_size,
        "words": config.sentence_size,
        "place": config.composition_size,
    }
    shapes: dict[str, tuple[int, ...]] = {
        "fuse.gain": (4,),
        "fuse.gate.weight": (4, d),
        "fuse.gate.bias": (4,),
        "kind.weight": (w, len(TEXT_KINDS)),
        "rank.weight": (N_RANKS, w),
        "modality.weight": (4, w),
        "query": (w,),
        "norm.weight": (w,),
        "norm.bias": (w,),
        "out.weight": (d, w),
        "out.bias": (d,),
        "share": (d,),
    }
    for name, size in inputs.items():
        shapes |= {f"map_{name}.weight": (d, size), f"map_{name}.bias": (d,)}
        shapes |= {f"token_{name}.weight": (w, size), f"token_{name}.bias": (w,)}
    linear = {"qkv": (3 * w, w), "out": (w, w), "up": (2 * w, w), "down": (w, 2 * w)}
    for index in range(config.n_layers):
        for name, shape in linear.items():
            shapes[f"layers.{index}.{name}.weight"] = shape
            shapes[f"layers.{index}.{name}.bias"] = shape[:1]
        for norm in ("norm1", "norm2"):
            shapes[f"layers.{index}.{norm}.weight"] = (w,)
            shapes[f"layers.{index}.{norm}.bias"] = (w,)
    return shapes
