"""The study: what can be asked, what was found, and the same as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field, JsonValue
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from longbox.analysis import Unit
from longbox.analysis.studies import Study, StudyKind, remove_study, study_name
from longbox.errors import QueryError
from longbox.vectors import Space
from longbox.web.addresses import study_address
from longbox.web.html import render
from longbox.web.ids import StudyId
from longbox.web.jobs import Job
from longbox.web.map.routes import SPACE_WORDS
from longbox.web.services import Services, Shared, services_of
from longbox.web.study import book_routes, report_routes
from longbox.web.study.clusters import show_clusters
from longbox.web.study.concepts import KeptConcepts, show_concepts
from longbox.web.study.documents import Damaged, StudyFolder, told
from longbox.web.study.kept_clusters import KeptClusters
from longbox.web.study.making import STUDY_KIND, arguments_of
from longbox.web.study.questions import (
    Question,
    details_of,
    question_of,
    spaces_of,
    title_of,
)
from longbox.web.study.reports import REPORT_KIND, kept_report
from longbox.web.study.spaces import KeptSpaces, show_spaces

pages = APIRouter()
api = APIRouter(tags=["studies"])
for further in (book_routes, report_routes):
    pages.include_router(further.pages)
    api.include_router(further.api)

_JOB_KINDS: Final = (STUDY_KIND.name, REPORT_KIND.name)
_MOST_PREFILLED: Final = 40
_LONGEST_PREFILLED: Final = 4_000
KIND_WORDS: Final = {
    StudyKind.CLUSTERS: "Kinds of pages",
    StudyKind.SPACES: "Spaces compared",
    StudyKind.CONCEPTS: "Ideas compared",
}


class StudyLine(BaseModel):
    """A study that was made.

    Attributes:
        asked: The question, as it can be asked again.
        made_at: ISO 8601 time.
        is_outdated: Whether the library has changed since.
        page: Address of its page for people.
    """

    study_id: str
    kind: StudyKind
    title: str
    asked: JsonValue
    made_at: str
    is_outdated: bool
    page: str


class DamagedStudy(BaseModel):
    """A study whose file cannot be read, and why."""

    study_id: str
    reason: str


class StudyList(BaseModel):
    """The studies of the library, the newest first."""

    studies: list[StudyLine]
    damaged: list[DamagedStudy]


class StudyAnswer(StudyLine):
    """A study with what was found; docs/study.md says what its fields are."""

    found: dict[str, JsonValue]


class StudyRequest(BaseModel):
    """A question: its kind, and what differs from the usual one."""

    kind: StudyKind
    asked: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="of this kind, as `asked` of a study that was made; a part of it is enough",
    )


class StudyStarted(BaseModel):
    """The job that makes a study, and the name that the study will have."""

    study_id: str
    job: Job


@dataclass(frozen=True, slots=True)
class Row:
    """A study in the page's list."""

    study: Study
    title: str
    details: tuple[str, ...]
    is_outdated: bool
    made: str


async def _folder(request: Request) -> StudyFolder:
    """Give the studies; on the event loop, so that two requests at once do not make two."""
    state = request.app.state
    if getattr(state, "study_folder", None) is None:
        state.study_folder = StudyFolder(services_of(request).library.root)
    found: StudyFolder = state.study_folder
    return found


Folder = Annotated[StudyFolder, Depends(_folder)]


# ---- pages


@pages.get("/study")
def study_page(
    request: Request,
    services: Shared,
    folder: Folder,
    concept: Annotated[list[str] | None, Query(max_length=_MOST_PREFILLED)] = None,
) -> HTMLResponse:
    """Show what can be asked, and what was found."""
    studies, damaged = folder.listed()
    there = services.library.spaces()
    usual = Space.VISION if Space.VISION in there else next(iter(there), None)
    return render(
        request,
        "study/study.html",
        rows=[_row(services, study) for study in studies],
        damaged=[_told_damaged(services, each) for each in damaged],
        there=[space for space in Space if space in there],
        usual=usual,
        words=SPACE_WORDS,
        units=tuple(Unit),
        kinds=KIND_WORDS,
        concepts=[" ".join(line.split())[:_LONGEST_PREFILLED] for line in concept or ()],
        report=kept_report(services.library.root),
        active=[job for job in services.jobs.active() if job.kind in _JOB_KINDS],
    )


@pages.get("/study/{study_id}")
def one_study_page(
    request: Request, services: Shared, folder: Folder, study_id: StudyId
) -> HTMLResponse:
    """Show what a study found."""
    study = _study(folder, study_id)
    values: dict[str, Any] = {"row": _row(services, study), "active": []}
    if study.kind is StudyKind.CLUSTERS:
        shown = show_clusters(told(study, KeptClusters))
        space = Space(shown.kept.space) if shown.kept.space in set(Space) else None
        return render(request, "study/clusters.html", shown=shown, space=space, **values)
    if study.kind is StudyKind.SPACES:
        spaces = show_spaces(told(study, KeptSpaces))
        return render(request, "study/spaces.html", shown=spaces, **values)
    if study.kind is StudyKind.CONCEPTS:
        concepts = show_concepts(told(study, KeptConcepts))
        return render(request, "study/concepts.html", shown=concepts, **values)
    raise HTTPException(404, f"studies of {study.kind} cannot be shown here")


# ---- API


@api.get("/studies")
def list_studies(services: Shared, folder: Folder) -> StudyList:
    """List the studies that were made, whoever made them."""
    studies, damaged = folder.listed()
    return StudyList(
        studies=[_line(services, study) for study in studies],
        damaged=[
            DamagedStudy(study_id=each.study_id, reason=_told_damaged(services, each).reason)
            for each in damaged
        ],
    )


@api.post("/studies", status_code=202)
def ask_study(services: Shared, asked: StudyRequest) -> StudyStarted:
    """Start the job that makes a study; the same question replaces its older answer."""
    question = question_of(asked.kind, asked.asked)
    _check_spaces(services, question)
    job = services.jobs.submit(STUDY_KIND.name, arguments_of(asked.kind, question))
    return StudyStarted(study_id=study_name(asked.kind, question), job=job)


@api.get("/studies/{study_id}")
def get_study(services: Shared, folder: Folder, study_id: StudyId) -> StudyAnswer:
    """Return a study with what was found."""
    study = _study(folder, study_id)
    return StudyAnswer(**dict(_line(services, study)), found=study.found)


@api.delete("/studies/{study_id}", status_code=204)
def delete_study(services: Shared, study_id: StudyId) -> None:
    """Forget a study; it can be made again."""
    try:
        remove_study(services.library.root, study_id)
    except QueryError as error:
        raise HTTPException(404, "there is no such study") from error


def _study(folder: StudyFolder, study_id: str) -> Study:
    try:
        return folder.study(study_id)
    except QueryError as error:
        raise HTTPException(404, "there is no such study; it may have been deleted") from error


def _row(services: Services, study: Study) -> Row:
    return Row(
        study,
        title_of(study.kind, study.asked),
        details_of(study.kind, study.asked),
        study.generation != services.library.generation(),
        study.made_at[:16].replace("T", " "),
    )


def _line(services: Services, study: Study) -> StudyLine:
    row = _row(services, study)
    return StudyLine(
        study_id=study.study_id,
        kind=study.kind,
        title=row.title,
        asked=study.asked,
        made_at=study.made_at,
        is_outdated=row.is_outdated,
        page=study_address(study.study_id),
    )


def _told_damaged(services: Services, damaged: Damaged) -> Damaged:
    return Damaged(damaged.study_id, services.options.whereabouts.text(damaged.reason))


def _check_spaces(services: Services, question: Question) -> None:
    """Refuse a space that the library has no vectors in, before a job begins.

    Raises:
        QueryError: There is none.
    """
    there = services.library.spaces()
    for space in spaces_of(question):
        if space not in there:
            known = ", ".join(there) or "none yet: index comics first"
            raise QueryError(f"this library has no {space} vectors; it has {known}")
