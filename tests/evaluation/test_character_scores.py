"""Scores of characters against the naive sums, and their chance marks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from longbox.evaluation import pair_auc, pair_f1, same_character, score_clusters, score_matching


def sets(*names: str) -> list[frozenset[str]]:
    return [frozenset(n) for n in names]


def test_perfect_clusters_score_one() -> None:
    score = score_clusters(np.array([0, 1, 0, 1]), sets("a", "b", "a", "b"))
    assert (score.precision, score.recall, score.f1) == (1, 1, 1)
    panels = np.arange(4)
    assert pair_f1(np.array([0, 1, 0, 1]), sets("a", "b", "a", "b"), panels) == 1


def test_one_cluster_has_recall_and_each_alone_precision() -> None:
    names = sets("a", "a", "b", "b")
    together = score_clusters(np.zeros(4, np.int64), names)
    apart = score_clusters(np.full(4, -1), names)
    assert (together.precision, together.recall) == (0.5, 1.0)
    assert (apart.precision, apart.recall) == (1.0, 0.5)


def test_b_cubed_is_the_naive_mean() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 4, 40)
    names = [frozenset(np.array(list("abc"))[rng.random(3) < 0.5].tolist()) for _ in range(40)]
    precision, recall = [], []
    for i in range(40):
        if not names[i]:
            continue
        mine = [j for j in range(40) if j == i or (labels[i] >= 0 and labels[j] == labels[i])]
        true = [j for j in range(40) if names[i] & names[j]]
        precision.append(sum(bool(names[i] & names[j]) for j in mine) / len(mine))
        recall.append(len(set(mine) & set(true)) / len(true))
    found = score_clusters(labels, names)
    assert found.precision == pytest.approx(np.mean(precision))
    assert found.recall == pytest.approx(np.mean(recall))


def test_auc_is_the_naive_share_of_pairs() -> None:
    rng = np.random.default_rng(1)
    names = [frozenset("ab"[i]) for i in rng.integers(0, 2, 20)]
    panels = rng.integers(0, 12, 20)
    likeness = rng.integers(0, 5, (20, 20)).astype(float)
    pairs = [(i, j) for i in range(20) for j in range(i + 1, 20) if panels[i] != panels[j]]
    good = [likeness[p] for p in pairs if names[p[0]] & names[p[1]]]
    bad = [likeness[p] for p in pairs if not names[p[0]] & names[p[1]]]
    naive = np.mean([(g > b) + 0.5 * (g == b) for g in good for b in bad])
    assert pair_auc(likeness, names, panels) == pytest.approx(naive)


def test_matching_skips_the_own_panel_and_queries_without_an_answer() -> None:
    names = sets("a", "b", "a", "c", "")
    panels = np.array([0, 0, 1, 2, 3])
    likeness = np.array([[0, 9, 5, 1, 1]] * 5, float)
    score = score_matching(likeness, names, panels, 1)
    assert score.n == 2  # b and c are in one panel only, nobody is nowhere
    assert score.recall == 0.5
    assert score.chance == pytest.approx((1 / 3 + 1 / 4) / 2)


def test_chance_is_what_random_likeness_scores() -> None:
    rng = np.random.default_rng(2)
    names = [frozenset("abcd"[i]) for i in rng.integers(0, 4, 60)]
    panels = np.arange(60)
    scores = [score_matching(rng.random((60, 60)), names, panels, 2) for _ in range(40)]
    assert np.mean([s.recall for s in scores]) == pytest.approx(scores[0].chance, abs=0.03)
    assert score_matching(rng.random((60, 60)), names, panels, 99).chance == 1.0


def test_nothing_to_score_is_no_number() -> None:
    empty = np.zeros(0, np.int64)
    assert same_character([]).shape == (0, 0)
    assert math.isnan(score_clusters(empty, []).f1)
    assert math.isnan(pair_auc(np.zeros((0, 0)), [], empty))
    assert math.isnan(pair_f1(empty, [], empty))
    assert math.isnan(score_matching(np.zeros((1, 1)), sets("a"), np.zeros(1), 1).recall)
