"""A job as people and programs see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class JobState(StrEnum):
    """Where a job is in its life; the last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of long work, as it is at one moment.

    Attributes:
        job_id: 12 hex digits.
        kind: Name of its kind: index, apply_corrections, embed, sync, health ...
        what: What it does, one line.
        fraction: How much is done, 0 to 1; None where that is not known.
        now: What it does at this moment, one line; empty before it starts and after its end.
        outcome: How it ended, one line; empty before.
        problems: What could not be done, one line each; the first hundred.
        n_problems: How many there were.
        seconds_left: An estimate; None while there is too little to judge by.
        version: Grows with every change of any job.
    """

    job_id: str
    kind: str
    what: str
    state: JobState
    created_at: datetime
    version: int
    started_at: datetime | None = None
    ended_at: datetime | None = None
    fraction: float | None = None
    now: str = ""
    outcome: str = ""
    problems: tuple[str, ...] = ()
    n_problems: int = 0
    seconds_left: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state not in (JobState.QUEUED, JobState.RUNNING)
