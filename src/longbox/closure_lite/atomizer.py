"""One vector a panel from picture, text and composition: the first version's PanelAtomizerLite.

As the seed has it: a projection behind each frozen encoder, a small network for composition, and
gates that mix the three. What is different, and why:
- a missing modality gets no gate and is not encoded at all, and the gates are told which are there
  (fact 11: with zeros in their place, the constant drowned the picture);
- the result has unit length, so that what is stored is what the heads read;
- biases of the two projections start at zero: the encoders' vectors have length 1, and beside them
  the usual random bias would be half of every vector, the same half for all panels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from longbox.closure_lite.config import READ_SPACES, ClosureLiteConfig
from longbox.closure_lite.inputs import PanelInputs

_COMPOSITION_WIDTH = 256


class CompositionEncoder(nn.Module):
    """Composition features (M, C) to (M, D)."""

    def __init__(self, n_features: int, d: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(n_features, _COMPOSITION_WIDTH), nn.ReLU(), nn.Linear(_COMPOSITION_WIDTH, d)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Encode composition."""
        encoded: Tensor = self.mlp(features)
        return encoded


class GatedFusion(nn.Module):
    """Mixes three vectors with gates that add up to 1 over those that are there."""

    def __init__(self, d: int) -> None:
        super().__init__()
        n = len(READ_SPACES)
        self.gate = nn.Linear(n * d + n, n)

    def gates(self, parts: Tensor, present: Tensor) -> Tensor:
        """Return how much each part counts, float32 (M, 3); 0 where it is not there."""
        seen = parts.masked_fill(~present[:, :, None], 0.0)
        flags = present.to(parts.dtype)
        logits: Tensor = self.gate(torch.cat([seen.flatten(1), flags], dim=1))
        return logits.masked_fill(~present, -torch.inf).softmax(dim=1)

    def forward(self, parts: Tensor, present: Tensor) -> Tensor:
        """Mix.

        Args:
            parts: Picture, text, composition, float32 (M, 3, D); anything where not present.
            present: bool (M, 3), at least one a row.

        Returns:
            float32 (M, D).
        """
        seen = parts.masked_fill(~present[:, :, None], 0.0)
        return (self.gates(parts, present)[:, :, None] * seen).sum(dim=1)


class PanelAtomizerLite(nn.Module):
    """Picture, text and composition of panels to one vector each."""

    def __init__(self, config: ClosureLiteConfig) -> None:
        super().__init__()
        self.vision = nn.Linear(config.vision.dimension, config.d)
        self.text = nn.Linear(config.text.dimension, config.d)
        nn.init.zeros_(self.vision.bias)
        nn.init.zeros_(self.text.bias)
        self.comp = CompositionEncoder(config.composition.dimension, config.d)
        self.fuse = GatedFusion(config.d)

    def parts(self, panels: PanelInputs) -> Tensor:
        """Encode what each panel has, float32 (M, 3, D); zero where it lacks a modality."""
        encoded = (
            _encode_present(self.vision, panels.vision, panels.present[:, 0]),
            _encode_present(self.text, panels.text, panels.present[:, 1]),
            _encode_present(self.comp, panels.composition, panels.present[:, 2]),
        )
        return torch.stack(encoded, dim=1)

    def fused(self, parts: Tensor, present: Tensor) -> Tensor:
        """Mix encoded parts, unit length, float32 (M, D); zero where a panel has nothing."""
        rows = torch.nonzero(present.any(dim=1)).flatten()
        mixed = functional.normalize(self.fuse(parts[rows], present[rows]), dim=1)
        nothing = parts.new_zeros(len(parts), parts.shape[2])
        return nothing.index_copy(0, rows, mixed)

    def forward(self, panels: PanelInputs) -> Tensor:
        """Return one vector a panel, unit length, float32 (M, D)."""
        return self.fused(self.parts(panels), panels.present)


def _encode_present(encoder: nn.Module, inputs: Tensor, present: Tensor) -> Tensor:
    rows = torch.nonzero(present).flatten()
    encoded: Tensor = encoder(inputs[rows])
    return encoded.new_zeros(len(inputs), encoded.shape[1]).index_copy(0, rows, encoded)
