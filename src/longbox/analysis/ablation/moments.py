"""Sums of products, book by book: all that linear shares need, for any draw of books at once.

How much of a space a set of columns explains depends on the units only through sums of products of
columns and vectors. Kept for every book, they give the share for any draw of books by adding up,
so a bootstrap over books costs no second look at the units. Taking a mean for every book (or every
work) out first, as columns for books would, is subtracting the products of sums.

R2 is the trace of the fitted part over the trace of the whole (redundancy analysis; PERMANOVA on
Euclidean distance, which on unit vectors is cosine distance but for a factor). It grows with every
column, so all shares are Ezekiel's adjusted ones: 1 less residual over total variance, each by its
own degrees of freedom; for books that is epsilon squared. Peres-Neto et al. 2006. What the books of
one work differ by is a variance component (nested analysis of variance, unequal numbers).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TOLERANCE: Final = 1e-9  # of a column's variance: less is no direction
_BOOKS_AT_ONCE: Final = 256


class Taken(StrEnum):
    """Whose means are taken out before columns explain anything."""

    ALL = "all"
    WORK = "work"
    BOOK = "book"


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """Sums of products about means, for K draws of books.

    Attributes:
        xx, xy: Columns with columns, float64 (K, P, P), and with vectors (K, P, D).
        yy: Trace of the vectors' products, float64 (K,).
        n_means: Means that were taken out, float64 (K,).
    """

    xx: Floats
    xy: Floats
    yy: Floats
    n_means: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Products of K draws of books, with no means, works' means and books' means taken out.

    Attributes:
        n: Units, float64 (K,).
        books_in_works: Units that a book has, as they count in a book's mean square, float64 (K,).
        products: By what was taken out.
    """

    n: Floats
    books_in_works: Floats
    products: dict[Taken, Products]

    def book_share(self, places: NDArray[np.int64]) -> Floats:
        """Return the share that books of one work differ by, beside columns, float64 (K,).

        The variance component of books within works: the mean square between them less the one
        within them, over the units that a book has. nan where no work has two books.
        """
        inside, rank = _explained(self.products[Taken.BOOK], places, self.n)
        around, _ = _explained(self.products[Taken.WORK], places, self.n)
        n_books = self.products[Taken.BOOK].n_means
        within = self.products[Taken.BOOK].yy - inside
        between = self.products[Taken.WORK].yy - around - within
        more = n_books - self.products[Taken.WORK].n_means
        free = self.n - n_books - rank
        total = self.products[Taken.ALL].yy / (self.n - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (between / more - within / free) / self.books_in_works / total
        return np.where((free >= 1) & (more >= 1) & (total > 0), share, np.nan)

    def share(self, taken: Taken, places: NDArray[np.int64]) -> Floats:
        """Return the adjusted share that means and columns explain together, float64 (K,).

        nan where there are fewer units than means and columns.
        """
        products = self.products[taken]
        explained, rank = _explained(products, places, self.n)
        free = self.n - products.n_means - rank
        total = self.products[Taken.ALL].yy / (self.n - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = 1 - (products.yy - explained) / free / total
        return np.where((free >= 1) & (total > 0), share, np.nan)


def draw_books(
    columns: Floats,
    vectors: Floats,
    book: NDArray[np.int64],
    work: NDArray[np.int64],
    weights: Floats,
) -> Draws:
    """Add up the products of K draws of books.

    Args:
        columns: float64 (N, P).
        vectors: float64 (N, D).
        book: From 0 without gaps, int64 (N,); each book's units follow each other.
        work: Likewise; a book is of one work.
        weights: How often each book was drawn, float64 (K, B).
    """
    n_books = int(book.max()) + 1
    starts = np.searchsorted(book, np.arange(n_books + 1))
    size = np.diff(starts).astype(np.float64)
    p, d, k = columns.shape[1], vectors.shape[1], len(weights)
    raw = np.zeros((k, p * p + p * d + 1))  # xx, xy and yy of all units
    within = np.zeros_like(raw)
    sums = np.zeros((n_books, p + d))
    for first in range(0, n_books, _BOOKS_AT_ONCE):
        some = range(first, min(first + _BOOKS_AT_ONCE, n_books))
        lines = np.empty((len(some), raw.shape[1]))
        means = np.empty_like(lines)
        for i, b in enumerate(some):
            x, y = columns[starts[b] : starts[b + 1]], vectors[starts[b] : starts[b + 1]]
            sums[b] = np.r_[x.sum(axis=0), y.sum(axis=0)]
            lines[i] = _flat(x.T @ x, x.T @ y, float(np.einsum("nd,nd->", y, y)))
            means[i] = _of_sums(sums[b], p) / size[b]
        drawn = weights[:, some.start : some.stop]
        raw += drawn @ lines
        within += drawn @ (lines - means)
    n = weights @ size
    whole = raw - np.stack([_of_sums(w @ sums, p) for w in weights]) / n[:, None]
    of_work = work[starts[:-1]]
    by_work, n_works = _by_work(weights, sums, size, of_work, p)
    more = np.maximum(weights.sum(axis=1) - n_works, 1.0)
    return Draws(
        n,
        (n - _crowding(weights, size, of_work)) / more,
        {
            Taken.ALL: _products(whole, p, d, np.ones(k)),
            Taken.WORK: _products(raw - by_work, p, d, n_works),
            Taken.BOOK: _products(within, p, d, weights.sum(axis=1)),
        },
    )


def _by_work(
    weights: Floats, sums: Floats, size: Floats, of_work: NDArray[np.int64], p: int
) -> tuple[Floats, Floats]:
    """Return the products of works' means, and how many works each draw has."""
    n_works = int(of_work.max()) + 1
    member = np.zeros((n_works, len(of_work)))
    member[of_work, np.arange(len(of_work))] = 1.0
    lines, counts = [], []
    for drawn in weights:
        units = member @ (drawn * size)
        there = units > 0
        scaled = (member @ (drawn[:, None] * sums))[there] / np.sqrt(units[there])[:, None]
        x, y = scaled[:, :p], scaled[:, p:]
        lines.append(_flat(x.T @ x, x.T @ y, float(np.einsum("nd,nd->", y, y))))
        counts.append(float(there.sum()))
    return np.stack(lines), np.array(counts)


def _crowding(weights: Floats, size: Floats, of_work: NDArray[np.int64]) -> Floats:
    """Return the sum over works of their books' squared sizes over their own, float64 (K,)."""
    units = np.stack([np.bincount(of_work, drawn * size) for drawn in weights])
    squares = np.stack([np.bincount(of_work, drawn * size**2) for drawn in weights])
    crowding: Floats = np.divide(squares, units, out=np.zeros_like(units), where=units > 0).sum(
        axis=1
    )
    return crowding


def _of_sums(sums: Floats, p: int) -> Floats:
    x, y = sums[:p], sums[p:]
    return _flat(np.outer(x, x), np.outer(x, y), float(y @ y))


def _flat(xx: Floats, xy: Floats, yy: float) -> Floats:
    return np.concatenate([xx.ravel(), xy.ravel(), [yy]])


def _products(flat: Floats, p: int, d: int, n_means: Floats) -> Products:
    xx = flat[:, : p * p].reshape(-1, p, p)
    xy = flat[:, p * p : -1].reshape(-1, p, d)
    return Products(xx, xy, flat[:, -1], n_means)


def _explained(products: Products, places: NDArray[np.int64], n: Floats) -> tuple[Floats, Floats]:
    """Return what columns explain of the trace, and how many of them are independent."""
    if not places.size:
        return np.zeros(len(n)), np.zeros(len(n))
    values, axes = np.linalg.eigh(products.xx[:, places[:, None], places])  # (K, p), (K, p, p)
    is_real = values > TOLERANCE * n[:, None]
    turned = np.einsum("kpq,kpd->kqd", axes, products.xy[:, places])
    parts = np.einsum("kqd,kqd->kq", turned, turned)
    explained = np.where(is_real, parts / np.where(is_real, values, 1.0), 0.0)
    return explained.sum(axis=1), is_real.sum(axis=1).astype(np.float64)
