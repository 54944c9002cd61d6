"""SQLite's full-text indexes over lettering and descriptions: what words and substrings share.

Lettering and descriptions have tables of their own and are never ranked together. Scores of
lettering are weighed by how surely it was read (`longbox.library.doubt`).

What a person types is always quoted: no operator of FTS5 gets through.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.library.masks import Mask
from longbox.library.records import ScoredPanel, Writing

Scored = tuple[NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one kind of writing, and the column of books that counts its texts."""

    texts: str
    words: str
    word_counts: str
    substrings: str
    trigram_counts: str
    total: str


TABLES: Final = {
    Writing.TEXT: Tables(
        "panel_text", "words", "word_counts", "substrings", "trigram_counts", "n_texts"
    ),
    Writing.DESCRIPTION: Tables(
        "panel_descriptions",
        "description_words",
        "description_word_counts",
        "description_substrings",
        "description_trigram_counts",
        "n_described",
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Where words are looked for.

    Attributes:
        writing: In lettering or in descriptions.
        mask: Rows that may answer, bool (rows,).
        factors: What scores are multiplied with, float32 (rows,); None for nothing.
    """

    writing: Writing
    mask: Mask
    factors: NDArray[np.float32] | None = None

    @property
    def tables(self) -> Tables:
        """The tables to look in."""
        return TABLES[self.writing]


def count_texts(connection: sqlite3.Connection, tables: Tables) -> int:
    """Return how many panels have such a text."""
    (n,) = connection.execute(f"SELECT coalesce(sum({tables.total}), 0) FROM books").fetchone()
    return int(n)


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """Which rows may answer: bool (rows,), from a first row on."""

    mask: Mask
    first: int = 0


def fetch(
    connection: sqlite3.Connection,
    sql: str,
    values: Sequence[str],
    key: str,
    within: Within,
    limit: int,
) -> list[Any]:
    """Select the first allowed rows.

    Args:
        connection: The catalog's.
        sql: Selects a row and what is wanted of it, with `{allowed}` where rows are filtered:
            before anything that costs more.
        values: Of its numbered parameters.
        key: The name of its row.
        within: Rows that may answer.
        limit: At most so many.
    """
    n, mask, first = len(values), within.mask, within.first
    low, high = bounds(mask)
    allowed = f"{key} BETWEEN ?{n + 1} AND ?{n + 2}"
    also: tuple[object, ...] = (first + low, first + high)
    if not mask[low : high + 1].all():
        # One byte a row, looked at by SQLite itself: rows that a filter refuses are never scored.
        allowed += f" AND substr(?{n + 3}, {key} - ?{n + 1} + 1, 1) = x'01'"
        also += (mask[low : high + 1].tobytes(),)
    sql = f"{sql.format(allowed=allowed)} LIMIT {int(limit)}"
    return connection.execute(sql, (*values, *also)).fetchall()


def scored(found: Sequence[tuple[int, float]]) -> Scored:
    """Return fetched pairs of a row and its score as arrays: int64 (n,) and float64 (n,)."""
    if not found:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
    table = np.array(found, dtype=np.float64)  # rows below 2**53 are exact
    return table[:, 0].astype(np.int64), table[:, 1]


def bounds(mask: Mask) -> tuple[int, int]:
    """Return the first and the last allowed row; (0, -1) where there is none."""
    if not mask.any():
        return 0, -1
    return int(mask.argmax()), mask.size - 1 - int(mask[::-1].argmax())


def best(rows: NDArray[np.int64], scores: NDArray[Any], k: int) -> list[ScoredPanel]:
    """Return the k highest scores, equal ones by row."""
    order = np.lexsort((rows, -scores))[: max(k, 0)]
    return [ScoredPanel(int(rows[i]), float(scores[i])) for i in order]


def best_weighed(
    rows: NDArray[np.int64], scores: NDArray[np.float64], asked: Asked, k: int
) -> list[ScoredPanel]:
    """Return the k best once doubt counts; a row too new to be known is sure."""
    if asked.factors is not None:
        known = rows < asked.factors.size
        factors = np.ones(rows.size, dtype=np.float64)
        factors[known] = asked.factors[rows[known]]
        scores = scores * factors
    return best(rows, scores, k)


def quoted(text: str) -> str:
    """Return a string of FTS5 that means the text and nothing else."""
    return '"' + text.replace('"', '""') + '"'
