"""The combined report of a library: the job that makes it, and the files that it left.

There is one a library, under `studies/report`; making it again replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from longbox.analysis import Unit
from longbox.analysis.report import FILE_NAMES, HTML_NAME, ReportOptions, make_report
from longbox.analysis.studies import STUDIES_NAME
from longbox.analysis.units import Sampling
from longbox.errors import LongboxError, QueryError
from longbox.vectors import Space
from longbox.web.jobs import JobRun, Kind, Outcome
from longbox.web.study.looking import heard_by, look_at_pages

REPORT_NAME: Final = "report"
_MOST: Final = 1_000_000
_LONGEST_ADDRESS: Final = 300


@dataclass(frozen=True, slots=True)
class ReportArguments:
    """Which report.

    Attributes:
        spaces: Which are clustered and drawn; all that the library has when empty.
        units: Pages, panels, or both.
        most: At most so many units a space are looked at.
        with_ablation: Whether spaces are compared too.
        address: Of this server, for the report's ways into the reader; none when empty.
    """

    spaces: tuple[str, ...] = ()
    units: tuple[str, ...] = ("pages",)
    most: int = 50_000
    with_ablation: bool = True
    address: str = ""


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file of the report: its name and how many bytes it has."""

    name: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was made: when, and its files, the page first."""

    made_at: str
    files: tuple[ReportFile, ...]


def make(run: JobRun) -> Outcome:
    """Make the report."""
    asked = msgspec.convert(dict(run.arguments), ReportArguments)

    with run.open_library() as library:
        look_at_pages(run, library)
        files = make_report(
            library, report_folder(library.root), _options(asked), heard_by(run), config=run.config
        )
    for note in files.notes:
        run.problem(note)
    return Outcome(f"reported on {files.n_pages:,} pages of {files.n_books:,} books")


def kept_report(root: Path) -> Report | None:
    """Return the report that was made, or None."""
    page = report_file(root, HTML_NAME)
    if page is None:
        return None
    found = [(name, report_file(root, name)) for name in FILE_NAMES]
    made = datetime.fromtimestamp(page.stat().st_mtime, UTC)
    return Report(
        made.isoformat(timespec="seconds"),
        tuple(ReportFile(name, path.stat().st_size) for name, path in found if path),
    )


def report_file(root: Path, name: str) -> Path | None:
    """Return a file of the report; None where there is none, or a link is in its place."""
    folder = report_folder(root)
    path = folder / name
    is_file = name in FILE_NAMES and path.is_file()
    return path if is_file and not path.is_symlink() and not folder.is_symlink() else None


def remove_report(root: Path) -> bool:
    """Delete the report's own files; return whether there was one."""
    found = [path for name in FILE_NAMES if (path := report_file(root, name))]
    for path in found:
        path.unlink(missing_ok=True)
    return bool(found)


def report_folder(root: Path) -> Path:
    """Return where a library's report is."""
    return root / STUDIES_NAME / REPORT_NAME


def _options(asked: ReportArguments) -> ReportOptions:
    return ReportOptions(
        spaces=tuple(Space(space) for space in asked.spaces),
        units=tuple(Unit(unit) for unit in asked.units),
        sampling=Sampling(asked.most),
        with_ablation=asked.with_ablation,
        address=asked.address,
        replace=True,
    )


def _checked(asked: ReportArguments) -> ReportArguments:
    if asked.most > _MOST or len(asked.address) > _LONGEST_ADDRESS:
        raise QueryError(f"a report looks at up to {_MOST:,} units a space")
    try:
        _options(asked)
    except LongboxError as error:
        raise QueryError(f"report: {error}") from error
    except ValueError as error:  # no space, no unit
        raise QueryError(f"report: {error}") from error
    return asked


REPORT_KIND: Final = Kind(
    "report",
    "longbox.web.study.reports:make",
    lambda asked: f"Report on the whole shelf, {' and '.join(asked.units)}",
    ReportArguments,
    _checked,
)
