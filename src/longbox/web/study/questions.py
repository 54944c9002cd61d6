"""What can be asked of a library: each kind of study with its question, checked and put in words.

A question is the same value that the terminal asks with, so that an answer found in either place
is the answer in both. What comes from a browser or from a kept file is read into it strictly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from longbox.analysis.concepts import parse_spec
from longbox.analysis.studies import ClusterQuestion, ConceptQuestion, SpacesQuestion, StudyKind
from longbox.errors import LongboxError, QueryError
from longbox.vectors import Space
from longbox.web.map.routes import SPACE_WORDS

# No count of a study is larger; a seed may be.
_MOST: Final = 1_000_000
_LONGEST_SAID: Final = 160
_LONGEST_CONCEPT: Final = 4_000
_MOST_CONCEPTS: Final = 40
_MOST_NEAREST: Final = 100
_NAMED: Final = 3


Question = ClusterQuestion | SpacesQuestion | ConceptQuestion
QUESTIONS: Final[Mapping[StudyKind, type[Any]]] = {
    StudyKind.CLUSTERS: ClusterQuestion,
    StudyKind.SPACES: SpacesQuestion,
    StudyKind.CONCEPTS: ConceptQuestion,
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
    if isinstance(question, ConceptQuestion):
        _check_concepts(question)
    return question


def spaces_of(question: Question) -> tuple[Space, ...]:
    """Return the spaces that a question names."""
    return question.spaces if isinstance(question, SpacesQuestion) else (question.space,)


def title_of(kind: StudyKind, asked: object) -> str:
    """Say in a few words what was asked; also where it cannot be asked any more."""
    try:
        return _title(question_of(kind, asked))
    except QueryError:
        said = asked.get("concepts") if isinstance(asked, dict) else None
        lines = said if isinstance(said, list) else []
        named = [str(line).partition("=")[0].strip()[:60] for line in lines[:_NAMED]]
        return ", ".join(named) or kind.value.capitalize()


def _title(question: Question) -> str:
    if isinstance(question, ConceptQuestion):
        names = _names(question)
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        how = f"{question.unit.value} by {SPACE_WORDS[question.space][0].lower()}"
        return f"{', '.join(names[:_NAMED])}{more}: {how}"
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
    if not isinstance(question, ClusterQuestion):
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


def _names(question: ConceptQuestion) -> list[str]:
    return [parse_spec(concept).name[:60] for concept in question.concepts]


def _check_concepts(question: ConceptQuestion) -> None:
    """Refuse ideas that cannot be read, before a job begins."""
    if not 0 < len(question.concepts) <= _MOST_CONCEPTS:
        raise QueryError(f"give 1 to {_MOST_CONCEPTS} ideas, one a line: name = what belongs to it")
    if any(len(concept) > _LONGEST_CONCEPT for concept in question.concepts):
        raise QueryError(f"an idea has at most {_LONGEST_CONCEPT:,} characters")
    if not 0 <= question.n_nearest <= _MOST_NEAREST:
        raise QueryError(f"n_nearest: from 0 to {_MOST_NEAREST}")
    names = _names(question)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise QueryError(f"two ideas are called {twice[0]}; give each a name of its own")
    asked = (
        *(name for trio in question.closer for name in trio),
        *question.clusters,
        *(name for terms in question.arithmetic for _, name in terms),
    )
    for name in asked:
        if name[:60] not in names:
            raise QueryError(f"{name[:60]!r} is none of the ideas; they are {', '.join(names)}")


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
