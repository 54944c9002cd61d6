"""Figures as what differs from a panel's edge: the proposal that needs no model, off by default.

A colour that is frequent inside a panel and rare along its left, right and top edges belongs to
whoever stands in it. The share of both is a saliency map, weighted toward the lower middle,
smoothed, cut by Otsu's threshold; its components are the proposals. Lettering takes no part. It is
weak, and docs/characters.md says how weak: it stays as the mark that a real detector has to beat.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longbox.characters.contract import Detection, PanelPicture, Pixels, RegionKind
from longbox.characters.regions import lettering_mask

_SIDE_PX = 96  # the longer side while looking
_BINS = (6, 8, 8)  # of CIE Lab
_EDGE_SHARE = 0.08
_LEAST_AREA, _MOST_AREA = 0.03, 0.85
_LEAST_SALIENCE = 0.55  # a colour as frequent inside as at the edge has 0.5
_MIDDLE = (0.5, 0.6)
_SPREAD = (0.18, 0.25)


class SalientFigures:
    """Proposes figures without a model."""

    fingerprint = "salient-v1"

    def detect(self, panel: PanelPicture) -> Sequence[Detection]:
        """Return the components that differ from the panel's edge."""
        import cv2

        height, width = panel.pixels.shape[:2]
        scale = min(1.0, _SIDE_PX / max(height, width))
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
        small = cv2.resize(np.ascontiguousarray(panel.pixels), size, interpolation=cv2.INTER_AREA)
        letters = lettering_mask(panel).astype(np.uint8)
        known = cv2.resize(letters, size, interpolation=cv2.INTER_NEAREST) == 0
        smooth: Pixels = np.asarray(cv2.bilateralFilter(small, 5, 40, 5), np.uint8)
        salient = _saliency(smooth, known)
        most = float(salient.max())
        if most < _LEAST_SALIENCE:
            return []
        grey = np.clip(salient / most * 255, 0, 255).astype(np.uint8)
        level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        n, labels, stats, _ = cv2.connectedComponentsWithStats((grey > level).astype(np.uint8))
        found = []
        across, down = width / size[0], height / size[1]
        for i in range(1, n):
            x, y, w, h, area = (int(v) for v in stats[i])
            if area >= _LEAST_AREA * grey.size and w * h <= _MOST_AREA * grey.size:
                sure = float(grey[labels == i].mean()) / 255
                box = (x * across, y * down, (x + w) * across, (y + h) * down)
                found.append(Detection(*box, RegionKind.FIGURE, sure))
        return found


def _saliency(small: Pixels, known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return how much each pixel's colour is of the inside and not of the edge, float32 (h, w)."""
    import cv2

    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.int64)
    colour = np.zeros(lab.shape[:2], np.int64)
    for i, n in enumerate(_BINS):
        colour = colour * n + lab[..., i] * n // 256
    height, width = colour.shape
    edge_px = max(2, round(_EDGE_SHARE * min(height, width)))
    edge = np.zeros((height, width), dtype=np.bool_)
    edge[: edge_px * 3 // 2] = True
    edge[:, :edge_px] = edge[:, -edge_px:] = True
    n_colours = int(np.prod(_BINS))
    outside = np.bincount(colour[edge & known], minlength=n_colours) + 0.5
    inside = np.bincount(colour[~edge & known], minlength=n_colours) + 0.5
    outside, inside = outside / outside.sum(), inside / inside.sum()
    rows, columns = np.mgrid[0:height, 0:width]
    off_x = (columns / width - _MIDDLE[0]) ** 2 / _SPREAD[0]
    off_y = (rows / height - _MIDDLE[1]) ** 2 / _SPREAD[1]
    salient = (inside / (inside + outside))[colour] * np.exp(-off_x - off_y)
    salient[~known] = 0
    smooth: NDArray[np.float32] = cv2.GaussianBlur(
        salient.astype(np.float32), (0, 0), max(height, width) / 40
    )
    return smooth
