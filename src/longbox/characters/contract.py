"""What a detector of faces and figures promises, and what the other files of this room speak of.

A detector is given one panel with the places of its lettering, so that it need not take balloons
for people. It answers with plain numbers (`Detection`), because it may be anybody's model: numbers
that are not finite, boxes outside the panel and endless lists are what `find_regions` is for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longbox.geometry import Box

Pixels = NDArray[np.uint8]
# Turns pictures, RGB uint8 (h, w, 3) each of its own size, into unit vectors, float32 (N, D).
Encode = Callable[[Sequence[Pixels]], NDArray[np.float32]]


class RegionKind(StrEnum):
    """What a region shows: a face, a whole figure, or a panel in which nobody was found."""

    FACE = "face"
    FIGURE = "figure"
    PANEL = "panel"


@dataclass(frozen=True, slots=True, eq=False)
class PanelPicture:
    """One panel.

    Attributes:
        pixels: RGB uint8 (h, w, 3).
        lettering: Boxes of its texts in pixels of the panel; they may stick out of it.
    """

    pixels: Pixels
    lettering: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Detection:
    """A detector's raw answer, pixels of the panel; any number may be nonsense."""

    x0: float
    y0: float
    x1: float
    y1: float
    kind: RegionKind
    confidence: float


@dataclass(frozen=True, slots=True)
class Region:
    """A place in a panel that may show somebody.

    Attributes:
        box: Inside the panel, in its pixels.
        confidence: 0 to 1.
    """

    box: Box
    kind: RegionKind
    confidence: float


class FigureDetector(Protocol):
    """Finds faces or figures in one panel."""

    @property
    def fingerprint(self) -> str:
        """Names everything that changes its answers."""
        ...

    def detect(self, panel: PanelPicture) -> Sequence[Detection]:
        """Return what it sees, in any order; nothing is an answer too."""
        ...
