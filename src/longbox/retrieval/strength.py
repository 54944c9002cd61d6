"""How strongly a hit matched, 0 to 1, so that bars of different spaces can stand side by side.

Vectors: how far above panels taken at random the score lies, in standard deviations of what such
panels score against this very query (z), measured against how far the best of n random panels is
expected to lie (z_n = sqrt(2 ln n), n panels in the space): z² / (z² + z_n²). A half is as near as
chance alone brings the best of so many; above it is nearer than chance explains. That holds for
words against pictures too, whose cosines are all small.

Words: the share of the query's telling words and phrases that the panel's own writing holds; at
least one of them where it was found, because a caption in the gutter is searched with the panel
beside it. Substrings: the share of the writing that the substring is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from longbox.book import Match
from longbox.library import ChanceScores, MarkedText, PanelRecord, WordsQuery, Writing

_LEAST_SPREAD = 1e-3  # a library of hardly any panel, or of panels all alike
_FEWEST_VECTORS = 8  # of these the best is no rarity
_LISTS = {
    "words": Writing.TEXT,
    "description_words": Writing.DESCRIPTION,
}
_SUBSTRINGS = ("substring", "description_substring")


def vector_strength(chance: ChanceScores) -> Callable[[float], float]:
    """Return what turns the scores of one query vector into strengths."""
    spread = max(chance.spread, _LEAST_SPREAD)
    expected = 2 * math.log(max(chance.n_vectors, _FEWEST_VECTORS))  # z_n squared

    def strength(score: float) -> float:
        z = max(0.0, (score - chance.typical) / spread)
        return z * z / (z * z + expected)

    return strength


def words_strength(text: str, query: WordsQuery) -> float:
    """Return the share of a query's words and phrases that a text holds, one at least."""
    terms = (*query.terms, *query.required)
    if not terms:
        return 0.0
    marked = MarkedText(text)
    n_found = sum(bool(marked.find_term(term)) for term in terms)
    return max(1, n_found) / len(terms)


def with_word_strengths(
    matched: Mapping[str, Match], record: PanelRecord, query: WordsQuery | None
) -> dict[str, Match]:
    """Return the matches of a hit with the strengths of its lists of words."""
    found = dict(matched)
    for name, match in matched.items():
        if name in _SUBSTRINGS:
            found[name] = Match(match.rank, match.score, min(1.0, max(0.0, match.score)))
        elif name in _LISTS and query is not None:
            is_text = _LISTS[name] is Writing.TEXT
            share = words_strength(record.text if is_text else record.description, query)
            found[name] = Match(match.rank, match.score, share)
    return found
