"""The one training loop: fusion, sequence and closure-lite differ in batches and objective only.

A run is a folder: `history.jsonl` (losses beside their chance marks), `checkpoint.pt` (where it is)
and the best model so far. Called again with the same folder, a run goes on exactly where it was:
batches depend on seed and epoch alone, and the checkpoint holds every random state. accelerate
chooses device and precision. Several processes share the rows of every batch
(longbox.learning.processes): they take the same steps with the same weights, the first one
validates, decides and writes, and a run may go on with another number of them.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from longbox.errors import ConfigError, ModelError
from longbox.learning.checkpoint import (
    Dice,
    Place,
    load_checkpoint,
    save_checkpoint,
    throw_on,
    unusable,
)
from longbox.learning.gradients import silence_sentence
from longbox.learning.history import (
    HealthValue,
    History,
    HistoryEntry,
    NamedValue,
    gradient_norms,
)
from longbox.learning.listening import Listener
from longbox.learning.options import TrainOptions
from longbox.learning.placing import moved
from longbox.learning.processes import is_cpu, open_processes
from longbox.learning.progress import (
    IsStopped,
    Means,
    Progress,
    RunReport,
    Tell,
    Trainee,
    Validation,
    never,
)
from longbox.objective import LossPart, Spread

LOG_STEPS = 50


class _Stepper(nn.Module):
    """Gives a trainee's objective a forward pass, which is what DistributedDataParallel wraps."""

    def __init__(self, trainee: Trainee, generator: torch.Generator, spread: Spread) -> None:
        super().__init__()
        self.learns = trainee.modules
        self._objective, self._generator, self._spread = trainee.objective, generator, spread

    def forward(self, batch: Any) -> tuple[Tensor, tuple[LossPart, ...]]:
        found = self._objective(batch, self._generator, self._spread)
        return found.total, found.parts


class TrainingRun:
    """One run in its folder; `go` trains to the end, or on from where a killed run was."""

    def __init__(
        self,
        trainee: Trainee,
        folder: Path,
        options: TrainOptions,
        on_progress: Tell,
        is_stopped: IsStopped = never,
    ) -> None:
        self._processes = open_processes(options.device)
        self._accelerator = _accelerator(options, folder)
        if options.trackers:
            self._accelerator.init_trackers(trainee.name)
        self._trainee, self._folder = trainee, folder
        self._options, self._tell, self._is_stopped = options, on_progress, is_stopped
        self._generator = torch.Generator().manual_seed(options.seed)
        self._history = self._processes.from_first(lambda: History(folder))
        self._place = Place()
        self._means = Means()
        self._listener = Listener.of(trainee.modules)
        self._best: Validation | None = None
        self._n_steps = 0
        self._began = time.monotonic()

    def go(self) -> RunReport:
        """Train.

        Raises:
            ModelError: A loss or a score is not finite, or the folder holds a damaged checkpoint.
        """
        options = self._options
        stepper = _Stepper(self._trainee, self._generator, self._processes.spread)
        optimizer = torch.optim.AdamW(
            _decayed(self._trainee.modules, options.weight_decay),
            lr=options.learning_rate,
            betas=(0.9, 0.98),
        )
        # Epochs differ by a batch or so where a task runs short; the first stands for all.
        self._n_steps = options.epochs * self._trainee.n_batches(0)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: _rate(step, self._n_steps, options.warmup_share)
        )
        self._resume(optimizer, schedule)
        ready, optimizer = self._accelerator.prepare(stepper, optimizer)
        self._began = time.monotonic()
        goes_on = not self._is_out_of_patience()
        with _quick_floats():
            while self._place.epoch < options.epochs and goes_on:
                goes_on = self._epoch(ready, optimizer, schedule)
        for tracker in self._accelerator.trackers:
            tracker.finish()
        is_early = self._is_out_of_patience()
        return RunReport(
            self._place.step,
            self._seconds(),
            self._best,
            is_early,
            tuple(sorted(self._listener.unheard)),
            was_interrupted=self._place.epoch < options.epochs and not is_early,
        )

    def _epoch(self, stepper: Any, optimizer: Any, schedule: Any) -> bool:
        """Train one epoch, or what is left of it; say whether the run goes on."""
        n_batches = self._trainee.n_batches(self._place.epoch)
        every = max(1, n_batches // self._options.validations)
        done = self._place.batch
        for index, batch in enumerate(self._trainee.batches(self._place.epoch)):
            if index < done:
                continue
            self._step(stepper, optimizer, schedule, moved(batch, self._accelerator.device))
            self._place = replace(self._place, step=self._place.step + 1, batch=index + 1)
            is_last = index + 1 == n_batches
            if self._place.step % LOG_STEPS == 0 or is_last:
                self._log(schedule)
            if is_last or ((index + 1) % every == 0 and n_batches - index > every):
                self._validate()
            if is_last:
                self._place = replace(self._place, epoch=self._place.epoch + 1, batch=0)
            is_over = self._is_out_of_patience() or self._processes.any(self._is_stopped())
            if is_last or is_over or self._place.step % self._options.checkpoint_steps == 0:
                self._save(optimizer, schedule)
            if is_over:
                return False
        if self._place.batch:
            raise ModelError(f"{self._folder}: an epoch had fewer batches than were counted")
        return True

    def _step(self, stepper: Any, optimizer: Any, schedule: Any, batch: Any) -> None:
        stepper.train()
        with self._accelerator.autocast():
            total, parts = stepper(batch)
        if not math.isfinite(float(total.detach())):
            raise ModelError(self._not_finite("loss"))
        if total.requires_grad:  # a batch of which nothing could be asked has none
            self._accelerator.backward(total)
            self._listener.hear(self._trainee.modules)
            norm = self._accelerator.clip_grad_norm_(stepper.parameters(), self._options.clip)
            if not math.isfinite(float(norm)):
                raise ModelError(self._not_finite("gradient"))
            optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        self._means.add(parts)

    def _not_finite(self, what: str) -> str:
        return (
            f"{self._folder}: the {what} is not finite at step {self._place.step}; train anew "
            f"(--refresh) with a lower --learning-rate than {self._options.learning_rate:g}"
        )

    def _log(self, schedule: Any) -> None:
        losses = self._means.take()
        entry = HistoryEntry(
            self._place.step,
            self._passes(),
            losses=losses,
            learning_rate=float(schedule.get_last_lr()[0]),
            seconds=self._seconds(),
        )
        self._append(entry)
        self._say(Progress(self._place.step, self._n_steps, losses))

    def _validate(self) -> None:
        modules = self._trainee.modules
        found = self._processes.from_first(self._validated)
        if not math.isfinite(found.score):
            raise ModelError(self._not_finite("validation score"))
        gradients = gradient_norms(self._listener.take(modules))
        self._append(
            HistoryEntry(
                self._place.step,
                self._passes(),
                scores=found.parts,
                gradients=gradients,
                health=found.health,
            )
        )
        is_best = self._place.best is None or found.score > self._place.best
        if is_best:
            self._best = found
            self._place = replace(self._place, best=found.score, since_best=0)
            self._processes.from_first(lambda: self._trainee.save(self._folder, found))
        else:
            self._place = replace(self._place, since_best=self._place.since_best + 1)
        warning = None
        if self._place.batch >= self._trainee.n_batches(self._place.epoch):
            warning = silence_sentence(sorted(self._listener.unheard))
        step = self._place.step
        self._say(Progress(step, self._n_steps, (), found, warning, is_best=is_best))

    def _validated(self) -> Validation:
        modules = self._trainee.modules
        modules.eval()
        with torch.no_grad(), _own_dice():
            found = self._trainee.validate()
        modules.train()
        return found

    def _save(self, optimizer: Any, schedule: Any) -> None:
        dice = tuple(self._processes.collect(Dice.now()))
        self._processes.from_first(lambda: self._write(optimizer, schedule, dice))

    def _write(self, optimizer: Any, schedule: Any, dice: tuple[Dice, ...]) -> None:
        states = {
            "modules": self._trainee.modules.state_dict(),
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
            "listener": self._listener.state(),
            "means": dict(self._means.sums),
            "best": None if self._best is None else asdict(self._best),
        }
        place = replace(self._place, seconds=self._seconds())
        save_checkpoint(self._folder, place, states, self._generator, dice)

    def _resume(self, optimizer: Any, schedule: Any) -> None:
        kept = self._processes.from_first(lambda: load_checkpoint(self._folder))
        rank, seed = self._processes.rank, self._options.seed
        if kept is None:
            throw_on((), rank, seed)
            self._drop_after(-1)
            return
        self._place, states = kept.place, kept.states
        try:
            self._generator.set_state(kept.generator)
            throw_on(kept.dice, rank, seed + self._place.step)
            self._trainee.modules.load_state_dict(states["modules"])
            optimizer.load_state_dict(states["optimizer"])
            schedule.load_state_dict(states["schedule"])
            self._listener.load(states["listener"])
            self._means.sums = {k: tuple(v) for k, v in states.get("means", {}).items()}
            self._best = _validation(states.get("best"))
        except (RuntimeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise unusable(self._folder, error) from error
        self._drop_after(self._place.step)

    def _drop_after(self, step: int) -> None:
        self._processes.from_first(lambda: self._history.drop_after(step))

    def _say(self, progress: Progress) -> None:
        if self._processes.is_first:
            self._tell(progress)

    def _append(self, entry: HistoryEntry) -> None:
        if self._processes.is_first:
            self._history.append(entry)
        if self._options.trackers:
            named = (*entry.losses, *entry.scores)
            values = {v.name: v.value for v in named if v.value is not None}
            self._accelerator.log(values, step=entry.step)

    def _is_out_of_patience(self) -> bool:
        return 0 < self._options.patience <= self._place.since_best

    def _passes(self) -> float:
        n_batches = self._trainee.n_batches(self._place.epoch)
        return self._place.epoch + self._place.batch / max(n_batches, 1)

    def _seconds(self) -> float:
        return self._place.seconds + time.monotonic() - self._began


def _accelerator(options: TrainOptions, folder: Path) -> Any:
    """Open the device that was asked for, and no other.

    Raises:
        ConfigError: It is not there, or a tracker is not installed.
    """
    from accelerate import Accelerator, DistributedDataParallelKwargs

    for name in options.trackers:
        if importlib.util.find_spec(name) is None:
            raise ConfigError(f"the tracker {name} is not installed; `pip install {name}`")
    # One batch is one task, so most heads are silent.
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    try:
        found = Accelerator(
            mixed_precision=options.precision.value,
            cpu=is_cpu(options.device),
            kwargs_handlers=[unused],
            log_with=list(options.trackers) or None,
            project_dir=folder,
        )
    except ValueError as error:  # numbers that the device cannot compute in
        raise ConfigError(f"precision {options.precision}: {error}") from error
    if options.device not in ("auto", found.device.type):
        raise ConfigError(f"there is no device {options.device} here; use auto or cpu")
    return found


def _validation(kept: Any) -> Validation | None:
    if kept is None:
        return None
    parts = tuple(NamedValue(**part) for part in kept["parts"])
    health = tuple(HealthValue(**part) for part in kept.get("health", ()))
    return Validation(float(kept["score"]), parts, health)


@contextlib.contextmanager
def _quick_floats() -> Iterator[None]:
    """Round vanishing numbers to 0 while training: they are slow to calculate with.

    It is a setting of the processor, so it must not outlive the run.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _decayed(modules: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Decay matrices only: gains, biases and single vectors are left alone."""
    matrices = [p for p in modules.parameters() if p.requires_grad and p.dim() > 1]
    others = [p for p in modules.parameters() if p.requires_grad and p.dim() <= 1]
    return [
        {"params": matrices, "weight_decay": decay},
        {"params": others, "weight_decay": 0.0},
    ]


def _rate(step: int, n_steps: int, warmup_share: float) -> float:
    warmup = max(1, round(n_steps * warmup_share))
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, n_steps - warmup)
    return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


@contextlib.contextmanager
def _own_dice() -> Iterator[None]:
    """Leave the run's random state as it was, so that validating more often changes nothing."""
    state = torch.get_rng_state()
    try:
        yield
    finally:
        torch.set_rng_state(state)
