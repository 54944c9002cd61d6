"""Words of lettering and descriptions, ranked by BM25 over SQLite's full-text index.

The cost of BM25 is the number of panels that hold a term, and "the" is in two thirds of them. So
candidates come in waves, until there are enough. First those of the rarer terms of a query (up to
10,000 panels in all), by plain BM25; a more frequent term adds its weight to those that hold it, as
if it occurred once. Where the counts of all terms add up to no more, which is most queries on a
shelf of some hundred books, that is all. Then 2,000 panels of each frequent term, from everywhere
in what may answer (`longbox.library.frequent_words`). How frequent a frequent term is, a large
library tells from a sample of its texts (`longbox.library.text_sample`).
"""

from __future__ import annotations

import itertools
import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import QueryError
from longbox.library.folding import fold
from longbox.library.frequent_words import score_some
from longbox.library.fulltext import (
    TABLES,
    Asked,
    Scored,
    Tables,
    Within,
    best_weighed,
    count_texts,
    fetch,
    quoted,
    scored,
)
from longbox.library.records import ScoredPanel, WordsQuery, Writing
from longbox.library.text_sample import WORD, TextSample

MAX_WORD_CANDIDATES: Final = 10_000
MAX_FREQUENT: Final = 2_000
MAX_TERMS: Final = 200
_MAX_FREQUENT_TERMS: Final = 3
_MAX_COUNTS: Final = 10_000


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
        if kept[0] != generation or len(kept[1]) > _MAX_COUNTS:
            kept = self._kept = (generation, {})
        counts = kept[1]
        if "" not in counts:
            counts[""] = count_texts(connection, self._tables)
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


@dataclass(frozen=True, slots=True)
class _Wave:
    """Some candidates of a query, disjoint from those of the waves before.

    Attributes:
        expression: What finds them, for FTS5.
        frequent: The term that very many panels hold, of which some are taken; empty where all
            that are found are scored by SQLite.
        bonus: Weights of further terms, by their expressions.
    """

    expression: str
    frequent: str
    bonus: dict[str, float]


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
    parts: list[Scored] = []
    for wave in _waves(query, counts):
        rows, scores = _candidates(connection, wave, asked, counts)
        if rows.size and wave.bonus:
            scores = scores + _bonus(connection, asked.tables.words, wave, rows)
        parts.append((rows, scores))
        if sum(rows.size for rows, _ in parts) >= k:
            break
    if not parts:
        return []
    rows = np.concatenate([rows for rows, _ in parts])
    return best_weighed(rows, np.concatenate([scores for _, scores in parts]), asked, k)


def _waves(query: WordsQuery, counts: dict[str, int]) -> Iterator[_Wave]:
    """Yield what finds the candidates of a query: by its rare terms, then by each frequent one."""
    terms = sorted(query.terms, key=lambda t: (counts[t], t))
    sums = itertools.accumulate(counts[term] for term in terms)
    n_rare = sum(total <= MAX_WORD_CANDIDATES for total in sums)
    rare, frequent = terms[:n_rare], terms[n_rare:]
    must = _all_of(query.required)
    wanted = min(query.required, key=lambda t: (counts[t], t), default="")
    is_few = bool(must) and counts[wanted] <= MAX_WORD_CANDIDATES
    done = list(map(_phrase, query.excluded))
    if is_few:
        scored = _any_of([_phrase(wanted), *map(_phrase, rare)])
        yield _Wave(_without(f"{must} AND {scored}", done), "", _bonuses(frequent, counts))
        return
    if rare:
        found = _any_of(map(_phrase, rare))
        expression = f"{must} AND {found}" if must else found
        yield _Wave(_without(expression, done), "", _bonuses(frequent, counts))
        done += map(_phrase, rare)
    if must:
        yield _Wave(_without(must, done), wanted, _bonuses(frequent, counts))
        return
    for i, term in enumerate(frequent[:_MAX_FREQUENT_TERMS]):
        yield _Wave(_without(_phrase(term), done), term, _bonuses(frequent[i + 1 :], counts))
        done.append(_phrase(term))


def _candidates(
    connection: sqlite3.Connection, wave: _Wave, asked: Asked, counts: dict[str, int]
) -> Scored:
    table = asked.tables.words
    if wave.frequent:
        rows, scores = score_some(
            connection, table, wave.expression, fold(wave.frequent), asked.mask, MAX_FREQUENT
        )
        return rows, scores * _rarity(counts[wave.frequent], counts[""])
    found = fetch(
        connection,
        f"SELECT rowid, -bm25({table}) FROM {table} WHERE {table} MATCH ?1 AND {{allowed}}",
        (wave.expression,),
        "rowid",
        Within(asked.mask),
        2 * MAX_WORD_CANDIDATES,  # counts from a sample may be a fifth too small
    )
    return scored(found)


def _bonuses(frequent: Sequence[str], counts: dict[str, int]) -> dict[str, float]:
    """Return the weights of the rarest frequent terms; what every second text holds says nothing.

    They count as if they occurred once.
    """
    n_texts = counts[""]
    rarest = frequent[:_MAX_FREQUENT_TERMS]
    return {
        _phrase(term): _rarity(n, n_texts) for term in rarest if (n := counts[term]) < n_texts / 2
    }


def _rarity(n: int, n_texts: int) -> float:
    """Return the weight of a term that so many of the texts hold; never nothing, as in SQLite."""
    return max(1e-6, math.log(max(n_texts - n + 0.5, 0.5) / (n + 0.5)))


def _bonus(
    connection: sqlite3.Connection, table: str, wave: _Wave, rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    extra = np.zeros(rows.size, dtype=np.float64)
    for phrase, weight in wave.bonus.items():
        cursor = connection.execute(
            f"SELECT rowid FROM {table} WHERE {table} MATCH ? AND rowid BETWEEN ? AND ?",
            (f"({wave.expression}) AND {phrase}", int(rows.min()), int(rows.max())),
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


def _all_of(terms: Sequence[str]) -> str:
    return f"({' AND '.join(map(_phrase, terms))})" if terms else ""


def _any_of(expressions: Iterable[str]) -> str:
    return f"({' OR '.join(expressions)})"


def _without(expression: str, unwanted: Sequence[str]) -> str:
    return f"({expression}) NOT {_any_of(unwanted)}" if unwanted else expression
