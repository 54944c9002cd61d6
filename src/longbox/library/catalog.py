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
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

from longbox.errors import LibraryError, LongboxError, NewerFormatError
from longbox.library.catalog_errors import ODD_ROWS, explain, has_log

FORMAT: Final = 5
APPLICATION_ID: Final = 0x4C425831  # "LBX1"
BUSY_TIMEOUT_S: Final = 30.0
CATALOG_NAME: Final = "catalog.sqlite"
# How long closing lets other threads finish what they ask, and how long it waits for those that it
# interrupts.
_FINISH_S: Final = 1.0
_INTERRUPT_S: Final = 10.0


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


@dataclass(slots=True, eq=False)
class _Held:
    """A thread's connection.

    Attributes:
        pid: The process that opened it; one that was forked off has it too, and must not touch it.
        stamp: State of a file that is read without locks.
        n_uses: How many times the thread is in it just now.
    """

    pid: int
    thread: threading.Thread
    connection: sqlite3.Connection
    stamp: tuple[int, ...] | None
    n_uses: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether no other thread is in it."""
        is_mine = self.thread is threading.current_thread()
        return not self.n_uses or is_mine or not self.thread.is_alive()


class Catalog:
    """One catalog file with a connection for every thread that asks."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._local = threading.local()
        self._all: list[_Held] = []
        self._lock = threading.Lock()
        self._is_closed = False

    @contextmanager
    def guarded(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection and turn its errors into LibraryError.

        So too what rows lead to that no Longbox wrote: a catalog may be damaged where SQLite does
        not see it, or come from a stranger.
        """
        try:
            with self._used() as connection:
                yield connection
        except sqlite3.Error as error:
            if self._is_closed:  # which interrupted it
                raise self._closed() from error
            raise explain(error, self.path) from error
        except LongboxError:
            raise
        except ODD_ROWS as error:
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
        """Close every thread's connection; the catalog cannot be used afterwards.

        A thread that is in the middle of a question may finish within a second, then it is
        interrupted: Python's sqlite3 crashes where a connection is closed under a query. One that
        does not come back keeps its connection.
        """
        with self._lock:
            self._is_closed = True
            mine = [held for held in self._all if held.pid == os.getpid()]
            self._all = []
        began = time.monotonic()
        for held in mine:
            while not held.is_idle and time.monotonic() - began < _FINISH_S + _INTERRUPT_S:
                if time.monotonic() - began > _FINISH_S:
                    held.connection.interrupt()
                time.sleep(0.002)
            if held.is_idle:
                held.connection.close()

    def _closed(self) -> LibraryError:
        return LibraryError(f"{self.path}: the library was closed")

    @contextmanager
    def _used(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection, which nobody closes meanwhile."""
        held = self._held()
        try:
            yield held.connection
        finally:
            held.n_uses -= 1

    def _held(self) -> _Held:
        """Return this thread's connection, taken into use."""
        if self._is_closed:
            raise self._closed()
        known: _Held | None = getattr(self._local, "held", None)
        held = known if known is not None and self._is_current(known) else self._opened(known)
        with self._lock:
            if self._is_closed:  # since
                raise self._closed()
            held.n_uses += 1
        return held

    def _is_current(self, held: _Held) -> bool:
        if held.pid != os.getpid():
            return False
        return (
            held.stamp is None or held.connection.in_transaction or held.stamp == _stamp(self.path)
        )

    def _opened(self, former: _Held | None) -> _Held:
        """Open a connection for this thread, in place of the one that it had."""
        stamp = None
        if self.read_only and not os.access(self.path.parent, os.W_OK):
            stamp = _stamp(self.path)
        held = _Held(os.getpid(), threading.current_thread(), self._connect(), stamp)
        self._local.held = held
        with self._lock:
            if self._is_closed:
                held.connection.close()
                raise self._closed()
            # A former one was read without locks, and the file written since: what it keeps in
            # memory is of two libraries. And threads come and go in a server; what they left open
            # would add up.
            left = [
                kept for kept in self._all if kept.pid == held.pid and not kept.thread.is_alive()
            ]
            self._all = [kept for kept in self._all if kept not in left and kept is not former]
            self._all.append(held)
        for old in left:
            old.connection.close()
        return held

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
    return not os.access(path.parent, os.W_OK) and not has_log(path)


def _stamp(path: Path) -> tuple[int, ...] | None:
    """Return what changes when another process writes a file that is read without locks."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, int(has_log(path))


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
