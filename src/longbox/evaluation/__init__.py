"""Is it right: what was found against what is true."""

from longbox.evaluation.kinds import KindScore, score_kinds
from longbox.evaluation.order import (
    PAIRWISE_CHANCE,
    OrderScore,
    PageOrder,
    found_order,
    given_order,
    score_order,
)
from longbox.evaluation.page_types import (
    Document,
    PageTypeScore,
    confusion,
    documents,
    drags_and_drops,
    f1_by_type,
    majority,
    score_page_types,
    shuffled,
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
    "Document",
    "KindScore",
    "OrderScore",
    "PageOrder",
    "PageTypeScore",
    "PanelCounts",
    "PanelScore",
    "WordScore",
    "confusion",
    "documents",
    "drags_and_drops",
    "f1_by_type",
    "found_order",
    "given_order",
    "majority",
    "match_boxes",
    "score_characters",
    "score_kinds",
    "score_order",
    "score_page_types",
    "score_panels",
    "score_searchable",
    "score_words",
    "shuffled",
    "words_of",
]
