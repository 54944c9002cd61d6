"""Routes of the map: its page, its points, and what hangs on one of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from longbox.analysis import Unit, map_path
from longbox.book import PanelId
from longbox.errors import LibraryError
from longbox.vectors import Space
from longbox.web.etags import is_known
from longbox.web.html import render
from longbox.web.ids import PanelName
from longbox.web.map.points import PointCache
from longbox.web.services import Shared

pages = APIRouter()
api = APIRouter(tags=["map"])

MAX_SPACES: Final = 4
_LONGEST_TEXT: Final = 400

SPACE_WORDS: Final = {
    Space.VISION: ("Picture", "what it looks like"),
    Space.TEXT: ("Lettering", "what is said in it"),
    Space.DESCRIPTION: ("Description", "what a model wrote about it"),
    Space.COMPOSITION: ("Composition", "its shape and place on the page"),
    Space.FUSED: ("Fused", "all that is known of it in one"),
    Space.CONTEXTUAL: ("In context", "read with its neighbours"),
}


class Colour(StrEnum):
    """What the points of a map can be coloured by."""

    CLUSTER = "cluster"
    BOOK = "book"
    SERIES = "series"
    TYPE = "type"
    LANGUAGE = "language"
    YEAR = "year"
    TEXT = "text"
    AREA = "area"
    FLAGS = "flags"


COLOUR_WORDS: Final = {
    Colour.CLUSTER: "Cluster",
    Colour.BOOK: "Book",
    Colour.SERIES: "Series",
    Colour.TYPE: "Page type",
    Colour.LANGUAGE: "Language",
    Colour.YEAR: "Year",
    Colour.TEXT: "Amount of text",
    Colour.AREA: "Panel area",
    Colour.FLAGS: "Flags",
}


class PointLook(BaseModel):
    """What is shown beside a point of a map.

    Attributes:
        panel_id: The panel; of a page, its first.
        page_index: From 0.
        panel: Order on the page, from 0.
        width: Of the panel in page pixels.
        height: Likewise.
        text: The panel's own lettering, shortened.
    """

    panel_id: str
    book_id: str
    title: str
    page_index: int
    panel: int
    width: int
    height: int
    page_width: int
    page_height: int
    text: str


class MapInfo(BaseModel):
    """A map that can be asked for.

    Attributes:
        space: Which vectors.
        of: What a point is.
        is_made: Whether its points can be fetched; if not, start a job of kind "map".
    """

    space: Space
    of: Unit
    is_made: bool


@pages.get("/map")
def map_page(
    request: Request,
    services: Shared,
    space: Annotated[list[Space] | None, Query()] = None,
    of: Unit = Unit.PANELS,
    colour: Colour = Colour.CLUSTER,
) -> HTMLResponse:
    """Show one space, or up to four side by side."""
    there = services.library.spaces()
    chosen = [s for s in dict.fromkeys(space or []) if s in there][:MAX_SPACES]
    if not chosen and there:
        chosen = [Space.FUSED if Space.FUSED in there else next(iter(there))]
    return render(
        request,
        "map/map.html",
        there=[s for s in Space if s in there],
        chosen=chosen,
        words=SPACE_WORDS,
        of=of,
        units=tuple(Unit),
        colour=colour,
        colours=COLOUR_WORDS,
    )


@api.get("/map")
def list_maps(services: Shared) -> list[MapInfo]:
    """List the maps of the library's spaces."""
    root = services.library.root
    return [
        MapInfo(space=space, of=unit, is_made=map_path(root, space, names[0], unit).is_file())
        for space, names in services.library.spaces().items()
        for unit in Unit
    ]


@api.get(
    "/map/{space}/{of}/points",
    response_class=Response,
    responses={
        200: {
            "content": {"application/octet-stream": {}},
            "description": "Columns of points; docs/map.md says how they are laid out.",
        },
        304: {"description": "As it was."},
    },
)
def map_points(request: Request, services: Shared, space: Space, of: Unit) -> Response:
    """Return the points of a map as a block of bytes."""
    if space not in services.library.spaces():
        raise HTTPException(404, f"this library has no {space} vectors")
    block = _cache(request).get(services.library, space, of)
    if block is None:
        raise HTTPException(404, f"there is no map of {of} by {space} yet; start a job of kind map")
    headers = {"ETag": block.etag, "Cache-Control": "private, no-cache"}
    if is_known(request, block.etag):
        return Response(status_code=304, headers=headers)
    return Response(block.data, media_type="application/octet-stream", headers=headers)


@api.get("/map/look/{panel_id}")
def map_look(services: Shared, panel_id: PanelName) -> PointLook:
    """Return what is shown beside a point."""
    row = services.library.panel_row(PanelId.parse(panel_id))
    found = services.library.panel_records([row])
    if not found:
        raise LibraryError(f"{panel_id}: the book is being read again; ask in a moment")
    panel = found[0]
    text = " ".join(panel.text.split())
    return PointLook(
        panel_id=str(panel.panel_id),
        book_id=panel.book_id,
        title=panel.title,
        page_index=panel.page_index,
        panel=panel.panel,
        width=round(panel.box.width),
        height=round(panel.box.height),
        page_width=panel.page_width,
        page_height=panel.page_height,
        text=text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…",
    )


def _cache(request: Request) -> PointCache:
    """Return the application's points; made at the first question."""
    found: PointCache | None = getattr(request.app.state, "map_points", None)
    if found is None:
        found = request.app.state.map_points = PointCache()
    return found
