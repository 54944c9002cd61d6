"""What a caller may change about finding panels.

Lengths are fractions of the page's shorter side or of its area, never pixels, so that one
setting serves a 600 px web page and a 7,000 px scan.
"""

from __future__ import annotations

from dataclasses import dataclass

from longbox.errors import ConfigError


@dataclass(frozen=True, slots=True)
class PanelOptions:
    """Settings of the panel finders.

    Attributes:
        detector: "network" (two small networks, the better one by far) or "rules" (gutters and
            frames, no model at all).
        n_threads: Threads of one inference of the network. 1 where one process runs on each core.
        min_confidence: Panels that the network is less sure of are dropped (0 to 1).
        look_closely: Let the second network move each side to the pixel; without it boxes are a
            few per cent off and finding takes half the time.
        working_side_px: The rules search a copy of the page whose longer side is at most this (of
            a tall strip: each part of it). Edges are exact to one pixel of that copy, which keeps
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

    detector: str = "network"
    n_threads: int = 1
    min_confidence: float = 0.55
    look_closely: bool = True
    working_side_px: int = 1000
    paper_tolerance: int = 28
    min_panel_fraction: float = 0.018
    split_gain: float = 0.6
    split_threshold: float = 0.45

    def __post_init__(self) -> None:
        if self.n_threads < 1:
            raise ConfigError(f"panels.n_threads is {self.n_threads}; use 1 or more")
        if not 200 <= self.working_side_px <= 4000:
            raise ConfigError(f"panels.working_side_px is {self.working_side_px}; use 200 to 4000")
        if not 0 <= self.paper_tolerance <= 127:
            raise ConfigError(f"panels.paper_tolerance is {self.paper_tolerance}; use 0 to 127")
        for name in ("min_confidence", "min_panel_fraction", "split_gain", "split_threshold"):
            value: float = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ConfigError(f"panels.{name} is {value}; use 0 to 1")
