"""L_rpp, reading-path prediction: which panel comes next, or is this the last?

Fact 8: in the first version's published run this loss ended at .7074, about a uniform guess (.69).
Here every panel of a page must pick its successor among the other panels of that page and "none
follows", by a bilinear score of the two vectors. Composition, which holds the place in order, is
hidden; the layout of a page says nothing, as each pair is scored by itself. A page of N panels is N
questions with N candidates, each right once: chance is log N, counted page by page.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from longbox.closure_lite.batch import Batch, lay_out
from longbox.closure_lite.guesses import Guesses, ask


class NextPanelHead(nn.Module):
    """How well panels follow each other, and how well each ends a page."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.follows = nn.Parameter(torch.randn(d, d) * d**-0.5)
        self.ends = nn.Linear(d, 1)

    def forward(self, panels: Tensor) -> Tensor:
        """Score successors.

        Args:
            panels: float32 (P, N, D).

        Returns:
            float32 (P, N, N + 1): [p, i, j] of panel j after i; the last column of none.
        """
        pairs = panels @ self.follows @ panels.transpose(1, 2)  # (P, N, N)
        return torch.cat([pairs, self.ends(panels)], dim=2)


def next_panels(head: NextPanelHead, batch: Batch, vectors: Tensor) -> Guesses:
    """Ask for the successor of every panel on a page with two or more.

    Args:
        head: What scores.
        batch: P pages.
        vectors: Of its panels without composition, float32 (M, D).

    Returns:
        At most M questions.
    """
    layout = lay_out(batch.pages, batch.panels.without_place().known, batch.n_pages)
    rows = torch.nonzero(layout.counts > 1).flatten()
    slots, mask, counts = layout.slots[rows], layout.mask[rows], layout.counts[rows]
    n = slots.shape[1]
    logits = head(vectors[slots])
    places = torch.arange(n, device=vectors.device)
    others = mask[:, None, :] & (places[:, None] != places[None, :])
    allowed = torch.cat([others, mask[:, :, None]], dim=2)
    last = places[None, :] == counts[:, None] - 1
    answers = torch.where(last, n, places[None, :] + 1)
    return ask(logits[mask], allowed[mask], answers[mask])
