"""What is written on a page, of what kind, in which panel.

A TextReader holds the OCR networks and reads pages; the steps after recognition are pure
functions of lines, boxes and pixels.
"""

from longbox.text.assign import assign_to_panels, order_texts, panel_of
from longbox.text.book_language import settle_language
from longbox.text.group import group_lines
from longbox.text.kinds import (
    PageContext,
    Surroundings,
    classify_kind,
    look_around,
    page_context,
    tells_story,
)
from longbox.text.language import detect_language
from longbox.text.lines import Line, join_lines
from longbox.text.options import TextOptions
from longbox.text.reader import TextReader

__all__ = [
    "Line",
    "PageContext",
    "Surroundings",
    "TextOptions",
    "TextReader",
    "assign_to_panels",
    "classify_kind",
    "detect_language",
    "group_lines",
    "join_lines",
    "look_around",
    "order_texts",
    "page_context",
    "panel_of",
    "settle_language",
    "tells_story",
]
