"""The training loop by itself, with a trainee of a few numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from learning_toys import options, quiet
from longbox.errors import ConfigError, ModelError
from longbox.learning import NamedValue, Progress, TrainOptions, Validation, read_history
from longbox.learning.checkpoint import CHECKPOINT_NAME
from longbox.learning.loop import TrainingRun
from longbox.objective import LossPart, Objective, Spread, alone


class Line(nn.Module):
    """y = w x + b with dropout, and a parameter that nothing reads."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.line = nn.Linear(4, 4)
        self.idle = nn.Linear(2, 2)
        self.drop = nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.line(self.drop(x))
        return found


class Learner:
    """A Trainee."""

    name = "line"

    def __init__(
        self,
        scores: Callable[[int], float] = lambda n: float(n),
        value: Callable[[int], float] = lambda _: 1.0,
    ) -> None:
        self.modules = Line()
        self.was_training: list[bool] = []
        self.had_grad: list[bool] = []
        self.saved: list[float] = []
        self._scores, self._value, self._n, self._steps = scores, value, 0, 0

    def n_batches(self, epoch: int) -> int:  # noqa: ARG002
        return 6

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        generator = torch.Generator().manual_seed(epoch)
        for _ in range(6):
            yield torch.randn(3, 4, generator=generator)

    def objective(
        self, batch: torch.Tensor, generator: torch.Generator, spread: Spread = alone
    ) -> Objective:
        noise = torch.randn(3, 4, generator=generator)
        total = (spread(self.modules, batch) - noise).square().mean() * self._value(self._steps)
        self._steps += 1
        return Objective(total, (LossPart("square", float(total.detach()), 1.0),))

    def validate(self) -> Validation:
        self.was_training.append(self.modules.training)
        self.had_grad.append(torch.is_grad_enabled())
        torch.rand(7)  # whatever a validation draws
        self._n += 1
        return Validation(self._scores(self._n), (NamedValue("right", 0.5, 0.25),))

    def save(self, folder: Path, validation: Validation) -> None:
        self.saved.append(validation.score)
        (folder / "best").write_text(str(validation.score))


def test_validation_is_without_dropout_and_gradients(tmp_path: Path) -> None:
    learner = Learner()
    TrainingRun(learner, tmp_path, options(epochs=2, validations=2), quiet).go()
    assert learner.was_training == [False] * 4
    assert learner.had_grad == [False] * 4
    assert learner.modules.training


def test_losses_stand_beside_their_chance(tmp_path: Path) -> None:
    told: list[Progress] = []
    report = TrainingRun(Learner(), tmp_path, options(epochs=3), told.append).go()
    losses = [p for p in told if p.losses]
    assert [p.step for p in losses] == [6, 12, 18]
    assert all(p.n_steps == 18 for p in told)
    assert losses[0].losses[0].name == "square"
    assert losses[0].losses[0].chance == 1.0
    assert report.steps == 18
    entries = read_history(tmp_path)
    assert [e.step for e in entries if e.losses] == [6, 12, 18]
    assert entries[0].learning_rate is not None


def test_run_leaves_small_numbers_as_they_were(tmp_path: Path) -> None:
    learner = Learner(lambda _: 0.5)
    TrainingRun(learner, tmp_path, options(epochs=1), quiet).go()
    assert torch.tensor(1e-40) * 1.0 != 0


def test_run_stops_when_validation_gets_no_better(tmp_path: Path) -> None:
    learner = Learner(lambda n: {1: 0.5, 2: 0.8}.get(n, 0.7))
    report = TrainingRun(learner, tmp_path, options(epochs=9, patience=3), quiet).go()
    assert report.stopped_early
    assert not report.was_interrupted
    assert report.steps == 5 * 6
    assert learner.saved == [0.5, 0.8]
    assert report.best is not None
    assert report.best.score == 0.8
    again = Learner()
    same = TrainingRun(again, tmp_path, options(epochs=9, patience=3), quiet).go()
    assert (same.steps, same.stopped_early, same.best) == (30, True, report.best)
    assert again.saved == []


def test_patience_of_none_never_stops(tmp_path: Path) -> None:
    report = TrainingRun(
        Learner(lambda n: -float(n)), tmp_path, options(epochs=7, patience=0), quiet
    ).go()
    assert not report.stopped_early
    assert report.steps == 42


def test_run_that_is_over_trains_no_more(tmp_path: Path) -> None:
    first = TrainingRun(Learner(), tmp_path, options(), quiet).go()
    learner = Learner(value=lambda _: math.nan)  # would be an error if it trained
    again = TrainingRun(learner, tmp_path, options(), quiet).go()
    assert (again.steps, again.best) == (first.steps, first.best)
    assert again.silent == first.silent == ("idle.bias", "idle.weight")


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30])
def test_loss_or_gradient_that_is_not_finite_stops_with_advice(
    tmp_path: Path, value: float
) -> None:
    learner = Learner(value=lambda step: value if step == 8 else 1.0)
    with pytest.raises(ModelError, match=r"not finite at step 8.*--learning-rate"):
        TrainingRun(learner, tmp_path, options(), quiet).go()
    assert all(torch.isfinite(p).all() for p in learner.modules.parameters())


def test_score_that_is_not_finite_is_never_the_best(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="validation score is not finite"):
        TrainingRun(Learner(lambda _: math.nan), tmp_path, options(), quiet).go()
    assert not (tmp_path / "best").exists()


def test_batch_of_which_nothing_can_be_asked_is_passed_over(tmp_path: Path) -> None:
    class Silent(Learner):
        def objective(
            self, batch: torch.Tensor, generator: torch.Generator, spread: Spread = alone
        ) -> Objective:
            found = super().objective(batch, generator, spread)
            return found if self._steps % 2 else Objective(torch.zeros(()), ())

    report = TrainingRun(Silent(), tmp_path, options(epochs=1), quiet).go()
    assert report.steps == 6


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no", b"\x80\x02cos\nsystem\n."])
def test_damaged_checkpoint_is_one_line_that_says_what_to_do(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / CHECKPOINT_NAME).write_bytes(damage)
    with pytest.raises(ModelError, match=r"checkpoint\.pt: not a usable") as caught:
        TrainingRun(Learner(), tmp_path, options(), quiet).go()
    assert "\n" not in str(caught.value)
    assert "--refresh" in str(caught.value)


def test_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    TrainingRun(Learner(), tmp_path, options(epochs=1), quiet).go()
    other = Learner()
    other.modules.line = nn.Linear(4, 5)
    with pytest.raises(ModelError, match="not a usable checkpoint"):
        TrainingRun(other, tmp_path, options(epochs=1), quiet).go()


def test_checkpoint_with_code_in_it_runs_none(tmp_path: Path) -> None:
    class Code:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"place": Code()}, tmp_path / CHECKPOINT_NAME)
    with pytest.raises(ModelError, match="not a usable checkpoint"):
        TrainingRun(Learner(), tmp_path, options(), quiet).go()
    assert not (tmp_path / "ran").exists()


def test_fresh_run_forgets_the_history_of_another(tmp_path: Path) -> None:
    TrainingRun(Learner(), tmp_path, options(epochs=2), quiet).go()
    (tmp_path / CHECKPOINT_NAME).unlink()
    TrainingRun(Learner(), tmp_path, options(epochs=1), quiet).go()
    assert max(e.step for e in read_history(tmp_path)) == 6


def test_device_that_is_not_there_is_refused(tmp_path: Path) -> None:
    if torch.backends.mps.is_available():
        pytest.skip("this machine has it")
    with pytest.raises(ConfigError, match="no device mps here"):
        TrainingRun(Learner(), tmp_path, options(device="mps"), quiet)


@pytest.mark.parametrize(
    "given",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"clip": 0.0},
        {"patience": -1},
        {"warmup_share": 1.0},
        {"device": "toaster"},
        {"trackers": ("guestbook",)},
    ],
)
def test_options_that_cannot_be_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        TrainOptions(**given)  # type: ignore[arg-type]


def test_tracker_that_is_not_installed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="pip install wandb"):
        TrainingRun(Learner(), tmp_path, options(trackers=("wandb",)), quiet)
