"""Shelves of numbers whose vectors are made of known parts, for the tests of the ablation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longbox.analysis.ablation import Group, MatchedUnits, matched
from longbox.analysis.units import Unit, Units
from longbox.book import Direction
from longbox.library import BookLine
from longbox.vectors import Space, unit

COLUMNS = {
    Group.LAYOUT: ("n_tiers", "mean_panel_area", "mean_panel_aspect", "panels_cover"),
    Group.LOOK: ("brightness", "contrast", "saturation"),
}
PARTS = ("layout", "look", "page type", "work", "book", "meaning", "noise")
_DIMENSION = 24


@dataclass(frozen=True, slots=True)
class Plan:
    """A shelf: so many works of so many books of so many pages."""

    n_works: int = 12
    books_a_work: int = 3
    pages_a_book: int = 12
    book_layout: float = 0.5  # share of a page's layout that is its book's habit


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """What is true of the pages, to make spaces from."""

    plan: Plan
    book: NDArray[np.int64]
    work: NDArray[np.int64]
    sources: dict[str, NDArray[np.float64]]
    frame: pl.DataFrame


def draw_shelf(plan: Plan, rng: np.random.Generator) -> Shelf:
    """Draw layouts, looks, types, books, works and meanings of pages."""
    n_books = plan.n_works * plan.books_a_work
    book = np.repeat(np.arange(n_books), plan.pages_a_book)
    work = book // plan.books_a_work
    n = book.size

    def mixed(width: int) -> NDArray[np.float64]:
        habit = rng.standard_normal((n_books, width))[book]
        own = rng.standard_normal((n, width))
        return np.sqrt(plan.book_layout) * habit + np.sqrt(1 - plan.book_layout) * own

    layout, look = mixed(4), mixed(3)
    types = rng.integers(0, 3, n)
    sources = {
        "layout": layout,
        "look": look,
        "page type": np.eye(3)[types] - 1 / 3,
        "work": rng.standard_normal((plan.n_works, 8))[work],
        "book": rng.standard_normal((n_books, 8))[book],
        "meaning": rng.standard_normal((n, 6)),
    }
    names = {
        **{name: layout[:, i] for i, name in enumerate(COLUMNS[Group.LAYOUT])},
        **{name: look[:, i] for i, name in enumerate(COLUMNS[Group.LOOK])},
    }
    names["n_tiers"] = np.expm1(names["n_tiers"] + 10)  # a count: its logarithm is what is planted
    frame = pl.DataFrame(
        {
            "row": np.arange(n) * 3,
            "page_type": [("story", "splash", "cover")[i] for i in types],
            **names,
        }
    )
    return Shelf(plan, book, work, sources, frame)


def draw_space(
    shelf: Shelf, parts: Mapping[str, float], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Make vectors whose variance has these shares, (N, 24); what is left over is noise."""
    n = len(shelf.book)
    vectors = np.zeros((n, _DIMENSION))
    for name, share in {**parts, "noise": 1 - sum(parts.values())}.items():
        source = shelf.sources.get(name, rng.standard_normal((n, _DIMENSION)))
        part = source @ rng.standard_normal((source.shape[1], _DIMENSION))
        part -= part.mean(axis=0)
        vectors += np.sqrt(share / part.var(axis=0).sum()) * part
    return vectors


def shelf_units(shelf: Shelf, spaces: Mapping[Space, NDArray[np.float64]]) -> MatchedUnits:
    """Make units of the vectors; composition stays as it is, others are scaled to length 1."""
    n = len(shelf.book)
    lines = tuple(
        BookLine(
            f"{i:016x}",
            f"book {i}",
            f"work {i // shelf.plan.books_a_work}",
            None,
            None,
            Direction.LTR,
        )
        for i in range(int(shelf.book.max()) + 1)
    )
    pages = np.arange(n) % shelf.plan.pages_a_book
    found = {}
    for space, vectors in spaces.items():
        is_plain = space is Space.COMPOSITION
        found[space] = Units(
            space,
            f"{space}-planted",
            Unit.PAGES,
            "mean of panels",
            n,
            np.arange(n, dtype=np.int64) * 3,
            vectors.astype(np.float32) if is_plain else unit(vectors + 6 * _far(vectors)),
            lines,
            shelf.book.astype(np.int32),
            pages.astype(np.int32),
            np.zeros(n, np.int32),
        )
    return matched(found)


def _far(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one common direction: real spaces are narrow cones, in which shares stay linear."""
    far = np.zeros(vectors.shape[1])
    far[0] = 1.0
    return np.broadcast_to(far, vectors.shape)
