"""Maps of a library: made in two passes over its vectors, kept, and shown as the library is now.

The first pass notes which rows there are and keeps a seeded sample of vectors, the second places
the rest. What is sampled is decided by a hash of the row, so it needs no list of all vectors.

A kept map belongs to books, not to rows: when it is shown, the points of a book whose vectors are
still the ones that were laid out move to the rows that the book has now (a rebuild gives new
ones), all others are left out, and `ShownMap` counts what has changed.

The vector of a page is, in the contextual space, its strip vector by the trained strip query, by
which nearest pages are found too; in every other space the mean of its panels' vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.map_files import drop_old_maps, read_map, write_map
from longbox.analysis.options import MapOptions
from longbox.analysis.projection import Projection, Projector
from longbox.analysis.values import LibraryMap, MapUnit
from longbox.errors import QueryError
from longbox.library import BookBlock, Library, VectorChunk
from longbox.vectors import Metric, Space, metric_of, unit

Tell = Callable[[str, int, int], None]
_CHUNK_ROWS: Final = 4096
_HASH_STEP: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, eq=False)
class ShownMap:
    """A kept map with the rows that its points have in the library now.

    Attributes:
        map: The points that are still there, rows as they are now.
        n_books_new: Books that can be searched in this space and are not on the map.
        n_books_changed: Books whose vectors were made again or went away since.
    """

    map: LibraryMap
    n_books_new: int
    n_books_changed: int

    @property
    def is_stale(self) -> bool:
        """Whether making the map again would show something else."""
        return self.n_books_new > 0 or self.n_books_changed > 0


def make_map(
    library: Library,
    space: Space,
    unit_of_map: MapUnit = MapUnit.PANELS,
    options: MapOptions | None = None,
    tell: Tell | None = None,
) -> LibraryMap:
    """Lay out every panel or page of a library in one space, and keep the map.

    Args:
        library: Open; its folder must be writable.
        space: Which vectors. Of several encoders', those of the one that most panels have.
        unit_of_map: What a point is.
        options: How the map should look.
        tell: Called with what is done ("reading", "layout", "placing"), how much and of how much.

    Raises:
        QueryError: The library has no vectors in this space.
        LibraryError: The library cannot be read, or the map not be written.
    """
    library.require_writable()
    chosen = options or MapOptions()
    say = tell or _quiet
    fingerprint = fingerprint_of(library, space)
    blocks = library.book_blocks(space, fingerprint)
    source = _Source(library, space, fingerprint, unit_of_map, blocks)
    gathered = _gather(source, chosen, say)
    projector = Projector(
        gathered.sample, space, chosen, lambda done, total: say("layout", done, total)
    )
    placed = _place_all(source, gathered, projector, say)
    made = LibraryMap(
        space=space,
        fingerprint=fingerprint,
        unit=unit_of_map,
        vector_of=source.vector_of,
        method=projector.method,
        n_known=gathered.n_known,
        n_fitted=gathered.sampled.size,
        books=blocks,
        rows=gathered.rows,
        places=placed.places,
        clusters=placed.clusters,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    write_map(library.root, made)
    drop_old_maps(library)
    return made


def show_map(library: Library, space: Space, unit_of_map: MapUnit) -> ShownMap | None:
    """Return a kept map as the library is now, or None where none was made.

    Raises:
        QueryError: The library has no vectors in this space.
        LibraryError: The file is damaged.
    """
    fingerprint = fingerprint_of(library, space)
    kept = read_map(library.root, space, fingerprint, unit_of_map)
    if kept is None:
        return None
    now = library.book_blocks(space, fingerprint)
    places = {(block.book_id, block.digest): block.first_row for block in now}
    rows = np.full(kept.rows.size, -1, dtype=np.int64)
    n_same = 0
    for block in kept.books:
        first_row = places.get((block.book_id, block.digest))
        if first_row is not None:
            n_same += 1
            last = block.first_row + block.n_panels
            own = slice(*np.searchsorted(kept.rows, (block.first_row, last)))
            rows[own] = kept.rows[own] - block.first_row + first_row
    order = np.argsort(rows, kind="stable")[np.count_nonzero(rows < 0) :]
    known_ids = {block.book_id for block in kept.books}
    moved = replace(
        kept,
        rows=rows[order],
        places=kept.places[order],
        clusters=kept.clusters[order],
        n_fitted=min(kept.n_fitted, order.size),
    )
    n_new = sum(block.book_id not in known_ids for block in now)
    return ShownMap(moved, n_new, len(kept.books) - n_same)


def fingerprint_of(library: Library, space: Space) -> str:
    """Return whose vectors of a space are mapped: the encoder's that most panels have.

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


class _Source:
    """The vectors of one map's points; may be gone through again and again."""

    def __init__(
        self,
        library: Library,
        space: Space,
        fingerprint: str,
        unit_of_map: MapUnit,
        blocks: Sequence[BookBlock],
    ) -> None:
        self._library = library
        self._space = space
        self._fingerprint = fingerprint
        self._unit = unit_of_map
        self._first = np.array([block.first_row for block in blocks], dtype=np.int64)
        self._last = self._first + np.array([block.n_panels for block in blocks], dtype=np.int64)
        self.n_panels = int((self._last - self._first).sum())
        self.vector_of = "panel"
        if unit_of_map is MapUnit.PAGES:
            self.vector_of = "strip" if space is Space.CONTEXTUAL else "mean of panels"

    def __iter__(self) -> Iterator[VectorChunk]:
        """Yield rows that belong to the map's books, with their vectors."""
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
        if self._unit is MapUnit.PANELS:
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


@dataclass(frozen=True, slots=True, eq=False)
class _Gathered:
    """What the first pass found: rows of all points, and the sample with its rows, rising."""

    n_known: int
    rows: NDArray[np.int64]
    sampled: NDArray[np.int64]
    sample: NDArray[np.float32]


def _gather(source: _Source, options: MapOptions, say: Tell) -> _Gathered:
    """Note all rows and keep the sample: those whose hashes are the lowest."""
    all_rows: list[NDArray[np.int64]] = []
    sample_rows, sample = np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32)
    waiting: list[VectorChunk] = []
    n_waiting = n_read = 0
    for rows, vectors in source:
        all_rows.append(rows)
        n_read += rows.size
        n_waiting += rows.size
        waiting.append((rows, vectors))
        if n_waiting >= max(options.max_fitted // 4, _CHUNK_ROWS):
            sample_rows, sample = _lowest(sample_rows, sample, waiting, options)
            waiting, n_waiting = [], 0
        say("reading", min(n_read, source.n_panels), source.n_panels)
    sample_rows, sample = _lowest(sample_rows, sample, waiting, options)
    rows = np.concatenate(all_rows) if all_rows else np.empty(0, dtype=np.int64)
    chosen = np.sort(rows[_lowest_hashes(rows, options.max_points, options.seed)])
    order = np.argsort(sample_rows)
    return _Gathered(rows.size, chosen, sample_rows[order], sample[order])


def _lowest(
    rows: NDArray[np.int64],
    vectors: NDArray[np.float32],
    more: list[VectorChunk],
    options: MapOptions,
) -> VectorChunk:
    """Return the sample after more vectors: again those whose rows' hashes are the lowest."""
    if more:
        start = [(rows, vectors)] if rows.size else []
        rows = np.concatenate([r for r, _ in [*start, *more]])
        vectors = np.concatenate([v for _, v in [*start, *more]])
    kept = _lowest_hashes(rows, options.max_fitted, options.seed)
    return rows[kept], vectors[kept]


def _lowest_hashes(rows: NDArray[np.int64], n: int, seed: int) -> NDArray[np.int64]:
    """Return where the n rows with the lowest seeded hashes are; all when there are fewer."""
    if rows.size <= n:
        return np.arange(rows.size)
    mixed = (rows.astype(np.uint64) + np.uint64(seed + 1)) * _HASH_STEP
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    lowest: NDArray[np.int64] = np.argpartition(mixed, n - 1)[:n]
    return lowest


def _place_all(source: _Source, gathered: _Gathered, projector: Projector, say: Tell) -> Projection:
    """Return places and clusters of every point, the fitted ones as they were fitted."""
    n = gathered.rows.size
    places, clusters = np.zeros((n, 2), dtype=np.float32), np.zeros(n, dtype=np.int16)
    fitted = np.searchsorted(gathered.rows, gathered.sampled)
    places[fitted], clusters[fitted] = projector.fitted.places, projector.fitted.clusters
    is_left = np.ones(n, dtype=np.bool_)
    is_left[fitted] = False
    n_left = int(is_left.sum())
    for rows, vectors in source if n_left else ():
        at = np.minimum(np.searchsorted(gathered.rows, rows), n - 1)
        is_wanted = (gathered.rows[at] == rows) & is_left[at]
        if is_wanted.any():
            found = projector.place(vectors[is_wanted])
            places[at[is_wanted]], clusters[at[is_wanted]] = found.places, found.clusters
            is_left[at[is_wanted]] = False
            say("placing", n_left - int(is_left.sum()), n_left)
    # A row that went away since the first pass has no place; its book counts as changed.
    return Projection(places, clusters)


def _quiet(_what: str, _done: int, _total: int) -> None:
    return
