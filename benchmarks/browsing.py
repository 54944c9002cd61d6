"""How long facets and lists of books take on a large library, drawn straight into its catalog.

    python benchmarks/browsing.py --books 40000 --pages 30

Only the tables that browsing reads are filled (books, pages, flags, files); panels are counted in
them and have no rows of their own.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from longbox.book import Direction, PageFlag, PageType
from longbox.library import BookSort, Filters, Library

_META = json.dumps({"metadata": {"number": "%d", "volume": None}, "padding": "x" * 1200})


def draw_catalog(root: Path, n_books: int, n_pages: int) -> int:
    """Fill the catalog; return the number of panels."""
    Library.create(root).close()
    rng = np.random.default_rng(0)
    catalog = sqlite3.connect(root / "catalog.sqlite")
    row = 0
    kinds, flags = [kind.value for kind in PageType], [flag.value for flag in PageFlag]
    for number in range(n_books):
        counts = rng.integers(1, 11, n_pages)
        n = int(counts.sum())
        characters = (rng.integers(0, 200, n) * (rng.random(n) < 0.7)).astype("<u2").tobytes()
        series = f"Series {number // 20}"
        catalog.execute(
            "INSERT INTO books (book_row, book_id, recipe, store_sha256, title, title_folded, "
            "series, series_folded, year, language, direction, book_json, n_pages, first_row, "
            "n_panels, n_texts, text_characters) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                number + 1,
                f"{number:016x}",
                "r",
                "s",
                f"{series} #{number % 20}",
                f"{series} #{number % 20}".lower(),
                series,
                series.lower(),
                1940 + number % 80,
                ("en", "fr", "ja")[number % 3],
                list(Direction)[number % 2].value,
                _META.replace("%d", str(number % 20)),
                n_pages,
                row,
                n,
                n // 2,
                characters,
            ),
        )
        catalog.execute(
            "INSERT INTO files (path, size_bytes, mtime_ns, n_files, book_id) VALUES (?,1,1,1,?)",
            (f"/shelf/{number}.cbz", f"{number:016x}"),
        )
        starts = row + np.concatenate([[0], np.cumsum(counts)[:-1]])
        first_page = number * n_pages + 1
        types = rng.integers(0, len(kinds), n_pages)
        catalog.executemany(
            "INSERT INTO pages VALUES (?,?,?,?,1000,1500,?,0.9,'rules','00ff00ff00ff00ff',0,?,?)",
            [
                (
                    first_page + i,
                    number + 1,
                    i,
                    "d" * 64,
                    kinds[types[i]],
                    int(starts[i]),
                    int(counts[i]),
                )
                for i in range(n_pages)
            ],
        )
        flagged = np.flatnonzero(rng.random(n_pages) < 0.05)
        catalog.executemany(
            "INSERT INTO page_flags VALUES (?,?)",
            [(first_page + int(i), flags[int(i) % len(flags)]) for i in flagged],
        )
        row += n
    catalog.execute("UPDATE meta SET value = ? WHERE key = 'next_row'", (row,))
    catalog.commit()
    catalog.close()
    return row


def main() -> None:
    """Draw, ask, print milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--books", type=int, default=4000)
    parser.add_argument("--pages", type=int, default=30)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "library"
        n_panels = draw_catalog(root, args.books, args.pages)
        print(f"{args.books:,} books, {args.books * args.pages:,} pages, {n_panels:,} panels")
        with Library.open(root) as library:
            before = _memory_mib()
            splash, prose = (PageType.SPLASH,), (PageFlag.PROSE,)
            asked: dict[str, Callable[[], object]] = {
                "facets, first of a generation": lambda: library.facets(),
                "facets, kept": lambda: library.facets(),
                "facets, one language": lambda: library.facets(Filters(languages=("fr",))),
                "facets, without text": lambda: library.facets(Filters(has_text=False)),
                "facets, five filters": lambda: library.facets(
                    Filters(
                        series="series 1",
                        page_types=splash,
                        without_flags=prose,
                        year_min=1950,
                        languages=("en",),
                    )
                ),
                "books, first of a generation": lambda: library.books(),
                "books, offset 10000": lambda: library.books(offset=10_000),
                "books, by panels": lambda: library.books(BookSort.PANELS),
                "books, words": lambda: library.books(text="series 77"),
                "books, splash pages": lambda: library.books(filters=Filters(page_types=splash)),
                "neighbours": lambda: library.previous_next_book(f"{77:016x}"),
                "pages of a book": lambda: library.pages_of(f"{77:016x}"),
                "problems": lambda: library.problem_list(),
            }
            for name, ask in asked.items():
                start = time.perf_counter()
                ask()
                print(f"{name:32} {1000 * (time.perf_counter() - start):9.1f} ms")
            print(f"memory gained at its peak: {_memory_mib() - before:.0f} MiB")


def _memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
