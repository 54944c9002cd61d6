"""Faults put into a child process: killed, or refused by the disk, at the n-th call of its kind.

The interpreter's own profile hook sees every call of a Python function of the library room and
every call of a built-in one (write, fsync, rename, execute ...), whoever makes it. An exception
raised there comes out of the call as if the call itself had failed; a kill there is a kill -9
between two operations. The same hook counts the calls of an undisturbed run first, so that faults
are spread over all of it.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import pickle
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

from longbox.errors import LongboxError

TIMEOUT_S: Final = 60.0
_WRITES: Final = frozenset(
    "write writelines flush fsync replace rename mkdir link open tofile execute executemany".split()
)
_READS: Final = frozenset("read readall readinto open fromfile".split())
_FILES: Final = ("/longbox/library/", "/zipfile.py", "/pathlib.py", "/numpy/", "/json/")


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls a child.

    Attributes:
        kind: "none", "kill", "full", "write error", "read error", "file size", "pages".
        at: The n-th call from 1; of "file size" the bytes, of "pages" the pages to spare.
    """

    kind: str = "none"
    at: int = 0


NO_FAULT: Final = Fault()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended.

    Attributes:
        how: "ok", "error" (one of ours), "crash" (any other exception), "killed", "hung".
        message: What a person would read.
        value: What the work returned.
        n_calls: Calls of the kind that were counted.
    """

    how: str
    message: str = ""
    value: Any = None
    n_calls: int = 0


def in_child(work: Callable[[], Any], fault: Fault = NO_FAULT, count: str = "") -> Outcome:
    """Do work in a forked process, with a fault; `count` counts the calls of a kind instead."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _run_child(work, fault, count, writing)
    os.close(writing)
    data, deadline = b"", time.monotonic() + TIMEOUT_S
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(reading, 1 << 16) if ready else None
        if not piece:
            break
        data += piece
    os.close(reading)
    if piece is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if piece is None:
        return Outcome("hung", f"no end after {TIMEOUT_S:.0f} s")
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return Outcome("killed" if name == "SIGKILL" else "crash", f"ended by {name}")
    outcome: Outcome = pickle.loads(data)
    return outcome


def _run_child(work: Callable[[], Any], fault: Fault, count: str, writing: int) -> None:
    outcome = Outcome("crash", "nothing was returned")
    hook = _Hook(Fault(count, -1) if count else fault)
    try:
        with hook.installed():
            value = work()
        outcome = Outcome("ok", value=value, n_calls=hook.n_calls)
    except LongboxError as error:
        outcome = Outcome("error", str(error))
    except OSError as error:  # what the command line makes of it
        where = f"{error.filename}: " if error.filename else ""
        advice = "check the path, its permissions and space"
        outcome = Outcome("error", f"{where}{error.strerror or error}; {advice}")
    except BaseException:  # noqa: BLE001 - whatever it is, the parent is told
        outcome = Outcome("crash", traceback.format_exc())
    finally:
        sys.setprofile(None)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(pickle.dumps(outcome))
        os._exit(0)


class _Hook:
    """The profile hook of one child."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self.n_calls = 0

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Let the fault come while the block runs."""
        kind = self._fault.kind
        if kind == "file size":
            resource.setrlimit(resource.RLIMIT_FSIZE, (self._fault.at, resource.RLIM_INFINITY))
        elif kind == "pages":
            _spare_pages(self._fault.at)
        elif kind != "none":
            sys.setprofile(self._called)
        try:
            yield
        finally:
            sys.setprofile(None)

    def _called(self, frame: FrameType, event: str, argument: Any) -> None:
        if not self._is_counted(frame, event, argument):
            return
        self.n_calls += 1
        if self.n_calls != self._fault.at:
            return
        if self._fault.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        number = errno.ENOSPC if self._fault.kind == "full" else errno.EIO
        raise OSError(number, os.strerror(number))

    def _is_counted(self, frame: FrameType, event: str, argument: Any) -> bool:
        name = frame.f_code.co_filename
        if not any(part in name for part in _FILES):
            return False
        if event == "call":
            return self._fault.kind == "kill" and "/longbox/library/" in name
        if event != "c_call":
            return False
        called = getattr(argument, "__name__", "")
        if isinstance(getattr(argument, "__self__", None), io.BytesIO):
            return False  # memory is no disk
        if self._fault.kind == "read error":
            return called in _READS
        if self._fault.kind == "kill":
            return called in _WRITES
        return called in _WRITES and not called.startswith("execute")


def _spare_pages(n_pages: int) -> None:
    """Let the catalog grow by so many pages only, from now on."""
    from longbox.library.catalog import Catalog

    connect = Catalog._connect

    def limited(self: Catalog) -> Any:
        connection = connect(self)
        (n,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {n + n_pages}")
        return connection

    Catalog._connect = limited  # type: ignore[method-assign]


@contextlib.contextmanager
def small_disk(place: Path, size_bytes: int) -> Iterator[bool]:
    """Mount a small file system of memory at a folder; say whether that is allowed here."""
    import subprocess

    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(place)]
    try:
        is_there = not subprocess.run(command, capture_output=True, check=False).returncode
    except OSError:
        is_there = False
    try:
        yield is_there
    finally:
        if is_there:
            subprocess.run(["umount", str(place)], capture_output=True, check=False)
