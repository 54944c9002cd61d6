"""How a measure differs inside a group of units from outside, where units of a book are alike.

The effect is Cliff's delta, 2 A - 1 for the area A under the ROC curve: the chance that a member's
value is above an outsider's, ties half. It needs no bell curve, and for what is true or not it is
the difference of the two shares.

Pages of a book are no independent draws, so the spread of A is taken over books, as for clustered
ROC curves (Obuchowski 1997): with V(x) the share of outsiders below a member x, and of members
above an outsider, every book has one sum of its units' V less A, and the variance is that of these
sums. Interval and p are by Student's t with one degree less than the number of books. Four things
make them hold where there are few books, or a few large ones:

- no book counts for more than a fifth of the outsiders: what a group is held against is the shelf,
  not the one long book on it;
- the number of books is the effective one, (sum n)^2 / sum n^2, of the members' or the outsiders'
  books, whichever is smaller;
- a book that would show nothing is always thought added (a term (A - 1/2)^2 / books^2), so that
  groups which do not overlap at all are not told from five books with a p of zero;
- with fewer than five books on a side, or members that amount to fewer than three, members are
  held against outsiders of their own book only (Mann and Whitney's test stratified by book, van
  Elteren 1960): a group is never told from the rest by what is its book's own. Where members have
  no outsiders in their book, it cannot be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.clusters.measured import Numbers
from longbox.analysis.clusters.portraits import Effect, Level

LEAST_BOOKS: Final = 5
LEAST_EFFECTIVE: Final = 3.0
_LEAST_UNITS: Final = 5
_MOST_SHARE: Final = 0.2
_CLAIMED_DELTA: Final = 0.147  # a small effect, not a negligible one (Romano et al. 2006)
_CLAIMED_Q: Final = 0.05
_CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """A measure made ready to be contrasted in many ways.

    Attributes:
        name: Of the measure.
        values: Known ones only, float64 (n,).
        is_known: Of all units, bool (N,).
        codes: Place of each value among those that differ, int64 (n,).
        books: A number for each value's book, from 0, int64 (n,).
        n_books: How many books there are.
    """

    name: str
    values: Numbers
    is_known: NDArray[np.bool_]
    codes: NDArray[np.int64]
    books: NDArray[np.int64]
    n_books: int


def ranked(name: str, values: Numbers, books: NDArray[np.int32]) -> Ranked:
    """Sort a measure once. `books` has a number for each unit's book, int32 (N,)."""
    is_known = ~np.isnan(values)
    known = values[is_known]
    _, codes = np.unique(known, return_inverse=True)
    names, own = np.unique(books[is_known], return_inverse=True)
    return Ranked(name, known, is_known, codes, own, int(names.size))


def contrast(measure: Ranked, is_inside: NDArray[np.bool_]) -> Effect:
    """Contrast a group with all others; q is p until many are corrected together.

    Args:
        measure: The measure, ranked.
        is_inside: Which units are members, bool (N,).
    """
    inside = is_inside[measure.is_known]
    per_in = np.bincount(measure.books[inside], minlength=measure.n_books)
    per_out = np.bincount(measure.books[~inside], minlength=measure.n_books)
    weights = book_weights(per_out)
    n_books = min(effective(per_in), effective(per_out * weights))
    is_over_books = (
        min(np.count_nonzero(per_in), np.count_nonzero(per_out)) >= LEAST_BOOKS
        and n_books >= LEAST_EFFECTIVE
    )
    if min(per_in.sum(), per_out.sum()) < _LEAST_UNITS:
        told = _Told(float("nan"), float("nan"), float("nan"), float("nan"))
    elif is_over_books:
        told = _over_books(measure, inside, weights, n_books)
    else:
        told = _within_books(measure, inside)
    return Effect(
        measure=measure.name,
        delta=told.delta,
        low=told.low,
        high=told.high,
        p=told.p,
        q=told.p,
        inside=_middle(measure.values[inside]),
        outside=_middle(measure.values[~inside]),
        n_inside=int(per_in.sum()),
        n_outside=int(per_out.sum()),
        n_missing=int(np.count_nonzero(is_inside & ~measure.is_known)),
        n_books=round(n_books, 1),
        level=Level.BOOKS if is_over_books else Level.UNITS,
        is_claimed=False,
    )


def is_claim(delta: float, q: float) -> bool:
    """Say whether an effect is large and sure enough to be said."""
    return bool(q <= _CLAIMED_Q and abs(delta) >= _CLAIMED_DELTA)


def corrected(p_values: list[float]) -> list[float]:
    """Correct many p for their number (Benjamini and Hochberg); nan stays and does not count."""
    from scipy.stats import false_discovery_control

    p = np.array(p_values, dtype=np.float64)
    is_told = ~np.isnan(p)
    if is_told.any():
        p[is_told] = false_discovery_control(p[is_told], method="bh")
    return [float(q) for q in p]


def effective(counts: NDArray[np.int64] | Numbers) -> float:
    """Return how many equal books these amount to; 0 where there are none."""
    total = float(counts.sum())
    return total**2 / float((counts.astype(np.float64) ** 2).sum()) if total else 0.0


def interval(estimate: float, influence: Numbers, n_books: float) -> tuple[float, float, float]:
    """Return low, high and p of an estimate whose null is 0, from its books' influences.

    Args:
        estimate: A difference, or a correlation on Fisher's scale.
        influence: What each book adds to it, summing to about 0, float64 (books,).
        n_books: How many books these amount to, above 1.
    """
    from scipy.stats import t

    own = float((influence**2).sum()) * n_books / (n_books - 1)
    error = np.sqrt(own + (estimate / n_books) ** 2)
    if error <= 0:
        return estimate, estimate, 1.0
    reach = float(t.ppf((1 + _CONFIDENCE) / 2, n_books - 1) * error)
    p = float(2 * t.sf(abs(estimate) / error, n_books - 1))
    return estimate - reach, estimate + reach, p


@dataclass(frozen=True, slots=True)
class _Told:
    delta: float
    low: float
    high: float
    p: float


def _over_books(
    measure: Ranked, inside: NDArray[np.bool_], weights: Numbers, n_books: float
) -> _Told:
    """Return delta with an interval and p over books; `weights` are of the books' outsiders."""
    ones = np.ones(measure.codes.size)
    own = weights[measure.books]
    wins_in = _share_below(measure.codes, np.where(inside, 0.0, own))[inside]
    wins_out = 1 - _share_below(measure.codes, np.where(inside, ones, 0.0))[~inside]
    area = float(wins_in.mean())
    size, own_out = measure.n_books, own[~inside]
    influence = (
        np.bincount(measure.books[inside], wins_in - area, size) / wins_in.size
        + np.bincount(measure.books[~inside], (wins_out - area) * own_out, size) / own_out.sum()
    )
    delta = 2 * area - 1
    low, high, p = interval(delta, 2 * influence, n_books)
    return _Told(delta, max(-1.0, low), min(1.0, high), p)


def _within_books(measure: Ranked, inside: NDArray[np.bool_]) -> _Told:
    """Return delta and p of members against outsiders of their own book; no interval is known.

    In each book with n units of which k are members, values are ranked. Were members drawn at
    random, the sum of their ranks r would have the mean k (n + 1) / 2 and the variance
    k (n - k) / (n (n - 1)) sum (r - mean)^2, ties or not. Books add up with weights 1 / (n + 1).
    """
    from scipy.stats import norm, rankdata

    surplus = variance = weight = gained = 0.0
    for book in np.unique(measure.books[inside]):
        is_own = measure.books == book
        own, members = measure.codes[is_own], inside[is_own]
        n, k = own.size, int(members.sum())
        if k == n:
            continue
        ranks = rankdata(own) - (n + 1) / 2
        spread = k * (n - k) / (n * (n - 1)) * float((ranks**2).sum())
        surplus += float(ranks[members].sum()) / (n + 1)
        variance += spread / (n + 1) ** 2
        weight += k * (n - k) / (n + 1)
        gained += 2 * float(ranks[members].sum()) / (n + 1)
    if weight == 0:
        delta = cliffs_delta(measure.values, inside)
        return _Told(delta, float("nan"), float("nan"), float("nan"))
    if variance == 0:
        return _Told(0.0, float("nan"), float("nan"), 1.0)
    p = float(2 * norm.sf(abs(surplus) / np.sqrt(variance)))
    return _Told(gained / weight, float("nan"), float("nan"), p)


def book_weights(counts: NDArray[np.int64]) -> Numbers:
    """Return what a unit of each book counts, so that no book is more than a fifth, (books,).

    Args:
        counts: Units of each book, int64 (books,).
    """
    sizes = np.sort(counts[counts > 0]).astype(np.float64)
    if sizes.size < LEAST_BOOKS:
        return np.ones(counts.size)
    # With the k largest cut to c: c = share (k c + rest), the smallest k for which c is enough.
    cut = sizes[-1]
    for k in range(1, LEAST_BOOKS):
        rest = float(sizes[:-k].sum())
        cut = rest * _MOST_SHARE / (1 - _MOST_SHARE * k)
        if sizes[-k - 1] <= cut:
            break
    cut = max(min(cut, sizes[-1]), sizes[0])
    weights: Numbers = np.minimum(1.0, cut / np.maximum(counts, 1))
    return weights


def _share_below(codes: NDArray[np.int64], weights: Numbers) -> Numbers:
    """Return for each value the share of a weighted group below it, ties half, float64 (n,)."""
    counts = np.bincount(codes, weights, int(codes.max()) + 1)
    below = (np.cumsum(counts) - counts / 2) / counts.sum()
    shares: Numbers = below[codes]
    return shares


def _middle(values: Numbers) -> float:
    return float(np.median(values)) if values.size else float("nan")


def cliffs_delta(values: Numbers, is_inside: NDArray[np.bool_]) -> float:
    """Return how much likelier a member's value is above an outsider's than below; 0 if unknown."""
    is_known = ~np.isnan(values)
    inside = is_inside[is_known]
    if not inside.any() or inside.all():
        return 0.0
    _, codes = np.unique(values[is_known], return_inverse=True)
    outside = (~inside).astype(np.float64)
    return 2 * float(_share_below(codes, outside)[inside].mean()) - 1
