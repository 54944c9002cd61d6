"""What went wrong, in one line, as a page for people and as JSON for programs.

Every error of ours says what to do, so its text is the answer. Anything unforeseen is logged with
its traceback and answered with a line that gives nothing away.
"""

from __future__ import annotations

import logging
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from longbox.errors import (
    BusyError,
    ComicError,
    ConfigError,
    ConflictError,
    LibraryError,
    LongboxError,
    ModelError,
    QueryError,
)
from longbox.web.guard import SECURITY_HEADERS, is_for_people
from longbox.web.html import render
from longbox.web.services import services_of

_log = logging.getLogger(__name__)


class Problem(BaseModel):
    """Why a request was not answered, in one line."""

    error: str


# Declared for every route, so that the OpenAPI document says how refusals look.
REFUSALS: Final[dict[int | str, dict[str, object]]] = {
    status: {"model": Problem, "description": why}
    for status, why in {
        400: "The request cannot be understood.",
        401: "The server needs its token.",
        403: "Not from there, or the library is shared read-only.",
        404: "There is no such thing in this library.",
        408: "The request took too long to arrive.",
        409: "Something else was changed in between.",
        413: "Too large.",
        414: "The address is too long.",
        415: "Of a kind that is not taken.",
        421: "The server is not known by that name.",
        422: "A value is of the wrong kind.",
        429: "Too many wrong tokens.",
        431: "The headers are too long.",
        503: "Too busy; ask again in a moment.",
    }.items()
}

_TITLES: Final = {
    400: "That cannot be understood",
    403: "That is not allowed here",
    404: "There is no such page",
    409: "Somebody was faster",
    503: "A moment, please",
}


def status_of(error: LongboxError) -> int:
    """Return the HTTP status that an error of ours is answered with."""
    match error:
        case ConflictError():
            return 409
        case BusyError():
            return 503
        case QueryError() | ConfigError():
            return 400
        case ComicError():
            return 404
        case LibraryError() | ModelError():
            return 503
    return 500


def explain_errors(app: FastAPI) -> None:
    """Let an application answer errors as this file says."""
    app.add_exception_handler(LongboxError, _explain_ours)
    app.add_exception_handler(HTTPException, _explain_http)
    app.add_exception_handler(RequestValidationError, _explain_invalid)
    app.add_exception_handler(Exception, _explain_unforeseen)


async def _explain_ours(request: Request, error: Exception) -> Response:
    status = status_of(error) if isinstance(error, LongboxError) else 500
    headers = {"Retry-After": "2"} if status == 503 else {}
    return _answer(request, status, str(error), headers)


async def _explain_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    reason = str(error.detail)
    if error.status_code == 404 and reason == "Not Found":
        reason = "there is nothing at this address"
    return _answer(request, error.status_code, reason, dict(error.headers or {}))


async def _explain_invalid(request: Request, error: Exception) -> Response:
    reasons = error.errors() if isinstance(error, RequestValidationError) else []
    first = reasons[0] if reasons else {"loc": ("request",), "msg": "cannot be understood"}
    where = " ".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return _answer(request, 422, f"{where[:200]}: {first['msg']}", {})


async def _explain_unforeseen(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    # This answer is made outside of the guard, which marks all others.
    reason = "something went wrong here; the server's log says what"
    return _answer(request, 500, reason, dict(SECURITY_HEADERS))


def _answer(request: Request, status: int, reason: str, headers: dict[str, str]) -> Response:
    said = services_of(request).options.whereabouts.text(reason)
    line = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    if not is_for_people(request.url.path):
        return JSONResponse({"error": line}, status, headers=headers)
    title = _TITLES.get(status, "Something went wrong")
    page = render(request, "base/problem.html", status, title=title, reason=line)
    page.headers.update(headers)
    return page
