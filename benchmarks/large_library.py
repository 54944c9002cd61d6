"""A library of millions of panels: how long its indexes take, what it weighs, how fast it answers.

    python benchmarks/large_library.py LIBRARY [--books 40000] [--queries 200] [--only PARTS]

The library is drawn like a real shelf (benchmarks/drawn_library.py) and grows to so many books
first; one that is there is gone on with. Then, one line for each size in the JSON:

index     all vector indexes made anew in a process of its own: time, and the most memory it held
          (with memory-mapped pages, so an upper bound)
size      bytes a panel: stores, learned stores, catalog by its tables, index by space; how many
          of its lists each index probes
search    the real Searcher in a warm process: words, a picture, a panel in all spaces, all spaces
          and words, the same within one decade and within another one each time; every query is
          another one
texts     words and substrings by themselves, substrings also by all of their trigrams
add       a hundred books more: merged, indexed, and removed again
recall    of the ten nearest in each space, against an exact scan of what is stored; queries are
          panels that differ from a stored one by half of what panels of a book differ
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

import drawn_library
from longbox.book import FileStamp
from longbox.config import Config
from longbox.library import Filters, Library, WordsQuery, text_sample
from longbox.library.segments import PROBED_SHARE
from longbox.retrieval import PanelTerm, PictureTerm, Searcher, SearchRequest, Term, WordsTerm
from longbox.vectors import QueryVector, Space, unit
from report import RESULTS, machine, table
from whole_search import draw_crops

RESULT = RESULTS / "large_library.json"
PARTS = ("index", "size", "search", "texts", "recall", "add")
SEED = 7


def _send(part: Callable[[Path], dict[str, Any]], root: Path, connection: Any) -> None:
    found = part(root)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    connection.send({**found, "peak_gb": round(peak / 1e9, 2)})


def apart(part: Callable[[Path], dict[str, Any]], root: Path) -> dict[str, Any]:
    """Run a part in a process of its own, and add the most memory that it held."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_send, args=(part, root, there))
    process.start()
    there.close()
    found: dict[str, Any] = here.recv()
    process.join()
    return found


def index(root: Path) -> dict[str, float]:
    """Forget the vector indexes, and time making all of them."""
    with contextlib.closing(sqlite3.connect(root / "catalog.sqlite")) as catalog, catalog:
        catalog.execute("DELETE FROM segments")
        catalog.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
    for folder in (root / "index").glob("*"):
        shutil.rmtree(folder)
    start = time.perf_counter()
    with Library.open(root) as library:
        library.update_indexes()
    return {"s": round(time.perf_counter() - start, 1)}


def size(root: Path) -> dict[str, Any]:
    """Weigh every part of a library, in bytes a panel."""
    with sqlite3.connect(f"{(root / 'catalog.sqlite').as_uri()}?mode=ro", uri=True) as catalog:
        n = int(catalog.execute("SELECT sum(n_panels) FROM books").fetchone()[0])
        tables = catalog.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall()
        segments = catalog.execute("SELECT space, sum(size_bytes) FROM segments GROUP BY 1")
        parts = {f"index {space}": int(n_bytes) / n for space, n_bytes in segments}
    words = sum(b for name, b in tables if name.startswith(("words", "substrings")))
    texts = sum(b for name, b in tables if name == "panel_text")
    parts |= {
        "stores": sum(p.stat().st_size for p in (root / "books").iterdir()) / n,
        "learned stores": sum(p.stat().st_size for p in (root / "vectors").rglob("*.zip")) / n,
        "catalog: word and trigram indexes": words / n,
        "catalog: lettering": texts / n,
        "catalog: the rest": (sum(b for _, b in tables) - words - texts) / n,
    }
    rounded = {name: round(value, 1) for name, value in sorted(parts.items())}
    infos = [json.loads(path.read_text()) for path in (root / "index").glob("*/segment.json")]
    probes = {
        info["space"]: f"{info['probes'][PROBED_SHARE]} of {info['n_lists']}"
        for info in infos
        if info.get("probes")
    }
    return {"bytes_a_panel": round(sum(parts.values())), "parts": rounded, "probed lists": probes}


def add(root: Path, n_books: int = 100) -> dict[str, float]:
    """Time what a run adds to a library of this size; the books go again."""
    numbers = range(10_000_000, 10_000_000 + n_books)
    for number in numbers:
        drawn_library.write_book(root, number)
    with Library.open(root) as library:
        start = time.perf_counter()
        for number in numbers:
            library.merge_book(f"{number:016x}", f"/shelf/{number}.cbz", FileStamp(1, number))
        merged = time.perf_counter()
        for number in numbers:
            library.merge_learned(f"{number:016x}", drawn_library.model())
        learned = time.perf_counter()
        library.update_indexes()
        indexed = time.perf_counter()
        for number in numbers:
            library.remove_book(f"{number:016x}")
        removed = time.perf_counter()
    return {
        "merge_ms_a_book": round(1e3 * (merged - start) / n_books, 1),
        "merge_learned_ms_a_book": round(1e3 * (learned - merged) / n_books, 1),
        "update_s_for_100_books": round(indexed - learned, 1),
        "remove_ms_a_book": round(1e3 * (removed - indexed) / n_books, 1),
    }


def drawn_words(rng: np.random.Generator) -> str:
    """Draw one to four words of the vocabulary."""
    words, sums = drawn_library.vocabulary()
    return " ".join(words[np.searchsorted(sums, rng.random(int(rng.integers(1, 5))))])


def search(root: Path, n_queries: int) -> dict[str, Any]:
    """Ask the real Searcher, every query once, after as many of another draw."""
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as scratch, Library.open(root, read_only=True) as library:
        crops = draw_crops(Path(scratch), 2 * n_queries, rng)
        books = library.book_ids()
        ids = []
        for book in rng.choice(len(books), 2 * n_queries).tolist():
            rows = library.page_rows(books[book], int(rng.integers(1, drawn_library.PAGES_A_BOOK)))
            ids.append(library.panel_records([rows[0]])[0].panel_id)
        words = [drawn_words(rng) for _ in range(2 * n_queries)]

        def both(i: int) -> tuple[Term, ...]:
            return WordsTerm(words[i]), PanelTerm(ids[i])

        def everything(_: int) -> Filters:
            return Filters()

        def decade(_: int) -> Filters:
            return Filters(year_min=1980, year_max=1989)

        def another(i: int) -> Filters:
            return Filters(year_min=1940 + i % 80, year_max=1949 + i % 80)

        kinds: dict[str, tuple[Callable[[int], tuple[Term, ...]], Callable[[int], Filters]]] = {
            "words": (lambda i: (WordsTerm(words[i]),), everything),
            "picture": (lambda i: (PictureTerm(crops[i]),), everything),
            "panel, all spaces": (lambda i: (PanelTerm(ids[i]),), everything),
            "all spaces and words": (both, everything),
            "the same, one decade": (both, decade),
            "the same, another decade each time": (both, another),
        }
        searcher = Searcher(library, Config())
        found = {}
        for name, (terms, filters) in kinds.items():
            times = []
            for i in range(2 * n_queries):
                request = SearchRequest(
                    terms(i), k=10, filters=filters(i), weights={"composition": 1.0}
                )
                start = time.perf_counter()
                searcher.search(request)
                times.append(1e3 * (time.perf_counter() - start))
            warm = times[n_queries:]
            p50, p95 = np.percentile(warm, [50, 95])
            found[name] = {
                "p50_ms": round(p50, 1),
                "p95_ms": round(p95, 1),
                "max_ms": round(max(warm), 1),
                "first_ms": round(times[0], 1),
            }
            print(f"{name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms", flush=True)
    return {"search": found}


def texts(root: Path, n_queries: int) -> dict[str, Any]:
    """Time words and substrings, and substrings as they were without a sample of the texts."""
    rng = np.random.default_rng(SEED + 1)
    asked = [drawn_words(rng) for _ in range(2 * n_queries)]

    def by_words(library: Library, text: str) -> object:
        return library.match_words(WordsQuery(tuple(text.split())), 100)

    def by_letters(library: Library, text: str) -> object:
        return library.match_substring(text, 100)

    ways = (
        ("words", by_words, text_sample.LEAST_TEXTS),
        ("substring", by_letters, text_sample.LEAST_TEXTS),
        ("substring, all trigrams", by_letters, 1 << 62),
    )
    found = {}
    for name, ask, least in ways:
        times = []
        # A library of its own each: one keeps its sample.
        with (
            mock.patch.object(text_sample, "LEAST_TEXTS", least),
            Library.open(root, read_only=True) as library,
        ):
            for text in asked:
                start = time.perf_counter()
                ask(library, text)
                times.append(1e3 * (time.perf_counter() - start))
        p50, p95 = np.percentile(times[n_queries:], [50, 95])
        found[name] = {"p50_ms": round(p50, 1), "p95_ms": round(p95, 1)}
        print(f"{name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms", flush=True)
    return {"texts": found}


def queries(library: Library, space: Space, n: int) -> list[QueryVector]:
    """Draw panels of the library and move them by half of what panels of a book differ."""
    spread = drawn_library.profile()[0][space]
    rng = np.random.default_rng([SEED, len(space)])
    books = library.book_ids()
    drawn: list[QueryVector] = []
    while len(drawn) < n:
        book = books[int(rng.integers(len(books)))]
        rows = library.page_rows(book, int(rng.integers(1, drawn_library.PAGES_A_BOOK)))
        found = library.panel_vector(int(rng.choice(rows)), space)
        if found is None:
            continue
        vector = found.vector + 0.5 * spread.panels(1, rng)[0]
        vector = vector if space is Space.COMPOSITION else unit(vector)
        drawn.append(QueryVector(space, found.fingerprint, vector))
    return drawn


def exact(library: Library, asked: Sequence[QueryVector], k: int) -> list[set[int]]:
    """Return the k nearest rows of each query by a scan of everything."""
    space, fingerprint = asked[0].space, asked[0].fingerprint
    wanted = np.stack([query.vector for query in asked])  # (Q, D)
    scores = np.full((len(asked), k), -np.inf, dtype=np.float32)
    rows = np.full((len(asked), k), -1, dtype=np.int64)
    for chunk_rows, vectors in library.vectors(space, fingerprint, 32_768):
        if space is Space.COMPOSITION:
            near: NDArray[np.float32] = 2 * wanted @ vectors.T - (vectors**2).sum(axis=1)
        else:
            near = wanted @ vectors.T
        both = np.concatenate([scores, near], axis=1)
        all_rows = np.concatenate([rows, np.broadcast_to(chunk_rows, near.shape)], axis=1)
        best = np.argpartition(-both, k - 1, axis=1)[:, :k]
        scores = np.take_along_axis(both, best, axis=1)
        rows = np.take_along_axis(all_rows, best, axis=1)
    return [set(each.tolist()) for each in rows]


def recall(root: Path, n_queries: int) -> dict[str, Any]:
    """Compare the ten nearest with an exact scan, in every space."""
    found: dict[str, Any] = {}
    with Library.open(root, read_only=True) as library:
        for space in drawn_library.SPACES:
            asked = queries(library, space, n_queries)
            start = time.perf_counter()
            truth = exact(library, asked, 10)
            scan_s = (time.perf_counter() - start) / n_queries
            times, shares = [], []
            for query, wanted in zip(asked, truth, strict=True):
                start = time.perf_counter()
                hits = library.nearest(query, 100)[:10]
                times.append(1e3 * (time.perf_counter() - start))
                shares.append(len(wanted & {hit.row for hit in hits}) / 10)
            p50, p95 = np.percentile(times, [50, 95])
            found[str(space)] = {
                "recall_at_10": round(float(np.mean(shares)), 4),
                "p50_ms": round(p50, 1),
                "p95_ms": round(p95, 1),
                "exact_scan_s_a_query": round(scan_s, 2),
            }
            print(f"{space}: recall {np.mean(shares):.3f}, p50 {p50:.1f} ms", flush=True)
    return {"recall": found}


def keep(n_panels: int, figures: dict[str, Any]) -> dict[str, Any]:
    """Add figures of a size to the JSON, beside those of other sizes and other runs."""
    kept = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {"sizes": {}}
    own = kept["sizes"].setdefault(str(n_panels), {})
    own |= figures
    kept["machine"] = machine()
    RESULT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return dict(own)


def main() -> None:
    """Grow, index, weigh, ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--books", type=int, default=40_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    args = parser.parse_args()
    root = args.library.absolute()
    start, n_new = time.perf_counter(), 0
    for _ in drawn_library.grow(root, args.books):
        n_new += 1
    figures: dict[str, Any] = {}
    if n_new:
        figures["grow_s"] = round(time.perf_counter() - start)
    if "index" in args.only:
        figures["index"] = apart(index, root)
    with Library.open(root, read_only=True) as library:
        n_panels = library.status().panels
    for name, part in (
        ("size", lambda: size(root)),
        ("add", lambda: add(root)),
        ("search", lambda: search(root, args.queries)),
        ("texts", lambda: texts(root, args.queries)),
        ("recall", lambda: recall(root, args.queries)),
    ):
        if name in args.only:
            figures |= part()
            keep(n_panels, figures)
    kept = keep(n_panels, figures)
    print(table([{"part": k, "bytes a panel": v} for k, v in kept.get("parts", {}).items()]))
    print({k: v for k, v in kept.items() if not isinstance(v, dict)})
    for name in ("search", "texts", "recall"):
        print(table([{"query": k, **v} for k, v in kept.get(name, {}).items()]))


if __name__ == "__main__":
    main()
