"""Books worked on in processes of their own.

A comic file comes from anywhere, and its pictures go through a dozen native decoders: a book may
crash, hang or eat the memory of the process that reads it. So each book is one task of a process
pool that survives the death of its workers (pebble), and a worker that makes no progress for too
long is killed; only that book is lost, with a problem on record.

Progress comes back through a lock-free shared array, one row a book: a killed worker can never
hold a lock that the others need, as it could with a queue. Workers ignore Ctrl-C (the parent
decides) and end by themselves when their parent is gone, also by kill -9.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from ctypes import c_long
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from longbox.book import Problem
from longbox.config import Config
from longbox.errors import ComicError, LongboxError
from longbox.ingest import open_book, printable
from longbox.library import has_store, store_path, write_book_store
from longbox.pipeline.books import BookStages

# Columns of the shared progress array.
_TICKS, _PAGES, _PAGES_DONE = 0, 1, 2
_COLUMNS = 3
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class BookJob:
    """One comic file to do.

    Attributes:
        number: Row of the job in the progress array.
        must_fit_recipe: Do it again when the library holds these pages by another recipe.
    """

    number: int
    path: Path
    library: Path
    recipe: str
    must_fit_recipe: bool = False


@dataclass(frozen=True, slots=True)
class BookResult:
    """What became of one comic file.

    Attributes:
        book_id: None when the file could not be read as a book.
        is_reused: The library already held these pages; nothing was computed.
        seconds: By stage, in the worker.
    """

    path: Path
    book_id: str | None
    title: str
    n_pages: int
    n_panels: int
    problems: tuple[Problem, ...]
    is_reused: bool
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True)
class BookProgress:
    """How far a running book is; n_pages is 0 until its file is open."""

    path: Path
    n_pages_done: int
    n_pages: int


OnProgress = Callable[[BookProgress], None]
Tick = Callable[[int], None]


def do_book(job: BookJob, config: Config, stages: BookStages, tick: Tick) -> BookResult:
    """Open, understand and store one book.

    Args:
        job: What to do.
        config: The settings.
        stages: The loaded stages of this process.
        tick: Called with the number of pages as soon as it is known, then with 0 after each page.

    Returns:
        The result; a file that is no readable book is a result too.
    """
    stages.clock.seconds.clear()
    clock = stages.clock
    try:
        with clock.time("ingest"):
            opened = open_book(job.path, config.ingest)
        with opened:
            book = opened.book
            tick(len(book.pages))
            if _is_stored(job, book.book_id):
                return _result(job, book.book_id, book.title, len(book.pages), clock.seconds)
            done = stages.understand(opened, lambda: tick(0))
        with clock.time("store"):
            write_book_store(job.library, done.annotated, done.vectors, job.recipe)
    except ComicError as error:
        problem = Problem(printable(str(job.path)), error.page, "ingest", str(error))
        return BookResult(job.path, None, job.path.name, 0, 0, (problem,), False, {})
    annotated = done.annotated
    return BookResult(
        job.path,
        annotated.book.book_id,
        annotated.book.title,
        len(annotated.pages),
        annotated.n_panels,
        annotated.problems,
        False,
        dict(clock.seconds),
    )


def _is_stored(job: BookJob, book_id: str) -> bool:
    if job.must_fit_recipe:
        return has_store(job.library, book_id, job.recipe)
    return store_path(job.library, book_id).is_file()


def _result(
    job: BookJob, book_id: str, title: str, n_pages: int, seconds: dict[str, float]
) -> BookResult:
    return BookResult(job.path, book_id, title, n_pages, 0, (), True, dict(seconds))


def run_here(
    jobs: Sequence[BookJob], config: Config, on_progress: OnProgress, n_threads: int = 1
) -> Generator[BookResult, None, None]:
    """Do the books one after the other in this process, without protection from crashes."""
    stages = BookStages(config, n_threads)
    for job in jobs:
        n_pages = n_done = 0

        def tick(n: int, job: BookJob = job) -> None:
            nonlocal n_pages, n_done
            n_pages, n_done = (n, 0) if n else (n_pages, n_done + 1)
            on_progress(BookProgress(job.path, min(n_done, n_pages), n_pages))

        yield do_book(job, config, stages, tick)


def run_in_processes(
    jobs: Sequence[BookJob], config: Config, on_progress: OnProgress, n_workers: int
) -> Generator[BookResult, None, None]:
    """Do the books in a pool of processes, in any order.

    Args:
        jobs: Numbered from 0 without gaps.
        config: Settings; index.page_timeout_s bounds how long a worker may show no progress.
        on_progress: Called for every running book, about ten times a second.
        n_workers: Number of processes, each with one thread.

    Yields:
        A result for every job, also for those whose worker died or was killed.

    Raises:
        LongboxError: A worker failed with an error that is not about one book (a model that
            cannot be loaded, a full disk): the run cannot go on.
    """
    from pebble import ProcessPool

    context = multiprocessing.get_context("spawn")
    resource_tracker.ensure_running()  # started later, it would let Ctrl-C through again
    progress = context.RawArray(c_long, max(1, len(jobs)) * _COLUMNS)
    pool: Any = ProcessPool(
        max_workers=n_workers,
        initializer=_start_worker,
        initargs=(os.getpid(), config, progress),
        context=context,
    )
    try:
        with _ctrl_c_kept_out():
            waiting: dict[int, tuple[BookJob, Any]] = {
                job.number: (job, pool.schedule(_work, args=(job,))) for job in jobs
            }
        watch = _Watch(progress, config.index.page_timeout_s)
        while waiting:
            time.sleep(_POLL_S)
            for number, (job, future) in list(waiting.items()):
                if future.done():
                    del waiting[number]
                    yield _outcome(job, future, watch)
                    continue
                state = watch.look(number)
                if state is None:
                    continue
                on_progress(BookProgress(job.path, *state))
                if watch.is_stuck(number):
                    future.cancel()
    finally:
        pool.stop()
        pool.join()


@contextmanager
def _ctrl_c_kept_out() -> Iterator[None]:
    """Start threads and processes that Ctrl-C does not reach: they inherit what is blocked here.

    The initializer would be too late: a worker imports for a second before it runs.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Watch:
    """Reads the progress array and notices workers that stand still."""

    def __init__(self, progress: Any, timeout_s: float) -> None:
        self._progress = progress
        self.timeout_s = timeout_s
        self._last: dict[int, tuple[int, float]] = {}

    def look(self, number: int) -> tuple[int, int] | None:
        """Return (pages done, pages) of a job, or None before it has started."""
        row = self._progress[number * _COLUMNS : (number + 1) * _COLUMNS]
        if row[_TICKS] == 0:
            return None
        if number not in self._last or self._last[number][0] != row[_TICKS]:
            self._last[number] = (row[_TICKS], time.monotonic())
        return min(row[_PAGES_DONE], row[_PAGES]), row[_PAGES]

    def is_stuck(self, number: int) -> bool:
        """Whether a started job has shown no progress for the timeout."""
        return time.monotonic() - self._last[number][1] > self.timeout_s


def _outcome(job: BookJob, future: Any, watch: _Watch) -> BookResult:
    from pebble import ProcessExpired

    try:
        result: BookResult = future.result()
    except CancelledError:
        n_done, _ = watch.look(job.number) or (0, 0)
        reason = (
            f"{job.path}: nothing happened for {watch.timeout_s:.0f} s after page {n_done}, so the "
            f"book was given up; remove or repair page {n_done + 1}, or raise index.page_timeout_s"
        )
        return _lost(job, n_done, reason)
    except ProcessExpired as error:
        n_done, _ = watch.look(job.number) or (0, 0)
        reason = (
            f"{job.path}: reading page {n_done + 1} ended its process (exit {error.exitcode}); "
            f"the page is damaged or the memory is full: repair it, or use fewer workers"
        )
        return _lost(job, n_done, reason)
    except MemoryError:
        n_done, _ = watch.look(job.number) or (0, 0)
        return _lost(job, n_done, f"{job.path}: page {n_done + 1} needs more memory than there is")
    except LongboxError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a worker process: one book's bug must
        # not end the shelf; it is recorded with its type so that it can be reported.
        n_done, _ = watch.look(job.number) or (0, 0)
        reason = (
            f"{job.path}: page {n_done + 1}: internal error {type(error).__name__}: {error}; "
            f"please report it with the file"
        )
        return _lost(job, n_done, " ".join(reason.split()))
    return result


def _lost(job: BookJob, page: int, reason: str) -> BookResult:
    problem = Problem(printable(str(job.path)), page, "pipeline", reason)
    return BookResult(job.path, None, job.path.name, 0, 0, (problem,), False, {})


# ---- inside a worker process: set once by the initializer, then used for every book it does.
@dataclass(slots=True)
class _Worker:
    config: Config
    stages: BookStages
    progress: Any


_worker: _Worker | None = None


def _start_worker(parent: int, config: Config, progress: Any) -> None:
    global _worker  # a process pool has no other place for loaded models
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    _worker = _Worker(config, BookStages(config, n_threads=1), progress)


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _work(job: BookJob) -> BookResult:
    if _worker is None:
        raise RuntimeError("the worker process was not initialised")
    worker, at = _worker, job.number * _COLUMNS
    worker.progress[at + _TICKS] += 1

    def tick(n: int) -> None:
        if n:
            worker.progress[at + _PAGES] = n
        else:
            worker.progress[at + _PAGES_DONE] += 1
        worker.progress[at + _TICKS] += 1

    return do_book(job, worker.config, worker.stages, tick)
