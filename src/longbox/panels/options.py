"""What a caller may change about finding panels.

Lengths are fractions of the page's shorter side or of its area, never pixels, so that one
setting serves a 600 px web page and a 7,000 px scan.
"""

from __future__ import annotations

from dataclasses import dataclass

from longbox.errors import ConfigError


@dataclass(frozen=True, slots=True)
class PanelOptions:
    """Settings of the rule-based panel finder.

    Attributes:
        detector: Name of the detector, see panel_detector; "rules" is the only one so far.
        working_side_px: Pages are searched at a copy whose longer side is at most this (of a tall
            strip: each part of it). Edges are exact to one pixel of that copy, which keeps
            nearly every right box at IoU 0.9; gutters thinner than about two of them are lost.
        paper_tolerance: Grey levels (0 to 255) that the gutter colour may vary by: JPEG noise
            and paper tint need about 25, more begins to swallow pale art.
        min_panel_fraction: Smallest panel as a fraction of the page's area; below it a shape is a
            page number, a signature or a loose balloon.
        split_gain: How much a clean gutter counts against the shape of the panels beside it.
        split_threshold: Quality of a gutter (0 to 1) at which it starts to count in favour.

    Raises:
        ConfigError: A value is out of range.
    """

    detector: str = "rules"
    working_side_px: int = 1000
    paper_tolerance: int = 28
    min_panel_fraction: float = 0.018
    split_gain: float = 0.6
    split_threshold: float = 0.45

    def __post_init__(self) -> None:
        if not 200 <= self.working_side_px <= 4000:
            raise ConfigError(f"panels.working_side_px is {self.working_side_px}; use 200 to 4000")
        if not 0 <= self.paper_tolerance <= 127:
            raise ConfigError(f"panels.paper_tolerance is {self.paper_tolerance}; use 0 to 127")
        for name in ("min_panel_fraction", "split_gain", "split_threshold"):
            value: float = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ConfigError(f"panels.{name} is {value}; use 0 to 1")
