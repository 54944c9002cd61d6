"""What decides how clusters are found, and how axes are explained."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from longbox.errors import ConfigError


class ClusterMethod(StrEnum):
    """How vectors become clusters."""

    K_MEANS = "k-means"
    HDBSCAN = "hdbscan"


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """Options of clustering.

    Attributes:
        method: k-means gives every unit a cluster; HDBSCAN leaves out what lies between.
        n_clusters: k of k-means; chosen from 2 to `most_clusters` when None.
        most_clusters: Of a chosen k.
        least_members: Of an HDBSCAN cluster; a hundredth of the units, 10 at least, when None.
        beside_books: Find the clusters beside what is a book's own: every book has an offset
            that is taken off, so that a style, a paper or a scan is no cluster.
        explained: Share of the variance that the dimensions clustered in are to explain.
        most_dimensions: At most so many; None is 32 for k-means and 10 for HDBSCAN, since a
            density can be told in few dimensions only.
        most_fitted: Clusters are fitted on at most so many units; the others join the nearest.
        n_runs: Fits for each kind of stability (seeds, subsamples of books); 0 for none.
        most_run: Units that a fit for stability, and a silhouette, looks at.
        seed: The same units and seed give the same clusters.
    """

    method: ClusterMethod = ClusterMethod.K_MEANS
    n_clusters: int | None = None
    most_clusters: int = 16
    least_members: int | None = None
    beside_books: bool = False
    explained: float = 0.9
    most_dimensions: int | None = None
    most_fitted: int = 20_000
    n_runs: int = 10
    most_run: int = 4_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_clusters is not None and self.n_clusters < 1:
            raise ConfigError(f"{self.n_clusters} clusters are none; ask for 1 or more")
        if self.most_clusters < 2:
            raise ConfigError("most_clusters is 2 or more")
        if self.least_members is not None and self.least_members < 2:
            raise ConfigError("a cluster has 2 members or more")
        if not 0 < self.explained <= 1:
            raise ConfigError(f"an explained share of {self.explained} is not above 0 and up to 1")
        if self.most_dimensions is not None and self.most_dimensions < 1:
            raise ConfigError("most_dimensions is 1 or more")
        if self.most_fitted < 10 or self.most_run < 10:
            raise ConfigError("clusters are fitted on 10 units or more")
        if self.n_runs < 0 or self.seed < 0:
            raise ConfigError("n_runs and seed are 0 or more")

    @property
    def dimensions(self) -> int:
        """At most so many, for the method."""
        if self.most_dimensions is not None:
            return self.most_dimensions
        return 10 if self.method is ClusterMethod.HDBSCAN else 32


@dataclass(frozen=True, slots=True)
class AxisOptions:
    """Options of explaining an axis.

    Attributes:
        depth: Of the tree; 3 questions one after another can still be read.
        n_folds: Parts that the books are cut into, each explained by a tree of the others.
        n_permuted: Times that the axis is shuffled to know what chance explains.
        most_units: The tree sees at most so many, drawn by the seed.
        seed: For the draw, the folds and the shuffling.
    """

    depth: int = 3
    n_folds: int = 5
    n_permuted: int = 99
    most_units: int = 3_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.depth < 1 or self.n_folds < 2 or self.most_units < 20:
            raise ConfigError("a tree needs a depth of 1, 2 folds and 20 units at least")
        if self.n_permuted < 19:
            raise ConfigError("fewer than 19 permutations cannot tell anything at 5 %")
        if self.seed < 0:
            raise ConfigError(f"seed {self.seed} is negative")
