"""Answers that are kept: until the library changes, or the few that were made last.

`KeptAnswers` keeps each under the generation that it was made from, so that a thread that began
before a change leaves nothing to those that began after it. One thread at a time makes one answer:
what several ask for at once is made once. `LastAnswers` knows no generation and makes answers
beside one another: a picture of a whole page takes seconds to read, and nobody else's words wait
for it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class KeptAnswers(Generic[K, V]):
    """The last few answers, by the generation of the catalog and what was asked."""

    def __init__(self, most: int) -> None:
        """Keep at most so many."""
        self._most = most
        self._kept: OrderedDict[tuple[int, K], V] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def get(self, generation: int, key: K, make: Callable[[], V]) -> V:
        """Return the answer that is kept, or make it.

        Args:
            generation: Of the catalog that `make` reads.
            key: What is asked.
            make: Makes the answer; must not ask these kept answers itself.
        """
        found = self._look(generation, key)
        if found is not None:
            return found
        with self._turn:
            found = self._look(generation, key)
            if found is None:
                found = make()
                self._keep(generation, key, found)
            return found

    def _look(self, generation: int, key: K) -> V | None:
        with self._lock:
            found = self._kept.get((generation, key))
            if found is not None:
                self._kept.move_to_end((generation, key))
            return found

    def _keep(self, generation: int, key: K, answer: V) -> None:
        with self._lock:
            newest = max([generation, *(kept for kept, _ in self._kept)])
            for old in [pair for pair in self._kept if pair[0] < newest]:
                del self._kept[old]
            if generation == newest:
                self._kept[generation, key] = answer
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


class LastAnswers(Generic[K, V]):
    """A few answers by all that decides them; what was asked for longest ago goes first."""

    def __init__(self, most: int) -> None:
        """Keep at most so many."""
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the answer that is kept, or make it; two threads may make one at once."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made
