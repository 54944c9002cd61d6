"""Studies that were made, kept as JSON: the page shows what the terminal made, and it the page's.

They lie under `studies/` in the library and are derived: delete the folder and nothing is lost but
the time. What was asked names the file, so asking again replaces the older answer. A study is
written beside its place and renamed. Files of this folder are checked as a stranger's would be:
bounded in size, and read as JSON only.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from longbox.analysis.studies.documents import Json, as_document
from longbox.analysis.whole_files import whole_file
from longbox.errors import LibraryError, QueryError

STUDIES_NAME: Final = "studies"
FORMAT: Final = 1
_KIND: Final = "longbox study"
_MAX_BYTES: Final = 64 << 20
_PLAIN: Final = re.compile(r"[a-z]{1,16}-[0-9a-f]{12}")


class StudyKind(StrEnum):
    """What a study asked."""

    CONCEPTS = "concepts"
    CLUSTERS = "clusters"
    SPACES = "spaces"


@dataclass(frozen=True, slots=True)
class Study:
    """A study that was made.

    Attributes:
        study_id: Its name in the library, "clusters-0123456789ab".
        asked: What was asked, as JSON.
        found: What was found, as JSON; empty in a list of studies.
        made_at: ISO 8601 time.
        generation: Of the library it was made of; another one now means that the library changed.
    """

    study_id: str
    kind: StudyKind
    asked: Json
    found: Json
    made_at: str
    generation: int


def keep_study(root: Path, kind: StudyKind, asked: object, found: object, generation: int) -> Study:
    """Keep what was found, whole or not at all, in the place of an older answer.

    Args:
        root: The library's folder.
        kind: What was asked.
        asked: How, a value; the same question has the same name.
        found: The answer, a value.
        generation: `Library.generation()` when the study began.

    Raises:
        LibraryError: The disk refuses.
    """
    question = as_document(asked)
    study = Study(
        study_id=study_name(kind, question),
        kind=kind,
        asked=question,
        found=as_document(found),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        generation=generation,
    )
    document = {"format": FORMAT, "kept": _KIND, **as_document(study)}
    path = root / STUDIES_NAME / f"{study.study_id}.json"
    with whole_file(path) as partial, partial.open("w", encoding="utf-8") as file:
        json.dump(document, file, allow_nan=False)
    return study


def kept_studies(root: Path) -> tuple[Study, ...]:
    """Return the studies that can be read, the newest first, without what they found."""
    found: list[Study] = []
    for path in sorted((root / STUDIES_NAME).glob("[a-z]*-*.json")):
        try:
            study = read_study(root, path.stem)
        except (LibraryError, QueryError):
            continue  # a damaged one is told where it is asked for
        about = Study(study.study_id, study.kind, study.asked, {}, study.made_at, study.generation)
        found.append(about)
    return tuple(sorted(found, key=lambda study: study.made_at, reverse=True))


def read_study(root: Path, study_id: str) -> Study:
    """Return a study.

    Raises:
        QueryError: There is none of this name.
        LibraryError: Its file is damaged or of a newer format.
    """
    path = root / STUDIES_NAME / f"{study_id}.json"
    if not _PLAIN.fullmatch(study_id):
        raise QueryError(f"{study_id[:40]!r} is no study; `longbox analyze list` names them")
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise LibraryError(f"{path}: too large for a study; make it again")
        said = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise QueryError(
            f"{study_id}: there is no such study; `longbox analyze list` names them"
        ) from error
    except OSError as error:
        raise LibraryError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise LibraryError(f"{path}: damaged study ({error}); make it again") from error
    return _study(path, study_id, said)


def remove_study(root: Path, study_id: str) -> None:
    """Delete a study.

    Raises:
        QueryError: There is none of this name.
        LibraryError: The disk refuses.
    """
    path = root / STUDIES_NAME / f"{study_id}.json"
    if not _PLAIN.fullmatch(study_id) or not path.is_file():
        raise QueryError(f"{study_id[:40]!r}: there is no such study")
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise LibraryError(f"{path}: {error.strerror}; check its permissions") from error


def _study(path: Path, study_id: str, said: Json) -> Study:
    try:
        if said["kept"] != _KIND or int(said["format"]) > FORMAT:
            raise LibraryError(f"{path}: no study that this Longbox can read; make it again")
        study = Study(
            str(said["study_id"]),
            StudyKind(said["kind"]),
            said["asked"],
            said["found"],
            str(said["made_at"]),
            int(said["generation"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise LibraryError(f"{path}: damaged study ({error}); make it again") from error
    if study.study_id != study_id or not isinstance(study.found, dict):
        raise LibraryError(f"{path}: holds another study; make it again")
    return study


def study_name(kind: StudyKind, asked: object) -> str:
    """Return the name that the study of a question has, made or not."""
    said = json.dumps(as_document(asked), sort_keys=True, allow_nan=False).encode()
    return f"{kind.value}-{hashlib.sha256(said).hexdigest()[:12]}"
