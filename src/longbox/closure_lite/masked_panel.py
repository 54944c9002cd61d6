"""L_mpm, masked panel modelling: which panel is missing here?

Fact 8: the first version compared vectors with themselves, so the loss was 0 from the first step.
Here the panel is taken out of the input; the others of its page, told only whether they come before
or after the gap, are pooled by the page attention, and a small network predicts the missing vector.
The prediction must pick the true panel's stop-gradient vector out of panels of other pages, of the
same book and of others (InfoNCE, van den Oord et al. 2018, equation 4, on cosines). Panels that
show the same as the right one are no candidates; panels of the page itself neither (fact 2: those
in the context could be ruled out without understanding anything).

Composition takes part, as it always did: the panels of a page share the page's shape and number of
panels, so part of this loss is the spatial puzzle that the seed describes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from longbox.closure_lite.batch import Batch, lay_out
from longbox.closure_lite.guesses import Guesses, ask
from longbox.closure_lite.likeness import alike
from longbox.closure_lite.story import StoryHANLiteSimple


class MaskedPanelHead(nn.Module):
    """The panels around a gap to the vector expected in it."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.sides = nn.Embedding(2, d)
        nn.init.normal_(self.sides.weight, std=d**-0.5)
        self.predict = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, d))

    def forward(
        self, han: StoryHANLiteSimple, context: Tensor, mask: Tensor, after: Tensor
    ) -> Tensor:
        """Predict.

        Args:
            han: The page attention.
            context: Panel vectors, float32 (B, N, D).
            mask: Which of them are known and not the gap itself, bool (B, N).
            after: Which of them come after the gap, bool (B, N).

        Returns:
            Unit vectors, float32 (B, D).
        """
        page, _ = han.panels_to_page(context + self.sides(after.long()), mask)
        return functional.normalize(self.predict(page), dim=1)


def masked_panels(
    head: MaskedPanelHead,
    han: StoryHANLiteSimple,
    batch: Batch,
    vectors: Tensor,
    temperature: float,
    generator: torch.Generator,
) -> Guesses:
    """Mask one panel of every page that has two or more.

    Args:
        head: What predicts.
        han: The page attention.
        batch: P pages.
        vectors: Of its panels, with all that is known of them, float32 (M, D).
        temperature: Of the softmax over cosines.
        generator: What chooses the panels.

    Returns:
        At most P questions with up to M candidates.
    """
    layout = lay_out(batch.pages, batch.panels.known, batch.n_pages)
    rows = torch.nonzero(layout.counts > 1).flatten()
    counts, slots, real = layout.counts[rows], layout.slots[rows], layout.mask[rows]
    drawn = torch.rand(len(rows), generator=generator).to(vectors.device)
    gaps = (drawn * counts).long().clamp(max=counts - 1)
    places = torch.arange(slots.shape[1], device=vectors.device)[None, :]
    predicted = head(han, vectors[slots], real & (places != gaps[:, None]), places > gaps[:, None])
    answers = slots.gather(1, gaps[:, None]).squeeze(1)
    allowed = batch.panels.known[None, :] & (batch.pages[None, :] != rows[:, None])
    allowed = allowed & ~alike(batch.panels)[answers]
    allowed[torch.arange(len(rows), device=vectors.device), answers] = True
    return ask(predicted @ vectors.detach().T / temperature, allowed, answers)
