"""Bounds on what a client can make the server hold: bytes of a body, and time.

A body is counted while it comes, whatever its Content-Length says, so that no route can be made to
buffer more than its bound. A client that stops sending in the middle of a body, or stops reading
in the middle of an answer, is let go. (Connections that never send their request are closed by
`longbox.web.serving`, which also bounds their number.)
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from longbox.web.options import WebOptions

UPLOAD_PATH = "/api/v1/pictures"
_MOST_HEADERS_BYTES = 16_384
_LONGEST_TARGET = 16_384


class Limits:
    """ASGI middleware that bounds bodies and slow clients."""

    def __init__(self, app: ASGIApp, options: WebOptions) -> None:
        self._app = app
        self._options = options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its bounds."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._most_bytes(scope["path"])
        refusal = _refusal(scope, most)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        exchange = _Exchange(receive, send, most, self._options.body_timeout_s)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except _TooLargeError:
            if not exchange.has_started:
                await _too_large(most)(scope, receive, send)
        except _TooSlowError as error:
            if not exchange.has_started:
                await JSONResponse({"error": error.detail}, 408)(scope, receive, send)
        except TimeoutError:
            if not exchange.has_started:
                raise
            return  # who stopped reading gets no more

    def _most_bytes(self, path: str) -> int:
        is_upload = path == UPLOAD_PATH
        return self._options.max_upload_bytes if is_upload else self._options.max_body_bytes


class _Exchange:
    """One request and its answer, counted and timed."""

    def __init__(self, receive: Receive, send: Send, most: int, timeout_s: float) -> None:
        self._receive, self._send = receive, send
        self._most, self._timeout_s = most, timeout_s
        self._taken = 0
        self.has_started = False

    async def receive(self) -> Message:
        if self.has_started:  # what comes now is the client's leaving: that may take long
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._timeout_s)
        except TimeoutError as error:
            raise _TooSlowError from error
        self._taken += len(message.get("body", b""))
        if self._taken > self._most:
            raise _TooLargeError(self._most)
        return message

    async def send(self, message: Message) -> None:
        self.has_started = True
        await asyncio.wait_for(self._send(message), self._timeout_s)


# Errors of HTTP, because whoever parses a body passes those on, and takes any other for bad JSON.


class _TooLargeError(HTTPException):
    """A body went over its bound."""

    def __init__(self, most: int) -> None:
        super().__init__(413, _too_large_reason(most), {"Connection": "close"})


class _TooSlowError(HTTPException):
    """A body stopped coming."""

    def __init__(self) -> None:
        super().__init__(408, "the request took too long to arrive", {"Connection": "close"})


def _refusal(scope: Scope, most: int) -> JSONResponse | None:
    target = len(scope.get("raw_path") or b"") + len(scope.get("query_string", b""))
    if target > _LONGEST_TARGET:
        return JSONResponse({"error": "the address is too long"}, 414)
    if not scope.get("query_string", b"").isascii():
        return JSONResponse({"error": "the address holds bytes that no address has"}, 400)
    if sum(len(n) + len(v) for n, v in scope["headers"]) > _MOST_HEADERS_BYTES:
        return JSONResponse({"error": "the headers are too long"}, 431)
    declared = Headers(scope=scope).get("content-length", "0")
    if not declared.isascii() or not declared.isdigit():
        return JSONResponse({"error": "Content-Length must be a number"}, 400)
    return _too_large(most) if int(declared) > most else None


def _too_large(most: int) -> JSONResponse:
    headers = {"Connection": "close"}
    return JSONResponse({"error": _too_large_reason(most)}, 413, headers=headers)


def _too_large_reason(most: int) -> str:
    return f"that is larger than {most / (1 << 20):g} MiB, the most that is taken"
