"""A library of any size, drawn like a real shelf and made through the real path.

Books are the size that the seeds' owner has them: 30 pages of 5.8 panels, so that 40,000 books
are 1.2 million pages and 7 million panels. Vectors are drawn with the mean and the spread that a
real shelf's have in each space, between books and within them (benchmarks/shelf_profile.py); the
lengths of lettering are the real ones, its words follow Zipf's law over a vocabulary of 200,000.
Nothing is understood, trained or read from pictures: stores are written, merged and indexed as
those of real books are. Book n is the same whenever it is drawn, so a library grows in steps.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

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
from longbox.features import LearnedVectors
from longbox.geometry import Box
from longbox.library import Library, MadeFrom, write_book_store, write_learned_store
from longbox.vectors import PanelVectors, Space, unit
from shelf_profile import PROFILE

SEED = 20_261_122
PAGES_A_BOOK = 30
PANELS_A_PAGE = 5.83
PANELS_A_BOOK = round(PAGES_A_BOOK * PANELS_A_PAGE)
N_WORDS = 200_000
SPACES = (Space.VISION, Space.TEXT, Space.COMPOSITION, Space.FUSED, Space.CONTEXTUAL)
_SYLLABLES = "ka ro mi ten sal or be qu in ga lo shi ver an du pel tor esh ni wa".split()


@dataclass(frozen=True)
class Spread:
    """How vectors of a space lie: mean (D,), directions between and within books (r, D)."""

    fingerprint: str
    mean: NDArray[np.float32]
    between: NDArray[np.float32]
    within: NDArray[np.float32]
    left: tuple[float, float]

    def book(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Draw where a book lies, float32 (D,)."""
        drawn = rng.standard_normal(len(self.between), dtype=np.float32) @ self.between
        rest = rng.standard_normal(self.mean.size, dtype=np.float32) * self.left[0] ** 0.5
        return self.mean + drawn + rest

    def panels(self, n: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Draw how panels differ from their book, float32 (n, D)."""
        drawn = rng.standard_normal((n, len(self.within)), dtype=np.float32) @ self.within
        rest = rng.standard_normal((n, self.mean.size), dtype=np.float32)
        return drawn + rest * np.float32(self.left[1] ** 0.5)


@cache
def profile() -> tuple[dict[Space, Spread], NDArray[np.float32], float]:
    """Return each space's spread, quantiles of the length of lettering, and the share lettered."""
    with np.load(PROFILE) as kept:
        spreads = {
            space: Spread(
                str(kept[f"{space}/fingerprint"]),
                kept[f"{space}/mean"],
                kept[f"{space}/between"].astype(np.float32),
                kept[f"{space}/within"].astype(np.float32),
                tuple(kept[f"{space}/left"].tolist()),
            )
            for space in SPACES
        }
        return spreads, kept["text/lengths"], float(kept["text/share"])


@cache
def model() -> str:
    """Return the model that the profile's library was embedded by."""
    with np.load(PROFILE) as kept:
        return str(kept["model"])


@cache
def vocabulary() -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Return words, the frequent ones short, and the running sum of their chances."""
    rng = np.random.default_rng(SEED)
    words: dict[str, None] = {}
    while len(words) < N_WORDS:
        longest = 1 + int(np.log10(len(words) + 10))
        words["".join(rng.choice(_SYLLABLES, int(rng.integers(1, longest + 1))))] = None
        if len(words) > 50:
            words["".join(rng.choice(_SYLLABLES, longest))] = None
    chances = 1 / (np.arange(N_WORDS) + 2.7)
    return np.array(list(words)[:N_WORDS]), np.cumsum(chances / chances.sum())


def panel_counts(rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw how many panels each page of a book has, int64 (pages,)."""
    counts = np.clip(np.rint(rng.normal(PANELS_A_PAGE + 0.25, 1.9, PAGES_A_BOOK)), 1, 12)
    counts[0] = 1
    return counts.astype(np.int64)


def lettering(n: int, rng: np.random.Generator) -> list[str]:
    """Draw the lettering of n panels; some have none."""
    words, sums = vocabulary()
    _, lengths, share = profile()
    wanted = np.interp(rng.random(n), np.linspace(0, 1, lengths.size), lengths)
    wanted[rng.random(n) >= share] = 0
    texts = []
    for n_characters in wanted.tolist():
        text = ""
        while len(text) < n_characters:
            drawn = words[np.searchsorted(sums, rng.random(8))].tolist()
            while drawn and len(text) < n_characters:
                text += (" " if text else "") + drawn.pop()
        texts.append(text)
    return texts


def annotated_book(number: int, rng: np.random.Generator) -> AnnotatedBook:
    """Draw a book's pages, panels and lettering."""
    counts = panel_counts(rng)
    texts = iter(lettering(int(counts.sum()), rng))
    pages = []
    for index, count in enumerate(counts.tolist()):
        digest = hashlib.sha256(f"{number} {index}".encode()).hexdigest()
        page = Page(index, f"{index:03}.jpg", digest, 1988, 3056)
        panels, regions = [], []
        for order in range(count):
            top, height = 3056 * order // count, 3056 // count - 20
            box = Box(40, top, 1900 + order, top + height)
            panels.append(Panel(box, order, 0.9, "drawn"))
            text = next(texts)
            if text:
                place = Box(80, top + 5, 700, top + height // 2)
                regions.append(
                    TextRegion(place, text, 0.95, TextKind.DIALOGUE, "drawn", order, order)
                )
        kind = PageType.STORY if rng.random() < 0.9 else PageType.SPLASH
        label = PageLabel(PageType.COVER if index == 0 else kind, 0.9, "drawn")
        pages.append(AnnotatedPage(page, tuple(panels), tuple(regions), label, digest[:16]))
    metadata = Metadata(
        series=f"Series {number % 1500:04}", number=str(number // 1500), year=1940 + number % 85
    )
    book = Book(
        f"{number:016x}",
        f"/shelf/{number % 1500:04}/{number}.cbz",
        "cbz",
        metadata,
        Direction.LTR,
        DirectionSource.GUESS,
        tuple(page.page for page in pages),
    )
    return AnnotatedBook(book, tuple(pages))


def draw_vectors(space: Space, mask: NDArray[np.bool_], rng: np.random.Generator) -> PanelVectors:
    """Draw a book's vectors of a space."""
    spread = profile()[0][space]
    vectors = spread.book(rng) + spread.panels(mask.size, rng)
    vectors = vectors if space is Space.COMPOSITION else unit(vectors)
    vectors[~mask] = 0
    return PanelVectors(space, spread.fingerprint, vectors, mask)


def write_book(root: Path, number: int) -> int:
    """Draw a book and write its stores; return how many panels it has."""
    rng = np.random.default_rng([SEED, number])
    annotated = annotated_book(number, rng)
    is_there = np.ones(annotated.n_panels, dtype=bool)
    lettered = {(p, r.panel) for p, page in enumerate(annotated.pages) for r in page.texts}
    places = [(p.page.index, panel.order) for p, panel in annotated.panels()]
    has_text = np.array([place in lettered for place in places], dtype=bool)
    own = [
        draw_vectors(space, has_text if space is Space.TEXT else is_there, rng)
        for space in (Space.VISION, Space.TEXT, Space.COMPOSITION)
    ]
    path = write_book_store(root, annotated, own, "drawn")
    fused, contextual = (
        draw_vectors(space, is_there, rng) for space in (Space.FUSED, Space.CONTEXTUAL)
    )
    spread = profile()[0][Space.FUSED]
    pages, strips = (unit(spread.book(rng) + spread.panels(PAGES_A_BOOK, rng)) for _ in range(2))
    learned = LearnedVectors(fused, contextual, pages, strips, np.ones(PAGES_A_BOOK, dtype=bool))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    write_learned_store(root, model(), annotated.book.book_id, learned, MadeFrom(digest, None))
    return annotated.n_panels


def _write(args: tuple[Path, int]) -> int:
    write_book(*args)
    return args[1]


def grow(root: Path, n_books: int, n_workers: int = 2) -> Iterator[int]:
    """Add books until there are so many; yield how many there are, after each.

    Stores are written by processes; this one merges them. Vectors are not indexed.
    """
    with Library.create(root) as library:
        library.begin_model(model())
        known = set(library.book_ids())
        todo = [n for n in range(n_books) if f"{n:016x}" not in known]
        done = len(known)
        context = multiprocessing.get_context("spawn")
        with context.Pool(n_workers) as pool:
            for number in pool.imap_unordered(_write, ((root, n) for n in todo), chunksize=4):
                book_id = f"{number:016x}"
                path = f"/shelf/{number % 1500:04}/{number}.cbz"
                library.merge_book(book_id, path, FileStamp(1, number))
                library.merge_learned(book_id, model())
                done += 1
                yield done


def main() -> None:
    """Grow a library and say how far it is."""
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--books", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    start, first = time.perf_counter(), 0
    for n in grow(args.library, args.books, args.workers):
        first = first or n
        if n % 100 == 0:
            each = (time.perf_counter() - start) / (n - first + 1)
            print(f"{n} of {args.books} books, {1e3 * each:.0f} ms each", flush=True)


if __name__ == "__main__":
    main()
