"""Jobs as server-sent events: the present state at once, then every change, until all is quiet.

A stream ends by itself when no job waits or runs: a browser opens only six connections to a server,
and a page that is merely open must not hold one. It says `quiet` first, so that the page knows not
to connect again before something happens. Changes are gathered for a quarter of a second; a stream
without news says so every fifteen seconds, so that a client that went away is noticed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from longbox.errors import BusyError
from longbox.web.jobs.board import JobBoard

_MOST_LISTENERS: Final = 32
_GATHERED_S: Final = 0.25
_HEARTBEAT_S: Final = 15.0
# The last that ended, so that a page that comes back hears what became of its job.
_MOST_AT_ONCE: Final = 30


class JobEvents:
    """Streams of one server, of which there may be so many."""

    def __init__(self, board: JobBoard) -> None:
        self._board = board
        self._n_open = 0

    def open(self) -> AsyncIterator[str]:
        """Start a stream.

        Raises:
            BusyError: Too many are open.
        """
        if self._n_open >= _MOST_LISTENERS:
            raise BusyError(f"{self._n_open} pages watch the jobs already; close one of them")
        return self._stream()

    async def _stream(self) -> AsyncIterator[str]:
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop ended with the server
                loop.call_soon_threadsafe(news.set)

        self._n_open += 1  # here: a stream that never begins must not count
        stop = self._board.listen(tell)
        try:
            seen = 0
            yield "retry: 3000\n\n"
            while True:
                news.clear()
                jobs = self._board.jobs()
                for job in reversed(jobs[:_MOST_AT_ONCE]):
                    if job.version > seen:
                        yield _event("job", msgspec.json.encode(job).decode())
                seen = max((job.version for job in jobs), default=seen)
                if self._board.is_closed or all(job.is_over for job in jobs):
                    yield _event("quiet", "{}")
                    return
                try:
                    await asyncio.wait_for(news.wait(), _HEARTBEAT_S)
                except TimeoutError:
                    yield ": still here\n\n"
                await asyncio.sleep(_GATHERED_S)
        finally:
            stop()
            self._n_open -= 1


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"
