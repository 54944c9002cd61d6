"""Words of lettering and descriptions, ranked by BM25 over SQLite's full-text index.

The cost of BM25 is the number of panels that hold a term, and "the" is in two thirds of them, so
candidates come from the rarer terms of a query (up to 10,000 panels in all, at least one term); a
more frequent term adds its weight to the candidates that hold it, as if it occurred once, but
brings no candidates of its own. Where the counts of all terms add up to no more than that, which is
most queries on a shelf of some hundred books, this is plain BM25. How frequent a frequent term is,
a large library tells from a sample of its texts (`longbox.library.text_sample`).
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import QueryError
from longbox.library.folding import fold
from longbox.library.fulltext import TABLES, Asked, Tables, best_weighed, quoted, scan
from longbox.library.records import ScoredPanel, WordsQuery, Writing
from longbox.library.text_sample import WORD, TextSample

MAX_WORD_CANDIDATES: Final = 10_000
MAX_TERMS: Final = 200
_MAX_BONUS_TERMS: Final = 3


class WordCounts:
    """In how many panels a term occurs; remembered for one generation of the catalog."""

    def __init__(self, writing: Writing = Writing.TEXT) -> None:
        self._tables = TABLES[writing]
        self._kept: tuple[int, dict[str, int]] = (-1, {})

    def of(
        self,
        connection: sqlite3.Connection,
        generation: int,
        terms: Iterable[str],
        sample: TextSample | None = None,
    ) -> dict[str, int]:
        """Return at most how many panels hold each term (a phrase: its rarest word).

        Under the empty term: how many panels have such a text.

        Args:
            connection: The catalog's.
            generation: Of the catalog.
            terms: What to count.
            sample: What frequent words are told from; without it all are counted.
        """
        kept = self._kept  # generation and counts at once: another thread may replace them
        if kept[0] != generation:
            kept = self._kept = (generation, {})
        counts = kept[1]
        if "" not in counts:
            row = connection.execute(
                f"SELECT coalesce(sum({self._tables.total}), 0) FROM books"
            ).fetchone()
            counts[""] = int(row[0])
        for term in terms:
            if term not in counts:
                counts[term] = _count_term(connection, self._tables, term, counts[""], sample)
        return counts


def cleaned(query: WordsQuery) -> WordsQuery:
    """Return the query without empty terms.

    Raises:
        QueryError: The query has more than 200 terms.
    """
    parts = (query.terms, query.required, query.excluded)
    if sum(map(len, parts)) > MAX_TERMS:
        raise QueryError(f"more than {MAX_TERMS} words; search for fewer")
    return WordsQuery(*(tuple(dict.fromkeys(t for t in part if fold(t))) for part in parts))


def match_words(
    connection: sqlite3.Connection, query: WordsQuery, k: int, asked: Asked, counts: dict[str, int]
) -> list[ScoredPanel]:
    """Rank panels by the words of their lettering or description.

    Args:
        connection: The catalog's.
        query: What to look for, cleaned; without terms and required ones nothing is found.
        k: At most so many.
        asked: Where to look.
        counts: In how many panels each term and required term occurs.
    """
    if not query.terms and not query.required:
        return []
    found, bonus = _expressions(query, counts)
    table = asked.tables.words
    rows, scores = scan(
        connection,
        f"SELECT rowid, -bm25({table}) FROM {table} WHERE {table} MATCH ?1 AND {{allowed}}",
        (found,),
        "rowid",
        asked.mask,
        MAX_WORD_CANDIDATES,
    )
    if rows.size and bonus:
        scores = scores + _bonus(connection, table, found, rows, bonus)
    return best_weighed(rows, scores, asked, k)


def _expressions(query: WordsQuery, counts: dict[str, int]) -> tuple[str, dict[str, float]]:
    """Return the expression that finds and scores, and the weights of too frequent terms."""
    terms = sorted(query.terms, key=lambda t: (counts[t], t))
    rare: list[str] = []
    total = 0
    for term in terms:
        total += counts[term]
        if rare and total > MAX_WORD_CANDIDATES:
            break
        rare.append(term)
    if query.required:
        must = " AND ".join(_phrase(t) for t in query.required)
        scored = " OR ".join(_phrase(t) for t in (query.required[0], *rare))
        found = f"({must}) AND ({scored})"
    else:
        found = " OR ".join(_phrase(t) for t in rare)
    if query.excluded:
        found = f"({found}) NOT ({' OR '.join(_phrase(t) for t in query.excluded)})"
    n_texts = counts[""]
    bonus = {
        _phrase(term): max(0.0, math.log((n_texts - n + 0.5) / (n + 0.5)))
        for term in terms[len(rare) : len(rare) + _MAX_BONUS_TERMS]
        if (n := counts[term]) < n_texts / 2
    }
    return found, bonus


def _bonus(
    connection: sqlite3.Connection,
    table: str,
    found: str,
    rows: NDArray[np.int64],
    bonus: dict[str, float],
) -> NDArray[np.float64]:
    extra = np.zeros(rows.size, dtype=np.float64)
    for phrase, weight in bonus.items():
        cursor = connection.execute(
            f"SELECT rowid FROM {table} WHERE {table} MATCH ? AND rowid BETWEEN ? AND ?",
            (f"({found}) AND {phrase}", int(rows.min()), int(rows.max())),
        )
        holders = np.fromiter((row for (row,) in cursor), dtype=np.int64)
        extra[np.isin(rows, holders)] += weight
    return extra


def _count_term(
    connection: sqlite3.Connection,
    tables: Tables,
    term: str,
    n_texts: int,
    sample: TextSample | None,
) -> int:
    words = WORD.findall(fold(term))
    last = len(words) - 1 if term.endswith("*") else len(words)
    found = []
    for i, word in enumerate(words):
        share = None if sample is None else sample.word_share(word, is_prefix=i == last)
        if share is None:
            found.append(_count(connection, tables.word_counts, word, is_prefix=i == last))
        else:
            found.append(round(share * n_texts))
    return min(found, default=0)


def _count(connection: sqlite3.Connection, table: str, word: str, *, is_prefix: bool) -> int:
    if is_prefix:
        sql, values = "term >= ? AND term < ?", (word, word + "\U0010ffff")
    else:
        sql, values = "term = ?", (word,)  # type: ignore[assignment]
    row = connection.execute(f"SELECT sum(doc) FROM {table} WHERE {sql}", values).fetchone()
    return int(row[0] or 0)


def _phrase(term: str) -> str:
    return quoted(fold(term)) + (" *" if term.endswith("*") else "")
