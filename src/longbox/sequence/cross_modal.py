"""Cross-modal attention: panels in their sequence see every modality of every panel.

The alternative to reading fused vectors alone (`SequenceConfig.reads = Input.MODALITIES`). Maps of
stage 3 place each modality in the common space (`FusionEncoder.modality_vectors`); here every one
that is known becomes a token with its panel's position and its modality's name, and before each
layer of the transformer the panels attend over all of them.

Choices a reader would question:
- One set of weights serves before every layer: real training data is scarce.
- A learned bias ties a panel to its own modalities, so that they are told apart where positions are
  left out (reading order).
- What is added has a share that begins small, and is nothing for a panel that sees no modality, so
  without any the model is the one that reads fused vectors.
- The modalities of a gap are hidden, as its fused vector is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from longbox.errors import ModelError
from longbox.sequence.config import Input, SequenceConfig

N_MODALITIES = 4
_FIRST_SHARE = 0.1
_FAR = -1e9


@dataclass(frozen=True, slots=True, eq=False)
class ModalityVectors:
    """The modalities of B sequences of L panels: vision, text, description, composition.

    Attributes:
        vectors: Unit vectors of stage 3's common space, float32 (B, L, 4, D).
        mask: True where a modality is known, bool (B, L, 4).

    Raises:
        ModelError: The shapes do not fit.
    """

    vectors: Tensor
    mask: Tensor

    def __post_init__(self) -> None:
        if self.vectors.shape[:-1] != self.mask.shape or self.mask.shape[2:] != (N_MODALITIES,):
            raise ModelError(
                f"modalities: vectors {tuple(self.vectors.shape)} and mask "
                f"{tuple(self.mask.shape)} do not fit {N_MODALITIES} of each panel"
            )


@dataclass(frozen=True, slots=True, eq=False)
class ModalityTokens:
    """What panels attend over.

    Attributes:
        tokens: (B, 4 L, W), panel after panel.
        seen: Which panel sees which token, bool (B, 1, L, 4 L).
        is_own: Which token is of which panel, bool (L, 4 L).
    """

    tokens: Tensor
    seen: Tensor
    is_own: Tensor


class CrossModal(nn.Module):
    """Attention of panels over modality tokens."""

    def __init__(self, config: SequenceConfig) -> None:
        super().__init__()
        d, width = config.d_model, config.width
        self.n_heads = config.n_heads
        self.map = nn.Linear(d, width)
        self.names = nn.Parameter(torch.randn(N_MODALITIES, width) * 0.02)
        self.norm, self.norm_tokens = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key_value = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.own = nn.Parameter(torch.ones(config.n_heads))
        self.share = nn.Parameter(torch.full((width,), _FIRST_SHARE))
        self.drop = nn.Dropout(config.dropout)

    def tokens_of(
        self, modalities: ModalityVectors, shown: Tensor, places: Tensor | None, *, is_causal: bool
    ) -> ModalityTokens:
        """Make the tokens of a batch of sequences.

        Args:
            modalities: Of its panels.
            shown: Panels whose modalities may be seen: known and no gap, bool (B, L).
            places: Positions of the panels, encoded, (B, L, W); None for a set.
            is_causal: Every panel sees only the modalities of itself and of those before it.
        """
        b, n, m, d = modalities.vectors.shape
        known = modalities.mask & shown[..., None]
        vectors = modalities.vectors.masked_fill(~known[..., None], 0.0) * math.sqrt(d)
        tokens = self.map(vectors) + self.names * math.sqrt(self.names.shape[1])
        if places is not None:
            tokens = tokens + places[:, :, None]
        panels = torch.arange(n, device=tokens.device)
        of_token = panels.repeat_interleave(m)
        seen = known.view(b, 1, 1, n * m).expand(b, 1, n, n * m)
        if is_causal:
            seen = seen & (of_token[None] <= panels[:, None])
        flat = self.norm_tokens(tokens.reshape(b, n * m, -1))
        return ModalityTokens(flat, seen, of_token[None] == panels[:, None])

    def forward(self, x: Tensor, found: ModalityTokens) -> Tensor:
        """Let panels see modalities: (B, L, W) -> (B, L, W), to be added to x."""
        b, n, width = x.shape
        size = width // self.n_heads
        q = self.query(self.norm(x)).view(b, n, self.n_heads, size).transpose(1, 2)
        pairs = self.key_value(found.tokens).view(b, -1, 2, self.n_heads, size)
        k, v = pairs.permute(2, 0, 3, 1, 4)  # each (B, heads, 4 L, W / heads)
        scores = q @ k.transpose(-1, -2) / math.sqrt(size)
        scores = scores + self.own[:, None, None] * found.is_own
        weights = scores.masked_fill(~found.seen, _FAR).softmax(dim=-1)
        gathered = (weights @ v).transpose(1, 2).reshape(b, n, width)
        sees_any = found.seen[:, 0].any(dim=-1)[..., None]  # (B, L, 1)
        added: Tensor = self.drop(self.share * self.out(gathered)) * sees_any
        return added


def cross_modal_of(config: SequenceConfig) -> CrossModal | None:
    """Return the module of a model that reads modalities; None for one that does not."""
    return CrossModal(config) if config.reads == Input.MODALITIES else None


def require_input(
    config: SequenceConfig, panels: Tensor, modalities: ModalityVectors | None
) -> None:
    """Refuse sequences that lack what the model reads, or bring what it does not.

    Raises:
        ModelError: Says which.
    """
    reads = config.reads == Input.MODALITIES
    if reads != (modalities is not None):
        raise ModelError(
            "this sequence model reads the modalities of panels, and was given fused vectors alone"
            if reads
            else "this sequence model reads fused vectors alone, and was given modalities"
        )
    expected = (*panels.shape[:2], N_MODALITIES, panels.shape[2])
    if modalities is not None and tuple(modalities.vectors.shape) != expected:
        raise ModelError(
            f"modalities {tuple(modalities.vectors.shape)} do not fit panels {tuple(panels.shape)}"
        )
