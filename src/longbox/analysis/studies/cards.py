"""Units by name: what people see of a row, wherever a study points at one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from longbox.analysis.units import Unit
from longbox.library import Library


@dataclass(frozen=True, slots=True)
class UnitCard:
    """A panel or page that a study shows.

    Attributes:
        panel_id: Of the panel; of a page's first panel.
        title: Of the book.
        page: From 1, as people see it.
        panel: From 1; 0 for a page.
    """

    panel_id: str
    book_id: str
    title: str
    page: int
    panel: int


def cards_of(library: Library, rows: Iterable[int], unit_of: Unit) -> Mapping[int, UnitCard]:
    """Return the cards of rows; rows that are gone have none."""
    wanted = sorted({int(row) for row in rows})
    return {
        record.row: UnitCard(
            panel_id=str(record.panel_id),
            book_id=record.book_id,
            title=record.title,
            page=record.page_index + 1,
            panel=record.panel + 1 if unit_of is Unit.PANELS else 0,
        )
        for record in library.panel_records(wanted)
    }
