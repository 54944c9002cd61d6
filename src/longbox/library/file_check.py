"""Can everything beside stores and catalog be read: what people typed, and what is derived?

What people typed is read as Longbox reads it. Derived files are only asked whether they are whole
files of their kind: what makes them knows the rest, and makes them again when in doubt.
"""

from __future__ import annotations

import json
import sqlite3
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from longbox.errors import DiskError, LibraryError, NewerFormatError
from longbox.library.catalog import CATALOG_NAME
from longbox.library.catalog_check import open_for_reading
from longbox.library.catalog_errors import is_trouble_outside
from longbox.library.corrections import CORRECTIONS_NAME, corrected_books, read_corrections
from longbox.library.findings import Finding, Matter
from longbox.library.leftovers import left_in_partial
from longbox.library.saved_searches import SEARCHES_NAME, read_searches
from longbox.library.stores import PARTIAL_NAME, disk_errors

CONFIG_NAME: Final = "config.toml"
NAMES_NAME: Final = "characters/names.json"
ANSWERING_NAME: Final = "vectors/answering.json"
REVIEW_NAME: Final = "review.sqlite"
_BY_HAND: Final = "put back a copy (--repair --from BACKUP), or mend it by hand"
_SALVAGE: Final = (
    "put back a copy (--repair --from BACKUP); --repair alone keeps what can be read of it, and "
    "the damaged file"
)
_SET_ASIDE: Final = "--repair sets it aside; it is made again when somebody asks"
# Folder, pattern, how a whole file is told: derived files that take long enough to be worth it.
_DERIVED: Final = (
    ("maps", "*.npz", "zip"),
    ("studies", "*.json", "json"),
    ("features", "*/*.safetensors", "safetensors"),
    ("characters", "*/*.json", "json"),
)
_ANSWERS: Final = ("answers", "*/*.json", "json")


def check_typed(root: Path) -> Iterator[Finding]:
    """Check what people typed, which nothing can make again."""
    for book_id in corrected_books(root):
        try:
            read_corrections(root, book_id)
        except LibraryError as error:
            yield _typed(f"{CORRECTIONS_NAME}/{book_id}.json", error)
    try:
        read_searches(root)
    except LibraryError as error:
        yield _typed(SEARCHES_NAME, error)
    path = root / CONFIG_NAME
    try:
        if path.exists():
            tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        yield _unreadable(CONFIG_NAME, error)
    except ValueError as error:
        what = f"cannot be read as TOML ({' '.join(str(error).split())[:100]})"
        yield Finding(CONFIG_NAME, Matter.TYPED, what, _BY_HAND, is_repairable=False)
    yield from _check_names(root)
    yield from _strange_corrections(root)


def check_derived(root: Path, *, is_deep: bool, tell: Callable[[int], None]) -> Iterator[Finding]:
    """Check derived files.

    Args:
        root: The library's folder.
        is_deep: Also the kept answers of models, of which there is one a page.
        tell: Called with the size of each file that was read.
    """
    if (root / ANSWERING_NAME).exists() and not _is_choice(root / ANSWERING_NAME):
        yield Finding(
            ANSWERING_NAME,
            Matter.DERIVED,
            "does not say which model answers",
            "--repair sets it aside: the model with the most books answers",
        )
    reason = _database_reason(root / REVIEW_NAME)
    if reason is not None:
        yield Finding(REVIEW_NAME, Matter.DERIVED, reason, _SET_ASIDE)
    for folder, pattern, kind in (*_DERIVED, *([_ANSWERS] if is_deep else [])):
        with disk_errors(root / folder):
            paths = sorted((root / folder).glob(pattern))
        for path in paths:
            if path.name == Path(NAMES_NAME).name or not path.is_file():
                continue
            file = path.relative_to(root).as_posix()
            try:
                tell(path.stat().st_size)
                is_whole = _is_whole(path, kind)
            except FileNotFoundError:
                continue
            except OSError as error:
                yield _unreadable(file, error)
                continue
            if not is_whole:
                yield Finding(file, Matter.DERIVED, "is not a whole file", _SET_ASIDE)


def check_leftovers(root: Path) -> Iterator[Finding]:
    """Name what killed processes left."""
    with disk_errors(root / PARTIAL_NAME):
        left = left_in_partial(root)
    for path in left:
        yield Finding(
            f"{PARTIAL_NAME}/{path.name}",
            Matter.LEFTOVER,
            "its writer is gone",
            "--repair deletes it, and so does the next run",
        )


def kept_aside(root: Path) -> list[str]:
    """Say what is kept of former damage."""
    notes = [
        f"{path.name}: kept by a rebuild; delete it when the library is as it should be"
        for path in sorted(root.glob(f"{Path(CATALOG_NAME).stem}.damaged-*.sqlite"))
    ]
    n = sum(path.is_file() for path in (root / "damaged").rglob("*"))
    if n:
        notes.append(f"damaged/: {n:,} files set aside; delete them when nothing is missed")
    return notes


def _typed(file: str, error: LibraryError) -> Finding:
    if isinstance(error, NewerFormatError):
        return Finding(
            file, Matter.NEWER, "made by a newer Longbox", "upgrade Longbox", is_repairable=False
        )
    what = str(error).partition(": ")[2].partition("; ")[0]
    if isinstance(error, DiskError):
        advice = "check the disk, then check again"
        return Finding(file, Matter.UNREADABLE, what, advice, is_repairable=False)
    return Finding(file, Matter.TYPED, what, _SALVAGE)


def _unreadable(file: str, error: OSError) -> Finding:
    what = f"cannot be read ({error.strerror or error})"
    advice = "check the disk and its permissions, then check again"
    return Finding(file, Matter.UNREADABLE, what, advice, is_repairable=False)


def _check_names(root: Path) -> Iterator[Finding]:
    path = root / NAMES_NAME
    try:
        if path.exists():
            list(json.loads(path.read_bytes())["names"])
    except OSError as error:
        yield _unreadable(NAMES_NAME, error)
    except (ValueError, KeyError, TypeError, RecursionError):
        yield Finding(
            NAMES_NAME, Matter.TYPED, "no readable list of names", _BY_HAND, is_repairable=False
        )


def _strange_corrections(root: Path) -> Iterator[Finding]:
    folder = root / CORRECTIONS_NAME
    known = {f"{book_id}.json" for book_id in corrected_books(root)} | {".lock"}
    with disk_errors(folder):
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    for name in names:
        if name not in known:
            yield Finding(
                f"{CORRECTIONS_NAME}/{name}",
                Matter.STRANGE,
                "no book has this name, so nobody reads it",
                "give it its book's name, or move it out of the library",
                is_repairable=False,
            )


def _is_choice(path: Path) -> bool:
    try:
        said = json.loads(path.read_bytes())
        return isinstance(said["retired"], list) and isinstance(said["model"], str | None)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _database_reason(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        with closing(open_for_reading(path)) as connection:
            (line,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return None if is_trouble_outside(error) else "damaged"
    return None if line == "ok" else "damaged"


def _is_whole(path: Path, kind: str) -> bool:
    try:
        if kind == "zip":
            with zipfile.ZipFile(path) as archive:
                return archive.testzip() is None
        if kind == "json":
            json.loads(path.read_bytes())
            return True
        return _has_all_tensors(path)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, KeyError):
        return False
    except (TypeError, RecursionError, NotImplementedError):
        return False


def _has_all_tensors(path: Path) -> bool:
    """Say whether a safetensors file ends where its header says that it does."""
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
        if not 2 <= header_bytes <= size_bytes - 8:
            return False
        header = json.loads(file.read(header_bytes))
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    return 8 + header_bytes + max(ends, default=0) == size_bytes
