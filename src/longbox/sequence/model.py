"""Stage4SequenceModel: the panel transformer, its strip query, the level above, and the heads."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from longbox.sequence.config import SequenceConfig
from longbox.sequence.cross_modal import ModalityVectors
from longbox.sequence.heads import (
    CaptionRelevanceHead,
    CharacterCoherenceHead,
    ClosureHead,
    PanelPickingHead,
    ReadingOrderHead,
    TextClozeHead,
)
from longbox.sequence.transformer import PanelLayer, PanelSequenceTransformer, PositionalEncoding

_FIRST_SHARE = 0.1
ANCHORED = (
    "panel_picking",
    "visual_closure",
    "text_closure",
    "caption_relevance",
    "text_cloze",
)


class StripQuery(nn.Module):
    """Sums a strip up by attention of one learned query over its panels in context."""

    def __init__(self, config: SequenceConfig) -> None:
        super().__init__()
        d, width = config.d_model, config.width
        self.query = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.narrow = nn.Linear(d, width) if width != d else nn.Identity()
        self.norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, config.n_heads, batch_first=True)
        self.out = nn.Linear(width, d) if width != d else nn.Identity()
        self.share = nn.Parameter(torch.full((d,), _FIRST_SHARE / math.sqrt(d)))

    def forward(self, panels: Tensor, mask: Tensor) -> Tensor:
        """Sum up: (B, L, D), bool (B, L) -> unit vectors (B, D); zero without any panel."""
        known = mask.any(dim=1, keepdim=True)
        keys = self.norm(self.narrow(panels * math.sqrt(panels.shape[-1])))
        hidden = ~(mask | ~known)  # a strip without panels attends to padding, and is zeroed below
        query = self.query.expand(len(panels), 1, -1)
        # As key_padding_mask it would be the same, but torch checks that with its compiler's tools,
        # whose import takes a second.
        heads = self.attention.num_heads
        unseen = hidden.repeat_interleave(heads, dim=0)[:, None]  # (B * heads, 1, L)
        found, _ = self.attention(query, keys, keys, attn_mask=unseen, need_weights=False)
        n = mask.sum(dim=1, keepdim=True).clamp(min=1)
        mean = normalize((panels * mask[..., None]).sum(dim=1) / n, dim=-1)
        return normalize(mean + self.share * self.out(found[:, 0]), dim=-1) * known


class BookTransformer(nn.Module):
    """The level above: pages of a book in their order, from their strip vectors."""

    def __init__(self, config: SequenceConfig) -> None:
        super().__init__()
        d, width = config.d_model, config.width
        self.positions = PositionalEncoding(width)
        self.narrow = nn.Linear(d, width) if width != d else nn.Identity()
        self.hidden = nn.Parameter(torch.randn(width) * 0.02)
        self.layers = nn.ModuleList(PanelLayer(config) for _ in range(config.n_book_layers))
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, d)
        self.share = nn.Parameter(torch.full((d,), _FIRST_SHARE / math.sqrt(d)))

    def forward(self, strips: Tensor, mask: Tensor, hidden: Tensor | None = None) -> Tensor:
        """Add the book to its pages.

        Args:
            strips: Unit vectors (B, P, D).
            mask: bool (B, P).
            hidden: Pages to be guessed from the others, bool (B, P).

        Returns:
            Unit vectors (B, P, D), zero outside the mask.
        """
        size = math.sqrt(strips.shape[-1])
        base, read = strips, self.narrow(strips * size)
        if hidden is not None:
            others = (strips * (mask & ~hidden)[..., None]).sum(dim=1, keepdim=True)
            base = torch.where(hidden[..., None], normalize(others, dim=-1), base)
            token = self.hidden * math.sqrt(self.hidden.shape[0])
            read = torch.where(hidden[..., None], token, read)
        n = strips.shape[1]
        places = torch.arange(n, device=strips.device).expand(len(strips), n)
        x = read * mask[..., None] + self.positions(places)
        itself = torch.eye(n, dtype=torch.bool, device=x.device)
        seen = mask[:, None, None, :].expand(-1, 1, n, n) | itself
        for layer in self.layers:
            x = layer(x, seen)
        return normalize(base + self.share * self.out(self.norm(x)), dim=-1) * mask[..., None]


class Stage4SequenceModel(nn.Module):
    """Stage 4."""

    def __init__(self, config: SequenceConfig) -> None:
        super().__init__()
        d, drop = config.d_model, config.dropout
        self.config = config
        self.transformer = PanelSequenceTransformer(config)
        self.strip = StripQuery(config)
        self.book = BookTransformer(config)
        self.panel_picking_head = PanelPickingHead(d, drop)
        self.character_coherence_head = CharacterCoherenceHead(d, drop)
        self.visual_closure_head = ClosureHead(d, drop)
        self.text_closure_head = ClosureHead(d, drop)
        self.caption_relevance_head = CaptionRelevanceHead(d, drop)
        self.text_cloze_head = TextClozeHead(d, drop)
        self.reading_order_head = ReadingOrderHead(d)
        self.next_panel_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        # What the plain cosine with the panels around adds to a head's score, in logits, where the
        # panels are unlike (row 0) and like (row 1) what the model learned on; set after training
        # on books it did not learn from (longbox.learning.anchoring).
        self.anchors = nn.Buffer(torch.zeros(2, len(ANCHORED)))
        self.familiar_weight = nn.Buffer(torch.zeros(d))
        self.familiar_bias = nn.Buffer(torch.zeros(()))

    anchors: Tensor
    familiar_weight: Tensor
    familiar_bias: Tensor

    def familiarity(self, context: Tensor) -> Tensor:
        """Say how much contexts are like what the model learned on: unit (B, D) -> 0 to 1 (B,)."""
        return torch.sigmoid(context @ self.familiar_weight + self.familiar_bias)

    def contextualize(
        self,
        panels: Tensor,
        mask: Tensor,
        attention: list[Tensor] | None = None,
        modalities: ModalityVectors | None = None,
    ) -> Tensor:
        """Add context to panel vectors.

        Args:
            panels: Fused panel vectors, unit length, float32 (B, L, D).
            mask: True where a panel is known, bool or 0 and 1 (B, L).
            attention: Where given, every layer's weights (B, heads, L, L) are appended.
            modalities: Of the panels, for a model that reads them.

        Returns:
            Unit vectors (B, L, D); rows outside the mask are zero.
        """
        known = mask.bool()
        found = self.transformer(panels, known, attention=attention, modalities=modalities)
        return normalize(found, dim=-1)

    def encode_strip(
        self, panels: Tensor, mask: Tensor, modalities: ModalityVectors | None = None
    ) -> Tensor:
        """Return the strip vectors of sequences: (B, L, D), (B, L) -> unit vectors (B, D)."""
        known = mask.bool()
        strip: Tensor = self.strip(self.transformer(panels, known, modalities=modalities), known)
        return strip

    def fill_gap(
        self,
        panels: Tensor,
        mask: Tensor,
        gap: Tensor,
        modalities: ModalityVectors | None = None,
    ) -> Tensor:
        """Return what is expected in a gap: its place in context, and the strip around it.

        Args:
            panels: (B, L, D); what stands at the gap is not read.
            mask: Known panels, bool or 0 and 1 (B, L).
            gap: One place a sequence, likewise (B, L).
            modalities: Of the panels, for a model that reads them; a gap's are not read.

        Returns:
            Context vectors (B, D) for the panel picking head.
        """
        mask, gap = mask.bool(), gap.bool()
        found = self.transformer(panels, mask, gap, modalities=modalities)
        place = (found * gap[..., None]).sum(dim=1)
        context: Tensor = place + 0.5 * self.strip(found * mask[..., None], mask & ~gap)
        return context

    def predict_next(
        self, panels: Tensor, mask: Tensor, modalities: ModalityVectors | None = None
    ) -> Tensor:
        """Return for every place what is expected after it, from it and those before it.

        The causal mode: unit vectors (B, L, D) to compare with the fused vector that does follow.
        """
        known = mask.bool()
        so_far = self.transformer.around(panels, known, is_causal=True)
        found = self.transformer(panels, known, is_causal=True, modalities=modalities)
        return normalize(so_far + found - panels * known[..., None], dim=-1) * known[..., None]
