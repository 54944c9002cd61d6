"""`longbox train ... --processes N`: the same command N times on this machine, one run together.

Each process is told its place by the variables that torchrun and accelerate set too; started by one
of those, `--processes` starts nothing. A process that fails ends the others. Ctrl-C is passed on,
so that all stop after the same step; where the starting process is killed, they do so by themselves
(`launcher_is_gone`), and nobody trains on unseen.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import typer

from longbox.cli.terminal import notes
from longbox.errors import ConfigError

_LAUNCHER: Final = "LONGBOX_TRAIN_LAUNCHER"
_LOOK_EVERY_S: Final = 0.1
_GRACE_S: Final = 15.0  # for the others to end by themselves once one has
_KILL_AFTER_S: Final = 5.0


def _started(context: typer.Context, n: int) -> int:
    """Start the processes in place of this one, where several are asked for."""
    if n > 1 and "WORLD_SIZE" not in os.environ and not context.resilient_parsing:
        raise typer.Exit(run_processes([sys.executable, "-m", "longbox", *sys.argv[1:]], n))
    return n


ProcessesOption = Annotated[
    int,
    typer.Option(
        "--processes",
        min=1,
        callback=_started,
        help="Train in so many processes of this machine, a GPU each, or together on the CPU.",
    ),
]


def launcher_is_gone() -> bool:
    """Whether the process that started this one among others is there no more."""
    launcher = os.environ.get(_LAUNCHER)
    return launcher is not None and str(os.getppid()) != launcher


def run_processes(words: Sequence[str], n: int) -> int:
    """Run a command in n processes that are told of each other; return the first exit code not 0.

    Raises:
        ConfigError: The system starts no more processes.
    """
    started: list[subprocess.Popen[bytes]] = []
    shared = _shared(n)
    with _passing_on(started):
        try:
            for rank in range(n):
                own = {**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}
                started.append(subprocess.Popen(words, env=own, start_new_session=True))
            return _code_of(started)
        except OSError as error:
            raise ConfigError(f"{n} processes cannot be started ({error.strerror})") from error
        finally:
            _end(started)


def _shared(n: int) -> dict[str, str]:
    """Return the environment of all: where they meet, and how many they are."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {
        "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // n)),
        "TORCH_CPP_LOG_LEVEL": "ERROR",  # else every process tells of its gradients' bookkeeping
        **os.environ,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(n),
        "LOCAL_WORLD_SIZE": str(n),
        _LAUNCHER: str(os.getpid()),
    }


def _code_of(started: Sequence[subprocess.Popen[bytes]]) -> int:
    """Wait for all; once one has failed, only a while for the others."""
    code, end = 0, float("inf")
    while time.monotonic() < end:
        codes = [process.poll() for process in started]
        failed = [rank for rank, c in enumerate(codes) if c]
        if failed and not code:
            code = codes[failed[0]] or 1
            end = time.monotonic() + _GRACE_S
            if code < 0:
                notes.print(
                    f"process {failed[0]} of {len(started)} was killed by signal {-code}; the "
                    f"others are ended, the same command goes on from the last checkpoint",
                    style="red",
                )
        if all(c is not None for c in codes):
            break
        time.sleep(_LOOK_EVERY_S)
    return code if code >= 0 else 1


def _end(started: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in started:
        if process.poll() is None:
            process.terminate()
    end = time.monotonic() + _KILL_AFTER_S
    for process in started:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, end - time.monotonic()))
        if process.poll() is None:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _passing_on(started: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Pass Ctrl-C on to every process; after the second one, wait for nobody long."""
    asked: list[int] = []

    def handle(number: int, _: object) -> None:
        asked.append(number)
        for process in started:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        if len(asked) > 1 or number == signal.SIGTERM:
            raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, handle) for number in numbers]
    try:
        yield
    finally:
        for number, old in zip(numbers, before, strict=True):
            signal.signal(number, old)
