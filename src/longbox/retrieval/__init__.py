"""What a person asks becomes hits: queries, the spaces' answers, one fused list."""

from longbox.retrieval.encoding import QueryFuser
from longbox.retrieval.learned import only_space
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
    "QueryFuser",
    "SearchRequest",
    "Searcher",
    "Term",
    "WordsTerm",
    "checked_terms",
    "only_space",
    "parse_query",
]
