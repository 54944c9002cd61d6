"""Words of lettering and descriptions, ranked by BM25 over SQLite's full-text index.

The cost of BM25 is the number of panels that hold a term, and "the" is in two thirds of them, so
candidates come from the rarer terms of a query (up to 10,000 panels in all, at least one term); a
more frequent term adds its weight to the candidates that hold it, as if it occurred once, but
brings no candidates of its own. Where the counts of all terms add up to no more than that, which is
most queries on a shelf of some hundred books, this is plain BM25. A query whose rarest term is in
more panels than that is ranked within 2,000 of them, taken from everywhere in the library, by the
same formula, with characters for words as a text's length. How frequent a frequent term is,
a large library tells from a sample of its texts (`longbox.library.text_sample`).
"""

from __future__ import annotations

import itertools
import math
import sqlite3
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import QueryError
from longbox.library.folding import fold
from longbox.library.fulltext import (
    TABLES,
    Asked,
    Tables,
    Within,
    best_weighed,
    bounds,
    quoted,
    scan,
)
from longbox.library.records import ScoredPanel, WordsQuery, Writing
from longbox.library.text_sample import WORD, TextSample

MAX_WORD_CANDIDATES: Final = 10_000
MAX_TERMS: Final = 200
_MAX_BONUS_TERMS: Final = 3
_MAX_FREQUENT, _SLICES = 2_000, 20
# Of BM25, as SQLite has them (Robertson & Zaragoza 2009).
_K1, _B = 1.2, 0.75


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
    rarest = min(query.terms, key=lambda t: (counts[t], t), default="")
    is_frequent = not query.required and counts[rarest] > MAX_WORD_CANDIDATES
    if is_frequent:
        rows, scores = _frequent(connection, found, fold(rarest).rstrip("*"), asked)
        scores *= _rarity(counts[rarest], counts[""])
    else:
        rows, scores = scan(
            connection,
            f"SELECT rowid, -bm25({table}) FROM {table} WHERE {table} MATCH ?1 AND {{allowed}}",
            (found,),
            "rowid",
            Within(asked.mask),
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
        _phrase(term): _rarity(n, n_texts)
        for term in terms[len(rare) : len(rare) + _MAX_BONUS_TERMS]
        if (n := counts[term]) < n_texts / 2
    }
    return found, bonus


def _rarity(n: int, n_texts: int) -> float:
    """Return the weight of a term that so many of the texts hold; never nothing, as in SQLite."""
    return max(1e-6, math.log(max(n_texts - n + 0.5, 0.5) / (n + 0.5)))


def _frequent(
    connection: sqlite3.Connection, found: str, term: str, asked: Asked
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find some panels that hold a term which very many hold, from everywhere in the library.

    To score by its own BM25, SQLite would first count all of them, for every part of the library.

    Returns:
        Rows, int64 (n,), and scores of a term of weight 1, float64 (n,).
    """
    table, mask = asked.tables.words, asked.mask
    sql = (
        "SELECT rowid, (length(folded) - length(replace(folded, ?2, ''))) / length(?2), "
        f"length(folded) FROM {table} WHERE {table} MATCH ?1 AND {{allowed}}"
    )
    low, high = bounds(mask)
    edges = np.linspace(low, high + 1, _SLICES + 1).astype(np.int64).tolist()
    n_each = _MAX_FREQUENT // _SLICES
    scanned = (
        scan(connection, sql, (found, term), "rowid", Within(mask[first:last], first), n_each)
        for first, last in itertools.pairwise(edges)
    )
    parts = [part for part in scanned if part[0].size]
    if not parts:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
    rows = np.concatenate([rows for rows, _ in parts])
    n_times, lengths = np.concatenate([columns for _, columns in parts]).T
    n_times = np.maximum(n_times, 1)  # where letters that are written otherwise are the same
    longer = 1 - _B + _B * lengths / lengths.mean()
    return rows, n_times * (_K1 + 1) / (n_times + _K1 * longer)


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
