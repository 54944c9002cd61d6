"""Requests written byte by byte, where a client library would mend them, and what is refused."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from pathlib import Path

import httpx

from waiting import PATIENCE_S

TOKEN = "a-secret-that-nobody-guesses"
HEADERS = (
    "content-security-policy",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "cross-origin-resource-policy",
)
REPOSITORY = Path(__file__).resolve().parents[1]
_LEAKS = re.compile(
    rf"Traceback|File \"|root:x:|{re.escape(str(REPOSITORY))}|/tmp/|site-packages|{TOKEN}"
)


@dataclass(frozen=True)
class Told:
    """What a server answered to bytes."""

    status: int
    head: str
    body: bytes

    @property
    def text(self) -> str:
        return self.head + self.body.decode("utf-8", "replace")


def tell(address: str, data: bytes, timeout_s: float = PATIENCE_S) -> Told:
    """Send bytes as they are, and read until the server is done."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=timeout_s) as made:
        made.sendall(data)
        got = b""
        try:
            while piece := made.recv(65536):
                got += piece
        except ConnectionResetError:
            pass
    if not got:
        return Told(0, "", b"")
    head, _, body = got.partition(b"\r\n\r\n")
    return Told(int(head.split(b" ")[1]), head.decode("latin-1"), body)


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """Write a request; the Host header is right unless one is given."""
    lines = [f"{method} {target} HTTP/1.1", *headers, "Connection: close"]
    if not any(each.lower().startswith("host:") for each in headers):
        lines.insert(1, "Host: 127.0.0.1")
    return "\r\n".join((*lines, "", "")).encode("utf-8") + body


def assert_refused(told: Told, *statuses: int) -> None:
    """Refused in one line that says nothing about this machine."""
    assert 400 <= told.status < 500, told.text[:400]
    assert not statuses or told.status in statuses, told.text[:400]
    assert_nothing_leaks(told)


def assert_nothing_leaks(told: Told) -> None:
    assert not _LEAKS.search(told.text), told.text[:600]
    assert "set-cookie" not in told.head.lower()


def assert_lives(address: str) -> None:
    assert httpx.get(f"{address}/api/v1/books", timeout=PATIENCE_S).status_code == 200
