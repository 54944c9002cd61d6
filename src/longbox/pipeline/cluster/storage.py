"""Storage that workers and the library's machine both reach: any URL that fsspec knows.

An object store takes an object whole or not at all, so one write is one object; anything that
works like a disk gets a temporary name and a rename. What does not answer is asked again, each
time after a longer wait, and then it is an error of one line: whoever asked decides what it costs.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any, Final, TypeVar

from longbox.errors import ClusterError
from longbox.library import sha256_of
from longbox.pipeline.patience import RetryPolicy

# Where a write shows its object only when all of it is there.
_OBJECT_STORES: Final = frozenset(
    {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "oss", "memory"}
)
PATIENCE: Final = RetryPolicy(n_tries=4, first_wait_s=0.5, longest_wait_s=20.0)
T = TypeVar("T")


class Storage:
    """A folder of objects below a URL."""

    def __init__(self, url: str, patience: RetryPolicy = PATIENCE) -> None:
        """Open it; nothing is asked of it yet.

        Raises:
            ClusterError: fsspec knows no such URL, or its package is not installed.
        """
        self.url = url.rstrip("/")
        self._patience = patience
        self._fs, self._root = _opened(self.url)
        protocols = self._fs.protocol
        names = (protocols,) if isinstance(protocols, str) else tuple(protocols)
        self._is_whole = bool(_OBJECT_STORES.intersection(names))

    def put(self, name: str, data: bytes) -> None:
        """Write an object.

        Raises:
            ClusterError: The storage refused it every time.
        """
        self._patiently(name, "cannot be written", lambda: self._write(name, data))

    def get(self, name: str, sha256: str) -> bytes:
        """Read an object whose digest is known.

        Raises:
            ClusterError: It is not there, cannot be read, or is not what was written.
        """

        def read() -> bytes:
            data: bytes = self._fs.cat_file(self._path(name))
            if sha256_of(data) != sha256:
                raise OSError(f"{len(data)} bytes that are not those which were written")
            return data

        return self._patiently(name, "cannot be read", read)

    def remove(self, name: str) -> None:
        """Delete an object; one that is gone or will not go is left to whoever cleans up."""
        try:
            self._fs.rm_file(self._path(name))
        except Exception:  # noqa: BLE001 - fsspec's backends raise what their libraries raise; what
            # stays behind costs room and nothing else.
            return

    def remove_all(self) -> None:
        """Delete everything below the URL, as far as it will go."""
        try:
            self._fs.rm(self._root, recursive=True)
        except Exception:  # noqa: BLE001 - as in `remove`
            return

    def try_out(self) -> None:
        """Write, read and delete a small object.

        Raises:
            ClusterError: One of them is refused.
        """
        name, data = f"try-{uuid.uuid4().hex[:8]}", b"longbox"
        self.put(name, data)
        self.get(name, sha256_of(data))
        self.remove(name)

    def below(self, name: str) -> Storage:
        """Return the storage of a folder in this one."""
        return Storage(f"{self.url}/{name}", self._patience)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _write(self, name: str, data: bytes) -> None:
        path = self._path(name)
        if self._is_whole:
            self._fs.pipe_file(path, data)
            return
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        partial = f"{path}.{uuid.uuid4().hex[:8]}.partial"
        self._fs.pipe_file(partial, data)
        self._fs.mv(partial, path)

    def _patiently(self, name: str, what: str, act: Callable[[], T]) -> T:
        wait_s = self._patience.first_wait_s
        for n_tries_left in reversed(range(self._patience.n_tries)):
            try:
                return act()
            except Exception as error:
                # libraries raise (botocore, aiohttp, OSError); all of it means: not now.
                if not n_tries_left:
                    reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
                    raise ClusterError(
                        f"{self.url}/{name}: {what} ({reason}); check the storage, its room and "
                        "its credentials"
                    ) from error
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, self._patience.longest_wait_s)
        raise AssertionError("a try returns or raises")


def _opened(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    try:
        fs, root = url_to_fs(url)
    except (ValueError, ImportError) as error:
        reason = " ".join(str(error).split())
        raise ClusterError(
            f"{url}: cannot be used for results ({reason}); install the package that it needs "
            "(s3:// needs s3fs) here and on every worker"
        ) from error
    return fs, str(root).rstrip("/")
