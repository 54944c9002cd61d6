"""The application: every slice's routes behind the guard and the limits.

Routes are plain functions, so they run in a thread pool and may wait for the disk; the library,
the searcher and the pictures are safe to use from many threads.
"""

from __future__ import annotations

import contextlib
import mimetypes
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib import resources
from importlib.resources.abc import Traversable

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

import longbox
from longbox.config import Config
from longbox.errors import LongboxError
from longbox.library import Library
from longbox.pipeline import library_model
from longbox.retrieval import Searcher, SearchRequest, WordsTerm
from longbox.web.addresses import STATIC_PREFIX, static_version
from longbox.web.api import routes as api_routes
from longbox.web.correct import routes as correct
from longbox.web.guard import Guard
from longbox.web.jobs import STANDARD_KINDS, JobBoard
from longbox.web.jobs import routes as jobs
from longbox.web.limits import Limits
from longbox.web.map import routes as map_routes
from longbox.web.map.making import MAP_KIND
from longbox.web.opds import routes as opds
from longbox.web.options import WebOptions
from longbox.web.panel import routes as panel
from longbox.web.pictures import PictureOptions, PictureServer, UploadStore
from longbox.web.pictures import routes as pictures
from longbox.web.problems import REFUSALS, explain_errors
from longbox.web.read import routes as read
from longbox.web.search import SearchDesk
from longbox.web.search import routes as search
from longbox.web.services import Services
from longbox.web.shelf import routes as shelf
from longbox.web.study import routes as study
from longbox.web.study.making import STUDY_KIND
from longbox.web.study.reports import REPORT_KIND

_SLICES = (
    shelf, search, read, panel, correct, map_routes, study, jobs, pictures, opds, api_routes
)  # fmt: skip
# Whoever opens the page at once has the cores to himself first.
_SEARCH_WARM_UP_S = 2.0
_LONGEST_NAME = 100
_TYPES = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}


def create_app(library: Library, config: Config, options: WebOptions) -> FastAPI:
    """Make the application of one library.

    Args:
        library: Open; the caller closes it when the server has ended.
        config: Its settings.
        options: Of the server.

    Returns:
        An ASGI application. Its processes end with its lifespan.
    """
    app = FastAPI(
        title="Longbox",
        version=longbox.__version__,
        summary="Search, read and correct a library of comics.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_name,
    )
    app.state.services = _services(library, config, options)
    for slice_routes in _SLICES:
        app.include_router(slice_routes.pages, include_in_schema=False)
        app.include_router(slice_routes.api, prefix="/api/v1", responses=REFUSALS)
    app.add_api_route(
        f"{STATIC_PREFIX}/{{version}}/{{path:path}}", _static, include_in_schema=False
    )
    app.add_api_route(
        "/favicon.ico", partial(_static, "", "base/icon.svg"), include_in_schema=False
    )
    explain_errors(app)
    app.add_middleware(Limits, options=options)
    app.add_middleware(Guard, options=options)
    return app


def _services(library: Library, config: Config, options: WebOptions) -> Services:
    kept = PictureOptions(
        n_processes=options.n_render_processes,
        cache_bytes=options.cache_bytes,
        max_upload_bytes=options.max_upload_bytes,
    )
    pictures = PictureServer(library, config, kept)
    uploads = UploadStore(pictures)
    searcher = Searcher(library, config, partial(library_model, library.root))
    return Services(
        library=library,
        config=config,
        options=options,
        searcher=searcher,
        pictures=pictures,
        uploads=uploads,
        jobs=JobBoard(
            library.root,
            config,
            (*STANDARD_KINDS, MAP_KIND, STUDY_KIND, REPORT_KIND),
            told=options.whereabouts.text,
        ),
        desk=SearchDesk(library, config, searcher, uploads),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    await run_in_threadpool(_warm_up, services)
    later = threading.Timer(_SEARCH_WARM_UP_S, _warm_up_search, (services,))
    later.daemon = True
    later.start()
    yield
    later.cancel()
    services.close()


def _warm_up(services: Services) -> None:
    """Do before the first request what it would else wait for: processes, imports, a first book."""
    services.pictures.warm_up()
    static_version()
    for book in services.library.books(limit=1).books:
        with contextlib.suppress(LongboxError):  # a damaged one says so when it is asked for
            services.library.annotated_book(book.book_id)


def _warm_up_search(services: Services) -> None:
    """Load the sentence encoder beside the first requests; what is wrong a search will say."""
    with contextlib.suppress(LongboxError):
        services.searcher.search(SearchRequest((WordsTerm("a first search"),), k=1))


def _operation_name(route: APIRoute) -> str:
    return route.name


def _static(version: str, path: str) -> Response:
    """Give a script, style or font; an address with the present version may be kept for ever."""
    found: Traversable = resources.files("longbox.web") / "static"
    for part in path.split("/"):
        is_name = part not in ("", ".", "..") and len(part) <= _LONGEST_NAME
        if not is_name or "\\" in part or "\0" in part:
            raise HTTPException(404)
        found = found / part
    suffix = path[path.rfind(".") :]
    if not found.is_file():
        raise HTTPException(404)
    kind = _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    is_kept = version == static_version()
    keep = "public, max-age=31536000, immutable" if is_kept else "no-cache"
    return Response(found.read_bytes(), media_type=kind, headers={"Cache-Control": keep})
