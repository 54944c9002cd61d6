"""Maps of a library: made in two passes over its vectors, kept, and shown as the library is now.

The first pass notes which rows there are and keeps a seeded sample of vectors, the second places
the rest.

A kept map belongs to books, not to rows: when it is shown, the points of a book whose vectors are
still the ones that were laid out move to the rows that the book has now (a rebuild gives new
ones), all others are left out, and `ShownMap` counts what has changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.maps.files import drop_old_maps, read_map, write_map
from longbox.analysis.maps.options import MapOptions
from longbox.analysis.maps.projection import Projection, Projector
from longbox.analysis.maps.values import LibraryMap
from longbox.analysis.units import (
    Sample,
    Sampling,
    SpaceVectors,
    Tell,
    Unit,
    fingerprint_of,
    lowest_hashes,
    unheard,
)
from longbox.library import Library
from longbox.vectors import Space


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
    unit_of: Unit = Unit.PANELS,
    options: MapOptions | None = None,
    tell: Tell | None = None,
) -> LibraryMap:
    """Lay out every panel or page of a library in one space, and keep the map.

    Args:
        library: Open; its folder must be writable.
        space: Which vectors. Of several encoders', those of the one that most panels have.
        unit_of: What a point is.
        options: How the map should look.
        tell: Called with what is done ("reading", "layout", "placing"), how much and of how much.

    Raises:
        QueryError: The library has no vectors in this space.
        LibraryError: The library cannot be read, or the map not be written.
    """
    library.require_writable()
    chosen = options or MapOptions()
    say = tell or unheard
    fingerprint = fingerprint_of(library, space)
    blocks = library.book_blocks(space, fingerprint)
    source = SpaceVectors(library, space, fingerprint, unit_of, blocks)
    gathered = _gather(source, chosen, say)
    projector = Projector(
        gathered.sample, space, chosen, lambda done, total: say("layout", done, total)
    )
    placed = _place_all(source, gathered, projector, say)
    made = LibraryMap(
        space=space,
        fingerprint=fingerprint,
        unit=unit_of,
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


def show_map(library: Library, space: Space, unit_of: Unit) -> ShownMap | None:
    """Return a kept map as the library is now, or None where none was made.

    Raises:
        QueryError: The library has no vectors in this space.
        LibraryError: The file is damaged.
    """
    fingerprint = fingerprint_of(library, space)
    kept = read_map(library.root, space, fingerprint, unit_of)
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


@dataclass(frozen=True, slots=True, eq=False)
class _Gathered:
    """What the first pass found: rows of all points, and the sample with its rows, rising."""

    n_known: int
    rows: NDArray[np.int64]
    sampled: NDArray[np.int64]
    sample: NDArray[np.float32]


def _gather(source: SpaceVectors, options: MapOptions, say: Tell) -> _Gathered:
    """Note all rows and keep the sample that the layout is fitted on."""
    all_rows: list[NDArray[np.int64]] = []
    sample = Sample(Sampling(options.max_fitted, options.seed))
    n_read = 0
    for rows, vectors in source:
        all_rows.append(rows)
        n_read += rows.size
        sample.add(rows, vectors)
        say("reading", min(n_read, source.n_panels), source.n_panels)
    rows = np.concatenate(all_rows) if all_rows else np.empty(0, dtype=np.int64)
    chosen = np.sort(rows[lowest_hashes(rows, options.max_points, options.seed)])
    return _Gathered(rows.size, chosen, *sample.taken())


def _place_all(
    source: SpaceVectors, gathered: _Gathered, projector: Projector, say: Tell
) -> Projection:
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
