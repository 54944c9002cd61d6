"""How library and model are, in words, and what to do about what is not well.

The catalog is counted once a change of the library; the vectors are judged by a job, and what it
found is shown with its time until it is asked again.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import msgspec

from longbox.book import PageFlag
from longbox.config import Config
from longbox.library import KeptAnswers, KnownProblem, Library, LibraryStatus
from longbox.page_types import FLAG_ADVICE
from longbox.web.jobs import JobBoard
from longbox.web.jobs.vector_health import VectorHealth
from longbox.web.whereabouts import Whereabouts
from longbox.wording import plural

_LOW_DISK_BYTES: Final = 2_000_000_000
_MOST_PROBLEMS: Final = 50
_MOST_MISSING: Final = 50


@dataclass(frozen=True, slots=True)
class HealthLine:
    """One thing about the library that is well, or not.

    Attributes:
        level: ok, warning or bad.
        sentence: What is so.
        todo: What to do about it; empty where nothing is.
        job: Kind of the job that does it; empty where none does.
    """

    level: str
    sentence: str
    todo: str = ""
    job: str = ""


@dataclass(frozen=True, slots=True)
class FlagCount:
    """How many pages have a flag, and what to do about such a page."""

    flag: PageFlag
    n_pages: int
    advice: str


@dataclass(frozen=True, slots=True)
class SpaceLine:
    """One space of vectors by one encoder, of which a search can find so many."""

    space: str
    encoder: str
    dimension: int
    n_vectors: int
    n_indexed: int


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Bytes on disk, and how many are free there."""

    catalog_bytes: int
    books_bytes: int
    index_bytes: int
    free_bytes: int

    @property
    def total_bytes(self) -> int:
        """Return what the library takes in all."""
        return self.catalog_bytes + self.books_bytes + self.index_bytes


@dataclass(frozen=True, slots=True)
class LibraryHealth:
    """Everything that the health page says.

    Attributes:
        missing_files: The first fifty of `n_missing_files`.
        problems: The newest fifty of `n_problems`.
        vectors: What the health job found; None before it has been asked.
        is_outdated: Whether the library has changed since.
    """

    n_books: int
    n_pages: int
    n_panels: int
    lines: tuple[HealthLine, ...]
    flags: tuple[FlagCount, ...]
    spaces: tuple[SpaceLine, ...]
    picture_encoder: str
    sentence_encoder: str
    model: str | None
    disk: DiskUse
    missing_files: tuple[str, ...]
    n_missing_files: int
    problems: tuple[KnownProblem, ...]
    n_problems: int
    vectors: VectorHealth | None
    measured_at: datetime | None
    is_outdated: bool


@dataclass(frozen=True, slots=True)
class _Counted:
    status: LibraryStatus
    missing: tuple[str, ...]


class HealthDesk:
    """Answers how a library is; keeps its counts until the library changes."""

    def __init__(
        self, library: Library, config: Config, jobs: JobBoard, whereabouts: Whereabouts
    ) -> None:
        self._library, self._config, self._jobs = library, config, jobs
        self._whereabouts = whereabouts
        self._kept = KeptAnswers[str, _Counted](1)

    def health(self) -> LibraryHealth:
        """Return how the library is."""
        library, where = self._library, self._whereabouts
        generation = library.generation()
        counted = self._kept.get(generation, "", self._count)
        status = counted.status
        problems = library.problem_list(_MOST_PROBLEMS)
        vectors, measured_at = self._vectors()
        free = shutil.disk_usage(library.root).free
        disk = DiskUse(status.catalog_bytes, status.stores_bytes, status.index_bytes, free)
        return LibraryHealth(
            n_books=status.books,
            n_pages=status.pages,
            n_panels=status.panels,
            lines=health_lines(status, len(counted.missing), free),
            flags=tuple(FlagCount(flag, n, FLAG_ADVICE[flag]) for flag, n in status.flags),
            spaces=tuple(
                SpaceLine(s.space.value, s.fingerprint, s.dimension, s.n_vectors, s.n_indexed)
                for s in status.spaces
            ),
            picture_encoder=where.text(self._config.encoders.picture),
            sentence_encoder=where.text(self._config.encoders.sentence),
            model=status.model,
            disk=disk,
            missing_files=tuple(map(where.path, counted.missing[:_MOST_MISSING])),
            n_missing_files=len(counted.missing),
            problems=tuple(
                replace(known, problem=where.problem(known.problem)) for known in problems.problems
            ),
            n_problems=problems.total,
            vectors=vectors,
            measured_at=measured_at,
            is_outdated=vectors is not None and vectors.generation != generation,
        )

    def _count(self) -> _Counted:
        return _Counted(self._library.status(), tuple(sorted(self._library.missing_files())))

    def _vectors(self) -> tuple[VectorHealth | None, datetime | None]:
        found = self._jobs.result("health")
        if found is None:
            return None, None
        job, result = found
        vectors = msgspec.convert(result, VectorHealth)
        told = self._whereabouts.text
        shown = replace(
            vectors, absent=tuple(map(told, vectors.absent)), notes=tuple(map(told, vectors.notes))
        )
        return shown, job.ended_at


def health_lines(
    status: LibraryStatus, n_missing_files: int, free_bytes: int
) -> tuple[HealthLine, ...]:
    """Put a library's counts into words, the worst first."""
    lines = [
        line
        for line in (
            _disk(free_bytes),
            _failed(status),
            _missing(n_missing_files),
            _unsearchable(status),
            _unembedded(status),
            _unfit(status),
        )
        if line is not None
    ]
    if not lines and status.books:
        lines = [HealthLine("ok", "Every book is read, searchable, and where it was.")]
    rank = {"bad": 0, "warning": 1, "ok": 2}
    return tuple(sorted(lines, key=lambda line: rank[line.level]))


def _disk(free_bytes: int) -> HealthLine | None:
    if free_bytes >= _LOW_DISK_BYTES:
        return None
    left = f"Only {free_bytes / 1e9:.1f} GB are free on the library's disk."
    return HealthLine("bad", left, "Make room before more books are read.")


def _failed(status: LibraryStatus) -> HealthLine | None:
    if not status.failed_files:
        return None
    return HealthLine(
        "warning",
        f"{plural(status.failed_files, 'file')} could not be read as a book.",
        "See below why, repair or replace it, and read it again.",
        "refresh",
    )


def _missing(n_files: int) -> HealthLine | None:
    if not n_files:
        return None
    return HealthLine(
        "warning",
        f"{plural(n_files, 'file is', 'files are')} not where "
        f"{'it was' if n_files == 1 else 'they were'}.",
        "Plug the disk in or put them back, then look again; moved files are found by their pages.",
        "sync",
    )


def _unsearchable(status: LibraryStatus) -> HealthLine | None:
    waiting = sum(space.n_vectors - space.n_indexed for space in status.spaces)
    if not waiting:
        return None
    return HealthLine(
        "warning",
        f"{waiting:,} vectors cannot be searched yet.",
        "The end of a run makes them searchable; embed if none is under way.",
        "embed",
    )


def _unembedded(status: LibraryStatus) -> HealthLine | None:
    if status.model is None:
        if not status.books:
            return None
        return HealthLine(
            "warning",
            "No book has vectors of the panel model, so searches know no story context.",
            "Embed the books.",
            "embed",
        )
    if not status.unembedded_books:
        return None
    n = status.unembedded_books
    return HealthLine(
        "warning",
        f"{plural(n, 'book lacks', 'books lack')} up-to-date vectors of the panel model.",
        "Embed what is missing.",
        "embed",
    )


def _unfit(status: LibraryStatus) -> HealthLine | None:
    n = status.unfit_descriptions + status.unfinished_descriptions
    if not n:
        return None
    return HealthLine(
        "warning",
        f"{plural(n, 'page')} described with other panels than now, or not to the end.",
        "Run `longbox describe` again.",
    )
