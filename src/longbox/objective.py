"""What one training step minimises, and each part of it beside its chance mark.

The training loop knows no model: a model hands it one number to minimise and the parts that
progress shows. A part that had nothing to ask in a batch (no panel with both picture and text) is
left out, never counted as solved. Torch is named for the type checker only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class LossPart:
    """One loss of an objective.

    Attributes:
        name: As documents call it ("L_mpm").
        value: Before its weight.
        chance: The value of a guess that favours no answer: a model that has learned nothing is
            not below it.
    """

    name: str
    value: float
    chance: float


@dataclass(frozen=True, slots=True, eq=False)
class Objective:
    """What a step minimises.

    Attributes:
        total: Weighted sum of the parts, a scalar; without a gradient where there are no parts.
        parts: What it is made of.
    """

    total: Tensor
    parts: tuple[LossPart, ...]
