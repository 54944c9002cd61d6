"""What a map is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.units import Unit
from longbox.errors import ModelError
from longbox.library import BookBlock
from longbox.vectors import Space

MAX_CLUSTERS = 1024


class Method(StrEnum):
    """How vectors became places.

    PCA is for so few vectors that neighbourhoods mean nothing: their two widest directions.
    """

    UMAP = "umap"
    PCA = "pca"


@dataclass(frozen=True, slots=True, eq=False)
class LibraryMap:
    """The panels or pages of a library in two dimensions.

    Attributes:
        space: Which modality's vectors were laid out.
        fingerprint: Of the encoder that made them.
        unit: Whether a point is a panel or a page.
        vector_of: What a point's vector is: "panel"; for pages "mean of panels" (their vectors'
            mean, of unit length again in cosine spaces), or "strip" (the page's own vector by
            the trained strip query).
        method: How vectors became places.
        n_known: Panels or pages that have a vector in the space; the others are on no map.
        n_fitted: How many of the points the layout was fitted on; the rest were placed among
            them.
        books: The books that were there, with their rows at that time.
        rows: Panel rows at that time, rising, int64 (N,); of a page, its first panel's.
        places: x and y, centred on 0 and within -1 to 1, float32 (N, 2).
        clusters: k-means cluster in the space itself, the largest is 0, int16 (N,).
        made_at: ISO 8601 time.

    Raises:
        ModelError: Shapes or numbers do not fit.
    """

    space: Space
    fingerprint: str
    unit: Unit
    vector_of: str
    method: Method
    n_known: int
    n_fitted: int
    books: tuple[BookBlock, ...]
    rows: NDArray[np.int64]
    places: NDArray[np.float32]
    clusters: NDArray[np.int16]
    made_at: str

    def __post_init__(self) -> None:
        n = self.rows.size
        if self.rows.shape != (n,) or self.places.shape != (n, 2) or self.clusters.shape != (n,):
            raise ModelError("a map's rows, places and clusters do not fit each other")
        if not np.isfinite(self.places).all() or (np.abs(self.places) > 1.001).any():
            raise ModelError("a map's places must be from -1 to 1")
        if n and ((np.diff(self.rows) <= 0).any() or self.rows[0] < 0):
            raise ModelError("a map's rows must rise from 0")
        if n and not 0 <= self.clusters.min() <= self.clusters.max() < MAX_CLUSTERS:
            raise ModelError(f"a map's clusters must be from 0 to {MAX_CLUSTERS - 1}")
        if not 0 <= self.n_fitted <= n <= self.n_known:
            raise ModelError(f"{self.n_fitted} fitted of {n} points of {self.n_known} known")

    @property
    def is_sampled(self) -> bool:
        """Whether there are more panels or pages with vectors than points."""
        return self.n_known > self.rows.size

    @property
    def n_clusters(self) -> int:
        """How many clusters there are."""
        return int(self.clusters.max()) + 1 if self.clusters.size else 0
