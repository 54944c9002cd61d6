"""How frequent words and trigrams are, told from a sample of a large library's texts.

To count exactly, SQLite walks every panel that holds the word, and what a search needs the count
for is to tell the rare from the frequent. So texts are taken evenly over the library, in runs that
lie together on the disk. Only what the sample holds often enough is told from it; the rest is rare,
and quickly counted.

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

from longbox.library.fulltext import TABLES, count_texts
from longbox.library.records import Writing

# A library with fewer texts is counted as it is: that takes a few milliseconds.
LEAST_TEXTS: Final = 200_000
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
        n_texts: How many texts the library had when the sample was taken.
    """

    texts: Sequence[str]
    n_texts: int

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
        self._tables = TABLES[writing]
        self._generation = -1
        self._kept: TextSample | None = None
        self._lock = threading.Lock()

    def get(self, connection: sqlite3.Connection, generation: int) -> TextSample | None:
        """Return the sample, or None for a library that needs none.

        Args:
            connection: The catalog's.
            generation: Of the catalog: of one generation it is the same sample.
        """
        with self._lock:
            if generation != self._generation:
                self._generation = generation
                self._refresh(connection)
            return self._kept

    def _refresh(self, connection: sqlite3.Connection) -> None:
        n_texts = count_texts(connection, self._tables)
        kept = self._kept
        if n_texts < LEAST_TEXTS:
            self._kept = None
        elif kept is None or abs(n_texts - kept.n_texts) > _GROWTH * kept.n_texts:
            texts = self._take(connection)
            self._kept = TextSample(texts, n_texts) if texts else None

    def _take(self, connection: sqlite3.Connection) -> tuple[str, ...]:
        table = self._tables.texts
        low, high = connection.execute(f"SELECT min(row), max(row) FROM {table}").fetchone()
        if low is None:
            return ()
        starts = np.unique(np.linspace(low, max(high - _RUN_ROWS + 1, low), _RUNS).astype(np.int64))
        return tuple(
            text
            for start in starts.tolist()
            for (text,) in connection.execute(
                f"SELECT folded FROM {table} WHERE row >= ? AND row < ?",
                (start, start + _RUN_ROWS),
            )
            if text.strip()
        )
