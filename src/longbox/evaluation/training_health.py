"""What a training run says of itself: loss curves beside a guess's loss, and gradients.

Values and verdicts only; `longbox.learning` measures gradients and keeps the history. The end of a
curve is the mean of its last tenth (three values at least), because single batches say little.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from longbox.evaluation.verdicts import Level, Verdict, judge


@dataclass(frozen=True, slots=True)
class Curve:
    """One figure over a run.

    Attributes:
        name: "L_clip", "val panel_picking hard".
        steps: Rising.
        values: One a step; nan where it was not finite.
        chance: What a guess gets, or None where that is not known.
        is_loss: Less is better; False for an accuracy.
    """

    name: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
    chance: float | None = None
    is_loss: bool = True

    @property
    def end(self) -> float:
        """Mean of the last tenth of the values; nan where there is none or one is not finite."""
        if not self.values:
            return math.nan
        last = self.values[-max(3, len(self.values) // 10) :]
        return sum(last) / len(last)


@dataclass(frozen=True, slots=True)
class ModuleGradient:
    """The gradient of one module after a backward pass.

    Attributes:
        name: Dotted name; "(model)" for parameters of the model itself.
        norm: Euclidean, over all its trainable parameters; nan where one is not finite.
        n_parameters: Trainable numbers in it.
        n_without: How many of them are in tensors that got none, or only zeros.
    """

    name: str
    norm: float
    n_parameters: int
    n_without: int


def curve_verdicts(curves: Iterable[Curve]) -> tuple[Verdict, ...]:
    """Put curves into words: losses with a known chance, and any that are not finite."""
    verdicts = []
    for curve in curves:
        points = zip(curve.steps, curve.values, strict=True)
        broken = next((step for step, value in points if not math.isfinite(value)), None)
        if broken is not None:
            sentence = (
                f"not finite at step {broken:,}; lower the learning rate, clip gradients, and look "
                "for a division by zero or an empty batch"
            )
            verdicts.append(Verdict(f"{curve.name}: finite", Level.BAD, sentence))
        elif curve.is_loss and curve.chance is not None and curve.chance > 0:
            share = curve.end / curve.chance
            verdicts.append(judge("loss_of_chance", share, len(curve.values), curve.name))
    return tuple(verdicts)


def gradient_verdicts(gradients: Iterable[ModuleGradient]) -> tuple[Verdict, ...]:
    """Put gradients into words, one verdict for all that is well and one for each fault."""
    rows = tuple(gradients)
    faults = []
    for row in rows:
        if not math.isfinite(row.norm):
            sentence = "its gradient is not finite; lower the learning rate or clip gradients"
            faults.append(Verdict(f"gradient: {row.name}", Level.BAD, sentence))
        elif row.n_without:
            share = row.n_without / max(1, row.n_parameters)
            faults.append(judge("silent_share", share, row.n_parameters, row.name))
    if faults or not rows:
        return tuple(faults)
    return (judge("silent_share", 0.0, sum(r.n_parameters for r in rows)),)
