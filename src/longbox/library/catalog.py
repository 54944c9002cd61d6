"""The catalog file: connections, migrations, transactions, and errors in one line.

WAL, so that searches go on while a book is merged. synchronous=NORMAL: a power cut may lose the
last merges but never tears the file, and what is lost is merged again from books/. Corrections,
which nothing could remake, are written with FULL. Every thread has its own connection.

The format number is PRAGMA user_version. An older catalog is migrated when it is opened for
writing; a newer one is refused.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

from longbox.errors import LibraryError, LongboxError, NewerFormatError

FORMAT: Final = 5
APPLICATION_ID: Final = 0x4C425831  # "LBX1"
BUSY_TIMEOUT_S: Final = 30.0
CATALOG_NAME: Final = "catalog.sqlite"

_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
# What rows of other types and lengths than ours lead to.
_ODD_ROWS: Final = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
# What a store leads to that can be read, but not be merged: no Longbox wrote it.
UNMERGEABLE: Final = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    *_ODD_ROWS,
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
        if _has_log(path) and not os.access(path.parent, os.W_OK):
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


def path_to_sql(path: str) -> str | bytes:
    """Return a file path as SQLite keeps it: text, or bytes where it is not valid UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogateescape")
    return path


def path_from_sql(value: str | bytes) -> str:
    """Return a file path that `path_to_sql` made."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")


class Catalog:
    """One catalog file with a connection for every thread that asks."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._local = threading.local()
        self._all: list[tuple[int, threading.Thread, sqlite3.Connection]] = []
        self._lock = threading.Lock()
        self._is_closed = False

    @contextmanager
    def guarded(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection and turn its errors into LibraryError.

        So too what rows lead to that no Longbox wrote: a catalog may be damaged where SQLite does
        not see it, or come from a stranger.
        """
        try:
            yield self._connection()
        except sqlite3.Error as error:
            raise explain(error, self.path) from error
        except LongboxError:
            raise
        except _ODD_ROWS as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise LibraryError(
                f"{self.path}: holds what no Longbox writes ({reason}); run `longbox library "
                "rebuild`"
            ) from error

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one read transaction: several queries see one state."""
        with self.guarded() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def transaction(self, *, is_precious: bool = False) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one write transaction: all of it happens, or nothing.

        Args:
            is_precious: Wait until the disk has it: for what cannot be made again.

        Raises:
            LibraryError: The library is read-only, busy, damaged, or the disk is full.
        """
        self.require_writable()
        with self.guarded() as connection:
            if is_precious:
                connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if is_precious:
                    connection.execute("PRAGMA synchronous = NORMAL")

    def require_writable(self) -> None:
        """Refuse to change a library that was opened read-only.

        Raises:
            LibraryError: It was.
        """
        if self.read_only:
            raise LibraryError(f"{self.path}: opened read-only; open it for writing to change it")

    def generation(self) -> int:
        """Return a number that every change raises; caches hold as long as it stays."""
        with self.guarded() as connection:
            found = connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
            return int(found[0])

    def format(self) -> int:
        """Return the format number, 0 for an empty file."""
        with self.guarded() as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])

    def migrate(self) -> None:
        """Bring the catalog to this version's format, in one transaction.

        Raises:
            LibraryError: It is of a newer format, or not a catalog at all.
        """
        with self.guarded() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                version = int(connection.execute("PRAGMA user_version").fetchone()[0])
                refuse_newer(self.path, version)
                create_tables(connection, version)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close every thread's connection; the catalog cannot be used afterwards."""
        with self._lock:
            self._is_closed = True
            connections, self._all = self._all, []
        for _, _, connection in connections:
            connection.close()

    def _connection(self) -> sqlite3.Connection:
        if self._is_closed:
            raise LibraryError(f"{self.path}: the library was closed")
        mine = getattr(self._local, "mine", None)
        if mine is not None and mine[0] == os.getpid():
            connection: sqlite3.Connection = mine[1]
            if mine[2] is None or connection.in_transaction or mine[2] == _stamp(self.path):
                return connection
            # Read without locks, and written since: what it keeps in memory is of two libraries.
            with self._lock:
                self._all = [kept for kept in self._all if kept[2] is not connection]
        stamp = None
        if self.read_only and not os.access(self.path.parent, os.W_OK):
            stamp = _stamp(self.path)
        connection = self._connect()
        self._local.mine = (os.getpid(), connection, stamp)
        with self._lock:
            # Threads come and go in a server; what they left open would add up.
            me = os.getpid()
            left = [kept for kept in self._all if kept[0] == me and not kept[1].is_alive()]
            self._all = [kept for kept in self._all if kept not in left]
            self._all.append((me, threading.current_thread(), connection))
        for _, _, old in left:
            old.close()
        return connection

    def _connect(self) -> sqlite3.Connection:
        uri = read_only_uri(self.path)
        if not self.read_only:
            mode = "rw" if self.path.exists() else "rwc"
            uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(
            uri,
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA cache_size = -65536")
            connection.execute("PRAGMA mmap_size = 1073741824")
            distrust(connection)
            if not self.read_only:
                connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def read_only_uri(path: Path) -> str:
    """Return what opens a SQLite file so that nothing in it can change."""
    mode = "ro&immutable=1" if _is_frozen(path) else "ro"
    return f"{path.absolute().as_uri()}?mode={mode}"


def _is_frozen(path: Path) -> bool:
    """Whether a SQLite file can only be read as it lies there, without locks.

    Reading a write-ahead log needs a file beside it, which cannot be made in a folder that may
    only be read. Where the log is empty the file alone is the whole; where it is not, the file
    alone is another, older library.
    """
    return not os.access(path.parent, os.W_OK) and not _has_log(path)


def _has_log(path: Path) -> bool:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except OSError:
        return False


def _stamp(path: Path) -> tuple[int, ...] | None:
    """Return what changes when another process writes a file that is read without locks."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, int(_has_log(path))


def distrust(connection: sqlite3.Connection) -> None:
    """Let nothing that stands in a catalog's schema do more than a table does.

    A library may come from a stranger: functions with effects are barred from schemas, and every
    page's cells are checked when it is read.
    """
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")


def foreign_schema(connection: sqlite3.Connection) -> str | None:
    """Return the name of a trigger or view, of which Longbox makes none; None where there is none.

    A view in the place of a table can make any question endless, and a trigger undo what is
    written.
    """
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view') LIMIT 1"
    ).fetchone()
    return None if found is None else "".join(c for c in str(found[0]) if c.isprintable())[:80]


def refuse_newer(path: Path, version: int) -> None:
    """Refuse a catalog that a newer Longbox made.

    Raises:
        NewerFormatError: The version is above FORMAT.
    """
    if version > FORMAT:
        raise NewerFormatError(
            f"{path}: library format {version} is newer than this Longbox knows ({FORMAT}); "
            "upgrade Longbox"
        )


def create_tables(connection: sqlite3.Connection, version: int) -> None:
    """Run the numbered migrations above a version, inside the caller's transaction."""
    if version >= FORMAT:
        return
    folder = resources.files("longbox.library") / "migrations"
    scripts = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    for name in scripts:
        if int(name[:4]) > version:
            for statement in _statements((folder / name).read_text(encoding="utf-8")):
                connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _statements(script: str) -> Iterator[str]:
    pending = ""
    for line in script.splitlines():
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


Rows = list[tuple[Any, ...]]
