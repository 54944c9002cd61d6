"""A panel as the API says it: pages and panels from 0, boxes in page pixels, texts as they are."""

from __future__ import annotations

from pydantic import BaseModel, Field

from longbox.book import Direction, PageFlag, PageType, TextKind
from longbox.description import AnswerState
from longbox.tasks import Task
from longbox.vectors import Space
from longbox.web.addresses import page_picture, panel_address, panel_picture
from longbox.web.panel.nearest import Nearest
from longbox.web.panel.understanding import Attention, Closure, Understanding
from longbox.web.panel.views import Described, PanelText, PanelView

_CROP_PX = 640
BoxValues = tuple[float, float, float, float]


class TextAnswer(BaseModel):
    """One piece of lettering, in the panel's reading order."""

    text: str
    kind: TextKind
    confidence: float = Field(description="0 to 1, the reader's own")
    source: str
    language: str | None


class DescriptionAnswer(BaseModel):
    """What a model wrote; never mixed with what is lettered."""

    text: str
    characters: list[str]
    actions: list[str]
    setting: str | None
    shot: str | None
    page_summary: str
    model: str
    made_at: str
    state: AnswerState
    is_fitting: bool = Field(description="made for the panels that the page has now")


class PanelAnswer(BaseModel):
    """A panel."""

    panel_id: str
    book_id: str
    title: str
    page_index: int = Field(description="from 0")
    panel: int = Field(description="place in the page's reading order, from 0")
    box: BoxValues = Field(description="x0, y0, x1, y1 in page pixels")
    page_width: int
    page_height: int
    page_type: PageType
    flags: list[PageFlag]
    direction: Direction
    language: str | None
    series: str | None
    year: int | None
    texts: list[TextAnswer]
    description: DescriptionAnswer | None
    previous: str | None = Field(description="id of the panel before it in the book")
    next: str | None
    spaces: list[Space] = Field(description="those that it has a vector in")
    editions: list[str] = Field(description="the same panel in other books")
    page: str = Field(description="address of the panel's page for people")
    picture: str
    page_picture: str


class NearPanelAnswer(BaseModel):
    """A near panel."""

    panel_id: str
    book_id: str
    title: str
    page_index: int
    panel: int
    score: float = Field(description="grows with likeness; compares within a space only")
    n_editions: int = Field(description="other editions of it that are as near")
    picture: str


class NearestAnswer(BaseModel):
    """The nearest panels in one space, best first."""

    space: Space
    lacking: str | None = Field(description="why the panel has no place in this space")
    typical: float | None = Field(description="what panels taken at random score")
    panels: list[NearPanelAnswer]


class OfferedAnswer(BaseModel):
    """A panel that could be chosen."""

    panel_id: str
    share: float
    is_right: bool


class ClosureAnswer(BaseModel):
    """What the model chose for the panel's place among panels of its book."""

    task: Task
    lacking: str | None = Field(description="why it could not be asked")
    chance: float
    n_context: int
    offered: list[OfferedAnswer]


class UnderstandingAnswer(BaseModel):
    """What the trained model makes of a panel."""

    model: str
    is_answering: bool = Field(description="its vectors answer this library's searches")
    surprise: float | None = Field(description="0 to 2; 1 less a cosine")
    share_below: float | None = Field(description="of the book's panels, those less surprising")
    closure: list[ClosureAnswer]


class AttentionAnswer(BaseModel):
    """What a panel attends to while its contextual vector is made."""

    layer: int
    n_layers: int
    panel_ids: list[str] = Field(description="those with a share above a thousandth, by share")
    shares: list[float]


def panel_answer(view: PanelView, spaces: list[Space], editions: list[str]) -> PanelAnswer:
    """Return a panel as the API says it."""
    record = view.record
    return PanelAnswer(
        panel_id=str(record.panel_id),
        book_id=record.book_id,
        title=record.title,
        page_index=record.page_index,
        panel=record.panel,
        box=record.box.as_tuple(),
        page_width=record.page_width,
        page_height=record.page_height,
        page_type=record.page_type,
        flags=list(record.flags),
        direction=record.direction,
        language=record.language,
        series=record.series,
        year=record.year,
        texts=[_text(text) for text in view.texts],
        description=None if view.description is None else _description(view.description),
        previous=None if view.previous is None else str(view.previous.panel_id),
        next=None if view.next is None else str(view.next.panel_id),
        spaces=spaces,
        editions=editions,
        page=panel_address(record.panel_id),
        picture=panel_picture(record.panel_id, _CROP_PX),
        page_picture=page_picture(record.book_id, record.page_index, _CROP_PX),
    )


def nearest_answer(found: Nearest) -> NearestAnswer:
    """Return near panels as the API says them."""
    panels = [
        NearPanelAnswer(
            panel_id=str(near.record.panel_id),
            book_id=near.record.book_id,
            title=near.record.title,
            page_index=near.record.page_index,
            panel=near.record.panel,
            score=near.score,
            n_editions=near.n_editions,
            picture=panel_picture(near.record.panel_id, _CROP_PX),
        )
        for near in found.panels
    ]
    return NearestAnswer(
        space=found.space, lacking=found.lacking, typical=found.typical, panels=panels
    )


def understanding_answer(found: Understanding) -> UnderstandingAnswer:
    """Return what a model makes of a panel as the API says it."""
    return UnderstandingAnswer(
        model=found.model,
        is_answering=found.is_answering,
        surprise=found.surprise.value,
        share_below=found.surprise.share_below,
        closure=[_closure(each) for each in found.closure],
    )


def attention_answer(found: Attention, panel_ids: list[str]) -> AttentionAnswer:
    """Return attention as the API says it.

    Args:
        found: Shares of the book's panels.
        panel_ids: Of the book, in reading order.
    """
    ranked = sorted(zip(found.weights.tolist(), panel_ids, strict=True), reverse=True)
    told = [(share, each) for share, each in ranked if share > 1e-3]
    return AttentionAnswer(
        layer=found.layer,
        n_layers=found.n_layers,
        panel_ids=[each for _, each in told],
        shares=[share for share, _ in told],
    )


def _text(text: PanelText) -> TextAnswer:
    return TextAnswer(
        text=text.text,
        kind=text.kind,
        confidence=text.confidence,
        source=text.source,
        language=text.language,
    )


def _description(said: Described) -> DescriptionAnswer:
    return DescriptionAnswer(
        text="\n".join(panel.description for panel in said.panels if panel.description.strip()),
        characters=[name for panel in said.panels for name in panel.characters],
        actions=[action for panel in said.panels for action in panel.actions],
        setting=next((panel.setting for panel in said.panels if panel.setting), None),
        shot=next((panel.shot for panel in said.panels if panel.shot), None),
        page_summary=said.summary,
        model=said.model,
        made_at=said.made_at,
        state=said.state,
        is_fitting=said.is_fitting,
    )


def _closure(found: Closure) -> ClosureAnswer:
    offered = [
        OfferedAnswer(panel_id=str(o.panel_id), share=o.share, is_right=o.is_right)
        for o in found.offered
    ]
    return ClosureAnswer(
        task=found.task,
        lacking=found.lacking,
        chance=found.chance,
        n_context=found.n_context,
        offered=offered,
    )
