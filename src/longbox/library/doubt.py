"""Lettering that was hard to read counts less in word and substring search.

A score is multiplied by 0.5 + 0.5 x the confidence that the panel's lettering was read with, 0 to
1: of two panels that match alike the surer one comes first, and a doubtful one still is found, at
no less than half its score. Lettering of unknown confidence (books merged by catalog format 1)
counts as sure. Multiplying keeps the order of two panels that were read equally well.

The factors are one number a row, kept until the library changes.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.library.masks import count_rows
from longbox.library.merging import CONFIDENCE_STEPS, NO_CONFIDENCE

LEAST_FACTOR: Final = 0.5
Factors = NDArray[np.float32]


class DoubtCache:
    """The factors of one generation of the catalog."""

    def __init__(self) -> None:
        self._kept: tuple[int, Factors] | None = None
        self._lock = threading.Lock()

    def get(self, connection: sqlite3.Connection, generation: int) -> Factors:
        """Return the factor of every row ever given, float32 (rows,)."""
        kept = self._kept
        if kept is not None and kept[0] == generation:
            return kept[1]
        factors = compile_factors(connection)
        with self._lock:
            if self._kept is None or self._kept[0] <= generation:
                self._kept = (generation, factors)
        return factors


def compile_factors(connection: sqlite3.Connection) -> Factors:
    """Read the factors from the catalog, float32 (rows ever given,); 1 where nothing is known."""
    blocks = connection.execute(
        "SELECT first_row, text_confidence FROM books WHERE text_confidence IS NOT NULL"
    ).fetchall()
    # After the blocks: a book merged between the two must not lie beyond the end.
    steps = np.full(count_rows(connection), NO_CONFIDENCE, dtype=np.uint8)
    for first, found in blocks:
        steps[first : first + len(found)] = np.frombuffer(found, dtype=np.uint8)
    return _FACTORS[steps]


def _table() -> Factors:
    factors = LEAST_FACTOR + (1 - LEAST_FACTOR) * np.arange(256) / CONFIDENCE_STEPS
    factors[NO_CONFIDENCE] = 1.0
    return factors.astype(np.float32)


_FACTORS: Final = _table()
