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
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from ctypes import c_long
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from longbox.config import Config
from longbox.errors import LongboxError
from longbox.ingest import printable
from longbox.pipeline.books import BookStages
from longbox.pipeline.jobs import BookJob, BookResult, do_book, lost_book

# Columns of the shared progress array.
_TICKS, _PAGES, _PAGES_DONE = 0, 1, 2
_COLUMNS = 3
POLL_S = 0.1
# What a worker takes at its peak on ordinary pages (benchmarks/index_shelf.py), with room to spare.
_WORKER_BYTES = 1_200_000_000
# Jobs handed to the pool at once for each worker: enough that none waits for the next, few enough
# that looking after them costs nothing on a shelf of 40,000 books.
_JOBS_A_WORKER = 3
# Opening a file hashes all of it and reports nothing meanwhile, so it may take longer than a page.
_OPENING_FACTOR = 10


@dataclass(frozen=True, slots=True)
class BookProgress:
    """How far a running book is; n_pages is 0 until its file is open."""

    path: Path
    n_pages_done: int
    n_pages: int


OnProgress = Callable[[BookProgress], None]


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
    pool = BookPool(config, n_workers, len(jobs))
    try:
        todo = deque(jobs)
        active: dict[int, tuple[BookJob, Any]] = {}
        while todo or active:
            with ctrl_c_kept_out():
                while todo and len(active) < n_workers * _JOBS_A_WORKER:
                    job = todo.popleft()
                    active[job.number] = (job, pool.schedule(job))
            time.sleep(POLL_S)
            for number, (job, future) in list(active.items()):
                if future.done():
                    del active[number]
                    yield outcome_of(job, future, pool.watch)
                    continue
                state = pool.watch.look(number)
                if state is None:
                    continue
                on_progress(BookProgress(job.path, *state))
                if pool.watch.is_stuck(number):
                    future.cancel()
    finally:
        pool.close()


class BookPool:
    """Processes that each do one book at a time; one that dies is replaced."""

    def __init__(self, config: Config, n_workers: int, n_rows: int) -> None:
        """Start no process yet: the first job does.

        Args:
            config: Settings; index.page_timeout_s bounds how long a worker may show no progress.
            n_workers: Number of processes, each with one thread.
            n_rows: Jobs are numbered below it; a number may come again when its job is done.
        """
        from pebble import ProcessPool

        context = multiprocessing.get_context("spawn")
        resource_tracker.ensure_running()  # started later, it would let Ctrl-C through again
        self._progress = context.RawArray(c_long, max(1, n_rows) * _COLUMNS)
        self.watch = Watch(self._progress, config.index.page_timeout_s)
        self._pool: Any = ProcessPool(
            max_workers=n_workers,
            initializer=_start_worker,
            initargs=(os.getpid(), config, self._progress),
            context=context,
        )

    def schedule(self, job: BookJob) -> Any:
        """Hand a job to the next free process; returns its future."""
        at = job.number * _COLUMNS
        self._progress[at : at + _COLUMNS] = [0] * _COLUMNS
        self.watch.forget(job.number)
        return self._pool.schedule(_work, args=(job,))

    def close(self) -> None:
        """End all processes, at once."""
        self._pool.stop()
        self._pool.join()


@contextmanager
def ctrl_c_kept_out() -> Iterator[None]:
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


class Watch:
    """Reads the progress array and notices workers that stand still."""

    def __init__(self, progress: Any, timeout_s: float) -> None:
        self._progress = progress
        self.timeout_s = timeout_s
        self._last: dict[int, tuple[int, float]] = {}

    def forget(self, number: int) -> None:
        """Take a number for a new job."""
        self._last.pop(number, None)

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
        is_opening = self._progress[number * _COLUMNS + _PAGES] == 0
        allowed_s = self.timeout_s * (_OPENING_FACTOR if is_opening else 1)
        return time.monotonic() - self._last[number][1] > allowed_s


def outcome_of(job: BookJob, future: Any, watch: Watch) -> BookResult:
    """Return what became of a job whose future is done.

    Raises:
        LongboxError: The error is not about one book.
    """
    from pebble import ProcessExpired

    try:
        result: BookResult = future.result()
    except CancelledError:
        reason = f"nothing happened for {watch.timeout_s:.0f} s, so the book was given up; "
        advice = "remove or repair the page, or raise index.page_timeout_s"
        return _lost(job, watch, reason + advice)
    except ProcessExpired as error:
        reason = f"reading it ended its process (exit {error.exitcode}); "
        advice = "the page is damaged or the memory is full: repair it, or use fewer workers"
        return _lost(job, watch, reason + advice)
    except MemoryError:
        return _lost(job, watch, "it needs more memory than there is; use fewer workers")
    except LongboxError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a worker process: one book's bug must
        # not end the shelf; it is recorded with its type so that it can be reported.
        reason = f"internal error {type(error).__name__}: {error}; please report it with the file"
        return _lost(job, watch, reason)
    return result


def _lost(job: BookJob, watch: Watch, reason: str) -> BookResult:
    n_done, n_pages = watch.look(job.number) or (0, 0)
    where = f"page {n_done + 1}" if n_done < n_pages else "after its last page" if n_pages else ""
    place = f"{printable(str(job.path))}: {where or 'on opening'}"
    return lost_book(job.path, n_done, f"{place}: {reason}")


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
    threading.Thread(target=end_with_parent, args=(parent,), daemon=True).start()
    _worker = _Worker(config, BookStages(config, n_threads=1), progress)


def end_with_parent(parent: int) -> None:
    """End this process when its parent is gone; for a thread of a worker."""
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


def usual_workers() -> int:
    """Return how many workers to use: one a core that this process may use, if memory allows."""
    import psutil

    if hasattr(os, "sched_getaffinity"):
        n_cores = len(os.sched_getaffinity(0))
    else:
        n_cores = os.cpu_count() or 1
    return max(1, min(n_cores, int(psutil.virtual_memory().available // _WORKER_BYTES)))
