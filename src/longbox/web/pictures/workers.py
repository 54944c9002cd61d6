"""The picture processes together: a bounded queue, each thing done once, each comic opened once.

A thread keeps each process: it starts it, hands it one job after the other, and starts another
when it is lost. A thread prefers jobs of comics that its own process has open, and leaves those of
other processes' comics to them while they have waited less than a moment; nobody waits longer
because of that than the moment.

Who asks for what is being made already waits for the same job. When everybody who waited has left,
a job that has not begun is dropped.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from types import TracebackType
from typing import Final, Self

from longbox.errors import BusyError, LongboxError
from longbox.ingest import IngestOptions
from longbox.web.pictures.options import PictureOptions
from longbox.web.pictures.process import Job, Made, PictureProcess

# About what opening an ordinary comic takes; leaving a job to the process that has its comic open
# for longer than this would gain nothing.
_PATIENCE_S: Final = 0.25
_REMEMBERED_FILES: Final = 4


class _Task:
    """A job, who waits for it, and its outcome."""

    def __init__(self, key: str, job: Job, keep: Callable[[Made], None] | None) -> None:
        self.key = key
        self.job = job
        self.keep = keep
        self.outcome: Future[Made] = Future()
        self.n_waiting = 0
        self.has_begun = False
        self.asked_at = time.monotonic()


class Ticket:
    """One asker's part in a job; use it as a context manager, so that leaving is noticed."""

    def __init__(self, pool: PicturePool, task: _Task) -> None:
        self._pool = pool
        self._task = task
        self._is_open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Wait no longer."""
        if self._is_open:
            self._is_open = False
            self._pool._leave(self._task)

    def when_done(self, tell: Callable[[], None]) -> None:
        """Let `tell` be called, from any thread, when there is a result or an error."""
        self._task.outcome.add_done_callback(lambda _: tell())

    def result(self, timeout_s: float | None = None) -> Made:
        """Wait for the picture.

        Raises:
            ComicError: It cannot be made.
            BusyError: It was not made in time.
        """
        try:
            return self._task.outcome.result(timeout_s)
        except FutureTimeoutError as error:
            raise BusyError("the picture is not ready yet; ask again in a moment") from error


class PicturePool:
    """A few picture processes; start them with the first job or with `warm_up`."""

    def __init__(self, ingest: IngestOptions, options: PictureOptions) -> None:
        self._ingest = ingest
        self._options = options
        self._state = threading.Condition()
        self._waiting: list[_Task] = []
        self._tasks: dict[str, _Task] = {}
        self._keepers: list[_Keeper] = []
        self._is_closed = False

    def warm_up(self) -> None:
        """Start the processes now, so that the first picture need not wait for it."""
        with self._state:
            self._start()

    def submit(self, key: str, job: Job, keep: Callable[[Made], None] | None = None) -> Ticket:
        """Ask for a job; what is asked for under the same key meanwhile is the same job.

        Args:
            key: Names the outcome.
            job: What to do.
            keep: Called with the outcome before anybody gets it.

        Raises:
            BusyError: Too many wait, or the server is closing.
        """
        with self._state:
            if self._is_closed:
                raise BusyError("the server is closing; ask again when it is back")
            self._start()
            task = self._tasks.get(key)
            if task is None:
                if len(self._waiting) >= self._options.max_waiting:
                    raise BusyError(
                        "too many pictures are asked for at once; ask again in a moment"
                    )
                task = self._tasks[key] = _Task(key, job, keep)
                self._waiting.append(task)
                self._state.notify_all()
            task.n_waiting += 1
        return Ticket(self, task)

    def pids(self) -> tuple[int, ...]:
        """Return the ids of the processes that run."""
        with self._state:
            return tuple(keeper.pid for keeper in self._keepers if keeper.pid)

    def n_waiting(self) -> int:
        """Return how many jobs have not begun."""
        with self._state:
            return len(self._waiting)

    def close(self) -> None:
        """End the processes; whoever waits gets BusyError."""
        with self._state:
            self._is_closed = True
            left, self._waiting = self._waiting, []
            keepers, self._keepers = self._keepers, []
            self._state.notify_all()
        for task in left:
            self._settle(task, BusyError("the server is closing; ask again when it is back"))
        for keeper in keepers:
            keeper.stop()

    def _start(self) -> None:
        if not self._keepers:
            n = self._options.usual_processes()
            self._keepers = [_Keeper(self, self._ingest, self._options) for _ in range(n)]
            for keeper in self._keepers:
                keeper.start()

    def _leave(self, task: _Task) -> None:
        with self._state:
            task.n_waiting -= 1
            if task.n_waiting or task.has_begun or task not in self._waiting:
                return
            self._waiting.remove(task)
            del self._tasks[task.key]
        task.outcome.cancel()

    def _next(self, keeper: _Keeper) -> _Task | None:
        """Wait for a task for this keeper; None when the pool is closed."""
        with self._state:
            while not self._is_closed:
                task, wait_s = self._choose(keeper)
                if task is not None:
                    self._waiting.remove(task)
                    task.has_begun = True
                    keeper.remember(task.job.file)
                    return task
                self._state.wait(wait_s)
        return None

    def _choose(self, keeper: _Keeper) -> tuple[_Task | None, float | None]:
        """Return the task to do next, or how long to leave what waits to the others."""
        elsewhere = {f for other in self._keepers if other is not keeper for f in other.files}
        now, wait_s = time.monotonic(), None
        for task in self._waiting:
            file, waited_s = task.job.file, now - task.asked_at
            if file in keeper.files or file not in elsewhere or waited_s >= _PATIENCE_S:
                return task, None
            if wait_s is None:
                wait_s = _PATIENCE_S - waited_s
        return None, wait_s

    def _settle(self, task: _Task, outcome: Made | LongboxError) -> None:
        if isinstance(outcome, Made) and task.keep is not None:
            task.keep(outcome)
        with self._state:
            if self._tasks.get(task.key) is task:
                del self._tasks[task.key]
        if isinstance(outcome, Made):
            task.outcome.set_result(outcome)
        else:
            task.outcome.set_exception(outcome)


class _Keeper(threading.Thread):
    """Keeps one process at work.

    Attributes:
        files: Comic files that its process has open; the pool's lock guards it.
    """

    def __init__(self, pool: PicturePool, ingest: IngestOptions, options: PictureOptions) -> None:
        super().__init__(name="longbox-pictures", daemon=True)
        self._pool = pool
        self._ingest = ingest
        self._options = options
        self._process: PictureProcess | None = None
        self.files: OrderedDict[str, None] = OrderedDict()

    @property
    def pid(self) -> int:
        """Id of its process, or 0."""
        process = self._process
        return process.pid if process is not None and process.is_alive else 0

    def remember(self, file: str) -> None:
        """Note that its process has a comic open from now on."""
        if file:
            self.files[file] = None
            self.files.move_to_end(file)
            while len(self.files) > _REMEMBERED_FILES:
                self.files.popitem(last=False)

    def run(self) -> None:
        """Do jobs until the pool is closed."""
        with contextlib.suppress(BusyError):  # then the first job says so
            self._ready()
        while (task := self._pool._next(self)) is not None:
            try:
                outcome: Made | LongboxError = self._ready().ask(task.job)
            except LongboxError as error:
                outcome = error
            self._pool._settle(task, outcome)
        self._end()

    def stop(self) -> None:
        """End the process and wait for the thread; a job that runs is lost."""
        process = self._process
        if process is not None:
            process.kill()
        self.join()

    def _ready(self) -> PictureProcess:
        if self._process is None or not self._process.is_alive:
            self._end()
            self.files = OrderedDict(list(self.files.items())[-1:])  # that of the job at hand
            self._process = PictureProcess(self._ingest, self._options)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None
