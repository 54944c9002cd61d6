"""What the board itself keeps of a job, beside what it shows."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Final

from longbox.web.jobs.kinds import Kind
from longbox.web.jobs.process import JobProcess
from longbox.web.jobs.records import Job

# Models load first, so an early guess would be far too long.
_JUDGED_AFTER_S: Final = 5.0
_JUDGED_FROM: Final = 0.02


@dataclass(slots=True)
class Entry:
    """A job on the board; changed only while the board's condition is held.

    Attributes:
        job: As it is shown.
        ready_at: Time of `time.monotonic` before which it does not start.
        process: While it runs.
        is_stopping: Somebody asked for its end.
    """

    job: Job
    kind: Kind
    arguments: Any
    asked_at: float = field(default_factory=time.monotonic)
    ready_at: float = 0.0
    process: JobProcess | None = None
    is_stopping: bool = False
    _began_at: float = 0.0

    def __post_init__(self) -> None:
        self.settle()

    def settle(self) -> None:
        """Wait for more of its kind, from now on, but not for ever."""
        latest = self.asked_at + self.kind.settle_at_most_s
        self.ready_at = min(time.monotonic() + self.kind.settle_s, latest)

    def began(self) -> None:
        """Note that it runs."""
        self._began_at = time.monotonic()

    def seconds_left(self, fraction: float | None) -> float | None:
        """Return how long it will take from what it took; None where that is a mere guess."""
        elapsed = time.monotonic() - self._began_at
        if fraction is None or not _JUDGED_FROM < fraction < 1 or elapsed < _JUDGED_AFTER_S:
            return None
        return elapsed / fraction * (1 - fraction)
