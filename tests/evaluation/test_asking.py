"""Whole tables over a corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from drawn_features import D, book
from longbox.errors import ModelError
from longbox.evaluation import (
    MeanContextCosine,
    PositionOnly,
    closure_table,
    draw_closure,
    draw_orders,
    order_table,
    subsets_of,
    untrained_orderers,
    untrained_scorers,
)
from longbox.features import BookFeatures
from longbox.tasks import Choice, Corpus, Difficulty, Shuffled, Task
from longbox.vectors import Space, unit


@dataclass(frozen=True)
class Oracle:
    name: str = "oracle"

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[NDArray[np.float32]]:
        del corpus
        return [np.eye(len(s.candidates), dtype=np.float32)[s.answer] for s in samples]

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[NDArray[np.float32]]:
        del corpus
        return [np.less.outer(s.places, s.places).astype(np.float32) for s in samples]


@dataclass(frozen=True)
class Foreign:
    """A scorer that was trained on other encoders."""

    name: str = "foreign"

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[NDArray[np.float32]]:
        del corpus, samples
        raise ModelError("made by another encoder")

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[NDArray[np.float32]]:
        del corpus, samples
        raise ModelError("made by another encoder")


def drifting(seed: int, n: int = 30) -> BookFeatures:
    """A book whose panels change slowly, so that neighbours are alike."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.standard_normal((2, n, D)), axis=1).astype(np.float32)
    return book(n, seed=seed, vision=unit(walk[0]), text=unit(walk[1]))


@pytest.fixture(scope="module")
def corpus() -> list[BookFeatures]:
    return [drifting(seed) for seed in range(6)]


def test_empty_corpus_has_no_samples_and_no_table() -> None:
    assert draw_closure([], 10, 0) == []
    assert draw_orders([], 10, 0) == []
    assert closure_table([], [], untrained_scorers(), [], lambda _: None) == ()


def test_subsets_are_of_what_the_corpus_has(corpus: list[BookFeatures]) -> None:
    assert [v.name for v in subsets_of(corpus)] == ["vision", "text", "vision+text"]


def test_tasks_of_whole_panels_are_asked_by_subset(corpus: list[BookFeatures]) -> None:
    samples = draw_closure(corpus, 20, 0)
    table = closure_table(corpus, samples, [PositionOnly()], [], lambda _: None)
    picking = [s for s in table if s.group.task is Task.PANEL_PICKING]
    assert {(s.group.difficulty, s.group.view) for s in picking} == {
        (d, v) for d in Difficulty for v in ("vision", "text", "vision+text")
    }
    assert all(s.n == 20 for s in picking)
    assert {s.group.view for s in table if s.group.task is Task.TEXT_CLOSURE} == {"text"}
    assert draw_closure(corpus, 20, 0) == samples


def test_trained_scorers_are_compared_with_the_best_baseline(corpus: list[BookFeatures]) -> None:
    samples = draw_closure(corpus, 12, 0)
    table = closure_table(corpus, samples, untrained_scorers(), [Oracle()], lambda _: None)
    for section in table:
        best = max(
            r.row.accuracy for r in section.rows if not r.is_trained and r.scorer != "random"
        )
        (ours,) = [r for r in section.rows if r.is_trained]
        assert ours.row.accuracy == 1.0
        assert ours.gain is not None
        assert ours.gain.difference == pytest.approx(1 - best)
        named = next(r for r in section.rows if r.scorer == section.best_untrained)
        assert named.row.accuracy == best


def test_a_scorer_that_a_view_shows_nothing_is_called_blind(corpus: list[BookFeatures]) -> None:
    samples = draw_closure(corpus, 20, 0)
    scorers = [MeanContextCosine(Space.VISION), MeanContextCosine(Space.TEXT)]
    table = closure_table(corpus, samples, scorers, [], lambda _: None)
    blind = {(s.group.view, r.scorer) for s in table for r in s.rows if r.is_blind}
    assert ("text", "mean context, vision") in blind
    assert ("vision", "mean context, text") in blind
    assert ("vision+text", "mean context, text") not in blind


def test_scorer_of_other_encoders_is_told_and_left_out(corpus: list[BookFeatures]) -> None:
    told: list[str] = []
    samples = draw_closure(corpus, 5, 0)
    table = closure_table(corpus, samples, untrained_scorers(), [Foreign(), Oracle()], told.append)
    assert {r.scorer for s in table for r in s.rows if r.is_trained} == {"oracle"}
    assert told == ["foreign is left out: made by another encoder"]
    orders = draw_orders(corpus, 5, 0)
    assert [s.scorer for s in order_table(corpus, orders, [Foreign(), Oracle()], told.append)] == [
        "oracle"
    ]


def test_drawn_samples_do_not_leak(corpus: list[BookFeatures]) -> None:
    """The builders' own samples, asked by the leak detector and by the tables' alarm."""
    table = closure_table(corpus, draw_closure(corpus, 60, 1), [PositionOnly()], [], print)
    assert [s.group for s in table if s.is_leaking] == []
    orders = draw_orders(corpus, 100, 1)
    (score,) = [
        s
        for s in order_table(corpus, orders, untrained_orderers(), print)
        if s.scorer == "position only"
    ]
    assert all(abs(row.pairwise.value - 0.5) < 0.08 for row in score.rows)


def test_answers_that_always_stand_first_raise_the_alarm(corpus: list[BookFeatures]) -> None:
    samples = []
    for s in draw_closure(corpus, 40, 1):
        right = s.candidates[s.answer]
        wrong = tuple(c for c in s.candidates if c != right)
        samples.append(Choice(s.task, s.difficulty, s.context, s.gap, (right, *wrong), 0, s.cue))
    table = closure_table(corpus, samples, [PositionOnly()], [], print)
    assert all(section.is_leaking for section in table)
