"""The first version answers closure tasks with what its losses taught it."""

from __future__ import annotations

import numpy as np
import pytest

from closure_lite_toys import NAMES, Toy, book_of, space_of, toy_corpus, trained
from longbox.closure_lite import ClosureLiteSimple
from longbox.errors import ModelError
from longbox.evaluation import ClosureLiteScorer
from longbox.features import BookFeatures, Utterances, View, Wording
from longbox.tasks import Choice, Difficulty, Scorer, Shown, Shuffled, Task
from longbox.vectors import Space, unit

BOTH = View(frozenset({Space.VISION, Space.TEXT}))
PICTURE = View(frozenset({Space.VISION}))
WORDS = View(frozenset({Space.TEXT}))


@pytest.fixture(scope="module")
def corpus() -> list[BookFeatures]:
    return toy_corpus(Toy(is_learnable=True), 9, n_books=12)


@pytest.fixture(scope="module")
def model() -> ClosureLiteSimple:
    return trained(toy_corpus(Toy(is_learnable=True), 1, n_books=30), epochs=10)


def _choices(corpus: list[BookFeatures], view: View, cue: View | None = None) -> list[Choice]:
    """Leave out one panel of every page; three wrong ones from other pages."""
    rng, samples = np.random.default_rng(0), []
    for index, book in enumerate(corpus):
        for page in range(int(book.pages.max()) + 1):
            rows = np.flatnonzero(book.pages == page)
            gap = int(rng.integers(len(rows)))
            wrong = rng.choice(np.flatnonzero(book.pages != page), 3, replace=False)
            place = int(rng.integers(4))
            order = np.insert(wrong, place, rows[gap])
            samples.append(
                Choice(
                    Task.PANEL_PICKING if cue is None else Task.TEXT_CLOZE,
                    Difficulty.HARD,
                    tuple(Shown(index, int(r), view) for r in np.delete(rows, gap)),
                    gap,
                    tuple(Shown(index, int(r), view) for r in order),
                    place,
                    None if cue is None else Shown(index, int(rows[gap]), cue),
                )
            )
    return samples


def _accuracy(scores: list[np.ndarray], samples: list[Choice]) -> float:
    assert all(row.shape == (4,) and row.dtype == np.float32 for row in scores)
    return float(np.mean([s.argmax() == c.answer for s, c in zip(scores, samples, strict=True)]))


@pytest.mark.parametrize("view", [BOTH, PICTURE, WORDS], ids=lambda view: view.name)
def test_panel_picking_beats_chance_on_books_never_seen(
    model: ClosureLiteSimple, corpus: list[BookFeatures], view: View
) -> None:
    scorer: Scorer = ClosureLiteScorer(model)
    samples = _choices(corpus, view)
    assert len(samples) == 60
    assert _accuracy(scorer.choose(corpus, samples), samples) > 0.6


def test_cue_helps_a_text_to_be_found_by_its_picture(
    model: ClosureLiteSimple, corpus: list[BookFeatures]
) -> None:
    scorer = ClosureLiteScorer(model)
    with_cue, without = _choices(corpus, WORDS, PICTURE), _choices(corpus, WORDS)
    better = _accuracy(scorer.choose(corpus, with_cue), with_cue)
    assert better > 0.85
    assert better >= _accuracy(scorer.choose(corpus, without), without)


def test_random_books_are_answered_at_chance(model: ClosureLiteSimple) -> None:
    corpus = toy_corpus(Toy(), 11, n_books=40)
    samples = _choices(corpus, BOTH)
    accuracy = _accuracy(ClosureLiteScorer(model).choose(corpus, samples), samples)
    assert abs(accuracy - 0.25) < 3.5 * (0.25 * 0.75 / len(samples)) ** 0.5


def _shuffled(corpus: list[BookFeatures], view: View) -> list[Shuffled]:
    rng = np.random.default_rng(1)
    samples = []
    for index, book in enumerate(corpus):
        rows = np.flatnonzero(book.pages == 0)
        places = rng.permutation(len(rows))
        shown = tuple(Shown(index, int(rows[p]), view) for p in places)
        samples.append(Shuffled(shown, tuple(int(p) for p in places)))
    return samples


def _pairs_right(scores: list[np.ndarray], samples: list[Shuffled]) -> float:
    right = []
    for surely, sample in zip(scores, samples, strict=True):
        places = np.array(sample.places)
        first, second = np.nonzero(places[:, None] < places[None, :])
        right += ((surely[first, second] > 0.5) + 0.5 * (surely[first, second] == 0.5)).tolist()
    return float(np.mean(right))


def test_order_is_learned_and_each_pair_answered_one_way(
    model: ClosureLiteSimple, corpus: list[BookFeatures]
) -> None:
    samples = _shuffled(corpus, BOTH)
    scores = ClosureLiteScorer(model).order(corpus, samples)
    for surely in scores:
        assert np.allclose(surely + surely.T, 1, atol=1e-5)
        assert np.allclose(np.diag(surely), 0.5)
    assert _pairs_right(scores, samples) > 0.85


def test_order_never_reads_composition(model: ClosureLiteSimple) -> None:
    corpus = toy_corpus(Toy(tells_place=True), 12, n_books=6)
    everything = View(frozenset({Space.VISION, Space.TEXT, Space.COMPOSITION}))
    scorer = ClosureLiteScorer(model)
    one = scorer.order(corpus, _shuffled(corpus, everything))
    two = scorer.order(corpus, _shuffled(corpus, BOTH))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_nothing_known_is_no_opinion(model: ClosureLiteSimple) -> None:
    rng, has = np.random.default_rng(0), np.array([False, True, True, False])
    book = book_of(
        [0, 0, 1, 1],
        space_of(Space.VISION, rng.normal(size=(4, 24)), has),
        space_of(Space.TEXT, rng.normal(size=(4, 16)), has),
        space_of(Space.COMPOSITION, rng.random((4, 12)), has),
    )
    scorer = ClosureLiteScorer(model)
    shown = [Shown(0, row, BOTH) for row in range(4)]
    blind = Choice(
        Task.PANEL_PICKING, Difficulty.HARD, (shown[0],), 1, (shown[1], shown[2], shown[3]), 0
    )
    empty = Choice(Task.PANEL_PICKING, Difficulty.HARD, (), 0, (shown[1], shown[2]), 0)
    first, second = scorer.choose([book], [blind, empty])
    assert first[0] == first[1] > first[2]
    assert second[0] == second[1]
    (surely,) = scorer.order([book], [Shuffled(tuple(shown[:3]), (0, 1, 2))])
    assert (surely[0] == 0.5).all()
    assert surely[1, 2] != 0.5
    assert scorer.choose([book], []) == []
    assert scorer.order([book], []) == []


def test_exchanged_balloons_end_in_a_tie(model: ClosureLiteSimple) -> None:
    rng = np.random.default_rng(0)
    n = 6
    utterances = Utterances(
        NAMES[Space.TEXT],
        unit(rng.normal(size=(n, 16))),
        np.ones(n, np.bool_),
        np.zeros(n, np.int64),
        np.array([0, 0, 1, 1, 1, 1]),
    )
    book = book_of(
        [0, 0],
        space_of(Space.VISION, rng.normal(size=(2, 24))),
        space_of(Space.TEXT, rng.normal(size=(2, 16))),
        space_of(Space.COMPOSITION, rng.random((2, 12))),
        utterances=utterances,
    )
    modalities = frozenset({Space.VISION, Space.TEXT})
    offered = tuple(Shown(0, 1, View(modalities, w)) for w in (Wording.IN_ORDER, Wording.SWAPPED))
    sample = Choice(Task.CHARACTER_COHERENCE, Difficulty.HARD, (Shown(0, 0, BOTH),), 1, offered, 0)
    (scores,) = ClosureLiteScorer(model).choose([book], [sample])
    assert scores[0] == scores[1]


def test_other_encoders_are_refused(model: ClosureLiteSimple) -> None:
    book = book_of(
        [0, 0],
        space_of(Space.VISION, np.eye(2, 24), name="someone else's"),
        space_of(Space.TEXT, np.eye(2, 16)),
        space_of(Space.COMPOSITION, np.ones((2, 12))),
    )
    sample = Shuffled((Shown(0, 0, BOTH), Shown(0, 1, BOTH)), (0, 1))
    with pytest.raises(ModelError, match="someone else's"):
        ClosureLiteScorer(model).order([book], [sample])
