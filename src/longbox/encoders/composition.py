"""Composition: where a panel stands on its page and what shape it has, as twelve numbers.

These are compared by Euclidean distance, so every feature is scaled to about 0 to 1 and none can
outvote the others: a panel that fills the page and a small one in the corner differ by about 1 in
each of the features that say so. Logarithms make a strip of 4:1 as far from a square as 1:4 is,
and two panels against four as far as four against eight.

| feature | what it says |
|---|---|
| center_x, center_y | centre of the panel, fractions of the page's width and height |
| width, height | size of the panel, fractions of the page's width and height |
| area_share | panel area / page area |
| log_aspect | width / height in pixels: 0 at 1:8, 0.5 for a square, 1 at 8:1 |
| place_in_order | 0 first on the page, 1 last; 0 where it is the only one |
| panels_on_page | log2 of the number of panels / 4: 0 for one, 1 for sixteen and more |
| text_share | part of the panel that its lettering covers |
| n_texts | log2(1 + number of texts) / 4: 0 for none, 1 for fifteen and more |
| bleed | page edges that the panel touches (within 1 % of the page) / 4 |
| page_log_aspect | as log_aspect, for the page: portrait, landscape, webtoon |
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from longbox.book import AnnotatedPage, Panel
from longbox.errors import ModelError
from longbox.geometry import Box

COMPOSITION_FEATURES: tuple[str, ...] = (
    "center_x",
    "center_y",
    "width",
    "height",
    "area_share",
    "log_aspect",
    "place_in_order",
    "panels_on_page",
    "text_share",
    "n_texts",
    "bleed",
    "page_log_aspect",
)
COMPOSITION_FINGERPRINT = "composition-12-v1"

_WIDEST_ASPECT = 8.0
_LOG2_OF_MANY = 4.0
_BLEED_FRACTION = 0.01


def composition(page: AnnotatedPage) -> NDArray[np.float32]:
    """Describe the place and shape of every panel of a page.

    Args:
        page: A page with its panels and texts.

    Returns:
        float32 (N, C), one row a panel in reading order, columns as COMPOSITION_FEATURES.

    Raises:
        ModelError: The page has panels but no size.
    """
    if not page.panels:
        return np.zeros((0, len(COMPOSITION_FEATURES)), np.float32)
    if not page.page.is_readable:
        raise ModelError(
            f"page {page.page.index + 1} ({page.page.source}) has panels but no size; "
            f"read the page again before asking for its composition"
        )
    return np.array([_features(page, panel) for panel in page.panels], np.float32)


def _features(page: AnnotatedPage, panel: Panel) -> tuple[float, ...]:
    width, height = page.page.width, page.page.height
    box = panel.box.clip(width, height)
    center_x, center_y = box.center
    n_panels = len(page.panels)
    texts = page.panel_texts(panel.order)
    lettering = sum(text.box.intersection_area(box) for text in texts)
    return (
        center_x / width,
        center_y / height,
        box.width / width,
        box.height / height,
        box.area / (width * height),
        _log_aspect(box.width, box.height),
        min(panel.order / (n_panels - 1), 1.0) if n_panels > 1 else 0.0,
        min(math.log2(n_panels) / _LOG2_OF_MANY, 1.0),
        min(lettering / max(box.area, 1.0), 1.0),
        min(math.log2(1 + len(texts)) / _LOG2_OF_MANY, 1.0),
        _n_edges_touched(box, width, height) / 4,
        _log_aspect(width, height),
    )


def _log_aspect(width: float, height: float) -> float:
    ratio = math.log(max(width, 1.0) / max(height, 1.0)) / math.log(_WIDEST_ASPECT)
    return (min(max(ratio, -1.0), 1.0) + 1.0) / 2


def _n_edges_touched(box: Box, width: int, height: int) -> int:
    margin_x, margin_y = width * _BLEED_FRACTION, height * _BLEED_FRACTION
    return sum(
        (
            box.x0 <= margin_x,
            box.y0 <= margin_y,
            box.x1 >= width - margin_x,
            box.y1 >= height - margin_y,
        )
    )
