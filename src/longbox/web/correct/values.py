"""What the correcting part of the API takes and gives; every size is bounded here.

Boxes are [x0, y0, x1, y1] in page pixels, pages and panels count from 0.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from longbox.book import Direction, PageFlag, PageType, TextKind
from longbox.correction import CorrectedField, Verdict
from longbox.library import ReviewReason

_MOST_BOXES = 2_000
_MOST_POINTS = 2_000
_LONGEST_TEXT = 20_000
_LONGEST_NAME = 1_000

Coordinate = Annotated[FiniteFloat, Field(gt=-1e9, lt=1e9)]
BoxValue = Annotated[list[Coordinate], Field(min_length=4, max_length=4)]
Point = Annotated[list[Coordinate], Field(min_length=2, max_length=2)]
Polygon = Annotated[list[Point], Field(min_length=3, max_length=_MOST_POINTS)]
Name = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME, pattern=r"\S")]


class PanelGiven(BaseModel):
    """A panel as a person drew it; its place in the list is its reading order."""

    model_config = ConfigDict(extra="forbid")

    box: BoxValue
    polygon: Polygon | None = None


class TextGiven(BaseModel):
    """A piece of lettering as a person read it."""

    model_config = ConfigDict(extra="forbid")

    box: BoxValue
    text: str = Field(max_length=_LONGEST_TEXT)
    kind: TextKind
    panel: int | None = Field(default=None, ge=0, lt=_MOST_BOXES)


class PageChange(BaseModel):
    """What a person puts right on a page: only what is given is said."""

    model_config = ConfigDict(extra="forbid")

    panels: list[PanelGiven] | None = Field(default=None, max_length=_MOST_BOXES)
    texts: list[TextGiven] | None = Field(default=None, max_length=_MOST_BOXES)
    page_type: PageType | None = None
    review: Verdict | None = None
    take_back: list[CorrectedField] = Field(
        default_factory=list,
        max_length=8,
        description="Fields of the page of which nothing shall be said any more",
    )


class BookChange(BaseModel):
    """What a person puts right of a book: only what is given is said."""

    model_config = ConfigDict(extra="forbid")

    direction: Direction | None = None
    language: str | None = Field(default=None, pattern="^[a-zA-Z]{2}$")
    title: Name | None = None
    series: Name | None = None
    take_back: list[CorrectedField] = Field(default_factory=list, max_length=8)


class PanelState(BaseModel):
    """A panel as it counts now."""

    box: list[float]
    polygon: list[list[float]] | None
    confidence: float
    source: str


class TextState(BaseModel):
    """A piece of lettering as it counts now."""

    box: list[float]
    text: str
    kind: TextKind
    panel: int | None
    confidence: float
    source: str


class ModelPanel(BaseModel):
    """Where a vision-language model saw a panel, and which of ours it means."""

    number: int
    box: list[float] | None
    panel: int | None
    overlap: float | None
    description: str


class ModelView(BaseModel):
    """What a model said of the page.

    `is_fitting`: it was shown the panels that the page has in the library now.
    """

    name: str
    is_fitting: bool
    panels: list[ModelPanel]
    disagreements: list[str]
    disagreement: float


class BookState(BaseModel):
    """What is said of a book as it counts now."""

    book_id: str
    title: str | None
    series: str | None
    language: str | None
    direction: Direction
    shown_title: str
    n_pages: int
    revision: str
    corrected: list[CorrectedField]
    is_waiting: bool
    is_taken_over: bool


class PageState(BaseModel):
    """A page as it counts now, and what the stages and a model saw.

    `waiting`: fields that were taken back, which the next run asks the stages for again.
    `detector`: what the panel detector saw by itself; null where corrected panels took its place.
    """

    book_id: str
    page_index: int
    width: int
    height: int
    revision: str
    panels: list[PanelState]
    texts: list[TextState]
    page_type: PageType
    page_type_source: str
    flags: list[PageFlag]
    verdict: Verdict | None
    corrected: list[CorrectedField]
    waiting: list[CorrectedField]
    detector: list[list[float]] | None
    model: ModelView | None
    book: BookState


class Saved(BaseModel):
    """A page after a save, and the job that takes it over into search (null for none)."""

    page: PageState
    job_id: str | None


class BookSaved(BaseModel):
    """A book after a save, and the job that takes it over into search (null for none)."""

    book: BookState
    job_id: str | None


class PageConflict(BaseModel):
    """Somebody else saved in between; nothing was written."""

    error: str
    present: PageState


class BookConflict(BaseModel):
    """Somebody else saved in between; nothing was written."""

    error: str
    present: BookState


class HistoryLine(BaseModel):
    """One correction: what was said, and whether it counts."""

    page_index: int | None
    field: CorrectedField
    summary: str
    made_at: str
    origin: str
    state: str = Field(description="counts, taken back, or replaced")


class History(BaseModel):
    """What people said of a book, newest first."""

    items: list[HistoryLine]
    total: int
    offset: int


class TakeBack(BaseModel):
    """What shall not count any more: of one page, of one field, or all."""

    model_config = ConfigDict(extra="forbid")

    page_index: int | None = Field(default=None, ge=0, lt=1_000_000)
    field: CorrectedField | None = None


class TakenBack(BaseModel):
    """How much was taken back, and the job that lets Longbox look again (null for none)."""

    n_taken_back: int
    job_id: str | None


class ReviewLine(BaseModel):
    """A page that deserves a look."""

    book_id: str
    title: str
    page_index: int
    width: int
    height: int
    reasons: list[ReviewReason]
    flags: list[PageFlag]
    need: float
    verdict: Verdict | None


class ReasonCount(BaseModel):
    """How many pages have a reason, and how many of them have a verdict."""

    reason: ReviewReason
    total: int
    reviewed: int


class ReviewList(BaseModel):
    """A part of the queue; `n_books_left` were not looked at yet: ask again."""

    items: list[ReviewLine]
    total: int
    reviewed: int
    reasons: list[ReasonCount]
    n_books_left: int
    offset: int


class NextReview(BaseModel):
    """The next page without a verdict, and how far the queue is."""

    item: ReviewLine | None
    total: int
    reviewed: int
