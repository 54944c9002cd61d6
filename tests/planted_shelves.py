"""Shelves of numbers with concepts planted in them, and everything that can look like one.

A unit's vector is the sum of what all have in common (encoders' cones), of its work's, its book's
and its scene's effect, of its own, and of the direction of every concept that it belongs to. All
effects have the same spectrum, which falls like a power law, so that the space uses some twenty to
sixty directions as real ones do, and not all of its dimensions alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from longbox.analysis import Unit, Units
from longbox.analysis.concepts import Concept
from longbox.book import Direction
from longbox.library import BookLine
from longbox.vectors import Space, unit

_CONE = 2.0
_WORK, _BOOK, _SCENE = 0.6, 0.5, 0.6
_SCENE_MEMORY = 0.8


@dataclass(slots=True)
class PlantedShelf:
    """A shelf that is being made: members are planted, then `units` adds everything up.

    Attributes:
        works: Number of each book's work, int64 (B,).
        sizes: Units of each book, int64 (B,).
    """

    rng: np.random.Generator
    works: NDArray[np.int64]
    sizes: NDArray[np.int64]
    scales: NDArray[np.float64]
    planted: list[tuple[NDArray[np.bool_], NDArray[np.float64]]] = field(default_factory=list)

    @property
    def book(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @property
    def n(self) -> int:
        return int(self.sizes.sum())

    def direction(self, fall: float = 1) -> NDArray[np.float64]:
        """Draw an idea's direction from the spectrum of the space, or from a steeper one."""
        drawn = self.rng.standard_normal(len(self.scales)) * self.scales**fall
        return drawn / np.linalg.norm(drawn)

    def direction_near(self, other: NDArray[np.float64], cosine: float) -> NDArray[np.float64]:
        """Draw a direction of a given cosine with another."""
        fresh = self.direction()
        fresh -= (fresh @ other) * other
        fresh /= np.linalg.norm(fresh)
        return cosine * other + np.sqrt(1 - cosine**2) * fresh

    def pages(
        self, share: float, books: NDArray[np.int64] | None = None, run: int = 3
    ) -> NDArray[np.bool_]:
        """Choose units in runs of one to `run`, about this share of the books' units."""
        members = np.zeros(self.n, dtype=np.bool_)
        starts = np.r_[0, np.cumsum(self.sizes)]
        chosen = np.arange(len(self.sizes)) if books is None else books
        for book in chosen:
            wanted = self.rng.poisson(share * self.sizes[book])
            while members[starts[book] : starts[book + 1]].sum() < min(
                wanted, self.sizes[book] // 2
            ):
                first = self.rng.integers(starts[book], starts[book + 1])
                members[first : min(first + self.rng.integers(1, run + 1), starts[book + 1])] = True
        return members

    def some_books(self, n: int) -> NDArray[np.int64]:
        return self.rng.permutation(len(self.sizes))[:n]

    def whole(self, works: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Choose all units of works."""
        return np.isin(self.works, works)[self.book]

    def plant(
        self, members: NDArray[np.bool_], direction: NDArray[np.float64], strength: float
    ) -> None:
        """Let members have a direction."""
        self.planted.append((members, direction * strength))

    def units(self) -> Units:
        """Add everything up."""
        d = len(self.scales)

        def effects(n: int, strength: float) -> NDArray[np.float64]:
            return self.rng.standard_normal((n, d)) * self.scales * strength

        own = effects(self.n, 1.0)
        scene = effects(self.n, _SCENE)
        starts = set(np.r_[0, np.cumsum(self.sizes)].tolist())
        fresh = np.sqrt(1 - _SCENE_MEMORY**2)
        for i in range(self.n):
            if i not in starts:
                scene[i] = _SCENE_MEMORY * scene[i - 1] + fresh * scene[i]
        vectors = _CONE * self.direction() + own + scene
        vectors += effects(len(self.sizes), _BOOK)[self.book]
        vectors += effects(int(self.works.max()) + 1, _WORK)[self.works][self.book]
        for members, direction in self.planted:
            vectors[members] += direction
        return units_of(unit(vectors), self.works, self.sizes)


def units_of(
    vectors: NDArray[np.float32], works: NDArray[np.int64], sizes: NDArray[np.int64]
) -> Units:
    """Make units of vectors, book after book."""
    n = int(sizes.sum())
    lines = tuple(
        BookLine(f"{b:016x}", f"book {b}", f"work {w}", None, None, Direction.LTR)
        for b, w in enumerate(works.tolist())
    )
    starts = np.r_[0, np.cumsum(sizes)[:-1]]
    book = np.repeat(np.arange(len(sizes)), sizes)
    return Units(
        space=Space.VISION,
        fingerprint="drawn",
        unit=Unit.PAGES,
        vector_of="mean of panels",
        n_known=n,
        rows=np.arange(n, dtype=np.int64),
        vectors=vectors,
        books=lines,
        book=book.astype(np.int32),
        page_index=(np.arange(n) - starts[book]).astype(np.int32),
        panel=np.zeros(n, dtype=np.int32),
    )


def planted_shelf(
    seed: int, *, n_works: int = 24, dimension: int = 96, fall: float | None = None, pages: int = 30
) -> PlantedShelf:
    """Begin a shelf of works of one to six books.

    Args:
        seed: Of everything.
        n_works: How many.
        dimension: D.
        fall: Exponent of the spectrum; drawn from .25 to .55 when None.
        pages: Median of a book's.
    """
    rng = np.random.default_rng(seed)
    works = np.repeat(np.arange(n_works), rng.integers(1, 7, n_works))
    sizes = np.clip(rng.lognormal(np.log(pages), 0.5, len(works)), 6, 200).astype(np.int64)
    exponent = rng.uniform(0.1, 0.35) if fall is None else fall
    scales = np.arange(1, dimension + 1) ** -exponent
    return PlantedShelf(rng, works, sizes, scales / np.linalg.norm(scales))


def concept(name: str, members: NDArray[np.bool_]) -> Concept:
    return Concept(name, members)
