"""What the template of the search page is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from longbox.errors import ModelError, QueryError
from longbox.library import Facets, Library, SavedSearch, Writing
from longbox.retrieval import By, Term, WordsTerm
from longbox.vectors import Space
from longbox.web.problems import status_of
from longbox.web.search.chips import Chip, chips_of
from longbox.web.search.desk import HITS_A_PART, SearchDesk, ShownPart
from longbox.web.search.ideas import idea_of
from longbox.web.search.narrowing import (
    ChoiceGroup,
    Slider,
    YearBar,
    choice_groups,
    sliders,
    year_bars,
)
from longbox.web.search.parameters import LAST_START, saved_state
from longbox.web.search.shown import LIST_LABELS
from longbox.web.search.state import SearchState
from longbox.web.search.terms import read_terms

_BY_LABELS: Final = {By.PANEL: "Panels", By.PAGE: "Pages", By.BOOK: "Books"}
_WITHIN_LABELS: Final = {
    None: "Both",
    Writing.TEXT: "Lettering",
    Writing.DESCRIPTION: "Descriptions",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One way to see the same search."""

    label: str
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Advice:
    """What may help where nothing was found."""

    label: str
    address: str


@dataclass(frozen=True, slots=True)
class SavedLink:
    """A saved search and its address."""

    search: SavedSearch
    address: str


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Everything that the page shows.

    Attributes:
        status: HTTP status.
        problem: Why there is no answer; empty for an answer.
        notes: What of the address was left out.
        more: Address of the next part; empty behind the last.
        alone: The one space that is asked, and the address of the search in all; None for all.
        asked: The lists that were asked, in words.
        advice: Where nothing was found.
        saved: Searches that people saved; only where nothing is asked.
    """

    state: SearchState
    status: int
    problem: str
    notes: tuple[str, ...]
    chips: tuple[Chip, ...]
    part: ShownPart
    more: str
    facets: Facets
    groups: tuple[ChoiceGroup, ...]
    bars: tuple[YearBar, ...]
    sliders: tuple[Slider, ...]
    by: tuple[Option, ...]
    within: tuple[Option, ...]
    alone: Advice | None
    asked: tuple[str, ...]
    advice: tuple[Advice, ...]
    saved: tuple[SavedLink, ...]

    @property
    def heading(self) -> str:
        """What is looked for, for the title of the page."""
        parts = [self.state.query] if self.state.query else [chip.label for chip in self.chips]
        return " + ".join(parts)[:120]

    @property
    def saved_query(self) -> str:
        """The search as it is saved."""
        return replace(self.state, start=0).address.partition("?")[2]

    @property
    def idea(self) -> str:
        """The search as an idea of the study; empty where it cannot be one."""
        return idea_of(self.state)


def make_page(
    desk: SearchDesk,
    library: Library,
    state: SearchState,
    notes: tuple[str, ...] = (),
    n_hits: int = HITS_A_PART,
) -> SearchPage:
    """Answer a search for people: what went wrong stands on the page, beside what was asked.

    Args:
        desk: Answers it.
        library: Of the desk.
        state: The search.
        notes: What of its address was left out.
        n_hits: At least so many hits, whole parts.
    """
    facets = desk.facets(state.filters)
    spaces = desk.spaces()
    part, problem, status = ShownPart((), is_last=True), "", 200
    chips: tuple[Chip, ...] = ()
    terms: tuple[Term, ...] = ()
    try:
        terms = read_terms(state.query, state.also)
        chips = chips_of(state, terms, desk.titles(terms))
        part = desk.parts(state, n_hits)
    except (QueryError, ModelError) as error:
        problem, status = _in_page_words(error), status_of(error)
    weighed = sliders(state, desk.usual_weights, spaces)
    has_descriptions = bool(spaces.get(Space.DESCRIPTION)) or library.has_descriptions()
    is_empty = state.asks and not part.hits and not problem
    return SearchPage(
        state=state,
        status=status,
        problem=problem,
        notes=notes,
        chips=chips,
        part=part,
        more=more_address(state, part),
        facets=facets,
        groups=choice_groups(facets, state),
        bars=year_bars(facets),
        sliders=weighed,
        by=_by_options(state),
        within=_within_options(state) if has_descriptions else (),
        alone=_alone(state),
        asked=_asked(state, terms, weighed),
        advice=_advice(state) if is_empty else (),
        saved=_saved(library, desk.usual_weights) if not state.asks else (),
    )


def more_address(state: SearchState, part: ShownPart) -> str:
    """Return the address of the hits that follow a part; empty behind the last."""
    start = part.hits[-1].rank if part.hits else 0
    if part.is_last or not part.hits or start > LAST_START:
        return ""
    return replace(state, start=start).address


def _in_page_words(error: QueryError | ModelError) -> str:
    """Say what went wrong without the command line's options."""
    line = str(error)
    swaps = {
        "give a panel with --like": "start from a panel: “More like this” under any hit",
        ", or give --image or --like": ", or drop a picture here",
        "./crop.png": "panel:ID",
    }
    for said, better in swaps.items():
        line = line.replace(said, better)
    return line


def _by_options(state: SearchState) -> tuple[Option, ...]:
    return tuple(
        Option(label, replace(state, by=by, start=0).address, state.by is by)
        for by, label in _BY_LABELS.items()
    )


def _within_options(state: SearchState) -> tuple[Option, ...]:
    return tuple(
        Option(label, replace(state, within=within, start=0).address, state.within is within)
        for within, label in _WITHIN_LABELS.items()
    )


def _asked(
    state: SearchState, terms: Sequence[Term], weighed: tuple[Slider, ...]
) -> tuple[str, ...]:
    """Return what was looked at, in words."""
    silent = {
        None: (),
        Writing.TEXT: (Space.DESCRIPTION.value,),
        Writing.DESCRIPTION: (Space.TEXT.value, "words", "substring"),
    }[state.within]
    spoken = {type(term) for term in terms if term.weight > 0}
    if WordsTerm not in spoken:
        silent += ("words", "substring", "description_")
    if spoken == {WordsTerm}:
        silent += (Space.VISION.value, Space.COMPOSITION.value, Space.CONTEXTUAL.value)
    heard = [each for each in weighed if each.weight > 0]
    return tuple(each.label for each in heard if not each.name.startswith(silent))


def _alone(state: SearchState) -> Advice | None:
    if state.space is None:
        return None
    everything = replace(state, space=None, weights=(), start=0)
    return Advice(LIST_LABELS[state.space.value], everything.address)


def _advice(state: SearchState) -> tuple[Advice, ...]:
    found = []
    if state.n_filters:
        found.append(Advice("Look in the whole library", state.without_filters().address))
    if state.within is not None:
        both = replace(state, within=None, start=0)
        found.append(Advice("Look in lettering and descriptions", both.address))
    if state.weights or state.space is not None:
        usual = replace(state, weights=(), space=None, start=0)
        found.append(Advice("Ask every space as usual", usual.address))
    if '"' in state.query and not state.also:
        plain = replace(state, query=state.query.replace('"', " ").strip(), start=0)
        if plain.query:
            found.append(Advice("Look for the words without quotes", plain.address))
    if state.start:
        found.append(Advice("Back to the first hits", replace(state, start=0).address))
    return tuple(found)


def _saved(library: Library, usual: Mapping[str, float]) -> tuple[SavedLink, ...]:
    return tuple(
        SavedLink(search, saved_state(search.query, usual).address)
        for search in reversed(library.saved_searches())
    )
