"""The panel page, its parts that come later, and the same as JSON.

The page itself needs one look into the catalog and one store; nearest panels, the model's answers,
characters and editions are parts that the browser asks for when the page stands. A part answers
with words where something is lacking, never with an error page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from longbox.book import PanelId
from longbox.errors import BusyError, ModelError, QueryError
from longbox.library import Library
from longbox.tasks import Task
from longbox.vectors import Space
from longbox.web.html import render
from longbox.web.ids import PanelName
from longbox.web.panel.answers import (
    AttentionAnswer,
    NearestAnswer,
    PanelAnswer,
    UnderstandingAnswer,
    attention_answer,
    nearest_answer,
    panel_answer,
    understanding_answer,
)
from longbox.web.panel.attention import view_attention
from longbox.web.panel.books import PanelBooks
from longbox.web.panel.curve import draw_curve
from longbox.web.panel.nearest import SPACE_MEANINGS, SPACE_NAMES, Nearby, Nearest
from longbox.web.panel.people import PeopleDesk
from longbox.web.panel.understanding import ModelDesk
from longbox.web.panel.views import PanelView, view_panel
from longbox.web.services import services_of

pages = APIRouter()
api = APIRouter(tags=["panels"])

# A column of the page.
_N_NEAREST: Final = 6
TASK_NAMES: Final = {
    Task.PANEL_PICKING: "Which panel belongs here?",
    Task.VISUAL_CLOSURE: "Which picture comes next?",
    Task.TEXT_CLOSURE: "Which words come next?",
}
Layer = Annotated[int | None, Query(ge=1, le=64, description="from 1; the last if not given")]


@dataclass(frozen=True, slots=True)
class PanelDesk:
    """What answers about panels: one a server."""

    library: Library
    books: PanelBooks
    nearby: Nearby
    model: ModelDesk
    people: PeopleDesk

    def view(self, panel_id: PanelId) -> PanelView:
        """Return what the page shows of a panel.

        Raises:
            HTTPException: There is no such panel.
        """
        try:
            record = self.books.record(panel_id)
        except QueryError as error:
            raise HTTPException(404, str(error)) from error
        return view_panel(record, self.books.seen(panel_id.book_id))


def _desk_of(request: Request) -> PanelDesk:
    desk: PanelDesk | None = getattr(request.app.state, "panel_desk", None)
    if desk is None:
        services = services_of(request)
        library = services.library
        desk = request.app.state.panel_desk = PanelDesk(
            library,
            PanelBooks(library),
            Nearby(library, services.searcher, services.config),
            ModelDesk(library),
            PeopleDesk(library),
        )
    return desk


async def _desk(request: Request) -> PanelDesk:
    """Give the desk; on the event loop, so that two requests at once do not make two."""
    return _desk_of(request)


Desk = Annotated[PanelDesk, Depends(_desk)]


@pages.get("/panel/{panel_id}")
def panel_page(request: Request, desk: Desk, panel_id: str) -> HTMLResponse:
    """Show a panel."""
    view = desk.view(_parsed(panel_id))
    return render(request, "panel/panel.html", view=view, spaces=SPACE_NAMES)


@pages.get("/panel/{panel_id}/nearest/{space}")
def nearest_part(request: Request, desk: Desk, panel_id: PanelName, space: Space) -> HTMLResponse:
    """Show the nearest panels in one space."""
    found = _nearest(desk, panel_id, space, _N_NEAREST)
    return render(
        request,
        "panel/nearest.html",
        found=found,
        panel_id=panel_id,
        space_name=SPACE_NAMES[space],
        meaning=SPACE_MEANINGS[space],
    )


@pages.get("/panel/{panel_id}/understanding")
def understanding_part(request: Request, desk: Desk, panel_id: PanelName) -> HTMLResponse:
    """Show surprise and closure."""
    view = desk.view(_parsed(panel_id))
    seen = desk.books.seen(view.record.book_id)
    try:
        found = desk.model.understanding(view.record.panel_id, seen)
    except (ModelError, BusyError) as error:
        return _lacking(request, error)
    return render(
        request,
        "panel/understanding.html",
        view=view,
        found=found,
        curve=draw_curve(found.surprise.curve, view.row),
        highest=[(seen.panel_id(row), found.surprise.curve[row]) for row in found.surprise.highest],
        task_names=TASK_NAMES,
    )


@pages.get("/panel/{panel_id}/attention")
def attention_part(
    request: Request, desk: Desk, panel_id: PanelName, layer: Layer = None
) -> HTMLResponse:
    """Show what the panel attends to, over its page."""
    view = desk.view(_parsed(panel_id))
    seen = desk.books.seen(view.record.book_id)
    try:
        found = desk.model.attention(view.record.panel_id, seen, layer)
    except (ModelError, BusyError) as error:
        return _lacking(request, error)
    drawn = view_attention(view.record.panel_id, seen, found)
    return render(request, "panel/attention.html", view=view, found=drawn)


@pages.get("/panel/{panel_id}/people")
def people_part(request: Request, desk: Desk, panel_id: PanelName) -> HTMLResponse:
    """Show who is in the panel, as far as somebody looked."""
    view = desk.view(_parsed(panel_id))
    found = desk.people.people(view.record.panel_id)
    told = services_of(request).options.whereabouts.text(found.lacking)
    found = replace(found, lacking=told)
    return render(request, "panel/people.html", view=view, found=found)


@pages.get("/panel/{panel_id}/editions")
def editions_part(request: Request, desk: Desk, panel_id: PanelName) -> HTMLResponse:
    """Show the same panel in other books."""
    view = desk.view(_parsed(panel_id))
    found = desk.nearby.editions(view.record.panel_id)
    return render(request, "panel/editions.html", found=found)


@api.get("/panels/{panel_id}")
def get_panel(desk: Desk, panel_id: PanelName) -> PanelAnswer:
    """Return a panel: its texts, its description, its neighbours, where it can be compared."""
    view = desk.view(_parsed(panel_id))
    asked = view.record.panel_id
    spaces = [space for space in Space if desk.nearby.lacking(asked, space) is None]
    editions = [str(each.panel_id) for each in desk.nearby.editions(asked)]
    return panel_answer(view, spaces, editions)


@api.get("/panels/{panel_id}/nearest")
def get_nearest(
    desk: Desk,
    panel_id: PanelName,
    space: Annotated[Space, Query(description="where to compare; no other space is asked")],
    k: Annotated[int, Query(ge=1, le=100, description="how many")] = 12,
) -> NearestAnswer:
    """Return the panels nearest to a panel in one space."""
    return nearest_answer(_nearest(desk, panel_id, space, k))


@api.get("/panels/{panel_id}/understanding")
def get_understanding(desk: Desk, panel_id: PanelName) -> UnderstandingAnswer:
    """Return what the trained model makes of a panel; slow for the first panel of a book."""
    view = desk.view(_parsed(panel_id))
    seen = desk.books.seen(view.record.book_id)
    return understanding_answer(desk.model.understanding(view.record.panel_id, seen))


@api.get("/panels/{panel_id}/attention")
def get_attention(desk: Desk, panel_id: PanelName, layer: Layer = None) -> AttentionAnswer:
    """Return what a panel attends to in the sequence model."""
    view = desk.view(_parsed(panel_id))
    seen = desk.books.seen(view.record.book_id)
    found = desk.model.attention(view.record.panel_id, seen, layer)
    ids = [str(seen.panel_id(row)) for row in range(len(seen.places))]
    return attention_answer(found, ids)


def _lacking(request: Request, error: ModelError | BusyError) -> HTMLResponse:
    """Say in the place of a part why it is not there."""
    reason = services_of(request).options.whereabouts.text(str(error))
    return render(request, "panel/lacking.html", reason=reason)


def _nearest(desk: PanelDesk, panel_id: str, space: Space, k: int) -> Nearest:
    try:
        return desk.nearby.nearest(_parsed(panel_id), space, k)
    except QueryError as error:
        raise HTTPException(404, str(error)) from error


def _parsed(panel_id: str) -> PanelId:
    """Read a panel id; what is none names no panel.

    Raises:
        HTTPException: It is none.
    """
    try:
        found = PanelId.parse(panel_id)
    except ValueError as error:
        raise HTTPException(404, "there is no such panel; its id has another form") from error
    if str(found) != panel_id or found.page_index > 999_999 or found.panel > 9_999:
        raise HTTPException(404, "there is no such panel")
    return found
