"""A book along its pages as the API says it: pages and panels from 0, null for what is unknown."""

from __future__ import annotations

import math

from pydantic import BaseModel, Field

from longbox.analysis.reading import BookReading
from longbox.book import Direction, PageType


class PageReadAnswer(BaseModel):
    """A page: what it is, what is on it, and the tempo around it."""

    page_index: int = Field(description="from 0")
    page_type: PageType
    is_story: bool
    n_panels: int
    n_characters: int = Field(description="of lettering, white space not counted")
    mean_area: float | None = Field(description="share of the page that a panel has")
    pace: float | None = Field(description="running median of panels a page")
    talk: float | None = Field(description="running median of characters a panel")


class PanelReadAnswer(BaseModel):
    """A panel in reading order."""

    panel_id: str
    area: float | None
    n_characters: int
    shot: str | None = Field(description="how it is framed, as a model described it")
    surprise: float | None
    novelty: float | None = Field(description="how much a scene seems to begin here")
    scene: int | None = Field(description="from 0")


class SceneBorderAnswer(BaseModel):
    """The panel with which a scene begins."""

    panel_id: str
    strength: float
    p: float = Field(description="that a book without scenes has a border as strong anywhere")


class TempoChangeAnswer(BaseModel):
    """A page from which on the book has another tempo."""

    page_index: int
    p: float
    words: str


class BookReadAnswer(BaseModel):
    """A book along its pages."""

    book_id: str
    title: str
    direction: Direction
    words: list[str] = Field(description="what stands out")
    notes: list[str] = Field(description="what could not be told, and why")
    pages: list[PageReadAnswer]
    panels: list[PanelReadAnswer]
    scenes: list[SceneBorderAnswer] = Field(description="where scenes begin but the first")
    tempo_changes: list[TempoChangeAnswer]


def book_read_answer(reading: BookReading) -> BookReadAnswer:
    """Say a book along its pages."""
    pages, panels = reading.pages, reading.panels
    return BookReadAnswer(
        book_id=reading.book_id,
        title=reading.title,
        direction=reading.direction,
        words=list(reading.words),
        notes=list(reading.notes),
        pages=[
            PageReadAnswer(
                page_index=int(pages.page_index[at]),
                page_type=pages.page_types[at],
                is_story=bool(pages.is_story[at]),
                n_panels=int(pages.n_panels[at]),
                n_characters=int(pages.n_characters[at]),
                mean_area=_known(pages.mean_area[at]),
                pace=_known(pages.pace[at]),
                talk=_known(pages.talk[at]),
            )
            for at in range(pages.page_index.size)
        ],
        panels=[
            PanelReadAnswer(
                panel_id=str(reading.panel_id(at)),
                area=_known(panels.area[at]),
                n_characters=int(panels.n_characters[at]),
                shot=panels.shots[at],
                surprise=_known(panels.surprise[at]),
                novelty=_known(panels.novelty[at]),
                scene=None if panels.scene[at] < 0 else int(panels.scene[at]),
            )
            for at in range(panels.page.size)
        ],
        scenes=[
            SceneBorderAnswer(panel_id=str(b.panel_id), strength=b.strength, p=b.p)
            for b in reading.scenes.borders
        ],
        tempo_changes=[
            TempoChangeAnswer(page_index=c.page_index, p=c.p, words=c.words)
            for c in reading.tempo_changes
        ],
    )


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
