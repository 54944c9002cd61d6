"""How long the queue for review takes on a large library.

    python benchmarks/review_queue.py --books 40000 --pages 30

A catalog of that many books is drawn straight into SQLite (five panels a page, most pages with an
unsure panel, one in twenty flagged, no stores), so only the queue is measured: the first pass
over all books, then what a request costs.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from longbox.correction import CorrectedField, Correction, Verdict, word_value
from longbox.library import Library, ReviewReason

N_PANELS = 5


def main() -> None:
    """Draw a catalog and measure its queue."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--books", type=int, default=2000)
    parser.add_argument("--pages", type=int, default=30)
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="longbox-review-"))
    try:
        Library.create(home / "library").close()
        draw(home / "library" / "catalog.sqlite", asked.books, asked.pages)
        with Library.open(home / "library") as library:
            measure(library)
    finally:
        shutil.rmtree(home)


def draw(catalog: Path, n_books: int, n_pages: int) -> None:
    """Fill a catalog with books that nobody ever read."""
    rng = np.random.default_rng(0)
    n_rows = n_pages * N_PANELS
    with sqlite3.connect(catalog) as connection:
        for book in range(1, n_books + 1):
            first = book * n_rows
            sure = rng.uniform(0.5, 1.0, n_rows)
            connection.execute(
                "INSERT INTO books (book_row, book_id, recipe, store_sha256, title, title_folded, "
                "series_folded, direction, book_json, n_pages, first_row, n_panels, n_texts, "
                "text_characters, text_confidence) "
                "VALUES (?, ?, 'r', 's', ?, '', '', 'ltr', '{}', ?, ?, ?, 0, ?, ?)",
                (
                    book,
                    f"{book:016x}",
                    f"Book {book}",
                    n_pages,
                    first,
                    n_rows,
                    bytes(2 * n_rows),
                    bytes(rng.integers(150, 255, n_rows, dtype=np.uint8)),
                ),
            )
            page_rows = range(book * n_pages, (book + 1) * n_pages)
            connection.executemany(
                "INSERT INTO pages VALUES (?, ?, ?, 'd', 800, 1200, 'story', 0.8, 'rules', "
                "NULL, 0, ?, ?)",
                [(r, book, i, first + i * N_PANELS, N_PANELS) for i, r in enumerate(page_rows)],
            )
            connection.executemany(
                "INSERT INTO panels VALUES (?, ?, ?, 0, 0, 9, 9, ?, 'network')",
                [
                    (first + k, page_rows[k // N_PANELS], k % N_PANELS, float(sure[k]))
                    for k in range(n_rows)
                ],
            )
            connection.executemany(
                "INSERT INTO page_flags VALUES (?, 'landscape')",
                [(r,) for r in page_rows if rng.random() < 0.05],
            )
        connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")


def measure(library: Library) -> None:
    """Print the first pass, then each kind of request."""
    queue = library.review
    start, longest = time.perf_counter(), 0.0
    while True:
        before = time.perf_counter()
        counts = queue.counts()
        longest = max(longest, time.perf_counter() - before)
        if not counts.n_books_left:
            break
    took = time.perf_counter() - start
    print(f"first pass       {took:8.2f} s, longest request {longest:.2f} s")
    print(f"queue            {counts.total:,} pages")
    worst = queue.items(limit=1)[0]
    here = (worst.book_id, worst.page_index)
    show("counts", queue.counts)
    show("first 60", lambda: queue.items(limit=60))
    show("one reason", lambda: queue.items(ReviewReason.FLAG, limit=60))
    show("60 at the middle", lambda: queue.items(limit=60, offset=counts.total // 2))
    show("next", lambda: queue.after(*here))
    show("next of a reason", lambda: queue.after(*here, ReviewReason.FLAG))

    def judge() -> None:
        found = queue.items(limit=1)[0]
        value = word_value(Verdict.RIGHT.value)
        at = f"2026-01-01T00:00:00.{time.perf_counter_ns() % 10**6:06}+00:00"
        library.add_correction(
            Correction(found.book_id, found.page_index, CorrectedField.REVIEW, value, at)
        )
        queue.after(found.book_id, found.page_index)

    show("verdict and next", judge)


def show(name: str, act: Callable[[], object], n: int = 15) -> None:
    """Print the median and the longest of some calls."""
    times_ms = []
    for _ in range(n):
        start = time.perf_counter()
        act()
        times_ms.append(1000 * (time.perf_counter() - start))
    print(f"{name:16} {statistics.median(times_ms):8.1f} ms, longest {max(times_ms):.1f} ms")


if __name__ == "__main__":
    main()
