"""Pages and panels that a study shows: pictures with a way into the reader and to the panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

from longbox.book import BOOK_ID_PATTERN
from longbox.web.addresses import page_picture, panel_address, panel_picture, read_address
from longbox.web.ids import PANEL_ID_PATTERN

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_WIDTH_PX = 320


@dataclass(frozen=True, slots=True)
class KeptCard:
    """A page or panel as a study keeps it; page and panel from 1, panel 0 for a whole page."""

    panel_id: Annotated[str, msgspec.Meta(pattern=f"^{PANEL_ID_PATTERN}$")]
    book_id: Annotated[str, msgspec.Meta(pattern=f"^{BOOK_ID_PATTERN}$")]
    title: str
    page: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    panel: Annotated[int, msgspec.Meta(ge=0, le=10_000)]


@dataclass(frozen=True, slots=True)
class Card:
    """A page or panel to look at.

    Attributes:
        said: Title, page and panel.
        picture: Its address.
        address: Where its picture leads: the reader for a page, the panel's page for a panel.
        other: The other of both, and what it is called.
    """

    said: str
    title: str
    place: str
    picture: str
    address: str
    other: str
    other_name: str


def card_of(kept: KeptCard) -> Card:
    """Return what is shown of a page or panel."""
    is_page = kept.panel == 0
    read = read_address(kept.book_id, kept.page - 1, panel=None if is_page else kept.panel - 1)
    place = f"page {kept.page:,}" + ("" if is_page else f", panel {kept.panel}")
    title = kept.title[:200] or "untitled"
    if is_page:
        picture = page_picture(kept.book_id, kept.page - 1, _WIDTH_PX)
    else:
        picture = panel_picture(kept.panel_id, _WIDTH_PX)
    panel = panel_address(kept.panel_id)
    return Card(
        said=f"{title}, {place}",
        title=title,
        place=place,
        picture=picture,
        address=read if is_page else panel,
        other=panel if is_page else read,
        other_name="its first panel" if is_page else "in the reader",
    )


def cards_at(rows: Iterable[int], cards: Mapping[str, KeptCard]) -> tuple[Card, ...]:
    """Return the cards of rows; rows that no card is known of are left out."""
    return tuple(card_of(cards[str(row)]) for row in rows if str(row) in cards)
