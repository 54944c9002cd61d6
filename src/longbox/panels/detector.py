"""The door of the room: pixels in, panels in reading order out.

A detector is chosen by name in one function; all of them answer with boxes and confidences, and
the reading order is put on afterwards, the same for every detector.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longbox.book import Direction, Panel
from longbox.errors import ConfigError
from longbox.geometry import Box
from longbox.panels.options import PanelOptions
from longbox.panels.order import reading_order

WHOLE_PAGE = "whole_page"
WHOLE_PAGE_CONFIDENCE = 0.3


class PanelDetector(Protocol):
    """Something that finds panels: the networks, the rules, or one that somebody else brings."""

    @property
    def name(self) -> str:
        """What Panel.source says of its panels."""
        ...

    def detect(
        self, pixels: NDArray[np.uint8], options: PanelOptions
    ) -> tuple[tuple[Box, float], ...]:
        """Find the panels of one page, in any order.

        Args:
            pixels: The page, RGB uint8 (H, W, 3).
            options: The room's options.

        Returns:
            Boxes in page pixels inside the page, each with a confidence from 0 to 1; empty where
            the page shows no panels.
        """
        ...


@lru_cache(maxsize=4)
def panel_detector(name: str, n_threads: int = 1) -> PanelDetector:
    """Return the detector of that name; its networks are loaded once for a process.

    Raises:
        ConfigError: There is no such detector.
    """
    if name == "network":
        from longbox.panels.network import NetworkDetector

        return NetworkDetector(n_threads)
    if name == "rules":
        from longbox.panels.rules import RuleDetector

        return RuleDetector()
    raise ConfigError(f"there is no panel detector {name!r}; use network or rules")


def find_panels(
    pixels: NDArray[np.uint8], direction: Direction, options: PanelOptions | None = None
) -> tuple[Panel, ...]:
    """Find the panels of one page, in reading order.

    Args:
        pixels: The page, RGB uint8 (H, W, 3).
        direction: How the book is read.
        options: The room's options; the defaults when None.

    Returns:
        Panels with boxes in page pixels, never empty: a page on which the detector finds nothing
        is one panel of the whole page with the source "whole_page".

    Raises:
        ValueError: The array is not uint8 of shape (H, W, 3) with at least one pixel.
        ConfigError: The options name an unknown detector.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
        raise ValueError(
            f"a page is uint8 (H, W, 3), this array is {pixels.dtype} {pixels.shape}; "
            f"convert it to RGB first"
        )
    options = options or PanelOptions()
    height, width = pixels.shape[:2]
    detector = panel_detector(options.detector, options.n_threads)
    found = [
        (box, confidence)
        for raw, confidence in detector.detect(pixels, options)
        if (box := raw.clip(width, height)).area > 0
    ]
    if not found:
        whole = Box(0.0, 0.0, float(width), float(height))
        return (Panel(whole, 0, WHOLE_PAGE_CONFIDENCE, WHOLE_PAGE),)
    order = reading_order([box for box, _ in found], direction)
    return tuple(
        Panel(found[i][0], rank, found[i][1], detector.name) for rank, i in enumerate(order)
    )
