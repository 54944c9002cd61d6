"""Surprise along a book: how little a panel is what the panels before it led one to expect.

The causal mode of stage 4 predicts the next panel's fused vector; surprise is 1 - cosine of that
with the vector that does follow, from 0 (expected) to 2. It is a reading signal, not a verdict:
scene changes, page turns and new characters stand out, and so does whatever the model is bad at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.vectors import PanelVectors

if TYPE_CHECKING:
    from longbox.sequence import Stage4SequenceModel

_AT_ONCE = 32


def surprise_of(model: Stage4SequenceModel, fused: PanelVectors) -> NDArray[np.float32]:
    """Measure the surprise of every panel of a book.

    Args:
        model: A trained stage 4, in evaluation mode.
        fused: Its panels, rows in reading order (N, D).

    Returns:
        float32 (N,); nan for the first panel, for panels of which nothing is known, and where
        nothing before them is.
    """
    import torch

    from longbox.sequence import WINDOW

    stride = WINDOW // 2
    n = len(fused.mask)
    surprise = np.full(n, np.nan, np.float32)
    starts = np.arange(0, max(n - 1, 0), stride)
    for first in range(0, len(starts), _AT_ONCE):
        some = starts[first : first + _AT_ONCE]
        rows = np.minimum(some[:, None] + np.arange(WINDOW), n - 1)
        is_there = some[:, None] + np.arange(WINDOW) < n
        known = fused.mask[rows] & is_there
        with torch.inference_mode():
            expected = model.predict_next(
                torch.from_numpy(fused.vectors[rows]), torch.from_numpy(known)
            ).numpy()
        for window, start in enumerate(some):
            # The first half of a window after the first has more context in the one before.
            begin = 1 if start == 0 else stride
            for place in range(begin, WINDOW):
                row = int(start) + place
                if row < n and fused.mask[row] and known[window, :place].any():
                    last = int(np.flatnonzero(known[window, :place])[-1])
                    cosine = float(expected[window, last] @ fused.vectors[row])
                    surprise[row] = 1.0 - cosine
    return surprise
