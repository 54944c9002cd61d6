"""Scores of choices: ties, chance, samples that give themselves away, paired comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from drawn_features import BOTH, PICTURES, TEXTS, book, choice
from longbox.errors import ModelError
from longbox.evaluation import (
    ClosureScore,
    Group,
    RandomScorer,
    compare,
    score_choices,
    view_name,
)
from longbox.tasks import Choice, Corpus, Difficulty, Shown, Shuffled, Task


@dataclass(frozen=True, slots=True)
class Fixed:
    """Answers each sample by a function of it."""

    answer: Callable[[Choice], Sequence[float]]
    name: str = "fixed"

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[NDArray[np.float32]]:
        del corpus
        return [np.array(self.answer(s), np.float32) for s in samples]

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[NDArray[np.float32]]:
        raise NotImplementedError


ORACLE = Fixed(lambda s: [float(i == s.answer) for i in range(len(s.candidates))], "oracle")
CONSTANT = Fixed(lambda s: [0.3] * len(s.candidates), "constant")
FIRST = Fixed(lambda s: [-float(i) for i in range(len(s.candidates))], "first")


def answered(score: ClosureScore) -> float:
    return score.rows[0].accuracy


def test_no_samples_make_no_rows() -> None:
    score = score_choices(ORACLE, [book()], [])
    assert score.rows == ()
    assert score.correct.shape == (0,)


def test_one_sample_right_has_no_certainty() -> None:
    row = score_choices(ORACLE, [book()], [choice([0, 1], [2, 3])]).rows[0]
    assert (row.n, row.accuracy, row.chance) == (1, 1.0, 0.5)
    assert row.interval.holds(0.5)


def test_constant_scorer_gets_chance_although_all_answers_stand_first() -> None:
    samples = [choice([0], range(1, 1 + k), 0) for k in (2, 3, 4, 5)] * 3
    score = score_choices(CONSTANT, [book()], samples)
    assert answered(score) == pytest.approx(score.rows[0].chance)
    assert answered(score_choices(FIRST, [book()], samples)) == 1.0


def test_scores_that_differ_by_rounding_only_are_ties() -> None:
    noisy = Fixed(lambda s: [0.5 + (1e-7 if i == s.answer else 0) for i in range(4)])
    samples = [choice([0], [1, 2, 3, 4], 2)]
    assert score_choices(noisy, [book()], samples).correct[0] == 0.25
    clear = Fixed(lambda s: [0.5 + (1e-4 if i == s.answer else 0) for i in range(4)])
    assert score_choices(clear, [book()], samples).correct[0] == 1.0


def test_small_scores_are_not_taken_for_rounding() -> None:
    small = Fixed(lambda s: [1e-9 * (i == s.answer) for i in range(4)])
    assert score_choices(small, [book()], [choice([0], [1, 2, 3, 4], 2)]).correct[0] == 1.0


def test_chance_is_the_mean_of_each_samples_own() -> None:
    samples = [choice([0], [1, 2]), choice([0], [1, 2, 3, 4, 5])]
    assert score_choices(ORACLE, [book()], samples).rows[0].chance == pytest.approx(0.35)


def test_tasks_difficulties_and_views_are_scored_apart() -> None:
    samples = [
        choice([0], [1, 2]),
        choice([0], [1, 2], view=PICTURES),
        choice([0], [1, 2], difficulty=Difficulty.EASY),
        choice([0], [1, 2], task=Task.TEXT_CLOSURE, view=TEXTS),
    ]
    score = score_choices(ORACLE, [book()], samples)
    assert [r.n for r in score.rows] == [1, 1, 1, 1]
    group = Group(Task.TEXT_CLOSURE, Difficulty.HARD, "text")
    assert score.row(group) is score.rows[3]
    assert score.row(replace(group, view="vision")) is None


def test_view_name_says_what_context_candidates_and_cue_show_apart() -> None:
    sample = choice([0, 1], [2, 3], view=TEXTS)
    pictured = replace(sample, context=tuple(Shown(0, r, BOTH) for r in (0, 1)))
    assert view_name(sample) == "text"
    assert view_name(pictured) == "vision+text > text"
    assert view_name(replace(pictured, cue=Shown(0, 2, PICTURES))).endswith("cue vision")


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (choice([0], [1]), "number 1 of 1"),
        (choice([0], [1, 2], 2), "number 3 of 2"),
        (choice([0], [1, 2], -1), "number 0 of 2"),
        (choice([0], [1, 2, 1]), "there twice"),
        (choice([0, 1], [2, 1]), "in the context"),
        (choice([0], [1, 6]), "no panel 6"),
        (choice([0], [1, 2], in_book=1), "book 1"),
        (replace(choice([0], [1, 2]), gap=2), "gap"),
    ],
)
def test_samples_that_give_themselves_away_are_refused(sample: Choice, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        score_choices(ORACLE, [book()], [sample])


def test_candidate_shown_as_text_only_is_still_in_the_context() -> None:
    sample = choice([0, 1], [2, 3])
    leaky = replace(sample, candidates=(*sample.candidates, Shown(0, 1, TEXTS)))
    with pytest.raises(ValueError, match="in the context"):
        score_choices(ORACLE, [book()], [leaky])


@pytest.mark.parametrize(
    "answer", [lambda _: [0.0], lambda _: [float("nan")] * 3, lambda _: [1.0, float("inf"), 0.0]]
)
def test_scores_of_wrong_shape_or_not_finite_are_errors(
    answer: Callable[[Choice], Sequence[float]],
) -> None:
    with pytest.raises(ModelError, match="sample 1"):
        score_choices(Fixed(answer), [book()], [choice([0], [1, 2, 3])])


def test_random_scorer_is_at_chance_within_its_interval() -> None:
    corpus = [book(40, seed=i) for i in range(8)]
    rng = np.random.default_rng(0)
    samples = [
        choice([0, 1], rng.permutation(np.arange(2, 40))[:5], int(rng.integers(5)), in_book=i % 8)
        for i in range(400)
    ]
    row = score_choices(RandomScorer(1), corpus, samples).rows[0]
    assert row.interval.by == "book"
    assert row.interval.holds(row.chance)
    assert row.interval.high - row.interval.low < 0.15


def test_paired_comparison_sees_what_two_intervals_cannot() -> None:
    """A scorer that is right wherever another is, and a little more often."""
    samples = [choice([0], [1, 2], i % 2, in_book=i % 6) for i in range(240)]
    number = {id(s): i for i, s in enumerate(samples)}

    def every(n: int, name: str) -> Fixed:
        def answer(s: Choice) -> list[float]:
            is_right = number[id(s)] // 6 % 10 < n
            return [float((i == s.answer) == is_right) for i in range(2)]

        return Fixed(answer, name)

    corpus = [book(seed=i) for i in range(6)]
    a = score_choices(every(7, "a"), corpus, samples)
    b = score_choices(every(6, "b"), corpus, samples)
    assert a.rows[0].interval.low < b.rows[0].accuracy
    gain = compare(a, b)
    assert gain.difference == pytest.approx(0.1)
    assert gain.interval.low > 0
    assert compare(b, a).difference == pytest.approx(-0.1)
    assert compare(a, a).interval.low == compare(a, a).interval.high == 0.0


def test_comparison_of_different_samples_is_refused() -> None:
    a = score_choices(ORACLE, [book()], [choice([0], [1, 2])])
    b = score_choices(ORACLE, [book()], [choice([0], [1, 3])])
    with pytest.raises(ValueError, match="different samples"):
        compare(a, b)


def test_comparison_within_a_group_leaves_the_other_samples_out() -> None:
    samples = [choice([0], [1, 2]), choice([0], [1, 2], 1, view=PICTURES)]
    a = score_choices(ORACLE, [book()], samples)
    b = score_choices(FIRST, [book()], samples)
    assert compare(a, b, a.rows[0].group).difference == 0.0
    assert compare(a, b, a.rows[1].group).difference == 1.0
