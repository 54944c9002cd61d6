"""What a person asks becomes hits: queries, the spaces' answers, one fused list."""

from longbox.retrieval.query import (
    PanelTerm,
    PictureTerm,
    Term,
    WordsTerm,
    checked_terms,
    parse_query,
)
from longbox.retrieval.search import By, Searcher, SearchRequest

__all__ = [
    "By",
    "PanelTerm",
    "PictureTerm",
    "SearchRequest",
    "Searcher",
    "Term",
    "WordsTerm",
    "checked_terms",
    "parse_query",
]
