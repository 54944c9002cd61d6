"""What decides how a map looks."""

from __future__ import annotations

from dataclasses import dataclass

from longbox.errors import ConfigError


@dataclass(frozen=True, slots=True)
class MapOptions:
    """Options of maps.

    Attributes:
        n_neighbours: How many nearest vectors UMAP keeps together; fewer show smaller groups.
        min_distance: How near two points may lie, in the map's own units; larger spreads groups.
        n_clusters: At most so many; fewer where there are not eight vectors for each.
        max_fitted: UMAP and k-means are fitted on at most so many vectors, the rest is placed
            among them: fitting grows faster than the library, and these must fit in memory.
        max_points: At most so many points; a larger library is sampled. A browser holds them all.
        seed: The same library and seed give the same map.
    """

    n_neighbours: int = 15
    min_distance: float = 0.4
    n_clusters: int = 16
    max_fitted: int = 30_000
    max_points: int = 250_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_neighbours < 2 or self.n_clusters < 1:
            raise ConfigError("a map needs 2 neighbours and 1 cluster at least")
        if not 0 <= self.min_distance <= 1:
            raise ConfigError(f"min_distance {self.min_distance} is not from 0 to 1")
        if self.max_fitted < 1 or self.max_points < self.max_fitted:
            raise ConfigError("max_fitted is 1 or more, and max_points not below it")
        if self.seed < 0:
            raise ConfigError(f"seed {self.seed} is negative")
