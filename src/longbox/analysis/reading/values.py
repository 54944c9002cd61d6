"""A book as it reads, page by page and panel by panel: values that plots and pages are made from.

`nan` is what is not known; it is never 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.book import Direction, PageType, PanelId

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PageLines:
    """The P pages of a book, in order; arrays (P,).

    Attributes:
        page_index: From 0, int64.
        page_types: What each page is to the book.
        is_story: Whether it counts for pacing and scenes: story and splash pages that no other
            edition repeats; every page where a book has none of these.
        n_panels: Of the page.
        n_characters: Of lettering, white space not counted.
        mean_area: Mean share of the page that a panel has.
        pace: Running median of panels a page, over story pages; nan on others.
        talk: The same of characters a panel.
    """

    page_index: NDArray[np.int64]
    page_types: tuple[PageType, ...]
    is_story: NDArray[np.bool_]
    n_panels: NDArray[np.int64]
    n_characters: NDArray[np.int64]
    mean_area: Floats
    pace: Floats
    talk: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PanelLines:
    """The N panels of a book in reading order; arrays (N,).

    Attributes:
        page: Place of the panel's page in `PageLines`, int64.
        panel: Order on the page, int64.
        is_story: As the page's.
        area: Share of the page.
        aspect: log2 of width over height.
        n_characters: Of lettering.
        shots: How it is framed, in a describing model's words; None where nobody said.
        surprise: 1 less the cosine with what the panels before led to expect; nan where unknown.
        novelty: How much a scene seems to begin here; nan outside the panels that scenes are
            looked for in.
        scene: Number of its scene from 0, int64; -1 outside.
    """

    page: NDArray[np.int64]
    panel: NDArray[np.int64]
    is_story: NDArray[np.bool_]
    area: Floats
    aspect: Floats
    n_characters: NDArray[np.int64]
    shots: tuple[str | None, ...]
    surprise: Floats
    novelty: Floats
    scene: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a property of panels goes up and down along the story.

    Attributes:
        of: "area", "shape" or "lettering".
        change: Median absolute step from one panel to the next (log2 of area, log2 of shape,
            log2 of characters + 1).
        echo: Autocorrelation at 1, 2, ... panels.
        chance: 95 % of the books with these panels in any other order have an echo between minus
            and plus this, at every distance at once.
        n: Panels.
    """

    of: str
    change: float
    echo: tuple[float, ...]
    chance: float
    n: int


@dataclass(frozen=True, slots=True)
class TempoChange:
    """A page from which on the book has another tempo.

    Attributes:
        page_index: The first page of the new tempo.
        p: That a book with these pages in any order has as strong a change.
        panels_before, panels_after: Mean panels a page.
        characters_before, characters_after: Mean characters a panel.
        words: The change for people.
    """

    page_index: int
    p: float
    panels_before: float
    panels_after: float
    characters_before: float
    characters_after: float
    words: str


@dataclass(frozen=True, slots=True)
class SceneBorder:
    """The panel with which a scene begins.

    Attributes:
        at: Place in `PanelLines`.
        strength: Novelty, from 0 (nothing changes) to about 2.
        p: That a book without scenes has a border as strong anywhere.
    """

    at: int
    panel_id: PanelId
    strength: float
    p: float


@dataclass(frozen=True, slots=True)
class Scenes:
    """The scenes of a book.

    Attributes:
        borders: Where scenes begin but the first, by place.
        weaker: Further peaks of novelty, the strongest first: no claim, only where to look.
        threshold: Novelty that a border must have.
        n: Panels looked at; 0 where they could not be.
        why_none: Why scenes cannot be told; empty where they can.
    """

    borders: tuple[SceneBorder, ...]
    weaker: tuple[SceneBorder, ...]
    threshold: float
    n: int
    why_none: str = ""

    @property
    def n_scenes(self) -> int:
        """How many scenes there are; 0 where it cannot be told."""
        return len(self.borders) + 1 if self.n and not self.why_none else 0


@dataclass(frozen=True, slots=True)
class Surprising:
    """A panel that surprises: `at` is its place in `PanelLines`."""

    at: int
    panel_id: PanelId
    surprise: float


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """Who is where, as far as regions were put into clusters.

    Attributes:
        keys: Of each of C clusters, the most frequent first.
        names: What a person called it, or None.
        is_there: bool (C, N), panels as in `PanelLines`.
        was_looked_at: Panels in which somebody was looked for, bool (N,).
        why_none: Why nothing is known; empty where something is.
    """

    keys: tuple[str, ...]
    names: tuple[str | None, ...]
    is_there: NDArray[np.bool_]
    was_looked_at: NDArray[np.bool_]
    why_none: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """The tempo of a whole book, beside the shelf's.

    Attributes:
        n_pages: Story pages.
        panels_a_page, characters_a_panel: Medians of the story pages.
        percentiles: By name ("panels a page"), the share of the shelf's books that have less;
            empty without a shelf.
    """

    n_pages: int
    panels_a_page: float
    characters_a_panel: float
    percentiles: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class BookReading:
    """One book along its pages.

    Attributes:
        pages, panels: The curves.
        rhythms: Of area, shape and lettering, where there are panels enough.
        tempo_changes: By page.
        surprising: The most surprising panels, the most surprising first.
        why_no_surprise: Why the surprise is unknown; empty where it is known.
        words: What stands out, one sentence each.
        notes: What could not be told and why.
        seed: Of everything drawn.
    """

    book_id: str
    title: str
    direction: Direction
    pages: PageLines
    panels: PanelLines
    pace: Pace
    rhythms: tuple[Rhythm, ...]
    tempo_changes: tuple[TempoChange, ...]
    scenes: Scenes
    surprising: tuple[Surprising, ...]
    why_no_surprise: str
    presence: Presence
    words: tuple[str, ...]
    notes: tuple[str, ...]
    seed: int

    def panel_id(self, at: int) -> PanelId:
        """Name a panel by its place."""
        page = int(self.pages.page_index[self.panels.page[at]])
        return PanelId(self.book_id, page, int(self.panels.panel[at]))
