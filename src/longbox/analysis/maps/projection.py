"""Vectors of one space become places in the plane, and clusters.

UMAP and k-means are fitted on a sample and place the rest chunk by chunk, so memory is bounded by
the sample. Neighbours are by cosine, in composition by distance, as everywhere. The layout starts
from the two widest directions (PCA): unlike UMAP's spectral start it is the same on every machine,
never fails on a library that falls into separate parts, and keeps what is far apart far apart.
Clusters are found in the space itself, never on the map, which tears and squeezes.

Up to `MIN_FOR_UMAP` vectors are placed by PCA alone: with a dozen points a graph of fifteen
neighbours says only that everything is near everything.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.maps.islands import draw_near
from longbox.analysis.maps.options import MapOptions
from longbox.analysis.maps.values import Method
from longbox.vectors import Metric, Space, metric_of

MIN_FOR_UMAP: Final = 32
_VECTORS_PER_CLUSTER: Final = 8
_LOWEST_SHARE: Final = 0.001  # of points that may lie outside the frame and are drawn at its edge
_ROUNDS: Final = re.compile(r"(\d+)/(\d+)")

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Places, float32 (N, 2) within -1 to 1, and clusters, int16 (N,)."""

    places: NDArray[np.float32]
    clusters: NDArray[np.int16]


class Projector:
    """A layout that was fitted on some vectors of a space, and places others among them.

    Attributes:
        method: How places are found.
        fitted: Places and clusters of the vectors it was fitted on.
    """

    def __init__(
        self,
        vectors: NDArray[np.float32],
        space: Space,
        options: MapOptions | None = None,
        tell: Tell | None = None,
    ) -> None:
        """Fit a layout and clusters.

        Args:
            vectors: Of one space by one encoder, float32 (N, D); none of them a masked one.
            space: Which; decides how two vectors are compared.
            options: How the map should look.
            tell: Called with rounds done and rounds to do.
        """
        self._options = options or MapOptions()
        self._metric = metric_of(space)
        self._clusters = _Clusters(vectors, self._options)
        self.method = Method.UMAP if len(vectors) >= MIN_FOR_UMAP else Method.PCA
        if self.method is Method.UMAP:
            self._layout: _Umap | _Directions = _Umap(
                vectors, self._metric, self._options, tell or _quiet
            )
        else:
            self._layout = _Directions(vectors)
        self._frame = _Frame(self._layout.fitted)
        self.fitted = Projection(self._frame.of(self._layout.fitted), self._clusters.of(vectors))

    def place(self, vectors: NDArray[np.float32]) -> Projection:
        """Place further vectors of the same space among the fitted ones.

        Args:
            vectors: float32 (n, D).
        """
        if not len(vectors):
            return Projection(np.empty((0, 2), np.float32), np.empty(0, np.int16))
        return Projection(self._frame.of(self._layout.place(vectors)), self._clusters.of(vectors))


class _Umap:
    """UMAP, seeded; `fitted` are its places in units of its own."""

    def __init__(
        self, vectors: NDArray[np.float32], metric: Metric, options: MapOptions, tell: Tell
    ) -> None:
        with _without_foreign_warnings():
            from umap import UMAP

            self._model = UMAP(
                n_neighbors=min(options.n_neighbours, len(vectors) - 1),
                min_dist=options.min_distance,
                metric=metric.value,
                init=_Directions(vectors).start(options.seed),
                random_state=options.seed,
                transform_seed=options.seed,
                n_jobs=1,  # a seeded layout is made by one thread
                low_memory=True,
                verbose=False,
                tqdm_kwds={
                    "disable": False,
                    "file": _Rounds(tell),
                    "bar_format": "{n_fmt}/{total_fmt}",
                    "mininterval": 0,
                },
            )
            self._model.fit(vectors)
        self.fitted = draw_near(self._model.embedding_)
        self._model.embedding_ = self.fitted  # what others are placed among
        self._model.tqdm_kwds = {"disable": True}

    def place(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        with _without_foreign_warnings():
            return np.asarray(self._model.transform(vectors), dtype=np.float32)


class _Directions:
    """The two widest directions of some vectors; zeros where there are fewer."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        n, dimension = vectors.shape
        self._middle = vectors.mean(axis=0) if n else np.zeros(dimension, dtype=np.float32)
        self._axes = np.zeros((dimension, 2), dtype=np.float32)
        if n > 1:
            centred = vectors - self._middle
            spread = (centred.T @ centred).astype(np.float64)  # (D, D)
            _, axes = np.linalg.eigh(spread)
            widest = axes[:, ::-1][:, :2]
            signs = np.sign(widest[np.abs(widest).argmax(axis=0), range(widest.shape[1])])
            self._axes[:, : widest.shape[1]] = widest * signs  # eigh leaves the sign open
        self.fitted = self.place(vectors)

    def place(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        placed: NDArray[np.float32] = (vectors - self._middle) @ self._axes
        return placed

    def start(self, seed: int) -> NDArray[np.float32]:
        """Return the places as a start for UMAP: close together, no two the same.

        From a wide start groups stay far apart for no other reason, and the map is mostly empty.
        """
        widest = float(np.abs(self.fitted).max(initial=0)) or 1.0
        noise = np.random.default_rng(seed).normal(scale=1e-3, size=self.fitted.shape)
        return (self.fitted / widest + noise).astype(np.float32)


class _Frame:
    """Places turned and scaled into -1 to 1, both axes alike.

    The widest direction lies level, as screens are wide; the outermost few lie on the edge.
    """

    def __init__(self, places: NDArray[np.float32]) -> None:
        self._turn = _Directions(places)
        self._middle = np.zeros(2, dtype=np.float32)
        self._half = 1.0
        if len(places):
            turned = self._turn.fitted
            low, high = np.quantile(turned, [_LOWEST_SHARE, 1 - _LOWEST_SHARE], axis=0)
            self._middle = ((low + high) / 2).astype(np.float32)
            self._half = float((high - low).max()) / 2 * 1.02 or 1.0

    def of(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        framed: NDArray[np.float32] = (self._turn.place(places) - self._middle) / np.float32(
            self._half
        )
        return np.clip(framed, -1, 1)


class _Clusters:
    """k-means in the space itself, seeded; numbered by size, the largest first.

    Unit vectors by Euclidean distance: for those it is the same order as by cosine.
    """

    def __init__(self, vectors: NDArray[np.float32], options: MapOptions) -> None:
        self._model: Any = None
        n = min(options.n_clusters, len(vectors) // _VECTORS_PER_CLUSTER)
        n = min(n, len(np.unique(vectors, axis=0))) if n > 1 else n
        if n > 1:
            from sklearn.cluster import MiniBatchKMeans

            self._model = MiniBatchKMeans(
                n, random_state=options.seed, n_init=3, batch_size=4096, max_iter=50
            ).fit(vectors)
            sizes = np.bincount(self._model.labels_, minlength=n)
            self._names = np.empty(n, dtype=np.int16)
            self._names[np.argsort(-sizes, kind="stable")] = np.arange(n)

    def of(self, vectors: NDArray[np.float32]) -> NDArray[np.int16]:
        if self._model is None:
            return np.zeros(len(vectors), dtype=np.int16)
        named: NDArray[np.int16] = self._names[self._model.predict(vectors)]
        return named


class _Rounds:
    """What UMAP's progress bar writes to: UMAP tells its rounds in no other way."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def write(self, text: str) -> int:
        found = _ROUNDS.search(text)
        if found:
            self._tell(int(found[1]), int(found[2]))
        return len(text)

    def flush(self) -> None:
        return


@contextmanager
def _without_foreign_warnings() -> Iterator[None]:
    """Keep quiet what umap and numba say of themselves and nobody here can act on."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The TBB threading layer requires")
        warnings.filterwarnings("ignore", message="n_jobs value .* overridden")
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(umap|numba|pynn)")
        warnings.filterwarnings(
            "ignore", message="Tensorflow not installed", category=ImportWarning
        )
        yield


def _quiet(_done: int, _total: int) -> None:
    return
