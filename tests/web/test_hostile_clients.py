"""Clients that lie about sizes, send nonsense, trickle or stop: refused; the server lives on."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from longbox.library import Library
from raw_requests import Told, assert_lives, assert_nothing_leaks, assert_refused, request, tell
from waiting import PATIENCE_S, until

_JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("headers", "body", "statuses"),
    [
        (("Content-Length: 999999999",), b"{", (413,)),
        (("Content-Length: 99999999999999999999999",), b"{", (400, 413)),
        (("Content-Length: -1",), b"", (400,)),
        (("Content-Length: 1e3",), b"", (400,)),
        (("Content-Length: 5", "Content-Length: 6"), b"aaaaaa", (400,)),
        (("Content-Length: 8000",), b"[" * 8000, (413,)),
        (("Transfer-Encoding: chunked",), b"2000\r\n" + b"a" * 0x2000 + b"\r\n0\r\n\r\n", (413,)),
        (("Transfer-Encoding: chunked",), b"zz\r\nnonsense\r\n0\r\n\r\n", (400,)),
        (("Transfer-Encoding: chunked",), b"-5\r\nabc\r\n0\r\n\r\n", (400,)),
        (("Transfer-Encoding: chunked",), b"ffffffffffffffffffff\r\nabc\r\n", (400, 408, 413)),
        (("Transfer-Encoding: gzip",), b"abc", (400, 411, 422, 501)),
        (("Transfer-Encoding: chunked", "Content-Length: 3"), b"0\r\n\r\n", (400, 422)),
    ],
)
def test_bodies_that_lie_about_their_size_are_refused(
    tight_server: Any, headers: tuple[str, ...], body: bytes, statuses: tuple[int, ...]
) -> None:
    data = request("POST", "/api/v1/saved-searches", _JSON, *headers, body=body)
    told = tell(tight_server.address, data)
    assert told.status in (0, *statuses), told.text[:300]  # 0: the connection was cut
    assert_nothing_leaks(told)
    assert_lives(tight_server.address)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe\x00",
        b"[" * 4000,
        b'{"a":' * 700,
        b'{"name": NaN, "query": Infinity}',
        b'{"name": 1, "query": []}',
        b'{"name": null}',
        b'{"name": "\\ud800", "query": "q=\\udfff"}',
        b'{"name": "x", "query": "' + b"q" * 3000 + b'"}',
        b'{"name": "x", "query": 1e999}',
        b"9" * 4000,
        b'"' + b"\\u0041" * 600 + b'"',
    ],
)
def test_json_that_is_none_is_refused(tight_server: Any, body: bytes) -> None:
    data = request(
        "POST", "/api/v1/saved-searches", _JSON, f"Content-Length: {len(body)}", body=body
    )
    told = tell(tight_server.address, data)
    assert_refused(told, 400, 422)
    line = json.loads(told.body)["error"]
    assert "\n" not in line
    assert len(line) < 500
    assert_lives(tight_server.address)


@pytest.mark.parametrize(
    "body", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 400, b"GIF89a" + b"\xff" * 900]
)
def test_pictures_that_are_none_are_refused(tight_server: Any, body: bytes) -> None:
    data = request(
        "POST",
        "/api/v1/pictures",
        "Content-Type: image/png",
        f"Content-Length: {len(body)}",
        body=body,
    )
    assert_refused(tell(tight_server.address, data), 422)


def test_an_upload_over_its_bound_is_refused_while_it_comes(tight_server: Any) -> None:
    piece = b"8000\r\n" + b"a" * 0x8000 + b"\r\n"
    data = request(
        "POST", "/api/v1/pictures", "Content-Type: image/png", "Transfer-Encoding: chunked"
    )
    told = tell(tight_server.address, data + piece * 6 + b"0\r\n\r\n")
    assert told.status in (0, 413)
    assert_lives(tight_server.address)


@pytest.mark.parametrize(
    "data",
    [
        request("GET", "/", *(f"X-{n}: {'a' * 100}" for n in range(200))),
        request("GET", "/", *(f"X-{n}: {'a' * 100}" for n in range(2000))),
        request("GET", "/", "X: " + "a" * 100_000),
        request("GET", "/?" + "a" * 20_000),
        request("GET", "/" + "a" * 60_000),
        request("GET", "/api/v1/books?" + "&".join(f"book_id={n:016x}" for n in range(700))),
        request("GET", "/", "Cookie: " + "; ".join(f"a{n}=b" for n in range(2000))),
        request("GET", "/api/v1/books", "No-Colon-Here"),
        request("GET", "/api/v1/books", "Bad\x00Name: a"),
        b"GET /\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 200,
        b"\r\n" * 500 + b"nonsense\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\nConnection: close\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_heads_that_are_too_much_or_no_heads_are_refused(tight_server: Any, data: bytes) -> None:
    told = tell(tight_server.address, data)
    assert told.status == 0 or 400 <= told.status < 500, told.text[:300]
    assert_nothing_leaks(told)
    assert_lives(tight_server.address)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "FOO", "PROPFIND", "PUT", "DELETE"])
def test_methods_that_a_page_does_not_know_are_refused(tight_server: Any, method: str) -> None:
    assert_refused(tell(tight_server.address, request(method, "/search")), 400, 405, 404, 403)


@pytest.mark.parametrize(
    ("value", "statuses"),
    [
        ("bytes=0-0", (206,)),
        ("bytes=99999999999999-", (416,)),
        ("bytes=5-2", (400, 416, 200)),
        ("bytes=-0", (400, 416, 200, 206)),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(2000)), (200, 206, 400, 416, 431)),
        ("bytes=" + ",".join("0-" for _ in range(90)), (200, 206, 400, 416)),
        ("bytes=a-b", (400, 416, 200)),
        ("lines=1-2", (400, 416, 200)),
        ("bytes=" + "9" * 5000 + "-", (400, 416, 200)),
        ("bytes=\u0661-\u0662", (400, 416, 200, 206)),
    ],
)
def test_ranges_that_make_no_sense_cost_nothing(
    tight_server: Any, value: str, statuses: tuple[int, ...]
) -> None:
    library: Library = tight_server.app.state.services.library
    book = library.books().books[0]
    size = Path(book.file).stat().st_size
    told = tell(
        tight_server.address, request("GET", f"/opds/file/{book.book_id}/x.cbz", f"Range: {value}")
    )
    assert told.status in statuses, told.text[:300]
    assert len(told.body) < 2 * size + 10_000
    assert_nothing_leaks(Told(told.status, told.head, b""))


def test_a_head_that_trickles_in_is_cut_off(tight_server: Any) -> None:
    host, port = tight_server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as made:
        start = time.monotonic()
        try:
            for byte in b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 100:
                made.sendall(bytes([byte]))
                time.sleep(0.1)
        except OSError:
            pass
        else:
            pytest.fail("a head may trickle in for ever")
        assert time.monotonic() - start < 13  # the head takes fourteen seconds
    assert_lives(tight_server.address)


def test_many_that_say_nothing_do_not_keep_others_out(tight_server: Any) -> None:
    host, port = tight_server.address.removeprefix("http://").split(":")
    idle = [socket.create_connection((host, int(port)), timeout=PATIENCE_S) for _ in range(40)]
    try:
        assert_lives(tight_server.address)
        assert all(each.recv(1) == b"" for each in idle[:5])
    except ConnectionResetError:
        pass  # cut off, which is as good
    finally:
        for each in idle:
            each.close()
    assert_lives(tight_server.address)


def test_a_body_that_stops_coming_is_not_waited_for(tight_server: Any) -> None:
    data = request("POST", "/api/v1/saved-searches", _JSON, "Content-Length: 100", body=b'{"na')
    start = time.monotonic()
    told = tell(tight_server.address, data)
    assert time.monotonic() - start < PATIENCE_S
    assert told.status in (0, 400, 408)


def test_who_stops_reading_is_let_go(tight_server: Any) -> None:
    library: Library = tight_server.app.state.services.library
    book = max(library.books().books, key=lambda each: Path(each.file).stat().st_size)
    n_asked = 1 + 20_000_000 // Path(book.file).stat().st_size
    host, port = tight_server.address.removeprefix("http://").split(":")
    before = threading.active_count()
    n_bytes = 0
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        made.connect((host, int(port)))
        made.settimeout(PATIENCE_S)
        ask = f"GET /opds/file/{book.book_id}/x.cbz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        made.sendall((ask * n_asked).encode())
        assert_lives(tight_server.address)
        own = made.getsockname()[1]

        def is_held() -> bool:
            kept = psutil.Process().net_connections()
            return any(c.raddr and c.raddr.port == own for c in kept)

        # The server runs in this process: its end of the connection must be gone.
        until(lambda: not is_held())
        try:
            while piece := made.recv(65536):
                n_bytes += len(piece)
        except ConnectionResetError:
            pass
    assert n_bytes < 20_000_000
    assert threading.active_count() <= before + 45
    assert_lives(tight_server.address)
