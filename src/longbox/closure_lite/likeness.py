"""Which panels of a batch show the same, so that neither may be a wrong answer for the other.

The same page comes in other languages, the same "!" in other balloons. Likeness is taken from the
frozen encoders' vectors, never from learned ones: a model that collapsed would find everything
alike and have nothing left to tell apart (fact 1).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from longbox.closure_lite.inputs import PanelInputs

SAME_COSINE = 0.985


def alike(panels: PanelInputs) -> Tensor:
    """Say which panels have the same picture or the same text, bool (M, M)."""
    found = torch.zeros(
        len(panels.present), len(panels.present), dtype=torch.bool, device=panels.present.device
    )
    for column, vectors in enumerate((panels.vision, panels.text)):
        have = panels.present[:, column]
        directions = functional.normalize(vectors.masked_fill(~have[:, None], 0.0), dim=1)
        found |= directions @ directions.T > SAME_COSINE
    return found
