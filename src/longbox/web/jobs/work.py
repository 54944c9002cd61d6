"""What the jobs of the page do: the runs of the pipeline, told to a `JobRun`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from longbox.book import Problem
from longbox.library import Library
from longbox.pipeline import (
    EmbedReport,
    IndexReport,
    ShelfProgress,
    embed_library,
    index_shelf,
    library_model,
    sync_library,
)
from longbox.web.jobs.child import JobRun, JobStoppedError, Outcome
from longbox.web.jobs.kinds import BooksArguments, EmbedArguments, IndexArguments, SyncArguments
from longbox.wording import plural

_READING_SHARE: Final = 0.95
_KEPT: Final = "stopped; what is done is kept, and the same job goes on from here"


def index(run: JobRun) -> Outcome:
    """Read comic files and folders into the library."""
    asked, tell = msgspec.convert(dict(run.arguments), IndexArguments), _ShelfTeller(run)
    with run.open_library() as library:
        report = index_shelf(
            [Path(path) for path in asked.paths],
            library,
            run.config,
            tell,
            refresh=asked.refresh,
        )
    return _indexed(report, tell)


def refresh(run: JobRun) -> Outcome:
    """Read known files again that failed, changed, or were made with other settings."""
    tell = _ShelfTeller(run)
    with run.open_library() as library:
        there = [Path(path) for path in sorted(library.known_files()) if Path(path).exists()]
        report = index_shelf(there, library, run.config, tell, refresh=True)
    return _indexed(report, tell)


def apply_corrections(run: JobRun) -> Outcome:
    """Make books anew with what people put right.

    A book of which no file is there keeps its corrections: they are taken over when it is back.
    """
    asked, tell = msgspec.convert(dict(run.arguments), BooksArguments), _ShelfTeller(run)
    with run.open_library() as library:
        files = _files(library, asked.book_ids)
        for book_id in asked.book_ids:
            if book_id not in files:
                run.problem(
                    f"{book_id}: its file is not there; the corrections are kept and taken over "
                    "when it is back"
                )
        # One book needs no pool: this process is there for nothing else, and a pool takes seconds.
        report = index_shelf(
            sorted(files.values()),
            library,
            run.config,
            tell,
            in_process=len(files) == 1,
        )
    return _indexed(report, tell)


def embed(run: JobRun) -> Outcome:
    """Give every book the vectors of the trained model."""
    asked = msgspec.convert(dict(run.arguments), EmbedArguments)
    with run.open_library() as library:
        run.tell(None, "loading the model")
        report = embed_library(
            library,
            library_model(library.root),
            lambda p: run.tell(
                p.n_books_done / max(1, p.n_books),
                f"{p.n_books_done:,} of {p.n_books:,} books, {p.n_panels_done:,} panels",
            ),
            refresh=asked.refresh,
        )
    return _embedded(run, report)


def sync(run: JobRun) -> Outcome:
    """Notice files that were moved, deleted or put back."""
    asked = msgspec.convert(dict(run.arguments), SyncArguments)
    run.tell(None, "looking for files")
    with run.open_library() as library:
        found = sync_library(library, run.config, [Path(path) for path in asked.paths])
        n_missing = len(library.missing_files())
    said = [
        f"{len(group):,} {word}"
        for group, word in (
            (found.moved, "moved"),
            (found.missing, "gone"),
            (found.returned, "back"),
        )
        if group
    ]
    if found.n_new:
        said.append(f"{plural(found.n_new, 'new file')} to read")
    if n_missing:
        said.append(f"{plural(n_missing, 'file')} missing")
    return Outcome(", ".join(said) or "every file is where it was")


def _files(library: Library, book_ids: tuple[str, ...]) -> dict[str, Path]:
    """Return a file of each book that has one on the disk, the alphabetically first."""
    wanted = set(book_ids)
    there = {
        known.book_id: Path(path)
        for path, known in sorted(library.known_files().items(), reverse=True)
        if known.book_id in wanted and Path(path).exists()
    }
    return {str(book_id): path for book_id, path in there.items()}


class _ShelfTeller:
    """Turns a shelf's progress into the job's, and its problems, each once."""

    def __init__(self, run: JobRun) -> None:
        self._run = run
        # Reading takes nearly all of a run; the books' learned vectors come at its end.
        self._share = _READING_SHARE if run.config.models.embed else 1.0
        self._told: set[Problem] = set()

    def __call__(self, progress: ShelfProgress) -> None:
        """Tell one message."""
        if progress.finished is not None:
            self.tell_problems(progress.finished.problems)
        line = f"{progress.n_files_done:,} of {progress.n_files:,} files"
        if (embedding := progress.embedding) is not None:
            part = embedding.n_books_done / max(1, embedding.n_books)
            line += f"; understood {embedding.n_books_done:,} of {embedding.n_books:,} books"
            self._run.tell(self._share + (1 - self._share) * part, line)
            return
        running = progress.running
        if running is not None and running.n_pages:
            page = min(running.n_pages_done + 1, running.n_pages)
            line += f"; page {page:,} of {running.n_pages:,} of {running.path.name}"
        self._run.tell(self._share * progress.fraction_done, line)

    def tell_problems(self, problems: Iterable[Problem]) -> None:
        """Tell what has not been told."""
        for problem in problems:
            if problem not in self._told:
                self._told.add(problem)
                self._run.problem(problem.reason)


def _indexed(report: IndexReport, tell: _ShelfTeller) -> Outcome:
    tell.tell_problems(report.problems)
    if report.was_interrupted:
        raise JobStoppedError(_KEPT)
    n_made = sum(o.book_id is not None and not o.is_reused for o in report.outcomes)
    said = []
    if report.n_books:
        said.append(f"{plural(report.n_books, 'book')} read ({n_made:,} of them understood anew)")
    if report.n_failed:
        said.append(f"{plural(report.n_failed, 'file')} could not be read")
    if report.n_unchanged:
        said.append(f"{plural(report.n_unchanged, 'file')} unchanged")
    if report.not_embedded is not None:
        said.append(f"no fused and contextual vectors: {report.not_embedded}")
    return Outcome("; ".join(said) or "no comic files found there")


def _embedded(run: JobRun, report: EmbedReport) -> Outcome:
    for problem in report.problems:
        run.problem(problem.reason)
    if report.was_interrupted:
        raise JobStoppedError(_KEPT)
    line = f"{plural(report.n_books, 'book')}, {plural(report.n_panels, 'panel')} embedded"
    if report.n_unchanged:
        line += f"; {plural(report.n_unchanged, 'book')} up to date"
    if not report.is_answering:
        line += "; searches do not use this model yet, some books lack its vectors"
    return Outcome(line)
