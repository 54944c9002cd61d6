"""`longbox serve` as people start it, and what every answer of the server has."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from longbox.errors import ConfigError
from longbox.web import WebOptions
from waiting import PATIENCE_S

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from conftest import Served


def _start(*words: object) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "longbox", "serve", "--port", "0", *(str(w) for w in words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def _end(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    _, notes = process.communicate(timeout=PATIENCE_S)
    return notes


def test_serves_an_empty_library_that_it_makes_and_ends_when_told(tmp_path: Path) -> None:
    process, address = _start("--library", tmp_path / "new")
    try:
        answer = httpx.get(address)
        assert answer.status_code == 200
        assert "longbox index" in answer.text
    finally:
        notes = _end(process)
    assert process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in notes


def test_others_need_a_token_which_is_printed_once(tmp_path: Path) -> None:
    process, address = _start("--library", tmp_path / "new", "--host", "0.0.0.0")
    try:
        port = re.search(r":(\d+)/\?token=(.+)$", address)
        assert port is not None
        here = f"http://127.0.0.1:{port[1]}"
        assert httpx.get(here).status_code == 401
        entered = httpx.get(f"{here}/search?q=a&token={port[2]}")
        assert entered.status_code == 303
        assert entered.headers["location"] == "/search?q=a"
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        kept = {"longbox_token": port[2]}
        assert httpx.get(here, cookies=kept).status_code == 200
        assert httpx.get(here, auth=("reader", port[2])).status_code == 200
        by_address = httpx.get(here, cookies=kept, headers={"Host": f"192.168.1.5:{port[1]}"})
        assert by_address.status_code == 200
        by_name = httpx.get(here, cookies=kept, headers={"Host": f"evil.example:{port[1]}"})
        assert by_name.status_code == 421
        typed = httpx.post(f"{here}/token", data={"token": port[2]})
        assert typed.status_code == 303
    finally:
        notes = _end(process)
    assert "token" in notes


def test_a_port_in_use_is_one_clear_line(served: Served, tmp_path: Path) -> None:
    port = served.address.rsplit(":", 1)[1]
    done = subprocess.run(
        [sys.executable, "-m", "longbox", "serve", "--port", port, "-l", str(tmp_path / "l")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "--port" in done.stderr


def test_an_address_that_others_reach_needs_a_token() -> None:
    with pytest.raises(ConfigError, match="token"):
        WebOptions(host="0.0.0.0")
    assert WebOptions(host="::1").is_local
    assert WebOptions(host="127.0.0.5").is_local


def test_static_files_may_be_kept_for_ever_and_nothing_else_is_given(served: Served) -> None:
    html = httpx.get(f"{served.address}/search").text
    style = re.search(r'href="(/static/[^"]+base\.css)"', html)
    assert style is not None
    assert "immutable" in httpx.get(served.address + style[1]).headers["cache-control"]
    old = re.sub(r"/static/[^/]+/", "/static/other/", style[1])
    assert httpx.get(served.address + old).headers["cache-control"] == "no-cache"
    for bad in ("../app.py", "%2e%2e/app.py", "base/../../app.py", "", "base", "base//base.css"):
        assert httpx.get(f"{served.address}/static/x/{bad}").status_code == 404, bad


def test_read_only_refuses_every_change(served: Served) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = httpx.request(method, f"{served.address}/api/v1/jobs", json={})
        assert answer.status_code == 403
        assert "read-only" in answer.json()["error"]


def test_the_theme_is_kept_over_pages(page: Page, served: Served) -> None:
    page.goto(f"{served.address}/search")
    page.get_by_role("button", name="Light or dark").click()
    chosen = page.evaluate("document.documentElement.dataset.theme")
    page.goto(f"{served.address}/")
    assert page.evaluate("document.documentElement.dataset.theme") == chosen == "dark"


def test_slash_goes_to_the_search_box(page: Page, served: Served) -> None:
    page.goto(f"{served.address}/health")
    page.keyboard.press("/")
    page.keyboard.type("potion")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=potion")


def test_an_answer_does_not_wait_for_an_acknowledgement(served: Served) -> None:
    with httpx.Client(base_url=served.address) as client:
        client.get("/api/v1/facets")

        def is_quick() -> bool:
            start = time.perf_counter()
            client.get("/api/v1/facets").raise_for_status()
            return time.perf_counter() - start < 0.03

        # Nagle's algorithm and a delayed acknowledgement make every one of them 40 ms.
        assert any(is_quick() for _ in range(200))
