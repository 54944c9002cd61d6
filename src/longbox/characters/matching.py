"""The same character elsewhere: which regions of other panels look most like a given one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.characters.identity import IdentityVectors


@dataclass(frozen=True, slots=True)
class Match:
    """A region by its row, and its cosine with what was asked for."""

    row: int
    likeness: float


def match_regions(
    query: IdentityVectors,
    stored: IdentityVectors,
    k: int,
    skip: NDArray[np.bool_] | None = None,
) -> list[Match]:
    """Find the regions that look most like one or several exemplars of a character.

    Args:
        query: The exemplars, float32 (E, D); a region's likeness is that of its nearest exemplar.
        stored: Where to look, float32 (N, D).
        k: How many.
        skip: Rows that are no answer (those of the query's own panel), bool (N,).

    Returns:
        At most k, best first; of equal ones the earlier row.

    Raises:
        SpaceMismatchError: They are of two identity spaces.
    """
    query.require_same(stored)
    if not len(query.vectors) or not len(stored.vectors) or k < 1:
        return []
    likeness = (stored.vectors @ query.vectors.T).max(axis=1)  # (N,)
    rows = np.arange(len(likeness)) if skip is None else np.flatnonzero(~skip)
    order = rows[np.argsort(-likeness[rows].round(5), kind="stable")][:k]
    return [Match(int(row), float(likeness[row])) for row in order]
