"""Stage 3 in torch: any non-empty subset of a panel's modalities becomes one unit vector.

Two parts are added. Gated fusion (the first seed's GatedFusion, with presence flags): every
modality is mapped linearly into the common space, and gates that see which modalities are there
weigh them; its maps begin as rotations of the encoders' own spaces, so before any training a
fused vector already is as good as its modalities' cosines, and an image-only query differs from
image to image (fact 11). Attention over the tokens learns what the modalities say together; its
share begins small. What is absent is masked in both, never read as zeros.

The same forward pass without torch is in longbox.fusion.encoder; the tests hold them together.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from longbox.features import TEXT_KINDS
from longbox.fusion.config import FusionConfig
from longbox.fusion.tokens import N_RANKS, Tokens

N_MODALITIES = 4
_FIRST_SHARE = 0.1
_LEAST = 1e-6


class GatedFusion(nn.Module):
    """Weighs modality vectors by gates that know which are present."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(N_MODALITIES))
        self.gate = nn.Linear(d_model, N_MODALITIES)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)
        with torch.no_grad():
            self.gain.copy_(torch.tensor([0.0, 0.0, 0.0, -1.5]))  # place counts little at first

    def forward(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Add up unit vectors.

        Args:
            vectors: (B, 4, D), zero where absent.
            present: bool (B, 4).

        Returns:
            (B, D), not of unit length.
        """
        own = torch.diagonal(self.gate(vectors), dim1=1, dim2=2)  # (B, 4)
        logits = (self.gain + torch.tanh(own)).masked_fill(~present, -1e9)
        weights = torch.softmax(logits, dim=1) * present
        return (weights[..., None] * vectors).sum(dim=1)


class TokenLayer(nn.Module):
    """One pre-norm layer of attention over a panel's tokens."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.n_heads = n_heads

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        """Let every token see the present ones: (B, M, W) -> (B, M, W)."""
        b, m, w = x.shape
        qkv = self.qkv(self.norm1(x)).view(b, m, 3, self.n_heads, w // self.n_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, heads, M, W / heads)
        seen = nn.functional.scaled_dot_product_attention(q, k, v, present[:, None, None])
        x = x + self.out(seen.transpose(1, 2).reshape(b, m, w))
        out: Tensor = x + self.down(nn.functional.gelu(self.up(self.norm2(x))))
        return out


class PanelFusion(nn.Module):
    """Tokens of panels to fused vectors."""

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        self.config = config
        d, w = config.d_model, config.d_hidden
        self.map_picture = nn.Linear(config.picture_size, d)
        self.map_words = nn.Linear(config.sentence_size, d)
        self.map_place = nn.Linear(config.composition_size, d)
        self.fuse = GatedFusion(d)
        self.token_picture = nn.Linear(config.picture_size, w)
        self.token_words = nn.Linear(config.sentence_size, w)
        self.token_place = nn.Linear(config.composition_size, w)
        self.kind = nn.Linear(len(TEXT_KINDS), w, bias=False)
        self.rank = nn.Embedding(N_RANKS, w)
        self.modality = nn.Embedding(N_MODALITIES, w)
        self.query = nn.Parameter(torch.randn(w) * 0.02)
        self.layers = nn.ModuleList(TokenLayer(w, config.n_heads) for _ in range(config.n_layers))
        self.norm = nn.LayerNorm(w)
        self.out = nn.Linear(w, d)
        self.share = nn.Parameter(torch.full((d,), _FIRST_SHARE / d**0.5))

    def forward(self, tokens: TokenTensors) -> Tensor:
        """Fuse panels.

        Returns:
            Unit vectors (B, D); zero for a panel of which nothing is present.
        """
        has = tokens.has_modality
        total = self.fuse(self.modality_vectors(tokens), has)
        if len(self.layers):
            total = total + self.share * self._attended(tokens)
        return normalize(total, dim=1, eps=_LEAST) * has.any(dim=1, keepdim=True)

    def modality_vectors(self, tokens: TokenTensors) -> Tensor:
        """Place each modality in the common space: unit vectors (B, 4, D), zero where absent."""
        n_words = tokens.text.shape[1]
        present = tokens.present
        has_words = present[:, 1 : 1 + n_words]
        texts = self.map_words(tokens.text) * has_words[..., None]
        mapped = torch.stack(
            [
                self.map_picture(tokens.vision),
                texts.sum(dim=1) / has_words.sum(dim=1, keepdim=True).clamp(min=1),
                self.map_words(tokens.description),
                self.map_place(tokens.composition),
            ],
            dim=1,
        )  # (B, 4, D)
        return normalize(mapped, dim=2, eps=_LEAST) * tokens.has_modality[..., None]

    def _attended(self, tokens: TokenTensors) -> Tensor:
        words = self.token_words(tokens.text) + self.kind(tokens.kinds) + self.rank(tokens.ranks)
        name = self.modality.weight
        query = self.query.expand(len(tokens.vision), 1, -1)
        x = torch.cat(
            [
                query,
                (self.token_picture(tokens.vision) + name[0])[:, None],
                words + name[1],
                (self.token_words(tokens.description) + name[2])[:, None],
                (self.token_place(tokens.composition) + name[3])[:, None],
            ],
            dim=1,
        )  # (B, 1 + M, W)
        present = torch.cat([torch.ones_like(tokens.present[:, :1]), tokens.present], dim=1)
        for layer in self.layers:
            x = layer(x, present)
        attended: Tensor = self.out(self.norm(x[:, 0]))
        return attended

    @torch.no_grad()
    def begin_from(self, pictures: NDArray[np.float32], sentences: NDArray[np.float32]) -> None:
        """Begin as a rotation of the encoders' spaces, centred.

        Picture and words each get their own part of the space, as many directions as fit, the
        strongest first; where both do not fit, words lose their weakest directions.

        Args:
            pictures: Vectors of many panels (N, Dv).
            sentences: Vectors of many texts (N, Dt).
        """
        d = self.config.d_model
        n_pictures = min(self.config.picture_size, d // 2)
        _begin(self.map_picture, pictures, 0, n_pictures)
        _begin(self.map_words, sentences, n_pictures, d - n_pictures)


class TokenTensors:
    """Tokens on a device; the same fields as Tokens."""

    __slots__ = Tokens.__slots__

    vision: Tensor
    text: Tensor
    kinds: Tensor
    ranks: Tensor
    description: Tensor
    composition: Tensor
    present: Tensor

    def __init__(self, **fields: Tensor) -> None:
        for name, value in fields.items():
            setattr(self, name, value)

    @classmethod
    def of(cls, tokens: Tokens, device: torch.device | str = "cpu") -> TokenTensors:
        """Move tokens to a device."""
        return cls(**{f: torch.from_numpy(getattr(tokens, f)).to(device) for f in Tokens.__slots__})

    def to(self, device: torch.device) -> TokenTensors:
        """Move them to another device."""
        return TokenTensors(**{f: getattr(self, f).to(device) for f in self.__slots__})

    def at(self, rows: Tensor) -> TokenTensors:
        """Return some of the panels: int64 (N,)."""
        return TokenTensors(**{f: getattr(self, f)[rows] for f in self.__slots__})

    @property
    def has_modality(self) -> Tensor:
        """Which of vision, text, description, composition a panel shows, bool (B, 4)."""
        here = self.present
        return torch.stack([here[:, 0], here[:, 1:-2].any(dim=1), here[:, -2], here[:, -1]], dim=1)

    def showing(self, present: Tensor) -> TokenTensors:
        """Return the same panels with fewer tokens present: bool (B, M)."""
        fields = {f: getattr(self, f) for f in self.__slots__}
        return TokenTensors(**(fields | {"present": self.present & present}))


def _begin(layer: nn.Linear, vectors: NDArray[np.float32], first: int, n: int) -> None:
    mean = vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(vectors - mean, full_matrices=False)
    kept = directions[: min(n, len(directions))]
    weight = np.zeros((layer.out_features, layer.in_features), np.float32)
    weight[first : first + len(kept)] = kept
    layer.weight.copy_(torch.from_numpy(weight))
    layer.bias.copy_(torch.from_numpy(-weight @ mean))
