"""Health during training: a few numbers that say at once when vectors begin to collapse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longbox.evaluation import space_health
from longbox.features import BookFeatures
from longbox.learning.history import HealthValue

_MOST = 2000
_WATCHED = ("intra_page_cosine", "inter_page_cosine", "inter_book_cosine", "rank_share")


def snapshot(
    space: str, books: Sequence[BookFeatures], vectors: Sequence[NDArray[np.float32]]
) -> tuple[HealthValue, ...]:
    """Measure vectors of books, at most 2,000 panels of them.

    Args:
        space: What to call it.
        books: Whose.
        vectors: Of each book, float32 (N, D); zero where a panel has none.
    """
    rows = np.concatenate([*vectors, np.zeros((0, vectors[0].shape[1]), np.float32)])[:_MOST]
    pages = np.concatenate([book.pages for book in books])[:_MOST]
    names = np.repeat(np.arange(len(books)), [b.n_panels for b in books])[:_MOST]
    known = np.asarray(rows.any(axis=1))
    health = space_health(rows, known, pages, names, space=space)
    return tuple(HealthValue(space, measure, getattr(health, measure)) for measure in _WATCHED)
