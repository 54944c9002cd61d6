"""What a training run trains, what it tells on the way, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from longbox.learning.history import HealthValue, NamedValue
from longbox.objective import LossPart, Objective, Spread, alone

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True, slots=True)
class Validation:
    """What a model scores on books it does not learn from.

    Attributes:
        score: The one number that decides which model is best; higher is better.
        parts: What is shown beside it.
        health: Of the vectors that the model makes of these books.
    """

    score: float
    parts: tuple[NamedValue, ...]
    health: tuple[HealthValue, ...] = ()


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

    def objective(
        self, batch: Any, generator: torch.Generator, spread: Spread = alone
    ) -> Objective:
        """Compute the losses of a batch, what is done row by row through `spread`."""
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
        is_best: The validation is the best so far, and its model was kept.
    """

    step: int
    n_steps: int
    losses: tuple[NamedValue, ...]
    validation: Validation | None = None
    warning: str | None = None
    is_best: bool = False


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended.

    Attributes:
        best: The best validation: its model is the one that was kept.
        stopped_early: By patience.
        silent: Parameters that never got a gradient.
        was_interrupted: Somebody asked it to stop; the same call goes on from there.
    """

    steps: int
    seconds: float
    best: Validation | None
    stopped_early: bool
    silent: tuple[str, ...]
    was_interrupted: bool = False


Tell = Callable[[Progress], None]
IsStopped = Callable[[], bool]


def never() -> bool:
    """Nobody asks a run to stop."""
    return False


@dataclass(slots=True)
class Means:
    """Losses since the last report."""

    sums: dict[str, tuple[float, float, int]] = field(default_factory=dict)

    def add(self, parts: tuple[LossPart, ...]) -> None:
        """Add the parts of one step."""
        for part in parts:
            value, chance, n = self.sums.get(part.name, (0.0, 0.0, 0))
            self.sums[part.name] = (value + part.value, chance + part.chance, n + 1)

    def take(self) -> tuple[NamedValue, ...]:
        """Return the means, and begin anew."""
        found = tuple(NamedValue(k, v / n, c / n) for k, (v, c, n) in sorted(self.sums.items()))
        self.sums = {}
        return found
