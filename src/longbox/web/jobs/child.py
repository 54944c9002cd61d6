"""The process of one job: it takes an order, does it, says how far it is, and goes.

Whatever a job leaks or loads goes with its process, and a crash in a native decoder or a full
memory costs the job, never the server. The process runs at a lower priority, so that pages stay
quick while a shelf is read.

It stops when its standard input closes. The main thread then gets what Ctrl-C would give it, a
KeyboardInterrupt, which every run of the pipeline ends on with a usable library; one that does not
end within two minutes is killed with all processes that it started. So a server that was killed
leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from longbox.config import Config, config_from
from longbox.errors import LongboxError, QueryError
from longbox.library import Library
from longbox.web.jobs.messages import (
    LONGEST_LINE_BYTES,
    JobMessage,
    Order,
    Said,
    decoded,
    encoded,
    shown,
)

_NICENESS: Final = 5
_PROGRESS_EVERY_S: Final = 0.2
_END_WITHIN_S: Final = 120.0
_EXIT_STOPPED: Final = 130


class JobStoppedError(LongboxError):
    """The work noticed that it was asked to stop, and ended in order."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended well.

    Attributes:
        line: What was done, for a person.
        result: JSON for the server to keep, or None.
    """

    line: str
    result: Any = None


class JobRun:
    """What the work of a job is given.

    Attributes:
        library_root: The library's folder.
        config: The server's settings.
        arguments: The job's, as JSON values.
    """

    def __init__(self, order: Order, send: Callable[[JobMessage], None]) -> None:
        self.library_root = Path(order.library)
        self.config: Config = config_from(msgspec.toml.decode(order.settings), "server settings")
        self.arguments: Mapping[str, Any] = order.arguments
        self._send = send
        self._last = 0.0

    def open_library(self) -> Library:
        """Open the library for writing."""
        return Library.create(self.library_root)

    def tell(self, fraction: float | None, line: str) -> None:
        """Say how far it is; more than five times a second is not passed on."""
        now = time.monotonic()
        if now - self._last >= _PROGRESS_EVERY_S:
            self._last = now
            self._send(JobMessage(Said.PROGRESS, shown(line), fraction))

    def problem(self, line: str) -> None:
        """Say what could not be done, and what to do about it."""
        self._send(JobMessage(Said.PROBLEM, shown(line)))


class Work(Protocol):
    """What an order names: it does the job, or raises a LongboxError or KeyboardInterrupt."""

    def __call__(self, run: JobRun) -> Outcome:
        """Do the job."""
        ...


def main() -> int:
    """Do the job that standard input orders; return the exit status."""
    answers = _take_stdout()
    order = decoded(_read_line(), Order)
    _prepare()

    def send(message: JobMessage) -> None:
        # A server that is gone does not listen; the closed standard input ends this process.
        with contextlib.suppress(BrokenPipeError):
            _write_all(answers, encoded(message))

    try:
        threading.Thread(target=_stop_with_server, daemon=True).start()
        outcome = _named(order.work)(JobRun(order, send))
        end, status = JobMessage(Said.DONE, shown(outcome.line), 1.0, outcome.result), 0
    except (KeyboardInterrupt, JobStoppedError) as stopped:
        end, status = JobMessage(Said.STOPPED, shown(str(stopped))), _EXIT_STOPPED
    except LongboxError as error:
        end, status = JobMessage(Said.FAILED, shown(str(error))), 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    send(end)
    return status


def _take_stdout() -> int:
    """Keep the way to the server for messages; what anybody prints goes to standard error."""
    answers = os.dup(1)  # not inherited by the processes that a job starts
    os.dup2(2, 1)
    return answers


def _read_line() -> bytes:
    """Read the order; the server writes nothing after it."""
    found = bytearray()
    while not found.endswith(b"\n") and len(found) < LONGEST_LINE_BYTES:
        piece = os.read(0, 1 << 16)
        if not piece:
            break
        found += piece
    return bytes(found)


def _prepare() -> None:
    """Give way to the pages, and hear Ctrl-C even where the server was started deaf to it."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _stop_with_server() -> None:
    # Not sys.stdin: a thread that holds its lock would end the interpreter badly.
    while os.read(0, 1024):
        pass
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGINT)
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    time.sleep(_END_WITHIN_S)
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _named(work: str) -> Work:
    module, _, name = work.partition(":")
    try:
        found: Work = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise QueryError(f"{work}: this kind of job cannot be loaded ({error})") from error
    return found


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
