"""How a training run goes, whatever it trains."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from longbox.errors import ConfigError

DEVICES = ("auto", "cpu", "cuda", "mps", "xpu")


class Precision(StrEnum):
    """Numbers that forward passes are computed in; weights and optimizer stay in float32.

    No float16: its range is too small for the marks that keep absent candidates out (-1e9).
    """

    FLOAT32 = "no"
    BFLOAT16 = "bf16"


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """How a run goes.

    Attributes:
        epochs: Passes over the data.
        batch_size: Samples a step, of all processes together; of fusion, panels.
        learning_rate: At its height, after `warmup_share` of all steps; falls as a cosine.
        weight_decay: AdamW's.
        clip: Longest gradient.
        patience: Validations without a better score before the run stops; 0 never stops it.
        validations: How many a run has an epoch.
        checkpoint_steps: How often what a run needs to go on is written.
        seed: Of weights, batches and dropout.
        device: "auto", "cpu", "cuda", "mps" or "xpu"; one that is not there is refused.
        trackers: "tensorboard" or "wandb", where they are installed, beside the history file.
    """

    epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 3e-4
    weight_decay: float = 0.05
    warmup_share: float = 0.05
    clip: float = 1.0
    patience: int = 5
    validations: int = 1
    checkpoint_steps: int = 500
    seed: int = 0
    precision: Precision = Precision.FLOAT32
    device: str = "auto"
    trackers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch_size, self.checkpoint_steps, self.validations) < 1:
            raise ConfigError("epochs, batch size, validations, checkpoint steps must be 1 or more")
        if not 0 < self.learning_rate < 1 or self.weight_decay < 0 or self.clip <= 0:
            raise ConfigError("the learning rate must be above 0 and below 1, clip above 0")
        if self.patience < 0 or not 0 <= self.warmup_share < 1:
            raise ConfigError("patience must be 0 or more, warmup_share from 0 below 1")
        if self.device not in DEVICES:
            raise ConfigError(f"no device is called {self.device!r}; use {', '.join(DEVICES)}")
        for name in self.trackers:
            if name not in ("tensorboard", "wandb"):
                raise ConfigError(f"no tracker is called {name!r}; use tensorboard or wandb")
