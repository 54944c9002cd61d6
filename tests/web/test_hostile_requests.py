"""Hostile requests against a real server: refused cleanly, nothing leaked, the server lives on."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import BaseRoute

from longbox.library import Library
from raw_requests import (
    HEADERS,
    REPOSITORY,
    TOKEN,
    assert_lives,
    assert_nothing_leaks,
    assert_refused,
    request,
    tell,
)

TRAVERSALS = [
    "../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%252f..%252f..%252fetc%252fpasswd",
    "..%5c..%5c..%5cetc%5cpasswd",
    "....//....//etc/passwd",
    "%00",
    "x%00.webp",
    "%2fetc%2fpasswd",
    "C:%5cWindows%5cwin.ini",
    "%c0%ae%c0%ae%c0%af",
    "%ff%fe",
    "%0d%0aSet-Cookie:%20a=b",
    "%E2%80%AE",
    "-1",
    "1e400",
    "99999999999999999999999999",
    "%D9%A1",
    "<script>alert(1)<%2fscript>",
    "{{7*7}}",
    "a" * 5000,
]


def _paths(app: Any) -> list[str]:
    """Every address with something to fill in, of pages and of the API."""
    found: list[str] = []

    def look(routes: list[BaseRoute], prefix: str) -> None:
        for route in routes:
            inner = getattr(route, "routes", None)
            path = getattr(route, "path", None)
            if (
                isinstance(path, str)
                and "{" in path
                and "GET" in (getattr(route, "methods", ()) or ())
            ):
                found.append(prefix + path)
            elif inner:
                look(list(inner), prefix)

    look(list(app.routes), "")
    document = app.openapi()
    found += [
        path for path, methods in document["paths"].items() if "{" in path and "get" in methods
    ]
    return sorted(set(found))


def test_no_path_parameter_leads_anywhere_else(served: Any) -> None:
    paths = _paths(served.app)
    assert len(paths) > 10, paths
    for path in paths:
        for hostile in TRAVERSALS:
            target = re.sub(r"\{[^}]*\}", lambda _, value=hostile: value, path)  # type: ignore[misc]
            told = tell(served.address, request("GET", target))
            assert told.status < 500, (target, told.text[:300])
            assert_nothing_leaks(told)
            if told.status < 300:
                assert b"passwd" not in told.body or b"<html" in told.body
    assert_lives(served.address)


@pytest.mark.parametrize(
    "target",
    [
        "/static/x/../../../../../etc/passwd",
        "/static/x/..%2f..%2f..%2fapp.py",
        "/static/x/base/..%2f..%2fapp.py",
        "/static/x/base%00.css",
        "/static//etc/passwd",
        "/static/x//etc/passwd",
        "/static/x/base",
        "/static/x/",
        "/pictures/page/../../x/1/160.webp",
        "/opds/file/0123456789abcdef/..%2f..%2fetc%2fpasswd",
        "//evil.example/%2e%2e",
        "/\\evil.example",
        "/read/../../../etc/passwd",
    ],
)
def test_known_ways_out_of_a_folder_are_closed(served: Any, target: str) -> None:
    assert_refused(tell(served.address, request("GET", target)))


@pytest.mark.parametrize(
    "host",
    [
        "Host: evil.example",
        "Host: evil.example:8733",
        "Host: 127.0.0.1.evil.example",
        "Host: localhost.evil.example",
        "Host: 127.0.0.1@evil.example",
        "Host: [::1].evil.example",
        "Host: 127.0.0.1, evil.example",
        "Host: xn--lcalhost-0za",
        "Host:",
        "Host: 2130706433",
        "Host: 0.0.0.0",
    ],
)
def test_another_name_for_this_machine_is_not_answered(served: Any, host: str) -> None:
    told = tell(served.address, request("GET", "/api/v1/books", host))
    assert_refused(told, 400, 421)
    assert b"books" not in told.body


def test_bytes_that_no_address_has_are_refused(served: Any) -> None:
    # Found by fuzzing; uvicorn refuses them by itself, another server may not.
    async def ask() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        scope = {
            "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "root_path": "",
            "query_string": b"q=\x80", "headers": [(b"host", b"127.0.0.1")], "scheme": "http",
            "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1),
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await served.app(scope, receive, send)
        return sent

    with ThreadPoolExecutor(1) as beside:  # a browser of other tests has its loop in this thread
        assert beside.submit(asyncio.run, ask()).result()[0]["status"] == 400


def test_two_host_headers_are_refused(served: Any) -> None:
    told = tell(
        served.address, request("GET", "/api/v1/books", "Host: 127.0.0.1", "Host: evil.example")
    )
    assert_refused(told, 400, 421)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/api/v1/saved-searches"),
        ("POST", "/api/v1/jobs"),
        ("POST", "/api/v1/pictures"),
        ("DELETE", "/api/v1/saved-searches/0123456789ab"),
        ("DELETE", "/api/v1/jobs/0123456789ab"),
        ("PUT", "/api/v1/books/0123456789abcdef/correction"),
        ("PATCH", "/api/v1/books"),
        ("POST", "/search/saved"),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        ("Origin: http://evil.example",),
        ("Origin: null",),
        ("Origin: http://127.0.0.1.evil.example",),
        ("Origin: http://127.0.0.1:1",),
        ("Sec-Fetch-Site: cross-site",),
        ("Sec-Fetch-Site: same-site",),
        ("Sec-Fetch-Site: same-origin", "Origin: http://evil.example"),
    ],
)
def test_pages_of_other_sites_change_nothing(
    tight_server: Any, method: str, target: str, headers: tuple[str, ...]
) -> None:
    before = tight_server.app.state.services.library.saved_searches()
    body = b'{"name": "x", "query": "q=x"}'
    kind = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    told = tell(tight_server.address, request(method, target, *headers, *kind, body=body))
    assert_refused(told, 403)
    assert tight_server.app.state.services.library.saved_searches() == before


def test_nothing_is_shown_or_done_without_the_token(library_copy: Path, serve: Any) -> None:
    served = serve(library_copy, token=TOKEN)
    wrong = [
        (),
        ("Authorization: Bearer wrong",),
        ("Authorization: Bearer",),
        ("Authorization: Basic !!!",),
        ("Authorization: Basic d3Jvbmc6d3Jvbmc=",),
        ("Cookie: longbox_token=wrong",),
        ("Cookie: longbox_token=\xff; =; ;;",),
    ]
    targets = ["/", "/search?q=a", "/api/v1/books", "/opds", "/opds/v2", "/api/v1/openapi.json"]
    targets += ["/static/x/base/base.css", "/pictures/page/0123456789abcdef/0/160.webp", "/nothing"]
    for target in targets:
        for headers in wrong[: 1 if target != "/api/v1/books" else None]:
            told = tell(served.address, request("GET", target, *headers))
            assert_refused(told, 401)
    told = tell(served.address, request("POST", "/api/v1/jobs", "Content-Length: 2", body=b"{}"))
    assert_refused(told, 401)
    right = tell(served.address, request("GET", "/api/v1/books", f"Authorization: Bearer {TOKEN}"))
    assert right.status == 200


def test_whoever_guesses_tokens_is_slowed_down(library_copy: Path, serve: Any) -> None:
    served = serve(library_copy, token=TOKEN)
    statuses = [
        tell(served.address, request("GET", f"/api/v1/books?token=guess{n}")).status
        for n in range(30)
    ]
    assert statuses[:20] == [401] * 20
    assert set(statuses[20:]) == {429}
    form = b"token=guess"
    told = tell(
        served.address,
        request("POST", "/token", f"Content-Length: {len(form)}", body=form),
    )
    assert_refused(told, 429)


def test_the_token_leads_to_no_other_host(library_copy: Path, serve: Any) -> None:
    served = serve(library_copy, token=TOKEN)
    for target in (f"//evil.example?token={TOKEN}", f"/\\evil.example?token={TOKEN}"):
        told = tell(served.address, request("GET", target))
        found = re.search(r"^location: (.*)$", told.head, re.MULTILINE | re.IGNORECASE)
        if found is not None:
            assert re.match(r"/[^/\\]", found[1].strip() + " "), found[1]
            assert TOKEN not in found[1]


def test_a_readonly_server_changes_nothing(served: Any) -> None:
    body = b'{"name": "x", "query": "q=x"}'
    for method, target in (
        ("POST", "/api/v1/saved-searches"),
        ("POST", "/api/v1/jobs"),
        ("PUT", "/api/v1/books/0123456789abcdef/correction"),
        ("DELETE", "/api/v1/saved-searches/0123456789ab"),
    ):
        kind = ("Content-Type: application/json", f"Content-Length: {len(body)}")
        assert_refused(tell(served.address, request(method, target, *kind, body=body)), 403)


def test_every_kind_of_answer_keeps_strangers_scripts_out(served: Any) -> None:
    library: Library = served.app.state.services.library
    book = library.books().books[0].book_id
    kinds = {
        "/": 200,
        "/search?q=robot": 200,
        f"/panel/{book}-0000-00": 200,
        "/api": 200,
        "/api/v1/books": 200,
        "/api/v1/openapi.json": 200,
        "/api/v1/books/nothing": 422,
        "/nowhere": 404,
        f"/pictures/page/{book}/0/160.webp": 200,
        f"/pictures/page/{book}/99999/160.webp": 404,
        "/favicon.ico": 200,
        "/static/x/base/base.css": 200,
        "/static/x/nothing.css": 404,
        "/opds": 200,
        f"/opds/pages/{book}/0": 200,
        f"/opds/file/{book}/x": 200,
    }
    with httpx.Client(base_url=served.address, timeout=60) as client:
        for target, status in kinds.items():
            answer = client.get(target)
            assert answer.status_code == status, target
            for name in HEADERS:
                assert name in answer.headers, (target, name)
            policy = answer.headers["content-security-policy"]
            assert "unsafe" not in policy
            assert "default-src 'none'" in policy
        for target in ("/", "/api/v1/books"):  # refused before any route is looked for
            refused = client.get(target, headers={"Host": "evil.example"})
            assert all(name in refused.headers for name in HEADERS)
        put = client.put("/api/v1/books", headers={"Origin": "http://evil.example"})
        assert all(name in put.headers for name in HEADERS)


def test_an_unforeseen_error_gives_nothing_away(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"{TOKEN} in {REPOSITORY}/secret")

    monkeypatch.setattr(served.app.state.services.library, "books", fail)
    for target in ("/api/v1/books", "/opds/books", "/"):
        told = tell(served.address, request("GET", target))
        assert told.status == 500
        assert_nothing_leaks(told)
        assert all(name in told.head.lower() for name in HEADERS), told.head


@pytest.mark.parametrize("field", ["q", "with", "series", "book", "by", "start", "w_vision"])
def test_hostile_words_in_addresses_are_words(served: Any, field: str) -> None:
    hostile = [
        "%3Cscript%3Ealert(1)%3C/script%3E",
        "%22%20onmouseover=%22alert(1)",
        "%00",
        "%F0%9F%92%A9%ED%A0%80",
        "{{7*7}}",
        "'%20OR%201=1--",
        "*%22*(",
        "a" * 9000,
        "../../etc/passwd.png",
        "/etc/passwd.png",
    ]
    for value in hostile:
        told = tell(served.address, request("GET", f"/search?{field}={value}"))
        assert told.status < 500, (value, told.text[:200])
        assert b"<script>alert" not in told.body
        assert b'onmouseover="alert' not in told.body
        assert b"root:x:" not in told.body
        api = tell(served.address, request("GET", f"/api/v1/search?{field}={value}"))
        assert api.status < 500, (value, api.text[:200])
        assert_nothing_leaks(api)
