"""A picture of how picture and text vectors of the same panels lie to each other.

t-SNE (van der Maaten and Hinton 2008) of both together, started from their principal components and
seeded, so that the same vectors give the same plot. It keeps neighbours, not distances: what to
look for is whether the two colours mix and whether the lines are short. Only vectors of one space
may be given; a picture encoder's and a sentence encoder's are never drawn together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.evaluation.space_measures import sampled
from longbox.vectors import unit

MAX_PLOTTED: Final = 800


@dataclass(frozen=True, slots=True, eq=False)
class JointPlot:
    """Where the panels' two vectors came to lie.

    Attributes:
        pictures: Points in the unit square, float64 (N, 2).
        texts: Of the same panels, likewise.
        labels: One a panel, for people.
        n_panels: From how many the N were drawn.
    """

    pictures: NDArray[np.float64]
    texts: NDArray[np.float64]
    labels: tuple[str, ...]
    n_panels: int


def joint_plot(
    pictures: NDArray[Any],
    texts: NDArray[Any],
    mask: NDArray[np.bool_],
    labels: Sequence[str],
    *,
    most: int = MAX_PLOTTED,
    seed: int = 0,
) -> JointPlot | None:
    """Lay both vectors of at most `most` panels on a plane.

    Args:
        pictures: Made from the panels' pictures alone, float (N, D).
        texts: Made from their texts alone, in the same space, float (N, D).
        mask: Which panels have both, bool (N,).
        labels: One a panel, (N,).
        most: Panels drawn.
        seed: Of the sample and of the layout.

    Returns:
        None for fewer than 5 panels: there is nothing to see.

    Raises:
        ModelError: Shapes do not fit, or a vector is not finite.
    """
    n = len(labels)
    if np.shape(pictures) != np.shape(texts) or not len(pictures) == len(mask) == n:
        raise ModelError(
            f"pictures {np.shape(pictures)}, texts {np.shape(texts)} and {n} labels do not fit"
        )
    both = np.flatnonzero(mask)
    rows = both[sampled(len(both), most, np.random.default_rng(seed))]
    if len(rows) < 5:
        return None
    both_kinds = np.concatenate([np.asarray(pictures)[rows], np.asarray(texts)[rows]])
    if not np.isfinite(both_kinds).all():
        raise ModelError("picture and text: a vector is not finite; there is no plot of it")
    plane = _plane(unit(both_kinds), seed)
    plane -= plane.min(axis=0)
    plane /= max(float(plane.max()), 1e-9)
    named = tuple(labels[i] for i in rows.tolist())
    return JointPlot(plane[: len(rows)], plane[len(rows) :], named, len(both))


def _plane(points: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    if float(np.ptp(points, axis=0).max()) < 1e-6:
        return np.zeros((len(points), 2))  # one point: principal components do not exist
    from sklearn.manifold import TSNE

    made = TSNE(
        n_components=2,
        perplexity=min(30.0, (len(points) - 1) / 3),
        init="pca",
        random_state=seed,
        n_jobs=1,
    ).fit_transform(points)
    return np.asarray(made, np.float64)
