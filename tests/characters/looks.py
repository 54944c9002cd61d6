"""Cheap stand-ins: an encoder that needs no network, and detectors that answer as told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longbox.characters import Detection, PanelPicture, RegionKind
from longbox.geometry import Box
from longbox.vectors import unit


def encode_by_tiles(crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Return the mean colours of a 4 x 4 grid, centred: a picture encoder of 48 numbers."""
    rows = []
    for crop in crops:
        height, width = crop.shape[:2]
        y = np.minimum(np.arange(4) * height // 4, height - 1)
        x = np.minimum(np.arange(4) * width // 4, width - 1)
        sums = np.add.reduceat(np.add.reduceat(crop.astype(np.float32), y, 0), x, 1)
        tiles = sums / max(1.0, height * width / 16)
        rows.append((tiles - tiles.mean()).ravel() + 1e-3)
    return unit(np.stack(rows))


class ToldDetector:
    """Answers every panel with the same detections."""

    fingerprint = "told"

    def __init__(self, *answers: Detection) -> None:
        self._answers = answers

    def detect(self, panel: PanelPicture) -> Sequence[Detection]:
        assert panel.pixels.dtype == np.uint8
        return self._answers


def figure(x0: float, y0: float, x1: float, y1: float, confidence: float = 0.9) -> Detection:
    return Detection(x0, y0, x1, y1, RegionKind.FIGURE, confidence)


def face(x0: float, y0: float, x1: float, y1: float, confidence: float = 0.9) -> Detection:
    return Detection(x0, y0, x1, y1, RegionKind.FACE, confidence)


def blank_panel(width: int = 200, height: int = 100, *lettering: Box) -> PanelPicture:
    return PanelPicture(np.full((height, width, 3), 255, np.uint8), lettering)
