"""Which books are most alike in one space: by the mean vectors of their pages.

Means are taken about the mean of all books, because every mean of a narrow space points nearly the
same way. Books are compared in one space at a time; a book without a vector there takes no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from longbox.analysis.units import Sampling, Unit, gather_units, work_of
from longbox.errors import QueryError
from longbox.library import Library
from longbox.vectors import Metric, Space, metric_of, unit

_USUAL: Final = Sampling()


@dataclass(frozen=True, slots=True)
class AlikeBook:
    """A book and how alike it is: a cosine about the shelf's mean, or minus a distance.

    Attributes:
        n_pages: Behind its mean.
        is_same_work: Whether it is of the same series: alike for that alone.
    """

    book_id: str
    title: str
    likeness: float
    n_pages: int
    is_same_work: bool


def alike_books(
    library: Library,
    book_id: str,
    space: Space,
    k: int = 10,
    sampling: Sampling = _USUAL,
) -> tuple[AlikeBook, ...]:
    """Find the books most like one in a space, the most alike first.

    Raises:
        QueryError: The library, or the book, has no vectors in this space.
    """
    pages = gather_units(library, space, Unit.PAGES, sampling=sampling)
    ids = [line.book_id for line in pages.books]
    if book_id not in ids:
        raise QueryError(f"{book_id}: no {space} vectors of this book")
    counts = np.bincount(pages.book, minlength=len(ids))
    means = np.zeros((len(ids), pages.vectors.shape[1]))
    np.add.at(means, pages.book, pages.vectors)
    means /= counts[:, None]
    means -= means.mean(axis=0)
    own = ids.index(book_id)
    if metric_of(space) is Metric.COSINE:
        directions = unit(means).astype(np.float64)
        likeness = directions @ directions[own]
    else:
        likeness = -np.linalg.norm(means - means[own], axis=1)
    order = [i for i in np.argsort(-likeness, kind="stable").tolist() if i != own][:k]
    return tuple(
        AlikeBook(
            ids[i],
            pages.books[i].title,
            float(likeness[i]),
            int(counts[i]),
            work_of(pages.books[i]) == work_of(pages.books[own]),
        )
        for i in order
    )
