"""The one training loop: fusion, sequence and closure-lite differ in batches and objective only.

A run is a folder: `history.jsonl` (losses beside their chance marks), `checkpoint.pt` (where it is)
and the best model so far. Called again with the same folder, a run goes on exactly where it was:
batches depend on seed and epoch alone, and the checkpoint holds every random state. accelerate
chooses device and precision and, started by `accelerate launch`, spreads batches over processes.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from longbox.errors import ModelError
from longbox.learning.checkpoint import Place, load_checkpoint, save_checkpoint
from longbox.learning.gradients import module_gradients, silence_sentence
from longbox.learning.history import (
    History,
    HistoryEntry,
    NamedValue,
    gradient_norms,
)
from longbox.learning.options import TrainOptions
from longbox.objective import LossPart, Objective

LOG_STEPS = 50
_GRADIENT_STEPS = 500


@dataclass(frozen=True, slots=True)
class Validation:
    """What a model scores on books it does not learn from.

    Attributes:
        score: The one number that decides which model is best; higher is better.
        parts: What is shown beside it.
    """

    score: float
    parts: tuple[NamedValue, ...]


class Trainee(Protocol):
    """What is trained."""

    @property
    def name(self) -> str:
        """Kind of model: fusion, sequence or closure-lite."""
        ...

    @property
    def modules(self) -> nn.Module:
        """Everything that learns."""
        ...

    def n_batches(self, epoch: int) -> int:
        """Return how many batches an epoch has."""
        ...

    def batches(self, epoch: int) -> Iterator[Any]:
        """Yield the batches of an epoch, always the same ones."""
        ...

    def objective(self, batch: Any, generator: torch.Generator) -> Objective:
        """Compute the losses of a batch."""
        ...

    def validate(self) -> Validation:
        """Score the model, in evaluation mode and without gradients."""
        ...

    def save(self, folder: Path, validation: Validation) -> None:
        """Write the model."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        losses: Means since the last report, each beside its chance mark.
        validation: Where one was just made.
        warning: A loud line, where there is one.
    """

    step: int
    n_steps: int
    losses: tuple[NamedValue, ...]
    validation: Validation | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended.

    Attributes:
        best: The best validation score, and its parts.
        stopped_early: By patience.
        silent: Parameters that never got a gradient.
    """

    steps: int
    seconds: float
    best: Validation | None
    stopped_early: bool
    silent: tuple[str, ...]


class _Stepper(nn.Module):
    """Gives a trainee's objective a forward pass, which is what DistributedDataParallel wraps."""

    def __init__(self, trainee: Trainee, generator: torch.Generator) -> None:
        super().__init__()
        self.learns = trainee.modules
        self._objective, self._generator = trainee.objective, generator

    def forward(self, batch: Any) -> tuple[Tensor, tuple[LossPart, ...]]:
        found = self._objective(batch, self._generator)
        return found.total, found.parts


@dataclass(slots=True)
class _Means:
    """Losses since the last report."""

    sums: dict[str, tuple[float, float, int]] = field(default_factory=dict)

    def add(self, parts: tuple[LossPart, ...]) -> None:
        for part in parts:
            value, chance, n = self.sums.get(part.name, (0.0, 0.0, 0))
            self.sums[part.name] = (value + part.value, chance + part.chance, n + 1)

    def take(self) -> tuple[NamedValue, ...]:
        found = tuple(NamedValue(k, v / n, c / n) for k, (v, c, n) in sorted(self.sums.items()))
        self.sums = {}
        return found


class TrainingRun:
    """One run in its folder; `go` trains to the end, or on from where a killed run was."""

    def __init__(
        self,
        trainee: Trainee,
        folder: Path,
        options: TrainOptions,
        on_progress: Callable[[Progress], None],
    ) -> None:
        from accelerate import Accelerator, DistributedDataParallelKwargs

        unused = DistributedDataParallelKwargs(find_unused_parameters=True)
        self._accelerator = Accelerator(
            mixed_precision=options.precision.value,
            cpu=options.device == "cpu",
            kwargs_handlers=[unused],
            log_with=list(options.trackers) or None,
            project_dir=folder,
        )
        if options.trackers:
            self._accelerator.init_trackers(trainee.name)
        self._trainee, self._folder = trainee, folder
        self._options, self._tell = options, on_progress
        self._generator = torch.Generator().manual_seed(options.seed)
        self._history = History(folder)
        self._place = Place()
        self._means = _Means()
        self._unheard = {n for n, p in trainee.modules.named_parameters() if p.requires_grad}
        self._best: Validation | None = None
        self._began = time.monotonic()

    def go(self) -> RunReport:
        """Train.

        Raises:
            ModelError: A loss is not finite, or the folder holds a damaged checkpoint.
        """
        options = self._options
        stepper = _Stepper(self._trainee, self._generator)
        optimizer = torch.optim.AdamW(
            _decayed(self._trainee.modules, options.weight_decay),
            lr=options.learning_rate,
            betas=(0.9, 0.98),
        )
        n_steps = sum(self._n_batches(e) for e in range(options.epochs))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: _rate(step, n_steps, options.warmup_share)
        )
        self._resume(optimizer, schedule)
        ready, optimizer = self._accelerator.prepare(stepper, optimizer)
        torch.set_flush_denormal(True)
        is_over = self._is_out_of_patience()
        self._began = time.monotonic()
        while self._place.epoch < options.epochs and not is_over:
            is_over = self._epoch(ready, optimizer, schedule, n_steps)
        if options.trackers:
            self._accelerator.end_training()
        return RunReport(
            self._place.step,
            self._seconds(),
            self._best,
            is_over,
            tuple(sorted(self._unheard)),
        )

    def _epoch(self, stepper: Any, optimizer: Any, schedule: Any, n_steps: int) -> bool:
        """Train one epoch, or what is left of it; say whether patience is at its end."""
        n_batches = self._n_batches(self._place.epoch)
        every = max(1, n_batches // self._options.validations)
        done = self._place.batch
        for index, batch in enumerate(self._own_batches(self._place.epoch)):
            if index < done:
                continue
            self._step(stepper, optimizer, schedule, batch)
            self._place = replace(self._place, step=self._place.step + 1, batch=index + 1)
            is_last = index + 1 == n_batches
            if self._place.step % LOG_STEPS == 0 or is_last:
                self._log(schedule, n_steps)
            if is_last or ((index + 1) % every == 0 and n_batches - index > every):
                self._validate(n_steps)
            if is_last:
                self._place = replace(self._place, epoch=self._place.epoch + 1, batch=0)
            if is_last or self._place.step % self._options.checkpoint_steps == 0:
                self._save(optimizer, schedule)
            if self._is_out_of_patience():
                return True
        return False

    def _step(self, stepper: Any, optimizer: Any, schedule: Any, batch: Any) -> None:
        stepper.train()
        with self._accelerator.autocast():
            total, parts = stepper(batch)
        if not math.isfinite(float(total.detach())):
            raise ModelError(
                f"{self._folder}: the loss is not finite at step {self._place.step}; go on from an "
                f"older checkpoint with a lower --learning-rate"
            )
        self._accelerator.backward(total)
        if self._unheard:
            self._listen()
        if self._place.step % _GRADIENT_STEPS == _GRADIENT_STEPS - 1:
            self._note_gradients()
        self._accelerator.clip_grad_norm_(stepper.parameters(), self._options.clip)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        self._means.add(parts)

    def _listen(self) -> None:
        """Strike out parameters that got a gradient; whoever is left at the end learnt nothing."""
        named = dict(self._trainee.modules.named_parameters())
        for name in list(self._unheard):
            gradient = named[name].grad
            if gradient is not None and bool(gradient.any()):
                self._unheard.discard(name)

    def _note_gradients(self) -> None:
        found = gradient_norms(module_gradients(self._trainee.modules))
        self._append(HistoryEntry(self._place.step, self._passes(), gradients=found))

    def _log(self, schedule: Any, n_steps: int) -> None:
        losses = self._means.take()
        entry = HistoryEntry(
            self._place.step,
            self._passes(),
            losses=losses,
            learning_rate=float(schedule.get_last_lr()[0]),
            seconds=self._seconds(),
        )
        self._append(entry)
        self._tell(Progress(self._place.step, n_steps, losses))

    def _validate(self, n_steps: int) -> None:
        modules = self._trainee.modules
        modules.eval()
        with torch.no_grad(), _own_dice():
            found = self._trainee.validate()
        modules.train()
        self._append(HistoryEntry(self._place.step, self._passes(), scores=found.parts))
        best = self._place.best
        if best is None or found.score > best:
            self._best = found
            self._place = replace(self._place, best=found.score, since_best=0)
            if self._accelerator.is_main_process:
                self._trainee.save(self._folder, found)
        else:
            self._place = replace(self._place, since_best=self._place.since_best + 1)
        warning = None
        if self._place.epoch >= 1 or self._place.batch >= self._n_batches(0):
            warning = silence_sentence(sorted(self._unheard))
        self._tell(Progress(self._place.step, n_steps, (), found, warning))

    def _save(self, optimizer: Any, schedule: Any) -> None:
        if not self._accelerator.is_main_process:
            return
        states = {
            "modules": self._trainee.modules.state_dict(),
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
            "unheard": sorted(self._unheard),
        }
        save_checkpoint(
            self._folder, replace(self._place, seconds=self._seconds()), states, self._generator
        )

    def _resume(self, optimizer: Any, schedule: Any) -> None:
        found = load_checkpoint(self._folder, self._generator)
        if found is None:
            torch.manual_seed(self._options.seed)
            self._history.drop_after(-1)
            return
        self._place, states = found
        self._trainee.modules.load_state_dict(states["modules"])
        optimizer.load_state_dict(states["optimizer"])
        schedule.load_state_dict(states["schedule"])
        self._unheard = set(states["unheard"])
        self._history.drop_after(self._place.step)

    def _append(self, entry: HistoryEntry) -> None:
        if self._accelerator.is_main_process:
            self._history.append(entry)
        if self._options.trackers:
            named = (*entry.losses, *entry.scores)
            values = {v.name: v.value for v in named if v.value is not None}
            self._accelerator.log(values, step=entry.step)

    def _own_batches(self, epoch: int) -> Iterator[Any]:
        """Yield this process's share of the batches, moved to its device."""
        n, rank = self._accelerator.num_processes, self._accelerator.process_index
        whole = self._trainee.n_batches(epoch) // n * n
        for index, batch in enumerate(self._trainee.batches(epoch)):
            if index < whole and index % n == rank:
                yield _moved(batch, self._accelerator.device)

    def _n_batches(self, epoch: int) -> int:
        n_processes: int = self._accelerator.num_processes
        return self._trainee.n_batches(epoch) // n_processes

    def _is_out_of_patience(self) -> bool:
        return 0 < self._options.patience <= self._place.since_best

    def _passes(self) -> float:
        return self._place.epoch + self._place.batch / max(self._n_batches(self._place.epoch), 1)

    def _seconds(self) -> float:
        return self._place.seconds + time.monotonic() - self._began


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


def _moved(batch: Any, device: torch.device) -> Any:
    """Move a batch: a dataclass of tensors, or anything with its own `to`."""
    if device.type == "cpu":
        return batch
    if isinstance(batch, Tensor) or hasattr(batch, "to"):
        return batch.to(device)
    if is_dataclass(batch) and not isinstance(batch, type):
        return replace(
            batch, **{f.name: _moved(getattr(batch, f.name), device) for f in fields(batch)}
        )
    return batch
