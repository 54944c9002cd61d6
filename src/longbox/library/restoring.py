"""A library made again from a backup, in a folder where there is none.

Everything is put together beside the place where it shall be, each file held against its SHA-256,
the catalog and the indexes made again, and the whole renamed: a restore that was killed has left
nothing in the way. A file of the backup that is not what it was is left out and named; what is
whole is restored all the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longbox.errors import LibraryError
from longbox.library.backup import Tell, UnreadError, pieces_of
from longbox.library.backup_lists import Backup, KeptFile, backups_in, content_path
from longbox.library.backup_sources import LEDGER_NAME
from longbox.library.catalog import CATALOG_NAME, Catalog
from longbox.library.findings import CheckReport, Matter
from longbox.library.leftovers import is_alive
from longbox.library.library import Library
from longbox.library.reading import keep_aside, move_aside
from longbox.library.rebuilding import rebuild
from longbox.library.stores import BOOKS_NAME, disk_errors, partial_path, sync_folder

_PARTIAL: Final = ".restoring-"
_PUT_BACK: Final = (
    Matter.BOOK,
    Matter.DESCRIPTION,
    Matter.LEARNED,
    Matter.TYPED,
    Matter.DERIVED,
    Matter.UNREADABLE,
)


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore did.

    Attributes:
        backup: What was restored.
        books: Books in the library now.
        left_out: Files that the backup has not as they were, with the reason of each.
    """

    backup: Backup
    books: int
    left_out: Mapping[str, str]


def restore_library(
    target: Path, root: Path, made_at: str | None = None, progress: Tell | None = None
) -> RestoreReport:
    """Make a library from a backup.

    Args:
        target: The folder of backups.
        root: Where the library shall be; there must be nothing, or an empty folder.
        made_at: The start of the time of the backup that is meant; the newest when not given.
        progress: Called with files done and files in all, then as a rebuild does.

    Raises:
        LibraryError: There is something at the place, no such backup, or the disk refuses.
    """
    backup = chosen_backup(target, made_at)
    _require_free(root)
    partial = root.with_name(f"{root.name}{_PARTIAL}{os.getpid()}")
    tell = progress or _quiet
    with disk_errors(root):
        root.parent.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        try:
            partial.mkdir()
            left_out = _copy_all(target, backup, partial, tell)
            books = _make_catalog(partial, tell)
            if root.exists():
                root.rmdir()  # empty, or it fails
            partial.rename(root)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        sync_folder(root.parent)
    return RestoreReport(backup, books, left_out)


def chosen_backup(target: Path, made_at: str | None) -> Backup:
    """Return the newest backup, or the one whose time begins so.

    Raises:
        LibraryError: There is none, or several are meant.
    """
    found = backups_in(target)
    if made_at is None:
        return found[-1]
    meant = [backup for backup in found if backup.made_at.startswith(made_at)]
    if len(meant) != 1:
        times = ", ".join(backup.made_at for backup in (meant or found)[-5:])
        raise LibraryError(f"{target}: {len(meant)} backups of {made_at}; there are {times}")
    return meant[0]


def put_back(root: Path, report: CheckReport, target: Path) -> tuple[str, ...]:
    """Put copies from the newest backup in the place of what a check found damaged or gone.

    What is in the way is moved to `damaged/`. A check and a repair should follow: a store of the
    backup may be older than the one that was lost.

    Args:
        root: The library's folder.
        report: What the check found.
        target: The folder of backups.

    Returns:
        What was done, one line each.

    Raises:
        LibraryError: There is no backup, or the disk refuses.
    """
    backup = chosen_backup(target, None)
    kept = {file.path: file for file in backup.files}
    done = []
    for finding in report.findings:
        file = kept.get(finding.file)
        if file is None or finding.matter not in _PUT_BACK:
            continue
        place = root / finding.file
        partial = partial_path(root, place.name)
        with disk_errors(place):
            try:
                if copy_content(target, file, partial) is not None:
                    continue
                if place.exists() and finding.matter is Matter.TYPED:
                    keep_aside(root, place)  # a missing file would be taken for "none"
                elif place.exists():
                    move_aside(root, place)
                place.parent.mkdir(parents=True, exist_ok=True)
                partial.replace(place)
            finally:
                partial.unlink(missing_ok=True)
            sync_folder(place.parent)
        done.append(f"{finding.file}: put back from the backup of {backup.made_at}")
    return tuple(done)


def copy_content(target: Path, file: KeptFile, place: Path) -> str | None:
    """Copy a content of a backup to a place; return why that cannot be, or None.

    Raises:
        OSError: The disk refuses to write.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    reason = None
    try:
        with place.open("wb") as copy:
            for piece in pieces_of(content_path(target, file.sha256)):
                digest.update(piece)
                copy.write(piece)
            copy.flush()
            os.fsync(copy.fileno())
        if digest.hexdigest() != file.sha256:
            reason = "damaged in the backup"
    except UnreadError as unread:
        is_gone = isinstance(unread.reason, FileNotFoundError)
        said = f"cannot be read in the backup ({unread.reason.strerror})"
        reason = "gone from the backup" if is_gone else said
    if reason is not None:
        place.unlink()
    elif file.mtime_ns:
        os.utime(place, ns=(file.mtime_ns, file.mtime_ns))
    return reason


def _copy_all(target: Path, backup: Backup, partial: Path, tell: Tell) -> dict[str, str]:
    (partial / BOOKS_NAME).mkdir()
    left_out = {}
    for i, file in enumerate(backup.files):
        reason = copy_content(target, file, partial / file.path)
        if reason is not None:
            left_out[file.path] = reason
        tell(i + 1, len(backup.files))
    return left_out


def _make_catalog(partial: Path, tell: Tell) -> int:
    """Make what a backup leaves out; return how many books there are."""
    ledger = partial / LEDGER_NAME
    if not (partial / CATALOG_NAME).exists():
        catalog = Catalog(partial / CATALOG_NAME)
        try:
            rebuild(catalog, partial, ledger if ledger.exists() else None, tell)
        finally:
            catalog.close()
    ledger.unlink(missing_ok=True)
    with Library.open(partial) as library:
        library.update_indexes(tell)
        return library.status().books


def _require_free(root: Path) -> None:
    if not root.exists():
        return
    if not root.is_dir() or any(root.iterdir()):
        raise LibraryError(
            f"{root}: there is something already; name a new folder, or move that one away first"
        )


def _sweep(root: Path) -> None:
    """Delete what killed restores to this place left."""
    for path in root.parent.glob(f"{root.name}{_PARTIAL}*"):
        pid = path.name.rpartition("-")[2]
        if pid.isdigit() and not is_alive(int(pid)):
            shutil.rmtree(path, ignore_errors=True)


def _quiet(_done: int, _total: int) -> None:
    return
