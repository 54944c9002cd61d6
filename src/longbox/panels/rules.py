"""The rule-based detector: several guesses at the gutter's colour, one cut tree for each.

The guess whose tree has the highest value wins. Its parts are cleaned (loose balloons and page
numbers dropped), brought back to page pixels and their edges made exact on the page itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from longbox.geometry import Box
from longbox.panels.gutters import Region
from longbox.panels.options import PanelOptions
from longbox.panels.paper import WorkingPage, ink_mask, paper_colours, paper_mask, working_page
from longbox.panels.tree import Frame, Judgement, Part, judge

MIN_PAGE_PX = 24
CLEAR_READING = 1.05
"""Value of a reading that needs no second guess at the gutter's colour."""


class RuleDetector:
    """Panels by gutters and frames, without a model."""

    name = "rules"

    def detect(
        self, pixels: NDArray[np.uint8], options: PanelOptions
    ) -> tuple[tuple[Box, float], ...]:
        """Find panels; see PanelDetector."""
        if min(pixels.shape[:2]) < MIN_PAGE_PX:
            return ()
        page = working_page(pixels, options.working_side_px)
        best = _best_reading(page, options)
        if best is None:
            return ()
        found = []
        for part in best.parts:
            box = Box(part.x0, part.y0, part.x1, part.y1).scale(page.scale_x, page.scale_y)
            found.append((box, round(min(1.0, max(0.05, part.straightness)), 3)))
        return tuple(found)


def _best_reading(page: WorkingPage, options: PanelOptions) -> Judgement | None:
    """Return the reading of the page with the highest value over all gutter colours."""
    height, width = page.pixels.shape[:2]
    frame = Frame.of_page(width, height, options)
    best: Judgement | None = None
    ink = ink_mask(page.pixels)
    for colour in paper_colours(page.pixels):
        paper = paper_mask(page.pixels, colour, options.paper_tolerance)
        region = Region(paper ^ 1, paper, ink, 0, 0).trimmed()
        if region is None:
            continue
        reading = judge(region, frame, options)
        if best is None or reading.value > best.value + 0.02:
            best = reading
        if best.value >= CLEAR_READING:
            break
    return best
