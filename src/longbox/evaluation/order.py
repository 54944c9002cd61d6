"""How well a reading order agrees with the true one.

Of panels or texts. Three measures: the share of pairs that are read in the right order (chance:
0.5), the share of true transitions kept, that is of neighbours in the true order that follow each
other directly (chance: 1 / n for n panels), and the share of pages without a wrong pair (chance:
1 / n! for n panels). The order may be put on the
true boxes, which measures the ordering alone, or on found boxes (`found_order`), which measures
the whole path: there only panels that were found can be ordered, and a page is exact only if
besides all its panels and no others were found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from longbox.evaluation.panels import match_boxes
from longbox.geometry import Box

PAIRWISE_CHANCE = 0.5


@dataclass(frozen=True, slots=True)
class PageOrder:
    """The order on one page.

    Attributes:
        ranks: For the panels in their true order, the place each was given; distinct numbers.
        is_complete: The panels are all of the page's panels and no others.
    """

    ranks: tuple[int, ...]
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class OrderScore:
    """Agreement of orders over a set of pages.

    Attributes:
        n_pages: Pages scored.
        n_pairs: Pairs of panels on them, pooled.
        n_right_pairs: Pairs in the right order.
        n_exact: Complete pages without a wrong pair.
        exact_chance: Expected share of exact pages for a random order: the mean of 1 / n!.
        n_transitions: Neighbours in the true order, pooled.
        n_kept_transitions: Those that follow each other directly.
        transition_chance: Expected share of kept transitions for a random order.
    """

    n_pages: int
    n_pairs: int
    n_right_pairs: int
    n_exact: int
    exact_chance: float
    n_transitions: int = 0
    n_kept_transitions: int = 0
    transition_chance: float = float("nan")

    @property
    def transition(self) -> float:
        """Share of true transitions that are kept; nan without transitions."""
        return self.n_kept_transitions / self.n_transitions if self.n_transitions else float("nan")

    @property
    def pairwise(self) -> float:
        """Share of pairs in the right order; nan without pairs."""
        return self.n_right_pairs / self.n_pairs if self.n_pairs else float("nan")

    @property
    def exact(self) -> float:
        """Share of exact pages; nan without pages."""
        return self.n_exact / self.n_pages if self.n_pages else float("nan")


def given_order(order: Sequence[int]) -> PageOrder:
    """Describe an order that was put on the true boxes, listed in their true order.

    Args:
        order: Indices of the true boxes in the order they would be read.

    Raises:
        ValueError: It is not a permutation.
    """
    if sorted(order) != list(range(len(order))):
        raise ValueError(f"an order of {len(order)} panels is a permutation, not {list(order)}")
    ranks = [0] * len(order)
    for rank, index in enumerate(order):
        ranks[index] = rank
    return PageOrder(tuple(ranks))


def found_order(predicted: Sequence[Box], true: Sequence[Box], iou: float = 0.5) -> PageOrder:
    """Describe the order of found boxes, both lists in their reading order.

    Args:
        predicted: Found boxes in the order they would be read.
        true: True boxes in their true order.
        iou: Overlap at which a found box stands for a true one.
    """
    matches = match_boxes(predicted, true, iou)
    is_complete = len(matches) == len(predicted) == len(true)
    return PageOrder(tuple(m.predicted for m in matches), is_complete)


def score_order(pages: Sequence[PageOrder]) -> OrderScore:
    """Score the orders of a set of pages."""
    n_pairs = n_right = n_exact = n_transitions = n_kept = 0
    by_luck = 0.0
    chance = []
    for page in pages:
        ranks = np.array(page.ranks, dtype=np.int64)
        upper = np.triu_indices(len(ranks), 1)
        right = int((ranks[upper[0]] < ranks[upper[1]]).sum())
        n_pairs += len(upper[0])
        n_right += right
        n_exact += page.is_complete and right == len(upper[0])
        n_here = max(0, len(ranks) - 1)
        n_transitions += n_here
        # Ranks of found boxes have gaps where a box is no true one; what counts is who follows.
        places = np.argsort(np.argsort(ranks))
        n_kept += int((np.diff(places) == 1).sum())
        by_luck += n_here / len(ranks) if n_here else 0.0
        chance.append(1.0 / math.factorial(min(len(ranks), 100)) if page.is_complete else 0.0)
    mean_chance = float(np.mean(chance)) if chance else float("nan")
    luck = by_luck / n_transitions if n_transitions else float("nan")
    return OrderScore(
        len(pages), n_pairs, n_right, n_exact, mean_chance, n_transitions, n_kept, luck
    )
