"""What is asked of the transformer's output: seven heads, by the Stage 4 document's names.

Every head begins as a cosine, which is what stage 3 already knows, and learns what to add: which
directions count (metric), how context and candidate are brought nearer (low-rank maps), and a
network over both. The last layer of what is added begins at zero, so an untrained head is the
zero-shot scorer and few samples cannot throw it far.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

_RANK = 32
_FIRST_SCALE = 10.0


class LowRank(nn.Module):
    """A map that begins as nothing: x -> U V x, U = 0."""

    def __init__(self, d_in: int, d_out: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(d_in, _RANK), nn.Linear(_RANK, d_out)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., d_in) to (..., d_out)."""
        mapped: Tensor = self.up(torch.nn.functional.gelu(self.down(x)))
        return mapped


class PairScorer(nn.Module):
    """Scores candidates against a context: a learned cosine and what a network adds."""

    def __init__(self, d_model: int, dropout: float) -> None:
        super().__init__()
        self.metric = nn.Parameter(torch.ones(d_model))
        self.of_context = LowRank(d_model, d_model)
        self.of_candidate = LowRank(d_model, d_model)
        self.scale = nn.Parameter(torch.tensor(math.log(_FIRST_SCALE)))
        width = d_model // 8
        self.drop = nn.Dropout(dropout)
        self.first = nn.Linear(3 * d_model, width)
        self.last = nn.Linear(width, 1, bias=False)  # a choice does not feel a bias
        nn.init.zeros_(self.last.weight)

    def forward(self, context: Tensor, candidates: Tensor) -> Tensor:
        """Score: context (B, D), candidates (B, K, D) -> (B, K)."""
        size = math.sqrt(context.shape[-1])
        one = normalize(context, dim=-1)
        many = normalize(candidates, dim=-1)
        one = normalize(one + self.of_context(one * size) / size, dim=-1)[:, None]
        many = normalize(many + self.of_candidate(many * size) / size, dim=-1)
        cosine = (one * self.metric * many).sum(dim=-1)
        both = torch.cat([one.expand_as(many), many, one * many * size], dim=-1) * size
        added = self.last(self.drop(torch.nn.functional.gelu(self.first(self.drop(both)))))
        scores: Tensor = self.scale.exp() * cosine + added[..., 0]
        return scores


class PanelPickingHead(PairScorer):
    """Which candidate fills the gap (ComicsPAP, sequence filling)."""


class ClosureHead(PairScorer):
    """How plausibly a candidate follows; one head for pictures and one for lettering (fact 4).

    The context is the last panel before, and the mean of all before it with a learned share.
    """

    def __init__(self, d_model: int, dropout: float) -> None:
        super().__init__(d_model, dropout)
        self.decay = nn.Parameter(torch.tensor(0.3))

    def forward(self, context: Tensor, candidates: Tensor, mask: Tensor | None = None) -> Tensor:
        """Score.

        Args:
            context: The panels before, in order, as the transformer gives them (B, N, D).
            candidates: (B, K, D), or one a row (B, D).
            mask: True where a panel is known, bool (B, N); all of them if None.

        Returns:
            (B, K), or (B,) for one candidate a row.
        """
        if candidates.dim() == 2:
            return self.forward(context, candidates[:, None], mask)[:, 0]
        known = mask if mask is not None else torch.ones_like(context[..., 0], dtype=torch.bool)
        after = known.flip(1).cumsum(dim=1).flip(1) - 1  # how many known panels come after
        weights = (-self.decay.abs() * after).masked_fill(~known, -1e9).softmax(dim=1)
        before = (weights[..., None] * context).sum(dim=1)
        return super().forward(before, candidates)


class CharacterCoherenceHead(nn.Module):
    """Whether a panel's balloons belong where they are: the panels before it, and the panel."""

    def __init__(self, d_model: int, dropout: float) -> None:
        super().__init__()
        self.scorer = PairScorer(d_model, dropout)

    def forward(self, panel_sequence: Tensor, candidate: Tensor) -> Tensor:
        """Score: sequence (B, N, D), candidate (B, D) or (B, K, D) -> (B,) or (B, K)."""
        context = panel_sequence.mean(dim=1)
        if candidate.dim() == 2:
            alone: Tensor = self.scorer(context, candidate[:, None])[:, 0]
            return alone
        scores: Tensor = self.scorer(context, candidate)
        return scores


class CaptionRelevanceHead(nn.Module):
    """How well a panel fits a caption: bilinear, begun as the identity."""

    def __init__(self, d_model: int, dropout: float) -> None:
        super().__init__()
        self.scorer = PairScorer(d_model, dropout)

    def forward(self, panels: Tensor, captions: Tensor) -> Tensor:
        """Score panels (B, D) or (B, K, D) against captions (B, D): (B,) or (B, K)."""
        if panels.dim() == 2:
            alone: Tensor = self.scorer(captions, panels[:, None])[:, 0]
            return alone
        scores: Tensor = self.scorer(captions, panels)
        return scores


class TextClozeHead(nn.Module):
    """Which text belongs into a panel, from its picture and the text around it."""

    def __init__(self, d_model: int, dropout: float) -> None:
        super().__init__()
        self.encode = LowRank(2 * d_model, d_model)
        self.scorer = PairScorer(d_model, dropout)

    def forward(self, visual_context: Tensor, surrounding_text: Tensor, texts: Tensor) -> Tensor:
        """Score: (B, D), (B, D), candidate texts (B, K, D) -> (B, K)."""
        size = math.sqrt(texts.shape[-1])
        seen = torch.cat([normalize(visual_context, dim=-1), surrounding_text], dim=-1) * size
        context = surrounding_text + self.encode(seen) / size
        scores: Tensor = self.scorer(context, texts)
        return scores


class ReadingOrderHead(nn.Module):
    """Which of two panels comes first, for every pair: yes to one order is no to the other."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.first = nn.Linear(d_model, 2 * _RANK)
        self.second = nn.Linear(d_model, 2 * _RANK)
        self.early = nn.Linear(d_model, 1, bias=False)  # a bias cancels between two panels

    def forward(self, panels: Tensor) -> Tensor:
        """Score pairs: (B, N, D) -> logits that i is before j, (B, N, N), antisymmetric."""
        scaled = normalize(panels, dim=-1) * math.sqrt(panels.shape[-1])
        one, two = self.first(scaled), self.second(scaled)
        pairs = one @ two.transpose(1, 2) / math.sqrt(one.shape[-1])
        early = self.early(scaled)
        logits: Tensor = pairs - pairs.transpose(1, 2) + early - early.transpose(1, 2)
        return logits
