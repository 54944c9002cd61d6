"""A shelf of comic files becomes a library, and only what changed is done.

A file whose size and time are known is skipped without being opened. A file that is new but whose
pages are already in the library (moved, renamed, re-packed) is recognised by its contents and only
its place is written down. Books are merged into the catalog as they finish, so a run that is
stopped at any moment leaves a usable library and the next run goes on from there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from longbox.book import FileStamp, Problem
from longbox.config import Config
from longbox.errors import IngestError
from longbox.ingest import find_books, printable, stamp
from longbox.library import KnownFile, Library
from longbox.pipeline.workers import (
    BookJob,
    BookProgress,
    BookResult,
    run_here,
    run_in_processes,
)


@dataclass(frozen=True, slots=True)
class ShelfProgress:
    """How far a run is, sent about ten times a second.

    Attributes:
        fraction_done: Of the bytes of all files to do, 0 to 1; what time left is judged by.
        finished: The file that was just finished, or None.
        running: The book that this message is about while it runs, or None.
    """

    n_files: int
    n_files_done: int
    n_pages_done: int
    fraction_done: float
    finished: BookResult | None = None
    running: BookProgress | None = None


@dataclass(slots=True)
class IndexReport:
    """What a run did.

    Attributes:
        n_unchanged: Files that were skipped, being as the library knows them.
        n_known_bad: Of these, files that could not be read last time.
        n_outdated: Of these, books made by another recipe than the settings now ask for.
        seconds: Time by stage, added over the worker processes.
        wall_s: Time of the whole run.
    """

    outcomes: list[BookResult] = field(default_factory=list)
    n_unchanged: int = 0
    n_known_bad: int = 0
    n_outdated: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    wall_s: float = 0.0
    was_interrupted: bool = False

    @property
    def n_books(self) -> int:
        """Books that this run added or recognised."""
        return sum(o.book_id is not None for o in self.outcomes)

    @property
    def n_failed(self) -> int:
        """Files that could not be read as a book in this run."""
        return sum(o.book_id is None for o in self.outcomes)

    @property
    def n_pages(self) -> int:
        """Pages that were worked on, pages of recognised books not counted."""
        return sum(o.n_pages for o in self.outcomes if not o.is_reused)

    @property
    def problems(self) -> list[Problem]:
        """Everything that went wrong in this run."""
        return [p for o in self.outcomes for p in o.problems]


def index_shelf(
    paths: Sequence[Path],
    library: Library,
    config: Config,
    on_progress: Callable[[ShelfProgress], None] = lambda _: None,
    *,
    refresh: bool = False,
    in_process: bool = False,
) -> IndexReport:
    """Bring a library in line with comic files and folders.

    Args:
        paths: Files and folders; folders are searched for comics.
        library: Where the books go.
        config: The settings.
        on_progress: Told what happens.
        refresh: Try files again that failed before, and redo books of another recipe.
        in_process: Work in this process, one book at a time, for tests and small jobs: a crash
            in a native decoder then ends the caller.

    Returns:
        What was done; also when stopped by Ctrl-C, then `was_interrupted` is set.

    Raises:
        IngestError: A path does not exist.
        LongboxError: A model or the library cannot be used at all.
    """
    start = time.perf_counter()
    report = IndexReport()
    todo = _todo(paths, library, config, report, refresh)
    stamps = dict(todo)
    jobs = [
        BookJob(number, path, library.root, config.recipe(), refresh)
        for number, (path, _) in enumerate(todo)
    ]
    tally = _Tally({path: now.size_bytes for path, now in todo}, len(jobs), on_progress)
    last_merge = time.monotonic()
    try:
        with closing(_run(jobs, config, tally.running, in_process)) as results:
            for result in results:
                _keep(result, stamps[result.path], library)
                report.outcomes.append(result)
                for stage, seconds in result.seconds.items():
                    report.seconds[stage] = report.seconds.get(stage, 0.0) + seconds
                tally.finished(result)
                if time.monotonic() - last_merge > config.index.merge_seconds:
                    library.update_indexes()
                    last_merge = time.monotonic()
    except KeyboardInterrupt:
        report.was_interrupted = True
    library.update_indexes()
    report.wall_s = time.perf_counter() - start
    return report


class _Tally:
    """Counts files, pages and bytes as they are done, and tells."""

    def __init__(
        self, sizes: dict[Path, int], n_files: int, on_progress: Callable[[ShelfProgress], None]
    ) -> None:
        self._sizes = sizes
        self._total = max(1, sum(sizes.values()))
        self._n_files = n_files
        self._on_progress = on_progress
        self._n_files_done = self._n_pages_done = self._bytes_done = 0
        self._bytes_running: dict[Path, float] = {}

    def running(self, progress: BookProgress) -> None:
        """Note how far a running book is."""
        share = progress.n_pages_done / progress.n_pages if progress.n_pages else 0.0
        self._bytes_running[progress.path] = share * self._sizes[progress.path]
        self._tell(None, progress)

    def finished(self, outcome: BookResult) -> None:
        """Note a finished file."""
        self._bytes_running.pop(outcome.path, None)
        self._bytes_done += self._sizes[outcome.path]
        self._n_files_done += 1
        self._n_pages_done += outcome.n_pages
        self._tell(outcome, None)

    def _tell(self, finished: BookResult | None, running: BookProgress | None) -> None:
        fraction = (self._bytes_done + sum(self._bytes_running.values())) / self._total
        self._on_progress(
            ShelfProgress(
                self._n_files, self._n_files_done, self._n_pages_done, fraction, finished, running
            )
        )


def _todo(
    paths: Sequence[Path], library: Library, config: Config, report: IndexReport, refresh: bool
) -> list[tuple[Path, FileStamp]]:
    """List the files to do, largest first so that no long book is left alone at the end."""
    known = library.known_files()
    todo: list[tuple[Path, FileStamp]] = []
    for found in find_books([_checked(p) for p in paths]):
        path = found.absolute()
        now = stamp(path)
        before = known.get(_stored_name(path))
        if before is None or before.stamp != now or (refresh and _is_stale(before, config)):
            todo.append((path, now))
            continue
        report.n_unchanged += 1
        report.n_known_bad += before.book_id is None
        report.n_outdated += before.book_id is not None and before.recipe != config.recipe()
    return sorted(todo, key=lambda item: -item[1].size_bytes)


def _is_stale(known: KnownFile, config: Config) -> bool:
    return known.book_id is None or known.recipe != config.recipe()


def _checked(path: Path) -> Path:
    if not path.exists():
        raise IngestError(f"{path}: there is no such file or folder; check the path")
    return path


def _run(
    jobs: Sequence[BookJob],
    config: Config,
    on_progress: Callable[[BookProgress], None],
    in_process: bool,
) -> Generator[BookResult, None, None]:
    if not jobs:
        return
    if in_process:
        yield from run_here(jobs, config, on_progress)
        return
    n_workers = config.index.n_workers or os.cpu_count() or 1
    yield from run_in_processes(jobs, config, on_progress, min(n_workers, len(jobs)))


def _keep(result: BookResult, now: FileStamp, library: Library) -> None:
    if result.book_id is None:
        library.record_failure(_stored_name(result.path), now, result.problems)
    else:
        library.merge_book(result.book_id, str(result.path), now)


def _stored_name(path: Path) -> str:
    """Return the path as the catalog keeps it; a name that is no text is kept as it is shown.

    Such a file cannot be opened as a book anyway (ingest says to rename it), but its problem is
    remembered.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return printable(str(path))
    return str(path)
