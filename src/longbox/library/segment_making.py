"""One vector segment made and switched in.

A segment is built without a lock and switched in by one transaction, which first looks whether
what it replaces is still as it was: of two processes that index at once, the slower throws its
work away. Vectors come from the books' stores, which are the truth; only copies in older segments
are read instead, because they lie together.
"""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from longbox.errors import LibraryError
from longbox.library.catalog import Catalog
from longbox.library.describing import (
    vector_rows,
)
from longbox.library.description_stores import description_path, read_descriptions_with_digest
from longbox.library.learned_stores import LEARNED_SPACES, learned_path
from longbox.library.reading import is_damage
from longbox.library.segment_plan import BookBlock, SegmentJob, blocks_of
from longbox.library.segment_vectors import StoredBook, book_table, is_at, locate
from longbox.library.segment_writing import write_coded_segment, write_copying_segment
from longbox.library.segments import Block, Segment, SegmentInfo, is_coded
from longbox.library.stored_vectors import read_vectors
from longbox.library.stores import (
    disk_errors,
    partial_path,
    store_path,
    sync_folder,
)
from longbox.library.vector_index import INDEX_NAME, VectorIndex
from longbox.vectors import Space


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


def make_segment(
    catalog: Catalog, root: Path, index: VectorIndex, job: SegmentJob, tell: Callable[[int], None]
) -> None:
    """Write one segment and switch it in; does nothing when another process was first.

    Raises:
        UnusableStoreError: A pending book's store cannot be read, or is not the merged one.
        LibraryError: The disk refuses.
    """
    with catalog.guarded() as connection:
        blocks = sorted((*job.pending, *blocks_of(connection, job)), key=lambda b: b.first_row)
    n_vectors = sum(b.n_vectors for b in blocks)
    info = SegmentInfo(job.space, job.fingerprint, job.dimension, n_vectors)
    try:
        old = [index.segment(segment.folder) for segment in job.replaced]
    except FileNotFoundError:
        return
    folder = partial_path(root, f"{job.space.value}-{uuid.uuid4().hex}")
    try:
        with disk_errors(folder):
            copied = [segment for segment in old if segment.is_copy]
            read = partial(_blocks, catalog, root, job, copied, blocks)
            if blocks and not is_coded(info):
                write_copying_segment(folder, info, read, tell)
            elif blocks and job.space is Space.DESCRIPTION:
                # Their rows do not follow the panels, so they are not found in the stores.
                write_coded_segment(folder, info, read, None, tell)
            elif blocks:
                _write_coded(catalog, root, job, folder, blocks, tell)
            _switch(catalog, root, job, folder if blocks else None, blocks)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_coded(
    catalog: Catalog,
    root: Path,
    job: SegmentJob,
    folder: Path,
    blocks: list[BookBlock],
    tell: Callable[[int], None],
) -> None:
    """Write a segment whose vectors stay in the stores, and make sure that they are still there.

    Raises:
        UnusableStoreError: A book's store cannot be read, or was replaced meanwhile.
    """
    with catalog.guarded() as connection:
        models = {b.book_row: _model_of(connection, job, b) for b in blocks}
    books = []
    for block in blocks:
        book = StoredBook(block.book_id, models[block.book_row], block.first_row)
        if not block.n_vectors:
            continue
        if book.model is None and job.space in LEARNED_SPACES:
            raise _replaced(block, job)
        try:
            books.append((book, locate(book.path(root), job.space)))
        except (LibraryError, FileNotFoundError) as error:
            raise _unusable(error, block, job, book.model) from error
    info = SegmentInfo(job.space, job.fingerprint, job.dimension, sum(b.n_vectors for b in blocks))
    read = partial(_blocks, catalog, root, job, [], blocks)
    write_coded_segment(folder, info, read, book_table(books), tell)
    for book, place in books:
        if not is_at(book.path(root), place):
            reason = f"{book.path(root)}: was replaced while it was indexed"
            raise UnusableStoreError(reason, book.book_id, job.space, is_damaged=False)


def _unusable(
    error: LibraryError | FileNotFoundError, block: BookBlock, job: SegmentJob, model: str | None
) -> UnusableStoreError:
    is_damaged = not isinstance(error, LibraryError) or is_damage(error)
    found = UnusableStoreError(str(error), block.book_id, job.space, is_damaged=is_damaged)
    found.model = model
    return found


def _replaced(block: BookBlock, job: SegmentJob) -> UnusableStoreError:
    reason = f"{block.book_id}: was replaced after it was merged"
    return UnusableStoreError(reason, block.book_id, job.space, is_damaged=False)


def _model_of(connection: sqlite3.Connection, job: SegmentJob, block: BookBlock) -> str | None:
    """Return the trained model whose store has a book's vectors; None for an encoder's."""
    row = connection.execute(
        "SELECT model FROM book_spaces WHERE book_row = ? AND space = ? AND fingerprint = ?",
        (block.book_row, job.space.value, job.fingerprint),
    ).fetchone()
    return None if row is None else row[0]


def _blocks(
    catalog: Catalog,
    root: Path,
    job: SegmentJob,
    copied: list[Segment],
    blocks: list[BookBlock],
) -> Iterator[Block]:
    """Yield the vectors of books: from segments that hold copies, else from the books' stores."""
    read = _READERS.get(job.space, _read_store)
    pending = {block.book_row for block in job.pending}
    for block in blocks:
        found = None if block.book_row in pending else _read_segments(copied, block)
        yield read(catalog, root, job, block) if found is None else found


def _read_segments(segments: list[Segment], block: BookBlock) -> Block | None:
    for segment in segments:
        rows, vectors = segment.block(block.first_row, block.n_panels)
        if rows.size:
            return rows, vectors
    return None


def _read_store(_catalog: Catalog, root: Path, job: SegmentJob, block: BookBlock) -> Block:
    return _vectors_of(store_path(root, block.book_id), job, block)


def _vectors_of(path: Path, job: SegmentJob, block: BookBlock) -> Block:
    try:
        fingerprint, vectors, mask = read_vectors(path, job.space)
    except LibraryError as error:
        raise UnusableStoreError(
            str(error), block.book_id, job.space, is_damaged=is_damage(error)
        ) from error
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
        raise UnusableStoreError(
            str(error), block.book_id, job.space, is_damaged=is_damage(error)
        ) from error
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
        model = _model_of(connection, job, block)
    if model is None:
        raise _replaced(block, job)
    try:
        return _vectors_of(learned_path(root, model, block.book_id), job, block)
    except UnusableStoreError as error:
        error.model = model
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
