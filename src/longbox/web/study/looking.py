"""What a study needs of the pages before it begins: how they look."""

from __future__ import annotations

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
