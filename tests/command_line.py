"""The command line in this process: what it prints and how it ends, as a person would meet it.

A process of its own imports for a second and loads networks for several; only what is about
processes needs one: signals, kills, worker processes, words that are no text.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from longbox.cli import main
from longbox.pipeline.workers import run_here


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, in the words of subprocess."""

    returncode: int
    stdout: str
    stderr: str


def longbox(*words: object) -> Ended:
    """Run a command as `longbox` on the terminal does, errors and exit codes included.

    Books are read in this process too, one after the other.
    """
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n") for _ in range(2)]
    out, err = streams
    code: Any = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["longbox", *(str(word) for word in words)])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        patch.setattr("longbox.pipeline.shelf.run_in_processes", _run_here)
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    said = []
    for stream in streams:
        stream.seek(0)
        said.append(stream.read())
        stream.close()
    return Ended(code, *said)


def _run_here(
    jobs: Sequence[Any], config: Any, on_progress: Callable[..., None], n_workers: int
) -> Generator[Any, None, None]:
    assert n_workers >= 1
    return run_here(jobs, config, on_progress)
