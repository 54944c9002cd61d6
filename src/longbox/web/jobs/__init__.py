"""Long work that is started from the page: in a process of its own, queued, progress live.

`JobBoard` is the whole of it for the rest of the server: submit, look, wait, stop. Another slice
adds a kind of job with `board.register(Kind(...))`; its function takes a `JobRun` and returns an
`Outcome`.
"""

from longbox.web.jobs.board import JobBoard
from longbox.web.jobs.child import JobRun, JobStoppedError, Outcome
from longbox.web.jobs.kinds import STANDARD_KINDS, BooksArguments, Kind, Nothing, checked_folder
from longbox.web.jobs.records import Job, JobState

__all__ = [
    "STANDARD_KINDS",
    "BooksArguments",
    "Job",
    "JobBoard",
    "JobRun",
    "JobState",
    "JobStoppedError",
    "Kind",
    "Nothing",
    "Outcome",
    "checked_folder",
]
