"""Two runs that describe one library at once: each book is one run's at a time.

Without turns both would pay for the same pages, and the one that ends last would write a book's
descriptions without those of the other. A book's turn is a lock on one byte of a file, which the
system frees when a process is killed. It tells processes apart, not threads of one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from longbox.errors import LibraryError
from longbox.pipeline.answers import ANSWERS_NAME

_LOCK_NAME = ".lock"
# Locks reach no further everywhere. Two books that share a byte by chance wait for each other.
_MOST_BYTES = 2**31 - 2


class BookTurns:
    """The books that this run has the turn of."""

    def __init__(self, root: Path) -> None:
        """Open the file of turns; that it can be made shows that answers can be kept.

        Raises:
            LibraryError: The disk refuses.
        """
        folder = root / ANSWERS_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            reason = error.strerror or str(error)
            raise LibraryError(f"{folder}: {reason}; answers must be kept there") from error

    def take(self, book_id: str) -> bool:
        """Take a book's turn; return whether no other process has it."""
        return _lock(self._handle, _byte_of(book_id), is_taken=True)

    def give_back(self, book_id: str) -> None:
        """Let other runs have a book."""
        _lock(self._handle, _byte_of(book_id), is_taken=False)

    def close(self) -> None:
        """Give all books back."""
        os.close(self._handle)


def _byte_of(book_id: str) -> int:
    return int(book_id, 16) % _MOST_BYTES


def _lock(handle: int, byte: int, *, is_taken: bool) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, byte, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK if is_taken else msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            how = fcntl.LOCK_EX | fcntl.LOCK_NB if is_taken else fcntl.LOCK_UN
            fcntl.lockf(handle, how, 1, byte)
    except OSError:
        return False
    return True
