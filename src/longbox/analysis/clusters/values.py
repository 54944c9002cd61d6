"""What clusters are, how they were chosen, and how stable they are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.clusters.fitting import NOISE
from longbox.analysis.clusters.options import ClusterOptions
from longbox.analysis.units import Unit
from longbox.errors import ModelError
from longbox.vectors import Space


class Verdict(StrEnum):
    """What becomes of a cluster when other books are drawn (Hennig 2007), in words."""

    STABLE = "stable"
    UNSURE = "unsure"
    DISSOLVED = "dissolved"
    UNKNOWN = "not measured"


@dataclass(frozen=True, slots=True)
class Trial:
    """One k that was tried.

    Attributes:
        n_clusters: k.
        silhouette: Mean over the sampled units, -1 to 1.
        agreement: Mean adjusted Rand index between fits on other books; NaN where there are too
            few books to draw from.
    """

    n_clusters: int
    silhouette: float
    agreement: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How much fits agree with each other on the units that both have.

    Attributes:
        n_runs: Fits that were compared; below 2 nothing is known.
        mean: Of the adjusted Rand index over all pairs; 1 is the same, 0 is chance.
        low: The lowest of a pair.
        drawn: What differs between the fits: "starting points", "books" or "units".
    """

    n_runs: int
    mean: float
    low: float
    drawn: str


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Clusters of panels or pages, the largest first.

    Attributes:
        space: Whose vectors were clustered.
        unit: Whether a member is a panel or a page.
        options: As asked.
        rows: Of the units, rising, int64 (N,).
        labels: Cluster of each unit, int32 (N,); -1 for none.
        n_clusters: C; 0 where there is nothing to tell apart.
        how_chosen: In a sentence, how many clusters there are and why.
        n_fitted: Units that the clusters were fitted on.
        n_dimensions: Dimensions clustered in.
        explained: Share of the fitted units' variance in these.
        silhouette: Mean over a sample; NaN below two clusters.
        trials: Every k that was tried; empty where k was given.
        over_seeds: Fits from other starting points on the same units.
        over_books: Fits on four fifths of the books.
        jaccard: For each cluster, the mean best Jaccard index over the fits on other books, float64
            (C,); NaN where not measured.
        to_centre: Distance of each unit from its cluster's centre, float32 (N,); NaN for none.
        edge: How far inside its cluster a unit is: (b - a) / max(a, b) for the distances a to the
            own and b to the nearest other centre (the simplified silhouette), float32 (N,).
        nearest_other: That other cluster, int32 (N,); -1 where there is none.
    """

    space: Space
    unit: Unit
    options: ClusterOptions
    rows: NDArray[np.int64]
    labels: NDArray[np.int32]
    n_clusters: int
    how_chosen: str
    n_fitted: int
    n_dimensions: int
    explained: float
    silhouette: float
    trials: tuple[Trial, ...]
    over_seeds: Agreement
    over_books: Agreement
    jaccard: NDArray[np.float64]
    to_centre: NDArray[np.float32]
    edge: NDArray[np.float32]
    nearest_other: NDArray[np.int32]

    def __post_init__(self) -> None:
        n = self.rows.size
        by_unit = (self.labels, self.to_centre, self.edge, self.nearest_other)
        if any(array.shape != (n,) for array in by_unit):
            raise ModelError("what is known of clustered units does not fit their number")
        if n and not NOISE <= self.labels.min() <= self.labels.max() < self.n_clusters:
            raise ModelError(f"a cluster is not from -1 to {self.n_clusters - 1}")
        if self.jaccard.shape != (self.n_clusters,):
            raise ModelError("there is not one Jaccard index for each cluster")

    @property
    def n_noise(self) -> int:
        """Units of no cluster."""
        return int(np.count_nonzero(self.labels == NOISE))

    def members(self, number: int) -> NDArray[np.int64]:
        """Return where a cluster's units are, rising."""
        return np.flatnonzero(self.labels == number)

    def verdict(self, number: int) -> Verdict:
        """Say in a word how stable a cluster is."""
        return verdict_of(float(self.jaccard[number]))


def verdict_of(jaccard: float) -> Verdict:
    """Put a mean best Jaccard index into a word, by Hennig's thresholds."""
    if np.isnan(jaccard):
        return Verdict.UNKNOWN
    if jaccard < 0.5:
        return Verdict.DISSOLVED
    return Verdict.UNSURE if jaccard < 0.75 else Verdict.STABLE
