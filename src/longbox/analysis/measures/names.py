"""The names of all measures, and how people call them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from longbox.analysis.units import Unit


class MeasureGroup(StrEnum):
    """What a measure is about."""

    LAYOUT = "layout"
    LETTERING = "lettering"
    LOOK = "look"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Measure:
    """One numeric column.

    Attributes:
        name: The column.
        words: What people call it: "panels on the page".
        low, high: What little and much of it is called: "few panels", "many panels".
    """

    name: str
    words: str
    low: str
    high: str
    group: MeasureGroup


_LAYOUT: Final = MeasureGroup.LAYOUT
_LETTERING: Final = MeasureGroup.LETTERING
_LOOK: Final = MeasureGroup.LOOK
_PLACE: Final = MeasureGroup.PLACE

_LETTERED: Final = (
    Measure("n_characters", "characters of lettering", "little lettering", "much lettering",
            _LETTERING),
    Measure("dialogue_characters", "characters of dialogue", "little dialogue", "much dialogue",
            _LETTERING),
    Measure("caption_characters", "characters of captions", "few captions", "long captions",
            _LETTERING),
    Measure("sound_effect_characters", "characters of sound effects", "quiet", "sound effects",
            _LETTERING),
    Measure("prose_characters", "characters of prose", "no prose", "much prose", _LETTERING),
    Measure("other_characters", "characters of other lettering", "no other lettering",
            "other lettering", _LETTERING),
)  # fmt: skip
_LOOKS: Final = (
    ("brightness", "brightness", "dark", "bright"),
    ("contrast", "contrast", "low contrast", "high contrast"),
    ("ink_share", "share of ink", "little ink", "much ink"),
    ("edge_share", "share of edges", "few edges", "many edges"),
    ("dark_share", "share of dark pixels", "few dark areas", "large dark areas"),
    ("light_share", "share of light pixels", "few light areas", "large light areas"),
    ("saturation", "saturation", "grey", "saturated"),
    ("colour_share", "share of coloured pixels", "no colour", "colourful"),
    ("main_colour_share", "share of the main colour", "no main colour", "one main colour"),
    ("n_colours", "number of colours", "few colours", "many colours"),
    ("border_brightness", "brightness of the margin", "dark margin", "bright margin"),
    ("border_evenness", "evenness of the margin", "uneven margin", "even margin"),
    ("fine_grain", "fine grain", "smooth", "fine grain"),
    ("row_rhythm", "change from row to row", "no lines of prose", "lines of prose"),
)

PAGE_NUMBERS: Final[tuple[Measure, ...]] = (
    Measure("n_panels", "panels on the page", "few panels", "many panels", _LAYOUT),
    Measure("page_aspect", "page shape (log2 of width / height)", "tall page", "wide page",
            _LAYOUT),
    Measure("largest_panel", "largest panel's share of the page", "small panels",
            "one large panel", _LAYOUT),
    Measure("mean_panel_area", "mean share of a panel", "small panels", "large panels", _LAYOUT),
    Measure("panel_area_spread", "spread of panel areas", "even panels", "uneven panels", _LAYOUT),
    Measure("panels_cover", "share of the page that panels cover", "empty page", "full page",
            _LAYOUT),
    Measure("mean_panel_aspect", "mean panel shape (log2 of width / height)", "tall panels",
            "wide panels", _LAYOUT),
    Measure("panel_aspect_spread", "spread of panel shapes", "panels of one shape",
            "panels of many shapes", _LAYOUT),
    Measure("layout_regularity", "regularity of the layout", "irregular layout", "regular grid",
            _LAYOUT),
    Measure("n_tiers", "tiers", "few tiers", "many tiers", _LAYOUT),
    *_LETTERED,
    Measure("lettered_panels", "share of panels with lettering", "wordless panels",
            "lettered panels", _LETTERING),
    *(Measure(name, words, low, high, _LOOK) for name, words, low, high in _LOOKS),
    Measure("place_in_book", "place in the book", "early in the book", "late in the book", _PLACE),
)  # fmt: skip

PANEL_NUMBERS: Final[tuple[Measure, ...]] = (
    Measure("area_share", "share of the page", "small panel", "large panel", _LAYOUT),
    Measure("panel_aspect", "panel shape (log2 of width / height)", "tall panel", "wide panel",
            _LAYOUT),
    Measure("center_x", "place across the page", "left", "right", _LAYOUT),
    Measure("center_y", "place down the page", "top", "bottom", _LAYOUT),
    Measure("panel_width", "width on the page", "narrow", "wide", _LAYOUT),
    Measure("panel_height", "height on the page", "low", "high", _LAYOUT),
    Measure("place_on_page", "place in the page's order", "first on the page", "last on the page",
            _LAYOUT),
    Measure("n_panels", "panels on its page", "few panels", "many panels", _LAYOUT),
    Measure("bleed", "page edges touched", "inside the page", "bleeds off the page", _LAYOUT),
    Measure("page_aspect", "page shape (log2 of width / height)", "tall page", "wide page",
            _LAYOUT),
    *_LETTERED,
    *(
        Measure(f"page_{name}", f"the page's {words}", f"page: {low}", f"page: {high}", _LOOK)
        for name, words, low, high in _LOOKS
    ),
    Measure("place_in_book", "place in the book", "early in the book", "late in the book", _PLACE),
)  # fmt: skip

CATEGORIES: Final[tuple[str, ...]] = (
    "page_type",
    "is_spread",
    "is_landscape",
    "is_prose",
    "has_watermark",
    "is_near_blank",
    "is_duplicate",
    "is_not_comic_book",
    "language",
    "direction",
)


def numbers_of(unit: Unit) -> tuple[Measure, ...]:
    """Return the numeric columns of pages or of panels."""
    return PAGE_NUMBERS if unit is Unit.PAGES else PANEL_NUMBERS
