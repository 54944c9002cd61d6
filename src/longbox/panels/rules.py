"""The rule-based detector: several guesses at the gutter's colour, one cut tree for each.

The guess whose tree has the highest value wins. Its parts are cleaned (loose balloons and page
numbers dropped), brought back to page pixels and their edges made exact on the page itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from longbox.geometry import Box
from longbox.panels.gutters import Region
from longbox.panels.options import PanelOptions
from longbox.panels.paper import WorkingPage, ink_mask, paper_colours, paper_mask, working_page
from longbox.panels.strips import is_tall_strip, strip_parts
from longbox.panels.tree import Frame, Judgement, Part, judge

MIN_PAGE_PX = 24
MIN_LOOSE_HEIGHT = 0.35
"""Shortest part of a tall strip, in strip widths, that is a panel without straight sides."""
MIN_STRIP_SIDE = 0.15
"""Shortest side of a panel of a tall strip, in strip widths; lines of lettering are shorter."""
MIN_STRAIGHTNESS = 0.6
LOOSE_CONFIDENCE = 0.3
CONFIDENCE = ((0.5, 0.65, 0.75, 0.85, 0.92, 1.0), (0.4, 0.65, 0.8, 0.88, 0.95, 0.97))
"""Straightness and how often a part of it was a panel."""
SMALL_SHARE, SMALL_FACTOR = 0.06, 0.9
UNCUT_VALUE = 0.6
CLEAR_READING = 1.05
"""Value of a reading that needs no second guess at the gutter's colour."""


class RuleDetector:
    """Panels by gutters and frames, without a model."""

    name = "rules"

    def detect(
        self, pixels: NDArray[np.uint8], options: PanelOptions
    ) -> tuple[tuple[Box, float], ...]:
        """Find panels; see PanelDetector."""
        height, width = pixels.shape[:2]
        if min(height, width) < MIN_PAGE_PX:
            return ()
        if not is_tall_strip(pixels):
            return _search(pixels, options)
        found: list[tuple[Box, float]] = []
        for part in strip_parts(pixels):
            part_height = part.end - part.start
            panels = _search(pixels[part.start : part.end], options, part.paper)
            if not panels and part_height >= MIN_LOOSE_HEIGHT * width:
                panels = ((Box(0, 0, width, part_height), LOOSE_CONFIDENCE),)
            for box, confidence in panels:
                if min(box.width, box.height) >= MIN_STRIP_SIDE * width:  # else lettering
                    moved = Box(box.x0, box.y0 + part.start, box.x1, box.y1 + part.start)
                    found.append((moved, confidence))
        return tuple(found)


def _search(
    pixels: NDArray[np.uint8], options: PanelOptions, paper: tuple[int, int, int] | None = None
) -> tuple[tuple[Box, float], ...]:
    """Find the panels of an ordinary page, or of a part of a strip whose paper is known.

    Returns:
        Boxes and confidences; empty where the page seems to have no panels.
    """
    page = working_page(pixels, options.working_side_px)
    colours = paper_colours(page.pixels) if paper is None else [paper]
    best = _best_reading(page, colours, options)
    if best is None or not _has_panels(best):
        return ()
    return tuple(
        (
            Box(part.x0, part.y0, part.x1, part.y1).scale(page.scale_x, page.scale_y),
            _confidence(part, page.pixels.shape[0] * page.pixels.shape[1]),
        )
        for part in best.parts
    )


def _has_panels(reading: Judgement) -> bool:
    """Say whether the parts look like panels at all: their sides are straight on the whole."""
    areas = [(p.x1 - p.x0) * (p.y1 - p.y0) for p in reading.parts]
    if not areas:
        return False
    straightness = np.average([p.straightness for p in reading.parts], weights=areas)
    return bool(straightness >= MIN_STRAIGHTNESS)


def _confidence(part: Part, page_area: int) -> float:
    """Return how likely the part is right at IoU 0.5, as counted on drawn hard pages."""
    share = (part.x1 - part.x0) * (part.y1 - part.y0) / page_area
    likely = float(np.interp(part.straightness, *CONFIDENCE))
    return round(likely * (SMALL_FACTOR if share < SMALL_SHARE else 1.0), 3)


def _best_reading(
    page: WorkingPage, colours: Sequence[tuple[int, int, int]], options: PanelOptions
) -> Judgement | None:
    """Return the reading of the page with the highest value over all gutter colours."""
    height, width = page.pixels.shape[:2]
    frame = Frame.of_page(width, height, options)
    best: Judgement | None = None
    ink = ink_mask(page.pixels)
    for colour in colours:
        paper = paper_mask(page.pixels, colour, options.paper_tolerance)
        region = Region((paper == 0).astype(np.uint8), paper, ink, 0, 0).trimmed()
        if region is None:
            continue
        reading = judge(region, frame, options)
        if len(reading.parts) == 1:  # nothing was cut: says little about this colour
            reading = replace(reading, value=min(reading.value, UNCUT_VALUE))
        if best is None or reading.value > best.value + 0.02:
            best = reading
        if best.value >= CLEAR_READING:
            break
    return best
