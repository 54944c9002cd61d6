"""Units whose clusters are known, for the tests of clusters: vectors and measures are drawn."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longbox.analysis.units import Unit, Units
from longbox.book import Direction
from longbox.library import BookLine
from longbox.vectors import Space, unit

KINDS = ("multi-panel page", "splash", "dark page", "prose page")
DIMENSIONS = 24


def lines(n_books: int, books_a_series: int = 1) -> tuple[BookLine, ...]:
    """Return books of short series."""
    return tuple(
        BookLine(
            f"{b:016x}", f"Book {b}", f"Series {b // books_a_series}", None, "en", Direction.LTR
        )
        for b in range(n_books)
    )


def units_of(
    vectors: NDArray[np.floating],
    book: NDArray[np.integer],
    *,
    unit_of: Unit = Unit.PAGES,
    space: Space = Space.VISION,
    books: tuple[BookLine, ...] | None = None,
) -> Units:
    """Make units of vectors and the books that they are of."""
    n = len(vectors)
    n_books = int(book.max(initial=-1)) + 1
    return Units(
        space=space,
        fingerprint="drawn",
        unit=unit_of,
        vector_of="drawn",
        n_known=n,
        rows=np.arange(n, dtype=np.int64) * 3 + 1,
        vectors=np.asarray(vectors, dtype=np.float32),
        books=lines(n_books) if books is None else books,
        book=np.asarray(book, dtype=np.int32),
        page_index=np.arange(n, dtype=np.int32),
        panel=np.zeros(n, dtype=np.int32),
    )


def books_of(n_books: int, n_each: int) -> NDArray[np.int32]:
    """Return books of so many pages, one after another."""
    return np.repeat(np.arange(n_books, dtype=np.int32), n_each)


def planted(
    seed: int = 0, *, n_books: int = 10, n_each: int = 24, book_size: float = 0.3
) -> tuple[Units, pl.DataFrame, NDArray[np.int64]]:
    """Draw units of four kinds, their measures, and which kind each is of."""
    rng = np.random.default_rng(seed)
    book = books_of(n_books, n_each)
    kind = rng.choice(len(KINDS), book.size, p=(0.4, 0.25, 0.2, 0.15))
    centres = np.eye(len(KINDS), DIMENSIONS)
    offsets = unit(rng.normal(size=(n_books, DIMENSIONS))) * book_size
    noise = rng.normal(scale=0.08, size=(book.size, DIMENSIONS))
    units = units_of(unit(centres[kind] + offsets[book] + noise), book)
    return units, measures(units, kind, rng), kind


def measures(units: Units, kind: NDArray[np.int64], rng: np.random.Generator) -> pl.DataFrame:
    """Draw measures as the kinds have them, and one (saturation) that says nothing."""

    def where(name: str, special: tuple[float, float], usual: tuple[float, float]) -> list[float]:
        is_own = kind == KINDS.index(name)
        return np.where(
            is_own, rng.uniform(*special, kind.size), rng.uniform(*usual, kind.size)
        ).tolist()

    is_splash = kind == KINDS.index("splash")
    return pl.DataFrame(
        {
            "row": units.rows,
            "is_near_blank": np.zeros(kind.size, dtype=np.bool_),
            "page_type": np.where(kind == KINDS.index("prose page"), "text_page", "story"),
            "direction": ["ltr"] * kind.size,
            "is_spread": rng.random(kind.size) < 0.1,
            "n_panels": np.where(is_splash, 1.0, rng.integers(3, 6, kind.size)),
            "largest_panel": where("splash", (0.7, 1.0), (0.2, 0.35)),
            "page_aspect": rng.normal(-0.5, 0.02, kind.size),
            "n_characters": where("prose page", (400, 900), (50, 200)),
            "prose_characters": where("prose page", (350, 900), (0, 10)),
            "dark_share": where("dark page", (0.55, 0.9), (0.0, 0.3)),
            "brightness": where("dark page", (0.1, 0.3), (0.4, 0.8)),
            "saturation": rng.random(kind.size),
        }
    )
