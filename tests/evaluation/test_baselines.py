"""Untrained scorers: what they know, and what they must not see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from drawn_features import BOTH, PICTURES, PLACES, TEXTS, D, book, choice, shuffled, vectors
from longbox.encoders import COMPOSITION_FEATURES
from longbox.errors import SpaceMismatchError
from longbox.evaluation import (
    AddedCosines,
    BigramOverlap,
    LastPanelCosine,
    MeanContextCosine,
    PositionOnly,
    RandomScorer,
    TextLength,
    UtteranceChain,
    nearest_neighbours,
    score_choices,
    score_orders,
    untrained_scorers,
)
from longbox.features import BookFeatures, Utterances, View, Wording
from longbox.tasks import Choice, Scorer, Shown
from longbox.vectors import Space

AXES = np.eye(D, dtype=np.float32)
WORDINGS = (
    "the night is dark",
    "where is my robot",
    "the robot is in the garden",
    "the night is dark again",
    "eat more soup",
    "",
)


def pieces(rows: NDArray[np.float32], panels: Sequence[int], kinds: Sequence[int]) -> Utterances:
    return Utterances(
        "test-text", rows, np.ones(len(rows), np.bool_), np.array(kinds), np.array(panels)
    )


def first_choice(scorer: Scorer, corpus: list[BookFeatures], sample: Choice) -> int:
    return int(np.argmax(scorer.choose(corpus, [sample])[0]))


def test_every_baseline_answers_no_samples_with_nothing() -> None:
    for scorer in untrained_scorers():
        assert scorer.choose([], []) == []
        assert scorer.order([], []) == []


def test_every_baseline_has_a_name_of_its_own() -> None:
    names = [s.name for s in untrained_scorers()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("scorer", untrained_scorers(), ids=lambda s: s.name)
def test_every_baseline_answers_in_the_promised_shapes(scorer: Scorer) -> None:
    corpus = [book(wordings=WORDINGS, missing_text=[5])]
    scores = scorer.choose(corpus, [choice([0, 1], [2, 3, 5]), choice([0], [1, 2], view=TEXTS)])
    assert [s.shape for s in scores] == [(3,), (2,)]
    matrices = scorer.order(corpus, [shuffled([2, 0, 1]), shuffled([1, 0], view=PICTURES)])
    assert [m.shape for m in matrices] == [(3, 3), (2, 2)]
    assert all(np.isfinite(a).all() for a in (*scores, *matrices))


@pytest.mark.parametrize("scorer", untrained_scorers(), ids=lambda s: s.name)
def test_what_a_view_leaves_out_changes_no_score(scorer: Scorer) -> None:
    """The same pictures with other texts, words and utterances, and the other way round."""
    rows = np.random.default_rng(5).standard_normal((6, D)).astype(np.float32)
    places = np.random.default_rng(6).random((6, len(COMPOSITION_FEATURES))).astype(np.float32)
    spoken = pieces(vectors(Space.TEXT, rows).vectors, range(6), [0] * 6)
    one = book(seed=1, wordings=WORDINGS, utterances=spoken, places=places)
    other = book(seed=2)
    samples = [choice([0, 1], [2, 3, 4], 1, view=PICTURES)]
    orders = [shuffled([2, 0, 1], view=PICTURES)]
    mixed = replace(other, vision=one.vision)
    assert np.array_equal(scorer.choose([one], samples)[0], scorer.choose([mixed], samples)[0])
    assert np.array_equal(scorer.order([one], orders)[0], scorer.order([mixed], orders)[0])
    samples = [replace(samples[0], **_shown_as(samples[0], TEXTS))]
    orders = [shuffled([2, 0, 1], view=TEXTS)]
    mixed = replace(one, vision=other.vision, composition=other.composition)
    assert np.array_equal(scorer.choose([one], samples)[0], scorer.choose([mixed], samples)[0])
    assert np.array_equal(scorer.order([one], orders)[0], scorer.order([mixed], orders)[0])


def _shown_as(sample: Choice, view: View) -> dict[str, tuple[Shown, ...]]:
    return {
        "context": tuple(replace(s, view=view) for s in sample.context),
        "candidates": tuple(replace(s, view=view) for s in sample.candidates),
    }


@pytest.mark.parametrize(
    "scorer",
    [s for s in untrained_scorers() if not isinstance(s, RandomScorer)],
    ids=lambda s: s.name,
)
def test_a_view_that_shows_nothing_known_gives_chance(scorer: Scorer) -> None:
    shown = View(frozenset({Space.DESCRIPTION}))
    samples = [choice([0, 1], [2, 3, 4], k % 3, view=shown) for k in range(3)]
    corpus = [book(wordings=WORDINGS)]
    if not isinstance(scorer, PositionOnly):
        assert [float(np.ptp(s)) for s in scorer.choose(corpus, samples)] == [0.0] * 3
    orders = [shuffled([2, 0, 1], view=shown)]
    if not isinstance(scorer, PositionOnly):
        assert score_orders(scorer, corpus, orders).rows[0].pairwise.value == 0.5


def test_last_panel_picks_the_candidate_like_it_and_mean_the_one_like_most() -> None:
    text = AXES[[0, 0, 1, 0, 1, 2]]
    corpus = [book(text=text)]
    sample = choice([0, 1, 2], [3, 4, 5], view=TEXTS)
    assert first_choice(LastPanelCosine(Space.TEXT), corpus, sample) == 1
    assert first_choice(MeanContextCosine(Space.TEXT), corpus, sample) == 0


def test_nearest_neighbours_count_more_on_both_sides_of_the_gap() -> None:
    text = AXES[[0, 0, 1, 1, 0, 1]]
    corpus = [book(text=text)]
    sample = replace(choice([0, 1, 2, 3], [4, 5], view=TEXTS), gap=4)
    assert first_choice(nearest_neighbours(Space.TEXT), corpus, sample) == 1
    assert first_choice(nearest_neighbours(Space.TEXT), corpus, replace(sample, gap=0)) == 0
    assert np.ptp(MeanContextCosine(Space.TEXT).choose(corpus, [sample])[0]) < 1e-6


def test_last_panel_without_the_space_gives_way_to_the_one_before_then_to_the_one_after() -> None:
    text = AXES[[0, 1, 2, 0, 2, 3]]
    corpus = [book(text=text, missing_text=[1])]
    last = LastPanelCosine(Space.TEXT)
    assert first_choice(last, corpus, choice([0, 1], [3, 4], view=TEXTS)) == 0
    sample = replace(choice([1, 2], [3, 4], view=TEXTS), gap=1)
    assert first_choice(last, corpus, sample) == 1


def test_missing_candidate_scores_the_mean_of_the_others() -> None:
    corpus = [book(text=AXES[[0, 0, 1, 2, 3, 4]], missing_text=[3])]
    scores = MeanContextCosine(Space.TEXT).choose(corpus, [choice([0], [1, 2, 3], view=TEXTS)])[0]
    assert scores.tolist() == [1.0, 0.0, 0.5]


def test_spaces_are_never_compared_across_encoders() -> None:
    a, b = book(seed=0), book(seed=1)
    b = replace(b, text=replace(b.text, fingerprint="another"))
    sample = choice([0], [1, 2], view=TEXTS)
    foreign = replace(sample, candidates=(Shown(0, 1, TEXTS), Shown(1, 2, TEXTS)))
    with pytest.raises(SpaceMismatchError):
        MeanContextCosine(Space.TEXT).choose([a, b], [foreign])


def test_composition_has_no_cosine() -> None:
    with pytest.raises(ValueError, match="no direction"):
        LastPanelCosine(Space.COMPOSITION)


def _at_cosines(cosines: Sequence[float]) -> NDArray[np.float32]:
    """A first panel, and others at these cosines to it."""
    c = np.array([1.0, *cosines], np.float32)[:, None]
    return (c * AXES[0] + np.sqrt(1 - c * c) * AXES[1]).astype(np.float32)


def test_standardised_sum_lets_a_quiet_space_be_heard() -> None:
    """Pictures differ little and vote for the second; texts differ much, hardly for the first."""
    vision, text = _at_cosines([0.990, 0.999, 0.985]), _at_cosines([0.60, 0.55, 0.0])
    corpus = [book(4, vision=vision, text=text)]
    sample = choice([0], [1, 2, 3])
    assert first_choice(AddedCosines(is_standardised=False), corpus, sample) == 0
    assert first_choice(AddedCosines(is_standardised=True), corpus, sample) == 1


def test_utterance_chain_prefers_balloons_that_follow_each_other() -> None:
    """The panel before ends with axis 0; the candidate says 0 then 1, or swapped 1 then 0."""
    mixed = AXES[0] * 0.8 + AXES[1] * 0.6
    rows = np.stack([AXES[2], AXES[0], mixed, AXES[1]]).astype(np.float32)
    corpus = [book(2, utterances=pieces(rows, [0, 0, 1, 1], [0] * 4))]
    in_order, swapped = (
        View(frozenset({Space.TEXT}), w) for w in (Wording.IN_ORDER, Wording.SWAPPED)
    )
    sample = Choice(
        choice([0], [1, 1]).task,
        choice([0], [1, 1]).difficulty,
        (Shown(0, 0, in_order),),
        1,
        (Shown(0, 1, swapped), Shown(0, 1, in_order)),
        1,
    )
    assert first_choice(UtteranceChain(), corpus, sample) == 1
    mean = MeanContextCosine(Space.TEXT).choose(corpus, [sample])[0]
    assert abs(mean[0] - mean[1]) < 1e-6


def test_captions_only_shows_no_dialogue() -> None:
    rows = np.stack([AXES[0], AXES[1]])
    corpus = [book(3, utterances=pieces(rows, [0, 0], [0, 1]), text=AXES[[2, 0, 1]])]
    captions = View(frozenset({Space.TEXT}), Wording.CAPTIONS)
    sample = choice([0], [1, 2], view=TEXTS)
    sample = replace(sample, context=(Shown(0, 0, captions),))
    # the caption is axis 1, as candidate 2; the utterances and the text share an encoder here
    corpus[0] = replace(corpus[0], text=replace(corpus[0].text, fingerprint="test-text"))
    assert first_choice(LastPanelCosine(Space.TEXT), corpus, sample) == 1
    assert np.ptp(BigramOverlap().choose(corpus, [sample])[0]) == 0.0


def test_bigrams_find_repeated_words_and_characters() -> None:
    corpus = [book(wordings=WORDINGS)]
    sample = choice([0, 1], [4, 3, 5], 1)
    assert first_choice(BigramOverlap("word"), corpus, sample) == 1
    assert first_choice(BigramOverlap("character"), corpus, sample) == 1
    japanese = ("今夜は暗い", "暗い夜だ", "おいしい汁")
    corpus = [book(3, wordings=japanese)]
    assert first_choice(BigramOverlap("character"), corpus, choice([0], [1, 2])) == 0
    assert np.ptp(BigramOverlap("word").choose(corpus, [choice([0], [1, 2])])[0]) == 0.0


def test_text_length_prefers_the_longest_and_reads_it_first() -> None:
    corpus = [book(wordings=WORDINGS)]
    assert first_choice(TextLength(), corpus, choice([0], [4, 2, 1])) == 1
    matrix = TextLength().order(corpus, [shuffled([4, 2, 5])])[0]
    assert matrix[1, 0] == 1.0
    assert matrix[0, 1] == 0.0


def test_chain_knows_neighbours_but_not_the_direction() -> None:
    angles = np.linspace(0, 2.4, 6)
    text = np.zeros((6, D), np.float32)
    text[:, 0], text[:, 1] = np.cos(angles), np.sin(angles)
    corpus = [book(text=text)]
    rng = np.random.default_rng(0)
    samples = [shuffled(rng.permutation(6).tolist(), view=TEXTS) for _ in range(80)]
    score = score_orders(UtteranceChain(), corpus, samples).rows[0]
    assert score.transition.value > 0.35  # one way round all five, the other none
    assert set(score_orders(UtteranceChain(), corpus, samples).pairwise.tolist()) == {0.0, 1.0}
    assert 0.3 < score.pairwise.value < 0.7


def _samples(rng: np.random.Generator, n: int, first_share: float) -> list[Choice]:
    samples = []
    for i in range(n):
        rows = rng.permutation(20)
        answer = 0 if rng.random() < first_share else int(rng.integers(4))
        samples.append(choice(rows[:3], rows[3:7], answer, in_book=i % 6))
    return samples


def test_position_only_is_at_chance_on_fair_samples() -> None:
    corpus = [book(20, seed=i) for i in range(6)]
    accuracies = [
        score_choices(PositionOnly(), corpus, _samples(np.random.default_rng(seed), 200, 0.0))
        for seed in range(20)
    ]
    assert abs(np.mean([a.rows[0].accuracy for a in accuracies]) - 0.25) < 0.025


def test_position_only_finds_answers_that_stand_first_too_often() -> None:
    corpus = [book(20, seed=i) for i in range(6)]
    samples = _samples(np.random.default_rng(0), 400, 0.5)
    row = score_choices(PositionOnly(), corpus, samples).rows[0]
    assert row.interval.low > row.chance + 0.2


def test_position_only_cannot_use_a_samples_own_answer() -> None:
    sample = choice([0], [1, 2, 3], 2)
    assert np.ptp(PositionOnly().choose([book()], [sample])[0]) == 0.0


def _page_of(n: int) -> NDArray[np.float32]:
    places = np.zeros((n, len(COMPOSITION_FEATURES)), np.float32)
    places[:, COMPOSITION_FEATURES.index("place_in_order")] = np.arange(n) / (n - 1)
    places[:, COMPOSITION_FEATURES.index("panels_on_page")] = np.log2(n) / 4
    return places


def test_position_only_finds_the_next_panel_where_composition_is_shown() -> None:
    corpus = [book(6, places=_page_of(6))]
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(60):
        last = int(rng.integers(0, 3))
        offered = rng.permutation(np.arange(last + 1, 6))[:3]
        if last + 1 not in offered:
            offered[0] = last + 1
        answer = int(np.flatnonzero(offered == last + 1)[0])
        samples.append(choice([last], offered, answer, view=PLACES))
    assert score_choices(PositionOnly(), corpus, samples).rows[0].accuracy > 0.95
    hidden = [replace(s, **_shown_as(s, BOTH)) for s in samples]
    assert score_choices(PositionOnly(), corpus, hidden).rows[0].accuracy < 0.6


def test_position_only_orders_panels_by_place_only_where_it_is_shown() -> None:
    corpus = [book(6, places=_page_of(6))]
    rng = np.random.default_rng(1)
    order = [rng.permutation(6).tolist() for _ in range(60)]
    shown = score_orders(PositionOnly(), corpus, [shuffled(o, view=PLACES) for o in order])
    assert shown.rows[0].exact.value == 1.0
    hidden = score_orders(PositionOnly(), corpus, [shuffled(o) for o in order])
    assert hidden.rows[0].pairwise.interval.holds(0.5)
