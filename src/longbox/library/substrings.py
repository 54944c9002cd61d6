"""Substrings of lettering and descriptions, whatever the script and wherever words begin.

They come from a trigram index over folded text. One or two characters are looked up as the trigrams
that begin with them, or, where very many panels hold them, by reading the texts. The score is the
share of the lettering that the substring covers. A substring found in more than 5,000 allowed
panels is ranked within the first 5,000.

The index is without positions: what holds all of a needle's trigrams does not yet hold the needle,
so texts are read in the end. In a large library only those trigrams are asked for that spare more
reading than walking their panels costs.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Final

import numpy as np

from longbox.errors import QueryError
from longbox.library.folding import fold
from longbox.library.fulltext import Asked, Within, best_weighed, fetch, quoted, scored
from longbox.library.records import ScoredPanel
from longbox.library.text_sample import TextSample

MAX_CANDIDATES: Final = 5_000
MAX_CHARACTERS: Final = 1_000
_MAX_BEGINNING: Final = 300
_MAX_TRIGRAMS: Final = 40
# Reading a panel's text takes about 3 us, walking one panel of a trigram 30 ns.
_READING_COST: Final = 100.0
# Trigrams of one word come together: each further one halves what is left at the most.
_LEAST_LEFT: Final = 0.5
# Reading every text until there are enough is quicker than all panels of some hundred trigrams.
_READ_SHARE: Final = 0.05


def match_substring(
    connection: sqlite3.Connection,
    text: str,
    k: int,
    asked: Asked,
    sample: TextSample | None = None,
    without: Sequence[str] = (),
) -> list[ScoredPanel]:
    """Rank panels whose lettering or description contains a text, wherever words begin or end.

    Args:
        connection: The catalog's.
        text: What to look for; nothing is found where no letter of it is left by folding.
        k: At most so many.
        asked: Where to look.
        sample: Tells rare trigrams from frequent ones; without it all are asked for.
        without: Panels that contain any of these are left out.

    Raises:
        QueryError: The text is longer than 1,000 characters.
    """
    needle = fold(text)
    if not needle:
        return []
    if len(needle) > MAX_CHARACTERS:
        raise QueryError(f"longer than {MAX_CHARACTERS} characters; search for a part of it")
    score = "(length(folded) - length(replace(folded, ?1, ''))) * 1.0 / (length(folded) - 2)"
    tables = asked.tables
    if np.count_nonzero(asked.mask) <= MAX_CANDIDATES:
        source = f"{tables.texts} WHERE row IN (SELECT value FROM json_each(?2))"
        key, value = "row", json.dumps(np.flatnonzero(asked.mask).tolist())
    elif (expression := _expression(connection, needle, asked, sample)) is None:
        source, key, value = f"{tables.texts} WHERE ?2 = ''", "row", ""
    elif expression:
        source = f"{tables.substrings} WHERE {tables.substrings} MATCH ?2"
        key, value = "rowid", expression
    else:
        return []
    unwanted = [text for text in map(fold, without) if text]
    refused = "".join(f" AND NOT instr(folded, ?{n})" for n in range(3, 3 + len(unwanted)))
    found = fetch(
        connection,
        f"SELECT {key}, {score} FROM {source} AND {{allowed}} AND instr(folded, ?1){refused}",
        (needle, value, *unwanted),
        key,
        Within(asked.mask),
        MAX_CANDIDATES,
    )
    rows, scores = scored(found)
    return best_weighed(rows, scores, asked, k)


def _expression(
    connection: sqlite3.Connection, needle: str, asked: Asked, sample: TextSample | None
) -> str | None:
    """Return what the index is asked; empty if nothing can match, None to read all texts."""
    if len(needle) >= 3:
        distinct = list(dict.fromkeys(needle[i : i + 3] for i in range(len(needle) - 2)))
        wanted = distinct[:_MAX_TRIGRAMS] if sample is None else worthwhile(distinct, sample)
        return " AND ".join(map(quoted, wanted))
    if sample is None:
        is_frequent = len(needle) == 1 and needle.isascii()
    else:
        is_frequent = sample.text_share(needle) * asked.mask.mean() > _READ_SHARE
    if is_frequent:
        return None
    found = connection.execute(
        f"SELECT term FROM {asked.tables.trigram_counts} WHERE term >= ? AND term < ? LIMIT ?",
        (needle, needle + "\U0010ffff", _MAX_BEGINNING + 1),
    ).fetchall()
    return None if len(found) > _MAX_BEGINNING else " OR ".join(quoted(term) for (term,) in found)


def worthwhile(trigrams: list[str], sample: TextSample) -> list[str]:
    """Return the rarest trigram, and the next ones that spare more than they cost."""
    shares = sample.trigram_shares(trigrams)
    order = np.argsort(shares, kind="stable")
    wanted = [trigrams[int(order[0])]]
    left = float(shares[order[0]])
    for i in order[1:_MAX_TRIGRAMS].tolist():
        kept = min(1.0, max(float(shares[i]), _LEAST_LEFT))
        if float(shares[i]) > _READING_COST * left * (1 - kept):
            break
        wanted.append(trigrams[i])
        left *= kept
    return wanted
