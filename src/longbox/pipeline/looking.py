"""How the pages of books look that were made before looks were kept: measured from their pictures.

New books are looked at while they are indexed. For older ones the files are opened again, in
processes of their own (a stranger's picture may crash or hang its decoder), and what was seen is
kept book by book, so that a run that ends early is gone on with by the next. A page whose picture
cannot be had, or is not the one that was indexed, stays without a look.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from longbox.book import PageLook, Problem
from longbox.config import Config
from longbox.errors import ComicError, LibraryError
from longbox.ingest import IngestOptions, open_pages, printable
from longbox.library import Library
from longbox.page_types import look_at
from longbox.pipeline.workers import ctrl_c_kept_out, end_with_parent, usual_workers

Tell = Callable[[int, int], None]
_JOBS_A_WORKER: Final = 2
_OPENING_PAGES: Final = 10  # opening a file may take as long as so many pages


@dataclass(frozen=True, slots=True)
class _LookJob:
    """One book to look at: its file, and the size that each page was indexed with."""

    book_id: str
    path: str
    digests: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    options: IngestOptions


def measure_looks(
    library: Library, config: Config, tell: Tell = lambda _done, _total: None
) -> tuple[Problem, ...]:
    """Look at the pages of all books whose looks are unknown, and keep what was seen.

    Args:
        library: Open for writing.
        config: The settings.
        tell: Told how many books are done of how many.

    Returns:
        What could not be looked at. A book whose file is gone is tried again by the next run.

    Raises:
        LibraryError: The library is read-only, or the disk refuses.
    """
    book_ids = library.books_without_looks()
    if not book_ids:
        return ()
    library.require_writable()
    problems: list[Problem] = []
    jobs: list[_LookJob] = []
    for book_id in book_ids:
        try:
            job = _job(library, book_id, config)
        except LibraryError as error:
            problems.append(Problem(book_id, None, "looks", str(error)))
            continue
        if os.path.lexists(job.path):
            jobs.append(job)
        else:
            reason = f"{printable(job.path)}: the file is gone; its pages' looks stay unknown"
            problems.append(Problem(job.path, None, "looks", reason))
    n_done = len(book_ids) - len(jobs)
    for job, looks, problem in _looked(jobs, config.index.page_timeout_s):
        library.keep_looks(job.book_id, job.digests, looks)
        if problem:
            problems.append(Problem(job.path, None, "looks", problem))
        n_done += 1
        tell(n_done, len(book_ids))
    return tuple(problems)


def _job(library: Library, book_id: str, config: Config) -> _LookJob:
    book = library.annotated_book(book_id).book
    digests = tuple(page.digest for page in book.pages)
    sizes = tuple((page.width, page.height) for page in book.pages)
    return _LookJob(book_id, book.path, digests, sizes, config.ingest)


_Looked = tuple[_LookJob, Sequence[PageLook | None], str]


def _looked(jobs: Sequence[_LookJob], page_timeout_s: float) -> Iterator[_Looked]:
    """Yield each book's looks and what went wrong, in any order."""
    from pebble import ProcessPool

    if not jobs:
        return
    n_workers = min(usual_workers(), len(jobs))
    pool: Any = ProcessPool(
        max_workers=n_workers,
        initializer=_start,
        initargs=(os.getpid(),),
        context=multiprocessing.get_context("spawn"),
    )
    todo, active = deque(jobs), deque[tuple[_LookJob, Any]]()
    try:
        while todo or active:
            with ctrl_c_kept_out():
                while todo and len(active) < n_workers * _JOBS_A_WORKER:
                    job = todo.popleft()
                    allowed_s = page_timeout_s * (len(job.sizes) + _OPENING_PAGES)
                    active.append((job, pool.schedule(_look, args=(job,), timeout=allowed_s)))
            job, future = active.popleft()
            yield job, *_outcome(job, future)
    finally:
        pool.stop()
        pool.join()


def _outcome(job: _LookJob, future: Any) -> tuple[Sequence[PageLook | None], str]:
    from pebble import ProcessExpired

    where = printable(job.path)
    nothing: Sequence[PageLook | None] = (None,) * len(job.sizes)
    try:
        looks: tuple[Sequence[PageLook | None], str] = future.result()
    except (TimeoutError, CancelledError):
        return nothing, f"{where}: looking at it took too long; its pages' looks stay unknown"
    except (ProcessExpired, MemoryError):
        return nothing, f"{where}: reading it ended its process; its pages' looks stay unknown"
    return looks


# ---- inside a worker process


def _start(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, args=(parent,), daemon=True).start()


def _look(job: _LookJob) -> tuple[Sequence[PageLook | None], str]:
    looks: list[PageLook | None] = [None] * len(job.sizes)
    problem = ""
    try:
        with open_pages(Path(job.path), job.options) as opened:
            for index, (width, height) in enumerate(job.sizes):
                if not width or index >= len(opened):
                    continue
                try:
                    pixels = opened.pixels(index)
                except ComicError as error:
                    problem = problem or str(error)
                    continue
                if pixels.shape[:2] == (height, width):
                    looks[index] = look_at(pixels)
                else:
                    problem = problem or f"{printable(job.path)}: page {index + 1} is another now"
    except ComicError as error:
        problem = str(error)
    return looks, problem
