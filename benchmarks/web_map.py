"""How smoothly the map moves: frames a second over 100,000 points, drawn in software.

A library is made up of numbers (no comic is read), its map is kept as `longbox.analysis` keeps it,
and Debian's chromium opens the page of a real server without a graphics card, in both ways that it
has: "software" is its own compositor, which it falls back to by itself; "swiftshader" is OpenGL
worked out by the processor, where composing the page takes longer than drawing the map. While the
script pans and zooms as a hand would, requestAnimationFrame is counted, and next to it the frames
in which the map was really drawn again: both must hold. The same map is measured with one pane and
with two side by side, on a wide screen and on a phone of twice the density. "bare WebGL" draws as
many points with the least that WebGL can: no component that uses it can be faster there.

    python benchmarks/web_map.py [--points 100000] [--seconds 5]

needs chromium and the `dev` packages.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from longbox.analysis import LibraryMap, Method, Unit, write_map
from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Direction,
    DirectionSource,
    FileStamp,
    Metadata,
    Page,
    PageLabel,
    PageType,
    Panel,
)
from longbox.config import Config
from longbox.geometry import Box
from longbox.library import Library, write_book_store
from longbox.vectors import PanelVectors, Space, unit
from longbox.web import Server, WebOptions, create_app
from report import table, write

PANELS_PER_PAGE = 5
PAGES_PER_BOOK = 200
DIMENSION = 8
SPACES = (Space.VISION, Space.TEXT)
TARGET_FPS = 30.0
RENDERERS = {
    "software": ["--disable-gpu"],
    "swiftshader": ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
}
SCREENS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
}
MOVES = """
async (seconds) => {
  const panes = document.querySelector("[data-map]").mapPage.panes;
  const before = panes.reduce((sum, pane) => sum + pane.nFrames, 0);
  const gaps = [];
  const start = performance.now();
  let last = start;
  await new Promise((done) => {
    const step = (now) => {
      const t = (now - start) / 1000;
      gaps.push(now - last);
      last = now;
      for (const pane of panes) {
        pane.meanings().pan(Math.cos(t * 2) * 9, Math.sin(t * 3) * 6);
        pane.meanings().zoom(Math.exp(Math.sin(t * 1.5) * 0.02), 300, 200);
      }
      if (t < seconds) requestAnimationFrame(step);
      else done();
    };
    requestAnimationFrame(step);
  });
  const took = (performance.now() - start) / 1000;
  const drawn = panes.reduce((sum, pane) => sum + pane.nFrames, 0) - before;
  gaps.sort((a, b) => a - b);
  return {
    fps: gaps.length / took,
    drawn: drawn / panes.length / took,
    p95_ms: gaps[Math.floor(gaps.length * 0.95)],
    longest_ms: gaps.at(-1),
  };
}
"""

# What any component that draws by WebGL must do at least: one vertex a point, nothing else.
BARE_WEBGL = """
async ([n, seconds]) => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [innerWidth, innerHeight];
  document.body.append(canvas);
  const gl = canvas.getContext("webgl2", { antialias: false });
  if (!gl) return null;
  const program = gl.createProgram();
  const add = (kind, source) => {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  };
  add(gl.VERTEX_SHADER, "attribute vec2 at; uniform vec3 seen; void main() { " +
    "gl_Position = vec4((at - seen.xy) * seen.z, 0., 1.); gl_PointSize = 3.; }");
  add(gl.FRAGMENT_SHADER, "precision mediump float; void main() { gl_FragColor = vec4(1.); }");
  gl.linkProgram(program);
  gl.useProgram(program);
  const places = Float32Array.from({ length: 2 * n }, () => Math.random() * 2 - 1);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, places, gl.STATIC_DRAW);
  gl.enableVertexAttribArray(gl.getAttribLocation(program, "at"));
  gl.vertexAttribPointer(gl.getAttribLocation(program, "at"), 2, gl.FLOAT, false, 0, 0);
  const seen = gl.getUniformLocation(program, "seen");
  const gaps = [];
  const start = performance.now();
  let last = start;
  await new Promise((done) => {
    const step = (now) => {
      const t = (now - start) / 1000;
      gaps.push(now - last);
      last = now;
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform3f(seen, Math.cos(t * 2) * 0.1, Math.sin(t * 3) * 0.1, 1 + Math.sin(t) * 0.3);
      gl.drawArrays(gl.POINTS, 0, n);
      if (t < seconds) requestAnimationFrame(step);
      else done();
    };
    requestAnimationFrame(step);
  });
  gaps.sort((a, b) => a - b);
  const fps = gaps.length / ((performance.now() - start) / 1000);
  return { fps, drawn: fps, p95_ms: gaps[Math.floor(gaps.length * 0.95)], longest_ms: gaps.at(-1) };
}
"""


def make_library(root: Path, n_points: int) -> None:
    """Write a library of so many panels with vectors that mean nothing, and a map of each space."""
    rng = np.random.default_rng(0)
    with Library.create(root) as library:
        left = n_points
        number = 0
        while left > 0:
            number += 1
            n = min(left, PANELS_PER_PAGE * PAGES_PER_BOOK)
            annotated = _book(number, n)
            vectors = tuple(_vectors(space, n, rng) for space in SPACES)
            write_book_store(root, annotated, vectors, "benchmark")
            library.merge_book(annotated.book.book_id, annotated.book.path, FileStamp(1, 1))
            left -= n
        library.update_indexes()
        for space in SPACES:
            write_map(root, _scattered(library, space, rng))


def _book(number: int, n_panels: int) -> AnnotatedBook:
    pages = []
    for index in range(-(-n_panels // PANELS_PER_PAGE)):
        n = min(PANELS_PER_PAGE, n_panels - index * PANELS_PER_PAGE)
        panels = tuple(Panel(Box(0, 200 * i, 700, 200 * i + 190), i, 1, "none") for i in range(n))
        page = Page(index, f"{index}.png", f"{number:032x}{index:032x}", 700, 1000)
        pages.append(AnnotatedPage(page, panels, (), PageLabel(PageType.STORY, 1, "none")))
    book = Book(
        f"{number:016x}",
        f"/nowhere/{number}.cbz",
        "cbz",
        Metadata(series=f"Series {number % 12}", number=str(number)),
        Direction.LTR,
        DirectionSource.GUESS,
        tuple(page.page for page in pages),
    )
    return AnnotatedBook(book, tuple(pages))


def _vectors(space: Space, n: int, rng: np.random.Generator) -> PanelVectors:
    vectors = unit(rng.standard_normal((n, DIMENSION)))
    return PanelVectors(space, "none", vectors, np.ones(n, dtype=np.bool_))


def _scattered(library: Library, space: Space, rng: np.random.Generator) -> LibraryMap:
    """Scatter all panels in sixteen clouds, as a map of a large library looks."""
    rows = np.concatenate([rows for rows, _ in library.vectors(space, "none")])
    rows = np.sort(rows)
    clusters = rng.integers(0, 16, rows.size)
    middles = rng.uniform(-0.8, 0.8, (16, 2))
    places = middles[clusters] + rng.normal(scale=0.09, size=(rows.size, 2))
    return LibraryMap(
        space=space,
        fingerprint="none",
        unit=Unit.PANELS,
        vector_of="panel",
        method=Method.UMAP,
        n_known=rows.size,
        n_fitted=rows.size,
        books=library.book_blocks(space, "none"),
        rows=rows,
        places=np.clip(places, -1, 1).astype(np.float32),
        clusters=clusters.astype(np.int16),
        made_at="2026-01-01T00:00:00+00:00",
    )


def measure(
    browser: Browser, address: str, screen: str, n_panes: int, seconds: float
) -> dict[str, Any]:
    """Open the map and move it."""
    context = browser.new_context(**SCREENS[screen])
    page = context.new_page()
    spaces = "&".join(f"space={space}" for space in SPACES[:n_panes])
    start = time.perf_counter()
    page.goto(f"{address}/map?{spaces}&colour=series")
    page.locator("[data-ready]").nth(n_panes - 1).wait_for(timeout=60_000)
    opened_s = time.perf_counter() - start
    page.wait_for_timeout(1500)
    found = page.evaluate(MOVES, seconds)
    context.close()
    return {"screen": screen, "maps": n_panes, **found, "opened_s": opened_s}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--dry", action="store_true", help="print only, write no result")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "library"
        make_library(root, asked.points)
        options = WebOptions(port=0, is_read_only=True)
        with Library.open(root, read_only=True) as library:
            server = Server(create_app(library, Config(), options), options)
            thread = threading.Thread(target=server.run, daemon=True)
            thread.start()
            while not server.is_started:
                time.sleep(0.05)
            rows = _measure_all(server.address, asked.points, asked.seconds)
            server.stop()
            thread.join(20)
    print(table(rows))
    for renderer in RENDERERS:
        slowest = min(r["drawn"] for r in rows if r["renderer"] == renderer and r["maps"] == 1)
        print(f"{renderer}: {slowest:.1f} drawn frames a second at least, target {TARGET_FPS:.0f}")
    if not asked.dry:
        write("web_map", {"points": asked.points, "target_fps": TARGET_FPS, "rows": rows})


def _measure_all(address: str, n_points: int, seconds: float) -> list[dict[str, Any]]:
    rows = []
    with sync_playwright() as playwright:
        for renderer, arguments in RENDERERS.items():
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium") or "/usr/bin/chromium",
                args=["--no-sandbox", *arguments],
            )
            rows += [
                {"renderer": renderer, **measure(browser, address, screen, n_panes, seconds)}
                for screen in SCREENS
                for n_panes in (1, 2)
            ]
            if renderer == "swiftshader":
                page = browser.new_context(**SCREENS["wide"]).new_page()
                found = page.evaluate(BARE_WEBGL, [n_points, seconds])
                if found is not None:
                    row = {"renderer": "bare WebGL", "screen": "wide", "maps": 1, **found}
                    rows.append({**row, "opened_s": None})
            browser.close()
    return rows


if __name__ == "__main__":
    main()
