"""Routes of the search page and of its API.

`/search` is the whole page; `/search/part` is what of it changes with a search and `/search/more`
the hits that follow, both for the page's script. They have addresses of their own, so that no cache
gives one for another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from longbox.errors import QueryError
from longbox.library import Facets, SavedSearch
from longbox.web.addresses import search_address
from longbox.web.html import render
from longbox.web.ids import SearchId
from longbox.web.search.desk import HITS_A_PART, MOST_PARTS_AT_ONCE
from longbox.web.search.page import make_page, more_address
from longbox.web.search.parameters import (
    LAST_START,
    LONGEST_QUERY,
    FilterParameters,
    SearchParameters,
    clean,
    read_leniently,
    saved_state,
)
from longbox.web.search.shown import ShownHit
from longbox.web.search.state import SearchState
from longbox.web.search.terms import read_terms
from longbox.web.services import Services, Shared

pages = APIRouter()
api = APIRouter(tags=["search"])

_MOST_HITS_A_REQUEST: Final = 100
_LONGEST_FORM: Final = 40_000
_LONGEST_SAVED: Final = 8_000
_LONGEST_NAME: Final = 200


class ApiSearchParameters(SearchParameters):
    """A search as programs ask it."""

    k: int = Field(
        HITS_A_PART,
        ge=1,
        le=_MOST_HITS_A_REQUEST,
        description="Hits wanted. Ask for all parts of a list with the same k.",
    )


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """A part of a list of hits.

    Attributes:
        hits: In order, each with all that a page shows of it.
        next_start: `start` of the part that follows; None behind the last.
        is_cut: More match than a list shows.
        facets: Panels of the library that the filters leave, and each further choice would.
        address: Of the page that shows this search.
    """

    hits: tuple[ShownHit, ...]
    next_start: int | None
    is_cut: bool
    facets: Facets
    address: str


@dataclass(frozen=True, slots=True)
class SavedSearches:
    """The searches that people saved, oldest first."""

    searches: tuple[SavedSearch, ...]


class NewSavedSearch(BaseModel):
    """A search to save: its name, and its address behind the question mark."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=_LONGEST_NAME)
    query: str = Field(min_length=1, max_length=_LONGEST_SAVED)


# ---- pages


@pages.get("/search")
def search_page(request: Request, services: Shared) -> Response:
    """Show a search."""
    return _shown(request, services, "search/page.html")


@pages.get("/search/part")
def search_part(request: Request, services: Shared) -> Response:
    """Give what changes of the page with a search, for its script."""
    return _shown(request, services, "search/part.html")


@pages.get("/search/more")
def more_hits(request: Request, services: Shared) -> Response:
    """Give the hits that follow, for the page's script."""
    state, _ = _state(request, services)
    part = services.desk.part(state)
    answer = render(
        request, "search/more.html", part=part, state=state, more=more_address(state, part)
    )
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@pages.post("/search/saved")
async def save_by_form(request: Request, services: Shared) -> Response:
    """Save a search from a page whose script did not run."""
    given = parse_qs((await _form(request)).decode("utf-8", "replace"))
    query = given.get("query", [""])[0]
    await run_in_threadpool(_save, services, given.get("name", [""])[0], query)
    state = saved_state(query, services.desk.usual_weights)
    return RedirectResponse(state.address, status_code=303)


@pages.post("/search/saved/{search_id}/delete")
def delete_by_form(services: Shared, search_id: SearchId) -> Response:
    """Forget a saved search from a page whose script did not run."""
    services.library.remove_saved_search(search_id)
    return RedirectResponse(search_address(), status_code=303)


def _shown(request: Request, services: Services, template: str) -> Response:
    state, notes = _state(request, services)
    page = make_page(services.desk, services.library, state, notes, _n_hits(request))
    told = replace(page, problem=services.options.whereabouts.text(page.problem))
    answer = render(request, template, told.status, page=told)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _state(request: Request, services: Services) -> tuple[SearchState, tuple[str, ...]]:
    pairs = request.query_params.multi_items()
    if sum(len(value) for name, value in pairs if name == "q") > LONGEST_QUERY:
        raise QueryError(f"the query has more than {LONGEST_QUERY:,} characters; shorten it")
    return read_leniently(pairs, services.desk.usual_weights)


def _n_hits(request: Request) -> int:
    """How many hits somebody had who comes back, as the page's script noted."""
    said = request.query_params.get("shown", "")
    most = MOST_PARTS_AT_ONCE * HITS_A_PART
    return min(int(said), most) if said.isascii() and said.isdigit() and len(said) < 6 else 1


async def _form(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST_FORM:
            raise HTTPException(413, "the form is too long")
    return bytes(body)


# ---- the API


@api.get("/search")
def search(services: Shared, parameters: Annotated[ApiSearchParameters, Query()]) -> SearchAnswer:
    """Find panels, pages or books by words, pictures, panels and sums of them."""
    desk = services.desk
    state = parameters.state(desk.usual_weights)
    if not read_terms(state.query, state.also):
        raise QueryError("there is nothing to search for; give q, or a panel or picture as with")
    part = desk.part(state, parameters.k)
    start = state.start + parameters.k
    return SearchAnswer(
        hits=part.hits,
        next_start=None if part.is_last or start > LAST_START else start,
        is_cut=part.is_cut,
        facets=desk.facets(state.filters),
        address=state.address,
    )


@api.get("/facets")
def facets(services: Shared, parameters: Annotated[FilterParameters, Query()]) -> Facets:
    """Count the panels that filters leave, and those that each further choice would leave."""
    return services.desk.facets(parameters.filters())


@api.get("/saved-searches")
def saved_searches(services: Shared) -> SavedSearches:
    """List the searches that people saved."""
    return SavedSearches(services.library.saved_searches())


@api.post("/saved-searches", status_code=201)
def save_search(services: Shared, wanted: NewSavedSearch) -> SavedSearch:
    """Save a search under a name; one that is there to the letter is not kept twice."""
    return _save(services, wanted.name, wanted.query)


@api.delete("/saved-searches/{search_id}", status_code=204)
def delete_saved_search(services: Shared, search_id: SearchId) -> None:
    """Forget a saved search."""
    if not services.library.remove_saved_search(search_id):
        raise HTTPException(404, "there is no saved search of this id")


def _save(services: Services, name: str, query: str) -> SavedSearch:
    """Save a search as its page would say it, whatever was in its address besides."""
    state = saved_state(query, services.desk.usual_weights)
    said = state.address.partition("?")[2]
    name = clean(name)
    if not said:
        raise QueryError("there is no search to save; ask for something first")
    if not name or len(name) > _LONGEST_NAME or len(said) > _LONGEST_SAVED:
        raise QueryError(f"give the search a name of 1 to {_LONGEST_NAME} characters")
    return services.library.save_search(name, said)
