"""What can be asked of a library: each kind of study with its question, checked and put in words.

A question is the same value that the terminal asks with, so that an answer found in either place
is the answer in both. What comes from a browser or from a kept file is read into it strictly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from longbox.analysis import Unit
from longbox.analysis.ablation import AblationOptions
from longbox.analysis.studies import ClusterQuestion, StudyKind
from longbox.errors import LongboxError, QueryError
from longbox.vectors import Space
from longbox.web.map.routes import SPACE_WORDS

# No count of a study is larger; a seed may be.
_MOST: Final = 1_000_000
_LONGEST_SAID: Final = 160


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


Question = ClusterQuestion | SpacesQuestion
QUESTIONS: Final[Mapping[StudyKind, type[Any]]] = {
    StudyKind.CLUSTERS: ClusterQuestion,
    StudyKind.SPACES: SpacesQuestion,
}


def question_of(kind: StudyKind, asked: object) -> Question:
    """Read a question.

    Raises:
        QueryError: Something in it is unknown, of another type, or makes no sense.
    """
    if kind not in QUESTIONS:
        raise QueryError(f"studies of {kind} cannot be asked for here")
    try:
        _check_counts(asked)
        question: Question = msgspec.convert(asked, QUESTIONS[kind])
    except (msgspec.ValidationError, RecursionError) as error:
        line = str(error).replace("`$", "`asked") or "nested too deep"
        raise QueryError(f"{kind}: {line}") from error
    except QueryError:
        raise
    except LongboxError as error:  # options refuse what makes no sense
        raise QueryError(f"{kind}: {error}") from error
    return question


def spaces_of(question: Question) -> tuple[Space, ...]:
    """Return the spaces that a question names."""
    return question.spaces if isinstance(question, SpacesQuestion) else (question.space,)


def title_of(kind: StudyKind, asked: object) -> str:
    """Say in a few words what was asked; also where it cannot be asked any more."""
    try:
        return _title(question_of(kind, asked))
    except QueryError:
        return kind.value.capitalize()


def _title(question: Question) -> str:
    if isinstance(question, SpacesQuestion):
        named = [SPACE_WORDS[space][0].lower() for space in question.spaces]
        which = ", ".join(named) if named else "every space"
        return f"{question.unit.value.capitalize()} by {which}: how alike, and made of what?"
    return f"Kinds of {question.unit} by {SPACE_WORDS[question.space][0].lower()}"


def details_of(kind: StudyKind, asked: object) -> tuple[str, ...]:
    """Return what was asked beside the usual, a few words each."""
    try:
        question = question_of(kind, asked)
    except QueryError:
        return ()
    if isinstance(question, SpacesQuestion):
        return ()
    options, said = question.options, []
    if options.method.value != "k-means":
        said.append(options.method.value.upper())
    if options.n_clusters is not None:
        said.append(f"{options.n_clusters:,} clusters wanted")
    if options.beside_books:
        said.append("beside what is each book's own")
    if options.seed:
        said.append(f"seed {options.seed}")
    return tuple(said)


def _check_counts(asked: object, depth: int = 0) -> None:
    """Refuse numbers that no study can be made with; seeds are only names of draws."""
    if depth > 10:
        raise RecursionError
    if isinstance(asked, dict):
        for name, value in asked.items():
            is_count = isinstance(value, int | float) and name != "seed"
            if is_count and not -_MOST <= value <= _MOST:
                raise QueryError(f"{str(name)[:_LONGEST_SAID]}: at most {_MOST:,}")
            if name == "seed" and isinstance(value, int) and not 0 <= value < 2**32:
                raise QueryError("seed: from 0 to 4,294,967,295")
            _check_counts(value, depth + 1)
    elif isinstance(asked, list | tuple):
        for each in asked:
            _check_counts(each, depth + 1)
