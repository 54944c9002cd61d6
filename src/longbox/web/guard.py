"""Who may ask, and what a browser may do with the answer.

In front of every route, so that no slice can forget it:

* The Host header must be a name that the server knows. A page of another site that lets its own
  name point to this machine (DNS rebinding) is refused.
* A request that changes something must come from our own pages, or from a program that is no
  browser: browsers send Origin or Sec-Fetch-Site with every such request, and either is checked.
* Where there is a token, it must come with the request: in a cookie, as a bearer, or as the
  password of basic authentication (readers of OPDS catalogues know nothing else). `?token=` in an
  address is turned into the cookie at once, so that it does not stay in the history. Whoever
  guesses is slowed down.
* In read-only mode nothing that changes anything gets through; what a search posts does.
* Every answer carries the headers that keep scripts of others out (Content-Security-Policy without
  inline script or style, nosniff, no frames, no use by other sites).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import re
import secrets
import time
from collections import OrderedDict
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from longbox.web.clients import client_name
from longbox.web.options import WebOptions

COOKIE: Final = "longbox_token"
TOKEN_PATH: Final = "/token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Posted without changing the library: a picture to search with, the token.
_HARMLESS_POSTS = frozenset({"/api/v1/pictures", TOKEN_PATH})
_GUESSES, _GUESS_WINDOW_S, _MOST_GUESSERS = 20, 60.0, 10_000
_COOKIE_AGE_S = 90 * 24 * 3600
_LONGEST_FORM = 4096
# A name or an address, the sixth version in brackets, perhaps with a port.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/@\\\s]+)(?::[0-9]{1,5})?")

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "font-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Guard:
    """ASGI middleware that refuses what may not be asked and marks what is answered."""

    def __init__(self, app: ASGIApp, options: WebOptions) -> None:
        self._app = app
        self._options = options
        self._guesses = _Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # no web sockets here

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer: ASGIApp = self._refusal(scope) or self._app
        if answer is self._app and self._is_entry(scope):
            answer = await self._entry(scope, receive)
        await answer(scope, receive, marked)

    def _is_entry(self, scope: Scope) -> bool:
        is_asked = self._options.token is not None
        return is_asked and scope["path"] == TOKEN_PATH and scope["method"] == "POST"

    async def _entry(self, scope: Scope, receive: Receive) -> Response:
        """Answer the form that a token is typed into."""
        body = b""
        more = True
        while more and len(body) <= _LONGEST_FORM:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        typed = dict(parse_qsl(body[:_LONGEST_FORM].decode("utf-8", "replace"))).get("token", "")
        client, token = _client_of(scope), self._options.token or ""
        if self._guesses.is_too_many(client):
            return _refused(TOKEN_PATH, 429, "too many wrong tokens; wait a minute")
        if not _is_same(token, typed.strip()):
            self._guesses.note(client, [typed.strip()])
            return _asked_for_token(TOKEN_PATH)
        return _entered("/", [], token, scope)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        method, path = str(scope["method"]), str(scope["path"])
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._knows(host):
            return _refused(path, 421, "this server is not known by that name; use its address")
        is_change = method not in _SAFE_METHODS
        if is_change and not self._is_own_page(headers, host):
            return _refused(path, 403, "a page of another site may not ask for this")
        entry = self._token_refusal(scope, headers, method, path)
        if entry is not None:
            return entry
        if is_change and self._options.is_read_only and path not in _HARMLESS_POSTS:
            return _refused(path, 403, "this library is shared read-only; nothing can be changed")
        return None

    def _knows(self, host: str) -> bool:
        name = _name_of(host)
        # A name can be pointed at this machine by whoever owns it; an address cannot.
        is_address = not self._options.is_local and _is_address(name)
        return is_address or name in self._options.known_hosts

    def _is_own_page(self, headers: Headers, host: str) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None and site not in ("same-origin", "none"):
            return False
        origin = headers.get("origin")
        try:
            return origin is None or urlsplit(origin).netloc.lower() == host.lower()
        except ValueError:  # "http://[": no address at all
            return False

    def _token_refusal(
        self, scope: Scope, headers: Headers, method: str, path: str
    ) -> Response | None:
        token = self._options.token
        if token is None or (path == TOKEN_PATH and method == "POST"):
            return None
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        # One guess a request, however many an address holds.
        offered = [value for name, value in query if name == "token"][:1]
        given = _given_tokens(headers)
        client = _client_of(scope)
        if not given and not offered:
            return _asked_for_token(path)
        if self._guesses.is_too_many(client):
            return _refused(path, 429, "too many wrong tokens; wait a minute")
        if any(_is_same(token, each) for each in given):
            return None
        if any(_is_same(token, each) for each in offered):
            return _entered(path, [(n, v) for n, v in query if n != "token"], token, scope)
        self._guesses.note(client, [*given, *offered])
        return _asked_for_token(path)


class _Guesses:
    """Counts wrong tokens by client; forgets after a minute, and never holds many.

    The same wrong token again is no new guess: a page that was left open, and asks for its pictures
    with the token of yesterday, must not keep out whoever types that of today.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._seen: OrderedDict[str, dict[bytes, float]] = OrderedDict()

    def note(self, client: str, tokens: list[str]) -> None:
        seen = self._seen.pop(client, {})
        for token in tokens:
            said = token.encode("utf-8", "surrogateescape")
            seen.setdefault(hmac.digest(self._key, said, "sha256"), time.monotonic())
        since = time.monotonic() - _GUESS_WINDOW_S
        recent = [(guess, at) for guess, at in seen.items() if at > since]
        self._seen[client] = dict(recent[-_GUESSES:])
        while len(self._seen) > _MOST_GUESSERS:
            self._seen.popitem(last=False)

    def is_too_many(self, client: str) -> bool:
        since = time.monotonic() - _GUESS_WINDOW_S
        return sum(at > since for at in self._seen.get(client, {}).values()) >= _GUESSES


def _client_of(scope: Scope) -> str:
    return client_name(str(scope["client"][0])) if scope.get("client") else ""


def _entered(path: str, query: list[tuple[str, str]], token: str, scope: Scope) -> Response:
    # "//evil" would be another host to a browser.
    target = "/" + path.lstrip("/") + (f"?{urlencode(query)}" if query else "")
    response = RedirectResponse(target, status_code=303)
    # No script can read it, and no other site's page makes a browser send it.
    response.set_cookie(
        COOKIE,
        token,
        max_age=_COOKIE_AGE_S,
        httponly=True,
        samesite="strict",
        secure=scope.get("scheme") == "https",
        path="/",
    )
    return response


def _given_tokens(headers: Headers) -> list[str]:
    found = []
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        jar.clear()
    if COOKIE in jar:
        found.append(jar[COOKIE].value)
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found.append(value.strip())
    elif scheme.lower() == "basic":
        try:
            found.append(base64.b64decode(value, validate=True).decode().partition(":")[2])
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return found
    return found


def _is_same(token: str, offered: str) -> bool:
    return hmac.compare_digest(token.encode(), offered.encode("utf-8", "surrogateescape"))


def _name_of(host: str) -> str:
    """Return a Host header's name without the port, in lower case; empty for what is no name."""
    found = _HOST.fullmatch(host)
    return found[1].lower() if found else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def is_for_people(path: str) -> bool:
    """Whether an address is one that people look at, and not a program's."""
    return not path.startswith(("/api/", "/opds", "/pictures/", "/static/"))


def _refused(path: str, status: int, reason: str) -> Response:
    if is_for_people(path):
        return HTMLResponse(
            f'<!doctype html><html lang="en"><title>Longbox</title><p>{reason}</p></html>', status
        )
    return JSONResponse({"error": reason}, status)


def _asked_for_token(path: str) -> Response:
    if is_for_people(path):
        return HTMLResponse(
            '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">'
            "<title>Longbox</title><main><h1>Longbox</h1>"
            "<p>This library is shared with a token. The person who runs it can tell you.</p>"
            f'<form method="post" action="{TOKEN_PATH}"><label>Token '
            '<input name="token" type="password" autocomplete="current-password" required></label> '
            "<button>Enter</button></form></main></html>",
            401,
        )
    # Readers of OPDS catalogues ask their owner for a name and a password when they see this.
    challenge = {"WWW-Authenticate": 'Basic realm="Longbox", charset="UTF-8"'}
    return JSONResponse({"error": "this library needs a token"}, 401, headers=challenge)
