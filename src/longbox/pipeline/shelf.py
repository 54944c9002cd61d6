"""A shelf of comic files becomes a library, and only what changed is done.

A file whose size and time are known is skipped without being opened. A file that is new but whose
pages are already in the library (moved, renamed, re-packed) is recognised by its contents and only
its place is written down. Books are merged into the catalog as they finish, so a run that is
stopped at any moment leaves a usable library and the next run goes on from there.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from longbox.book import FileStamp, Problem
from longbox.config import Config
from longbox.errors import ClusterError, IngestError, LibraryError, ModelError
from longbox.ingest import find_books, printable, stamp
from longbox.library import KnownFile, Library, corrected_books, store_path
from longbox.pipeline.cluster import run_on_cluster
from longbox.pipeline.corrections import book_corrections, split_recipe
from longbox.pipeline.embedding import EmbedProgress, EmbedReport, embed_after_index
from longbox.pipeline.jobs import BookJob, BookResult, failed_book
from longbox.pipeline.workers import BookProgress, run_here, run_in_processes, usual_workers

_STORE_SUFFIX = ".zarr.zip"
# Differs from the stamp of any file: the next run looks at it again.
_NO_STAMP = FileStamp(-1, -1)


@dataclass(frozen=True, slots=True)
class ShelfProgress:
    """How far a run is, sent about ten times a second.

    Attributes:
        fraction_done: Of the bytes of all files to do, 0 to 1; what time left is judged by.
        finished: The file that was just finished, or None.
        running: The book that this message is about while it runs, or None.
        embedding: How far the embedding of new books is, at the end of a run, or None.
        note: One line that a person should read, or None.
    """

    n_files: int
    n_files_done: int
    n_pages_done: int
    fraction_done: float
    finished: BookResult | None = None
    running: BookProgress | None = None
    embedding: EmbedProgress | None = None
    note: str | None = None


@dataclass(slots=True)
class IndexReport:
    """What a run did.

    Attributes:
        n_unchanged: Files that were skipped, being as the library knows them.
        n_known_bad: Of these, files that could not be read last time.
        n_outdated: Of these, books made by another recipe than the settings now ask for.
        seconds: Time by stage, added over the worker processes.
        wall_s: Time of the whole run.
        embedded: What the trained model made of new books at the end; None where nothing was to
            do, or it could not be opened.
        not_embedded: Why new books have no fused and contextual vectors: one line, or None.
    """

    outcomes: list[BookResult] = field(default_factory=list)
    n_unchanged: int = 0
    n_known_bad: int = 0
    n_outdated: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    wall_s: float = 0.0
    was_interrupted: bool = False
    embedded: EmbedReport | None = None
    not_embedded: str | None = None

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
    known = library.known_files()
    found = shelf_books([_checked(p) for p in paths])
    _forget_mended(paths, found, known, library)
    todo = _todo(found, known, library, config, report, refresh=refresh)
    stamps, homes = dict(todo), _homes(known)
    jobs = [
        BookJob(number, path, library.root, config.recipe(), refresh)
        for number, (path, _) in enumerate(todo)
    ]
    tally = _Tally({path: now.size_bytes for path, now in todo}, len(jobs), on_progress)
    last_merge = time.monotonic()
    try:
        with closing(_run(jobs, config, tally, known, in_process)) as results:
            for done in results:
                result = _keep(done, stamps[done.path], library)
                _forget_old_homes(result, homes, library)
                report.outcomes.append(result)
                for stage, seconds in result.seconds.items():
                    report.seconds[stage] = report.seconds.get(stage, 0.0) + seconds
                tally.finished(result)
                if time.monotonic() - last_merge > config.index.merge_seconds:
                    library.update_indexes()
                    last_merge = time.monotonic()
    except KeyboardInterrupt:
        report.was_interrupted = True
    except ClusterError:
        library.update_indexes()  # what is merged can be searched, whatever became of the workers
        raise
    library.update_indexes()
    if config.models.embed and not report.was_interrupted:
        _embed_new_books(library, config, report, tally)
    report.wall_s = time.perf_counter() - start
    return report


def _embed_new_books(library: Library, config: Config, report: IndexReport, tally: _Tally) -> None:
    """Give new books their learned vectors; without a model the library is whole but for them."""
    try:
        report.embedded = embed_after_index(library, tally.embedding, config, tally.note)
    except ModelError as error:
        report.not_embedded = str(error)
        return
    if report.embedded is not None:
        report.was_interrupted = report.embedded.was_interrupted


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

    def embedding(self, progress: EmbedProgress) -> None:
        """Say how far the embedding of new books is."""
        self._tell(None, None, progress)

    def note(self, line: str) -> None:
        """Say what a person should read."""
        self._tell(None, None, None, line)

    def _tell(
        self,
        finished: BookResult | None,
        running: BookProgress | None,
        embedding: EmbedProgress | None = None,
        note: str | None = None,
    ) -> None:
        fraction = (self._bytes_done + sum(self._bytes_running.values())) / self._total
        done = (self._n_files, self._n_files_done, self._n_pages_done, fraction)
        self._on_progress(ShelfProgress(*done, finished, running, embedding, note))


def shelf_books(paths: Sequence[Path]) -> list[Path]:
    """Return the comic files below some paths, named alike from wherever the command is run.

    A library may lie on the shelf: its own stores are no comics.
    """
    books = [Path(os.path.normpath(found.absolute())) for found in find_books(paths)]
    return [book for book in books if not book.name.endswith(_STORE_SUFFIX)]


def _todo(
    found: Sequence[Path],
    known: Mapping[str, KnownFile],
    library: Library,
    config: Config,
    report: IndexReport,
    *,
    refresh: bool,
) -> list[tuple[Path, FileStamp]]:
    """List the files to do, largest first so that no long book is left alone at the end."""
    todo: list[tuple[Path, FileStamp]] = []
    corrected = frozenset(corrected_books(library.root))
    is_back = False
    for path in found:
        before = known.get(stored_name(path))
        try:
            now = stamp(path)
        except IngestError as error:
            failed = _failed(path, "ingest", str(error))
            report.outcomes.append(failed)
            if before is None or before.book_id is None:
                library.record_failure(stored_name(path), _NO_STAMP, failed.problems)
            continue
        try:
            is_stale = before is not None and (
                (refresh and _is_stale(before, config))
                or _lacks_corrections(before, library, corrected)
            )
        except LibraryError as error:  # what is there stays as it is until a person has looked
            report.outcomes.append(_failed(path, "corrections", str(error)))
            continue
        if before is None or before.stamp != now or is_stale:
            todo.append((path, now))
            continue
        is_back = is_back or before.is_missing
        report.n_unchanged += 1
        report.n_known_bad += before.book_id is None
        report.n_outdated += before.book_id is not None and _settings_of(before) != config.recipe()
    if is_back:
        library.sync()
    return sorted(todo, key=lambda item: -item[1].size_bytes)


def _forget_mended(
    paths: Sequence[Path], found: Sequence[Path], known: Mapping[str, KnownFile], library: Library
) -> None:
    """Forget failures below the paths that are no books now: deleted, or a folder now readable."""
    names = {stored_name(path) for path in found}
    roots = [os.path.normpath(path.absolute()) for path in paths]
    for name, file in known.items():
        is_below = any(Path(name).is_relative_to(root) for root in roots)
        if file.book_id is None and is_below and name not in names:
            library.forget_file(name)


def _homes(known: Mapping[str, KnownFile]) -> dict[str, list[str]]:
    """Return the paths that each book is known by."""
    homes: dict[str, list[str]] = defaultdict(list)
    for name, file in known.items():
        if file.book_id is not None:
            homes[file.book_id].append(name)
    return homes


def _forget_old_homes(result: BookResult, homes: dict[str, list[str]], library: Library) -> None:
    """Forget where a moved or renamed book lay, so that its pictures are looked for where it is."""
    if result.book_id is None:
        return
    for name in homes.get(result.book_id, ()):
        if not os.path.lexists(name):
            library.forget_file(name)


def _is_stale(known: KnownFile, config: Config) -> bool:
    is_turned = config.ingest.direction is not None
    return known.book_id is None or _settings_of(known) != config.recipe() or is_turned


def _settings_of(known: KnownFile) -> str:
    return split_recipe(known.recipe or "")[0]


def _lacks_corrections(known: KnownFile, library: Library, corrected: frozenset[str]) -> bool:
    """Whether the book was made without, or with other corrections than there are now.

    Raises:
        LibraryError: Its corrections cannot be read.
    """
    if known.book_id is None or (known.book_id not in corrected and "+" not in str(known.recipe)):
        return False
    wanted = book_corrections(library.corrections(known.book_id))
    return split_recipe(known.recipe or "")[1:] != (wanted.deep_mark, wanted.light_mark)


def _checked(path: Path) -> Path:
    if not path.exists():
        raise IngestError(f"{path}: there is no such file or folder; check the path")
    return path


def _run(
    jobs: Sequence[BookJob],
    config: Config,
    tally: _Tally,
    known: Mapping[str, KnownFile],
    in_process: bool,
) -> Generator[BookResult, None, None]:
    if not jobs:
        return
    if in_process:
        yield from run_here(jobs, config, tally.running)
        return
    if config.cluster.scheduler:
        files = ((job.path, known.get(stored_name(job.path))) for job in jobs)
        homes = {path: file.book_id for path, file in files if file and file.book_id}
        yield from run_on_cluster(jobs, config, tally.running, tally.note, homes)
        return
    n_workers = config.index.n_workers or usual_workers()
    yield from run_in_processes(jobs, config, tally.running, min(n_workers, len(jobs)))


def _keep(result: BookResult, now: FileStamp, library: Library) -> BookResult:
    """Write a result down; a book whose store turns out damaged has failed and is made again."""
    if result.book_id is None:
        # What only lacks a program or its corrections is looked at again by the next run.
        kept = _NO_STAMP if result.is_retried else now
        library.record_failure(stored_name(result.path), kept, result.problems)
        return result
    try:
        library.merge_book(result.book_id, str(result.path), now)
    except LibraryError as error:
        if store_path(library.root, result.book_id).is_file():
            raise  # not this book's store, but the library as a whole
        reason = f"{error}; the same command makes it again"
        failed = _failed(result.path, "library", reason)
        library.record_failure(stored_name(result.path), _NO_STAMP, failed.problems)
        return failed
    return result


def _failed(path: Path, stage: str, reason: str) -> BookResult:
    return failed_book(path, Problem(stored_name(path), None, stage, reason))


def stored_name(path: Path) -> str:
    """Return the path as the catalog keeps it; a name that is no text is kept as it is shown.

    Such a file cannot be opened as a book anyway (ingest says to rename it), but its problem is
    remembered.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return printable(str(path))
    return str(path)
