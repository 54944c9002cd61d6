"""The job that makes a study: read, measure, ask, keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from longbox.analysis.studies import (
    ConceptQuestion,
    SpacesQuestion,
    StudyKind,
    as_document,
    keep_study,
    study_clusters,
    study_concepts,
    study_spaces,
    told_clusters,
    told_concepts,
)
from longbox.analysis.units import Tell
from longbox.errors import QueryError
from longbox.library import Library
from longbox.web.jobs import JobRun, Kind, Outcome
from longbox.web.study.looking import heard_by, look_at_pages
from longbox.web.study.questions import Question, question_of, title_of
from longbox.wording import plural


@dataclass(frozen=True, slots=True)
class StudyArguments:
    """Which study.

    Attributes:
        kind: What is asked.
        asked: How: the question as JSON, what is not given is as usual.
    """

    kind: str
    asked: dict[str, Any]


def make(run: JobRun) -> Outcome:
    """Make the study that the job's arguments name."""
    kind = StudyKind(str(run.arguments["kind"]))
    question = question_of(kind, run.arguments["asked"])

    with run.open_library() as library:
        look_at_pages(run, library)
        generation = library.generation()
        run.tell(None, "reading vectors")
        found, line = _answer(library, question, heard_by(run))
        kept = keep_study(library.root, kind, question, found, generation)
    return Outcome(line, {"study_id": kept.study_id})


def _answer(library: Library, question: Question, tell: Tell) -> tuple[object, str]:
    if isinstance(question, SpacesQuestion):
        ablation = study_spaces(library, question, tell)
        n_spaces = plural(len(ablation.spaces), "space")
        return ablation, f"compared {n_spaces} on {ablation.n:,} {ablation.unit}"
    if isinstance(question, ConceptQuestion):
        concepts = told_concepts(study_concepts(library, question, tell))
        n_ideas = plural(len(concepts.selections), "idea")
        return concepts, f"compared {n_ideas} on {concepts.n_units:,} {concepts.unit}"
    told = told_clusters(study_clusters(library, question, tell))
    n_clusters = plural(len(told.portraits), "cluster")
    return told, f"found {n_clusters} of {told.n:,} {told.unit}"


def _checked(asked: StudyArguments) -> StudyArguments:
    try:
        kind = StudyKind(asked.kind)
    except ValueError:
        known = ", ".join(StudyKind)
        raise QueryError(f"{asked.kind[:40]!r} is no kind of study; use one of {known}") from None
    return StudyArguments(kind.value, as_document(question_of(kind, asked.asked)))


def _said(asked: StudyArguments) -> str:
    return title_of(StudyKind(asked.kind), asked.asked)


def arguments_of(kind: StudyKind, question: Question) -> Mapping[str, object]:
    """Return what the job of a question is asked with."""
    return {"kind": kind.value, "asked": as_document(question)}


STUDY_KIND: Final = Kind("study", "longbox.web.study.making:make", _said, StudyArguments, _checked)
