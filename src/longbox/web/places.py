"""Long answers, of which a server gives a few at a time: archives and exports.

Each is made piece by piece while it is sent, in a thread of the pool that every route shares.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from longbox.errors import BusyError


class Places:
    """A few places; who finds none free is told so at once."""

    def __init__(self, most: int, busy: str) -> None:
        """Have so many places.

        Args:
            most: How many.
            busy: What who finds none is told, one line.
        """
        self._places = threading.BoundedSemaphore(most)
        self._busy = busy

    def fill(self, make: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
        """Take a place, then begin an answer; the place is given back when it ends.

        Raises:
            BusyError: None is free; `make` was not called.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError(self._busy)
        try:
            return _Pieces(make(), self._places.release)
        except BaseException:  # whatever ends it, the place must not stay taken
            self._places.release()
            raise


class _Pieces(Iterator[bytes]):
    """Pieces whose place is given back however they end, also when nobody begins to read them."""

    def __init__(self, pieces: Iterator[bytes], release: Callable[[], None]) -> None:
        self._pieces, self._release = pieces, release
        self._lock, self._is_over = threading.Lock(), False

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except BaseException:  # the end of the pieces among them
            self.close()
            raise

    def close(self) -> None:
        """End; nothing more comes."""
        with self._lock:
            if not self._is_over:
                self._is_over = True
                self._release()

    def __del__(self) -> None:
        self.close()
