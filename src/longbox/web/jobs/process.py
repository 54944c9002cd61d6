"""The server's end of a job's process: start it, hear it, stop it, and leave nothing of it.

The process leads a process group of its own. Ctrl-C in the server's terminal does not reach it, so
that the server alone decides, and whatever it started can be killed with it. (Windows has no such
groups: there, workers notice by themselves that their parent is gone.)
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Final

from longbox.web.jobs.messages import (
    LONGEST_LINE_BYTES,
    JobMessage,
    Order,
    decoded,
    encoded,
    shown,
)

_TAIL_BYTES: Final = 8192
_EXIT_WITHIN_S: Final = 10.0


class JobProcess:
    """A running job."""

    def __init__(self, order: Order) -> None:
        """Start the process.

        Raises:
            OSError: The system does not start it.
        """
        # -P: a file in the folder that the server was started in must not be taken for a module.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "longbox.web.jobs"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._tail = bytearray()
        self._drain = threading.Thread(target=self._keep_tail, daemon=True)
        self._drain.start()
        self._lock = threading.Lock()
        self._write(encoded(order))

    def messages(self) -> Iterator[JobMessage]:
        """Yield what the process says until its end.

        Raises:
            ValueError: It says something that is no message.
        """
        if self._process.stdout is None:
            return
        while line := self._process.stdout.readline(LONGEST_LINE_BYTES):
            message = decoded(line, JobMessage)
            yield message
            if message.is_end:
                return

    def ask_to_stop(self) -> None:
        """Let it end in order: what Ctrl-C does in a terminal."""
        with self._lock, contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def kill(self) -> None:
        """End it at once, with everything that it started."""
        if sys.platform == "win32":
            self._process.kill()
            return
        # The process may be gone already, its workers not: so the group, and no poll() before it,
        # which would give the number free.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> str:
        """Wait until the process is gone, and whatever it started; return why, where it crashed."""
        self.ask_to_stop()
        deadline = time.monotonic() + _EXIT_WITHIN_S
        while not self._is_gone() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.kill()
        status = self._process.wait()
        self._drain.join(_EXIT_WITHIN_S)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        return self._why(status)

    @property
    def tail(self) -> str:
        """The last of what it wrote to standard error."""
        return self._tail.decode("utf-8", "replace")

    def _is_gone(self) -> bool:
        """Whether it has ended; it stays a zombie, so that its number is not given again."""
        if sys.platform == "win32":
            return self._process.poll() is not None
        found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return found is not None

    def _why(self, status: int) -> str:
        if status < 0:
            try:
                name = signal.Signals(-status).name
            except ValueError:
                name = f"signal {-status}"
            memory = ", perhaps for want of memory" if name == "SIGKILL" else ""
            return f"its process was ended by {name}{memory}"
        lines = self.tail.strip().splitlines()
        last = shown(lines[-1]) if lines else "it said nothing"
        return f"its process ended with status {status} ({last})"

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.write(data)
                self._process.stdin.flush()

    def _keep_tail(self) -> None:
        if self._process.stderr is None:
            return
        while piece := os.read(self._process.stderr.fileno(), _TAIL_BYTES):
            self._tail += piece
            del self._tail[:-_TAIL_BYTES]
