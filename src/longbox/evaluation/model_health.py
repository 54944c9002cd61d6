"""All that is known of a model's health, in one value, with its verdicts.

What a report shows and a program reads. Parts that nobody measured are empty; they are no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from longbox.evaluation.health import (
    PairHealth,
    SpaceHealth,
    pair_verdicts,
    space_health,
    space_verdicts,
)
from longbox.evaluation.probes import DeadInput, LeakResult, dead_input_verdicts, leak_verdicts
from longbox.evaluation.training_health import (
    Curve,
    ModuleGradient,
    curve_verdicts,
    gradient_verdicts,
)
from longbox.evaluation.verdicts import Verdict

if TYPE_CHECKING:
    from longbox.evaluation.projection import JointPlot
    from longbox.evaluation.spaces import AbsentSpace, LibrarySpaces


@dataclass(frozen=True, slots=True, eq=False)
class ModelHealth:
    """The findings.

    Attributes:
        spaces: Measures of every space.
        absent: Spaces without a vector.
        pair: Of picture-only and text-only vectors of the same panels in the joint space.
        plot: Of the same.
        leaks: Of every task, on noise.
        dead: Of every modality.
        curves: Of the last training run.
        gradients: At its end.
        notes: What was left out of the measures, and how rows were sampled.
    """

    spaces: tuple[SpaceHealth, ...] = ()
    absent: tuple[AbsentSpace, ...] = ()
    pair: PairHealth | None = None
    plot: JointPlot | None = None
    leaks: tuple[LeakResult, ...] = ()
    dead: tuple[DeadInput, ...] = ()
    curves: tuple[Curve, ...] = ()
    gradients: tuple[ModuleGradient, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every finding in words: training, spaces, pairs, probes."""
        return (
            *gradient_verdicts(self.gradients),
            *curve_verdicts(self.curves),
            *(v for space in self.spaces for v in space_verdicts(space)),
            *(pair_verdicts(self.pair) if self.pair else ()),
            *leak_verdicts(self.leaks),
            *dead_input_verdicts(self.dead),
        )


def measure_spaces(
    found: LibrarySpaces, seed: int = 0, *, is_of_pages: bool = False
) -> tuple[SpaceHealth, ...]:
    """Measure every space that a library holds.

    Args:
        found: Rows of panels, or of pages.
        seed: Of samples of rows.
        is_of_pages: Whether the rows are pages.

    Raises:
        ModelError: A vector is not finite.
    """
    measured = (
        space_health(
            rows.vectors,
            rows.mask,
            rows.pages,
            rows.books,
            space=rows.space,
            seed=seed,
        )
        for rows in found.spaces
    )
    if not is_of_pages:
        return tuple(measured)
    return tuple(replace(m, name=f"{m.name} of pages", is_of_pages=True) for m in measured)
