"""What travels between a run and its workers.

All of it is pickled to bytes by the run itself, beside the version of Longbox that did it, so that
a worker of another version can say so instead of failing on what it cannot read.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from longbox import __version__
from longbox.book import Problem
from longbox.config import Config
from longbox.pipeline.jobs import BookResult


@dataclass(frozen=True, slots=True)
class Packed:
    """A parcel that waits in the results for the worker that gets its job."""

    book_id: str
    place: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run tells every worker once.

    Attributes:
        run: Names the run, 16 hex digits.
        root: The library's folder, as the run sees it.
        mark: Name and contents of a file below `root`, by which a worker knows that it sees the
            same folder; None where results travel by `results`.
        results: URL for this run's results, or empty.
        known: Ids of the books that the library has any file of, 8 bytes each and sorted.
        recipe: What the settings make of a book, as the run computes it.
        models: The library's own models, for workers that do not see its folder; None for none.
    """

    run: str
    root: Path
    config: Config
    mark: tuple[str, bytes] | None = None
    results: str = ""
    known: bytes = b""
    recipe: str = ""
    models: Packed | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A store that a worker made.

    Attributes:
        name: Below the library's folder.
        place: Name of its object in the results, or empty where the library's folder is shared.
    """

    name: str
    sha256: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class BookTask:
    """One comic file for a worker.

    Attributes:
        book_id: What the library knows the file by, if it does.
        size_bytes: Of the file as the run sees it; a worker that sees another one is refused.
    """

    number: int
    path: Path
    must_fit_settings: bool = False
    book_id: str | None = None
    size_bytes: int = 0
    parcel: Packed | None = None


@dataclass(frozen=True, slots=True)
class EmbedTask:
    """One book for a worker to embed."""

    book_id: str
    model: str
    parcel: Packed | None = None


@dataclass(frozen=True, slots=True)
class Embedded:
    """What became of a book that was to be embedded.

    Attributes:
        reason: Why it was not; None when it was.
        is_unreadable: Its store cannot be read: no model can be given it.
    """

    n_panels: int = 0
    reason: str | None = None
    is_unreadable: bool = False


class Refusal(StrEnum):
    """Why a worker did not take a task.

    UNFIT means every task of this run (another version, a full disk), BLIND this one.
    """

    UNFIT = "unfit"
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker says of one task.

    Attributes:
        worker: Its address.
        value: A BookResult, an Embedded, or what a part of a score came to.
        sent: The stores that it made.
        refusal: Set where nothing was done, with the reason.
    """

    worker: str
    value: Any = None
    sent: tuple[Sent, ...] = ()
    refusal: Refusal | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """A task that no worker will finish in this run.

    Attributes:
        is_retried: The next run tries again; else the file counts as bad until it changes.
    """

    reason: str
    is_retried: bool


@dataclass(frozen=True, slots=True)
class Wrapped:
    """Anything for a worker, and who wrapped it."""

    data: bytes
    version: str = field(default=__version__)

    @classmethod
    def of(cls, value: object) -> Wrapped:
        """Wrap a value."""
        return cls(pickle.dumps(value))

    def open(self) -> Any:
        """Return the value; the caller has looked at the version."""
        return pickle.loads(self.data)


def reworded(result: BookResult, old: str, new: str) -> BookResult:
    """Return a result whose problems name a folder as the run sees it."""
    problems = tuple(
        Problem(p.file, p.page, p.stage, p.reason.replace(old, new)) for p in result.problems
    )
    return replace(result, problems=problems)
