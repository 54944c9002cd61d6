"""What every job of the study does: look at pages that nobody looked at, and say how far it is."""

from __future__ import annotations

from longbox.analysis.units import Tell
from longbox.library import Library
from longbox.pipeline import measure_looks
from longbox.web.jobs import JobRun


def look_at_pages(run: JobRun, library: Library) -> None:
    """Look at the pages of books that were indexed before looks were measured."""
    if not library.books_without_looks():
        return
    problems = measure_looks(
        library,
        run.config,
        lambda done, total: run.tell(None, f"looking at pages of {done:,} of {total:,} books"),
    )
    for problem in problems:
        run.problem(problem.reason)


def heard_by(run: JobRun) -> Tell:
    """Return what a study tells its steps to: the job's line."""

    def tell(what: str, done: int, total: int) -> None:
        of = f" {done:,} of {total:,}" if total > 1 else ""
        run.tell(None, f"{what}{of}")

    return tell
