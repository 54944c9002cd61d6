"""Page type metrics against naive versions of themselves and hand-made cases."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from longbox.book import PageType
from longbox.evaluation import (
    Document,
    confusion,
    documents,
    f1_by_type,
    majority,
    score_page_types,
    shuffled,
)

S, C, A, T = PageType.STORY, PageType.COVER, PageType.ADVERTISEMENT, PageType.TEXT_PAGE
TYPES = (S, C, A, T)


def books(seed: int, n_books: int = 6, longest: int = 9) -> list[list[PageType]]:
    rng = random.Random(seed)
    return [[rng.choice(TYPES) for _ in range(rng.randint(1, longest))] for _ in range(n_books)]


def test_no_books_have_no_score() -> None:
    score = score_page_types([], [])
    assert score.n_pages == 0
    assert math.isnan(score.accuracy)
    assert math.isnan(score.panoptic_quality)
    assert documents([]) == []


def test_a_book_is_cut_where_the_type_changes() -> None:
    found = documents([C, S, S, A, S])
    assert found == [Document(C, 0, 1), Document(S, 1, 3), Document(A, 3, 4), Document(S, 4, 5)]


def test_right_answers_score_one_and_need_no_dragging() -> None:
    true = books(1)
    score = score_page_types(true, true)
    figures = (score.accuracy, score.macro_f1, score.panoptic_quality, score.document_f1)
    assert figures == (1.0, 1.0, 1.0, 1.0)
    assert score.panoptic_quality_by_type == 1.0
    assert score.segmentation_quality == 1.0
    assert score.mndd == 0


def test_one_wrong_page_in_a_story_of_five() -> None:
    # true: one document of 5; found: 3 + 1 + 1, of which the first overlaps with IoU 3/5.
    score = score_page_types([[S] * 5], [[S, S, S, A, S]])
    assert score.accuracy == pytest.approx(0.8)
    assert score.panoptic_quality == pytest.approx(0.6 / (1 + 2 / 2 + 0 / 2))
    assert score.segmentation_quality == pytest.approx(0.6)
    assert score.document_f1 == 0
    assert score.mndd == 2


def test_pages_of_other_books_are_refused() -> None:
    with pytest.raises(ValueError, match="same books"):
        score_page_types([[S, S]], [[S]])


def naive_panoptic(true: list[list[PageType]], found: list[list[PageType]]) -> float:
    """Sets of pages instead of runs, and every pair compared."""
    total, tp, n_true, n_found = 0.0, 0, 0, 0
    for one, two in zip(true, found, strict=True):
        a = [(d.page_type, set(range(d.start, d.end))) for d in documents(one)]
        b = [(d.page_type, set(range(d.start, d.end))) for d in documents(two)]
        n_true, n_found = n_true + len(a), n_found + len(b)
        for (kind, pages), (other, others) in itertools.product(a, b):
            iou = len(pages & others) / len(pages | others)
            if kind is other and iou > 0.5:
                total, tp = total + iou, tp + 1
    return total / (tp + (n_found - tp) / 2 + (n_true - tp) / 2)


def naive_drags(true: list[Document], found: list[Document]) -> int:
    """Try every way of naming the found documents after true ones."""
    n = max(len(true), len(found))
    pages = sum(d.end - d.start for d in true)
    padded = [*found, *[Document(S, 0, 0)] * (n - len(found))]
    best = 0
    for order in itertools.permutations(padded):
        best = max(
            best,
            sum(
                max(0, min(t.end, f.end) - max(t.start, f.start))
                for t, f in zip(true, order, strict=False)
            ),
        )
    return pages - best


@pytest.mark.parametrize("seed", range(8))
def test_scores_are_those_of_the_naive_metrics(seed: int) -> None:
    true = books(seed, longest=7)
    rng = random.Random(seed + 100)
    found = [[t if rng.random() < 0.7 else rng.choice(TYPES) for t in book] for book in true]
    score = score_page_types(true, found)
    assert score.panoptic_quality == pytest.approx(naive_panoptic(true, found))
    cuts = [(documents(t), documents(f)) for t, f in zip(true, found, strict=True)]
    assert score.mndd == pytest.approx(sum(naive_drags(t, f) for t, f in cuts) / len(cuts))
    flat = [(t, f) for a, b in zip(true, found, strict=True) for t, f in zip(a, b, strict=True)]
    f1 = []
    for kind in TYPES:
        tp = sum(t is kind and f is kind for t, f in flat)
        wrong = sum((t is kind) != (f is kind) for t, f in flat)
        if tp + wrong:
            f1.append(tp / (tp + wrong / 2))
    assert score.macro_f1 == pytest.approx(sum(f1) / len(f1))
    assert confusion(true, found).trace() == sum(t is f for t, f in flat)


def test_a_type_that_is_only_found_lowers_the_mean() -> None:
    assert f1_by_type([[S, S]], [[S, A]]) == {S: pytest.approx(2 / 3), A: 0.0}


def test_chance_marks_keep_pages_and_labels() -> None:
    true = [[C, S, S, S], [S]]
    assert majority(true) == [[S] * 4, [S]]
    dealt = shuffled(true, 0)
    assert [sorted(b) for b in dealt] == [sorted(b) for b in true]
    assert majority([]) == []
