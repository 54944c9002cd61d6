"""Vector segments kept in line with the catalog.

New books become one segment, which takes in older segments up to twice its own size: sizes then
fall by more than half from one segment to the next, so there are few of them and every vector is
copied a few times in its life. A quarter of dead rows has a segment written anew. Nothing grows
above a million vectors.

A segment is built without a lock and switched in by one transaction, which first looks whether
what it replaces is still as it was: of two processes that index at once, the slower throws its
work away. Folders are renamed into `index/` only inside such a transaction, so a folder that is
not listed while the write lock is held belongs to a process that was killed, and goes.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from longbox.book import FileStamp, Problem
from longbox.errors import LibraryError
from longbox.library.catalog import Catalog, path_from_sql
from longbox.library.ledger import record_failure
from longbox.library.merging import delete_book
from longbox.library.rebuilding import move_damaged
from longbox.library.segments import Block, Segment, SegmentInfo, write_segment
from longbox.library.stores import (
    PARTIAL_NAME,
    disk_errors,
    partial_path,
    read_vectors,
    store_path,
    sync_folder,
)
from longbox.library.vector_index import INDEX_NAME, VectorIndex
from longbox.vectors import Space

MAX_VECTORS: Final = 1 << 20
ABSORB_FACTOR: Final = 2
DEAD_SHARE: Final = 0.25
_STALE_S: Final = 86_400.0

Progress = Callable[[int, int], None]


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


class UnusableStoreError(LibraryError):
    """The store of a listed book cannot be indexed now.

    Attributes:
        book_id: Whose.
        is_damaged: It cannot be read; else another process replaced it and will merge it.
    """

    def __init__(self, message: str, book_id: str, *, is_damaged: bool) -> None:
        super().__init__(message)
        self.book_id = book_id
        self.is_damaged = is_damaged


def update(catalog: Catalog, root: Path, index: VectorIndex, progress: Progress) -> None:
    """Write segments until every live vector is in one.

    A book whose store turns out damaged loses its rows and its files' stamps, so that the next
    run makes it again; a book that another process is replacing is left to that process.
    """
    drop_vanished(catalog, root)
    skipped: set[str] = set()
    done = 0
    while True:
        with catalog.snapshot() as connection:
            jobs = plan(connection, skipped)
        if not jobs:
            break
        total = done + sum(size_of(job) for job in jobs)

        def tell(n: int, total: int = total) -> None:
            nonlocal done
            done = min(done + n, total)
            progress(done, total)

        try:
            run(catalog, root, index, jobs[0], tell)
        except UnusableStoreError as error:
            skipped.add(error.book_id)
            if error.is_damaged:
                give_up_book(catalog, root, error.book_id, str(error))
    collect_garbage(catalog, root, index)


def give_up_book(catalog: Catalog, root: Path, book_id: str, reason: str) -> None:
    """Take a book whose store is damaged out of the catalog; the next run makes it again."""
    move_damaged(root, store_path(root, book_id))
    with catalog.transaction() as connection:
        files = connection.execute("SELECT path FROM files WHERE book_id = ?", (book_id,))
        for (path,) in files.fetchall():
            record_failure(
                connection,
                path_from_sql(path),
                FileStamp(-1, -1),
                [Problem(path_from_sql(path), None, "library", f"{reason}; run `longbox index`")],
            )
        delete_book(connection, book_id)


def drop_vanished(catalog: Catalog, root: Path) -> None:
    """Forget listed segments whose folder is gone: their books are pending again."""
    with catalog.guarded() as connection:
        names = [name for (name,) in connection.execute("SELECT folder FROM segments")]
    gone = [name for name in names if not (root / INDEX_NAME / name / "segment.json").is_file()]
    if gone:
        with catalog.transaction() as connection:
            connection.executemany("DELETE FROM segments WHERE folder = ?", [(n,) for n in gone])


def plan(connection: sqlite3.Connection, skipped: set[str]) -> list[SegmentJob]:
    """Return what has to be written so that every live vector is in one segment.

    Args:
        connection: The catalog's.
        skipped: Books to leave for later.
    """
    keys = connection.execute(
        "SELECT space, fingerprint, dimension FROM book_spaces "
        "UNION SELECT space, fingerprint, dimension FROM segments ORDER BY 1, 2"
    ).fetchall()
    jobs = []
    for space, fingerprint, dimension in keys:
        live = _live_segments(connection, space, fingerprint)
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


def run(
    catalog: Catalog, root: Path, index: VectorIndex, job: SegmentJob, tell: Callable[[int], None]
) -> None:
    """Write one segment and switch it in; does nothing when another process was first.

    Raises:
        UnusableStoreError: A pending book's store cannot be read, or is not the merged one.
        LibraryError: The disk refuses.
    """
    with catalog.guarded() as connection:
        blocks = sorted((*job.pending, *_blocks_of(connection, job)), key=lambda b: b.first_row)
    info = SegmentInfo(job.space, job.fingerprint, job.dimension, sum(b.n_vectors for b in blocks))
    try:
        old = [index.segment(segment.folder) for segment in job.replaced]
    except FileNotFoundError:
        return
    folder = partial_path(root, f"{job.space.value}-{uuid.uuid4().hex}")
    try:
        with disk_errors(folder):
            if blocks:
                write_segment(folder, info, _read(root, old, job, blocks), tell)
            _switch(catalog, root, job, folder if blocks else None, blocks)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def collect_garbage(catalog: Catalog, root: Path, index: VectorIndex) -> None:
    """Delete segments that are not listed, and what killed processes left in `partial/`."""
    clean_partial(root)
    folder = root / INDEX_NAME
    if not folder.is_dir():
        return
    with catalog.transaction() as connection:
        listed = {name for (name,) in connection.execute("SELECT folder FROM segments")}
        for path in folder.iterdir():
            if path.name not in listed and path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
    index.keep_only(listed)


def clean_partial(root: Path) -> None:
    """Delete leftovers whose writer is gone, or, of another machine, after a day."""
    folder = root / PARTIAL_NAME
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        host, pid, *_ = [*path.name.split("~"), "", ""]
        if host == socket.gethostname() and pid.isdigit():
            is_left = not _is_alive(int(pid))
        else:
            is_left = _age_s(path) > _STALE_S
        if is_left and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif is_left:
            path.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


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


def _pending(
    connection: sqlite3.Connection, space: str, fingerprint: str, skipped: set[str]
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
    return [block for block in (BookBlock(*row) for row in rows) if block.book_id not in skipped]


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


def _blocks_of(connection: sqlite3.Connection, job: SegmentJob) -> list[BookBlock]:
    found = []
    for segment in job.replaced:
        rows = connection.execute(
            "SELECT b.book_row, b.book_id, b.first_row, b.n_panels, s.n_vectors "
            "FROM segment_books sb JOIN books b USING (book_row) JOIN book_spaces s "
            "ON s.book_row = b.book_row AND s.space = ? AND s.fingerprint = ? "
            "WHERE sb.segment_id = ?",
            (job.space.value, job.fingerprint, segment.segment_id),
        )
        found += [BookBlock(*row) for row in rows]
    return found


def _read(
    root: Path, old: list[Segment], job: SegmentJob, blocks: list[BookBlock]
) -> Iterator[Block]:
    new = {block.book_row for block in job.pending}
    for block in blocks:
        if block.book_row in new:
            yield _read_store(root, job, block)
        else:
            yield _read_segments(old, block)


def _read_segments(segments: list[Segment], block: BookBlock) -> Block:
    for segment in segments:
        rows, vectors = segment.block(block.first_row, block.n_panels)
        if rows.size:
            return rows, vectors
    raise LibraryError(
        f"the vectors of book {block.book_id} are not where the catalog says; "
        "run `longbox library rebuild`"
    )


def _read_store(root: Path, job: SegmentJob, block: BookBlock) -> Block:
    path = store_path(root, block.book_id)
    try:
        fingerprint, vectors, mask = read_vectors(path, job.space)
    except LibraryError as error:
        raise UnusableStoreError(str(error), block.book_id, is_damaged=True) from error
    n = int(mask.sum())
    if (fingerprint, n, mask.size) != (job.fingerprint, block.n_vectors, block.n_panels):
        raise UnusableStoreError(
            f"{path}: was replaced after it was merged", block.book_id, is_damaged=False
        )
    positions = np.flatnonzero(mask)
    return positions + block.first_row, vectors[positions]


def _switch(
    catalog: Catalog, root: Path, job: SegmentJob, folder: Path | None, blocks: list[BookBlock]
) -> None:
    """Put a segment in the place of those it replaces, unless another process was first."""
    with catalog.transaction() as connection:
        if not _is_current(connection, job):
            return
        connection.executemany(
            "DELETE FROM segments WHERE segment_id = ?", [(s.segment_id,) for s in job.replaced]
        )
        if folder is None:
            return
        n_bytes = sum(path.stat().st_size for path in folder.iterdir())
        name = folder.name.rsplit("~", 1)[-1]
        (root / INDEX_NAME).mkdir(exist_ok=True)
        folder.rename(root / INDEX_NAME / name)
        sync_folder(root / INDEX_NAME)
        cursor = connection.execute(
            "INSERT INTO segments (space, fingerprint, dimension, folder, n_vectors, size_bytes) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                job.space.value,
                job.fingerprint,
                job.dimension,
                name,
                sum(b.n_vectors for b in blocks),
                n_bytes,
            ),
        )
        connection.executemany(
            "INSERT INTO segment_books VALUES (?, ?)",
            [(cursor.lastrowid, block.book_row) for block in blocks],
        )


def _is_current(connection: sqlite3.Connection, job: SegmentJob) -> bool:
    for segment in job.replaced:
        row = connection.execute(
            "SELECT folder FROM segments WHERE segment_id = ?", (segment.segment_id,)
        ).fetchone()
        if row is None or row[0] != segment.folder:
            return False
    covered = {
        row
        for (row,) in connection.execute(
            "SELECT sb.book_row FROM segment_books sb JOIN segments g USING (segment_id) "
            "WHERE g.space = ? AND g.fingerprint = ?",
            (job.space.value, job.fingerprint),
        )
    }
    return not covered.intersection(block.book_row for block in job.pending)
