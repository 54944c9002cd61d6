"""What a run learns from and what it is validated on: whole books, never the same series twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from longbox.errors import ModelError
from longbox.features import BookFeatures


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """Books to learn from and books to choose by.

    Attributes:
        about: What they are, in words and numbers: kept in the model's card.

    Raises:
        ModelError: A book is in both.
    """

    train: Sequence[BookFeatures]
    tune: Sequence[BookFeatures]
    about: Mapping[str, Any]

    def __post_init__(self) -> None:
        both = {b.book_id for b in self.train} & {b.book_id for b in self.tune}
        if both:
            raise ModelError(f"book {sorted(both)[0]} is in both training and validation")


def split_by_series(
    books: Sequence[BookFeatures], share: float, seed: int
) -> tuple[list[BookFeatures], list[BookFeatures]]:
    """Hold out whole series for validation, and whole books where there is only one series.

    Args:
        books: All books.
        share: Of the panels that should be held out, about.
        seed: Which.

    Returns:
        Books to train on and books to validate on.

    Raises:
        ModelError: There are fewer than two books.
    """
    if len(books) < 2:
        raise ModelError("training needs at least two books, one of them to validate on")
    keys = [b.series for b in books]
    if len(set(keys)) < 2:
        keys = [b.book_id for b in books]
    names = sorted(set(keys))
    rng = np.random.default_rng(seed)
    total = sum(b.n_panels for b in books)
    held: set[str] = set()
    n_held = 0
    for name in rng.permutation(names):
        size = sum(b.n_panels for b, k in zip(books, keys, strict=True) if k == name)
        if held and n_held + size > share * total * 1.5:
            continue
        if len(held) + 1 == len(names) or n_held >= share * total:
            break
        held.add(str(name))
        n_held += size
    train = [b for b, k in zip(books, keys, strict=True) if k not in held]
    return train, [b for b, k in zip(books, keys, strict=True) if k in held]
