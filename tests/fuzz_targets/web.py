"""The server of the web page, asked in this process: any address, header and body."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

from fuzz_targets.contract import Target, Try, require
from numbered_libraries import numbered

_TOKEN = "0123456789abcdef-token"
_MAY_BE_BUSY = 503
# Answers that load torch for some seconds; what guards them is what guards the others.
_HEAVY = ("/understanding", "/study?surprise")


def _app(root: Path, **options: Any) -> Any:
    from longbox.config import Config
    from longbox.library import Library
    from longbox.web import WebOptions, create_app
    from longbox.web.jobs import STANDARD_KINDS, JobBoard

    app = create_app(Library.open(root), Config(), WebOptions(n_render_processes=1, **options))
    services = app.state.services
    # Asked for, checked and queued, but never run.
    board = JobBoard(root, Config(), STANDARD_KINDS, n_at_once=0)
    app.state.services = replace(services, jobs=board)
    return app


class _Asker:
    """Two applications of one library: of this machine, and shared with a token (inputs with ~)."""

    def __init__(self, home: Path) -> None:
        with numbered(home / "library", 2):
            pass
        self._local = _app(home / "library")
        self._shared = _app(home / "library", host="0.0.0.0", token=_TOKEN, is_read_only=True)
        self._loop = asyncio.new_event_loop()

    def __call__(self, data: bytes) -> None:
        app = self._shared if data.startswith(b"~") else self._local
        scope, body = _request(data.removeprefix(b"~"))
        status, headers, answer = self._loop.run_until_complete(_answer(app, scope, body))
        require(100 <= status < 500 or status == _MAY_BE_BUSY, f"status {status}")
        for name, value in headers:
            require(not set(name + value) & set(b"\r\n\0"), f"a header {name!r}: {value!r}")
        names = {name.lower(): value for name, value in headers}
        require(b"content-security-policy" in names, "no Content-Security-Policy")
        if names.get(b"content-type", b"").startswith(b"application/json") and answer:
            json.loads(answer)

    def close(self) -> None:
        for app in (self._local, self._shared):
            services = app.state.services
            services.close()
            services.library.close()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


def _finish(tried: Try) -> None:
    if isinstance(tried, _Asker):
        tried.close()


def _request(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Read an input like a request on the wire: its line, headers, an empty line, a body."""
    head, _, body = data.partition(b"\n\n")
    line, *rest = head.split(b"\n")
    method, _, target = line.partition(b" ")
    path, _, query = target.strip().partition(b"?")
    headers = [(b"host", b"localhost")]
    for entry in rest[:20]:
        name, _, value = entry.partition(b":")
        clean = bytes(c for c in name.strip().lower() if 33 <= c < 127)
        if clean == b"host":
            headers = []
        headers.append((clean or b"x", bytes(c for c in value.strip() if c not in b"\r\n\0")))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method.decode("latin-1").strip().upper()[:20] or "GET",
        "scheme": "http",
        # As the server does it: percent signs decoded, bytes that are no text kept somehow.
        "path": unquote(path.decode("latin-1") or "/"),
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": headers,
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 8733),
        "state": {},
    }
    return scope, body


async def _answer(
    app: Any, scope: dict[str, Any], body: bytes
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    sent: list[dict[str, Any]] = []
    asked = 0
    done = asyncio.Event()

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        if asked == 1:
            return {"type": "http.request", "body": body, "more_body": False}
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        is_last = message["type"] == "http.response.body" and not message.get("more_body")
        # A stream of events never ends by itself; its listener leaves after the first.
        if is_last or (message["type"] == "http.response.body" and len(sent) > 40):
            done.set()

    async def leave() -> None:
        await asyncio.sleep(5)
        done.set()

    leaving = asyncio.ensure_future(leave())
    try:
        await app(scope, receive, send)
    finally:
        leaving.cancel()
    require(bool(sent), "no answer")
    start = sent[0]
    answer = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
    return start["status"], list(start.get("headers", [])), answer


def _seeds() -> Sequence[bytes]:
    """Every operation of the API document and every page, with plausible values."""
    with TemporaryDirectory() as folder:
        root = Path(folder) / "library"
        with numbered(root, 1):
            pass
        app = _app(root)
        found = _operations(app.openapi())
        found += [f"GET {path}".encode() for path in _pages(app)]
        app.state.services.library.close()
    found += [
        b"GET /?q=rain+%2B+dragon&space=vision&language=fr",
        b"~GET /?token=" + _TOKEN.encode(),
        b"~GET /opds\nAuthorization: Basic Om5vbmU=",
        b"~POST /token\nContent-Type: application/x-www-form-urlencoded\n\ntoken=x",
        b"POST /api/v1/searches\nContent-Type: application/json\nOrigin: http://localhost\n\n"
        b'{"name": "Rain", "query": "q=rain"}',
        b"GET /\nHost: evil.example",
        b"GET /static/x/../../../etc/passwd",
    ]
    return found


def _filled(path: str) -> str:
    values = {
        "book_id": f"{1:016x}", "panel_id": f"{1:016x}-0001-01", "page_index": "1", "index": "1",
        "page": "1", "study_id": "clusters-0123456789ab", "job_id": "0" * 12,
        "search_id": "0" * 12, "picture_id": "0" * 32, "width": "320", "version": "x",
        "path": "base/icon.svg", "space": "vision", "unit": "panel",
    }  # fmt: skip
    parts = []
    for piece in path.split("/"):
        name = piece.split("{", 1)[-1].split("}", 1)[0].split(":", 1)[0]
        parts.append(values.get(name, "1") + piece.split("}", 1)[-1] if "{" in piece else piece)
    return "/".join(parts)


def _operations(document: dict[str, Any]) -> list[bytes]:
    found = []
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            query = "&".join(
                f"{p['name']}=1" for p in about.get("parameters", []) if p["in"] == "query"
            )
            line = f"{method.upper()} {_filled(path)}" + (f"?{query}" if query else "")
            if any(heavy in line for heavy in _HEAVY):
                continue
            content = about.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                said = _example(content["application/json"]["schema"], document, 0)
                line += f"\nContent-Type: application/json\n\n{json.dumps(said)}"
            found.append(line.encode())
    return found


def _example(schema: dict[str, Any], document: dict[str, Any], depth: int) -> Any:
    """Make a value of a schema, roughly."""
    if depth > 5:
        return None
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return _example(document["components"]["schemas"][name], document, depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return _example(schema[key][0], document, depth + 1)
    if "const" in schema or "enum" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: _example(inner, document, depth + 1) for name, inner in properties.items()}
    if kind == "array":
        return [_example(schema.get("items", {}), document, depth + 1)]
    return {"integer": 1, "number": 0.5, "boolean": True, "null": None}.get(str(kind), "rain")


def _pages(app: Any) -> list[str]:
    found: list[str] = []

    def look(routes: Any) -> None:
        for route in routes:
            path = getattr(route, "path", None)
            if isinstance(path, str) and "GET" in (getattr(route, "methods", ()) or ()):
                found.append(_filled(path))
            elif getattr(route, "routes", None):
                look(route.routes)

    look(app.routes)
    return [path for path in found if not path.startswith("/api/")]


TARGETS = (
    Target(
        "web",
        "an answer below 500 (or 503: busy) with its security headers; never raises",
        _Asker,
        _seeds,
        (b"GET ", b"POST ", b"PUT ", b"DELETE ", b"/api/v1/", b"%00", b"Host: ", b"Origin: ", b"~"),
        finish=_finish,
        max_bytes=8192,
        timeout_s=60.0,
        memory_mb=12288,
    ),
)
