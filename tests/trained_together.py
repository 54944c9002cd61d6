"""What two processes that train together do: run as a script in each of them, by its rank.

One start of the processes serves all tests of tests/learning/test_training_together.py, because
starting them costs more than all that they train here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn
from typer.testing import CliRunner

from learning_toys import halves, options, quiet, toy_encoder, toy_fusion, toy_sequence
from longbox.cli.app import app
from longbox.closure_lite import ClosureLiteSimple, config_for
from longbox.errors import ModelError
from longbox.fusion import FusionWeights
from longbox.learning import NamedValue, Progress, RunReport, Validation
from longbox.learning.closure_lite_training import ClosureLiteTrainee
from longbox.learning.fusion_training import FusionTrainee
from longbox.learning.loop import TrainingRun
from longbox.learning.processes import open_processes
from longbox.learning.progress import Trainee
from longbox.learning.sequence_training import SampleCounts, SequenceTrainee
from longbox.objective import LossPart, Objective, Spread, alone
from longbox.sequence import TaskWeights

N = 2
KINDS = ("fusion", "sequence", "closure-lite")


def trainee(kind: str, folder: Path, dropout: float = 0.0) -> Trainee:
    """Return a trainee of a kind that begins the same everywhere."""
    data = halves()
    if kind == "fusion":
        return FusionTrainee(data, toy_fusion(data.train), FusionWeights(), 24, 3)
    if kind == "closure-lite":
        return ClosureLiteTrainee(data, ClosureLiteSimple(config_for(data.train), 3), 7, 3)
    encoder = toy_encoder(folder, data.train)
    counts = SampleCounts(120, 7, seed=3)  # 7 samples a batch: halves that are not alike
    return SequenceTrainee(data, encoder, toy_sequence(encoder, dropout), TaskWeights(), counts)


def train(kind: str, folder: Path, own: Path) -> Trainee:
    """Train one epoch."""
    made = trainee(kind, own)
    TrainingRun(made, folder, options(epochs=1, seed=5), quiet).go()
    return made


class Line(nn.Module):
    """y = w x + b behind dropout."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.line = nn.Linear(4, 4)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.line(self.drop(x))
        return found


class Learner:
    """A Trainee whose processes could disagree: on scores, and on what was asked."""

    name = "line"

    def __init__(self, dropout: float = 0.0, *, is_often_silent: bool = False) -> None:
        self.modules = Line(dropout)
        self.n_validations, self._is_often_silent, self._steps = 0, is_often_silent, 0

    def n_batches(self, epoch: int) -> int:  # noqa: ARG002
        return 6

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        generator = torch.Generator().manual_seed(epoch)
        for _ in range(6):
            yield torch.randn(5, 4, generator=generator)

    def objective(
        self, batch: torch.Tensor, generator: torch.Generator, spread: Spread = alone
    ) -> Objective:
        self._steps += 1
        if self._is_often_silent and self._steps % 2:
            return Objective(torch.zeros(()), ())
        noise = torch.randn(5, 4, generator=generator)
        total = (spread(self.modules, batch) - noise).square().mean()
        return Objective(total, (LossPart("square", float(total.detach()), 1.0),))

    def validate(self) -> Validation:
        self.n_validations += 1
        return Validation(-float(self.n_validations), (NamedValue("right", 0.5, 0.25),))

    def save(self, folder: Path, validation: Validation) -> None:
        (folder / "best").write_text(str(validation.score))


class Full(Learner):
    """Meets a full disk in the process that writes."""

    def save(self, folder: Path, validation: Validation) -> None:  # noqa: ARG002
        raise ModelError(f"{folder}: the disk is full")


def weights(trained: Trainee) -> dict[str, torch.Tensor]:
    """Return the weights."""
    return dict(trained.modules.state_dict())


def stopping_after(n: int, rank: int, own: int) -> Callable[[], bool]:
    """Return a question that one process answers with yes, the n-th time."""
    asked: list[int] = []

    def is_stopped() -> bool:
        asked.append(1)
        return own == rank and len(asked) >= n

    return is_stopped


def _act(out: Path, rank: int) -> dict[str, Any]:
    said: dict[str, Any] = {}
    own = out / f"encoder {rank}"
    for kind in KINDS:
        made = train(kind, out / kind, own)
        if rank == 0:
            torch.save(weights(made), out / f"{kind}.pt")
    said["stopped"] = _stopped(out, rank)
    # One run begun by two and one begun by one process: each is gone on with by the other.
    question = stopping_after(4, 1, rank)
    TrainingRun(Learner(), out / "begun by two", options(seed=5), quiet, question).go()
    begun = Learner()
    report = TrainingRun(begun, out / "begun by one", options(seed=5), quiet).go()
    said["begun by one"] = [report.steps, begun.modules.line.weight.tolist()]
    silent = Learner(is_often_silent=True)
    said["silent"] = asdict(TrainingRun(silent, out / "silent", options(), quiet).go())
    said["silent weights"] = weights(silent)["line.weight"].tolist()
    early = Learner()
    told: list[Progress] = []
    report = TrainingRun(early, out / "early", options(epochs=9, patience=2), told.append).go()
    said["early"] = asdict(report)
    said["n_validations"], said["n_told"] = early.n_validations, len(told)
    try:
        TrainingRun(Full(), out / "full", options(), quiet).go()
    except ModelError as error:
        said["full"] = [type(error).__name__, str(error)]
    return said


def _stopped(out: Path, rank: int) -> dict[str, Any]:
    """Stop for the second process's sake, go on, and compare with a run that never stopped."""
    whole, stopped, again = Learner(0.5), Learner(0.5), Learner(0.5)
    TrainingRun(whole, out / "whole", options(seed=5), quiet).go()
    reports: list[RunReport] = [
        TrainingRun(
            stopped, out / "stopped", options(seed=5), quiet, stopping_after(4, 1, rank)
        ).go()
    ]
    dice = torch.rand(3).tolist()
    reports.append(TrainingRun(again, out / "stopped", options(seed=5), quiet).go())
    same = torch.equal(whole.modules.line.weight, again.modules.line.weight)
    return {
        "steps": [r.steps for r in reports],
        "interrupted": [r.was_interrupted for r in reports],
        "goes on exactly": same,
        "dice": dice,
    }


def _command(out: Path) -> list[str | int]:
    """Train by the command line; its end takes the processes apart."""
    words = [
        "train",
        "closure-lite",
        "--train-embeddings",
        out / "train.zarr",
        "-o",
        out / "by cli",
    ]
    done = CliRunner().invoke(app, [*map(str, words), "--epochs", "1", "--json"])
    return [done.exit_code, done.stdout, done.stderr]


def main() -> None:
    """Act, and write down what this process saw."""
    out, rank = Path(sys.argv[1]), int(os.environ["RANK"])
    processes = open_processes("auto" if not torch.accelerator.is_available() else "cpu")
    said = _act(out, rank)
    said["n"] = processes.n
    said["command"] = _command(out)
    (out / f"said {rank}.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main()
