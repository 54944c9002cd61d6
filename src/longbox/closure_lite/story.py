"""Attention over the panels of a page: StoryHANLiteSimple.panels_to_page.

Each head scores the panels by what they are, softly picks, and the picks are averaged and projected
(Yang et al. 2016, Hierarchical Attention Networks, equations 5 to 7, with several heads). No
position enters, so order cannot be read off the row. The scorers have no bias: it would cancel in
the softmax and never get a gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class StoryHANLiteSimple(nn.Module):
    """Panels of a page to one page vector."""

    def __init__(self, d: int, n_heads: int, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.heads = nn.Linear(d, d)
        self.scorers = nn.Parameter(torch.randn(n_heads, d // n_heads) * (d // n_heads) ** -0.5)
        self.project = nn.Linear(d, d)

    def panels_to_page(self, panels: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Pool panels.

        Args:
            panels: float32 (P, N, D); anything outside the mask.
            mask: True where a panel is real and known, bool (P, N).

        Returns:
            Page vectors, float32 (P, D), zero for a page without a panel; and how much each panel
            counted, float32 (P, N), rows adding up to 1 where there is one.
        """
        rows = torch.nonzero(mask.any(dim=1)).flatten()
        real = mask[rows]
        seen = panels[rows].masked_fill(~real[:, :, None], 0.0)  # (P', N, D)
        looks = torch.tanh(self.heads(seen))  # (P', N, D)
        looks = looks.view(*seen.shape[:2], *self.scorers.shape)  # (P', N, heads, D / heads)
        scores = (looks * self.scorers).sum(dim=3) / self.temperature  # (P', N, heads)
        picks = scores.masked_fill(~real[:, :, None], -torch.inf).softmax(dim=1).mean(dim=2)
        pooled = self.project((picks[:, :, None] * seen).sum(dim=1))
        pages = panels.new_zeros(len(mask), panels.shape[2]).index_copy(0, rows, pooled)
        weights = panels.new_zeros(mask.shape).index_copy(0, rows, picks)
        return pages, weights
