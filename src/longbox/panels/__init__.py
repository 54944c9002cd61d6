"""Where the panels are, and in what order."""

from longbox.panels.detector import PanelDetector, find_panels, panel_detector
from longbox.panels.options import PanelOptions
from longbox.panels.order import reading_order
from longbox.panels.spread import is_spread

__all__ = [
    "PanelDetector",
    "PanelOptions",
    "find_panels",
    "is_spread",
    "panel_detector",
    "reading_order",
]
