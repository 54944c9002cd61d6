"""Words looked for as they are: in what is lettered, and apart from it in what a model wrote.

Each kind of writing has three lists: meaning (a space of vectors), words and substrings. They are
never mixed: a hit says which of them it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from longbox.library import Filters, Library, ScoredPanel, Writing
from longbox.retrieval.query import WordsTerm
from longbox.retrieval.ranking import RankedList
from longbox.retrieval.words import words_query
from longbox.vectors import Space

# By writing: the lists of meaning, of words and of substrings.
LISTS: Final[Mapping[Writing, tuple[str, str, str]]] = {
    Writing.TEXT: (Space.TEXT.value, "words", "substring"),
    Writing.DESCRIPTION: (
        Space.DESCRIPTION.value,
        "description_words",
        "description_substring",
    ),
}


def written_lists(
    library: Library,
    terms: Sequence[WordsTerm],
    weights: Mapping[str, float],
    depth: int,
    filters: Filters,
) -> list[RankedList]:
    """Look for words and substrings in every kind of writing that has a weight.

    Args:
        library: Where.
        terms: Wanted and subtracted words.
        weights: Of every list by its name; a list of weight 0 is not asked.
        depth: Candidates to take from each list.
        filters: Which panels may answer.
    """
    wanted = [term for term in terms if term.weight > 0]
    if not wanted:
        return []
    share = mean_weight([term.weight for term in wanted])
    query = words_query(terms)
    unwanted = [term.text for term in terms if term.weight <= 0]
    lists = []
    for writing, (_, words, substring) in LISTS.items():
        if weights[words] > 0 and query is not None:
            found = library.match_words(query, depth, filters, writing)
            lists.append(ranked(words, found, weights[words] * share))
        if weights[substring] > 0 and len(wanted) == 1:
            text = wanted[0].text
            found = library.match_substring(text, depth, filters, writing, without=unwanted)
            lists.append(ranked(substring, found, weights[substring] * share))
    return lists


def ranked(name: str, found: Sequence[ScoredPanel], weight: float) -> RankedList:
    """Return what a space or an index answered as a list to be fused."""
    return RankedList(str(name), [f.row for f in found], [f.score for f in found], weight)


def mean_weight(weights: Sequence[float]) -> float:
    """Return what a list counts whose terms weigh so much; equal terms count as one."""
    return sum(weights) / len(weights)
