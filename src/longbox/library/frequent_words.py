"""Panels that hold a word which very many hold: some of them, from everywhere in the library.

To score by its own BM25, SQLite would first count all of them, for every part of the library. So
some are taken, evenly from all rows that may answer, and are scored by the same formula from their
texts.
"""

from __future__ import annotations

import itertools
import re
import sqlite3
from typing import Final

import numpy as np

from longbox.library.fulltext import Scored, Within, bounds, fetch
from longbox.library.masks import Mask
from longbox.library.text_sample import WORD

# Of BM25, as SQLite has them (Robertson & Zaragoza 2009).
_K1, _B = 1.2, 0.75
_SLICES, _BLOCKS = 20, 400
_NOTHING: Final = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)


def score_some(
    connection: sqlite3.Connection, table: str, expression: str, term: str, mask: Mask, limit: int
) -> Scored:
    """Find and score some of the panels that match.

    Args:
        connection: The catalog's.
        table: A full-text index.
        expression: What matches, for FTS5.
        term: What is scored, folded: a word or phrase; with `*`, the beginning of its last word.
        mask: Rows that may answer, bool (rows,).
        limit: At most so many; all, where no more match.

    Returns:
        Rows, int64 (n,), and scores of a term of weight 1, float64 (n,).
    """
    found = take(connection, table, expression, mask, limit)
    if not found:
        return _NOTHING
    occurrence = _pattern(term)
    # At least once: FTS5 says so, also where letters that are written otherwise are the same.
    n_times = np.array([max(1, len(occurrence.findall(text))) for _, text in found], np.float64)
    lengths = np.array([len(text) for _, text in found], dtype=np.float64)
    longer = 1 - _B + _B * lengths / lengths.mean()
    rows = np.array([row for row, _ in found], dtype=np.int64)
    return rows, n_times * (_K1 + 1) / (n_times + _K1 * longer)


def take(
    connection: sqlite3.Connection, table: str, expression: str, mask: Mask, limit: int
) -> list[tuple[int, str]]:
    """Return rows that match and their texts, evenly from the rows that may answer.

    What one part of the library has not, the others give.
    """
    sql = f"SELECT rowid, folded FROM {table} WHERE {table} MATCH ?1 AND {{allowed}}"
    found: list[tuple[int, str]] = []
    todo = _slices(mask)
    while todo and len(found) < limit:
        left, weight = limit - len(found), sum(n for _, _, n in todo)
        unfinished = []
        for first, last, n in todo:
            share = min(max(1, left * n // weight), limit - len(found))
            within = Within(mask[first:last], first)
            hits = fetch(connection, sql, (expression,), "rowid", within, share) if share else []
            found += hits
            if len(hits) == share:
                after = int(hits[-1][0]) + 1 if hits else first
                unfinished.append((after, last, n))
        todo = [part for part in unfinished if part[0] < part[1]]
    return found


def _slices(mask: Mask) -> list[tuple[int, int, int]]:
    """Cut rows into parts of about as many allowed ones: first, end, and how many."""
    low, high = bounds(mask)
    edges = np.unique(np.linspace(low, high + 1, _BLOCKS + 1).astype(np.int64))
    counts = np.array([np.count_nonzero(mask[a:b]) for a, b in itertools.pairwise(edges)])
    sums = np.concatenate([[0], np.cumsum(counts)])
    if not sums[-1]:
        return []
    cuts = np.searchsorted(sums, np.linspace(0, sums[-1], _SLICES + 1))
    return [
        (int(edges[a]), int(edges[b]), int(sums[b] - sums[a]))
        for a, b in itertools.pairwise(np.unique(cuts))
    ]


def _pattern(term: str) -> re.Pattern[str]:
    """Return what a term's words are in a text, with whatever is no letter between them."""
    words = r"[\W_]+".join(map(re.escape, WORD.findall(term)))
    return re.compile(rf"(?<![^\W_]){words}" + ("" if term.endswith("*") else r"(?![^\W_])"))
