"""Which vector segments have to be written, and which they replace.

New books become one segment, which takes in older segments up to twice its own size: sizes then
fall by more than half from one segment to the next, so there are few of them and every vector is
copied a few times in its life. A quarter of dead rows has a segment written anew. Nothing grows
above eight million vectors.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from longbox.vectors import Space

MAX_VECTORS: Final = 1 << 23
ABSORB_FACTOR: Final = 2
DEAD_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True)
class LiveSegment:
    """A listed segment and how many of its vectors belong to live books."""

    segment_id: int
    folder: str
    n_vectors: int
    n_live: int


@dataclass(frozen=True, slots=True)
class BookBlock:
    """A live book's vectors in one space."""

    book_row: int
    book_id: str
    first_row: int
    n_panels: int
    n_vectors: int


@dataclass(frozen=True, slots=True)
class SegmentJob:
    """One segment to write: which books are new in it, which segments it replaces."""

    space: Space
    fingerprint: str
    dimension: int
    pending: tuple[BookBlock, ...]
    replaced: tuple[LiveSegment, ...]


def plan(connection: sqlite3.Connection, skipped: set[tuple[str, Space]]) -> list[SegmentJob]:
    """Return what has to be written so that every live vector is in one segment.

    Args:
        connection: The catalog's.
        skipped: Books to leave for later, each in one space.
    """
    keys = connection.execute(
        "SELECT space, fingerprint, dimension FROM book_spaces "
        "UNION SELECT space, fingerprint, dimension FROM segments ORDER BY 1, 2"
    ).fetchall()
    jobs = []
    for space, fingerprint, dimension in keys:
        stuck = _segments_of(connection, space, skipped)
        live = _live_segments(connection, space, fingerprint)
        live = [segment for segment in live if segment.segment_id not in stuck]
        for pending in _batches(_pending(connection, space, fingerprint, skipped)):
            replaced = _absorbed(sum(b.n_vectors for b in pending), live)
            live = [s for s in live if s not in replaced]
            jobs.append(SegmentJob(Space(space), fingerprint, dimension, pending, replaced))
        for segment in live:
            if segment.n_vectors - segment.n_live > DEAD_SHARE * segment.n_vectors:
                jobs.append(SegmentJob(Space(space), fingerprint, dimension, (), (segment,)))
    return jobs


def size_of(job: SegmentJob) -> int:
    """Return how many vectors a job writes."""
    return sum(b.n_vectors for b in job.pending) + sum(s.n_live for s in job.replaced)


def _live_segments(
    connection: sqlite3.Connection, space: str, fingerprint: str
) -> list[LiveSegment]:
    rows = connection.execute(
        "SELECT g.segment_id, g.folder, g.n_vectors, coalesce(sum(s.n_vectors), 0) "
        "FROM segments g JOIN segment_books sb USING (segment_id) "
        "LEFT JOIN book_spaces s ON s.book_row = sb.book_row AND s.space = g.space "
        "AND s.fingerprint = g.fingerprint "
        "WHERE g.space = ? AND g.fingerprint = ? GROUP BY g.segment_id ORDER BY 4",
        (space, fingerprint),
    )
    return [LiveSegment(*row) for row in rows]


def _segments_of(
    connection: sqlite3.Connection, space: str, skipped: set[tuple[str, Space]]
) -> set[int]:
    """Return the segments that hold a skipped book: they cannot be made again now."""
    ids = [book_id for book_id, of in skipped if of.value == space]
    rows = connection.execute(
        "SELECT sb.segment_id FROM segment_books sb JOIN books b USING (book_row) "
        "WHERE b.book_id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    )
    return {segment_id for (segment_id,) in rows}


def _pending(
    connection: sqlite3.Connection, space: str, fingerprint: str, skipped: set[tuple[str, Space]]
) -> list[BookBlock]:
    rows = connection.execute(
        "SELECT b.book_row, b.book_id, b.first_row, b.n_panels, s.n_vectors "
        "FROM book_spaces s JOIN books b USING (book_row) "
        "WHERE s.space = ?1 AND s.fingerprint = ?2 AND NOT EXISTS ("
        "SELECT 1 FROM segment_books sb JOIN segments g USING (segment_id) "
        "WHERE sb.book_row = s.book_row AND g.space = ?1 AND g.fingerprint = ?2) "
        "ORDER BY b.first_row",
        (space, fingerprint),
    )
    blocks = [BookBlock(*row) for row in rows]
    return [block for block in blocks if (block.book_id, Space(space)) not in skipped]


def _batches(pending: list[BookBlock]) -> Iterator[tuple[BookBlock, ...]]:
    batch: list[BookBlock] = []
    n = 0
    for block in pending:
        if batch and n + block.n_vectors > MAX_VECTORS:
            yield tuple(batch)
            batch, n = [], 0
        batch.append(block)
        n += block.n_vectors
    if batch:
        yield tuple(batch)


def _absorbed(n: int, live: list[LiveSegment]) -> tuple[LiveSegment, ...]:
    """Choose the segments that a new one takes in, from the smallest up."""
    taken: list[LiveSegment] = []
    for segment in live:
        if segment.n_live > ABSORB_FACTOR * n or n + segment.n_live > MAX_VECTORS:
            break
        taken.append(segment)
        n += segment.n_live
    return tuple(taken)


def blocks_of(connection: sqlite3.Connection, job: SegmentJob) -> list[BookBlock]:
    """Return the live books of the segments that a job replaces."""
    found = []
    for segment in job.replaced:
        rows = connection.execute(
            "SELECT b.book_row, b.book_id, b.first_row, b.n_panels, s.n_vectors "
            # CROSS: from the segment's books on, not from all books that have such vectors.
            "FROM segment_books sb JOIN books b USING (book_row) CROSS JOIN book_spaces s "
            "ON s.book_row = b.book_row AND s.space = ? AND s.fingerprint = ? "
            "WHERE sb.segment_id = ?",
            (job.space.value, job.fingerprint, segment.segment_id),
        )
        found += [BookBlock(*row) for row in rows]
    return found
