"""Names for clusters, kept as places and not as vectors.

A person names a cluster once. What is remembered is where its exemplars are: book, page and box.
Places outlive a new encoder, a new detector and a new run; vectors would not. When clusters are
made again, a name goes to the cluster that holds most of its exemplars. Elsewhere (another book of
the series) it is proposed for clusters whose mean is near enough to the exemplars' to have been
joined with them: a guess, which callers must not show as a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.characters.clusters import ALONE
from longbox.geometry import Box
from longbox.vectors import unit

_SAME_PLACE_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a region is; the box in page pixels."""

    book_id: str
    page_index: int
    box: Box

    def is_same(self, other: Place) -> bool:
        """Whether two places are one, boxes of two detectors need not agree to the pixel."""
        return (self.book_id, self.page_index) == (other.book_id, other.page_index) and (
            self.box.iou(other.box) >= _SAME_PLACE_IOU
        )


@dataclass(frozen=True, slots=True)
class NamedCharacter:
    """A name that a person gave, and the exemplars it was given to."""

    name: str
    exemplars: tuple[Place, ...]


@dataclass(frozen=True, slots=True, eq=False)
class KnownLook:
    """A named character's exemplars as vectors of the present identity space, float32 (E, D)."""

    name: str
    vectors: NDArray[np.float32]


def names_by_place(
    labels: NDArray[np.int64], places: Sequence[Place], named: Sequence[NamedCharacter]
) -> dict[int, str]:
    """Give names to the clusters that hold their exemplars.

    Args:
        labels: Of every region, int64 (N,).
        places: Of every region.
        named: What people said; of two that want one cluster the one with more exemplars in it,
            then the later one counts.

    Returns:
        Name by label.
    """
    votes: dict[int, tuple[int, int, str]] = {}
    for rank, character in enumerate(named):
        counts: dict[int, int] = {}
        for exemplar in character.exemplars:
            rows = [i for i, place in enumerate(places) if place.is_same(exemplar)]
            for label in {int(labels[i]) for i in rows} - {ALONE}:
                counts[label] = counts.get(label, 0) + 1
        for label, n in counts.items():
            votes[label] = max(votes.get(label, (0, -1, "")), (n, rank, character.name))
    return {label: name for label, (_, _, name) in votes.items()}


def names_by_look(
    labels: NDArray[np.int64],
    vectors: NDArray[np.float32],
    known: Sequence[KnownLook],
    distance: float,
) -> dict[int, str]:
    """Propose names for the clusters that look like named characters.

    Args:
        labels: Of every region, int64 (N,).
        vectors: Their identity vectors, float32 (N, D).
        known: Named characters' exemplars in the same space.
        distance: Largest cosine distance of a cluster's mean to the exemplars' mean.

    Returns:
        Name by label, for clusters near enough to any; each gets its nearest.
    """
    looks = [look for look in known if len(look.vectors)]
    if not looks or not len(vectors):
        return {}
    means = unit(np.stack([look.vectors.mean(axis=0) for look in looks]))  # (K, D)
    names = {}
    for label in sorted(set(labels.tolist()) - {ALONE}):
        mean = unit(vectors[labels == label].mean(axis=0, keepdims=True))
        likeness = (means @ mean.T)[:, 0]
        best = int(likeness.argmax())
        if 1.0 - float(likeness[best]) <= distance:
            names[label] = looks[best].name
    return names
