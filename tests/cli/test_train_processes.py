"""`longbox train --processes`: how the processes of one run are started, stopped and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from longbox.cli.app import app
from longbox.cli.train_processes import launcher_is_gone, run_processes

LAUNCH = "import sys; from longbox.cli.train_processes import run_processes; "


def script(*lines: str) -> list[str]:
    return [sys.executable, "-c", "\n".join(("import os, sys, time, signal", *lines))]


@pytest.fixture(autouse=True)
def started_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)


def test_every_process_knows_its_place(tmp_path: Path) -> None:
    names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR")
    words = script(
        f"said = ' '.join(os.environ[n] for n in {names!r})",
        f"open(os.path.join({str(tmp_path)!r}, os.environ['RANK']), 'w').write(said)",
    )
    assert run_processes(words, 3) == 0
    for rank in range(3):
        assert (tmp_path / str(rank)).read_text() == f"{rank} {rank} 3 3 127.0.0.1"


def test_one_that_fails_ends_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longbox.cli.train_processes._GRACE_S", 0.2)
    words = script("if os.environ['RANK'] == '1': sys.exit(7)", "time.sleep(600)")
    began = time.monotonic()
    assert run_processes(words, 2) == 7
    assert time.monotonic() - began < 60


def test_one_that_is_killed_is_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("longbox.cli.train_processes._GRACE_S", 0.2)
    words = script(
        "if os.environ['RANK'] == '1': os.kill(os.getpid(), signal.SIGKILL)", "time.sleep(600)"
    )
    assert run_processes(words, 2) == 1
    assert "process 1 of 2 was killed by signal 9" in " ".join(capsys.readouterr().err.split())


def test_ctrl_c_reaches_all_and_launcher_that_is_killed_is_noticed(tmp_path: Path) -> None:
    own = script(
        "launcher = int(os.environ['LONGBOX_TRAIN_LAUNCHER'])",
        f"out = os.path.join({str(tmp_path)!r}, os.environ['RANK'])",
        "asked = []",
        "signal.signal(signal.SIGINT, lambda *_: asked.append(1))",
        "open(out + '.up', 'w').close()",
        "while not asked and os.getppid() == launcher: time.sleep(0.05)",
        "open(out + ('.asked' if asked else '.orphan'), 'w').close()",
        "sys.exit(130)",
    )
    for number, name in ((signal.SIGINT, "asked"), (signal.SIGKILL, "orphan")):
        code = f"{LAUNCH}sys.exit(run_processes({own!r}, 2))"
        with subprocess.Popen([sys.executable, "-c", code]) as run:
            _wait(tmp_path, "up")
            os.kill(run.pid, number)
            assert run.wait(60) == (130 if number == signal.SIGINT else -9)
        _wait(tmp_path, name)


def _wait(folder: Path, name: str) -> None:
    end = time.monotonic() + 60
    while len(found := list(folder.glob(f"*.{name}"))) < 2:
        assert time.monotonic() < end, name
        time.sleep(0.05)
    if name == "up":
        for path in found:
            path.unlink()


def test_option_starts_the_command_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[str], int]] = []

    def run(words: list[str], n: int) -> int:
        started.append((words, n))
        return 130

    monkeypatch.setattr("longbox.cli.train_processes.run_processes", run)
    monkeypatch.setattr("sys.argv", ["longbox", "train", "fusion", "--processes", "3"])
    done = CliRunner().invoke(app, ["train", "fusion", "--processes", "3"])
    assert done.exit_code == 130
    assert started == [([sys.executable, "-m", "longbox", *sys.argv[1:]], 3)]
    assert CliRunner().invoke(app, ["train", "fusion", "--processes", "0"]).exit_code == 2


def test_process_started_by_hand_has_no_launcher_to_lose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LONGBOX_TRAIN_LAUNCHER", raising=False)
    assert not launcher_is_gone()
    monkeypatch.setenv("LONGBOX_TRAIN_LAUNCHER", str(os.getppid()))
    assert not launcher_is_gone()
    monkeypatch.setenv("LONGBOX_TRAIN_LAUNCHER", "1")
    assert launcher_is_gone()
