"""How long the combined report of a large library takes, part by part, and what it needs.

A library is made up of numbers: books of drawn layouts, lettering and looks, with vectors in five
spaces that follow what is drawn (layout, book, chance), so that there is something to find.
Fused and contextual vectors are those of a model that is made up likewise. All books are one drawn
archive of JPEG pages under many names, so that thumbnails are decoded as they would be of a shelf.

    python benchmarks/study_report.py [--panels 100000] [--units pages] [--dry]

The report is made in a process of its own; its peak resident memory is that of the report alone.
It is made twice: with maps to make, and with the maps that the first one kept.
Targets are for 100,000 panels on two cores: 600 seconds and 6 GB.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from longbox.analysis import Unit
from longbox.analysis.report import ReportOptions, make_report
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
    PageLook,
    PageType,
    Panel,
    TextKind,
    TextRegion,
)
from longbox.features import LearnedVectors
from longbox.geometry import Box
from longbox.library import Library, write_book_store, write_learned_store
from longbox.vectors import PanelVectors, Space, unit
from report import table, write

PAGES_PER_BOOK = 24
BOOKS_PER_SERIES = 6
WIDTH, HEIGHT = 1000, 1500
STORED = {Space.VISION: 512, Space.TEXT: 384, Space.COMPOSITION: 12}
LEARNED = {Space.FUSED: 256, Space.CONTEXTUAL: 256}
DIMENSIONS = {**STORED, **LEARNED}
MODEL = "00000000000bea11"
TARGET_S, TARGET_GB = 600.0, 6.0
KINDS = (TextKind.DIALOGUE, TextKind.CAPTION, TextKind.SOUND_EFFECT)


def make_library(root: Path, n_panels: int) -> int:
    """Write a library of at least so many panels; return how many books it has."""
    rng = np.random.default_rng(0)
    worlds = {space: _World(space, rng) for space in DIMENSIONS}
    comic = _draw_comic(root.parent / "comic.cbz", rng)
    number = 0
    with Library.create(root) as library:
        library.begin_model(MODEL)
        left = n_panels
        while left > 0:
            number += 1
            file = root.parent / f"{number}.cbz"
            os.link(comic, file)
            book = _book(number, file, rng)
            vectors = tuple(worlds[space].vectors(book, number, rng) for space in STORED)
            write_book_store(root, book, vectors, "benchmark")
            library.merge_book(book.book.book_id, book.book.path, FileStamp(1, number))
            learned = _learned(worlds, book, number, rng)
            source = library.book_source(book.book.book_id)
            write_learned_store(root, MODEL, book.book.book_id, learned, source.made_from)
            library.merge_learned(book.book.book_id, MODEL)
            left -= book.n_panels
        library.update_indexes()
    return number


def _draw_comic(path: Path, rng: np.random.Generator) -> Path:
    """Draw an archive of pages that are about as large as scans."""
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(PAGES_PER_BOOK):
            blocks = rng.integers(0, 255, (HEIGHT // 10, WIDTH // 10, 3), dtype=np.uint8)
            page = Image.fromarray(blocks).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
            buffer = io.BytesIO()
            page.save(buffer, "JPEG", quality=85)
            archive.writestr(f"{index:03}.jpg", buffer.getvalue())
    return path


def _learned(
    worlds: dict[Space, _World], book: AnnotatedBook, number: int, rng: np.random.Generator
) -> LearnedVectors:
    fused, contextual = (worlds[space].vectors(book, number, rng) for space in LEARNED)
    pages = unit(rng.standard_normal((len(book.pages), LEARNED[Space.CONTEXTUAL])))
    firsts = np.cumsum([0, *(len(page.panels) for page in book.pages)])[:-1]
    strips = contextual.vectors[firsts]
    return LearnedVectors(fused, contextual, pages, strips, np.ones(len(book.pages), np.bool_))


class _World:
    """How vectors of a space follow what is drawn: layout, book, kind of page, and chance."""

    def __init__(self, space: Space, rng: np.random.Generator) -> None:
        self._space = space
        dimension = DIMENSIONS[space]
        self._layouts = rng.standard_normal((13, dimension))  # by number of panels
        self._books = rng.standard_normal((4096, dimension))

    def vectors(self, book: AnnotatedBook, number: int, rng: np.random.Generator) -> PanelVectors:
        counts = [len(page.panels) for page in book.pages]
        layout = np.repeat(counts, counts)
        n, own = book.n_panels, self._books[number // BOOKS_PER_SERIES % 4096]
        made = self._layouts[layout] + 0.8 * own + rng.standard_normal((n, own.size))
        is_lettered = np.array([
            bool(page.panel_texts(panel.order)) for page in book.pages for panel in page.panels
        ])  # fmt: skip
        mask = is_lettered if self._space is Space.TEXT else np.ones(n, dtype=np.bool_)
        if self._space is not Space.COMPOSITION:
            made = unit(made)
        return PanelVectors(
            self._space, "benchmark", np.where(mask[:, None], made, 0).astype(np.float32), mask
        )


def _book(number: int, file: Path, rng: np.random.Generator) -> AnnotatedBook:
    pages = tuple(_page(number, index, rng) for index in range(PAGES_PER_BOOK))
    book = Book(
        f"{number:016x}",
        str(file),
        "cbz",
        Metadata(series=f"Series {number // BOOKS_PER_SERIES}", number=str(number), language="en"),
        Direction.LTR,
        DirectionSource.GUESS,
        tuple(page.page for page in pages),
    )
    return AnnotatedBook(book, pages)


def _page(number: int, index: int, rng: np.random.Generator) -> AnnotatedPage:
    n_tiers = int(rng.integers(1, 5)) if index else 1
    boxes = [*_boxes(n_tiers, rng)] if index else [Box(0, 0, WIDTH, HEIGHT)]
    panels = tuple(Panel(box, order, 1.0, "drawn") for order, box in enumerate(boxes))
    texts = tuple(
        TextRegion(
            Box(box.x0 + 10, box.y0 + 10, box.x0 + 90, box.y0 + 60),
            "word " * int(rng.integers(1, 20)),
            0.9,
            KINDS[int(rng.integers(0, 3))],
            "drawn",
            order,
            order,
        )
        for order, box in enumerate(boxes)
        if rng.random() < 0.8
    )
    kind = PageType.COVER if index == 0 else PageType.SPLASH if len(boxes) == 1 else PageType.STORY
    look = PageLook(*(float(value) for value in rng.random(14)))
    digest = f"{number:032x}{index:032x}"
    page = Page(index, f"{index}.png", digest, WIDTH, HEIGHT)
    return AnnotatedPage(page, panels, texts, PageLabel(kind, 0.9, "drawn"), look=look)


def _boxes(n_tiers: int, rng: np.random.Generator) -> Iterator[Box]:
    high = HEIGHT / n_tiers
    for tier in range(n_tiers):
        n = int(rng.integers(1, 4))
        edges = np.linspace(0, WIDTH, n + 1).tolist()
        for left, right in pairwise(edges):
            yield Box(left + 5, tier * high + 5, right - 5, (tier + 1) * high - 5)


def run_report(root: Path, output: Path, units: tuple[Unit, ...]) -> dict[str, Any]:
    """Make the report in this process; return what it took."""
    with Library.open(root) as library:
        start = time.perf_counter()
        files = make_report(library, output, ReportOptions(units=units))
        took = time.perf_counter() - start
    return {
        "seconds": took,
        "parts": dict(files.seconds),
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "pages": files.n_pages,
        "panels": files.n_panels,
        "books": files.n_books,
        "html_mb": files.html.stat().st_size / 1e6,
        "tables_mb": sum(path.stat().st_size for path in files.tables) / 1e6,
        "notes": len(files.notes),
    }


def _in_a_process(root: Path, output: Path, units: list[str]) -> dict[str, Any]:
    command = [sys.executable, __file__, "--only", str(root), str(output), "--units", *units]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=100_000)
    parser.add_argument("--units", nargs="+", default=["pages"], choices=[u.value for u in Unit])
    parser.add_argument("--dry", action="store_true", help="print only, write no result")
    parser.add_argument("--only", nargs=2, metavar=("LIBRARY", "OUTPUT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    units = tuple(Unit(name) for name in asked.units)
    if asked.only:
        print(json.dumps(run_report(Path(asked.only[0]), Path(asked.only[1]), units)))
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "library"
        start = time.perf_counter()
        make_library(root, asked.panels)
        made_s = time.perf_counter() - start
        first = _in_a_process(root, Path(folder) / "first", asked.units)
        again = _in_a_process(root, Path(folder) / "again", asked.units)  # with the kept maps
    rows = [
        {"part": name, "first": first["parts"][name], "with kept maps": again["parts"][name]}
        for name in first["parts"]
    ]
    rows.append({"part": "all", "first": first["seconds"], "with kept maps": again["seconds"]})
    print(table(rows))
    print(
        f"{first['panels']:,} panels on {first['pages']:,} pages (made in {made_s:.0f} s): "
        f"{first['seconds']:.0f} s, target {TARGET_S:.0f}; peak {first['peak_gb']:.2f} GB, "
        f"target {TARGET_GB:.0f}; page {first['html_mb']:.1f} MB, "
        f"tables {first['tables_mb']:.1f} MB"
    )
    if not asked.dry:
        write(
            "study_report",
            {
                "panels": asked.panels,
                "units": asked.units,
                "target_s": TARGET_S,
                "target_gb": TARGET_GB,
                "first": first,
                "with_kept_maps": again,
            },
        )


if __name__ == "__main__":
    main()
