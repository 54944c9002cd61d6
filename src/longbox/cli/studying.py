"""What the commands of `longbox analyze` share: their options, and how numbers are said."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from longbox.cli.progress import counting, telling
from longbox.cli.terminal import notes, one_line
from longbox.config import load_config
from longbox.errors import QueryError
from longbox.library import Library
from longbox.vectors import Space

if TYPE_CHECKING:
    from longbox.analysis.studies import StudyKind, UnitCard
    from longbox.analysis.units import Tell

SpaceOption = Annotated[
    str,
    typer.Option(
        help="In which vectors: vision, text, description, composition, fused, contextual."
    ),
]
UnitOption = Annotated[str, typer.Option("--of", help="pages or panels.")]
SeedOption = Annotated[int, typer.Option(help="Of everything that is drawn.", min=0)]
Choice = TypeVar("Choice", bound=StrEnum)
Answer = TypeVar("Answer")


def chosen(kind: type[Choice], said: str, what: str) -> Choice:
    """Return the member of an enumeration that a person named.

    Raises:
        QueryError: There is none of this name.
    """
    try:
        return kind(said.strip().lower())
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise QueryError(f"{said!r} is no {what}; use one of {known}") from None


def checked_space(said: str) -> Space:
    """Return the space that a person named.

    Raises:
        QueryError: There is none of this name.
    """
    return chosen(Space, said, "space")


def looked_at(library: Library, config: Path | None) -> None:
    """Measure the looks of pages that no index run has looked at; say what stays unknown."""
    n_unknown = len(library.books_without_looks())
    if not n_unknown:
        return
    if library.is_read_only:
        notes.print(
            f"the pages of {n_unknown:,} books were never looked at and the library is read-only: "
            "brightness, contrast and the like stay unknown for them",
            style="yellow",
            markup=False,
        )
        return
    from longbox.pipeline import measure_looks

    with counting(notes, "looking at the pages of older books") as tell:
        problems = measure_looks(library, load_config(config, library.root), tell)
    for problem in problems:
        notes.print(one_line(problem.reason), style="yellow", markup=False)


def ask(
    library: Library, kind: StudyKind, question: object, answer: Callable[[Tell], Answer]
) -> Answer:
    """Answer a question with a bar for the steps, and keep the answer where that is possible."""
    from longbox.analysis.studies import keep_study

    generation = library.generation()
    with telling(notes) as tell:
        found = answer(tell)
    if not library.is_read_only:
        kept = keep_study(library.root, kind, question, found, generation)
        notes.print(f"kept as {kept.study_id}", markup=False)
    return found


def sampled_words(n: int, n_known: int) -> str:
    """Say that units are a sample where they are."""
    return f" (a sample of {n_known:,})" if n < n_known else ""


def card_line(card: UnitCard) -> str:
    """Say where a panel or page is, with its id."""
    panel = f", panel {card.panel}" if card.panel else ""
    return f"{one_line(card.title)}, page {card.page}{panel} ({card.panel_id})"


def measure_words(measure: str) -> str:
    """Return what people call a measure; names of categories stay as they are."""
    from longbox.analysis.measures import PAGE_NUMBERS, PANEL_NUMBERS

    words = {m.name: m.words for m in (*PANEL_NUMBERS, *PAGE_NUMBERS)}
    return words.get(measure, measure.replace("_", " "))
