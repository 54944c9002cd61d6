"""Words and substrings, by SQLite's full-text indexes.

Words are ranked by BM25. Its cost is the number of panels that hold a term, and "the" is in two
thirds of them, so candidates come from the rarer terms of a query (up to 10,000 panels in all, at
least one term); a more frequent term adds its weight to the candidates that hold it, as if it
occurred once, but brings no candidates of its own. Where the counts of all terms add up to no more
than that, which is most queries on a shelf of some hundred books, this is plain BM25.

Substrings come from a trigram index over folded text. Two characters are looked up as the trigrams
that begin with them, one character by reading the text. The score is the share of the lettering
that the substring covers. A substring found in more than 5,000 allowed panels is ranked within
the first 5,000.

Lettering and descriptions have tables of their own and are never ranked together. Scores of
lettering are weighed by how surely it was read (`longbox.library.doubt`).

What a person types is always quoted: no operator of FTS5 gets through.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import QueryError
from longbox.library.folding import fold
from longbox.library.masks import Mask
from longbox.library.records import ScoredPanel, WordsQuery, Writing

MAX_WORD_CANDIDATES: Final = 10_000
MAX_SUBSTRING_CANDIDATES: Final = 5_000
MAX_TERMS: Final = 200
MAX_SUBSTRING: Final = 1_000
_MAX_TRIGRAMS: Final = 300
_MAX_REQUIRED_TRIGRAMS: Final = 40
_MAX_BONUS_TERMS: Final = 3
_WORD: Final = re.compile(r"[^\W_]+")

Scored = tuple[NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class _Tables:
    """The tables of one kind of writing."""

    texts: str
    words: str
    word_counts: str
    substrings: str
    trigram_counts: str
    total: str


_LETTERING: Final = _Tables(
    "panel_text", "words", "word_counts", "substrings", "trigram_counts", "n_texts"
)
_DESCRIPTIONS: Final = _Tables(
    "panel_descriptions",
    "description_words",
    "description_word_counts",
    "description_substrings",
    "description_trigram_counts",
    "n_described",
)


def _tables(writing: Writing) -> _Tables:
    return _LETTERING if writing is Writing.TEXT else _DESCRIPTIONS


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


class WordCounts:
    """In how many panels a term occurs; remembered for one generation of the catalog."""

    def __init__(self, writing: Writing = Writing.TEXT) -> None:
        self._tables = _tables(writing)
        self._kept: tuple[int, dict[str, int]] = (-1, {})

    def of(
        self, connection: sqlite3.Connection, generation: int, terms: Iterable[str]
    ) -> dict[str, int]:
        """Return at most how many panels hold each term (a phrase: its rarest word).

        Under the empty term: how many panels have such a text.
        """
        kept = self._kept  # generation and counts at once: another thread may replace them
        if kept[0] != generation:
            kept = self._kept = (generation, {})
        counts = kept[1]
        for term in terms:
            if term not in counts:
                counts[term] = _count_term(connection, self._tables, term)
        if "" not in counts:
            row = connection.execute(
                f"SELECT coalesce(sum({self._tables.total}), 0) FROM books"
            ).fetchone()
            counts[""] = int(row[0])
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
    table = _tables(asked.writing).words
    rows, scores = _scan(
        connection,
        f"SELECT rowid, -bm25({table}) FROM {table} WHERE {table} MATCH ?",
        (found,),
        asked.mask,
        MAX_WORD_CANDIDATES,
    )
    if rows.size and bonus:
        scores = scores + _bonus(connection, table, found, rows, bonus)
    return best(rows, _doubted(rows, scores, asked), k)


def match_substring(
    connection: sqlite3.Connection, text: str, k: int, asked: Asked
) -> list[ScoredPanel]:
    """Rank panels whose lettering or description contains a text, wherever words begin or end.

    Raises:
        QueryError: The text is longer than 1,000 characters.
    """
    needle = fold(text)
    if not needle:
        return []
    if len(needle) > MAX_SUBSTRING:
        raise QueryError(f"longer than {MAX_SUBSTRING} characters; search for a part of it")
    score = "(length(folded) - length(replace(folded, ?1, ''))) * 1.0 / (length(folded) - 2)"
    mask, tables = asked.mask, _tables(asked.writing)
    trigrams = _trigrams(connection, tables, needle)
    if trigrams is None:
        sql = f"SELECT row, {score} FROM {tables.texts} WHERE instr(folded, ?1)"
        values: tuple[str, ...] = (needle,)
    else:
        # Without positions in the index, all of its trigrams do not yet make the needle.
        sql = (
            f"SELECT rowid, {score} FROM {tables.substrings} "
            f"WHERE {tables.substrings} MATCH ?2 AND instr(folded, ?1)"
        )
        values = (needle, (" AND " if len(needle) >= 3 else " OR ").join(map(_quoted, trigrams)))
    if trigrams == []:
        return []
    if np.count_nonzero(mask) <= MAX_SUBSTRING_CANDIDATES:
        sql = (
            f"SELECT row, {score} FROM {tables.texts} "
            "WHERE row IN (SELECT value FROM json_each(?2)) AND instr(folded, ?1)"
        )
        values = (needle, json.dumps(np.flatnonzero(mask).tolist()))
    rows, scores = _scan(connection, sql, values, mask, MAX_SUBSTRING_CANDIDATES)
    return best(rows, _doubted(rows, scores, asked), k)


def best(rows: NDArray[np.int64], scores: NDArray[Any], k: int) -> list[ScoredPanel]:
    """Return the k highest scores, equal ones by row."""
    order = np.lexsort((rows, -scores))[: max(k, 0)]
    return [ScoredPanel(int(rows[i]), float(scores[i])) for i in order]


def _doubted(
    rows: NDArray[np.int64], scores: NDArray[np.float64], asked: Asked
) -> NDArray[np.float64]:
    """Weigh scores by how surely the lettering was read; a row too new to be known is sure."""
    if asked.factors is None:
        return scores
    known = rows < asked.factors.size
    factors = np.ones(rows.size, dtype=np.float64)
    factors[known] = asked.factors[rows[known]]
    return scores * factors


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
            f"SELECT rowid FROM {table} WHERE {table} MATCH ? LIMIT ?",
            (f"({found}) AND {phrase}", MAX_WORD_CANDIDATES),
        )
        holders = np.fromiter((row for (row,) in cursor), dtype=np.int64)
        extra[np.isin(rows, holders)] += weight
    return extra


def _scan(
    connection: sqlite3.Connection, sql: str, values: Sequence[str], mask: Mask, limit: int
) -> Scored:
    """Collect (row, score) of allowed rows until there are enough."""
    rows: list[NDArray[np.int64]] = []
    scores: list[NDArray[np.float64]] = []
    n = 0
    cursor = connection.execute(sql, values)
    while n < limit and (batch := cursor.fetchmany(4096)):
        table = np.array(batch, dtype=np.float64)  # rows below 2**53 are exact
        found = table[:, 0].astype(np.int64)
        keep = found < mask.size
        keep[keep] = mask[found[keep]]
        rows.append(found[keep])
        scores.append(table[keep, 1])
        n += int(keep.sum())
    cursor.close()
    if not rows:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
    return np.concatenate(rows), np.concatenate(scores)


def _count_term(connection: sqlite3.Connection, tables: _Tables, term: str) -> int:
    words = _WORD.findall(fold(term))
    last = len(words) - 1 if term.endswith("*") else len(words)
    return min(
        (
            _count(connection, tables.word_counts, word, is_prefix=i == last)
            for i, word in enumerate(words)
        ),
        default=0,
    )


def _count(connection: sqlite3.Connection, table: str, word: str, *, is_prefix: bool) -> int:
    if is_prefix:
        sql, values = "term >= ? AND term < ?", (word, word + "\U0010ffff")
    else:
        sql, values = "term = ?", (word,)  # type: ignore[assignment]
    row = connection.execute(f"SELECT sum(doc) FROM {table} WHERE {sql}", values).fetchone()
    return int(row[0] or 0)


def _trigrams(connection: sqlite3.Connection, tables: _Tables, needle: str) -> list[str] | None:
    """Return trigrams that the index must hold together, or, below three characters, one of which.

    None when there would be too many: then the text itself is read.
    """
    if len(needle) >= 3:
        distinct = dict.fromkeys(needle[i : i + 3] for i in range(len(needle) - 2))
        return list(distinct)[:_MAX_REQUIRED_TRIGRAMS]
    if len(needle) == 1 and needle.isascii():
        return None
    found = connection.execute(
        f"SELECT term FROM {tables.trigram_counts} WHERE term >= ? AND term < ? LIMIT ?",
        (needle, needle + "\U0010ffff", _MAX_TRIGRAMS + 1),
    ).fetchall()
    return None if len(found) > _MAX_TRIGRAMS else [term for (term,) in found]


def _phrase(term: str) -> str:
    return _quoted(fold(term)) + (" *" if term.endswith("*") else "")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
