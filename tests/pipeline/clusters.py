"""A scheduler and workers as processes of this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Cluster:
    """Started by a test; `stop` ends all of it."""

    folder: Path
    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return str(json.loads((self.folder / "scheduler.json").read_text())["address"])

    def start_scheduler(self) -> None:
        file = self.folder / "scheduler.json"
        self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        wait_for(lambda: file.exists() and file.read_text().strip().endswith("}"))

    def start_worker(
        self, *words: str, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        return self._start(
            "dask_worker",
            "--host",
            "127.0.0.1",
            "--nthreads",
            "1",
            "--local-directory",
            str(self.folder),
            *words,
            environment=environment,
        )

    def _start(
        self, name: str, *words: str, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{name}", "--no-dashboard"]
        command += ["--scheduler-file", str(self.folder / "scheduler.json"), *words]
        log = (self.folder / f"{name}-{len(self.processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                command, env=environment or self.environment, stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def stop(self) -> None:
        for process in self.processes[1:]:
            process.terminate()
        for process in self.processes[1:]:
            _ended(process)
        for process in self.processes[:1]:
            process.terminate()
            _ended(process)


def _ended(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(is_so: Callable[[], object], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it took more than a minute"
        time.sleep(0.05)
