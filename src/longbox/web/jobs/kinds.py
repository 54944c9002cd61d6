"""The kinds of jobs: what each is called, what it may be asked, and which function does it.

Another slice adds its own with `JobBoard.register(Kind(...))`; the function is named, not passed,
because it runs in another process, which should import no more than it needs.

What a job is asked comes from a browser. It is checked twice: its shape by its dataclass, its
sense (does the folder exist?) by `check`, before it is queued, so that people hear it at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import msgspec

from longbox.book import BOOK_ID_PATTERN
from longbox.errors import QueryError
from longbox.web.jobs.messages import shown
from longbox.wording import plural

_MOST_PATHS: Final = 64
_MOST_BOOKS: Final = 10_000
_LONGEST_PATH: Final = 4096
_BOOK_ID: Final = re.compile(BOOK_ID_PATTERN)
# What only looks like files: walking it finds no comics and does not end.
_NO_SHELVES: Final = ("/proc", "/sys", "/dev")


@dataclass(frozen=True, slots=True)
class Nothing:
    """The arguments of a kind that takes none."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job.

    Attributes:
        name: Lower case; what people post.
        work: "module:function"; see `longbox.web.jobs.child.Work`.
        what: What a job does, in one line, from its arguments.
        arguments: A frozen dataclass of JSON values.
        check: Returns arguments that make sense, or raises a QueryError.
        merge: Makes one job of a waiting one and a new one; without it they stay two, unless they
            ask the very same.
        settle_s: How long a job waits for more of its kind after the last one asked for.
        settle_at_most_s: How long it waits in all.
    """

    name: str
    work: str
    what: Callable[[Any], str]
    arguments: type[Any] = Nothing
    check: Callable[[Any], Any] = lambda arguments: arguments
    merge: Callable[[Any, Any], Any] | None = None
    settle_s: float = 0.0
    settle_at_most_s: float = 0.0

    def parse(self, given: Mapping[str, object]) -> Any:
        """Return arguments as this kind takes them.

        Raises:
            QueryError: One is unknown, missing, of another type, or makes no sense.
        """
        known = {f.name for f in fields(self.arguments)}
        if unknown := sorted(set(given) - known):
            takes = f"takes {', '.join(sorted(known))}" if known else "takes none"
            raise QueryError(f"{self.name} has no argument {shown(unknown[0])!r}; it {takes}")
        try:
            return self.check(msgspec.convert(dict(given), self.arguments))
        except msgspec.ValidationError as error:
            raise QueryError(f"{self.name}: {shown(str(error))}") from error


@dataclass(frozen=True, slots=True)
class IndexArguments:
    """Which files and folders to read.

    Attributes:
        paths: Absolute, or from the user's folder with "~".
        refresh: Also books made with other settings, and files that failed before.
    """

    paths: tuple[str, ...]
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class BooksArguments:
    """Which books."""

    book_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmbedArguments:
    """Whether books that are up to date are embedded again too."""

    refresh: bool = False


@dataclass(frozen=True, slots=True)
class SyncArguments:
    """Where moved files may be; the folders known so far when empty."""

    paths: tuple[str, ...] = ()


def checked_folder(text: str) -> Path:
    """Return a path that a person gave, when it can be read as a shelf.

    Raises:
        QueryError: It is no absolute path, does not exist, may not be read, or is the whole disk.
    """
    if not text.strip() or len(text) > _LONGEST_PATH or "\0" in text or not _is_text(text):
        raise QueryError("give the path of a comic file or of a folder with comics")
    path = Path(os.path.normpath(os.path.expanduser(text.strip())))  # noqa: PTH111 - ~ of nobody
    said = shown(text)
    if not path.is_absolute():
        raise QueryError(f"{said}: give the whole path, from the root of the disk or from ~")
    try:
        is_there, real = path.exists(), path.resolve()
    except (OSError, RuntimeError) as error:  # a name that is too long, links in a circle
        raise QueryError(f"{said}: cannot be looked at; check the path") from error
    if real == Path(real.anchor) or any(real.is_relative_to(place) for place in _NO_SHELVES):
        raise QueryError(f"{said}: this is no shelf; choose the folder that the comics lie in")
    if not is_there:
        raise QueryError(f"{said}: there is no such file or folder; check the path")
    if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        raise QueryError(f"{said}: the server may not read it; change its permissions")
    return path


def _is_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _checked_paths(paths: tuple[str, ...], *, may_be_empty: bool) -> tuple[str, ...]:
    if not paths and not may_be_empty:
        raise QueryError("give at least one comic file or folder")
    if len(paths) > _MOST_PATHS:
        raise QueryError(f"{len(paths)} paths are too many at once; give up to {_MOST_PATHS}")
    return tuple(dict.fromkeys(str(checked_folder(path)) for path in paths))


def _checked_index(asked: IndexArguments) -> IndexArguments:
    return IndexArguments(_checked_paths(asked.paths, may_be_empty=False), asked.refresh)


def _checked_sync(asked: SyncArguments) -> SyncArguments:
    return SyncArguments(_checked_paths(asked.paths, may_be_empty=True))


def _checked_books(asked: BooksArguments) -> BooksArguments:
    if len(asked.book_ids) > _MOST_BOOKS:
        raise QueryError(f"{len(asked.book_ids):,} books are too many; give up to {_MOST_BOOKS:,}")
    wrong = [book_id for book_id in asked.book_ids if not _BOOK_ID.fullmatch(book_id)]
    if wrong or not asked.book_ids:
        named = shown(wrong[0])[:40] if wrong else "nothing"
        raise QueryError(f"{named!r} is not a book id; one has 16 hex digits")
    return BooksArguments(tuple(dict.fromkeys(asked.book_ids)))


def _both_books(waiting: BooksArguments, new: BooksArguments) -> BooksArguments:
    return BooksArguments(tuple(dict.fromkeys((*waiting.book_ids, *new.book_ids))))


def _say_index(asked: IndexArguments) -> str:
    first = shown(asked.paths[0])
    more = f" and {len(asked.paths) - 1} more" if len(asked.paths) > 1 else ""
    again = ", failed and outdated books again" if asked.refresh else ""
    return f"Read comics in {first}{more}{again}"


def _say_books(asked: BooksArguments) -> str:
    return f"Take over corrections of {plural(len(asked.book_ids), 'book')}"


_WORK: Final = "longbox.web.jobs.work"

INDEX: Final = Kind("index", f"{_WORK}:index", _say_index, IndexArguments, _checked_index)
REFRESH: Final = Kind(
    "refresh",
    f"{_WORK}:refresh",
    lambda _: "Read again what failed, changed, or was made with other settings",
)
APPLY_CORRECTIONS: Final = Kind(
    "apply_corrections",
    f"{_WORK}:apply_corrections",
    _say_books,
    BooksArguments,
    _checked_books,
    merge=_both_books,
    settle_s=3.0,
    settle_at_most_s=20.0,
)
EMBED: Final = Kind(
    "embed",
    f"{_WORK}:embed",
    lambda asked: "Embed every book again" if asked.refresh else "Embed the books that lack it",
    EmbedArguments,
)
SYNC: Final = Kind(
    "sync",
    f"{_WORK}:sync",
    lambda _: "Look where the files are",
    SyncArguments,
    _checked_sync,
)
HEALTH: Final = Kind(
    "health",
    "longbox.web.jobs.health:measure_health",
    lambda _: "Judge the vectors and the model",
)
STANDARD_KINDS: Final = (INDEX, REFRESH, APPLY_CORRECTIONS, EMBED, SYNC, HEALTH)


def as_json(arguments: Any) -> dict[str, Any]:
    """Return arguments as JSON values."""
    return asdict(arguments)
