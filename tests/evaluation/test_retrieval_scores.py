"""Recall, reciprocal rank and diversity of queries."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from drawn_features import D, book
from longbox.evaluation import (
    diversity,
    harsh_crop,
    query_features,
    same_encoders,
    score_retrieval,
    space_retrieval,
    text_queries,
    through_fused,
)
from longbox.features import BookFeatures, LearnedVectors, Utterances, no_vectors
from longbox.vectors import PanelVectors, Space, unit


def drawn(n: int, seed: int = 0) -> NDArray[np.float32]:
    return unit(np.random.default_rng(seed).standard_normal((n, 16)))


def test_no_queries_have_no_figures() -> None:
    score = score_retrieval("empty", np.zeros((0, 4)), drawn(3)[:, :4], [])
    assert score.n_queries == 0
    assert math.isnan(score.recall_at_1.value)


def test_stored_vectors_find_themselves() -> None:
    rows = drawn(50)
    score = score_retrieval("own", rows, rows, np.arange(50))
    assert (score.recall_at_1.value, score.recall_at_10.value, score.mrr.value) == (1, 1, 1)
    assert (score.recall_at_1.chance, score.recall_at_10.chance) == (0.02, 0.2)


def test_ranks_agree_with_sorting_by_hand() -> None:
    rows, queries, targets = drawn(40), drawn(25, 1), np.arange(25)
    score = score_retrieval("hand", queries, rows, targets)
    places = [
        1 + np.argsort(-(rows @ q), kind="stable").tolist().index(t)
        for q, t in zip(queries, targets, strict=True)
    ]
    assert score.recall_at_1.value == pytest.approx(np.mean([p <= 1 for p in places]))
    assert score.recall_at_10.value == pytest.approx(np.mean([p <= 10 for p in places]))
    assert score.mrr.value == pytest.approx(np.mean([1 / p for p in places]))


def test_constant_vectors_get_exactly_chance() -> None:
    rows = np.ones((37, 4), np.float32)
    score = score_retrieval("constant", rows[:9], rows, np.zeros(9))
    for measure in (score.recall_at_1, score.recall_at_10, score.mrr):
        assert measure.value == pytest.approx(measure.chance)


def test_gallery_of_one_is_always_found_and_chance_says_so() -> None:
    score = score_retrieval("one", drawn(1), drawn(1, 2), [0])
    assert score.recall_at_10.value == score.recall_at_10.chance == 1.0


@pytest.mark.parametrize("targets", [[3], [-1], [0, 1]])
def test_targets_outside_the_gallery_are_refused(targets: list[int]) -> None:
    with pytest.raises(ValueError, match="targets"):
        score_retrieval("bad", drawn(1), drawn(3), targets)


def test_vectors_that_are_not_finite_are_refused() -> None:
    rows = drawn(3).copy()
    rows[1, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        score_retrieval("bad", drawn(1), rows, [0])


def test_what_the_fused_space_keeps_is_compared_query_by_query() -> None:
    rows = drawn(300)
    own = score_retrieval("own", rows, rows, np.arange(300))
    queries = rows.copy()
    queries[:60] = drawn(60, 5)
    fused = score_retrieval("fused", queries, rows, np.arange(300))
    kept = through_fused(own, fused)
    assert 0.8 <= kept.kept < 0.9
    assert kept.difference.high < 0
    with pytest.raises(ValueError, match="not the same"):
        through_fused(own, score_retrieval("fewer", rows[:10], rows, np.arange(10)))


def test_diversity_sees_a_collapse() -> None:
    rows = drawn(200)
    good = diversity(rows[:100], rows)
    assert abs(good.mean_cosine) < 0.05
    assert good.n_same_answers == 0
    collapsed = diversity(rows[:1] + 0.001 * rows[:100], rows)
    assert collapsed.mean_cosine > 0.99
    assert collapsed.n_same_answers > 1000
    assert math.isnan(diversity(rows[:1], rows).mean_cosine)


def test_mean_cosine_agrees_with_all_pairs() -> None:
    rows = drawn(12)
    pairs = (rows @ rows.T)[np.triu_indices(12, 1)]
    assert diversity(rows, drawn(20)).mean_cosine == pytest.approx(pairs.mean(), abs=1e-6)


def spoken_book(seed: int, n: int = 8) -> BookFeatures:
    """Every panel says two things, and its text is their mean."""
    rng = np.random.default_rng(seed)
    said = unit(rng.standard_normal((2 * n, D)))
    panels = np.repeat(np.arange(n), 2)
    utterances = Utterances(
        "test-text", said, np.ones(2 * n, np.bool_), np.zeros(2 * n, np.int64), panels
    )
    return book(n, seed=seed, text=said.reshape(n, 2, D).mean(axis=1), utterances=utterances)


def test_one_utterance_asks_for_its_panel() -> None:
    corpus = [spoken_book(seed) for seed in range(4)]
    queries = text_queries(corpus, 20)
    assert queries is not None
    assert len(queries.vectors) == 20
    assert len(set(zip(queries.books.tolist(), queries.rows.tolist(), strict=True))) == 20
    found = space_retrieval(corpus, queries, None)
    assert found.own.recall_at_10.value > 0.9
    assert found.own.recall_at_10.chance == pytest.approx(10 / 32)
    assert found.fused is None


def test_books_without_utterances_have_no_text_queries() -> None:
    assert text_queries([book()], 5) is None
    assert text_queries([], 5) is None


@dataclass
class Concatenation:
    """A panel model that puts vision and text side by side; zeros where masked."""

    asked: list[BookFeatures] = field(default_factory=list)
    fingerprint: str = "concatenation"
    dimension: int = 2 * D

    def embed(self, features: BookFeatures, n_pages: int) -> LearnedVectors:
        self.asked.append(features)
        rows = unit(np.concatenate([features.vision.vectors, features.text.vectors], axis=1))
        mask = features.vision.mask | features.text.mask
        fused = PanelVectors(Space.FUSED, "f", rows, mask)
        context = PanelVectors(Space.CONTEXTUAL, "c", rows, mask)
        pages = np.zeros((n_pages, 2 * D), np.float32)
        return LearnedVectors(fused, context, pages, pages, np.zeros(n_pages, np.bool_))


def test_queries_reach_the_fused_space_with_their_one_modality_only() -> None:
    corpus = [spoken_book(seed) for seed in range(4)]
    queries = text_queries(corpus, 12)
    assert queries is not None
    model = Concatenation()
    found = space_retrieval(corpus, queries, model)
    assert found.fused is not None
    assert found.fused.own is found.own
    asked = model.asked[-1]
    assert asked.text.mask.all()
    assert not asked.vision.mask.any()
    assert not asked.composition.mask.any()
    assert asked.kinds.sum() == 12
    assert found.fused.fused.recall_at_10.value > 0.8


def test_query_features_are_panels_of_separate_pages() -> None:
    corpus = [spoken_book(0)]
    queries = text_queries(corpus, 3)
    assert queries is not None
    assert query_features(queries, corpus[0]).pages.tolist() == [0, 1, 2]


def test_books_of_another_encoder_are_masked_and_told() -> None:
    a, b, c = (book(seed=i) for i in range(3))
    other = PanelVectors(Space.VISION, "old", c.vision.vectors, c.vision.mask)
    told: list[str] = []
    from dataclasses import replace

    made = same_encoders([a, b, replace(c, vision=other)], told.append)
    assert [m.vision.mask.all() for m in made] == [True, True, False]
    assert made[2].text is c.text
    assert "1 books have no vision vectors of test-vision" in told[0]
    assert len(told) == 1
    empty = replace(a, vision=no_vectors(Space.VISION, 6, 0))
    assert same_encoders([empty, b], told.append)[0] is empty


def test_harsh_crop_is_smaller_and_seeded() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (80, 120, 3)).astype(np.uint8)
    a, b = (harsh_crop(pixels, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(a, b)
    assert 0.5 < a.shape[0] * a.shape[1] / (80 * 120) < 0.85
    assert harsh_crop(pixels[:1, :1], np.random.default_rng(0)).shape == (1, 1, 3)
