"""Panels in their sequence: positions, the transformer, the strip query, the mask for gaps.

Choices a reader would question:
- The transformer's output is added to its input, with a share that begins small. So before training
  a panel in context is the panel, a gap is the mean of the panels around it, nearer ones counting
  more, and every task begins where the cosines of stage 3 leave off (facts.md: a transformer from
  nothing on few samples falls far below the cosine).
- Positions are sinusoids, computed for any length, so no sequence is cut at 16 panels. They count
  from the window's first panel; long books are read in windows that overlap (longbox.learning).
- A panel that nothing is known of, and padding, are False in the mask and never attended to.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, normalize, scaled_dot_product_attention

from longbox.sequence.config import SequenceConfig
from longbox.sequence.cross_modal import ModalityVectors, cross_modal_of, require_input

_FIRST_SHARE = 0.5
_FAR = -1e9


class PositionalEncoding(nn.Module):
    """Sinusoids of panel positions (Vaswani et al. 2017, section 3.5), of any length."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        rates = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        self.register_buffer("rates", rates, persistent=False)

    rates: Tensor

    def forward(self, positions: Tensor) -> Tensor:
        """Encode positions: (B, L) -> (B, L, D)."""
        angles = positions[..., None].float() * self.rates
        return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


class PanelLayer(nn.Module):
    """One pre-norm encoder layer; gives its attention weights when asked."""

    def __init__(self, config: SequenceConfig) -> None:
        super().__init__()
        d, wide = config.width, config.d_feedforward
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, wide), nn.Linear(wide, d)
        self.drop = nn.Dropout(config.dropout)
        self.n_heads = config.n_heads

    def forward(self, x: Tensor, seen: Tensor, weights: list[Tensor] | None = None) -> Tensor:
        """Attend.

        Args:
            x: (B, L, D).
            seen: Which panel sees which, bool (B, 1, L or 1, L).
            weights: Where given, this layer's attention (B, heads, L, L) is appended.
        """
        b, n, d = x.shape
        qkv = self.qkv(self.norm1(x)).view(b, n, 3, self.n_heads, d // self.n_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, heads, L, D / heads)
        if weights is None:
            found = scaled_dot_product_attention(q, k, v, seen)
        else:
            scores = (q @ k.transpose(-1, -2)) / math.sqrt(d // self.n_heads)
            attention = scores.masked_fill(~seen, _FAR).softmax(dim=-1)
            weights.append(attention)
            found = attention @ v
        x = x + self.drop(self.out(found.transpose(1, 2).reshape(b, n, d)))
        fed: Tensor = x + self.drop(self.down(gelu(self.up(self.norm2(x)))))
        return fed


class PanelSequenceTransformer(nn.Module):
    """Adds context to panel vectors."""

    def __init__(self, config: SequenceConfig) -> None:
        super().__init__()
        d, width = config.d_model, config.width
        self.config = config
        self.positions = PositionalEncoding(width)
        self.narrow = nn.Linear(d, width) if width != d else nn.Identity()
        self.gap = nn.Parameter(torch.randn(width) * 0.02)
        self.layers = nn.ModuleList(PanelLayer(config) for _ in range(config.n_layers))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, d)
        self.share = nn.Parameter(torch.full((d,), _FIRST_SHARE / math.sqrt(d)))
        self.nearness = nn.Parameter(torch.tensor([0.3, 0.3]))  # to panels before and after
        self.cross_modal = cross_modal_of(config)

    def forward(  # noqa: PLR0913 (what is read, and how)
        self,
        panels: Tensor,
        mask: Tensor,
        gap: Tensor | None = None,
        *,
        is_causal: bool = False,
        has_order: bool = True,
        attention: list[Tensor] | None = None,
        modalities: ModalityVectors | None = None,
    ) -> Tensor:
        """Read a sequence.

        Args:
            panels: Fused vectors, unit length (B, L, D).
            mask: True where a panel is known, bool (B, L).
            gap: True where a panel is asked for, bool (B, L); its vector is not read.
            is_causal: Every panel sees only itself and those before it.
            has_order: False leaves positions out: the panels are a set.
            attention: Where given, every layer's weights (B, heads, L, L) are appended.
            modalities: Of the panels, for a model that reads them; a gap's are not read.

        Returns:
            (B, L, D), not of unit length; zero outside mask and gap.

        Raises:
            ModelError: The model reads modalities and was given none, or the other way round.
        """
        require_input(self.config, panels, modalities)
        b, n, _ = panels.shape
        wanted = mask if gap is None else mask | gap
        base = panels * mask[..., None]
        if gap is not None:
            around = self.around(panels, mask & ~gap, is_causal=is_causal)
            base = torch.where(gap[..., None], around, base)
        x = self._read(panels, gap) * wanted[..., None]
        places = None
        if has_order:
            places = self.positions(torch.arange(n, device=panels.device).expand(b, n))
            x = x + places
        tokens = None
        if self.cross_modal is not None and modalities is not None:
            shown = mask if gap is None else mask & ~gap
            tokens = self.cross_modal.tokens_of(modalities, shown, places, is_causal=is_causal)
        seen = wanted[:, None, None, :].expand(b, 1, n, n)
        if is_causal:
            seen = seen & torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
        seen = seen | torch.eye(n, dtype=torch.bool, device=x.device)  # no row without a key
        for layer in self.layers:
            if self.cross_modal is not None and tokens is not None:
                x = x + self.cross_modal(x, tokens)
            x = layer(x, seen, attention)
        contextual: Tensor = base + self.share * self.out(self.norm(x))
        return contextual * wanted[..., None]

    def _read(self, panels: Tensor, gap: Tensor | None) -> Tensor:
        """Scale unit vectors to the size of positions; a gap is its own token."""
        scaled: Tensor = self.narrow(panels * math.sqrt(self.config.d_model))
        if gap is None:
            return scaled
        token = self.gap * math.sqrt(self.config.width)
        return torch.where(gap[..., None], token, scaled)

    def around(self, panels: Tensor, mask: Tensor, *, is_causal: bool = False) -> Tensor:
        """Return for every place the unit mean of the other known panels, nearer ones more.

        Args:
            panels: (B, L, D).
            mask: bool (B, L).
            is_causal: Only the panels up to and with the place itself.
        """
        n = panels.shape[1]
        places = torch.arange(n, device=panels.device)
        ahead = places[None] - places[:, None]  # (L, L): how far j is after i
        rate = self.nearness.abs()
        score = torch.where(ahead > 0, -rate[1] * ahead, rate[0] * ahead)
        allowed = mask[:, None, :] & ((ahead <= 0) if is_causal else (ahead != 0))
        weights = score.expand(len(panels), n, n).masked_fill(~allowed, _FAR).softmax(dim=-1)
        return normalize((weights * allowed) @ panels, dim=-1)
