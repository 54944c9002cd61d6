"""Time the search page: round trips in chromium, and the server alone on 100,000 panels.

    python benchmarks/web_search.py --library DIR [--runs 12] [--panels 100000] [--queries 60]

round trip    from the moment at which Enter is pressed (a picture is pasted, a box of a facet is
              ticked) until the next frame after the hits stand there (`hits`) and after every crop
              in the window is drawn (`crops`). Every search is one that this server was not asked
              before. "cold" is an empty cache of rendered pictures; "warm" is the same searches
              once more with a new server process and a new browser profile on the cache that the
              cold ones filled. Models are opened by one search that is not counted.
server        GET of /search (the whole page), /search/part (what a search changes) and
              /api/v1/search on the library that benchmarks/search.py draws, in a server process of
              its own over one kept connection; every query is new, by words and like a panel.

Chromium draws in software (SwiftShader), as in the tests. Round trips run on a copy of the library.
`--panels 0` leaves the second part out, no `--library` the first.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

import search
from longbox.encoders import picture_encoder, sentence_encoder
from longbox.library import Library
from longbox.vectors import Space
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

# Does one thing, and watches frame by frame until the hits are new and their crops are drawn.
ROUND_TRIP = """async ([kind, what]) => {
  const before = document.getElementById('found');
  let begin = () => {
    document.getElementById('q').value = what;
    document.getElementById('search-form').requestSubmit();
  };
  if (kind === 'picture') {
    const blob = await (await fetch(what)).blob();
    const data = new DataTransfer();
    data.items.add(new File([blob], 'crop.webp', {type: 'image/webp'}));
    const options = {clipboardData: data, bubbles: true, cancelable: true};
    begin = () => document.body.dispatchEvent(new ClipboardEvent('paste', options));
  }
  if (kind === 'facet') begin = () => document.querySelector(what).click();
  const start = performance.now();
  begin();
  const frame = () => new Promise(done => requestAnimationFrame(done));
  const seen = image => {
    const box = image.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  };
  let hits = null;
  while (performance.now() - start < 20000) {
    await frame();
    if (document.getElementById('found') === before) continue;
    hits ??= performance.now() - start;
    const crops = [...document.querySelectorAll('#hits .hit__crop-img')].filter(seen);
    if (crops.every(image => image.complete && image.naturalWidth > 0)) {
      await frame();
      return {hits, crops: performance.now() - start, n: crops.length};
    }
  }
  return null;
}"""
FACETS = ("#group-lettering input[value=yes]", "#group-type input[value=story]")


@contextlib.contextmanager
def serving(library: Path) -> Iterator[str]:
    """Run a server process; yields its address."""
    command = [sys.executable, "-m", "longbox", "serve", "--read-only", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--library", str(library)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip().rstrip("/")
    finally:
        process.terminate()
        process.wait(20)


def words_of(library: Path, n: int) -> tuple[list[str], list[str]]:
    """Return queries of three words that are lettered somewhere, and panels to look like."""
    rng = np.random.default_rng(0)
    with Library.open(library, read_only=True) as opened:
        rows = sorted(
            int(row)
            for chunk, _ in opened.vectors(Space.VISION, opened.spaces()[Space.VISION][0])
            for row in chunk
        )
        drawn = rng.choice(rows, size=min(len(rows), 8 * n), replace=False).tolist()
        records = opened.panel_records(drawn)
    lettered = [record for record in records if len(record.text.split()) >= 3]
    words = [" ".join(record.text.split()[:3]).replace('"', "") for record in lettered]
    return list(dict.fromkeys(words))[:n], [str(record.panel_id) for record in records[:n]]


def open_page(browser: Browser, address: str) -> Page:
    """Open the empty search page in a new profile, and let the server open its models."""
    page = browser.new_context(viewport=WINDOW).new_page()
    page.goto(f"{address}/search")
    page.wait_for_selector("html.is-live")
    page.evaluate(ROUND_TRIP, ["words", "something else entirely"])
    return page


def round_trips(browser: Browser, address: str, library: Path, n: int) -> list[dict[str, Any]]:
    """Search by words, by pictures and by facets; return what each kind took."""
    words, panels = words_of(library, n)
    page = open_page(browser, address)
    # Making the crop that is pasted is not part of a search.
    pictures = [f"/pictures/panel/{panel}/640.webp" for panel in panels]
    page.evaluate("all => Promise.all(all.map(each => fetch(each)))", pictures)
    page.evaluate(ROUND_TRIP, ["picture", pictures[-1]])
    asked = {"words": words, "picture": pictures[:-1]}
    rows = []
    for kind, queries in asked.items():
        times = []
        for query in queries:
            page.goto(f"{address}/search")
            page.wait_for_selector("html.is-live")
            times.append(page.evaluate(ROUND_TRIP, [kind, query]))
        rows.append(summary(kind, times))
    times = []
    for number, query in enumerate(words):
        page.goto(f"{address}/search?q={quote(query + ' again')}")
        page.wait_for_selector("html.is-live")
        page.evaluate(
            "() => document.querySelectorAll('details.group').forEach(e => e.open = true)"
        )
        times.append(page.evaluate(ROUND_TRIP, ["facet", FACETS[number % len(FACETS)]]))
    rows.append(summary("facet", times))
    page.context.close()
    return rows


def summary(kind: str, times: Sequence[dict[str, float] | None]) -> dict[str, Any]:
    """Return the percentiles of some round trips."""
    found = [each for each in times if each is not None]
    row: dict[str, Any] = {"search": kind, "n": len(found), "lost": len(times) - len(found)}
    for key in ("hits", "crops"):
        values = [each[key] for each in found] or [float("nan")]
        row[f"{key} p50 ms"] = float(np.percentile(values, 50))
        row[f"{key} p95 ms"] = float(np.percentile(values, 95))
    return row


def in_browser(library: Path, n: int) -> list[dict[str, Any]]:
    """Measure round trips with pictures cold, then warm."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        # Its cache of pictures is beside the books: a copy begins without one.
        copy = Path(folder) / "library"
        shutil.copytree(library, copy, ignore=shutil.ignore_patterns("cache"))
        for state in ("cold", "warm"):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            with serving(copy) as address:
                found = round_trips(browser, address, copy, n)
            browser.close()
            rows += [{"pictures": state, **row} for row in found]
    return rows


def on_server(n_panels: int, n: int) -> list[dict[str, Any]]:
    """Draw a library and time a server on it."""
    pictures, sentences = picture_encoder(), sentence_encoder()
    search.DIMENSIONS[Space.VISION] = pictures.dimension
    search.FINGERPRINTS.update(
        {Space.VISION: pictures.fingerprint, Space.TEXT: sentences.fingerprint}
    )
    rng = np.random.default_rng(search.SEED)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "library"
        truth, _ = search.build(root, n_panels)
        rows = rng.choice(len(truth.texts), 4 * n, replace=False)
        with Library.open(root, read_only=True) as library:
            records = library.panel_records([int(row) + 1 for row in rows])
        words = ["q=" + quote(" ".join(record.text.split()[:4])) for record in records]
        panels = [f"with=panel:{record.panel_id}" for record in records]
        with serving(root) as address:
            host = urlsplit(address)
            connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=120)
            for path in ("/search/part", "/api/v1/search"):
                get(connection, f"{path}?q=warm&start=0")
                get(connection, f"{path}?{panels[-1]}&start=0")
            asked = {
                "/search": (words[:n], panels[:n]),
                "/search/part": (words[n : 2 * n], panels[n : 2 * n]),
                "/api/v1/search": (words[2 * n : 3 * n], panels[2 * n : 3 * n]),
            }
            return [
                server_row(connection, path, kind, queries)
                for path, both in asked.items()
                for kind, queries in zip(("words", "like a panel"), both, strict=True)
            ]


def server_row(
    connection: http.client.HTTPConnection, path: str, kind: str, queries: Sequence[str]
) -> dict[str, Any]:
    """Ask every query once; return the percentiles."""
    times, sizes = [], []
    for query in queries:
        start = time.perf_counter()
        sizes.append(get(connection, f"{path}?{query}"))
        times.append(1000 * (time.perf_counter() - start))
    p50, p95 = np.percentile(times, [50, 95])
    return {
        "path": path,
        "query": kind,
        "n": len(times),
        "p50 ms": float(p50),
        "p95 ms": float(p95),
        "max ms": max(times),
        "kB": float(np.median(sizes)) / 1000,
    }


def get(connection: http.client.HTTPConnection, path: str) -> int:
    """Ask for an address over a kept connection; return the answer's bytes."""
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
    return len(body)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", type=Path)
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--panels", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=60)
    args = parser.parse_args()
    result: dict[str, Any] = {"runs": args.runs, "panels": args.panels, "queries": args.queries}
    if args.library:
        result["round trips"] = in_browser(args.library, args.runs)
        print(table(result["round trips"]), end="\n\n")
    if args.panels:
        result["server"] = on_server(args.panels, args.queries)
        print(table(result["server"]))
    write("web_search", result)


if __name__ == "__main__":
    main()
