"""What an axis means: which measures go along it, and what a small tree of them explains.

An axis is a number for each unit: a side of a map, a ribbon, a direction of the space.

- Each measure's Spearman correlation (of ranks, no book counting more than a fifth), with an
  interval and p over books: the jackknife, how it changes when a book is left out, on Fisher's
  scale, and Student's t as in `contrasts`. p is corrected for all measures (Benjamini and
  Hochberg).
- A decision tree of at most three questions in a row explains a unit's place (its rank, 0 to 1).
  Books are cut into five parts, and each part is explained by a tree grown on the others, so that
  nothing is gained by knowing the book again. What chance explains is found by shuffling the axis
  99 times: books exchange their means, and within a book what is left is turned round by a random
  number of pages, so that shuffled axes hang together in books and along pages as the true one
  does.

An axis of a map means what it means on this map only: UMAP may turn and bend it the next time.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longbox.analysis.clusters.axes import AxisMeaning, Correlation, TreeMeaning
from longbox.analysis.clusters.contrasts import (
    LEAST_BOOKS,
    LEAST_EFFECTIVE,
    book_weights,
    corrected,
    effective,
    interval,
)
from longbox.analysis.clusters.measured import Measured, Numbers, measured
from longbox.analysis.clusters.options import AxisOptions
from longbox.analysis.clusters.preparing import components_of, independent_books, sampled
from longbox.analysis.clusters.trees import Grown, explain_places
from longbox.analysis.units import Tell, Units
from longbox.errors import ModelError

_LEAST_KNOWN: Final = 0.5
_LEAST_UNITS: Final = 20
_CLAIMED_RHO: Final = 0.1
_CLAIMED_Q: Final = 0.05
_CLAIMED_SHARE: Final = 0.05
_MOST_FITTED: Final = 20_000
_NEARLY_ONE: Final = 1 - 1e-9


def explain_axis(
    along: NDArray[np.floating],
    units: Units,
    frame: pl.DataFrame,
    name: str = "axis",
    options: AxisOptions | None = None,
    tell: Tell | None = None,
) -> AxisMeaning:
    """Say what goes along an axis.

    Args:
        along: Place of each unit on it, (N,); units that are not finite are not on it.
        units: With their books.
        frame: Measures, a row a unit, known by `row`; nulls and missing rows take no part.
        name: Of the axis, for people.
        options: Of the tree.
        tell: Called with "explaining", the shuffled axes explained and how many there are.

    Raises:
        ModelError: There is not one place a unit, or the frame has no rows of its own.
    """
    if along.shape != (units.n,):
        raise ModelError(f"an axis of {along.shape} does not fit {units.n} units")
    at = np.flatnonzero(np.isfinite(along))
    known = measured(frame, units.rows, units.unit).taken(at)
    _, books = np.unique(independent_books(units)[at], return_inverse=True)
    columns, left_out = _columns(known)
    places = along[at].astype(np.float64)
    correlations = _correlations(columns, places, books)
    n_books = int(books.max(initial=-1)) + 1
    why_not = _why_not(places, n_books, columns)
    tree = None
    if not why_not:
        chosen = options or AxisOptions()
        drawn = sampled(places.size, chosen.most_units, np.random.default_rng(chosen.seed))
        values = np.stack([column[drawn] for column in columns.values()], axis=1)  # (n, F)
        grown = explain_places(values, tuple(columns), places[drawn], books[drawn], chosen, tell)
        tree = _told(grown)
    words = f"cannot be told: {why_not}" if tree is None else _words(tree)
    return AxisMeaning(name, at.size, n_books, correlations, tree, words, left_out)


def ribbon_along(
    places: NDArray[np.floating], members: NDArray[np.int64] | NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return where members lie along their own length, float64 (N,); nan for all others.

    A ribbon is a curve; its length is taken to be the widest direction of its places, which holds
    for a piece that does not turn back.

    Args:
        places: On a map, or in a space, (N, D).
        members: Of a cluster or a lasso.
    """
    along = np.full(len(places), np.nan)
    own = places[members].astype(np.float32)
    if len(own):
        along[members] = components_of(own, 1, 1.0).project(own)[:, 0]
    return along


def space_along(units: Units, component: int = 0, seed: int = 0) -> NDArray[np.float64]:
    """Return where units lie along a principal component of their space, float64 (N,).

    Args:
        units: With their vectors.
        component: From 0, the widest.
        seed: For the sample that the component is found on, of more than 20,000 units.

    Raises:
        ModelError: The space has fewer components.
    """
    at = sampled(units.n, _MOST_FITTED, np.random.default_rng(seed))
    components = components_of(units.vectors[at], component + 1, 1.0)
    if not 0 <= component < len(components.axes):
        raise ModelError(f"these vectors have {len(components.axes)} components, from 0")
    return components.project(units.vectors)[:, component].astype(np.float64)


def _columns(known: Measured) -> tuple[dict[str, Numbers], tuple[str, ...]]:
    """Return the measures that half of the units have and that differ, and those left out."""
    columns, left_out = {}, []
    for name, values in (*known.numbers.items(), *known.claims.items()):
        told = values[~np.isnan(values)]
        if told.size >= max(2, _LEAST_KNOWN * known.n) and np.ptp(told) > 0:
            columns[name] = values
        else:
            left_out.append(name)
    return columns, tuple(left_out)


def _why_not(places: Numbers, n_books: int, columns: dict[str, Numbers]) -> str:
    if places.size < _LEAST_UNITS:
        return f"{places.size} units are too few; {_LEAST_UNITS} are needed"
    if n_books < LEAST_BOOKS:
        return f"{n_books} books are too few; {LEAST_BOOKS} are needed"
    if np.ptp(places) == 0:
        return "all units are at the same place"
    return "" if columns else "no measure is known that differs"


def _correlations(
    columns: dict[str, Numbers], places: Numbers, books: NDArray[np.int64]
) -> tuple[Correlation, ...]:
    found = [_correlation(name, values, places, books) for name, values in columns.items()]
    told = [
        Correlation(one.measure, one.rho, one.low, one.high, one.p, q, one.n, one.n_books,
                    bool(q <= _CLAIMED_Q and abs(one.rho) >= _CLAIMED_RHO))
        for one, q in zip(found, corrected([one.p for one in found]), strict=True)
    ]  # fmt: skip
    return tuple(sorted(told, key=lambda one: (not one.is_claimed, -abs(one.rho))))


def _correlation(
    name: str, values: Numbers, places: Numbers, books: NDArray[np.int64]
) -> Correlation:
    """Correlate ranks, each unit by its book's weight; the spread is over books."""
    from scipy.stats import rankdata

    is_known = ~np.isnan(values)
    own = books[is_known]
    counts = np.bincount(own)
    weights = book_weights(counts)[own]
    weights = weights / weights.sum()
    x = _standard(rankdata(values[is_known]), weights)
    y = _standard(rankdata(places[is_known]), weights)
    rho = float((weights * x * y).sum())
    n_books = effective(np.bincount(own, weights))
    low = high = p = float("nan")
    if np.count_nonzero(counts) >= LEAST_BOOKS and n_books >= LEAST_EFFECTIVE:
        changes = _changes(x, y, weights, own)
        below, above, p = interval(float(_fisher(np.array(rho))), changes, n_books)
        low, high = float(np.tanh(below)), float(np.tanh(above))
    n = int(is_known.sum())
    return Correlation(name, rho, low, high, p, p, n, round(n_books, 1), is_claimed=False)


def _changes(x: Numbers, y: Numbers, weights: Numbers, books: NDArray[np.int64]) -> Numbers:
    """Return how much each book makes of the correlation of x and y, on Fisher's scale."""
    sums = [np.bincount(books, weights * v) for v in (np.ones_like(x), x, y, x * x, y * y, x * y)]
    n, sx, sy, sxx, syy, sxy = (own.sum() - own[sums[0] > 0] for own in sums)
    spread = np.sqrt(np.maximum((sxx - sx**2 / n) * (syy - sy**2 / n), 0))
    left = _fisher(np.divide(sxy - sx * sy / n, spread, out=np.zeros_like(n), where=spread > 0))
    changes: Numbers = (left.mean() - left) * (left.size - 1) / left.size
    return changes


def _fisher(rho: Numbers) -> Numbers:
    """Return correlations on the scale where their spread hardly depends on them."""
    scaled: Numbers = np.arctanh(np.clip(rho, -_NEARLY_ONE, _NEARLY_ONE))
    return scaled


def _standard(ranks: Numbers, weights: Numbers) -> Numbers:
    centred = ranks - (weights * ranks).sum()
    spread = float(np.sqrt((weights * centred**2).sum()))
    standard: Numbers = centred / spread if spread > 0 else np.zeros_like(centred)
    return standard


def _told(grown: Grown) -> TreeMeaning:
    """Put what a tree explains beside what chance does."""
    p = (1 + int((grown.by_chance >= grown.explained).sum())) / (1 + grown.by_chance.size)
    return TreeMeaning(
        explained=grown.explained,
        low=grown.low,
        high=grown.high,
        chance=float(np.quantile(grown.by_chance, 0.95)),
        p=p,
        n=grown.n,
        n_books=grown.n_books,
        measures=grown.measures,
        rules=grown.rules,
        is_claimed=p <= _CLAIMED_Q and grown.explained >= _CLAIMED_SHARE,
    )


def _words(tree: TreeMeaning) -> str:
    said = (
        f"{max(0.0, tree.explained):.0%} of the order on books that were not seen (chance: up to "
        f"{max(0.0, tree.chance):.0%})"
    )
    if not tree.is_claimed:
        return f"no measure explains it: {said}"
    low, high = tree.rules[0], tree.rules[-1]
    return f"from {low.words} to {high.words}; explains {said}"
