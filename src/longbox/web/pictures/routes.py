"""Addresses of pictures, and where a picture to search with is sent.

Pictures are answered from async routes: one that has to be made is waited for without a thread,
so that sixty of them hold up nobody, and a browser that scrolled on and left is noticed.

An address with `?v=` of the present content may be kept for ever. A page may be kept for a day
without: a book's id is made of its pages' contents, so only our own rendering could change it. A
panel's box may be put right at any time, so its crop is asked for again after a minute (which no
run that takes a correction over is faster than) and mostly answered with "not modified", which
needs neither file nor cache.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response

from longbox.book import PanelId
from longbox.errors import BusyError, PageError, QueryError
from longbox.web.etags import is_known
from longbox.web.ids import BookId, PanelName, PictureId
from longbox.web.pictures.rendering import CONTENT_TYPE
from longbox.web.pictures.server import PictureRequest, PictureServer, Rendered
from longbox.web.pictures.uploads import UploadStore

pages = APIRouter()
api = APIRouter(tags=["pictures"])

_FOR_EVER: Final = "private, max-age=31536000, immutable"
_A_DAY: Final = "private, max-age=86400"
_A_MINUTE: Final = "private, max-age=60"
_LOOK_S: Final = 0.5
_MOST_UPLOADS_AT_ONCE: Final = 4
_UPLOAD_S: Final = 120.0

PageIndex = Annotated[str, Path(pattern="^(0|[1-9][0-9]{0,4})$", description="From 0")]
Width = Annotated[str, Path(pattern="^(160|320|640|1280|1920)$")]
Version = Annotated[str, Query(alias="v", max_length=64)]


def _pictures_of(request: Request) -> PictureServer:
    found: PictureServer = request.app.state.services.pictures
    return found


def _uploads_of(request: Request) -> UploadStore:
    found: UploadStore = request.app.state.services.uploads
    return found


Pictures = Annotated[PictureServer, Depends(_pictures_of)]
Uploads = Annotated[UploadStore, Depends(_uploads_of)]


class UploadedPicture(BaseModel):
    """A picture to search with, as it is kept: its name in addresses and its size in pixels."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    width: int
    height: int


@pages.get("/pictures/page/{book_id}/{page_index}/{width}.webp")
async def page_picture(
    request: Request,
    pictures: Pictures,
    book_id: BookId,
    page_index: PageIndex,
    width: Width,
    version: Version = "",
) -> Response:
    """Give a page as WebP."""
    return await _answer(
        request,
        pictures,
        lambda: pictures.page_request(book_id, int(page_index), int(width)),
        (version, _A_DAY),
    )


@pages.get("/pictures/panel/{panel_id}/{width}.webp")
async def panel_picture(
    request: Request,
    pictures: Pictures,
    panel_id: PanelName,
    width: Width,
    version: Version = "",
) -> Response:
    """Give a panel's crop as WebP."""
    return await _answer(
        request,
        pictures,
        lambda: pictures.panel_request(PanelId.parse(panel_id), int(width)),
        (version, _A_MINUTE),
    )


@pages.get("/pictures/query/{picture_id}.webp")
def query_picture(request: Request, uploads: Uploads, picture_id: PictureId) -> Response:
    """Give a picture that somebody searches with."""
    try:
        return _sent(request, uploads.picture(picture_id), _FOR_EVER)
    except QueryError as error:
        raise HTTPException(404, str(error)) from error


@api.post(
    "/pictures",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def add_picture(request: Request, pictures: Pictures, uploads: Uploads) -> UploadedPicture:
    """Send a picture to search with, as it is (no form); the answer's id names it in searches."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if not kind.startswith("image/"):
        raise HTTPException(415, "send the picture itself, with its type (image/png, image/jpeg)")
    state = request.app.state
    n_running = getattr(state, "n_picture_uploads", 0)
    if n_running >= _MOST_UPLOADS_AT_ONCE:
        raise BusyError("too many pictures are sent at once; try again in a moment")
    state.n_picture_uploads = n_running + 1
    try:
        data = await _body(request, pictures.options.max_upload_bytes)
        added = await run_in_threadpool(uploads.add, data)
    except PageError as error:
        raise HTTPException(422, str(error)) from error
    finally:
        state.n_picture_uploads -= 1
    return UploadedPicture.model_validate(added)


async def _body(request: Request, most_bytes: int) -> bytes:
    """Read a body, and no more of it than is allowed, whatever its header says."""
    too_large = HTTPException(413, f"the picture is larger than {most_bytes / 1e6:.0f} MB")
    said = request.headers.get("content-length", "0")
    if not said.isdecimal() or int(said) > most_bytes:
        raise too_large
    data = bytearray()
    try:
        async with asyncio.timeout(_UPLOAD_S):
            async for piece in request.stream():
                if len(data) + len(piece) > most_bytes:
                    raise too_large
                data += piece
    except TimeoutError as error:
        raise HTTPException(408, "the picture took too long to come; send it again") from error
    return bytes(data)


async def _answer(
    request: Request,
    pictures: PictureServer,
    look_up: Callable[[], PictureRequest],
    kept: tuple[str, str],
) -> Response:
    """Answer with a picture; `kept` is the version asked for, and how long any other is kept."""
    version, otherwise = kept

    def resolve() -> tuple[PictureRequest, Rendered | None]:
        asked = look_up()
        is_there = is_known(request, f'"{asked.key}"')
        return asked, Rendered(b"", asked.key) if is_there else pictures.find(asked)

    try:
        asked, found = await run_in_threadpool(resolve)
    except QueryError as error:
        raise HTTPException(404, str(error)) from error
    if found is None:
        found = await _made(request, pictures, asked)
    return _sent(request, found, _FOR_EVER if version == asked.version else otherwise)


async def _made(request: Request, pictures: PictureServer, asked: PictureRequest) -> Rendered:
    """Wait for a picture as long as the browser does."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, so nobody waits
            loop.call_soon_threadsafe(done.set)

    with pictures.begin(asked) as ticket:
        ticket.when_done(tell)
        while not done.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), _LOOK_S)
            if not done.is_set() and await request.is_disconnected():
                raise HTTPException(499, "the browser left")
        return Rendered(ticket.result(0).data, asked.key)


def _sent(request: Request, picture: Rendered, keep: str) -> Response:
    etag = f'"{picture.etag}"'
    headers = {"ETag": etag, "Cache-Control": keep}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(picture.data, media_type=CONTENT_TYPE, headers=headers)
