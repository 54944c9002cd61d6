"""What is asked of a search, and a part of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from longbox.book import Hit
from longbox.library import Filters, Writing
from longbox.retrieval.query import Term


class By(StrEnum):
    """What one hit is."""

    PANEL = "panel"
    PAGE = "page"
    BOOK = "book"


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A query with its conditions.

    Attributes:
        terms: From parse_query, or made directly.
        k: Number of hits wanted.
        weights: Replaces the configured weight of a space or a list of words by name; 0 leaves
            it out.
        fold_editions: Show a page that exists twice (another language or scan) once.
        within: Look only in this kind of writing, and not for what words look like; None for all
            that the library has.
        offset: How many of the best hits to pass over: those that were shown already. Ask for all
            parts of a list with the same k (`longbox.retrieval.parts`).
    """

    terms: tuple[Term, ...]
    filters: Filters = field(default_factory=Filters)
    by: By = By.PANEL
    k: int = 10
    weights: Mapping[str, float] = field(default_factory=dict)
    fold_editions: bool = True
    within: Writing | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class ResultPart:
    """A part of a list of hits.

    Attributes:
        hits: At most k, their ranks counted over the whole list.
        is_last: No hit comes after these.
        generation: Of the library that answered: parts of one generation make one list.
    """

    hits: tuple[Hit, ...]
    is_last: bool
    generation: int
