"""From a detector's raw answer, or from no detector, to the regions of one panel.

Choices a reader would question:
- Where nobody is found, the panel itself is the region: its vector still says who is likely there,
  since a book's panels with the same people look alike. It says less than a figure's, so its kind
  stays PANEL and callers can leave it out.
- Of a face and the figure that it belongs to one remains, the figure: else everybody would be
  counted twice, and hats and clothes tell drawn people apart better than their faces do.
- Lettering is painted over with the panel's median colour before a region is cut: the same words
  in two panels are no sign of the same person.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from longbox.characters.contract import (
    Detection,
    FigureDetector,
    PanelPicture,
    Pixels,
    Region,
    RegionKind,
)
from longbox.errors import ModelError
from longbox.geometry import Box

MOST_REGIONS = 12  # of one panel; crowds are no characters
_SMALLEST_PX = 8.0
_SMALLEST_SHARE = 0.002  # of the panel's area
_SAME_BOX_IOU = 0.6
_OWN_FACE = 0.8  # share of a face that lies in its figure


def find_regions(panel: PanelPicture, detector: FigureDetector | None) -> tuple[Region, ...]:
    """Find the places of a panel that may show somebody.

    Args:
        panel: One panel.
        detector: None takes the panel itself.

    Returns:
        At least one region, from left to right; at most `MOST_REGIONS`.

    Raises:
        ModelError: The panel is not uint8 (h, w, 3) with at least one pixel.
    """
    require_panel(panel)
    found = clean_detections(detector.detect(panel), panel) if detector else ()
    if found:
        return found
    height, width = panel.pixels.shape[:2]
    return (Region(Box(0, 0, width, height), RegionKind.PANEL, 1.0),)


def clean_detections(answers: Sequence[Detection], panel: PanelPicture) -> tuple[Region, ...]:
    """Return what is usable of a detector's answer: inside the panel, finite, each person once."""
    height, width = panel.pixels.shape[:2]
    usable = [r for a in answers if (r := _usable(a, width, height)) is not None]
    usable.sort(key=lambda r: (-r.confidence, r.box.as_tuple(), r.kind.value))
    kept: list[Region] = []
    for region in usable:
        if all(k.kind is not region.kind or k.box.iou(region.box) < _SAME_BOX_IOU for k in kept):
            kept.append(region)
    figures = [r.box for r in kept if r.kind is RegionKind.FIGURE]
    kept = [
        r
        for r in kept
        if r.kind is not RegionKind.FACE
        or not any(r.box.covered_by(f) > _OWN_FACE for f in figures)
    ]
    return tuple(sorted(kept[:MOST_REGIONS], key=lambda r: r.box.as_tuple()))


def cut_regions(panel: PanelPicture, regions: Sequence[Region]) -> list[Pixels]:
    """Cut regions out of a panel whose lettering is painted over; each at least 1 x 1."""
    pixels = without_lettering(panel)
    height, width = pixels.shape[:2]
    crops = []
    for region in regions:
        x0, y0, x1, y1 = region.box.clip(width, height).rounded()
        x0, y0 = min(x0, width - 1), min(y0, height - 1)
        crops.append(pixels[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)])
    return crops


def without_lettering(panel: PanelPicture) -> Pixels:
    """Return a panel's pixels with its lettering painted over in the median colour of the rest."""
    hidden = lettering_mask(panel)
    if not hidden.any() or hidden.all():
        return panel.pixels
    painted = panel.pixels.copy()
    painted[hidden] = np.median(panel.pixels[~hidden], axis=0).astype(np.uint8)
    return painted


def lettering_mask(panel: PanelPicture) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return where lettering is, bool (h, w), with a margin of a quarter of a line's height."""
    height, width = panel.pixels.shape[:2]
    mask = np.zeros((height, width), dtype=np.bool_)
    for box in panel.lettering:
        margin = min(0.25 * min(box.width, box.height), 12.0)
        x0, y0, x1, y1 = box.expand(margin).clip(width, height).rounded()
        mask[y0:y1, x0:x1] = True
    return mask


def require_panel(panel: PanelPicture) -> None:
    """Refuse what is no picture.

    Raises:
        ModelError: It is not uint8 (h, w, 3) with at least one pixel.
    """
    pixels = panel.pixels
    if pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape or pixels.dtype != np.uint8:
        raise ModelError(
            f"a panel must be uint8 (height, width, 3), not {pixels.dtype} {pixels.shape}; "
            f"convert it first"
        )


def _usable(answer: Detection, width: int, height: int) -> Region | None:
    numbers = (answer.x0, answer.y0, answer.x1, answer.y1, answer.confidence)
    if not all(math.isfinite(v) for v in numbers) or answer.kind is RegionKind.PANEL:
        return None
    if answer.x1 <= answer.x0 or answer.y1 <= answer.y0:
        return None
    box = Box(answer.x0, answer.y0, answer.x1, answer.y1)
    inside = box.intersection(Box(0, 0, width, height))
    if inside is None or min(inside.width, inside.height) < _SMALLEST_PX:
        return None
    if inside.area < _SMALLEST_SHARE * width * height:
        return None
    return Region(inside, answer.kind, min(max(answer.confidence, 0.0), 1.0))
