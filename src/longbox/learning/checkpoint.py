"""What a run needs to go on exactly where it was: weights, optimizer, random states, place.

Written under another name and renamed, so a kill leaves the one before. Tensors are read without
unpickling code (`weights_only`), because a run folder may have been copied from elsewhere. Of
several processes each has dice of its own (dropout); going on with as many of them is exact, with
more of them the new ones get new dice.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from longbox.errors import ModelError

CHECKPOINT_NAME = "checkpoint.pt"
_DAMAGE = (
    OSError,
    RuntimeError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    EOFError,
    IndexError,
    pickle.UnpicklingError,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run is.

    Attributes:
        step: Optimizer steps done.
        epoch: The epoch it is in.
        batch: Batches of that epoch that are done.
        best: Best validation score so far, None before the first.
        since_best: Validations since.
        seconds: Spent so far.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    best: float | None = None
    since_best: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Dice:
    """The random states of one process.

    Attributes:
        torch: Of the CPU.
        cuda: Of its GPUs.
    """

    torch: Tensor
    cuda: Sequence[Tensor] = ()

    @classmethod
    def now(cls) -> Dice:
        """Return them as they are."""
        cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        return cls(torch.get_rng_state(), cuda)


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A checkpoint.

    Attributes:
        states: State dicts by name.
        generator: State of the run's own generator, which all processes share.
        dice: Of every process, by rank.
    """

    place: Place
    states: dict[str, Any]
    generator: Tensor
    dice: tuple[Dice, ...] = field(default=())


def save_checkpoint(
    folder: Path,
    place: Place,
    states: dict[str, Any],
    generator: torch.Generator,
    dice: Sequence[Dice],
) -> None:
    """Write a checkpoint of states (state dicts by name) at a place.

    Raises:
        ModelError: The disk refuses.
    """
    kept = {
        "place": asdict(place),
        "states": states,
        "generator": generator.get_state(),
        "torch": dice[0].torch,
        "cuda": list(dice[0].cuda),
        "others": [{"torch": d.torch, "cuda": list(d.cuda)} for d in dice[1:]],
    }
    partial = folder / f".{CHECKPOINT_NAME}.partial"
    try:
        with partial.open("wb") as file:
            torch.save(kept, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / CHECKPOINT_NAME)
    except (OSError, RuntimeError) as error:  # torch says RuntimeError for a full disk
        partial.unlink(missing_ok=True)
        raise ModelError(f"{folder}: no checkpoint can be written ({error})") from error


def load_checkpoint(folder: Path) -> Kept | None:
    """Read a checkpoint; None where there is none.

    Raises:
        ModelError: It is damaged.
    """
    path = folder / CHECKPOINT_NAME
    if not path.is_file():
        return None
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        dice = [Dice(d["torch"], list(d["cuda"])) for d in (kept, *kept.get("others", ()))]
        return Kept(Place(**kept["place"]), dict(kept["states"]), kept["generator"], tuple(dice))
    except _DAMAGE as error:
        raise unusable(folder, error) from error


def throw_on(dice: Sequence[Dice], rank: int, seed: int) -> None:
    """Go on with a process's dice, or with new ones of its own where none were kept."""
    if rank >= len(dice):
        torch.manual_seed(seed + 1_000_003 * rank)
        return
    own = dice[rank]
    torch.set_rng_state(own.torch)
    if torch.cuda.is_available() and len(own.cuda) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(list(own.cuda))


def unusable(folder: Path, error: Exception) -> ModelError:
    """Say in one line that a checkpoint cannot be gone on from."""
    reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return ModelError(
        f"{folder / CHECKPOINT_NAME}: not a usable checkpoint ({reason}); remove it, or give "
        f"--refresh, to start anew"
    )
