"""Small sequence models, untrained and as if trained, for these tests."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from longbox.sequence import ModalityVectors, SequenceConfig, Stage4SequenceModel

D = 32


def config_of(**options: Any) -> SequenceConfig:
    sizes = {"d_model": D, "n_layers": 2, "n_heads": 4, "d_feedforward": 64}
    return SequenceConfig("fusion-test", **(sizes | options))


def model_of(seed: int = 0, *, is_trained: bool = True, **options: Any) -> Stage4SequenceModel:
    """Return a model whose every weight says something, as after training, or a fresh one."""
    torch.manual_seed(seed)
    model = Stage4SequenceModel(config_of(**options)).eval()
    if is_trained:
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(torch.randn_like(weight) * 0.1)
    return model


def panels_of(b: int, n: int, seed: int = 0) -> Tensor:
    """Draw unit vectors (B, L, D)."""
    generator = torch.Generator().manual_seed(seed)
    return normalize(torch.randn(b, n, D, generator=generator), dim=-1)


def everywhere(b: int, n: int) -> Tensor:
    return torch.ones(b, n, dtype=torch.bool)


def gap_at(b: int, n: int, *places: int) -> Tensor:
    """Mark one place of each sequence."""
    gap = torch.zeros(b, n, dtype=torch.bool)
    gap[torch.arange(b), list(places)] = True
    return gap


def modalities_of(b: int, n: int, seed: int = 1, share: float = 0.7) -> ModalityVectors:
    generator = torch.Generator().manual_seed(seed)
    vectors = normalize(torch.randn(b, n, 4, D, generator=generator), dim=-1)
    mask = torch.rand(b, n, 4, generator=generator) < share
    return ModalityVectors(vectors * mask[..., None], mask)
