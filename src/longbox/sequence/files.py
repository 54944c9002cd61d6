"""Sequence models on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longbox.model_files import ModelCard, load_model, require_shapes, save_model, sizes_of
from longbox.sequence.config import SequenceConfig

if TYPE_CHECKING:
    from longbox.sequence.model import Stage4SequenceModel

KIND = "sequence"
SHIPPED = Path(__file__).parent / "weights"


def save_sequence(
    folder: Path,
    model: Stage4SequenceModel,
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


def load_sequence(folder: Path = SHIPPED) -> tuple[Stage4SequenceModel, str]:
    """Open a model, in evaluation mode, and its fingerprint.

    Raises:
        ModelError: It is missing or damaged.
    """
    import torch

    from longbox.sequence.model import Stage4SequenceModel

    card, weights, digest = load_model(folder, KIND)
    config = sizes_of(SequenceConfig, card, folder)
    large = _large_weights(config)  # first these: a card that lies costs no memory
    require_shapes(folder, {n: w for n, w in weights.items() if n in large}, large)
    with torch.random.fork_rng(devices=[]):  # first values are drawn, and replaced
        model = Stage4SequenceModel(config)
    require_shapes(folder, weights, {n: tuple(t.shape) for n, t in model.state_dict().items()})
    model.load_state_dict({n: torch.from_numpy(w.copy()) for n, w in weights.items()})
    return model.eval(), f"sequence-{digest[:16]}"


def _large_weights(config: SequenceConfig) -> dict[str, tuple[int, ...]]:
    """Return the shapes of weights that every size of a config shows in.

    Building the model on torch's "meta" device would tell all shapes without memory too, but that
    device loads the compiler of torch: two seconds and more in every process.
    """
    width, between = config.width, config.d_feedforward
    shapes: dict[str, tuple[int, ...]] = {
        "familiar_weight": (config.d_model,),
        "transformer.gap": (width,),
    }
    for part, n_layers in (("transformer", config.n_layers), ("book", config.n_book_layers)):
        for layer in range(n_layers):
            shapes[f"{part}.layers.{layer}.up.weight"] = (between, width)
            shapes[f"{part}.layers.{layer}.qkv.weight"] = (3 * width, width)
    return shapes
