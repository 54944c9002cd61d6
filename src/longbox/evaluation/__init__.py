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
from longbox.evaluation.text import (
    CharacterScore,
    WordScore,
    score_characters,
    score_searchable,
    score_words,
    words_of,
)

__all__ = [
    "IOU_THRESHOLDS",
    "PAIRWISE_CHANCE",
    "BoxMatch",
    "CharacterScore",
    "OrderScore",
    "PageOrder",
    "PanelCounts",
    "PanelScore",
    "WordScore",
    "found_order",
    "given_order",
    "match_boxes",
    "score_characters",
    "score_order",
    "score_panels",
    "score_searchable",
    "score_words",
    "words_of",
]
