"""Which pages meet in a batch.

A page is seen once an epoch. Pages of a book come in small groups, so that a batch holds both kinds
of negatives: other pages of the same book, drawn alike and about the same people, and pages of
other books. Pages that are no story are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from longbox.errors import ConfigError
from longbox.features import BookFeatures


@dataclass(frozen=True, slots=True, order=True)
class PagePlace:
    """A page with panels: index of the book in the corpus, and page index."""

    book: int
    page: int


def pages_of(corpus: Sequence[BookFeatures]) -> list[PagePlace]:
    """Return every story page that has panels, in the order of the corpus."""
    return [
        PagePlace(index, int(page))
        for index, book in enumerate(corpus)
        for page in np.setdiff1d(book.pages, book.pages[~book.is_story])
    ]


def page_batches(
    corpus: Sequence[BookFeatures], batch_pages: int, seed: int, *, pages_a_book: int = 4
) -> Iterator[tuple[PagePlace, ...]]:
    """Yield one epoch of batches.

    Args:
        corpus: The books.
        batch_pages: Pages a batch; the last may have fewer.
        seed: The same seed gives the same batches.
        pages_a_book: Pages of one book that stay together, drawn from all over it.

    Raises:
        ConfigError: A count below 1.
    """
    if batch_pages < 1 or pages_a_book < 1:
        raise ConfigError("closure_lite: a batch needs at least one page, of one page a book")
    rng = np.random.default_rng(seed)
    of_book: dict[int, list[PagePlace]] = {}
    for place in pages_of(corpus):
        of_book.setdefault(place.book, []).append(place)
    groups: list[list[PagePlace]] = []
    for pages in of_book.values():
        shuffled = [pages[i] for i in rng.permutation(len(pages))]
        groups += [shuffled[i : i + pages_a_book] for i in range(0, len(shuffled), pages_a_book)]
    line = [place for i in rng.permutation(len(groups)) for place in groups[i]]
    for start in range(0, len(line), batch_pages):
        yield tuple(line[start : start + batch_pages])
