"""A dendrogram as lines to draw: leaves below each other, merges to the right by their distance.

Merges are as SciPy has them. They come from a file, so a merge of groups that there are not, or
twice of the same, makes no tree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

_ROW, _TOP, _WIDTH, _LABELS = 30.0, 8.0, 640.0, 220.0
_MOST_LEAVES: Final = 60


@dataclass(frozen=True, slots=True)
class KeptTree:
    """A tree of concepts: both groups of each merge, its distance, and the leaves below it."""

    names: tuple[str, ...]
    merges: tuple[tuple[float, ...], ...]
    order: tuple[int, ...]
    supports: tuple[float | None, ...]
    left_out: tuple[str, ...] = ()
    n_resampled: int = 0


@dataclass(frozen=True, slots=True)
class Leaf:
    """A concept's name and where it stands."""

    name: str
    y: float


@dataclass(frozen=True, slots=True)
class Merge:
    """A bracket, and how often it comes back.

    Attributes:
        path: SVG path.
        x, y: Where its support is written.
        support: In percent; empty where it is not known.
        is_firm: Whether it comes back in most draws.
    """

    path: str
    x: float
    y: float
    support: str
    is_firm: bool


@dataclass(frozen=True, slots=True)
class TreeDrawn:
    """A tree in units of its own."""

    width: float
    height: float
    label_x: float
    leaves: tuple[Leaf, ...]
    merges: tuple[Merge, ...]
    left_out: tuple[str, ...]
    n_resampled: int


def draw_tree(kept: KeptTree) -> TreeDrawn | None:
    """Draw a tree; None where it is none, or too large to be read."""
    n = len(kept.names)
    is_whole = sorted(kept.order) == list(range(n)) and len(kept.merges) == n - 1
    if not 2 <= n <= _MOST_LEAVES or not is_whole:
        return None
    distances = [merge[2] for merge in kept.merges if len(merge) > 2]
    furthest = max(distances, default=0.0)
    if len(distances) < n - 1 or not math.isfinite(furthest) or min(distances) < 0:
        return None
    y = {leaf: _TOP + _ROW * (at + 0.5) for at, leaf in enumerate(kept.order)}
    x = dict.fromkeys(range(n), _LABELS)
    merges: list[Merge] = []
    for at, merge in enumerate(kept.merges):
        first, second = int(merge[0]), int(merge[1])
        if first == second or first not in y or second not in y:
            return None
        reach = _LABELS + (_WIDTH - _LABELS - 48.0) * merge[2] / (furthest or 1.0)
        support = kept.supports[at] if at < len(kept.supports) else None
        merges.append(
            _merge((x.pop(first), y.pop(first)), (x.pop(second), y[second]), reach, support)
        )
        y[n + at] = merges[-1].y
        del y[second]
        x[n + at] = reach
    leaves = tuple(
        Leaf(kept.names[leaf], _TOP + _ROW * (at + 0.5)) for at, leaf in enumerate(kept.order)
    )
    height = 2 * _TOP + _ROW * n
    return TreeDrawn(
        _WIDTH, height, _LABELS - 10, leaves, tuple(merges), kept.left_out, kept.n_resampled
    )


def _merge(
    first: tuple[float, float],
    second: tuple[float, float],
    reach: float,
    support: float | None,
) -> Merge:
    said = "" if support is None else f"{100 * min(max(support, 0.0), 1.0):.0f} %"
    path = f"M{first[0]:.1f} {first[1]:.1f}H{reach:.1f}V{second[1]:.1f}H{second[0]:.1f}"
    middle = (first[1] + second[1]) / 2
    return Merge(path, round(reach + 4, 1), round(middle, 1), said, (support or 0.0) >= 0.5)
