"""What is known of pages and panels without their vectors, as frames: a row each, named columns.

Layout, lettering by kind, looks, and what the book says of itself. polars frames, so that a
notebook can go on from here; every numeric column has words for people in `PAGE_NUMBERS` and
`PANEL_NUMBERS`.
"""

from longbox.analysis.measures.frames import page_measures, panel_measures, units_measures
from longbox.analysis.measures.layout import layout_of_pages
from longbox.analysis.measures.names import (
    CATEGORIES,
    PAGE_NUMBERS,
    PANEL_NUMBERS,
    Measure,
    MeasureGroup,
    numbers_of,
)

__all__ = [
    "CATEGORIES",
    "PAGE_NUMBERS",
    "PANEL_NUMBERS",
    "Measure",
    "MeasureGroup",
    "layout_of_pages",
    "numbers_of",
    "page_measures",
    "panel_measures",
    "units_measures",
]
