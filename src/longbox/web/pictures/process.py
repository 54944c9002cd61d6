"""One picture process as the server sees it: start, ask, end.

A process of our own making and not a pool's: pebble hands jobs to any of its processes, so that
every one of them would open every comic, gives up as a whole when an idle one dies, and unpickles
what a process that may be taken over says.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from longbox.errors import (
    BusyError,
    ComicError,
    EncryptedFileError,
    IngestError,
    MissingProgramError,
    PageError,
    UnsafeFileError,
)
from longbox.ingest import IngestOptions, confined_environment
from longbox.web.pictures.messages import LostError, receive, send
from longbox.web.pictures.options import PictureOptions

_START_S: Final = 60.0
# Above what 16,383 x 16,383 pixels of noise take as WebP at this quality, or 2,000 x 2,000 as RGB.
_LARGEST_ANSWER: Final = 512 << 20
_ERRORS: Final[dict[str, type[ComicError]]] = {
    kind.__name__: kind
    for kind in (IngestError, PageError, UnsafeFileError, EncryptedFileError, MissingProgramError)
}


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What a picture process is asked for.

    Attributes:
        ask: The request's head; see `worker`.
        name: What is read, for messages: "ghost.cbz: page 3".
        file: Path of the comic file it needs open; empty for an upload.
        payload: The upload.
        timeout_s: How long it may take.
    """

    ask: dict[str, Any]
    name: str
    file: str = ""
    payload: bytes = b""
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What a picture process answered: a WebP or RGB pixels, with its size."""

    data: bytes = field(repr=False)
    width: int
    height: int


class PictureProcess:
    """A running picture process; not safe to share between threads.

    Raises:
        BusyError: It does not start.
    """

    def __init__(self, ingest: IngestOptions, options: PictureOptions) -> None:
        settings = {
            "ingest": asdict(ingest),
            "memory_bytes": options.memory_bytes,
            "max_upload_bytes": options.max_upload_bytes,
            "max_upload_pixels": options.max_upload_pixels,
            "parent": os.getpid(),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "longbox.web.pictures.worker", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=confined_environment(),
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests = self._process.stdin.fileno()
        self._answers = self._process.stdout.fileno()
        os.set_blocking(self._requests, False)
        try:
            receive(self._answers, 0, time.monotonic() + _START_S)
        except LostError as error:
            self.end()
            raise BusyError(
                "pictures cannot be made: the process that makes them does not start; start the "
                "server again"
            ) from error

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs. A dead one is not reaped here: its group is still to be killed."""
        if not hasattr(os, "waitid"):
            return self._process.poll() is None
        if self._process.returncode is not None:
            return False
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        try:
            return os.waitid(os.P_PID, self._process.pid, flags) is None
        except ChildProcessError:  # its keeper has just ended it
            return False

    def ask(self, job: Job) -> Made:
        """Let it do a job.

        Raises:
            ComicError: What is wrong with the file, or: the process was lost on it; then it has to
                be ended.
        """
        deadline = time.monotonic() + job.timeout_s
        head = {**job.ask, "timeout_s": job.timeout_s}
        try:
            send(self._requests, head, job.payload, deadline)
            answer, payload = receive(self._answers, _LARGEST_ANSWER, deadline)
            if "error" not in answer:
                return _checked(job, answer, payload)
        except LostError as error:
            self.end()
            raise PageError(
                f"{job.name}: the process that reads it {error}; the picture is damaged or too "
                "large: repair it or leave it out"
            ) from error
        kind = _ERRORS.get(str(answer["error"]), PageError)
        raise kind(_shown(str(answer.get("message", "")), job))

    def kill(self) -> None:
        """Kill it, with whatever it started; any thread may, the keeper of it then ends it."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def end(self) -> None:
        """Kill it, wait for it and close its pipes."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _checked(job: Job, answer: dict[str, Any], payload: bytes) -> Made:
    width, height = answer.get("width"), answer.get("height")
    if not (isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0):
        raise LostError("gave an answer that is none")
    if job.ask["do"] == "pixels":
        is_right = len(payload) == width * height * 3
    else:
        is_right = payload[:4] == b"RIFF" and payload[8:12] == b"WEBP"
    if not is_right:
        raise LostError("gave an answer that is none")
    return Made(payload, width, height)


def _shown(message: str, job: Job) -> str:
    """Return a process's message as one line, without the folders of the comic file."""
    folder = job.file[: -len(os.path.basename(job.file))] if job.file else ""  # noqa: PTH119
    line = message.replace(folder, "") if folder else message
    return "".join(c if c.isprintable() else " " for c in line)[:600]
