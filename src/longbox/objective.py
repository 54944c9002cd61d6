"""What one training step minimises, and each part of it beside its chance mark.

The training loop knows no model: a model hands it one number to minimise and the parts that
progress shows. A part that had nothing to ask in a batch (no panel with both picture and text) is
left out, never counted as solved. Torch is named for the type checker only.

Where several processes train one model, what is computed row by row is shared out (`Spread`), and
each of them then computes the whole objective of the whole batch. So negatives are all those of
the batch, and a model is the same however many processes made it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

Rows = TypeVar("Rows")


class Spread(Protocol):
    """Computes something of a batch row by row, the rows shared out among processes."""

    def __call__(self, compute: Callable[[Rows], Tensor], rows: Rows) -> Tensor:
        """Return `compute(rows)` of all rows, with gradients.

        Args:
            compute: Its row i may depend on row i of the batch alone.
            rows: Tensors that all begin with B rows, the same in every process.
        """
        ...


def alone(compute: Callable[[Rows], Tensor], rows: Rows) -> Tensor:
    """Compute all rows here: the `Spread` of a single process."""
    return compute(rows)


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
