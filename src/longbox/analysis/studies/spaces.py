"""The spaces of a library, compared on the same panels or pages."""

from __future__ import annotations

from dataclasses import dataclass, field

from longbox.analysis.ablation import Ablation, AblationOptions, ablate_library
from longbox.analysis.units import Tell, Unit
from longbox.library import Library
from longbox.vectors import Space


@dataclass(frozen=True, slots=True)
class SpacesQuestion:
    """Which spaces are compared.

    Attributes:
        spaces: Two or more; all that the library has when empty.
        unit: Of pages or panels.
        options: Numbers of everything.
    """

    spaces: tuple[Space, ...] = ()
    unit: Unit = Unit.PAGES
    options: AblationOptions = field(default_factory=AblationOptions)


def study_spaces(library: Library, question: SpacesQuestion, tell: Tell | None = None) -> Ablation:
    """Compare spaces; see `ablate_library`.

    Raises:
        QueryError: The library has no vectors in one of the spaces, or fewer than two spaces.
        LibraryError: The library cannot be read.
    """
    return ablate_library(library, question.spaces, question.unit, question.options, tell)
