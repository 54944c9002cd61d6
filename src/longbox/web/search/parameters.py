"""What the address of a search says: read strictly for programs, leniently for people.

One model names every parameter with its bounds, so that the page and the API take the same
addresses. A program that sends something else is told (422). A person who edits an address, follows
an old one or lets a browser send an empty field keeps the rest of the search: what cannot be read
is left out, and a note says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from longbox.book import Direction, PageFlag, PageType
from longbox.library import Filters, Writing
from longbox.retrieval import By, only_space
from longbox.vectors import Space
from longbox.web.ids import BookId
from longbox.web.search.state import LIST_NAMES, SearchState
from longbox.web.search.terms import ADDED_TERM, MOST_ADDED

LONGEST_QUERY: Final = 2_000
LAST_START: Final = 1_000
_MOST_CHOICES: Final = 50
_MOST_FIELDS: Final = 400
_BIGGEST_WEIGHT: Final = 1_000.0
# Control characters, and those that turn the direction of writing around: no part of any query.
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")

Name = Annotated[str, Field(min_length=1, max_length=300)]
Language = Annotated[str, Field(pattern="^[A-Za-z]{2,3}$")]
AddedTerm = Annotated[str, Field(pattern=ADDED_TERM.pattern, max_length=160)]
Year = Annotated[int, Field(ge=0, le=9999)]
Weight = Annotated[float, Field(ge=0, le=_BIGGEST_WEIGHT, allow_inf_nan=False)]


class Lettering(StrEnum):
    """Whether a panel has lettering of its own."""

    YES = "yes"
    NO = "no"


class Editions(StrEnum):
    """What becomes of the same page in another edition."""

    FOLD = "fold"
    ALL = "all"


class FilterParameters(BaseModel):
    """Which panels may answer."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)

    series: list[Name] = Field([], max_length=_MOST_CHOICES, description="Whole names of series.")
    type: list[PageType] = Field([], max_length=_MOST_CHOICES, description="Page types.")
    language: list[Language] = Field([], max_length=_MOST_CHOICES, description="ISO 639-1 codes.")
    direction: Direction | None = Field(None, description="Reading direction of the book.")
    year_min: Year | None = Field(None, alias="from", description="First year allowed.")
    year_max: Year | None = Field(None, alias="to", description="Last year allowed.")
    lettering: Lettering | None = Field(None, description="Panels with or without lettering.")
    flag: list[PageFlag] = Field([], max_length=_MOST_CHOICES, description="Pages flagged so.")
    book: list[BookId] = Field([], max_length=_MOST_CHOICES, description="Ids of books.")

    def filters(self) -> Filters:
        """Return the library's filters."""
        return Filters(
            series_exact=tuple(dict.fromkeys(self.series)),
            page_types=tuple(dict.fromkeys(self.type)),
            languages=tuple(dict.fromkeys(code.lower() for code in self.language)),
            direction=self.direction,
            year_min=self.year_min,
            year_max=self.year_max,
            has_text=None if self.lettering is None else self.lettering is Lettering.YES,
            flags=tuple(dict.fromkeys(self.flag)),
            book_ids=tuple(dict.fromkeys(self.book)),
        )


class SearchParameters(FilterParameters):
    """A whole search."""

    q: str = Field(
        "",
        max_length=LONGEST_QUERY,
        description='Words, or a sum: "2:dragon" + panel:ID + picture:ID - "castle".',
    )
    also: list[AddedTerm] = Field(
        [],
        alias="with",
        max_length=MOST_ADDED,
        description="Panels and pictures to add (panel:ID, 2:picture:ID@x0,y0,x1,y1), or to "
        "subtract with a minus before them.",
    )
    by: By = Field(By.PANEL, description="What one hit is.")
    within: Writing | None = Field(
        None, alias="in", description="Look only in what is lettered, or in descriptions."
    )
    space: Space | None = Field(None, description="Compare in this space alone.")
    editions: Editions = Field(Editions.FOLD, description="Show double editions once, or all.")
    start: int = Field(0, ge=0, le=LAST_START, description="Hits to pass over.")
    w_text: Weight | None = Field(None, description="How much the lettering's meaning counts.")
    w_words: Weight | None = Field(None, description="How much the lettering's words count.")
    w_substring: Weight | None = Field(None, description="How much parts of words count.")
    w_description: Weight | None = Field(
        None, description="How much a description's meaning counts."
    )
    w_description_words: Weight | None = Field(None, description="How much its words count.")
    w_description_substring: Weight | None = Field(
        None, description="How much parts of its words count."
    )
    w_vision: Weight | None = Field(None, description="How much the picture counts.")
    w_composition: Weight | None = Field(None, description="How much place and shape count.")
    w_fused: Weight | None = Field(None, description="How much all at once counts.")
    w_contextual: Weight | None = Field(None, description="How much the panels around it count.")

    def state(self, usual: Mapping[str, float]) -> SearchState:
        """Return the search.

        Args:
            usual: The settings' weights by list; one that is as usual is not worth saying.
        """
        given = {name: getattr(self, f"w_{name}") for name in LIST_NAMES}
        known = usual if self.space is None else only_space(self.space)
        weights = {n: w for n, w in given.items() if w is not None and w != known.get(n)}
        return SearchState(
            query=clean(self.q),
            also=tuple(dict.fromkeys(self.also)),
            by=self.by,
            within=self.within,
            space=self.space,
            filters=self.filters(),
            weights=tuple(weights.items()),
            fold_editions=self.editions is Editions.FOLD,
            start=self.start,
        )


def clean(text: str) -> str:
    """Return what somebody typed without what nobody can see or type."""
    return _UNSEEN.sub(" ", text).strip()


def read_leniently(
    pairs: Iterable[tuple[str, str]], usual: Mapping[str, float]
) -> tuple[SearchState, tuple[str, ...]]:
    """Read the address of a page.

    Args:
        pairs: Names and values as they stand there.
        usual: The settings' weights by list.

    Returns:
        The search, and a note for everything that was left out.
    """
    given: dict[str, Any] = {}
    for name, value in pairs:
        field = _FIELDS.get(name)
        if field is None or not (value := value.strip()):
            continue  # of somebody else's making (utm_source ...), or a field left empty
        if field in _LISTS:
            given.setdefault(field, []).append(value)
        else:
            given[field] = value
    notes: list[str] = []
    while True:
        try:
            return SearchParameters.model_validate(given).state(usual), tuple(notes)
        except ValidationError as error:
            notes += _leave_out(given, error)


def saved_state(query: str, usual: Mapping[str, float]) -> SearchState:
    """Return the search that was saved as the part of an address behind the question mark."""
    pairs = parse_qsl(query, keep_blank_values=False)[:_MOST_FIELDS]
    return replace(read_leniently(pairs, usual)[0], start=0)


def _leave_out(given: dict[str, Any], error: ValidationError) -> list[str]:
    """Take what is wrong out of what was given, and say so; something is always taken out."""
    wrong: dict[str, set[int] | None] = {}
    for reason in error.errors(include_url=False, include_context=False):
        place = reason["loc"]
        field = _FIELDS[str(place[0])]
        if len(place) > 1 and wrong.get(field, set()) is not None:
            numbers = wrong.setdefault(field, set())
            if numbers is not None:
                numbers.add(int(place[1]))
        else:
            wrong[field] = None
    notes = []
    for field, numbers in wrong.items():
        values = given.pop(field)
        if isinstance(values, list):
            kept = [v for i, v in enumerate(values) if numbers is not None and i not in numbers]
            bad = [v for i, v in enumerate(values) if numbers is not None and i in numbers]
            if numbers is None:  # too many: the first ones stay
                most = MOST_ADDED if field == "also" else _MOST_CHOICES
                kept, bad = values[:most], values[most:][:1]
            if kept and len(kept) < len(values):  # else this would be asked for ever
                given[field] = kept
        else:
            bad = [values]
        notes += [f"“{_short(value)}” is no {_KINDS.get(field, 'value here')}" for value in bad]
    return notes


def _short(text: str) -> str:
    text = clean(text)
    return text if len(text) <= 40 else text[:39] + "…"


_FIELDS: Final[Mapping[str, str]] = {
    key: name
    for name, field in SearchParameters.model_fields.items()
    for key in (name, field.alias or name)
}
_LISTS: Final = frozenset({"also", "series", "type", "language", "flag", "book"})
_KINDS: Final[Mapping[str, str]] = {
    "q": f"query: it has more than {LONGEST_QUERY:,} characters",
    "also": "panel or picture to search with",
    "by": "kind of hit",
    "within": "kind of writing",
    "space": "space",
    "editions": "way to show editions",
    "start": "place in the list",
    "series": "further series: too many are chosen",
    "type": "page type",
    "language": "language code",
    "direction": "reading direction",
    "year_min": "year",
    "year_max": "year",
    "lettering": "answer to “has lettering?”",
    "flag": "flag",
    "book": "book",
    **{f"w_{name}": "weight from 0 to 1000" for name in LIST_NAMES},
}
