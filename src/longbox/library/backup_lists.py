"""The lists of a folder of backups, and where each content is kept.

A list is JSON: every file of the library with its size, its time and its SHA-256, and the SHA-256
of all of that.

One process at a time writes a folder of backups: contents that no list names yet are those of a
backup that still runs, or nobody's.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from longbox.errors import LibraryError, NewerFormatError
from longbox.library.locks import NO_LOCKS, take_lock
from longbox.library.stores import disk_errors, sync_folder

BACKUP_FORMAT: Final = 1
BACKUPS_NAME: Final = "backups"
FILES_NAME: Final = "files"
PARTIAL: Final = "partial-"
_LOCK_NAME: Final = ".lock"
_WAIT_S: Final = 10.0
_PAUSE_S: Final = 0.1
_KIND: Final = "longbox backup"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of the library as it was when the backup was made.

    Attributes:
        path: Inside the library, with forward slashes.
        mtime_ns: Of the library's file: what has the same size and time is not read again.
    """

    path: str
    size_bytes: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup of a library.

    Attributes:
        made_at: ISO 8601 time; names the backup.
        library: Where the library was.
        files: By path.
    """

    made_at: str
    library: str
    files: tuple[KeptFile, ...]

    @property
    def size_bytes(self) -> int:
        """Size of all files."""
        return sum(file.size_bytes for file in self.files)


def backups_in(target: Path) -> tuple[Backup, ...]:
    """Return the backups in a folder, oldest first.

    Raises:
        LibraryError: There are none, or a list is damaged or of a newer Longbox.
    """
    folder = target / BACKUPS_NAME
    with disk_errors(folder):
        names = sorted(p.name for p in folder.glob("*.json")) if folder.is_dir() else []
    if not names:
        raise LibraryError(f"{target}: no backup here; make one with `longbox library backup`")
    return tuple(_read_list(folder / name) for name in names)


def remove_backups(target: Path, n_kept: int) -> int:
    """Keep the newest backups; return how many older ones were deleted, with what only they had.

    Raises:
        LibraryError: A list is damaged, a backup is being made here, or the disk refuses.
    """
    backups_in(target)
    with backups_turn(target):
        return _remove_backups(target, n_kept)


def _remove_backups(target: Path, n_kept: int) -> int:
    found = backups_in(target)
    old, kept = found[: max(0, len(found) - n_kept)], found[max(0, len(found) - n_kept) :]
    needed = {file.sha256 for backup in kept for file in backup.files}
    with disk_errors(target):
        for backup in old:
            _list_path(target, backup.made_at).unlink()
        for path in (target / FILES_NAME).glob("*/*"):
            if old and path.name not in needed:
                path.unlink()
    return len(old)


@contextmanager
def backups_turn(target: Path) -> Iterator[None]:
    """Let one process at a time write a folder of backups; a killed one lets go by itself.

    A disk without locks, as a network may bring one, is written all the same: there nobody is kept
    from backing up, and nobody from overlapping.

    Raises:
        LibraryError: Another process writes it, and goes on doing so.
    """
    folder = target / BACKUPS_NAME
    with disk_errors(folder):
        handle = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        last = time.monotonic() + _WAIT_S
        while not _is_taken(folder, handle):
            if time.monotonic() >= last:
                raise LibraryError(
                    f"{target}: another process writes these backups; run again when it is done"
                )
            time.sleep(_PAUSE_S)
        yield
    finally:
        os.close(handle)


def _is_taken(folder: Path, handle: int) -> bool:
    with disk_errors(folder):
        try:
            return take_lock(handle, waits=False)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            return True


def content_path(target: Path, sha256: str) -> Path:
    """Return where a content is kept."""
    return target / FILES_NAME / sha256[:2] / sha256


def latest_files(target: Path) -> Sequence[KeptFile]:
    """Return the files of the newest backup that can be read; none where there is none."""
    folder = target / BACKUPS_NAME
    for path in sorted(folder.glob("*.json"), reverse=True) if folder.is_dir() else ():
        try:
            return _read_list(path).files
        except NewerFormatError:
            raise
        except LibraryError:
            continue
    return ()


def _list_path(target: Path, made_at: str) -> Path:
    return target / BACKUPS_NAME / f"{made_at.replace(':', '').partition('+')[0]}.json"


def write_list(target: Path, backup: Backup) -> None:
    """Put a backup's list in its place: from then on the backup exists.

    Raises:
        OSError: The disk refuses.
    """
    files = [asdict(file) for file in backup.files]
    whole = {
        "format": BACKUP_FORMAT,
        "kind": _KIND,
        "made_at": backup.made_at,
        "library": backup.library,
        "sha256": _digest(files),
        "files": files,
    }
    path = _list_path(target, backup.made_at)
    partial = path.with_name(f"{PARTIAL}{os.getpid()}")
    try:
        with partial.open("w", encoding="ascii") as file:
            file.write(json.dumps(whole, indent=0) + "\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


def _read_list(path: Path) -> Backup:
    with disk_errors(path):
        data = path.read_bytes()
    try:
        whole = json.loads(data)
        if int(whole["format"]) > BACKUP_FORMAT:
            raise NewerFormatError(f"{path}: made by a newer Longbox; upgrade Longbox")
        files = tuple(_kept_file(record) for record in whole["files"])
        is_whole = whole["kind"] == _KIND and whole["sha256"] == _digest(whole["files"])
        made = Backup(str(whole["made_at"]), str(whole["library"]), files)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LibraryError(
            f"{path}: damaged list of a backup ({error}); move it away to use an older backup"
        ) from error
    if not is_whole:
        raise LibraryError(
            f"{path}: damaged list of a backup (its checksum does not fit); move it away to use an "
            "older backup"
        )
    return made


def _kept_file(record: dict[str, Any]) -> KeptFile:
    file = KeptFile(
        str(record["path"]),
        int(record["size_bytes"]),
        int(record["mtime_ns"]),
        str(record["sha256"]),
    )
    parts = file.path.split("/")
    if not all(part not in ("", ".", "..") and "\\" not in part for part in parts):
        raise ValueError(f"{file.path!r} leads out of the library")
    if len(file.sha256) != 64 or not set(file.sha256) <= set("0123456789abcdef"):
        raise ValueError("a checksum is none")
    return file


def _digest(files: Any) -> str:
    plain = json.dumps(files, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode("ascii")).hexdigest()
