"""How frequent words and trigrams are, told from a sample of a large library's texts.

To count exactly, SQLite walks every panel that holds the word: 25 ms for one that is in a million
(benchmarks/large_library.py), and what a search needs the count for is to tell the rare from the
frequent. So texts are taken evenly over the library, in runs that lie together on the disk. Only
what the sample holds often enough is told from it; the rest is rare, and quickly counted.

A sample is taken again when the library has grown or shrunk by a quarter.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.library.fulltext import TABLES
from longbox.library.records import Writing

# A library with fewer rows is counted as it is: that takes a few milliseconds.
LEAST_ROWS: Final = 200_000
_RUNS, _RUN_ROWS = 512, 32
# A share that is told from 100 panels is right within a fifth, 19 times of 20.
_ENOUGH: Final = 100
_GROWTH: Final = 0.25
WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, eq=False)
class TextSample:
    """Texts of a library.

    Attributes:
        texts: Folded; those that are not empty.
        n_rows: Rows that the library had given when the sample was taken.
    """

    texts: Sequence[str]
    n_rows: int

    def word_share(self, word: str, *, is_prefix: bool = False) -> float | None:
        """Return in what share of the texts a word occurs; None where that is too rare to tell."""
        if is_prefix:
            n = sum(count for kept, count in self._words.items() if kept.startswith(word))
        else:
            n = self._words[word]
        return min(1.0, n / len(self.texts)) if n >= _ENOUGH else None

    def trigram_shares(self, trigrams: Sequence[str]) -> NDArray[np.float64]:
        """Return how many of each trigram there are per text, float64 (n,); never nothing."""
        known, counts = self._trigrams
        asked = _trigram_codes("".join(trigrams))[::3]
        at = np.minimum(np.searchsorted(known, asked), max(known.size - 1, 0))
        found = np.full(asked.size, 0.5)
        if known.size:
            found = np.where(known[at] == asked, counts[at], 0.5)
        return found / max(len(self.texts), 1)

    def text_share(self, needle: str) -> float:
        """Return in what share of the texts a few characters occur."""
        return sum(needle in text for text in self.texts) / max(len(self.texts), 1)

    @cached_property
    def _words(self) -> Counter[str]:
        return Counter(word for text in self.texts for word in set(WORD.findall(text)))

    @cached_property
    def _trigrams(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        return np.unique(_trigram_codes("\n".join(self.texts)), return_counts=True)


def _trigram_codes(text: str) -> NDArray[np.uint64]:
    """Return one number for every three characters that follow each other."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    first, second, third = points[:-2], points[1:-1], points[2:]
    codes: NDArray[np.uint64] = first | second << np.uint64(21) | third << np.uint64(42)
    return codes


class SampleCache:
    """The sample of one kind of writing, as long as it still fits the library."""

    def __init__(self, writing: Writing) -> None:
        self._texts = TABLES[writing].texts
        self._kept: TextSample | None = None
        self._lock = threading.Lock()

    def get(self, connection: sqlite3.Connection, n_rows: int) -> TextSample | None:
        """Return the sample, or None for a library that needs none.

        Args:
            connection: The catalog's.
            n_rows: Rows that the library has given.
        """
        if n_rows < LEAST_ROWS:
            return None
        with self._lock:
            kept = self._kept
            if kept is None or abs(n_rows - kept.n_rows) > _GROWTH * kept.n_rows:
                kept = self._kept = TextSample(self._take(connection, n_rows), n_rows)
        return kept if kept.texts else None

    def _take(self, connection: sqlite3.Connection, n_rows: int) -> tuple[str, ...]:
        starts = np.linspace(0, n_rows - _RUN_ROWS, _RUNS).astype(np.int64)
        return tuple(
            text
            for start in starts.tolist()
            for (text,) in connection.execute(
                f"SELECT folded FROM {self._texts} WHERE row >= ? AND row < ?",
                (start, start + _RUN_ROWS),
            )
            if text.strip()
        )
