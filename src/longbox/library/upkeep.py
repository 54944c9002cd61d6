"""Vector segments kept in line with the catalog.

Folders are renamed into `index/` only inside such a transaction, so a folder that is
not listed while the write lock is held belongs to a process that was killed, and goes.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from longbox.book import FileStamp, Problem
from longbox.errors import LibraryError
from longbox.library.catalog import Catalog, path_from_sql
from longbox.library.describing import (
    attach_descriptions,
    give_up_descriptions,
    unmerged_descriptions,
)
from longbox.library.learned_merging import (
    give_up_learned,
    merge_left_learned,
    settle_models,
    sweep_retired,
)
from longbox.library.ledger import record_failure
from longbox.library.leftovers import clean_partial
from longbox.library.merging import delete_book
from longbox.library.reading import move_damaged
from longbox.library.segment_making import UnusableStoreError, make_segment
from longbox.library.segment_plan import SegmentJob, plan, size_of
from longbox.library.segments import has_its_files
from longbox.library.stores import (
    store_path,
)
from longbox.library.vector_index import INDEX_NAME, VectorIndex
from longbox.vectors import Space

Progress = Callable[[int, int], None]


def update(catalog: Catalog, root: Path, index: VectorIndex, progress: Progress) -> None:
    """Write segments until every live vector is in one.

    A book whose store turns out damaged loses its rows and its files' stamps, so that the next
    run makes it again; of descriptions and learned vectors only they are lost. A book that
    another process is replacing is left to that process. Where the disk cannot read a store now,
    everything else is indexed, and then that is raised.
    """
    catalog.require_writable()
    drop_vanished(catalog, root)
    settle_models(catalog, root)
    merge_left_descriptions(catalog, root)
    merge_left_learned(catalog, root)
    skipped: set[tuple[str, Space]] = set()
    unread: LibraryError | None = None
    done = 0
    last: SegmentJob | None = None
    while True:
        with catalog.snapshot() as connection:
            jobs = plan(connection, skipped)
        if not jobs:
            break
        if jobs[0] == last:
            raise LibraryError(
                f"{root / INDEX_NAME}: a segment of {last.space} vectors cannot be made; "
                "run `longbox library check`"
            )
        last = jobs[0]
        total = done + sum(size_of(job) for job in jobs)

        def tell(n: int, total: int = total) -> None:
            nonlocal done
            done = min(done + n, total)
            progress(done, total)

        try:
            make_segment(catalog, root, index, jobs[0], tell)
        except UnusableStoreError as error:
            skipped.add((error.book_id, error.space))
            if not error.is_damaged and isinstance(error.__cause__, LibraryError):
                unread = unread or error.__cause__
            if error.is_damaged:
                _give_up(catalog, root, error)
    collect_garbage(catalog, root, index)
    if unread is not None:
        raise unread


def _give_up(catalog: Catalog, root: Path, error: UnusableStoreError) -> None:
    """Take what a damaged store holds out of the catalog."""
    if error.space is not Space.DESCRIPTION and error.model is None:
        give_up_book(catalog, root, error.book_id, str(error))
        return
    with catalog.transaction() as connection:
        if error.model is None:
            give_up_descriptions(connection, root, error.book_id, str(error))
        else:
            give_up_learned(connection, root, error.book_id, error.model)


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
    """Forget listed segments that are gone or lack a file: their books are pending again."""
    with catalog.guarded() as connection:
        names = [name for (name,) in connection.execute("SELECT folder FROM segments")]
    gone = [name for name in names if not has_its_files(root / INDEX_NAME / name)]
    if gone:
        with catalog.transaction() as connection:
            connection.executemany("DELETE FROM segments WHERE folder = ?", [(n,) for n in gone])


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
