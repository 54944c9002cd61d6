"""What a run needs to go on exactly where it was: weights, optimizer, random states, place.

Written under another name and renamed, so a kill leaves the one before. Tensors are read without
unpickling code (`weights_only`), because a run folder may have been copied from elsewhere.
"""

from __future__ import annotations

import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

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


def save_checkpoint(
    folder: Path, place: Place, states: dict[str, Any], generator: torch.Generator
) -> None:
    """Write a checkpoint of states (state dicts by name) at a place.

    Raises:
        ModelError: The disk refuses.
    """
    kept = {
        "place": asdict(place),
        "states": states,
        "generator": generator.get_state(),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }
    partial = folder / f".{CHECKPOINT_NAME}.partial"
    try:
        torch.save(kept, partial)
        partial.replace(folder / CHECKPOINT_NAME)
    except (OSError, RuntimeError) as error:  # torch says RuntimeError for a full disk
        partial.unlink(missing_ok=True)
        raise ModelError(f"{folder}: no checkpoint can be written ({error})") from error


def load_checkpoint(
    folder: Path, generator: torch.Generator
) -> tuple[Place, dict[str, Any]] | None:
    """Read a checkpoint and set the random states to it; None where there is none.

    Raises:
        ModelError: It is damaged.
    """
    path = folder / CHECKPOINT_NAME
    if not path.is_file():
        return None
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        place, states = Place(**kept["place"]), dict(kept["states"])
        generator.set_state(kept["generator"])
        torch.set_rng_state(kept["torch"])
        if torch.cuda.is_available() and kept.get("cuda"):
            torch.cuda.set_rng_state_all(kept["cuda"])
    except _DAMAGE as error:
        raise unusable(folder, error) from error
    return place, states


def unusable(folder: Path, error: Exception) -> ModelError:
    """Say in one line that a checkpoint cannot be gone on from."""
    reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return ModelError(
        f"{folder / CHECKPOINT_NAME}: not a usable checkpoint ({reason}); remove it, or give "
        f"--refresh, to start anew"
    )
