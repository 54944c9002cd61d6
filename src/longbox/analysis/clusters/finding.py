"""Clusters of panels or pages, found in the space itself and never on a map.

A map bends a space to lay it flat: what it puts apart need not be apart. Here points are the
vectors' principal components (`preparing`).

How many clusters k-means gets, where nobody says: every k from 2 to 16 is fitted on four fifths
of the books, four times, and on all. Those k count whose fits agree (adjusted Rand .75 or more; the
best agreement where none does). Of these the best silhouette is taken, and of all k whose
silhouette is within a tenth of it the largest: a finer answer that is as good says more. Where a
shelf falls apart into few works first, the answer is few; ask for more clusters by `n_clusters`, or
for those `beside_books`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.clusters.fitting import (
    NOISE,
    Labels,
    Points,
    fit_density,
    fit_k_means,
    join_density,
    n_distinct,
    nearest_centres,
)
from longbox.analysis.clusters.options import ClusterMethod, ClusterOptions
from longbox.analysis.clusters.preparing import (
    Prepared,
    beside,
    independent_books,
    prepare,
    sampled,
)
from longbox.analysis.clusters.stability import (
    UNKNOWN,
    Fit,
    agreement_over_books,
    agreement_over_seeds,
    best_jaccards,
    runs_over_books,
)
from longbox.analysis.clusters.values import Clusters, Trial
from longbox.analysis.units import Tell, Units, unheard

_STEPS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20, 24, 32, 48, 64)
_UNITS_EACH: Final = 8
_TRIAL_RUNS: Final = 4
_TRIAL_STARTS: Final = 2
_AGREES: Final = 0.75
_NEAR_BEST: Final = 0.1
_LEAST_MEMBERS: Final = 10
_LEAST_RUN: Final = 5
_CHUNK_ROWS: Final = 8192


def cluster_units(
    units: Units, options: ClusterOptions | None = None, tell: Tell | None = None
) -> Clusters:
    """Find clusters of units in their space.

    Args:
        units: With their vectors.
        options: By which method, how many.
        tell: Called with what is done ("preparing", "trying", "clustering", "stability"), how much
            of it, and of how much.
    """
    options = options or ClusterOptions()
    say = tell or unheard
    say("preparing", 0, 1)
    prepared = prepare(units, options)
    books = independent_books(units)
    sight = _sight(prepared, books, options)
    choice = _choose(sight, tell=say)
    if options.beside_books:
        _, n_first = _by_size(_labels(prepared, choice.k, options))
        prepared = beside(prepared, units.book, n_first, options.seed)
        sight = _sight(prepared, books, options)
        choice = _choose(sight, tell=say)
    say("clustering", 0, 1)
    labels, n_clusters = _by_size(_labels(prepared, choice.k, options))
    say("clustering", 1, 1)
    fit = _fit_of(choice.k, sight, options)
    runs = runs_over_books(sight.points, sight.books, fit, options.n_runs, options.seed)
    say("stability", 1, 2)
    is_seeded = options.method is ClusterMethod.K_MEANS
    over_seeds = (
        agreement_over_seeds(sight.points, fit, options.n_runs, options.seed)
        if is_seeded
        else UNKNOWN
    )
    say("stability", 2, 2)
    to_centre, edge, nearest_other = _margins(prepared.points, labels, n_clusters)
    return Clusters(
        space=units.space,
        unit=units.unit,
        options=options,
        rows=units.rows,
        labels=labels,
        n_clusters=n_clusters,
        how_chosen=choice.words or _density_words(labels, n_clusters, choice.k),
        n_fitted=prepared.fitted.size,
        n_dimensions=prepared.points.shape[1],
        explained=prepared.explained,
        silhouette=_silhouette(sight.points, labels[sight.at]),
        trials=choice.trials,
        over_seeds=over_seeds,
        over_books=agreement_over_books(runs, sight.books),
        jaccard=best_jaccards(labels[sight.at], runs, n_clusters),
        to_centre=to_centre,
        edge=edge,
        nearest_other=nearest_other,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    """The units that trials and fits for stability look at, of all that are fitted on."""

    at: NDArray[np.int64]
    points: Points
    books: NDArray[np.int32]
    n_fitted: int
    options: ClusterOptions


@dataclass(frozen=True, slots=True)
class _Choice:
    """How many clusters, or the least members of one for HDBSCAN, and why."""

    k: int
    words: str
    trials: tuple[Trial, ...] = ()


def _sight(prepared: Prepared, books: NDArray[np.int32], options: ClusterOptions) -> _Sight:
    n = prepared.fitted.size
    drawn = sampled(n, options.most_run, np.random.default_rng(options.seed))
    at = prepared.fitted[drawn]
    return _Sight(at, prepared.points[at], books[at], n, options)


def _choose(sight: _Sight, tell: Tell) -> _Choice:
    """Choose k, or the least members of a cluster."""
    options, n = sight.options, len(sight.points)
    if options.method is ClusterMethod.HDBSCAN:
        least = options.least_members or max(_LEAST_MEMBERS, sight.n_fitted // 100)
        return _Choice(least, "")
    if options.n_clusters is not None:
        return _Choice(options.n_clusters, f"{options.n_clusters} were asked for")
    most = min(options.most_clusters, n // _UNITS_EACH)
    most = min(most, n_distinct(sight.points, most)) if most > 1 else 1
    if most < 2:
        return _Choice(1, "too few different units to tell clusters apart")
    tried = [k for k in _STEPS if k < most] + [most]
    trials = []
    for at, k in enumerate(tried):
        tell("trying", at, len(tried))
        trials.append(_try(sight, k))
    tell("trying", len(tried), len(tried))
    return _chosen(tuple(trials))


def _chosen(trials: tuple[Trial, ...]) -> _Choice:
    """Apply the rule that the module's documentation gives."""
    agreements = np.array([trial.agreement for trial in trials])
    floor = min(_AGREES, float(agreements.max()))
    agreeing = [trial for trial in trials if trial.agreement >= floor]
    best = max(trial.silhouette for trial in agreeing)
    enough = best - _NEAR_BEST * abs(best)
    taken = max(
        (trial for trial in agreeing if trial.silhouette >= enough),
        key=lambda trial: trial.n_clusters,
    )
    words = (
        f"{taken.n_clusters} of {trials[0].n_clusters} to {trials[-1].n_clusters}: the most that "
        f"keep nearly the best silhouette ({taken.silhouette:.2f}) among those whose fits on "
        f"other books agree (adjusted Rand {taken.agreement:.2f})"
    )
    if floor < _AGREES:
        words += "; no number of clusters comes again reliably"
    return _Choice(taken.n_clusters, words, trials)


def _try(sight: _Sight, k: int) -> Trial:
    """Fit a k on other books and on all."""
    seed = sight.options.seed

    def fit(points: Points, seed: int) -> Labels:
        return nearest_centres(points, fit_k_means(points, k, seed, _TRIAL_STARTS))

    runs = runs_over_books(sight.points, sight.books, fit, _TRIAL_RUNS, seed)
    agreement = agreement_over_books(runs, sight.books)
    return Trial(k, _silhouette(sight.points, fit(sight.points, seed)), agreement.mean)


def _labels(prepared: Prepared, k: int, options: ClusterOptions) -> Labels:
    """Give every unit its cluster."""
    points, fitted = prepared.points, prepared.fitted
    if not len(points):
        return np.zeros(0, dtype=np.int32)
    if options.method is ClusterMethod.K_MEANS:
        return nearest_centres(points, fit_k_means(points[fitted], k, options.seed))
    own = fit_density(points[fitted], k)
    labels = np.full(len(points), NOISE, dtype=np.int32)
    labels[fitted] = own
    is_left = np.ones(len(points), dtype=np.bool_)
    is_left[fitted] = False
    labels[is_left] = join_density(points[is_left], points[fitted], own)
    return labels


def _fit_of(k: int, sight: _Sight, options: ClusterOptions) -> Fit:
    """Return the fit that stability repeats."""
    if options.method is ClusterMethod.K_MEANS:
        return lambda points, seed: nearest_centres(points, fit_k_means(points, k, seed))
    n = max(1, sight.n_fitted)
    return lambda points, _: fit_density(points, max(_LEAST_RUN, round(k * len(points) / n)))


def _by_size(labels: Labels) -> tuple[Labels, int]:
    """Number clusters anew, the largest first; return also how many there are."""
    names, counts = np.unique(labels[labels != NOISE], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    numbers = np.full(int(names.max(initial=0)) + 2, NOISE, dtype=np.int32)  # the last is for -1
    numbers[names[order]] = np.arange(names.size)
    return numbers[labels], int(names.size)


def _silhouette(points: Points, labels: Labels) -> float:
    """Return the mean silhouette of units that have a cluster; NaN where it is not defined."""
    from sklearn.metrics import silhouette_score

    is_clustered = labels != NOISE
    n_clusters = np.unique(labels[is_clustered]).size
    if not 2 <= n_clusters < int(is_clustered.sum()):
        return float("nan")
    return float(silhouette_score(points[is_clustered], labels[is_clustered]))


def _margins(
    points: Points, labels: Labels, n_clusters: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    """Return distance to the own centre, how far inside, and the nearest other cluster."""
    n = len(points)
    to_centre, edge = np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32)
    nearest_other = np.full(n, NOISE, dtype=np.int32)
    if n_clusters == 0:
        return to_centre, edge, nearest_other
    centres = np.stack([points[labels == number].mean(axis=0) for number in range(n_clusters)])
    for start in range(0, n, _CHUNK_ROWS):
        own = labels[start : start + _CHUNK_ROWS]
        at = np.flatnonzero(own != NOISE)
        part = points[start : start + _CHUNK_ROWS][at]
        distances = np.linalg.norm(part[:, None, :] - centres[None, :, :], axis=2)  # (n, C)
        near = np.take_along_axis(distances, own[at, None], axis=1)[:, 0]
        to_centre[start + at] = near
        if n_clusters < 2:
            continue
        np.put_along_axis(distances, own[at, None], np.inf, axis=1)
        nearest_other[start + at] = distances.argmin(axis=1)
        far = distances.min(axis=1)
        widest = np.maximum(near, far)
        edge[start + at] = np.divide(
            far - near, widest, out=np.zeros_like(widest), where=widest > 0
        )
    return to_centre, edge, nearest_other


def _density_words(labels: Labels, n_clusters: int, least: int) -> str:
    n_noise = int(np.count_nonzero(labels == NOISE))
    return (
        f"{n_clusters} dense groups of {least} units or more; {n_noise:,} of {labels.size:,} "
        "units lie between them"
    )
