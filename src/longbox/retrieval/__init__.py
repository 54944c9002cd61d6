"""What a person asks becomes hits: queries, the spaces' answers, one fused list."""

from longbox.retrieval.editions import is_same_panel
from longbox.retrieval.encoding import QueryFuser
from longbox.retrieval.highlight import highlight
from longbox.retrieval.learned import only_space
from longbox.retrieval.parts import MOST_HITS
from longbox.retrieval.query import (
    DecodedPicture,
    PanelTerm,
    PictureNames,
    PictureTerm,
    Term,
    WordsTerm,
    checked_terms,
    parse_query,
    picture_file,
)
from longbox.retrieval.request import By, ResultPart, SearchRequest
from longbox.retrieval.search import Searcher

__all__ = [
    "MOST_HITS",
    "By",
    "DecodedPicture",
    "PanelTerm",
    "PictureNames",
    "PictureTerm",
    "QueryFuser",
    "ResultPart",
    "SearchRequest",
    "Searcher",
    "Term",
    "WordsTerm",
    "checked_terms",
    "highlight",
    "is_same_panel",
    "only_space",
    "parse_query",
    "picture_file",
]
