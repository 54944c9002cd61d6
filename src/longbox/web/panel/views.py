"""What the panel page shows at once: the panel, its words, its page and its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from longbox.book import Direction, PanelId, TextKind
from longbox.description import AnswerState, PanelDescription
from longbox.geometry import Box
from longbox.library import PanelRecord
from longbox.web.panel.books import BookSeen

N_AROUND: Final = 4
_STAGE: Final = (1100, 640)
_MOST_ENLARGED: Final = 3.0


@dataclass(frozen=True, slots=True)
class PanelText:
    """One piece of lettering; the number counts from 1 in the panel's reading order."""

    number: int
    text: str
    kind: TextKind
    confidence: float
    source: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Described:
    """What a model wrote about the panel, and whether that is searched.

    Attributes:
        panels: What it said of this panel; several where it cut the panel up.
        is_fitting: It was made for the panels that the page has now.
    """

    panels: tuple[PanelDescription, ...]
    summary: str
    model: str
    made_at: str
    state: AnswerState
    is_fitting: bool


@dataclass(frozen=True, slots=True)
class PanelPlace:
    """A panel and where it is; the box in page pixels."""

    panel_id: PanelId
    box: Box
    is_asked: bool = False

    @property
    def name(self) -> str:
        """What people call it."""
        return f"page {self.panel_id.page_index + 1}, panel {self.panel_id.panel + 1}"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its crop, at least a pixel."""
        x0, y0, x1, y1 = self.box.rounded()
        return max(1, x1 - x0), max(1, y1 - y0)


@dataclass(frozen=True, slots=True)
class PanelView:
    """All that the page shows before anything is asked of a model.

    Attributes:
        row: Of the panel in its book; n_panels of the book.
        page_panels: Of its page, in reading order.
        strip: The panels around it and itself, in reading order.
        previous, next: The panels before and after it in the book.
    """

    record: PanelRecord
    place: PanelPlace
    row: int
    n_panels: int
    n_pages: int
    texts: tuple[PanelText, ...]
    description: Described | None
    page_panels: tuple[PanelPlace, ...]
    strip: tuple[PanelPlace, ...]
    previous: PanelPlace | None
    next: PanelPlace | None
    detector: str
    confidence: float

    @property
    def stage_size(self) -> tuple[int, int]:
        """Width and height that the crop is shown at: large, and within a usual screen."""
        width, height = self.place.size
        factor = min(_STAGE[0] / width, _STAGE[1] / height, _MOST_ENLARGED)
        return max(1, round(width * factor)), max(1, round(height * factor))

    @property
    def is_right_to_left(self) -> bool:
        """Whether the panels before it are shown to its right."""
        return self.record.direction is Direction.RTL


def view_panel(record: PanelRecord, seen: BookSeen) -> PanelView:
    """Gather what the page shows of a panel.

    Args:
        record: What the catalog knows of it.
        seen: Its book.

    Raises:
        QueryError: The book has no such panel any more.
    """
    asked = record.panel_id
    row = seen.row(asked)
    page = seen.page(asked.page_index)
    first, last = max(0, row - N_AROUND), min(len(seen.places), row + N_AROUND + 1)
    strip = tuple(_place(seen, at, asked) for at in range(first, last))
    panel = seen.panel(row)
    return PanelView(
        record=record,
        place=strip[row - first],
        row=row,
        n_panels=len(seen.places),
        n_pages=len(seen.annotated.pages),
        texts=_texts(seen, asked),
        description=_described(seen, asked),
        page_panels=tuple(
            PanelPlace(
                PanelId(asked.book_id, asked.page_index, p.order), p.box, p.order == asked.panel
            )
            for p in page.panels
        ),
        strip=strip,
        previous=strip[row - first - 1] if row > first else None,
        next=strip[row - first + 1] if row + 1 < last else None,
        detector=panel.source,
        confidence=panel.confidence,
    )


def _place(seen: BookSeen, row: int, asked: PanelId) -> PanelPlace:
    panel_id = seen.panel_id(row)
    return PanelPlace(panel_id, seen.panel(row).box, panel_id == asked)


def _texts(seen: BookSeen, asked: PanelId) -> tuple[PanelText, ...]:
    regions = sorted(
        seen.page(asked.page_index).panel_texts(asked.panel), key=lambda region: region.order
    )
    return tuple(
        PanelText(number, r.text, r.kind, r.confidence, r.source, r.language)
        for number, r in enumerate(regions, start=1)
    )


def _described(seen: BookSeen, asked: PanelId) -> Described | None:
    said = seen.descriptions.get(asked.page_index)
    if said is None:
        return None
    return Described(
        panels=tuple(panel for panel in said.panels if panel.panel == asked.panel),
        summary=said.summary,
        model=said.model,
        made_at=said.made_at,
        state=said.state,
        is_fitting=said.page_index not in seen.unfit,
    )
