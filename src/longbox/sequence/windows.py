"""Long sequences in windows that overlap, so that no book is too long for the transformer.

The model is trained on sequences of at most 16 panels. A longer one is read in windows of that
length, each beginning half a window after the one before; a panel's vector is taken from the window
in which it stands nearest to the middle, so it always has seen panels on both sides where there are
any. A sequence that fits is one window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOW = 16


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """How a sequence of N is read.

    Attributes:
        starts: First place of each window, int64 (W,).
        length: Of every window; N where the sequence is shorter than a window.
        window: For every place the window it is taken from, int64 (N,).
        offset: And its place in it, int64 (N,).
    """

    starts: NDArray[np.int64]
    length: int
    window: NDArray[np.int64]
    offset: NDArray[np.int64]


def windows_of(n: int, length: int = WINDOW) -> Windows:
    """Lay windows over a sequence of n places; none over an empty one."""
    if n == 0:
        empty = np.zeros(0, np.int64)
        return Windows(empty, length, empty, empty)
    length = min(length, n)
    stride = max(1, length // 2)
    starts = np.arange(0, n - length + stride, stride)
    starts = np.unique(np.minimum(starts, n - length))
    middles = starts + (length - 1) / 2
    places = np.arange(n)
    window = np.abs(places[:, None] - middles[None]).argmin(axis=1)
    return Windows(starts, length, window, places - starts[window])
