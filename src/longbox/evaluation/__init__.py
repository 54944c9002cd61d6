"""Is it right: what was found against what is true."""

from longbox.evaluation.order import (
    PAIRWISE_CHANCE,
    OrderScore,
    PageOrder,
    found_order,
    given_order,
    score_order,
)
from longbox.evaluation.panels import (
    IOU_THRESHOLDS,
    BoxMatch,
    PanelCounts,
    PanelScore,
    match_boxes,
    score_panels,
)

__all__ = [
    "IOU_THRESHOLDS",
    "PAIRWISE_CHANCE",
    "BoxMatch",
    "OrderScore",
    "PageOrder",
    "PanelCounts",
    "PanelScore",
    "found_order",
    "given_order",
    "match_boxes",
    "score_order",
    "score_panels",
]
