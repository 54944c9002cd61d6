"""What SQLite meets in a catalog, in one line with what to do; and which errors are whose."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from longbox.errors import LibraryError

_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
# What rows of other types and lengths than ours lead to.
ODD_ROWS: Final = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
# What a store leads to that can be read, but not be merged: no Longbox wrote it.
UNMERGEABLE: Final = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    *ODD_ROWS,
)
_FORBIDDEN: Final = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
# What a network folder without locks or shared memory answers to a write-ahead log.
_UNSHARED: Final = tuple(
    sqlite3.SQLITE_IOERR | (n << 8)
    for n in (9, 14, 15, 20, 21)  # *LOCK, SHMMAP
)
_OUTSIDE: Final = (
    sqlite3.SQLITE_PROTOCOL,
    *_BUSY,
    *_FORBIDDEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM,
)


def explain(error: sqlite3.Error, path: Path) -> LibraryError:
    """Say in one line what SQLite met and what to do about it."""
    text = " ".join(str(error).split())
    code = _primary(error)
    if code in _BUSY:
        return LibraryError(f"{path}: another process is writing; try again when it is done")
    if code == sqlite3.SQLITE_FULL:
        return LibraryError(f"{path}: no space left on the disk; make room and run again")
    if code == sqlite3.SQLITE_PROTOCOL or getattr(error, "sqlite_errorcode", 0) in _UNSHARED:
        return LibraryError(
            f"{path}: this disk has no locks or memory that processes share ({text}); put the "
            "library on a local disk"
        )
    if code == sqlite3.SQLITE_IOERR:
        return LibraryError(
            f"{path}: the disk is full or cannot be read or written ({text}); check its free space "
            "first, then the disk, and run again"
        )
    if code in _FORBIDDEN:
        return LibraryError(f"{path}: cannot be written; check its permissions")
    if code == sqlite3.SQLITE_CANTOPEN:
        if has_log(path) and not os.access(path.parent, os.W_OK):
            return LibraryError(
                f"{path}: its newest changes are in {path.name}-wal, which cannot be read without "
                "writing beside it; let the owner of the folder run `longbox index`, then try again"
            )
        return LibraryError(
            f"{path}: cannot be opened; check its permissions and the disk's free space"
        )
    if code in _DAMAGED:
        return LibraryError(f"{path}: damaged ({text}); run `longbox library rebuild`")
    return LibraryError(f"{path}: {text}; run again, and report it if it stays so")


def is_trouble_outside(error: sqlite3.Error) -> bool:
    """Whether the disk, its permissions or another process is to blame, not the catalog."""
    return _primary(error) in _OUTSIDE


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process holds what was asked for."""
    return _primary(error) in _BUSY


def _primary(error: sqlite3.Error) -> int | None:
    """Return SQLite's primary result code; None when Python itself raised the error."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF


def has_log(path: Path) -> bool:
    """Whether a SQLite file has changes in a log beside it."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except OSError:
        return False
