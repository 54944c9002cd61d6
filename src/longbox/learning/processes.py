"""The processes that train one model together; most often there is one, and nothing is sent.

All of them read the same books and hold the same whole batch. What is computed row by row is
shared out (`spread`): each process encodes its rows, the results are gathered, and every process
computes the whole objective. So a contrastive loss has every negative of the batch, with gradients,
and the sum of the processes' gradients is the gradient of one process with the whole batch: the
number of processes changes how long a run takes, not what comes out.

Only process 0 reads and writes the run's folder (`from_first`); the others are told what it found,
or what went wrong there. Whoever starts them sets the usual variables (RANK, WORLD_SIZE ...), as
accelerate, torchrun and `longbox train --processes` do.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

import torch
from torch import Tensor, distributed

from longbox.errors import ConfigError, LongboxError, ModelError
from longbox.learning.placing import n_rows, rows_of

T = TypeVar("T")
Rows = TypeVar("Rows")
# The others wait while process 0 validates; whoever started them ends all when one of them dies.
_PATIENCE: Final = timedelta(hours=6)


class FailedInFirst(ModelError):  # noqa: N818 - it says where, the message says what
    """Process 0 could not go on, and has said why."""


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of a run.

    Attributes:
        n: How many.
        rank: Which one this is, from 0.
        device: What this one computes on.
    """

    n: int = 1
    rank: int = 0
    device: torch.device = torch.device("cpu")  # noqa: RUF009 - frozen

    @property
    def is_first(self) -> bool:
        """Whether this one reads, writes and speaks for all."""
        return self.rank == 0

    def from_first(self, make: Callable[[], T]) -> T:
        """Let process 0 make something, and return it in all.

        Raises:
            LongboxError: What process 0 raised; FailedInFirst in the others.
        """
        if self.n == 1:
            return make()
        told: list[Any] = [None, None]
        failure: LongboxError | None = None
        if self.is_first:
            try:
                told[0] = make()
            except LongboxError as error:
                failure, told[1] = error, str(error)
        distributed.broadcast_object_list(told, src=0, device=self.device)
        if failure is not None:
            raise failure
        if told[1] is not None:
            raise FailedInFirst(told[1])
        made: T = told[0]
        return made

    def any(self, says: bool) -> bool:
        """Return whether any process says so; the same in all."""
        if self.n == 1:
            return says
        said = torch.tensor(int(says), device=self.device)
        distributed.all_reduce(said, distributed.ReduceOp.MAX)
        return bool(said)

    def collect(self, value: T) -> list[T]:
        """Return every process's value, by rank."""
        if self.n == 1:
            return [value]
        found: list[Any] = [None] * self.n
        distributed.all_gather_object(found, value)
        return found

    def spread(self, compute: Callable[[Rows], Tensor], rows: Rows) -> Tensor:
        """Share rows out and gather the results; see longbox.objective.Spread.

        Every process gets as many rows: where they do not come out even, some are computed twice
        and left out of the result, so they count in nothing.
        """
        if self.n == 1:
            return compute(rows)
        total = n_rows(rows)
        size = -(-total // self.n)
        first = self.rank * size
        own = torch.arange(first, first + size, device=self.device).clamp(max=total - 1)
        found = compute(rows_of(rows, own))
        whole: Tensor = _Gathered.apply(found.contiguous(), self.n, self.rank)  # type: ignore[no-untyped-call]
        return whole[:total]


class _Gathered(torch.autograd.Function):
    """Every process's rows, one below the other.

    Going back, a process takes the gradient of its own rows, n times: all of them compute the same
    loss, and DistributedDataParallel takes the mean of their n gradients where the sum is meant.
    What is learnt behind the gathering has the same whole gradient in all; its mean is right.
    """

    @staticmethod
    def forward(context: Any, own: Tensor, n: int, rank: int) -> Tensor:
        context.n, context.rank, context.size = n, rank, len(own)
        parts = [torch.empty_like(own) for _ in range(n)]
        distributed.all_gather(parts, own)
        parts[rank] = own
        return torch.cat(parts)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        first = context.rank * context.size
        return gradients[0][first : first + context.size] * context.n, None, None


def n_started() -> int:
    """Return how many processes this one was started among; 1 where it is alone."""
    return max(1, int(os.environ.get("WORLD_SIZE", "1")))


def is_first_started() -> bool:
    """Return whether this process was started as the one that speaks for all."""
    return os.environ.get("RANK", "0") == "0"


def open_processes(device: str = "auto") -> Processes:
    """Meet the other processes of this run, where it was started with several.

    Args:
        device: As `TrainOptions.device`; on the CPU the processes talk by gloo.

    Raises:
        ConfigError: The device cannot be shared by several processes, or there are too few.
    """
    if n_started() == 1:
        return Processes()
    _require_gpus(device)
    state = importlib.import_module("accelerate.state").PartialState
    try:
        found = state(cpu=is_cpu(device), timeout=_PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"{n_started()} processes cannot meet: {_first_line(error)}") from error
    if found.num_processes != n_started():
        raise ConfigError(
            f"{n_started()} processes cannot train together on {found.device.type}; "
            f"give --device cpu"
        )
    return Processes(found.num_processes, found.process_index, found.device)


def close_processes(processes: Processes) -> None:
    """Part from the others."""
    if processes.n > 1 and distributed.is_initialized():
        distributed.destroy_process_group()


def is_cpu(device: str) -> bool:
    """Say whether a run is on the CPU.

    Of several processes accelerate must be told so where there is no GPU: else each of them would
    train by itself, all in the same folder.
    """
    if device != "auto" or n_started() == 1:
        return device == "cpu"
    gpu = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return gpu is None or gpu.type == "mps"


def _require_gpus(device: str) -> None:
    n_here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if is_cpu(device) or not torch.accelerator.is_available():
        return
    if (n_gpus := torch.accelerator.device_count()) < n_here:
        raise ConfigError(
            f"{n_here} processes need a GPU each, this machine has {n_gpus}; start fewer, or give "
            f"--device cpu"
        )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
