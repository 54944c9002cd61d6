"""Scores of found panels against true ones."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longbox.evaluation import PanelCounts, match_boxes, score_panels
from longbox.geometry import Box

A, B, C = Box(0, 0, 10, 10), Box(20, 0, 30, 10), Box(0, 20, 10, 30)

small_boxes = st.lists(
    st.builds(
        Box.from_xywh, st.integers(0, 6), st.integers(0, 6), st.integers(1, 6), st.integers(1, 6)
    ),
    max_size=4,
)


def naive_best(predicted: list[Box], true: list[Box], iou: float) -> tuple[int, float]:
    """Return the most pairs, then the highest sum of IoU, by trying every assignment."""
    best = (0, 0.0)
    shorter, longer = sorted((predicted, true), key=len)
    for chosen in itertools.permutations(range(len(longer)), len(shorter)):
        ious = [shorter[i].iou(longer[j]) for i, j in enumerate(chosen)]
        kept = [v for v in ious if v >= iou]
        best = max(best, (len(kept), sum(kept)))
    return best


@given(small_boxes, small_boxes, st.sampled_from([0.1, 0.5, 0.75, 1.0]))
def test_matching_is_as_good_as_trying_every_assignment(
    predicted: list[Box], true: list[Box], iou: float
) -> None:
    matches = match_boxes(predicted, true, iou)
    n, total = naive_best(predicted, true, iou)
    assert len(matches) == n
    assert sum(m.iou for m in matches) == pytest.approx(total)
    assert len({m.predicted for m in matches}) == len({m.true for m in matches}) == n
    assert all(m.iou == pytest.approx(predicted[m.predicted].iou(true[m.true])) for m in matches)


def test_no_boxes_match_nothing() -> None:
    assert match_boxes([], [A]) == match_boxes([A], []) == match_boxes([], []) == ()


@pytest.mark.parametrize("iou", [0.0, -1.0, 1.5, math.nan])
def test_impossible_threshold_is_refused(iou: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        match_boxes([A], [A], iou)


def test_more_pairs_go_before_better_ones() -> None:
    wide, left, right = Box(0, 0, 10, 10), Box(0, 0, 6, 10), Box(0, 0, 10, 10)
    # The wide box fits `right` perfectly, but then the other found box has no partner.
    found = [wide, Box(4, 0, 10, 10)]
    assert len(match_boxes(found, [left, right], 0.5)) == 2


def test_perfect_answer_scores_one() -> None:
    score = score_panels([([A, B], [B, A]), ([C], [C])])
    assert [score.at[t].f1 for t in (0.5, 0.75, 0.9)] == [1.0, 1.0, 1.0]
    assert score.exact == 1.0


def test_counts_are_pooled_and_page_means_are_not() -> None:
    score = score_panels([([A], [A]), ([C], [A, B, C])])
    assert score.at[0.5] == PanelCounts(2, 2, 4)
    assert score.at[0.5].precision == 1.0
    assert score.at[0.5].recall == 0.5
    assert score.at[0.5].f1 == pytest.approx(2 / 3)
    assert score.mean_f1[0.5] == pytest.approx((1.0 + 0.5) / 2)
    assert score.n_exact == 1


def test_extra_panel_makes_a_page_inexact() -> None:
    assert score_panels([([A, B], [A])]).exact == 0.0


def test_thresholds_tell_tight_from_loose() -> None:
    score = score_panels([([Box(0, 0, 10, 8)], [A])])
    assert [score.at[t].n_matched for t in (0.5, 0.75, 0.9)] == [1, 1, 0]


def test_no_pages_have_no_share_of_exact_ones() -> None:
    score = score_panels([])
    assert score.n_pages == 0
    assert math.isnan(score.exact)


def test_page_without_panels_found_empty_is_right() -> None:
    score = score_panels([([], [])])
    assert score.at[0.5].f1 == 1.0
    assert score.exact == 1.0
