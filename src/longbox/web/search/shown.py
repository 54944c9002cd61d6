"""What a page and a program are shown of a hit.

One value serves both: the template draws it and the API sends it as it is. Pages and panels count
from 0 here, as in the nouns; the template says 1 for the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from longbox.book import Direction, Hit, PageType
from longbox.retrieval import Term, highlight
from longbox.vectors import Space
from longbox.wording import spoken

# What each list is called where people see it, and what its strength is a strength of.
LIST_LABELS: Final = {
    "text": "meaning",
    "words": "words",
    "substring": "letters",
    "description": "description",
    "description_words": "its words",
    "description_substring": "its letters",
    "vision": "picture",
    "composition": "place and shape",
    "fused": "all at once",
    "contextual": "neighbours",
}

# Rows show pictures from 0.8 to 3.2 times as wide as high; ratios.css has a class for each step.
_SMALLEST_RATIO: Final = 0.8
_RATIO_STEP: Final = 0.03
_MOST_RATIO_STEPS: Final = 46
_ROW_REM: Final = 13


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a text, and whether it is what was searched for."""

    text: str
    is_found: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a panel was found.

    Attributes:
        name: Of the list: a space, or one of the lists of words.
        label: What people call it.
        strength: 0 to 1, alike in all lists.
        rank: In that list, from 1.
        score: That list's own.
    """

    name: str
    label: str
    strength: float
    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class PagePlace:
    """A page of a book, from 0."""

    book_id: str
    title: str
    page_index: int


@dataclass(frozen=True, slots=True)
class ShownPanel:
    """A panel and where it is.

    Attributes:
        box: x0, y0, x1, y1 in page pixels.
    """

    panel_id: str
    book_id: str
    title: str
    page_index: int
    panel: int
    box: tuple[float, float, float, float]
    page_width: int
    page_height: int

    @property
    def width(self) -> int:
        """Of the panel, in whole page pixels."""
        return max(1, round(self.box[2] - self.box[0]))

    @property
    def height(self) -> int:
        """Of the panel, in whole page pixels."""
        return max(1, round(self.box[3] - self.box[1]))

    @property
    def ratio_step(self) -> int:
        """Which class of ratios.css has the panel's proportions, or those nearest to them."""
        step = math.log(self.width / self.height / _SMALLEST_RATIO) / _RATIO_STEP
        return min(_MOST_RATIO_STEPS, max(0, round(step)))

    @property
    def shown_rem(self) -> int:
        """About how wide a row shows it, so that a browser asks for a picture of that size."""
        return round(_SMALLEST_RATIO * math.exp(_RATIO_STEP * self.ratio_step) * _ROW_REM)

    @property
    def is_extreme(self) -> bool:
        """Whether the panel is so narrow or wide that a row shows it with space beside it."""
        ratio = self.width / self.height
        nearest = _SMALLEST_RATIO * math.exp(_RATIO_STEP * self.ratio_step)
        return abs(math.log(ratio / nearest)) > _RATIO_STEP


class LikeKind(StrEnum):
    """In what more panels like one are looked for."""

    EVERYTHING = "everything"
    PICTURE = "picture"
    WORDS = "words"
    DESCRIPTION = "description"
    CONTEXT = "context"


# The space that each kind asks alone; None for all that have a weight.
LIKE_SPACES: Final[dict[LikeKind, Space]] = {
    LikeKind.EVERYTHING: Space.FUSED,
    LikeKind.PICTURE: Space.VISION,
    LikeKind.WORDS: Space.TEXT,
    LikeKind.DESCRIPTION: Space.DESCRIPTION,
    LikeKind.CONTEXT: Space.CONTEXTUAL,
}
LIKE_LABELS: Final = {
    LikeKind.EVERYTHING: "all at once",
    LikeKind.PICTURE: "picture",
    LikeKind.WORDS: "words",
    LikeKind.DESCRIPTION: "description",
    LikeKind.CONTEXT: "what happens around it",
}


@dataclass(frozen=True, slots=True)
class Like:
    """A search for more like a panel.

    Attributes:
        address: Of its page.
    """

    kind: LikeKind
    label: str
    address: str


@dataclass(frozen=True, slots=True)
class ShownHit:
    """One answer, with everything that is shown of it.

    Attributes:
        rank: From 1, over the whole list.
        score: Comparable within one search only.
        best: The panel of the hit; of a page or a book, its best one.
        panels: Of a page, its panels that matched, in reading order; of a book, its best ones,
            best first. The panel alone for a panel.
        cover: Of a book, the index of its cover; None for others, or where no page can be read.
        text: What is lettered in the panel.
        description: What a model wrote about it.
        matched: Why it was found, strongest first.
        editions: The same page elsewhere: other languages, other scans.
        likes: Searches for more like it, in spaces that it has.
        picture, page, read, link: Addresses: its crop, its page's picture, where it is read, its
            own page.
    """

    rank: int
    score: float
    best: ShownPanel
    panels: tuple[ShownPanel, ...]
    cover: int | None
    series: str | None
    year: int | None
    language: str | None
    direction: Direction
    page_type: PageType
    text: tuple[Piece, ...]
    description: tuple[Piece, ...]
    matched: tuple[Reason, ...]
    editions: tuple[PagePlace, ...]
    likes: tuple[Like, ...]
    picture: str
    page: str
    read: str
    link: str


def reasons_of(hit: Hit) -> tuple[Reason, ...]:
    """Return why a hit was found, strongest first; what nobody measured comes last."""
    found = [
        Reason(
            name,
            LIST_LABELS.get(name, spoken(name)),
            min(1.0, max(0.0, match.strength or 0.0)),
            match.rank,
            match.score,
        )
        for name, match in hit.matched.items()
    ]
    return tuple(sorted(found, key=lambda reason: (-reason.strength, reason.rank)))


def pieces_of(text: str, terms: Sequence[Term]) -> tuple[Piece, ...]:
    """Cut a text at what the words of a query found in it."""
    pieces: list[Piece] = []
    at = 0
    for span in highlight(text, terms):
        if span.start > at:
            pieces.append(Piece(text[at : span.start], False))
        pieces.append(Piece(text[span.start : span.end], True))
        at = span.end
    if at < len(text):
        pieces.append(Piece(text[at:], False))
    return tuple(pieces)
