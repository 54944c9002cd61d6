"""Which characters of a panel's writing the words of a query found, so that a page can mark them.

What is marked is what the indexes compare: the telling words and phrases wherever they stand as
words, and, where the query is one term, its text wherever it stands inside words or across lines.
A single Latin letter is only marked as a word. Meaning has no place in a text and marks nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from longbox.library import MarkedText, Span, merged_spans
from longbox.retrieval.query import Term, WordsTerm
from longbox.retrieval.words import words_query


def highlight(text: str, terms: Sequence[Term]) -> tuple[Span, ...]:
    """Return what a query's words found in a text.

    Args:
        text: A panel's lettering or description, as a hit has it.
        terms: The whole query; pictures, panels and subtracted words mark nothing.

    Returns:
        Spans of the text, counted in Python's characters, in order; no two overlap or touch.
    """
    said = [term for term in terms if isinstance(term, WordsTerm)]
    wanted = [term for term in said if term.weight > 0]
    if not wanted or not text:
        return ()
    marked = MarkedText(text)
    spans: list[Span] = []
    query = words_query(said)
    if query is not None:
        for term in (*query.terms, *query.required):
            spans.extend(marked.find_term(term))
    if len(wanted) == 1:
        whole = wanted[0].text.strip()
        if len(whole) > 1 or not whole.isascii():
            spans.extend(marked.find_substring(whole))
    return merged_spans(spans)
