"""Pictures on disk, within a bound.

A key names everything that decides the bytes, so what is there is right for ever, whoever wrote
it: several servers may share a folder. A file is a checksum of key and content, then the content;
it is written beside its place and renamed. One that is cut short, swapped or damaged does not fit
its checksum and is made again, so nothing needs to be synced to the disk.

`<2 digits of the key>/<key>`: 256 folders, of some hundred files each at the usual bound.

The time of last use is the file's own, renewed at most once an hour. Nothing is counted at a
request: after every sixteenth of the bound that this process wrote, one thread of one server looks
through the folder and deletes what was not used longest, down to nine tenths of the bound. So a
folder may be above its bound by a sixteenth for each server.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)

_KEY_DIGITS: Final = 32
_DIGITS: Final = frozenset("0123456789abcdef")
_CHECK_BYTES: Final = 16
_LARGEST: Final = 512 << 20
_RENEW_S: Final = 3600.0
_LEFT_OVER_S: Final = 3600.0
_SWEEPS_PER_BOUND: Final = 16
_KEPT_FRACTION: Final = 0.9
_LOCK_NAME: Final = ".lock"


@dataclass(frozen=True, slots=True)
class CacheBounds:
    """How much a folder may hold.

    Attributes:
        n_bytes: Of all files together.
        n_files: Number of files.
        age_s: Since a file was used last.
    """

    n_bytes: int
    n_files: int = 10_000_000
    age_s: float = float("inf")


@dataclass(frozen=True, slots=True)
class _Kept:
    used_at: float
    size_bytes: int
    path: str


class DiskCache:
    """A bounded folder of pictures by key; safe to share between threads and processes."""

    def __init__(self, folder: Path, bounds: CacheBounds) -> None:
        self.folder = folder
        self._bounds = bounds
        self._state = threading.Lock()
        self._unswept_bytes = bounds.n_bytes  # so that the first write looks what is there
        self._sweeper: threading.Thread | None = None
        self._is_refused = False

    def get(self, key: str) -> bytes | None:
        """Return what was kept under a key, or None.

        Raises:
            ValueError: The key is not 32 hex digits.
        """
        path = self._path(key)
        # Neither a link nor a pipe that somebody put there is followed or waited for.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        flags |= getattr(os, "O_BINARY", 0)
        try:
            handle = os.open(path, flags)
        except OSError:
            return None
        try:
            with os.fdopen(handle, "rb") as file:
                facts = os.fstat(handle)
                if not stat.S_ISREG(facts.st_mode) or facts.st_size > _LARGEST:
                    return None
                content = file.read(_LARGEST + 1)
        except OSError:
            return None
        data = content[_CHECK_BYTES:]
        if content[:_CHECK_BYTES] != _check(key, data):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        if abs(time.time() - facts.st_mtime) > _RENEW_S:
            with contextlib.suppress(OSError):
                os.utime(path)
        return data

    def put(self, key: str, data: bytes) -> bool:
        """Keep something; return whether the disk took it. It not doing so is warned of once.

        Raises:
            ValueError: The key is not 32 hex digits.
        """
        path = self._path(key)
        partial = path.parent / f".{key}.{os.getpid()}.{secrets.token_hex(4)}.part"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            with os.fdopen(os.open(partial, flags, 0o600), "wb") as file:
                file.write(_check(key, data))
                file.write(data)
            partial.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink()
            self._warn(error)
            return False
        self._is_refused = False
        self._note_written(len(data) + _CHECK_BYTES)
        return True

    def discard(self, key: str) -> None:
        """Delete what was kept under a key."""
        with contextlib.suppress(OSError):
            self._path(key).unlink()

    def sweep(self) -> None:
        """Bring the folder within its bounds, unless another server is doing so."""
        try:
            with _sole(self.folder / _LOCK_NAME) as is_mine:
                if is_mine:
                    self._sweep()
        except OSError as error:
            self._warn(error)

    def wait(self) -> None:
        """Wait until a sweep that runs has ended."""
        with self._state:
            sweeper = self._sweeper
        if sweeper is not None:
            sweeper.join()

    def _path(self, key: str) -> Path:
        if len(key) != _KEY_DIGITS or not _DIGITS.issuperset(key):
            raise ValueError(f"{key!r} is no key; one has {_KEY_DIGITS} hex digits")
        return self.folder / key[:2] / key

    def _warn(self, error: OSError) -> None:
        if not self._is_refused:
            self._is_refused = True
            reason = error.strerror or type(error).__name__
            _log.warning(
                "%s: pictures are not kept there (%s); they are made for each request until it "
                "can be written",
                self.folder,
                reason,
            )

    def _note_written(self, n_bytes: int) -> None:
        with self._state:
            self._unswept_bytes += n_bytes
            if self._unswept_bytes < self._bounds.n_bytes / _SWEEPS_PER_BOUND:
                return
            if self._sweeper is not None and self._sweeper.is_alive():
                return
            self._unswept_bytes = 0
            self._sweeper = threading.Thread(
                target=self.sweep, name="longbox-picture-cache", daemon=True
            )
            self._sweeper.start()

    def _sweep(self) -> None:
        now = time.time()
        kept = sorted(self._files(now), key=lambda file: (file.used_at, file.path))
        n_bytes, n_files = sum(file.size_bytes for file in kept), len(kept)
        is_above = n_bytes > self._bounds.n_bytes or n_files > self._bounds.n_files
        fraction = _KEPT_FRACTION if is_above else 1.0
        for file in kept:
            is_old = now - file.used_at > self._bounds.age_s
            is_too_much = (
                n_bytes > fraction * self._bounds.n_bytes
                or n_files > fraction * self._bounds.n_files
            )
            if not (is_old or is_too_much):
                break
            with contextlib.suppress(OSError):
                os.unlink(file.path)  # noqa: PTH108 - a path of scandir's, by the thousand
            n_bytes, n_files = n_bytes - file.size_bytes, n_files - 1

    def _files(self, now: float) -> Iterator[_Kept]:
        """Yield what is kept; delete what killed writers left. Other files are let alone."""
        for number in range(256):
            try:
                entries = list(os.scandir(self.folder / f"{number:02x}"))
            except OSError:
                continue
            for entry in entries:
                with contextlib.suppress(OSError):
                    facts = entry.stat(follow_symlinks=False)
                    if entry.name.endswith(".part"):
                        if now - facts.st_mtime > _LEFT_OVER_S:
                            os.unlink(entry.path)  # noqa: PTH108 - as above
                    elif len(entry.name) == _KEY_DIGITS and _DIGITS.issuperset(entry.name):
                        yield _Kept(facts.st_mtime, facts.st_size, entry.path)


def cache_folder(library: Path) -> Path:
    """Return the folder for what is cached of a library: in it, or else the user's own.

    A library that cannot be written (somebody else's, or on a read-only disk) has its cache in the
    user's cache folder, under a name made of the library's path.
    """
    own = library / "cache"
    try:
        own.mkdir(mode=0o700, exist_ok=True)
        if os.access(own, os.W_OK | os.X_OK):
            return own
    except OSError:
        pass
    import platformdirs

    named = hashlib.sha256(os.fsencode(library.resolve())).hexdigest()[:16]
    return Path(platformdirs.user_cache_dir("longbox")) / "libraries" / named


def _check(key: str, data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_CHECK_BYTES, key=key.encode()).digest()


@contextlib.contextmanager
def _sole(path: Path) -> Iterator[bool]:
    """Hold a lock that the system lets go of with the process; say whether it was to be had."""
    try:
        import fcntl
    except ImportError:  # Windows: two sweeps at once only look twice
        yield True
        return
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
