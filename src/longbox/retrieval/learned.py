"""The spaces of trained models, asked for by name: whether a query can be answered there.

They have no weight unless somebody gives them one, so that a library without a model is searched
as before. Who asks for them and cannot have them is told so, instead of getting the other spaces'
answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from longbox.config import SearchOptions
from longbox.errors import QueryError
from longbox.library import Library
from longbox.retrieval.query import PanelTerm, Term
from longbox.vectors import Space

_LEARNED = (Space.FUSED, Space.CONTEXTUAL)


def require_answerable(
    weights: Mapping[str, float], terms: Sequence[Term], library: Library
) -> None:
    """Refuse a query that asks for a learned space which it cannot be in.

    Args:
        weights: What the query itself weighs, by the name of the list.
        terms: Of the query.
        library: Where it is asked.

    Raises:
        QueryError: The library has no such vectors, or the contextual space is asked without a
            panel.
    """
    asked = [space for space in _LEARNED if weights.get(space.value, 0.0) > 0]
    if not asked:
        return
    present = library.spaces()
    for space in asked:
        if not present.get(space):
            raise QueryError(f"this library has no {space} vectors; run `longbox embed`")
    is_like_panel = any(isinstance(term, PanelTerm) and term.weight > 0 for term in terms)
    if Space.CONTEXTUAL in asked and not is_like_panel:
        raise QueryError(
            "words and pictures have no place among panels in sequence, so they cannot search the "
            "contextual space; give a panel with --like"
        )


def only_space(space: Space) -> dict[str, float]:
    """Return weights that ask one space of vectors and nothing else."""
    return {**dict.fromkeys(SearchOptions().weights(), 0.0), space.value: 1.0}
