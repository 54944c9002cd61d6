"""A library kept a second time: `TARGET/backups/<time>.json` and `TARGET/files/<2 digits>/<sha>`.

A backup is a list of files with their SHA-256; each content is kept once, under its own name. So a
second backup copies what is new, every earlier one stays whole and can be restored, and whoever is
killed has damaged nothing: the list is written last. Files of stores and of what people typed are
only ever replaced whole, so a copy of each is consistent while others write. Of the catalog only
the record of comic files is taken (derived from nothing but long reading); the rest is made again
from the stores, unless everything is asked for.

A store that is damaged in the library is not taken: the copy of the backup before stays listed. So
too a file that the library's disk will not read; what the target's disk refuses ends the backup.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from longbox.errors import LibraryError
from longbox.library.backup_lists import (
    BACKUPS_NAME,
    FILES_NAME,
    PARTIAL,
    Backup,
    KeptFile,
    backups_turn,
    content_path,
    latest_files,
    write_list,
)
from longbox.library.backup_sources import (
    LEDGER_NAME,
    copy_catalog,
    damage_of,
    files_to_keep,
    write_ledger,
)
from longbox.library.catalog import CATALOG_NAME
from longbox.library.leftovers import is_alive
from longbox.library.opening import has_stores
from longbox.library.segment_check import sha256_of
from longbox.library.stores import STORE_SUFFIX, disk_errors, sync_folder

_CHUNK_BYTES: Final = 1 << 20

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup did.

    Attributes:
        backup: What is kept now.
        n_copied: Files whose contents were not in the target before.
        copied_bytes: Of these.
        linked: Of these, files that share their bytes with the library's.
        damaged: Files of the library that are not whole, one line each; an earlier copy of them
            was kept where there is one.
    """

    backup: Backup
    n_copied: int
    copied_bytes: int
    linked: int
    damaged: tuple[str, ...]


def backup_library(
    root: Path,
    target: Path,
    *,
    is_linked: bool = False,
    with_derived: bool = False,
    is_verified: bool = False,
    progress: Tell | None = None,
) -> BackupReport:
    """Keep a library in a folder of backups; others may go on writing it.

    Args:
        root: The library's folder.
        target: A folder of backups, or one to make; outside the library.
        is_linked: Let stores share their bytes with the library's, where both are on one file
            system: no space, but no second copy of the bytes either.
        with_derived: Also the whole catalog, indexes, maps and caches: a restore then needs no
            rebuild.
        is_verified: Read again what earlier backups copied, and copy anew what is not as it was.
        progress: Called with files done and files in all.

    Raises:
        LibraryError: There is no library, the target is inside it or something else, another
            process writes there, or the disk refuses.
    """
    if not has_stores(root) and not (root / CATALOG_NAME).exists():
        raise LibraryError(f"{root}: no library here; name the folder of one")
    _require_target(root, target)
    writer = _Writer(target, is_linked=is_linked, is_verified=is_verified)
    with disk_errors(target):
        (target / BACKUPS_NAME).mkdir(parents=True, exist_ok=True)
        (target / FILES_NAME).mkdir(exist_ok=True)
    with backups_turn(target), disk_errors(target):
        before = {file.path: file for file in latest_files(target)}
        _sweep(target)
        kept = [writer.add_ledger(root, with_derived=with_derived)]
        with disk_errors(root):
            paths = list(files_to_keep(root, with_derived=with_derived))
        for i, path in enumerate(paths):
            file = writer.add(root, path, before.get(path))
            kept += [] if file is None else [file]
            (progress or _quiet)(i + 1, len(paths))
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        made = Backup(now, str(root.absolute()), tuple(sorted(kept, key=lambda f: f.path)))
        write_list(target, made)
    return BackupReport(
        made, writer.n_copied, writer.copied_bytes, writer.n_linked, tuple(writer.damaged)
    )


class _Writer:
    """Puts files into a folder of backups, each content once."""

    def __init__(self, target: Path, *, is_linked: bool, is_verified: bool) -> None:
        self._target = target
        self._is_linked = is_linked
        self._is_verified = is_verified
        self.n_copied = 0
        self.copied_bytes = 0
        self.n_linked = 0
        self.damaged: list[str] = []

    def add(self, root: Path, path: str, before: KeptFile | None) -> KeptFile | None:
        """Keep a file; return what goes into the list, None where it is gone."""
        source = root / path
        try:
            found = source.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            return self._unread(path, error, before)
        stamp = (found.st_size, found.st_mtime_ns)
        is_same = before is not None and stamp == (before.size_bytes, before.mtime_ns)
        if before is not None and is_same and self._has(before):
            return before
        try:
            return self._copy(source, path, found.st_mtime_ns, before)
        except UnreadError as unread:
            if isinstance(unread.reason, FileNotFoundError):
                return None
            return self._unread(path, unread.reason, before)

    def _unread(self, path: str, error: OSError, before: KeptFile | None) -> KeptFile | None:
        kept = "; the copy of the backup before is kept" if before is not None else ""
        self.damaged.append(f"{path}: cannot be read ({error.strerror}){kept}; check the disk")
        return before

    def add_ledger(self, root: Path, *, with_derived: bool) -> KeptFile:
        """Keep the catalog, or only its record of files, as of one moment."""
        partial = self._partial()
        name = CATALOG_NAME if with_derived else LEDGER_NAME
        try:
            if with_derived:
                copy_catalog(root / CATALOG_NAME, partial)
            else:
                self.damaged += write_ledger(root / CATALOG_NAME, partial)
            size_bytes, sha256 = partial.stat().st_size, sha256_of(partial)
            self._settle(partial, sha256, size_bytes)
        finally:
            partial.unlink(missing_ok=True)
        return KeptFile(name, size_bytes, 0, sha256)

    def _has(self, file: KeptFile) -> bool:
        """Say whether a content is kept already; where it is not what it was, it goes."""
        place = content_path(self._target, file.sha256)
        if not place.exists():
            return False
        is_whole = place.stat().st_size == file.size_bytes and (
            not self._is_verified or sha256_of(place) == file.sha256
        )
        if not is_whole:
            place.unlink()
        return is_whole

    def _copy(
        self, source: Path, path: str, mtime_ns: int, before: KeptFile | None
    ) -> KeptFile | None:
        partial = self._partial()
        is_store = path.endswith(STORE_SUFFIX)
        try:
            is_link = is_store and self._is_linked and _linked(source, partial)
            digest, size_bytes = hashlib.sha256(), 0
            with nullcontext() if is_link else partial.open("wb") as copy:
                for piece in pieces_of(source):
                    digest.update(piece)
                    size_bytes += len(piece)
                    if copy is not None:
                        copy.write(piece)
                if copy is not None:
                    copy.flush()
                    os.fsync(copy.fileno())
            reason = damage_of(partial, path)
            if reason is not None:
                kept = "; the copy of the backup before is kept" if before is not None else ""
                self.damaged.append(f"{path}: {reason}{kept}; run `longbox library check`")
                if before is not None or is_store:
                    return before
            if self._settle(partial, digest.hexdigest(), size_bytes) and is_link:
                self.n_linked += 1
        finally:
            partial.unlink(missing_ok=True)
        return KeptFile(path, size_bytes, mtime_ns, digest.hexdigest())

    def _settle(self, partial: Path, sha256: str, size_bytes: int) -> bool:
        """Give a content its name, unless it is there; return whether it is new."""
        place = content_path(self._target, sha256)
        if place.exists() and place.stat().st_size == size_bytes:
            return False
        place.parent.mkdir(exist_ok=True)
        partial.replace(place)
        sync_folder(place.parent)
        self.n_copied += 1
        self.copied_bytes += size_bytes
        return True

    def _partial(self) -> Path:
        return self._target / FILES_NAME / f"{PARTIAL}{os.getpid()}-{uuid.uuid4().hex[:8]}"


class UnreadError(Exception):
    """A disk refused to read a file.

    Attributes:
        reason: What it said.
    """

    def __init__(self, reason: OSError) -> None:
        super().__init__(str(reason))
        self.reason = reason


def pieces_of(source: Path) -> Iterator[bytes]:
    """Yield a file's bytes; what refuses to be read is told apart from what refuses to be written.

    Raises:
        UnreadError: It cannot be opened, or not be read to its end.
    """
    try:
        with source.open("rb") as file:
            while piece := file.read(_CHUNK_BYTES):
                yield piece
    except OSError as error:
        raise UnreadError(error) from error


def _linked(source: Path, partial: Path) -> bool:
    try:
        os.link(source, partial)
    except OSError:  # another file system, or one without links: copied
        return False
    return True


def _require_target(root: Path, target: Path) -> None:
    inside = target.absolute().resolve()
    if inside == root.resolve() or root.resolve() in inside.parents:
        raise LibraryError(f"{target}: inside the library; name a folder outside it")
    if target.exists() and not target.is_dir():
        raise LibraryError(f"{target}: is no folder; name a folder of backups, or a new one")
    names = {path.name for path in target.iterdir()} if target.is_dir() else set()
    if names and not names & {BACKUPS_NAME, FILES_NAME}:
        raise LibraryError(f"{target}: holds other files; name a folder of backups, or a new one")


def _sweep(target: Path) -> None:
    """Delete what killed backups of this machine left."""
    for folder in (target / FILES_NAME, target / BACKUPS_NAME):
        for path in folder.glob(f"{PARTIAL}*"):
            pid = path.name.removeprefix(PARTIAL).partition("-")[0]
            if pid.isdigit() and not is_alive(int(pid)):
                path.unlink(missing_ok=True)


def _quiet(_done: int, _total: int) -> None:
    return
