"""The search page: one box, pictures, sums, facets, and why each panel was found.

An address says all of a search (`SearchState`), so that it can be shared, saved and gone back to;
`SearchDesk` answers it for the page, for the API and for whoever else lists the hits of a saved
search, which is kept as the part of its address behind the question mark (`saved_state`).
"""

from longbox.web.search.desk import HITS_A_PART, SearchDesk, ShownPart
from longbox.web.search.parameters import saved_state
from longbox.web.search.shown import ShownHit, ShownPanel
from longbox.web.search.state import SearchState

__all__ = [
    "HITS_A_PART",
    "Piece",
    "Reason",
    "SearchDesk",
    "SearchState",
    "ShownHit",
    "ShownPanel",
    "ShownPart",
    "saved_state",
]
