"""A small drawn library, a server on it, and a real browser in front of that.

The library is drawn and indexed once for all test processes; whoever changes it works on a copy.
Debian's chromium is driven through Playwright. Where it is missing, browser tests are skipped,
except in CI, where that is a failure. It composes its pages without a graphics processor: the page
uses no WebGL, and an emulated one took as much time as all the rest of a browser test.

Whatever waits here, for a server, an answer or a page, waits as long as `waiting.PATIENCE_S`.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from filelock import FileLock

from longbox.config import Config
from longbox.library import Library
from longbox.pipeline import index_shelf
from longbox.synthetic import draw_shelf
from longbox.web import Server, WebOptions, create_app
from made_studies import put_studies
from tiny_comics import draw_cbz
from waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

HOSTILE_TITLE = "<script>alert(1)</script>\" onload=alert(2) ' & {{7*7}} \u202e"
_CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


@dataclass(frozen=True)
class Served:
    """A server that answers: where, and on which library folder."""

    address: str
    root: Path
    app: Any


@pytest.fixture(scope="session")
def drawn_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library of the drawn demo shelf and a book with a hostile title.

    Shared by all test processes: open it read-only, or copy it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    home = shared / "web-shelf"
    with FileLock(shared / "web-shelf.lock"):
        if not (home / "done").exists():
            shutil.rmtree(home, ignore_errors=True)
            _make(home)
            (home / "done").touch()
    return home / "library"


def _make(home: Path) -> None:
    draw_shelf(home / "shelf")
    hostile = draw_cbz(home / "shelf" / "hostile.cbz", [1, 3])
    _name(hostile, HOSTILE_TITLE)
    (home / "shelf" / "ghost.cbz").write_bytes(b"no comic at all")
    with Library.create(home / "library") as library:
        index_shelf([home / "shelf"], library, Config(), in_process=True)
    put_studies(home / "library")


def _name(path: Path, title: str) -> None:
    """Give a comic file a title of its own."""
    import zipfile
    from xml.sax.saxutils import escape

    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(
            "ComicInfo.xml",
            f"<ComicInfo><Title>{escape(title)}</Title><Series>{escape(title)}</Series>"
            f"<Summary>{escape(title)}</Summary></ComicInfo>".replace("\u202e", "&#x202e;"),
        )


@pytest.fixture
def library_copy(drawn_library: Path, tmp_path: Path) -> Path:
    """The folder of a copy of the drawn library that a test may change."""
    return Path(shutil.copytree(drawn_library, tmp_path / "library"))


@pytest.fixture(scope="session", autouse=True)
def _patient_clients() -> Iterator[None]:
    """Let httpx wait; five seconds are too few for a page on a machine that does more."""
    with pytest.MonkeyPatch.context() as patch:
        for wait in ("connect", "read", "write", "pool"):
            patch.setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, wait, PATIENCE_S)
        yield


Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def _servers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _start(stack: ExitStack, root: Path, **options: Any) -> Served:
    made = WebOptions(**{"port": 0, "n_render_processes": 1, **options})
    library = stack.enter_context(
        Library.open(root, read_only=made.is_read_only) if root.exists() else Library.create(root)
    )
    app = create_app(library, Config(), made)
    server = Server(app, made)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()

    def end() -> None:
        server.stop()
        thread.join(PATIENCE_S)

    stack.callback(end)
    until(lambda: server.is_started or not thread.is_alive(), "the server did not start")
    assert server.is_started, "the server ended"
    return Served(server.address, root, app)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server on a library folder: `serve(root, is_read_only=True)`; it ends by itself."""
    with ExitStack() as stack:
        yield lambda root, **options: _start(stack, root, **options)


@pytest.fixture(scope="session")
def served(drawn_library: Path, _servers: ExitStack) -> Served:
    """A read-only server on the drawn library, shared by the tests of one process."""
    return _start(_servers, drawn_library, is_read_only=True, n_render_processes=0)


@pytest.fixture(scope="session")
def studied(
    drawn_library: Path, tmp_path_factory: pytest.TempPathFactory, _servers: ExitStack
) -> Served:
    """A server on a library whose studies may be changed, shared by the tests of one process."""
    root = Path(shutil.copytree(drawn_library, tmp_path_factory.mktemp("studied") / "library"))
    return _start(_servers, root)


@pytest.fixture(scope="session")
def tight_server(
    drawn_library: Path, tmp_path_factory: pytest.TempPathFactory, _servers: ExitStack
) -> Served:
    """A server with bounds that are soon reached, on a library that it may change."""
    root = Path(shutil.copytree(drawn_library, tmp_path_factory.mktemp("tight") / "library"))
    return _start(
        _servers,
        root,
        max_body_bytes=4096,
        max_upload_bytes=65_536,
        header_timeout_s=1.0,
        body_timeout_s=1.0,
        max_connections=64,
    )


@pytest.fixture
def served_copy(library_copy: Path, serve: Serve) -> Served:
    """A server on a library of the test's own, which may be changed."""
    return serve(library_copy)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium, drawing in software, without a network of its own."""
    if not Path(_CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail("chromium is missing; .ci/run installs it")
        pytest.skip("chromium is not installed; apt-get install chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_S * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-gpu",
            ],
        )
        yield browser
        browser.close()


def _watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page whose script errors, refused scripts and requests to other hosts are noted."""
    faults: list[str] = []
    page = context.new_page()

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            faults.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("http://127.0.0.1", "data:", "blob:"))
            else faults.append(f"asked {request.url}")
        ),
    )
    page.set_default_timeout(PATIENCE_S * 1000)
    return page, faults


_WIDE = {"viewport": {"width": 1280, "height": 800}}
_PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A wide screen (1280 x 800); the test fails if a script does, or another host is asked."""
    context = browser.new_context(**_WIDE)
    made, faults = _watched(context)
    yield made
    context.close()
    assert not faults, faults


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A phone (390 x 844, touch), watched likewise."""
    context = browser.new_context(**_PHONE)
    made, faults = _watched(context)
    yield made
    context.close()
    assert not faults, faults


Look = Callable[[str], "tuple[Page, list[str]]"]


@pytest.fixture(scope="session")
def look(browser: Browser) -> Iterator[Look]:
    """Open addresses one after the other in one window, for tests that only look at a page.

    `look("wide")` or `look("phone")` gives the window and its faults, none yet. What a person
    would leave behind (a choice, a cookie, a theme) must not be left there.
    """
    opened: dict[str, tuple[Page, list[str]]] = {}
    with ExitStack() as stack:

        def window(screen: str) -> tuple[Page, list[str]]:
            if screen not in opened:
                context = browser.new_context(**(_WIDE if screen == "wide" else _PHONE))
                stack.callback(context.close)
                opened[screen] = _watched(context)
            page, faults = opened[screen]
            faults.clear()
            return page, faults

        yield window
