"""Time the reader in chromium: the first page, and the camera of the guided view.

    python benchmarks/web_read.py --library DIR [--book BOOK_ID] [--runs 5] [--steps 20]

first page    from the start of the navigation until the frame after the page's picture was drawn
              (element timing of the browser itself). "cold" is a new server process on an empty
              picture cache and a new browser profile, asked as soon as it answers; "warm" is the
              same address again in a new profile, with the picture cached on the server.
guided step   from the key's event to the first frame in which the camera stands elsewhere, within
              a page and over a page's border, in frames of this machine and in milliseconds. A
              frame is what the browser draws: its interval at rest is measured beside it.
faults        frames after a key in which the window had no decoded picture under its middle, or a
              page that neither was nor became the one that is read; looked for in every frame.

The drawing is software's (SwiftShader), as in the tests. Everything is done on a copy of the
library, because its picture cache is emptied again and again.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from longbox.library import Library
from report import table, write

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
WINDOW = {"width": 1280, "height": 800}

# The moment at which the first picture was on the screen, and at which the reader took keys.
FIRST = """() => new Promise(done => {
  const painted = performance.getEntriesByType('largest-contentful-paint');
  new PerformanceObserver(list => painted.push(...list.getEntries()))
    .observe({type: 'largest-contentful-paint', buffered: true});
  const look = () => {
    const found = painted.find(each => each.url.includes('/pictures/page/'));
    const ready = document.querySelector('[data-reader][data-ready]');
    if (found && ready) done({picture: found.startTime, ready: window.readyAt});
    else requestAnimationFrame(look);
  };
  look();
})"""
WATCH_READY = """
new MutationObserver((_, observer) => {
  if (document.querySelector('[data-reader][data-ready]')) {
    window.readyAt = performance.now();
    observer.disconnect();
  }
}).observe(document, {subtree: true, childList: true, attributes: true});
"""

# One key press, watched frame by frame until the camera rests.
STEP = """key => new Promise(done => {
  const shown = () => [...document.querySelectorAll('.leaf:not(.leaf--waiting)')]
    .sort((a, b) => (b.style.zIndex || 0) - (a.style.zIndex || 0));
  const pageOf = leaf => leaf.querySelector('.page-sheet').dataset.page;
  const standing = () => {
    const leaf = shown()[0];
    const box = leaf.querySelector('.page-sheet').getBoundingClientRect();
    return [pageOf(leaf), box.x, box.y, box.width].join(' ');
  };
  const before = standing();
  const was = pageOf(shown()[0]);
  const started = performance.now();
  document.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
  let frames = 0;
  let first = null;
  let blank = 0;
  const pages = new Set();
  const look = now => {
    frames++;
    const leaves = shown();
    leaves.forEach(leaf => pages.add(pageOf(leaf)));
    const pictures = leaves.flatMap(leaf => [...leaf.querySelectorAll('img')]);
    const inWindow = pictures.filter(each => {
      const box = each.getBoundingClientRect();
      return each.complete && each.naturalWidth > 0 && box.right > 0 && box.bottom > 0
        && box.left < innerWidth && box.top < innerHeight;
    });
    if (!inWindow.length) blank++;
    if (first === null && standing() !== before) first = {frames, ms: performance.now() - started};
    if (performance.now() - started < 700) {
      requestAnimationFrame(look);
      return;
    }
    const is = pageOf(shown()[0]);
    const wrong = [...pages].filter(each => each !== was && each !== is).length;
    done({was, is, first, frames, blank, wrong, moved: standing() !== before});
  };
  requestAnimationFrame(look);
})"""
FRAME_MS = """() => new Promise(done => {
  const times = [];
  const look = now => {
    times.push(now);
    if (times.length < 40) requestAnimationFrame(look);
    else done((times[39] - times[4]) / 35);
  };
  requestAnimationFrame(look);
})"""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(library: Path) -> Iterator[str]:
    """Run a server process with an empty picture cache; yields its address."""
    port = free_port()
    shutil.rmtree(library / "cache", ignore_errors=True)
    command = [sys.executable, "-m", "longbox", "serve", "--read-only"]
    process = subprocess.Popen(
        [*command, "--library", str(library), "--port", str(port)],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/favicon.ico")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(address: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def first_page_ms(browser: Browser, address: str) -> dict[str, float]:
    """Open an address in a new profile; return when its picture was there and keys were taken."""
    context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    page.add_init_script(WATCH_READY)
    page.goto(address, wait_until="commit")
    found: dict[str, float] = page.evaluate(FIRST)
    context.close()
    return found


def guided_steps(browser: Browser, address: str, steps: int) -> tuple[list[dict[str, Any]], float]:
    """Press the key that goes on; return what each press did, and the frame interval at rest."""
    context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    page.goto(f"{address}?page=1&view=guided")
    page.wait_for_selector("[data-reader][data-ready]")
    _rest(page)
    interval = float(page.evaluate(FRAME_MS))
    found = []
    for key in (*[" "] * steps, *["ArrowUp"] * (steps // 2)):
        step = page.evaluate(STEP, key)
        if step["first"] is None:  # the end of the book
            break
        found.append(step)
        _rest(page)
    context.close()
    return found, interval


def _rest(page: Page) -> None:
    """Wait as a reader does: until the next page has been made ready, and the eye has moved."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('.leaf--waiting')].every(leaf => "
        "leaf.querySelector('img, .unreadable') && leaf.querySelector('.texts'))"
    )
    page.wait_for_timeout(250)


def books_to_read(root: Path, chosen: str | None) -> dict[str, str]:
    """Return one book of each direction by name, the one with the most panels, or the chosen."""
    with Library.open(root, read_only=True) as library:
        found = library.books(limit=100_000).books
    if chosen:
        return {b.title: b.book_id for b in found if b.book_id == chosen}
    best = {b.direction: b for b in sorted(found, key=lambda b: b.n_panels) if 4 <= b.n_pages <= 60}
    return {f"{direction}: {b.title}": b.book_id for direction, b in best.items()}


def summary(name: str, kind: str, values: list[float], target: str) -> dict[str, Any]:
    """Lay out one row of the table."""
    return {
        "book": name,
        "what": kind,
        "median ms": statistics.median(values) if values else None,
        "worst ms": max(values) if values else None,
        "n": len(values),
        "target": target,
    }


def first_pages(
    browser: Browser, root: Path, name: str, book_id: str, runs: int
) -> list[dict[str, Any]]:
    """Measure the first page of a book, cold and warm."""
    cold, warm = [], []
    for _ in range(runs):
        with serving(root) as server:
            address = f"{server}/read/{book_id}?page=2"
            cold.append(first_page_ms(browser, address))
            warm.append(first_page_ms(browser, address))
    rows = []
    for kind, times in (("cold", cold), ("warm", warm)):
        pictures = [t["picture"] for t in times]
        rows.append(summary(name, f"first page visible, {kind}", pictures, "1000"))
        rows.append(summary(name, f"keys taken, {kind}", [t["ready"] for t in times], ""))
    return rows


def guided_rows(
    browser: Browser, root: Path, name: str, book_id: str, steps: int
) -> list[dict[str, Any]]:
    """Measure the guided view of a book, within pages and over their borders."""
    with serving(root) as server:
        found, interval = guided_steps(browser, f"{server}/read/{book_id}", steps)
    rows = []
    for kind, of_kind in (
        ("within a page", [s for s in found if s["was"] == s["is"]]),
        ("over a border", [s for s in found if s["was"] != s["is"]]),
    ):
        first = [s["first"] for s in of_kind]
        rows.append(
            {
                "book": name,
                "guided step": kind,
                "n": len(of_kind),
                "median ms": statistics.median(f["ms"] for f in first) if first else None,
                "worst ms": max((f["ms"] for f in first), default=None),
                "most frames": max((f["frames"] for f in first), default=None),
                "frame at rest ms": interval,
                "blank frames": sum(s["blank"] for s in of_kind),
                "wrong pages": sum(s["wrong"] for s in of_kind),
            }
        )
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--book")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    guided: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "library"
        shutil.copytree(args.library, root, ignore=shutil.ignore_patterns("cache"))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, book_id in books_to_read(root, args.book).items():
            rows += first_pages(browser, root, name, book_id, args.runs)
            guided += guided_rows(browser, root, name, book_id, args.steps)
        browser.close()
    print(table(rows), table(guided), sep="\n\n")
    write("web_read", {"first_page": rows, "guided": guided})


if __name__ == "__main__":
    main()
