"""The layout of many pages at once: panel areas and shapes, tiers, regularity.

Tiers: panels are sorted by their top edge, and a new tier begins where a panel's middle lies below
everything in the tier so far. Regularity is how well the panels' edges share lines: of all left
and right edges the share that have a second one within 2 % of the page's width, likewise top and
bottom edges with its height, times how even the panels' areas are, 1 / (1 + spread). An even grid
has 1, six scattered panels of six sizes nearly 0. A single panel has no layout to be regular: nan.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SAME_LINE: Final = 0.02  # of the page's width or height
_SMALLEST: Final = 1e-4


def layout_of_pages(
    boxes: NDArray[np.float32], n_panels: NDArray[np.int32], size: NDArray[np.int32]
) -> dict[str, NDArray[np.float64]]:
    """Measure the layout of P pages.

    Args:
        boxes: x0, y0, x1, y1 in page pixels, page after page, (M, 4).
        n_panels: Of each page, at least 1, (P,); they sum to M.
        size: Width and height in pixels, (P, 2).

    Returns:
        Columns by name, float64 (P,): see PAGE_NUMBERS. What one panel does not have is nan.
    """
    n_pages = n_panels.size
    page = np.repeat(np.arange(n_pages), n_panels)
    scale = np.maximum(size, 1).astype(np.float64)
    share = np.clip(boxes.astype(np.float64) / np.tile(scale, 2)[page], 0, 1)  # (M, 4)
    width = np.maximum(share[:, 2] - share[:, 0], _SMALLEST)
    height = np.maximum(share[:, 3] - share[:, 1], _SMALLEST)
    area = width * height
    aspect = np.log2(width * scale[page, 0] / (height * scale[page, 1]))
    mean_area, area_sd = _mean_and_spread(area, page, n_panels)
    mean_aspect, aspect_sd = _mean_and_spread(aspect, page, n_panels)
    spread = area_sd / np.maximum(mean_area, _SMALLEST)
    largest = np.zeros(n_pages)
    np.maximum.at(largest, page, area)
    covered = np.bincount(page, area, n_pages)
    single = n_panels < 2
    aligned = _aligned(share, page, n_panels)
    return {
        "n_panels": n_panels.astype(np.float64),
        "page_aspect": np.log2(scale[:, 0] / scale[:, 1]),
        "largest_panel": largest,
        "mean_panel_area": mean_area,
        "panel_area_spread": np.where(single, np.nan, spread),
        "panels_cover": np.minimum(covered, 1.0),
        "mean_panel_aspect": mean_aspect,
        "panel_aspect_spread": np.where(single, np.nan, aspect_sd),
        "layout_regularity": np.where(single, np.nan, aligned / (1 + spread)),
        "n_tiers": _tiers(share, page, n_panels).astype(np.float64),
    }


def _mean_and_spread(
    values: NDArray[np.float64], page: NDArray[np.int64], n_panels: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each page's values, (P,)."""
    counts = np.maximum(n_panels, 1)
    mean = np.bincount(page, values, n_panels.size) / counts
    square = np.bincount(page, (values - mean[page]) ** 2, n_panels.size) / counts
    return mean, np.sqrt(square)


def _aligned(
    share: NDArray[np.float64], page: NDArray[np.int64], n_panels: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return the share of panel edges that lie on a line with another panel's same edge, (P,)."""
    found = np.zeros(n_panels.size)
    for edge in range(4):
        order = np.lexsort((share[:, edge], page))
        at, own = share[order, edge], page[order]
        is_near = np.zeros(at.size + 1, dtype=np.bool_)
        is_near[1:-1] = (np.diff(at) <= _SAME_LINE) & (np.diff(own) == 0)
        found += np.bincount(own, is_near[:-1] | is_near[1:], n_panels.size)
    result: NDArray[np.float64] = found / (4 * np.maximum(n_panels, 1))
    return result


def _tiers(
    share: NDArray[np.float64], page: NDArray[np.int64], n_panels: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Return how many tiers each page has, (P,)."""
    order = np.lexsort((share[:, 1], page))
    bottoms, middles = share[order, 3], (share[order, 1] + share[order, 3]) / 2
    tiers = np.zeros(n_panels.size, dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(n_panels)])
    for number, (start, end) in enumerate(pairwise(starts.tolist())):
        bottom = -1.0
        for middle, low in zip(middles[start:end], bottoms[start:end], strict=True):
            if middle > bottom:
                tiers[number] += 1
                bottom = low
            else:
                bottom = max(bottom, low)
    return tiers
