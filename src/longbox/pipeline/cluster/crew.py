"""On a worker's machine: the protected processes that read books, and the room they work in.

A dask worker runs tasks in threads. A comic file must never be opened in that process: a crash in a
native decoder would end it, and with it every other book that it holds. So each worker keeps, from
its first task on, a pool of processes as a run on one machine has; a task hands its book to the
pool and watches. The crew ends with its run, or when nothing came for ten minutes (the run was
killed), or when its worker does.
"""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Final

from longbox.errors import ClusterError
from longbox.library import Parcel, unpack_book
from longbox.pipeline.cluster.messages import Packed, Setup
from longbox.pipeline.cluster.storage import Storage
from longbox.pipeline.jobs import BookJob, BookResult
from longbox.pipeline.workers import POLL_S, BookPool, ctrl_c_kept_out, outcome_of

_IDLE_S: Final = 600.0
_ROWS: Final = 4096
_TELL_EVERY_S: Final = 1.0
TellPages = Callable[[int, int], None]


class LostParcelError(ClusterError):
    """What the library holds of a book did not arrive; the worker is not to blame."""


@dataclass(frozen=True, slots=True)
class Room:
    """Where a task works.

    Attributes:
        root: The library, or a folder that stands for it.
        parcel: What is in such a folder; None in the library itself.
    """

    root: Path
    parcel: Parcel | None


class Crew:
    """What one worker keeps for one run."""

    def __init__(self, setup: Setup, n_processes: int, folder: str) -> None:
        """Make room; no process is started yet.

        Args:
            setup: Of the run.
            n_processes: Books that this worker reads at once.
            folder: Where it may work: dask's own, which is cleaned up also after a killed worker.

        Raises:
            ClusterError: The library's folder is not the run's, or results cannot be written.
        """
        self.setup = setup
        self._n_processes = n_processes
        self._lock = threading.Lock()
        self._numbers = count()
        self._pool: BookPool | None = None
        self._n_busy = 0
        self._is_closed = False
        self._timer: threading.Timer | None = None
        self.kept: dict[str, Any] = {}
        self.results = Storage(setup.results) if setup.results else None
        if self.results is not None:
            self.results.try_out()
        elif setup.mark is not None:
            _require_same_folder(setup.root, setup.mark)
        self.scratch = Path(tempfile.mkdtemp(prefix=f"longbox-{setup.run}-", dir=folder))
        self._known = self.scratch / "known"
        self._known.write_bytes(setup.known)

    @property
    def known(self) -> Path:
        """File with the ids of the books that the library proper knows."""
        return self._known

    def models_root(self) -> Path:
        """Return the folder whose models embed: the library, or one with its own models in it.

        Raises:
            ClusterError: They cannot be fetched.
        """
        packed = self.setup.models
        if self.results is None or packed is None:
            return self.setup.root if self.results is None else self.scratch
        files = unpacked("", self.results.get(packed.place, packed.sha256)).files
        for name, data in files.items():
            path = self.scratch / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return self.scratch

    @contextmanager
    def room(self, packed: Packed | None) -> Iterator[Room]:
        """Give a task the library, or a folder of its own that stands for it.

        Raises:
            LostParcelError: Its parcel cannot be fetched.
            LibraryError: The disk refuses.
        """
        if self.results is None:
            yield Room(self.setup.root, None)
            return
        root = Path(tempfile.mkdtemp(dir=self.scratch))
        try:
            parcel = Parcel("", {})
            if packed is not None:
                try:
                    data = self.results.get(packed.place, packed.sha256)
                except ClusterError as error:
                    raise LostParcelError(str(error)) from error
                parcel = unpacked(packed.book_id, data)
                unpack_book(root, parcel)
            yield Room(root, parcel)
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def read(self, job: BookJob, tell: TellPages) -> BookResult:
        """Let a process of the pool do a book.

        Raises:
            ClusterError: The run ended meanwhile.
            LongboxError: It failed for a reason that is not this book's.
        """
        with self.busy():
            with self._lock, ctrl_c_kept_out():
                pool = self._started()
                job = replace(job, number=next(self._numbers) % _ROWS)
                future = pool.schedule(job)
            told = 0.0
            while not future.done():
                if self._is_closed:
                    future.cancel()
                    raise ClusterError("the run has ended")
                time.sleep(POLL_S)
                state = pool.watch.look(job.number)
                if state is None:
                    continue
                if pool.watch.is_stuck(job.number):
                    future.cancel()
                if time.monotonic() - told > _TELL_EVERY_S:
                    told = time.monotonic()
                    tell(*state)
            return outcome_of(job, future, pool.watch)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Keep what is loaded while a task runs, and for a while after."""
        with self._lock:
            self._n_busy += 1
            if self._timer is not None:
                self._timer.cancel()
        try:
            yield
        finally:
            with self._lock:
                self._n_busy -= 1
                if not self._n_busy and not self._is_closed:
                    self._timer = threading.Timer(_IDLE_S, self._rest)
                    self._timer.daemon = True
                    self._timer.start()

    def close(self) -> None:
        """End the processes and everything that they left."""
        self._is_closed = True
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
        self._rest()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _rest(self) -> None:
        with self._lock:
            if self._n_busy and not self._is_closed:
                return  # a task came while the timer waited for the lock
            pool, self._pool = self._pool, None
            self.kept.clear()
        if pool is not None:
            pool.close()

    def _started(self) -> BookPool:
        if self._is_closed:
            raise ClusterError("the run has ended")  # nobody would close what starts now
        if self._pool is None:
            # A worker's nanny makes it a daemon, and daemons may have no processes of their own.
            # These end with it all the same: they watch their parent.
            multiprocessing.current_process().daemon = False
            self._pool = BookPool(self.setup.config, self._n_processes, _ROWS)
        return self._pool


def packed_bytes(parcel: Parcel) -> bytes:
    """Return a parcel as one object."""
    import msgspec

    return msgspec.msgpack.encode(parcel.files)


def unpacked(book_id: str, data: bytes) -> Parcel:
    """Return the parcel that an object holds."""
    import msgspec

    return Parcel(book_id, msgspec.msgpack.decode(data, type=dict[str, bytes]))


def _require_same_folder(root: Path, mark: tuple[str, bytes]) -> None:
    name, contents = mark
    try:
        is_same = (root / name).read_bytes() == contents
    except OSError:
        is_same = False
    if not is_same:
        raise ClusterError(
            f"it does not see the library at {root}; mount that folder there, or give the command "
            "--results with a storage that all machines reach"
        )
