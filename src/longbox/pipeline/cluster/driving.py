"""Tasks handed to workers that come, go, refuse and die, until each has an answer.

A few tasks for every worker are on their way at a time, so that 40,000 books cost the scheduler
nothing and a worker that joins late has something to do. dask gives the tasks of a worker that died
to others; a task that ran on more dying workers than the scheduler allows (`allowed-failures`, 3)
is lost, and so is one that had to be sent anew too often. dask also counts the deaths of workers
that a task only waited at: so workers say when they start one, and a task that did not run that
often is sent anew. A worker that cannot take a task is asked
no more for that task, and one that can take none, for none.
"""

from __future__ import annotations

import queue
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from longbox.errors import ClusterError, LongboxError
from longbox.pipeline.cluster.connection import Crowd, waited
from longbox.pipeline.cluster.messages import Answer, Lost, Refusal, Wrapped
from longbox.pipeline.cluster.there import STARTED, TOPIC

_LOOK_EVERY_S: Final = 2.0
_POLL_S: Final = 0.2
_AHEAD: Final = 2  # tasks on their way for each that runs
_MOST_SENDS: Final = 8
_BLIND_TIMES: Final = 3
_REMIND_S: Final = 60.0
_N_FETCHING: Final = 4
T = TypeVar("T")


@dataclass(slots=True)
class _Sent(Generic[T]):
    """A task on its way: where it may go is None for anywhere."""

    number: int
    item: T
    future: Any = None
    allowed: frozenset[str] | None = None
    n_sends: int = 0
    n_starts: int = 0
    blind: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trip(Generic[T]):
    """What a run does with its tasks.

    Attributes:
        function: Runs on a worker, takes what `wrap` made and the setup.
        wrap: Makes a task ready to go; called when it is sent.
        setup: Goes to each worker once.
        bring_home: Called in a thread with an answer before it is given out; raises what keeps
            its stores from the library.
        progress: Called with a task and what its worker said of it.
        patience_s: How long to wait for a first worker.
    """

    run: str
    function: Callable[..., Answer]
    wrap: Callable[[int, T], Wrapped]
    setup: Wrapped
    bring_home: Callable[[Answer], None]
    progress: Callable[[T, list[int]], None]
    patience_s: float


class Drive(Generic[T]):
    """One run over tasks."""

    def __init__(self, crowd: Crowd, trip: Trip[T]) -> None:
        self._crowd, self._trip = crowd, trip
        self._client = crowd.client
        self._events: queue.SimpleQueue[tuple[str, int, Any]] = queue.SimpleQueue()
        self._active: dict[int, _Sent[T]] = {}
        self._todo: deque[_Sent[T]] = deque()
        self._n_numbers = 0
        self._blind: Counter[str] = Counter()
        self._able: set[str] = set()
        self._looked = -_LOOK_EVERY_S
        self._alone_since: float | None = None
        self._reminded = 0.0

    def again(self, item: T) -> None:
        """Put a task before all that wait: more is known of it now."""
        self._todo.appendleft(self._numbered(item))

    def run(self, items: Iterable[T]) -> Generator[tuple[T, Answer | Lost], None, None]:
        """Yield every task with its answer, in any order.

        Raises:
            ClusterError: The scheduler is gone, or no worker is of use.
        """
        self._todo.extend(self._numbered(item) for item in items)
        topic = TOPIC.format(run=self._trip.run)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")  # samples and their vectors
            setup = self._client.submit(_same, self._trip.setup, key=f"{topic}-setup")
        self._client.subscribe_topic(topic, self._heard)
        fetching = ThreadPoolExecutor(_N_FETCHING, thread_name_prefix="longbox-fetch")
        try:
            while self._todo or self._active:
                self._look()
                while self._todo and len(self._active) < self._window():
                    self._send(self._todo.popleft(), setup)
                done = self._next(fetching)
                if done is not None:
                    yield done
        finally:
            self._end(setup, topic)
            fetching.shutdown(wait=True, cancel_futures=True)

    def _numbered(self, item: T) -> _Sent[T]:
        self._n_numbers += 1
        return _Sent(self._n_numbers, item)

    def _window(self) -> int:
        return _AHEAD * max(2, sum(self._crowd.slots.values())) + 1

    def _heard(self, event: tuple[float, Any]) -> None:
        number, *said = event[1]
        self._events.put(("progress", int(number), said))

    def _look(self) -> None:
        if waited(self._looked) < _LOOK_EVERY_S:
            return
        self._looked = time.monotonic()
        self._crowd.look()
        self._crowd.require_some()
        self._wait_for_one()
        for sent in list(self._active.values()):
            is_stranded = sent.allowed is not None and not sent.allowed & set(self._crowd.slots)
            if is_stranded and sent.future is not None:
                self._take_back(sent)

    def _wait_for_one(self) -> None:
        if self._crowd.slots:
            self._alone_since = None
            return
        if self._alone_since is None:
            self._alone_since = self._reminded = time.monotonic()
            self._crowd.tell(f"no worker at {self._crowd.address} yet; waiting for one")
        if waited(self._alone_since) > self._trip.patience_s:
            raise ClusterError(
                f"{self._crowd.address}: no worker for {self._trip.patience_s:.0f} s; start some "
                f"with `dask worker {self._crowd.address}`"
            )
        if waited(self._reminded) > _REMIND_S:
            self._reminded = time.monotonic()
            self._crowd.tell("still waiting for a worker")

    def _send(self, sent: _Sent[T], setup: Any) -> None:
        shunned = {*self._crowd.unfit, *sent.blind}
        sent.allowed = None
        if shunned:
            sent.allowed = frozenset(self._crowd.slots).difference(shunned)
        if sent.allowed is not None and not sent.allowed:
            self._active[sent.number] = sent
            reason = next(iter(sent.blind.values()), "no worker is left for it")
            self._events.put(("lost", sent.number, Lost(reason, is_retried=True)))
            return
        self._active[sent.number] = sent
        try:
            wrapped = self._trip.wrap(sent.number, sent.item)
        except LongboxError as error:
            self._events.put(("lost", sent.number, Lost(str(error), is_retried=True)))
            return
        sent.n_sends += 1
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")  # a scorer with its weights
            sent.future = self._client.submit(
                self._trip.function,
                wrapped,
                setup,
                key=f"{TOPIC.format(run=self._trip.run)}-{sent.number}-{sent.n_sends}",
                pure=False,
                workers=sorted(sent.allowed) if sent.allowed else None,
                resources=dict(self._crowd.needs) or None,
            )
        number, n_sends = sent.number, sent.n_sends
        sent.future.add_done_callback(lambda _: self._events.put(("done", number, n_sends)))

    def _take_back(self, sent: _Sent[T]) -> None:
        """Send a task anew, unless that was done too often."""
        future, sent.future = sent.future, None
        if future is not None:
            with suppress(CancelledError, OSError, TimeoutError):
                future.cancel()
        if sent.n_sends >= _MOST_SENDS:
            reason = f"{sent.n_sends} workers that had it went away or refused it"
            self._events.put(("lost", sent.number, Lost(reason, is_retried=True)))
            return
        del self._active[sent.number]
        self._todo.appendleft(sent)

    def _next(self, fetching: ThreadPoolExecutor) -> tuple[T, Answer | Lost] | None:
        try:
            kind, number, value = self._events.get(timeout=_POLL_S)
        except queue.Empty:
            return None
        sent = self._active.get(number)
        if sent is None:
            return None
        if kind == "progress":
            if value == STARTED:
                sent.n_starts += 1
            else:
                self._trip.progress(sent.item, value)
            return None
        if kind == "done":
            if sent.future is not None and value == sent.n_sends:
                self._settle(sent, fetching)
            return None
        del self._active[number]
        return sent.item, value  # lost, or an answer whose stores are home

    def _settle(self, sent: _Sent[T], fetching: ThreadPoolExecutor) -> None:
        """Look at a future that is done."""
        try:
            answer: Answer = sent.future.result()
        except CancelledError as error:
            if self._client.status != "running":
                raise self._crowd.gone() from error
            self._take_back(sent)
            return
        except LongboxError:
            raise
        except Exception as error:  # noqa: BLE001 - what a worker's machine can fail with: it died
            # over and over, it cannot import a task, its Longbox has a bug.
            self._failed(sent, error)
            return
        sent.future = None
        if answer.refusal is not None:
            self._refused(sent, answer)
            return
        self._able.add(answer.worker)
        fetching.submit(self._bring_home, sent.number, answer)

    def _bring_home(self, number: int, answer: Answer) -> None:
        try:
            self._trip.bring_home(answer)
        except LongboxError as error:
            self._events.put(("lost", number, Lost(str(error), is_retried=True)))
            return
        self._events.put(("home", number, answer))

    def _failed(self, sent: _Sent[T], error: Exception) -> None:
        from distributed import KilledWorker

        if isinstance(error, KilledWorker):
            if sent.n_starts <= error.allowed_failures:  # it waited behind another, mostly
                self._take_back(sent)
                return
            reason = (
                f"{error.allowed_failures + 1} workers died while they had it, the last at "
                f"{error.last_worker.address}; look there at memory and logs, --refresh tries again"
            )
            self._events.put(("lost", sent.number, Lost(reason, is_retried=False)))
            return
        if self._crowd.check_again():
            self._take_back(sent)
            return
        said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        reason = f"internal error {said}; please report it with the file"
        self._events.put(("lost", sent.number, Lost(reason, is_retried=False)))

    def _refused(self, sent: _Sent[T], answer: Answer) -> None:
        if answer.refusal is Refusal.BLIND:
            sent.blind[answer.worker] = answer.reason
            self._blind[answer.worker] += 1
            if answer.worker not in self._able and self._blind[answer.worker] >= _BLIND_TIMES:
                self._crowd.refuse(answer.worker, answer.reason)
        else:
            self._crowd.refuse(answer.worker, answer.reason)
        self._crowd.require_some()
        self._take_back(sent)

    def _end(self, setup: Any, topic: str) -> None:
        """Leave nothing on the cluster; what is not there any more needs no leaving."""
        from longbox.pipeline.cluster.there import close_there

        with suppress(OSError, TimeoutError, CancelledError, ValueError):
            futures = [s.future for s in self._active.values() if s.future is not None]
            self._client.cancel([*futures, setup], force=True)
            self._client.unsubscribe_topic(topic)
            # Asked of one that died, the scheduler would wait half a minute for it.
            alive = self._client.scheduler_info(n_workers=-1)["workers"]
            here = [a for a in alive if a not in self._crowd.unfit]
            if here:
                self._client.run(close_there, self._trip.run, workers=here, on_error="ignore")


def _same(setup: Wrapped) -> Wrapped:
    return setup
