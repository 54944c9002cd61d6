"""Vector segments kept in line with the catalog.

A segment is built without a lock and switched in by one transaction, which first looks whether
what it replaces is still as it was: of two processes that index at once, the slower throws its
work away. Folders are renamed into `index/` only inside such a transaction, so a folder that is
not listed while the write lock is held belongs to a process that was killed, and goes.
"""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from longbox.book import FileStamp, Problem
from longbox.errors import LibraryError
from longbox.library.catalog import Catalog, path_from_sql
from longbox.library.describing import (
    attach_descriptions,
    give_up_descriptions,
    unmerged_descriptions,
    vector_rows,
)
from longbox.library.description_stores import description_path, read_descriptions_with_digest
from longbox.library.learned_merging import (
    give_up_learned,
    merge_left_learned,
    settle_models,
    sweep_retired,
)
from longbox.library.learned_stores import learned_path
from longbox.library.ledger import record_failure
from longbox.library.leftovers import clean_partial
from longbox.library.merging import delete_book
from longbox.library.reading import move_damaged
from longbox.library.segment_plan import BookBlock, SegmentJob, blocks_of, plan, size_of
from longbox.library.segments import Block, Segment, SegmentInfo, write_segment
from longbox.library.stores import (
    disk_errors,
    partial_path,
    read_vectors,
    store_path,
    sync_folder,
)
from longbox.library.vector_index import INDEX_NAME, VectorIndex
from longbox.vectors import Space

Progress = Callable[[int, int], None]


class UnusableStoreError(LibraryError):
    """The store of a listed book cannot be indexed now.

    Attributes:
        book_id: Whose.
        space: Of which vectors were read.
        is_damaged: It cannot be read; else another process replaced it and will merge it.
        model: The trained model whose store it is, or None.
    """

    model: str | None = None

    def __init__(self, message: str, book_id: str, space: Space, *, is_damaged: bool) -> None:
        super().__init__(message)
        self.book_id = book_id
        self.space = space
        self.is_damaged = is_damaged


def update(catalog: Catalog, root: Path, index: VectorIndex, progress: Progress) -> None:
    """Write segments until every live vector is in one.

    A book whose store turns out damaged loses its rows and its files' stamps, so that the next
    run makes it again; of descriptions and learned vectors only they are lost. A book that
    another process is replacing is left to that process.
    """
    catalog.require_writable()
    drop_vanished(catalog, root)
    settle_models(catalog, root)
    merge_left_descriptions(catalog, root)
    merge_left_learned(catalog, root)
    skipped: set[tuple[str, Space]] = set()
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
            skipped.add((error.book_id, error.space))
            if error.is_damaged and error.space is Space.DESCRIPTION:
                with catalog.transaction() as connection:
                    give_up_descriptions(connection, root, error.book_id, str(error))
            elif error.is_damaged and error.model is not None:
                with catalog.transaction() as connection:
                    give_up_learned(connection, root, error.book_id, error.model)
            elif error.is_damaged:
                give_up_book(catalog, root, error.book_id, str(error))
    collect_garbage(catalog, root, index)


def merge_left_descriptions(catalog: Catalog, root: Path) -> None:
    """Merge the description stores that a killed run wrote and did not come to merge."""
    with catalog.guarded() as connection:
        left = unmerged_descriptions(connection, root)
    for book_id in left:
        with catalog.transaction() as connection:
            attach_descriptions(connection, root, book_id)


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


def run(
    catalog: Catalog, root: Path, index: VectorIndex, job: SegmentJob, tell: Callable[[int], None]
) -> None:
    """Write one segment and switch it in; does nothing when another process was first.

    Raises:
        UnusableStoreError: A pending book's store cannot be read, or is not the merged one.
        LibraryError: The disk refuses.
    """
    with catalog.guarded() as connection:
        blocks = sorted((*job.pending, *blocks_of(connection, job)), key=lambda b: b.first_row)
    info = SegmentInfo(job.space, job.fingerprint, job.dimension, sum(b.n_vectors for b in blocks))
    try:
        old = [index.segment(segment.folder) for segment in job.replaced]
    except FileNotFoundError:
        return
    folder = partial_path(root, f"{job.space.value}-{uuid.uuid4().hex}")
    try:
        with disk_errors(folder):
            if blocks:
                read = _READERS.get(job.space, _read_store)
                new = {b.book_row: partial(read, catalog, root, job, b) for b in job.pending}
                write_segment(folder, info, _read(old, new, blocks), tell)
            _switch(catalog, root, job, folder if blocks else None, blocks)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def collect_garbage(catalog: Catalog, root: Path, index: VectorIndex) -> None:
    """Delete segments that are not listed, retired models, and what killed processes left."""
    sweep_retired(catalog, root)
    clean_partial(root)
    folder = root / INDEX_NAME
    if not folder.is_dir():
        return
    with catalog.guarded() as connection:
        listed = _listed(connection)
    if any(path.name not in listed for path in folder.iterdir()):
        with catalog.transaction() as connection:  # a segment being switched in holds this lock
            listed = _listed(connection)
            for path in folder.iterdir():
                if path.name not in listed and path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
    index.keep_only(listed)


def _listed(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT folder FROM segments")}


def _read(
    old: list[Segment], new: Mapping[int, Callable[[], Block]], blocks: list[BookBlock]
) -> Iterator[Block]:
    for block in blocks:
        read = new.get(block.book_row)
        yield _read_segments(old, block) if read is None else read()


def _read_segments(segments: list[Segment], block: BookBlock) -> Block:
    for segment in segments:
        rows, vectors = segment.block(block.first_row, block.n_panels)
        if rows.size:
            return rows, vectors
    raise LibraryError(
        f"the vectors of book {block.book_id} are not where the catalog says; "
        "run `longbox library rebuild`"
    )


def _read_store(_catalog: Catalog, root: Path, job: SegmentJob, block: BookBlock) -> Block:
    return _vectors_of(store_path(root, block.book_id), job, block)


def _vectors_of(path: Path, job: SegmentJob, block: BookBlock) -> Block:
    try:
        fingerprint, vectors, mask = read_vectors(path, job.space)
    except LibraryError as error:
        raise UnusableStoreError(str(error), block.book_id, job.space, is_damaged=True) from error
    n = int(mask.sum())
    if (fingerprint, n, mask.size) != (job.fingerprint, block.n_vectors, block.n_panels):
        raise UnusableStoreError(
            f"{path}: was replaced after it was merged", block.book_id, job.space, is_damaged=False
        )
    positions = np.flatnonzero(mask)
    return positions + block.first_row, vectors[positions]


def _read_described(catalog: Catalog, root: Path, job: SegmentJob, block: BookBlock) -> Block:
    """Read the vectors of a book's descriptions, for the pages that still have their panels."""
    path = description_path(root, block.book_id)
    with catalog.snapshot() as connection:
        where = vector_rows(connection, block.book_row)
        merged = connection.execute(
            "SELECT description_sha256 FROM books WHERE book_row = ?", (block.book_row,)
        ).fetchone()
    try:
        store, digest = read_descriptions_with_digest(path)
    except LibraryError as error:
        raise UnusableStoreError(str(error), block.book_id, job.space, is_damaged=True) from error
    replaced = UnusableStoreError(
        f"{path}: was replaced after it was merged", block.book_id, job.space, is_damaged=False
    )
    rows, positions = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    vectors = store.vectors
    if vectors is None or merged is None or merged[0] != digest:
        raise replaced
    for store_row, panel_row, n in where:
        present = np.flatnonzero(vectors.mask[store_row : store_row + n])
        rows.append(panel_row + present)
        positions.append(store_row + present)
    chosen = np.concatenate(positions)
    if (vectors.fingerprint, chosen.size) != (job.fingerprint, block.n_vectors):
        raise replaced
    return np.concatenate(rows), vectors.vectors[chosen].astype(np.float16)


def _read_learned(catalog: Catalog, root: Path, job: SegmentJob, block: BookBlock) -> Block:
    """Read the vectors that a trained model made of a book."""
    with catalog.guarded() as connection:
        row = connection.execute(
            "SELECT model FROM book_spaces WHERE book_row = ? AND space = ? AND fingerprint = ?",
            (block.book_row, job.space.value, job.fingerprint),
        ).fetchone()
    if row is None or row[0] is None:
        raise UnusableStoreError(
            f"{block.book_id}: was replaced after it was merged",
            block.book_id,
            job.space,
            is_damaged=False,
        )
    try:
        return _vectors_of(learned_path(root, row[0], block.book_id), job, block)
    except UnusableStoreError as error:
        error.model = row[0]
        raise


_READERS = {
    Space.DESCRIPTION: _read_described,
    Space.FUSED: _read_learned,
    Space.CONTEXTUAL: _read_learned,
}


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
