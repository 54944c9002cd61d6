"""The vectors of a space, panel by panel or page by page: what every analysis goes through.

`SpaceVectors` reads them in chunks, again and again, and holds none; `gather_units` brings them
into memory with what names them, all or a seeded sample. What is sampled is decided by a hash of
the row, so it needs no list of all vectors and is the same whatever the order of reading.

The vector of a page is, in the contextual space, its strip vector by the trained strip query, by
which nearest pages are found too; in every other space the mean of its panels' vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ConfigError, ModelError, QueryError
from longbox.library import BookBlock, BookLine, Library, VectorChunk
from longbox.vectors import Metric, Space, metric_of, unit

Tell = Callable[[str, int, int], None]
_CHUNK_ROWS: Final = 4096
_HASH_STEP: Final = np.uint64(0x9E3779B97F4A7C15)


def unheard(_what: str, _done: int, _total: int) -> None:
    """A `Tell` that nobody listens to."""


class Unit(StrEnum):
    """What an analysis counts one by one; the vectors of one are never mixed with the other's."""

    PANELS = "panels"
    PAGES = "pages"


@dataclass(frozen=True, slots=True)
class Sampling:
    """At most so many units, drawn by a seed: the same library and seed give the same sample."""

    most: int = 100_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.most < 1 or self.seed < 0:
            raise ConfigError(f"a sample of {self.most} by seed {self.seed} is none")


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Panels or pages with their vectors in one space, and where each of them is.

    Attributes:
        space: The modality.
        fingerprint: Of the encoder.
        unit: Whether one is a panel or a page.
        vector_of: What a vector is of: "panel", "mean of panels" or "strip".
        n_known: How many there are in the library; more than N where these are a sample.
        rows: Panel rows, rising, int64 (N,); of a page, its first panel's.
        vectors: float32 (N, D); of unit length in cosine spaces.
        books: The books that they are of.
        book: Index into `books`, int32 (N,).
        page_index: From 0, int32 (N,).
        panel: Order on the page from 0, int32 (N,); 0 for pages.

    Raises:
        ModelError: Shapes or numbers do not fit.
    """

    space: Space
    fingerprint: str
    unit: Unit
    vector_of: str
    n_known: int
    rows: NDArray[np.int64]
    vectors: NDArray[np.float32]
    books: tuple[BookLine, ...]
    book: NDArray[np.int32]
    page_index: NDArray[np.int32]
    panel: NDArray[np.int32]

    def __post_init__(self) -> None:
        n = self.rows.size
        places = (self.book, self.page_index, self.panel)
        if self.vectors.ndim != 2 or len(self.vectors) != n or any(p.shape != (n,) for p in places):
            raise ModelError(
                f"{self.space}: vectors {self.vectors.shape} do not fit {n} {self.unit}"
            )
        if not np.isfinite(self.vectors).all():
            raise ModelError(f"{self.space}: a vector of {self.fingerprint} is not finite")
        if n and (np.diff(self.rows) <= 0).any():
            raise ModelError("rows must rise")
        if n and not 0 <= self.book.min() <= self.book.max() < len(self.books):
            raise ModelError(f"a book's number is not from 0 to {len(self.books) - 1}")

    @property
    def n(self) -> int:
        """N."""
        return int(self.rows.size)

    @property
    def is_sampled(self) -> bool:
        """Whether the library has more of them."""
        return self.n_known > self.n

    @property
    def works(self) -> NDArray[np.int32]:
        """Index of each unit's work, int32 (N,): books of one series are one work."""
        names = [work_of(line) for line in self.books]
        numbers = {name: at for at, name in enumerate(dict.fromkeys(names))}
        of_book = np.array([numbers[name] for name in names], dtype=np.int32)
        return of_book[self.book]

    @property
    def pages(self) -> NDArray[np.int64]:
        """A number for each unit's page, the same for panels of one page, int64 (N,)."""
        return self.book.astype(np.int64) << 32 | self.page_index

    def taken(self, at: NDArray[np.int64] | NDArray[np.bool_]) -> Units:
        """Return some of them, by rising place or by mask; the books stay all."""
        return replace(
            self,
            rows=self.rows[at],
            vectors=self.vectors[at],
            book=self.book[at],
            page_index=self.page_index[at],
            panel=self.panel[at],
        )


def work_of(line: BookLine) -> str:
    """Name the work that a book belongs to: its series, or the book where it has none."""
    return line.series.casefold() if line.series else f"book {line.book_id}"


def gather_units(
    library: Library,
    space: Space,
    unit_of: Unit = Unit.PANELS,
    *,
    book_ids: Collection[str] | None = None,
    sampling: Sampling = Sampling(),
    tell: Tell | None = None,
) -> Units:
    """Bring the panels or pages of a space into memory, all or a seeded sample.

    Args:
        library: Open.
        space: Which vectors. Of several encoders', those of the one that most panels have.
        unit_of: Panels or pages.
        book_ids: Only these books; all when None.
        sampling: How many at most, each with the same chance.
        tell: Called with "reading", the panels read and the panels to read.

    Raises:
        QueryError: The library has no vectors in this space.
        LibraryError: The library cannot be read.
    """
    fingerprint = fingerprint_of(library, space)
    blocks = library.book_blocks(space, fingerprint)
    if book_ids is not None:
        blocks = tuple(block for block in blocks if block.book_id in book_ids)
    source = SpaceVectors(library, space, fingerprint, unit_of, blocks)
    sample = Sample(sampling)
    n_known = n_read = 0
    for rows, vectors in source:
        n_known += rows.size
        n_read += rows.size
        sample.add(rows, vectors)
        if tell:
            tell("reading", min(n_read, source.n_panels), source.n_panels)
    rows, vectors = sample.taken()
    columns = library.panel_columns(rows)
    is_there = np.isin(rows, columns.rows)  # a book may have been merged again meanwhile
    return Units(
        space=space,
        fingerprint=fingerprint,
        unit=unit_of,
        vector_of=source.vector_of,
        n_known=n_known,
        rows=columns.rows,
        vectors=vectors[is_there],
        books=columns.books,
        book=columns.book,
        page_index=columns.page_index,
        panel=columns.panel,
    )


class Sample:
    """A seeded sample of vectors that come in chunks: those whose rows' hashes are the lowest."""

    def __init__(self, sampling: Sampling) -> None:
        self._most = sampling.most
        self._seed = sampling.seed
        self._rows = np.empty(0, dtype=np.int64)
        self._vectors = np.empty((0, 0), dtype=np.float32)
        self._waiting: list[VectorChunk] = []
        self._n_waiting = 0

    def add(self, rows: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Take a chunk into account."""
        self._waiting.append((rows, vectors))
        self._n_waiting += rows.size
        if self._n_waiting >= max(self._most // 4, _CHUNK_ROWS):
            self._settle()

    def taken(self) -> VectorChunk:
        """Return the sample by rising row."""
        self._settle()
        order = np.argsort(self._rows)
        return self._rows[order], self._vectors[order]

    def _settle(self) -> None:
        start = [(self._rows, self._vectors)] if self._rows.size else []
        chunks = [*start, *self._waiting]
        self._waiting, self._n_waiting = [], 0
        if not chunks:
            return
        rows = np.concatenate([r for r, _ in chunks])
        vectors = np.concatenate([v for _, v in chunks])
        kept = lowest_hashes(rows, self._most, self._seed)
        self._rows, self._vectors = rows[kept], vectors[kept]


class SpaceVectors:
    """The vectors of some books in one space; may be gone through again and again."""

    def __init__(
        self,
        library: Library,
        space: Space,
        fingerprint: str,
        unit_of: Unit,
        blocks: Sequence[BookBlock],
    ) -> None:
        self._library = library
        self._space = space
        self._fingerprint = fingerprint
        self._unit = unit_of
        self._first = np.array([block.first_row for block in blocks], dtype=np.int64)
        self._last = self._first + np.array([block.n_panels for block in blocks], dtype=np.int64)
        self.n_panels = int((self._last - self._first).sum())
        self.vector_of = "panel"
        if unit_of is Unit.PAGES:
            self.vector_of = "strip" if space is Space.CONTEXTUAL else "mean of panels"

    def __iter__(self) -> Iterator[VectorChunk]:
        """Yield rows that belong to these books, with their vectors."""
        for rows, vectors in self._chunks():
            at = np.searchsorted(self._first, rows, side="right") - 1
            is_ours = at >= 0
            is_ours[is_ours] = rows[is_ours] < self._last[at[is_ours]]
            if is_ours.any():
                yield rows[is_ours], vectors[is_ours]

    def _chunks(self) -> Iterator[VectorChunk]:
        if self.vector_of == "strip":
            return self._library.strip_vectors()
        panels = self._library.vectors(self._space, self._fingerprint, _CHUNK_ROWS)
        if self._unit is Unit.PANELS:
            return panels
        return page_means(panels, self._library.page_starts(), metric_of(self._space))


def page_means(
    panels: Iterator[VectorChunk], page_starts: NDArray[np.int64], metric: Metric
) -> Iterator[VectorChunk]:
    """Turn panels' vectors into those of their pages: the mean of the panels that have one.

    Args:
        panels: Chunks of rows and vectors; a page's panels follow each other, maybe in two chunks.
        page_starts: Row of every page's first panel, rising, int64 (P,).
        metric: Of the space; for cosine the means are of unit length again. A page whose panels
            cancel out has no direction, and is left out.

    Yields:
        Row of the page's first panel, int64 (n,), and its vector, float32 (n, D).
    """
    kept_rows = np.empty(0, dtype=np.int64)
    kept: NDArray[np.float32] | None = None
    for rows, vectors in panels:
        if kept is not None:
            rows, vectors = np.concatenate([kept_rows, rows]), np.concatenate([kept, vectors])
        pages = page_starts[np.searchsorted(page_starts, rows, side="right") - 1]
        last = int(np.flatnonzero(pages != pages[-1])[-1]) + 1 if pages[0] != pages[-1] else 0
        if last:
            yield from _means(pages[:last], vectors[:last], metric)
        kept_rows, kept = rows[last:], vectors[last:]  # its other panels may be in the next chunk
    if kept is not None:
        pages = page_starts[np.searchsorted(page_starts, kept_rows, side="right") - 1]
        yield from _means(pages, kept, metric)


def _means(
    pages: NDArray[np.int64], vectors: NDArray[np.float32], metric: Metric
) -> Iterator[VectorChunk]:
    starts = np.flatnonzero(np.r_[True, pages[1:] != pages[:-1]])
    sums = np.add.reduceat(vectors, starts, axis=0)  # (n, D)
    means = sums / np.diff(np.r_[starts, pages.size])[:, None]
    if metric is Metric.COSINE:
        means = unit(means)
        has_direction = means.any(axis=1)
        starts, means = starts[has_direction], means[has_direction]
    yield pages[starts], means.astype(np.float32)


def lowest_hashes(rows: NDArray[np.int64], n: int, seed: int) -> NDArray[np.int64]:
    """Return where the n rows with the lowest seeded hashes are; all when there are fewer."""
    if rows.size <= n:
        return np.arange(rows.size)
    mixed = (rows.astype(np.uint64) + np.uint64(seed + 1)) * _HASH_STEP
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    lowest: NDArray[np.int64] = np.argpartition(mixed, n - 1)[:n]
    return lowest


def fingerprint_of(library: Library, space: Space) -> str:
    """Return whose vectors of a space are meant: the encoder's that most panels have.

    Raises:
        QueryError: The library has no vectors in this space.
    """
    found = library.spaces().get(space, ())
    if not found:
        raise QueryError(f"this library has no {space} vectors; {_HOW_TO_GET.get(space, _INDEX)}")
    return found[0]


_INDEX: Final = "index comics first"
_HOW_TO_GET: Final = {
    Space.DESCRIPTION: "run `longbox describe` first",
    Space.FUSED: "run `longbox embed` first",
    Space.CONTEXTUAL: "run `longbox embed` first",
}
