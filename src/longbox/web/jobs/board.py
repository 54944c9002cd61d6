"""The jobs of one server: what waits, what runs, what became of the last hundred.

One job runs at a time unless asked otherwise: two runs over a shelf would only fight for the same
cores. A job of the kind that runs waits, so that corrections are taken over in the order they came.
Everything here may be called from any thread; each job is heard by one thread of the board.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from longbox.config import Config
from longbox.errors import BusyError, QueryError
from longbox.web.jobs.entries import Entry
from longbox.web.jobs.kinds import STANDARD_KINDS, Kind, as_json
from longbox.web.jobs.messages import JobMessage, Order, Said
from longbox.web.jobs.process import JobProcess
from longbox.web.jobs.records import Job, JobState

logger = logging.getLogger(__name__)

_MOST_QUEUED: Final = 50
_MOST_KEPT: Final = 100
_STOP_WITHIN_S: Final = 60.0
_KILLED_WITHIN_S: Final = 5.0

Listener = Callable[[], None]


class JobBoard:
    """Long work in processes of its own, queued, heard and remembered."""

    def __init__(
        self,
        library: Path,
        config: Config,
        kinds: Sequence[Kind] = STANDARD_KINDS,
        *,
        n_at_once: int = 1,
        told: Callable[[str], str] = str,
    ) -> None:
        """Make a board; nothing starts before the first job is asked for.

        Args:
            library: The library's folder; each job opens it for itself.
            config: Settings for the jobs.
            kinds: What may be asked for; `register` adds to it.
            n_at_once: How many jobs may run at once.
            told: Makes a line of a job what people may read of it.
        """
        self._library, self._settings = library, config.to_toml()
        self._kinds = {kind.name: kind for kind in kinds}
        self._changed = threading.Condition()
        self._entries: dict[str, Entry] = {}  # oldest first
        self._results: dict[str, tuple[Job, Any]] = {}
        self._listeners: set[Listener] = set()
        self._version = 0
        self._is_closed = False
        self._n_at_once = n_at_once
        self._told = told
        self._threads: list[threading.Thread] = []

    # ---- what may be asked

    def register(self, kind: Kind) -> None:
        """Let jobs of one more kind be asked for.

        Raises:
            ValueError: There is a kind of this name.
        """
        if kind.name in self._kinds:
            raise ValueError(f"there is a kind of job named {kind.name!r} already")
        self._kinds[kind.name] = kind

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The kinds by name."""
        return dict(self._kinds)

    def submit(self, kind: str, arguments: Mapping[str, object] | None = None) -> Job:
        """Ask for a job.

        Returns:
            The job; one that waits already, where it asks the same or the two were made one.

        Raises:
            QueryError: There is no such kind, or the arguments make no sense.
            BusyError: Too many jobs wait, or the server is shutting down.
        """
        chosen = self._kinds.get(kind)
        if chosen is None:
            known = ", ".join(sorted(self._kinds))
            raise QueryError(f"there is no kind of job {kind[:40]!r}; known are {known}")
        asked = chosen.parse(arguments or {})
        with self._changed:
            if self._is_closed:
                raise BusyError("the server is shutting down; ask again when it is back")
            entry = self._merged(chosen, asked) or self._added(chosen, asked)
            self._start_threads()
            return entry.job

    def cancel(self, job_id: str) -> Job | None:
        """Stop a job, in order: a waiting one at once, a running one at its next safe place.

        Returns:
            The job as it is now; None where there is none of this id.
        """
        with self._changed:
            entry = self._entries.get(job_id)
            if entry is None:
                return None
            if entry.job.state is JobState.QUEUED:
                self._end(entry, JobState.STOPPED, "stopped before it began")
            elif entry.job.state is JobState.RUNNING and not entry.is_stopping:
                entry.is_stopping = True
                self._change(entry, now="stopping")
                if entry.process is not None:
                    threading.Thread(target=_stop, args=(entry,), daemon=True).start()
            return entry.job

    # ---- what is known

    def get(self, job_id: str) -> Job | None:
        """Return a job, or None where there is none of this id (any more)."""
        with self._changed:
            entry = self._entries.get(job_id)
            return None if entry is None else entry.job

    def jobs(self) -> tuple[Job, ...]:
        """Return all jobs that are remembered, newest first."""
        with self._changed:
            return tuple(entry.job for entry in reversed(self._entries.values()))

    def active(self) -> tuple[Job, ...]:
        """Return the jobs that run or wait, in the order in which they were asked for."""
        return tuple(job for job in reversed(self.jobs()) if not job.is_over)

    def result(self, kind: str) -> tuple[Job, Any] | None:
        """Return the last job of a kind that was done, and what it made for the server."""
        with self._changed:
            return self._results.get(kind)

    @property
    def version(self) -> int:
        """A number that grows with every change of any job."""
        with self._changed:
            return self._version

    def wait(self, version: int, timeout_s: float) -> int:
        """Wait until anything is newer than a version; return the version then."""
        with self._changed:
            self._changed.wait_for(lambda: self._version > version or self._is_closed, timeout_s)
            return self._version

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call a function on every change, from any thread; it must return at once.

        Returns:
            What ends it.
        """
        with self._changed:
            self._listeners.add(listener)

        def end() -> None:
            with self._changed:
                self._listeners.discard(listener)

        return end

    @property
    def is_closed(self) -> bool:
        """Whether the server is shutting down."""
        with self._changed:
            return self._is_closed

    def close(self, within_s: float = 20.0) -> None:
        """Stop everything: in order if that takes no longer than given, then by force."""
        with self._changed:
            self._is_closed = True
            for entry in list(self._entries.values()):
                if entry.job.state is JobState.QUEUED:
                    self._end(entry, JobState.STOPPED, "stopped: the server was shut down")
                entry.is_stopping = True
            self._tell()
        for process in self._running():
            process.ask_to_stop()
        deadline = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for process in self._running():
            process.kill()
        for thread in self._threads:
            thread.join(_KILLED_WITHIN_S)

    def _running(self) -> list[JobProcess]:
        with self._changed:
            return [e.process for e in self._entries.values() if e.process is not None]

    # ---- inside; the condition is held

    def _merged(self, kind: Kind, asked: Any) -> Entry | None:
        for entry in self._entries.values():
            if entry.kind is not kind or entry.job.state is not JobState.QUEUED:
                continue
            if kind.merge is not None:
                entry.arguments = kind.merge(entry.arguments, asked)
                entry.settle()
                self._change(entry, what=self._told(kind.what(entry.arguments)))
                return entry
            if entry.arguments == asked:
                return entry
        return None

    def _added(self, kind: Kind, asked: Any) -> Entry:
        n_waiting = sum(e.job.state is JobState.QUEUED for e in self._entries.values())
        if n_waiting >= _MOST_QUEUED:
            raise BusyError(f"{n_waiting} jobs wait already; stop some, or ask again later")
        job = Job(
            secrets.token_hex(6),
            kind.name,
            self._told(kind.what(asked)),
            JobState.QUEUED,
            datetime.now(UTC),
            0,
        )
        entry = Entry(job, kind, asked)
        self._entries[job.job_id] = entry
        self._forget_old()
        self._change(entry)
        return entry

    def _forget_old(self) -> None:
        over = [job_id for job_id, entry in self._entries.items() if entry.job.is_over]
        for job_id in over[: max(0, len(self._entries) - _MOST_KEPT)]:
            del self._entries[job_id]

    def _start_threads(self) -> None:
        if not self._threads:
            for number in range(self._n_at_once):
                thread = threading.Thread(target=self._work, name=f"job-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _change(self, entry: Entry, **changes: Any) -> None:
        self._version += 1
        entry.job = replace(entry.job, version=self._version, **changes)
        self._tell()

    def _tell(self) -> None:
        self._changed.notify_all()
        for listener in self._listeners:
            listener()

    def _end(self, entry: Entry, state: JobState, outcome: str) -> None:
        done = 1.0 if state is JobState.DONE else entry.job.fraction
        self._change(
            entry,
            state=state,
            ended_at=datetime.now(UTC),
            outcome=self._told(outcome),
            now="",
            fraction=done,
            seconds_left=None,
        )

    def _next(self) -> Entry | None:
        """Wait for a job that may run, and take it; None when the board is closed."""
        with self._changed:
            while not self._is_closed:
                running = {
                    e.kind.name for e in self._entries.values() if e.job.state is JobState.RUNNING
                }
                waiting = [
                    e
                    for e in self._entries.values()
                    if e.job.state is JobState.QUEUED and e.kind.name not in running
                ]
                now = time.monotonic()
                ready = next((e for e in waiting if e.ready_at <= now), None)
                if ready is not None:
                    ready.began()
                    self._change(
                        ready,
                        state=JobState.RUNNING,
                        started_at=datetime.now(UTC),
                        now="starting",
                    )
                    return ready
                soonest = min((e.ready_at for e in waiting), default=None)
                self._changed.wait(None if soonest is None else max(0.0, soonest - now))
        return None

    # ---- the threads that hear jobs

    def _work(self) -> None:
        while (entry := self._next()) is not None:
            self._do(entry)

    def _do(self, entry: Entry) -> None:
        order = Order(entry.kind.work, str(self._library), self._settings, as_json(entry.arguments))
        try:
            process = JobProcess(order)
        except (OSError, ValueError) as error:
            with self._changed:
                self._end(entry, JobState.FAILED, f"its process could not be started ({error})")
            return
        with self._changed:
            entry.process = process
        if entry.is_stopping:  # meanwhile
            process.ask_to_stop()
        end, garbled = self._hear(entry, process)
        crash = process.end()
        if end is None:
            logger.error("job %s: %s\n%s", entry.job.kind, garbled or crash, process.tail)
        with self._changed:
            entry.process = None
            self._close_entry(entry, end, garbled or crash)

    def _hear(self, entry: Entry, process: JobProcess) -> tuple[JobMessage | None, str]:
        """Take a job's messages; return its end, if it came to one, and what was no message."""
        try:
            for message in process.messages():
                if message.is_end:
                    return message, ""
                with self._changed:
                    self._take(entry, message)
        except ValueError as error:
            return None, f"its process said what is no message ({error})"
        return None, ""

    def _take(self, entry: Entry, message: JobMessage) -> None:
        if message.said is Said.PROBLEM:
            kept = entry.job.problems
            if len(kept) < _MOST_KEPT:
                kept = (*kept, self._told(message.line))
            self._change(entry, problems=kept, n_problems=entry.job.n_problems + 1)
            return
        now = "stopping" if entry.is_stopping else self._told(message.line)
        left = entry.seconds_left(message.fraction)
        self._change(entry, fraction=message.fraction, now=now, seconds_left=left)

    def _close_entry(self, entry: Entry, end: JobMessage | None, crash: str) -> None:
        if end is None:
            if entry.is_stopping:
                self._end(entry, JobState.STOPPED, "stopped by force; what was done before is kept")
                return
            reason = f"{crash}; what was done before is kept, start it again"
            self._end(entry, JobState.FAILED, reason)
            return
        state = {Said.DONE: JobState.DONE, Said.FAILED: JobState.FAILED}.get(
            end.said, JobState.STOPPED
        )
        self._end(entry, state, end.line or str(state))
        if end.said is Said.DONE and end.result is not None:
            self._results[entry.kind.name] = (entry.job, end.result)


def _stop(entry: Entry) -> None:
    """Ask a job to stop, and end it by force where it does not."""
    process = entry.process
    if process is None:
        return
    process.ask_to_stop()
    deadline = time.monotonic() + _STOP_WITHIN_S
    while entry.process is process and time.monotonic() < deadline:
        time.sleep(0.1)
    if entry.process is process:
        process.kill()
