"""Kept studies as the page reads them: files that anybody may have put there.

A study is JSON on the disk, made by a terminal, a notebook or a job of the page, and may be
damaged, of a later version, or a stranger's. So each is cleaned once (numbers that JSON does not
have become null, halves of characters go), and what a page shows of it is read into a dataclass of
its own: what is missing or of another type is one line that says where.

Reading is kept by the file's time and size, so that a list of a hundred studies costs a hundred
looks at the folder and no more.
"""

from __future__ import annotations

import math
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from longbox.analysis.studies import STUDIES_NAME, Study, read_study
from longbox.errors import LibraryError, QueryError
from longbox.web.ids import STUDY_ID_PATTERN

_KEPT: Final = 4
_MOST_LISTED: Final = 500
_DEEPEST: Final = 40
_NAMED: Final = re.compile(STUDY_ID_PATTERN)
T = TypeVar("T")

Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file among the studies that cannot be read."""

    study_id: str
    reason: str


class StudyFolder:
    """The studies of one library."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._lines: dict[str, tuple[Stamp, Study | Damaged]] = {}
        self._whole: OrderedDict[str, tuple[Stamp, Study]] = OrderedDict()

    def listed(self) -> tuple[tuple[Study, ...], tuple[Damaged, ...]]:
        """Return the studies without what they found, the newest first, and what is damaged."""
        lines: dict[str, tuple[Stamp, Study | Damaged]] = {}
        paths = sorted((self._root / STUDIES_NAME).glob("[a-z]*-*.json"))
        named = [path for path in paths if _NAMED.fullmatch(path.stem)]
        for path in named[:_MOST_LISTED]:
            stamp = _stamp(path)
            if stamp is None:
                continue
            known = self._lines.get(path.stem)
            is_same = known is not None and known[0] == stamp
            lines[path.stem] = known if known and is_same else (stamp, self._line(path.stem))
        with self._lock:
            self._lines = lines
        found = [line for _, line in lines.values()]
        studies = [line for line in found if isinstance(line, Study)]
        return (
            tuple(sorted(studies, key=lambda study: study.made_at, reverse=True)),
            tuple(line for line in found if isinstance(line, Damaged)),
        )

    def study(self, study_id: str) -> Study:
        """Return a study, cleaned.

        Raises:
            QueryError: There is none of this name.
            LibraryError: Its file is damaged or of a newer format.
        """
        stamp = _stamp(self._root / STUDIES_NAME / f"{study_id}.json")
        with self._lock:
            known = self._whole.get(study_id)
            if known is not None and known[0] == stamp:
                self._whole.move_to_end(study_id)
                return known[1]
        study = read_study(self._root, study_id)
        try:
            made = replace(
                study,
                asked=cleaned(study.asked),
                found=cleaned(study.found),
                made_at=str(cleaned(study.made_at))[:40],
            )
        except RecursionError as error:
            raise LibraryError(f"{study_id}: damaged study (nested too deep)") from error
        if stamp is not None:
            with self._lock:
                self._whole[study_id] = (stamp, made)
                while len(self._whole) > _KEPT:
                    self._whole.popitem(last=False)
        return made

    def _line(self, study_id: str) -> Study | Damaged:
        try:
            return replace(self.study(study_id), found={})
        except (LibraryError, QueryError) as error:
            return Damaged(study_id, str(error))


def cleaned(said: Any, depth: int = 0) -> Any:
    """Return JSON as every browser and program takes it.

    Raises:
        RecursionError: It is nested deeper than any study is.
    """
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(said, str):
        return said.encode("utf-8", "replace").decode()
    if isinstance(said, float):
        return said if math.isfinite(said) else None
    if isinstance(said, list):
        return [cleaned(each, depth + 1) for each in said]
    if isinstance(said, dict):
        return {str(cleaned(key)): cleaned(each, depth + 1) for key, each in said.items()}
    return said


def told(study: Study, kind: type[T]) -> T:
    """Read what a study found.

    Raises:
        LibraryError: Something is missing or of another type; the line says what and where.
    """
    try:
        return msgspec.convert(study.found, kind)
    except msgspec.ValidationError as error:
        line = str(error).replace("`$", "`found")
        raise LibraryError(f"{study.study_id}: damaged study ({line}); make it again") from error


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
