"""L_clip, the seed's Proposal B: a panel's picture and its text are close, others' are far.

Symmetric InfoNCE (Radford et al. 2021, figure 3) between the outputs of the vision and the text
encoder of the panels that have both, before fusion. Negatives are all other such panels of the
batch, from the same page, the same book and other books alike; which share each has is up to how
batches are drawn (`page_batches`: four pages of a book together), so a batch of one book has only
hard ones. Panels that show the same picture or say the same are no candidates.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from longbox.closure_lite.guesses import Guesses, ask
from longbox.closure_lite.inputs import PanelInputs
from longbox.closure_lite.likeness import alike


def pictures_and_texts(panels: PanelInputs, parts: Tensor, temperature: float) -> Guesses:
    """Ask every picture for its text and every text for its picture.

    Args:
        panels: M panels.
        parts: Their encoded modalities, float32 (M, 3, D).
        temperature: Of the softmax over cosines.

    Returns:
        Two questions for each panel that has both.
    """
    both = torch.nonzero(panels.present[:, 0] & panels.present[:, 1]).flatten()
    pictures = functional.normalize(parts[both, 0], dim=1)
    texts = functional.normalize(parts[both, 1], dim=1)
    logits = pictures @ texts.T / temperature
    answers = torch.arange(len(both), device=parts.device)
    allowed = ~alike(panels)[both][:, both] | (answers[:, None] == answers[None, :])
    return ask(torch.cat([logits, logits.T]), allowed.repeat(2, 1), answers.repeat(2))
