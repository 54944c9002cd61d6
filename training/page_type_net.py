"""The page type network: a small transformer over the pages of one book, two tokens a page.

Attention gets no positions but a learned bias by the distance between pages, clipped at FAR, so
that any length of book works; the place from both ends is among the inputs.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from longbox.page_types import SEEN_FEATURES, WRITTEN_FEATURES
from training.page_type_data import CLASSES

WIDTH, HEADS, LAYERS, FAR = 64, 4, 2, 12
NUMBERS_DROPPED = 0.1  # of the numbers of a token, in training


class _Block(nn.Module):
    """A pre-norm transformer layer whose attention knows only how far apart two pages are."""

    def __init__(self) -> None:
        super().__init__()
        self.near = nn.Parameter(torch.zeros(2 * FAR + 1, 4 * HEADS))
        self.mix, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)
        self.first, self.second = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.drop = nn.Dropout(0.15)

    def forward(self, x: torch.Tensor, gap: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        n_batch, n_tokens = x.shape[0], x.shape[1]
        n_pages = gap.shape[0]
        q, k, v = self.mix(self.first(x)).chunk(3, dim=-1)  # (B, 2P, D)
        q, k, v = (
            t.reshape(n_batch, n_tokens, HEADS, WIDTH // HEADS).transpose(1, 2) for t in (q, k, v)
        )  # (B, heads, 2P, D / heads)
        bias = self.near[gap].reshape(n_pages, n_pages, 2, 2, HEADS)
        bias = bias.permute(4, 0, 2, 1, 3).reshape(HEADS, n_tokens, n_tokens)
        scores = q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS) + bias + mask
        seen = (scores.softmax(-1) @ v).transpose(1, 2).reshape(n_batch, n_tokens, WIDTH)
        x = x + self.drop(self.out(seen))
        return x + self.drop(self.down(nn.functional.gelu(self.up(self.second(x)))))


class PageNet(nn.Module):
    """Scores of every page's type from all pages of a book."""

    def __init__(self, sizes: tuple[int, int]) -> None:
        super().__init__()
        self.register_buffer("seen_mean", torch.zeros(len(SEEN_FEATURES)))
        self.register_buffer("seen_scale", torch.ones(len(SEEN_FEATURES)))
        self.register_buffer("written_mean", torch.zeros(len(WRITTEN_FEATURES)))
        self.register_buffer("written_scale", torch.ones(len(WRITTEN_FEATURES)))
        self.register_buffer("temperature", torch.ones(()))
        self.picture, self.sentence = nn.Linear(sizes[0], WIDTH), nn.Linear(sizes[1], WIDTH)
        self.seen = nn.Linear(len(SEEN_FEATURES), WIDTH)
        self.written = nn.Linear(len(WRITTEN_FEATURES), WIDTH)
        self.blocks = nn.ModuleList(_Block() for _ in range(LAYERS))
        self.norm, self.drop = nn.LayerNorm(2 * WIDTH), nn.Dropout(0.3)
        self.forget = nn.Dropout(NUMBERS_DROPPED)
        self.join, self.answer = nn.Linear(2 * WIDTH, WIDTH), nn.Linear(WIDTH, len(CLASSES))

    def forward(
        self,
        picture: torch.Tensor,
        seen: torch.Tensor,
        sentence: torch.Tensor,
        written: torch.Tensor,
        is_page: torch.Tensor,
    ) -> torch.Tensor:
        """Return scores (B, P, classes); is_page (B, P) is 0 where a shorter book has ended."""
        seen = self.forget(((seen - self.seen_mean) * self.seen_scale).clamp(-4, 4))
        written = self.forget(((written - self.written_mean) * self.written_scale).clamp(-4, 4))
        one = self.drop(self.picture(4 * picture)) + self.seen(seen)
        two = self.drop(self.sentence(4 * sentence)) + self.written(written)
        x = torch.stack((one, two), dim=2)  # (B, P, 2, D)
        n_batch, n_pages = x.shape[0], x.shape[1]
        x = x.reshape(n_batch, 2 * n_pages, WIDTH)
        at = torch.cumsum(torch.ones_like(is_page[0]), 0)
        gap = ((at[None, :] - at[:, None]).clamp(-FAR, FAR) + FAR).long()
        mask = (is_page - 1).repeat_interleave(2, dim=1)[:, None, None, :] * 1e4
        for block in self.blocks:
            x = block(x, gap, mask)
        x = self.norm(x.reshape(n_batch, n_pages, 2 * WIDTH))
        return self.answer(nn.functional.gelu(self.join(x))) / self.temperature
