"""How fast and how right a library of 100,000 panels answers.

The library is drawn at random but goes through the real path: stores are written, merged, indexed.
Vectors are clustered unit vectors (vision 1280-d, text 384-d) and place numbers (composition 12-d);
texts are drawn from a Zipf vocabulary. A query is a panel with noise: its three vectors, and one to
four words of its lettering, asked of `match_words` and `match_substring`; then the records of the
best hundred are fetched, as a search would. `filtered` asks the same of one series on story pages.

    python benchmarks/search.py [--panels 100000] [--queries 200] [--library DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    TextKind,
    TextRegion,
)
from longbox.geometry import Box
from longbox.library import Filters, Library, ScoredPanel, WordsQuery, write_book_store
from longbox.vectors import PanelVectors, QueryVector, Space, unit

RESULTS = Path(__file__).resolve().parent / "results" / "search.json"
SEED = 0
PAGES, PER_PAGE, DEPTH = 40, 5, 100
DIMENSIONS = {Space.VISION: 1280, Space.TEXT: 384, Space.COMPOSITION: 12}
FINGERPRINTS = {space: f"drawn-{space}" for space in DIMENSIONS}
SYLLABLES = ["ka", "ro", "mi", "ten", "sal", "or", "be", "qu", "in", "ga", "lo", "shi", "ver", "an"]
N_WORDS = 30_000
BOOK_PANELS = PAGES * PER_PAGE


@dataclass(frozen=True)
class Truth:
    """What was drawn: vectors of every panel and its lettering, in row order."""

    vectors: dict[Space, NDArray[np.float16]]
    texts: list[str]


def vocabulary(rng: np.random.Generator) -> list[str]:
    """Make different pronounceable words, frequent ones shorter."""
    words: dict[str, None] = {}
    while len(words) < N_WORDS:
        longest = 2 + len(words) // 8_000
        words["".join(rng.choice(SYLLABLES, int(rng.integers(1, longest + 1))))] = None
        if len(words) < 200 and rng.random() < 0.3:
            words["".join(rng.choice(SYLLABLES, 2))] = None
        if longest < 4 and len(words) > 150:
            words["".join(rng.choice(SYLLABLES, 4))] = None
    return list(words)[:N_WORDS]


def book_texts(rng: np.random.Generator, words: list[str], chances: NDArray[Any]) -> list[str]:
    """Draw the lettering of one book's panels."""
    lengths = rng.integers(3, 25, BOOK_PANELS)
    drawn = rng.choice(len(words), int(lengths.sum()), p=chances)
    ends = np.cumsum(lengths)
    return [
        " ".join(words[i] for i in drawn[e - n : e]) for e, n in zip(ends, lengths, strict=True)
    ]


def annotated_book(number: int, texts: list[str]) -> AnnotatedBook:
    """Wrap a book's texts in pages and panels."""
    pages = []
    for index in range(PAGES):
        page = Page(index, f"{index:03}.jpg", f"{number * 1000 + index:064x}", 1000, 1500)
        boxes = [Box(0, 300 * i, 1000, 300 * i + 290) for i in range(PER_PAGE)]
        own = texts[index * PER_PAGE : (index + 1) * PER_PAGE]
        kind = PageType.STORY if index % 10 else PageType.ADVERTISEMENT
        pages.append(
            AnnotatedPage(
                page,
                tuple(Panel(box, i, 0.9, "drawn") for i, box in enumerate(boxes)),
                tuple(
                    TextRegion(box, text, 0.9, TextKind.DIALOGUE, "drawn", i, i)
                    for i, (box, text) in enumerate(zip(boxes, own, strict=True))
                ),
                PageLabel(kind, 0.9, "drawn"),
                f"{number * 1000 + index:016x}",
            )
        )
    metadata = Metadata(
        series=f"Series {number % 20:02}", number=str(number), year=1950 + number % 70
    )
    book = Book(
        f"{number:016x}",
        f"/shelf/{number}.cbz",
        "cbz",
        metadata,
        Direction.LTR,
        DirectionSource.GUESS,
        tuple(p.page for p in pages),
    )
    return AnnotatedBook(book, tuple(pages))


def draw_vectors(
    rng: np.random.Generator, centres: dict[Space, NDArray[np.float32]]
) -> Iterator[PanelVectors]:
    """Draw one book's vectors: a centre each, and as much noise."""
    everyone = np.ones(BOOK_PANELS, dtype=bool)
    for space, around in centres.items():
        chosen = around[rng.integers(len(around), size=BOOK_PANELS)]
        noise = rng.standard_normal(chosen.shape, dtype=np.float32)
        vectors = chosen + noise * (0.1 if space is Space.COMPOSITION else chosen.shape[1] ** -0.5)
        if space is not Space.COMPOSITION:
            vectors = unit(vectors)
        yield PanelVectors(space, FINGERPRINTS[space], vectors, everyone)


def build(root: Path, n_panels: int) -> tuple[Truth, dict[str, float]]:
    """Write, merge and index the library; return the truth and the times."""
    rng = np.random.default_rng(SEED)
    words = vocabulary(rng)
    chances = 1 / np.arange(1, N_WORDS + 1)
    chances /= chances.sum()
    centres = {
        space: unit(rng.standard_normal((2_000, d), dtype=np.float32))
        for space, d in DIMENSIONS.items()
    }
    drawn: dict[Space, list[NDArray[np.float16]]] = {space: [] for space in DIMENSIONS}
    texts: list[str] = []
    spent = {"write_s": 0.0, "merge_s": 0.0, "index_s": 0.0}
    with Library.create(root) as library:
        for number in range(n_panels // BOOK_PANELS):
            own = book_texts(rng, words, chances)
            annotated = annotated_book(number, own)
            vectors = tuple(draw_vectors(rng, centres))
            texts += own
            for item in vectors:
                drawn[item.space].append(item.vectors.astype(np.float16))
            start = time.perf_counter()
            write_book_store(root, annotated, vectors, "bench")
            written = time.perf_counter()
            library.merge_book(annotated.book.book_id, annotated.book.path, FileStamp(1, number))
            spent["write_s"] += written - start
            spent["merge_s"] += time.perf_counter() - written
        start = time.perf_counter()
        library.update_indexes()
        spent["index_s"] = time.perf_counter() - start
    return Truth({s: np.concatenate(parts) for s, parts in drawn.items()}, texts), spent


def exact_rows(truth: Truth, query: QueryVector, k: int) -> set[int]:
    """Return the k nearest rows by brute force over the stored vectors."""
    vectors = truth.vectors[query.space]
    scores = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), 4_096):
        part = vectors[start : start + 4_096].astype(np.float32)
        if query.space is Space.COMPOSITION:
            scores[start : start + 4_096] = -np.linalg.norm(part - query.vector, axis=1)
        else:
            scores[start : start + 4_096] = unit(part) @ query.vector
    return set(np.argsort(-scores, kind="stable")[:k].tolist())


@dataclass(frozen=True)
class Query:
    """One panel with noise."""

    row: int
    vectors: tuple[QueryVector, ...]
    words: tuple[str, ...]


def draw_queries(truth: Truth, n: int) -> list[Query]:
    """Draw the panels that are asked for."""
    rng = np.random.default_rng(SEED + 1)
    queries = []
    for row in rng.integers(len(truth.texts), size=n).tolist():
        vectors = []
        for space, stored in truth.vectors.items():
            vector = stored[row].astype(np.float32)
            noise = rng.standard_normal(vector.shape, dtype=np.float32)
            vector = vector + noise * (0.05 if space is Space.COMPOSITION else vector.size**-0.5)
            vector = vector if space is Space.COMPOSITION else unit(vector)
            vectors.append(QueryVector(space, FINGERPRINTS[space], vector))
        words = truth.texts[row].split()
        length = int(rng.integers(1, 5))
        start = int(rng.integers(max(1, len(words) - length)))
        queries.append(Query(row, tuple(vectors), tuple(words[start : start + length])))
    return queries


def ask(library: Library, query: Query, filters: Filters, spent: dict[str, list[float]]) -> None:
    """Ask one query of everything, and note what each part took."""

    def timed(name: str, call: Callable[[], list[ScoredPanel]]) -> list[ScoredPanel]:
        start = time.perf_counter()
        found = call()
        spent.setdefault(name, []).append((time.perf_counter() - start) * 1e3)
        return found

    start = time.perf_counter()
    lists = [
        timed(str(v.space), lambda v=v: library.nearest(v, DEPTH, filters)) for v in query.vectors
    ]
    words = WordsQuery(query.words)
    lists.append(timed("words", lambda: library.match_words(words, DEPTH, filters)))
    text = " ".join(query.words)
    lists.append(timed("substring", lambda: library.match_substring(text, DEPTH, filters)))
    rows = list(dict.fromkeys(hit.row for found in lists for hit in found))[:DEPTH]
    at = time.perf_counter()
    library.panel_records(rows)
    end = time.perf_counter()
    spent.setdefault("records", []).append((end - at) * 1e3)
    spent.setdefault("all", []).append((end - start) * 1e3)


def latencies(library: Library, queries: list[Query], filters: Filters) -> dict[str, Any]:
    """Return p50, p95 and the worst of every part in milliseconds, after a short warm-up."""
    for query in queries[:5]:
        ask(library, query, filters, {})
    spent: dict[str, list[float]] = {}
    for query in queries:
        ask(library, query, filters, spent)
    return {
        name: {
            "p50_ms": round(float(np.percentile(times, 50)), 2),
            "p95_ms": round(float(np.percentile(times, 95)), 2),
            "max_ms": round(max(times), 2),
        }
        for name, times in spent.items()
    }


def recall(library: Library, truth: Truth, queries: list[Query]) -> dict[str, float]:
    """Return the share of the exact ten nearest that the library finds, by space."""
    found: dict[str, list[float]] = {}
    for query in queries:
        for vector in query.vectors:
            wanted = exact_rows(truth, vector, 10)
            got = {hit.row for hit in library.nearest(vector, 10)}
            found.setdefault(str(vector.space), []).append(len(wanted & got) / 10)
    return {space: round(float(np.mean(shares)), 4) for space, shares in found.items()}


def measure(root: Path, n_panels: int, n_queries: int) -> dict[str, Any]:
    """Build the library and ask it."""
    start = time.perf_counter()
    truth, spent = build(root, n_panels)
    total = time.perf_counter() - start
    queries = draw_queries(truth, n_queries)
    opened = time.perf_counter()
    with Library.open(root, read_only=True) as library:
        ask(library, queries[0], Filters(), {})
        first = time.perf_counter() - opened
        status = library.status()
        n = status.panels
        return {
            "panels": n,
            "queries": n_queries,
            "build": {**{k: round(v, 1) for k, v in spent.items()}, "all_s": round(total, 1)},
            "bytes_a_panel": {
                "stores": status.stores_bytes // n,
                "catalog": status.catalog_bytes // n,
                "index": status.index_bytes // n,
            },
            "first_query_after_open_ms": round(first * 1e3, 1),
            "unfiltered": latencies(library, queries, Filters()),
            "filtered": latencies(
                library,
                queries,
                Filters(series="series 07", page_types=(PageType.STORY,)),
            ),
            "half": latencies(library, queries, Filters(year_max=1984, min_text_characters=30)),
            "recall_at_10": recall(library, truth, queries[:100]),
        }


def print_table(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    print(f"{result['panels']} panels, {result['queries']} queries, build {result['build']}")
    print(f"bytes a panel {result['bytes_a_panel']}, recall at 10 {result['recall_at_10']}")
    print(f"first query after opening {result['first_query_after_open_ms']} ms")
    print(f"{'p50 / p95 / max ms':24}{'unfiltered':>24}{'one series':>24}{'half':>24}")
    for name in result["unfiltered"]:
        cells = [
            " / ".join(f"{result[case][name][key]:.1f}" for key in ("p50_ms", "p95_ms", "max_ms"))
            for case in ("unfiltered", "filtered", "half")
        ]
        print(f"{name:24}" + "".join(f"{cell:>24}" for cell in cells))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panels", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--library", type=Path, help="keep the library here (must not exist)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.library or Path(folder) / "library"
        result = measure(root, options.panels, options.queries)
    print_table(result)
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"machine": machine, "seed": SEED, **result}, indent=1) + "\n")


if __name__ == "__main__":
    main()
