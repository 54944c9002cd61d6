"""How well found panels agree with true ones.

Matching is one to one and optimal: among all pairings of found and true boxes with an IoU of at
least the threshold, the one with the most pairs and, among those, the highest sum of IoU
(scipy's linear_sum_assignment). Greedy matching loses pairs where panels overlap.

Scores are pooled: pairs, found and true boxes are summed over all pages before precision, recall
and F1 are taken, so every panel counts the same; `mean_f1` beside it gives every page the same
weight. A page is exact when it has as many found as true panels and every true one is paired at
IoU 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.geometry import Box

IOU_THRESHOLDS = (0.5, 0.75, 0.9)


@dataclass(frozen=True, slots=True)
class BoxMatch:
    """A found box and the true box it stands for, by their indices."""

    predicted: int
    true: int
    iou: float


@dataclass(frozen=True, slots=True)
class PanelCounts:
    """Pooled counts at one IoU threshold.

    Attributes:
        n_matched: Pairs.
        n_predicted: Found boxes.
        n_true: True boxes.
    """

    n_matched: int
    n_predicted: int
    n_true: int

    @property
    def precision(self) -> float:
        """Share of found boxes that are paired; 1 where nothing was found."""
        return self.n_matched / self.n_predicted if self.n_predicted else 1.0

    @property
    def recall(self) -> float:
        """Share of true boxes that are paired; 1 where there are none."""
        return self.n_matched / self.n_true if self.n_true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where nothing was to find and nothing found."""
        total = self.n_predicted + self.n_true
        return 2 * self.n_matched / total if total else 1.0


@dataclass(frozen=True, slots=True)
class PanelScore:
    """Agreement over a set of pages.

    Attributes:
        n_pages: Pages scored.
        at: IoU threshold to pooled counts.
        mean_f1: IoU threshold to the mean of the pages' own F1.
        n_exact: Pages with the right number of panels, all paired at IoU 0.5.
    """

    n_pages: int
    at: dict[float, PanelCounts]
    mean_f1: dict[float, float]
    n_exact: int

    @property
    def exact(self) -> float:
        """Share of exact pages; nan without pages."""
        return self.n_exact / self.n_pages if self.n_pages else float("nan")


def iou_matrix(predicted: Sequence[Box], true: Sequence[Box]) -> NDArray[np.float64]:
    """Return the IoU of every found with every true box, (n predicted, n true)."""
    a = np.array([b.as_tuple() for b in predicted], dtype=np.float64).reshape(-1, 1, 4)
    b = np.array([b.as_tuple() for b in true], dtype=np.float64).reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.clip(sides, 0, None).prod(axis=-1)
    union = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1)
    union = union - shared
    ious: NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return ious


def match_boxes(
    predicted: Sequence[Box], true: Sequence[Box], iou: float = 0.5
) -> tuple[BoxMatch, ...]:
    """Pair found with true boxes, optimally and one to one.

    Args:
        predicted: Found boxes, any order.
        true: True boxes, any order.
        iou: Smallest IoU of a pair, above 0.

    Returns:
        The pairs, by index of the true box.

    Raises:
        ValueError: The threshold is not in (0, 1].
    """
    if not 0 < iou <= 1:
        raise ValueError(f"an IoU threshold lies above 0 and at most at 1, not at {iou}")
    overlaps = iou_matrix(predicted, true)
    return _matches(overlaps, iou)


def score_panels(pages: Sequence[tuple[Sequence[Box], Sequence[Box]]]) -> PanelScore:
    """Score found against true boxes.

    Args:
        pages: (found, true) for every page.
    """
    pooled = {t: [0, 0, 0] for t in IOU_THRESHOLDS}
    own: dict[float, list[float]] = {t: [] for t in IOU_THRESHOLDS}
    n_exact = 0
    for predicted, true in pages:
        overlaps = iou_matrix(predicted, true)
        for threshold in IOU_THRESHOLDS:
            counts = PanelCounts(len(_matches(overlaps, threshold)), len(predicted), len(true))
            for i, n in enumerate((counts.n_matched, counts.n_predicted, counts.n_true)):
                pooled[threshold][i] += n
            own[threshold].append(counts.f1)
            if threshold == 0.5:
                n_exact += counts.n_matched == len(predicted) == len(true)
    return PanelScore(
        n_pages=len(pages),
        at={t: PanelCounts(*counts) for t, counts in pooled.items()},
        mean_f1={t: float(np.mean(v)) if v else float("nan") for t, v in own.items()},
        n_exact=n_exact,
    )


def _matches(overlaps: NDArray[np.float64], threshold: float) -> tuple[BoxMatch, ...]:
    """Pair rows with columns so that the number of pairs, then the sum of IoU, is largest."""
    from scipy.optimize import linear_sum_assignment

    allowed = overlaps >= threshold
    # A pair counts more than any sum of IoU that could be gained by having one pair less.
    gain = np.where(allowed, overlaps + min(overlaps.shape, default=0), 0.0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    pairs = [
        BoxMatch(int(i), int(j), float(overlaps[i, j]))
        for i, j in zip(rows, columns, strict=True)
        if allowed[i, j]
    ]
    return tuple(sorted(pairs, key=lambda m: m.true))
