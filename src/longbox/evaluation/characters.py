"""Are regions of the same character put together, and found again: measures with their chance.

A region may show several characters (a whole panel does), so truth is a set of names. Two regions
are a pair of the same character when their sets meet. Regions that show nobody take no part in
pairs and matching; in clusters they count as mistakes of whatever cluster they are in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Names = frozenset[str]


@dataclass(frozen=True, slots=True)
class ClusterScore:
    """B-cubed: per region, how pure its cluster is and how much of its character is in it.

    Source: Amigó et al., "A comparison of extrinsic clustering evaluation metrics", 2009, eq. 4-7.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of both, 0 when both are 0."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class MatchScore:
    """How often one of the k nearest regions of other panels shows the same character.

    Attributes:
        recall: Share of queries, or nan without any.
        chance: The same for k regions drawn at random without replacement.
        n: Queries: regions whose character is in another panel too.
    """

    recall: float
    chance: float
    n: int


def same_character(names: Sequence[Names]) -> NDArray[np.bool_]:
    """Return which regions share a name, bool (N, N)."""
    known = sorted(set().union(*names)) if names else []
    row = {name: i for i, name in enumerate(known)}
    table = np.zeros((len(names), len(known)), np.int64)
    for i, own in enumerate(names):
        table[i, [row[name] for name in own]] = 1
    shared: NDArray[np.bool_] = (table @ table.T) > 0
    return shared


def score_clusters(labels: NDArray[np.int64], names: Sequence[Names]) -> ClusterScore:
    """Score clusters by B-cubed, extended to regions of several names.

    Args:
        labels: A cluster's number each, int64 (N,); a region with -1 is a cluster by itself.
        names: Who is in each region; nobody is an empty set, in which no two regions agree.

    Returns:
        Precision and recall, means over the regions that show somebody; nan without any. A
        region's precision counts all members of its cluster, also those that show nobody.
    """
    together = labels[:, None] == labels[None, :]
    together &= labels[:, None] >= 0
    np.fill_diagonal(together, True)
    same = same_character(names)
    asked = same.diagonal().copy()
    if not asked.any():
        return ClusterScore(float("nan"), float("nan"))
    both = (together & same).sum(axis=1)
    precision = both[asked] / together.sum(axis=1)[asked]
    recall = both[asked] / same.sum(axis=1)[asked]
    return ClusterScore(float(precision.mean()), float(recall.mean()))


def pair_f1(labels: NDArray[np.int64], names: Sequence[Names], panels: NDArray[np.int64]) -> float:
    """Return F1 over pairs of regions of different panels: said to be the same, and truly so."""
    pairs = np.triu(panels[:, None] != panels[None, :], 1)
    said = (labels[:, None] == labels[None, :]) & (labels[:, None] >= 0)
    same = same_character(names)
    hits = int((said & same & pairs).sum())
    total = int((said & pairs).sum()) + int((same & pairs).sum())
    return 2 * hits / total if total else float("nan")


def pair_auc(
    likeness: NDArray[np.floating], names: Sequence[Names], panels: NDArray[np.int64]
) -> float:
    """Return how often a pair of the same character is more alike than one of two; chance is .5.

    Args:
        likeness: Of every two regions, (N, N).
        names: Who is in each; regions with nobody are left out.
        panels: Number of the panel of each, int64 (N,); pairs within a panel are left out.

    Returns:
        Area under the ROC curve (ties count half), nan where either kind of pair is missing.
    """
    from scipy.stats import rankdata

    same = same_character(names)
    asked = same.diagonal()
    pairs = np.triu(panels[:, None] != panels[None, :], 1) & asked[:, None] & asked[None, :]
    truth, scores = same[pairs], likeness[pairs]
    n_same, n_other = int(truth.sum()), int((~truth).sum())
    if not n_same or not n_other:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[truth].sum() - n_same * (n_same + 1) / 2) / (n_same * n_other))


def score_matching(
    likeness: NDArray[np.floating], names: Sequence[Names], panels: NDArray[np.int64], k: int
) -> MatchScore:
    """Score cross-panel matching: recall at k, with its chance per query.

    Args:
        likeness: Of every two regions, (N, N).
        names: Who is in each.
        panels: Number of the panel of each; a query's own panel is no answer.
        k: How many answers are looked at.
    """
    same = same_character(names)
    hits, chances = [], []
    for i in range(len(names)):
        rows = np.flatnonzero(panels != panels[i])
        right = same[i, rows]
        if not right.any():
            continue
        best = np.argsort(-likeness[i, rows], kind="stable")[:k]
        hits.append(bool(right[best].any()))
        chances.append(_chance(len(rows), int(right.sum()), k))
    if not hits:
        return MatchScore(float("nan"), float("nan"), 0)
    return MatchScore(float(np.mean(hits)), float(np.mean(chances)), len(hits))


def _chance(n: int, n_right: int, k: int) -> float:
    """Return how probable a right one among k of n is."""
    if n - n_right < k:
        return 1.0
    missed = 1.0
    for i in range(k):
        missed *= (n - n_right - i) / (n - i)
    return 1.0 - missed
