"""The probes find a planted leak and a planted dead input, and leave honest ones alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from longbox.book import TextKind
from longbox.errors import ModelError
from longbox.evaluation import (
    Level,
    chance_interval,
    dead_input_verdicts,
    dead_inputs,
    leak_probe,
    leak_verdicts,
    only,
    pair_vectors,
    random_corpus,
)
from longbox.features import MODALITIES, TEXT_KINDS, BookFeatures, Utterances, View
from longbox.tasks import Choice, Corpus, Difficulty, Shown, Shuffled, Task
from longbox.vectors import PanelVectors, Space, unit

PICTURES = View(frozenset({Space.VISION}))
WIDTHS = {Space.VISION: 16, Space.TEXT: 12, Space.DESCRIPTION: 12, Space.COMPOSITION: 5}


def book(n: int, seed: int = 0, *, without: Sequence[Space] = ()) -> BookFeatures:
    rng = np.random.default_rng(seed)

    def known(space: Space) -> PanelVectors:
        mask = (rng.random(n) < 0.8) & (space not in without)
        vectors = unit(rng.standard_normal((n, WIDTHS[space])))
        vectors[~mask] = 0
        return PanelVectors(space, "drawn", vectors, mask)

    vision, text, description, composition = (known(s) for s in MODALITIES)
    kinds = np.zeros((n, len(TEXT_KINDS)), np.float32)
    kinds[np.arange(n), rng.integers(0, 2, n)] = text.mask
    utterances = Utterances(
        "drawn",
        unit(rng.standard_normal((n, 12))),
        np.ones(n, np.bool_),
        rng.integers(0, len(TextKind), n),
        np.arange(n),
    )
    return BookFeatures(
        f"{seed:016x}",
        "",
        "en",
        np.arange(n) // 4,
        np.ones(n, np.bool_),
        vision,
        text,
        description,
        composition,
        kinds,
        utterances,
        tuple(f"word {i}" if text.mask[i] else "" for i in range(n)),
    )


class NotInTheContext:
    """Answers what the context does not show: perfect where negatives come from the context."""

    name = "not in the context"

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[NDArray[np.float32]]:
        def vector(shown: Shown) -> NDArray[np.float32]:
            return corpus[shown.book].vision.vectors[shown.row]

        answers = []
        for sample in samples:
            context = np.stack([vector(s) for s in sample.context])
            candidates = np.stack([vector(s) for s in sample.candidates])
            answers.append(-(candidates @ context.T).max(axis=1))
        return answers

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[NDArray[np.float32]]:
        answers = []
        for sample in samples:
            first = np.array([corpus[s.book].vision.vectors[s.row, 0] for s in sample.panels])
            answers.append((first[:, None] - first[None]).astype(np.float32))
        return answers


class ReadsPlaces(NotInTheContext):
    """Orders by the row that a sample names, which it should not see."""

    name = "reads places"

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[NDArray[np.float32]]:
        assert corpus
        rows = [np.array([s.row for s in sample.panels], np.float32) for sample in samples]
        return [r[None] - r[:, None] for r in rows]


def picking(corpus: Corpus, *, leaks: bool, n: int = 120, k: int = 4) -> list[Choice]:
    """Make samples whose wrong candidates are in the context (the seed's mistake) or outside."""
    rng = np.random.default_rng(5)
    rows = np.flatnonzero(corpus[0].vision.mask)
    samples = []
    for _ in range(n):
        drawn = [Shown(0, int(r), PICTURES) for r in rng.permutation(rows)[: 2 * k]]
        context, wrong = drawn[:k], drawn[1:k] if leaks else drawn[k + 1 :]
        answer = int(rng.integers(k))
        candidates = [*wrong[:answer], drawn[k], *wrong[answer:]]
        samples.append(
            Choice(
                Task.PANEL_PICKING, Difficulty.HARD, tuple(context), k, tuple(candidates), answer
            )
        )
    return samples


def shuffles(corpus: Corpus, n: int = 40) -> list[Shuffled]:
    rng = np.random.default_rng(6)
    out = []
    for _ in range(n):
        rows = rng.choice(corpus[0].n_panels, 4, replace=False)
        places = tuple(int(p) for p in np.argsort(np.argsort(rows)))
        out.append(Shuffled(tuple(Shown(0, int(r), PICTURES) for r in rows), places))
    return out


def test_wrong_candidates_from_the_context_are_a_leak() -> None:
    corpus = [book(40, without=[Space.DESCRIPTION])]
    (found,) = leak_probe(NotInTheContext(), picking(corpus, leaks=True), corpus)
    assert found.accuracy > 0.95
    assert not found.is_chance
    (verdict,) = leak_verdicts([found])
    assert verdict.level is Level.BAD
    assert "give their answers away" in verdict.sentence


def test_wrong_candidates_from_outside_are_none() -> None:
    corpus = [book(40)]
    results = leak_probe(
        NotInTheContext(), [*picking(corpus, leaks=False, n=60), *shuffles(corpus, 20)], corpus
    )
    assert [r.is_chance for r in results] == [True, True]
    assert [r.chance for r in results] == [0.25, 0.5]
    assert {v.level for v in leak_verdicts(results)} == {Level.OK}


def test_an_order_that_is_given_away_is_a_leak() -> None:
    corpus = [book(40)]
    (found,) = leak_probe(ReadsPlaces(), shuffles(corpus), corpus)
    assert found.accuracy == 1
    assert not found.is_chance


def test_a_scorer_may_be_made_for_the_noise() -> None:
    corpus = [book(40)]
    seen: list[Corpus] = []

    def made(noise: Corpus) -> NotInTheContext:
        seen.append(noise)
        return NotInTheContext()

    leak_probe(made, picking(corpus, leaks=False, n=5), corpus, n_draws=2)
    assert len(seen) == 2
    assert not np.array_equal(seen[0][0].vision.vectors, seen[1][0].vision.vectors)
    with pytest.raises(ValueError, match="at least once"):
        leak_probe(made, [], corpus, n_draws=0)


def test_no_samples_no_results() -> None:
    assert leak_probe(NotInTheContext(), [], [book(3)]) == ()


def test_noise_keeps_masks_and_nothing_else() -> None:
    old = book(200)
    (new,) = random_corpus([old], np.random.default_rng(0))
    for space in MODALITIES:
        assert np.array_equal(new.of(space).mask, old.of(space).mask)
        known = old.of(space).mask
        cosines = (new.of(space).vectors * old.of(space).vectors).sum(axis=1)[known]
        assert abs(cosines.mean()) < 0.15
        assert np.allclose(np.linalg.norm(new.of(space).vectors[known], axis=1), 1, atol=1e-5)
    assert np.array_equal(new.kinds.any(axis=1), old.kinds.any(axis=1))
    assert [bool(w) for w in new.wordings] == [bool(w) for w in old.wordings]
    assert new.wordings != old.wordings
    assert new.utterances is not None
    assert old.utterances is not None
    assert np.array_equal(new.utterances.panels, old.utterances.panels)


def test_the_chance_interval_holds_what_it_says() -> None:
    chances = np.array([0.2] * 30 + [0.5] * 20)
    low, high = chance_interval(chances, 0.05)
    rng = np.random.default_rng(0)
    shares = (rng.random((20_000, 50)) < chances).mean(axis=1)
    outside = np.mean((shares < low - 1e-9) | (shares > high + 1e-9))
    assert 0.005 < outside <= 0.05
    exact = chance_interval(np.full(4000, 0.25))
    normal = chance_interval(np.full(4001, 0.25))
    assert exact == pytest.approx(normal, abs=1e-3)
    assert chance_interval(np.array([0.5])) == (0, 1)


class Fusion:
    """Projects and adds the modalities with given weights; `constant` is added as dummies are."""

    def __init__(self, weights: dict[Space, float], constant: float = 0.0) -> None:
        rng = np.random.default_rng(0)
        self.weights = weights
        self.maps = {s: rng.standard_normal((WIDTHS[s], 24)) for s in MODALITIES}
        self.constant = constant * rng.standard_normal(24)

    def __call__(self, features: BookFeatures) -> NDArray[np.float64]:
        out = np.zeros((features.n_panels, 24))
        known = np.zeros(features.n_panels, np.bool_)
        for space, weight in self.weights.items():
            out += weight * features.of(space).vectors @ self.maps[space]
            known |= features.of(space).mask
        out[known] += self.constant
        return out


def test_a_live_model_has_no_dead_input() -> None:
    found = dead_inputs(Fusion(dict.fromkeys(MODALITIES, 1.0)), book(60))
    assert [f.modality for f in found] == list(MODALITIES)
    assert {v.level for v in dead_input_verdicts(found)} == {Level.OK}


def test_a_modality_that_is_not_read_is_found() -> None:
    weights = dict.fromkeys(MODALITIES, 1.0) | {Space.VISION: 0.0}
    verdicts = dead_input_verdicts(dead_inputs(Fusion(weights), book(60)), "fused")
    bad = [v.name.partition(":")[0] for v in verdicts if v.level is Level.BAD]
    assert bad == ["fused vision", "fused vision"]


def test_a_constant_that_drowns_the_query_is_found_where_it_is_alone() -> None:
    found = dead_inputs(Fusion(dict.fromkeys(MODALITIES, 1.0), constant=100.0), book(60))
    assert all(f.change_alone is not None and f.change_alone < 0.01 for f in found)


def test_a_modality_that_nobody_has_is_not_probed() -> None:
    features = book(30, without=[Space.DESCRIPTION, Space.TEXT])
    found = dead_inputs(Fusion(dict.fromkeys(MODALITIES, 1.0)), features)
    assert [f.modality for f in found] == [Space.VISION, Space.COMPOSITION]
    assert dead_inputs(Fusion({}), book(1)) == ()
    assert dead_inputs(Fusion({}), book(0)) == ()


def test_panels_that_are_all_alike_are_not_judged() -> None:
    features = book(30, without=[Space.TEXT, Space.DESCRIPTION, Space.COMPOSITION])
    same = np.where(features.vision.mask[:, None], features.vision.vectors[:1] * 0 + 0.25, 0)
    vision = PanelVectors(Space.VISION, "drawn", same.astype(np.float32), features.vision.mask)
    alike = only(features, MODALITIES)
    object.__setattr__(alike, "vision", vision)
    (found,) = dead_inputs(Fusion({Space.VISION: 1.0}), alike)
    assert (found.n, found.change_alone) == (0, None)
    assert {v.level for v in dead_input_verdicts([found])} == {Level.NOT_JUDGED}


def test_what_is_hidden_is_masked_not_zero_and_present() -> None:
    seen = only(book(20), (Space.VISION,))
    assert seen.vision.mask.any()
    assert not any(seen.of(s).mask.any() for s in MODALITIES if s is not Space.VISION)
    assert not seen.kinds.any()
    assert seen.utterances is None


def test_a_panel_has_a_vector_from_its_picture_and_one_from_its_text() -> None:
    books = [book(20), book(0), book(10, seed=1)]
    pictures, texts, mask = pair_vectors(Fusion(dict.fromkeys(MODALITIES, 1.0)), books)
    assert pictures.shape == texts.shape == (30, 24)
    assert np.array_equal(mask[:20], books[0].vision.mask & books[0].text.mask)
    assert pictures[mask].any(axis=1).all()
    assert not pictures[:20][~books[0].vision.mask].any()
    with pytest.raises(ModelError, match="no book"):
        pair_vectors(Fusion({}), [])


def test_a_model_that_answers_badly_is_refused() -> None:
    with pytest.raises(ModelError, match="20 panels"):
        dead_inputs(lambda _: np.zeros((3, 4)), book(20))
    with pytest.raises(ModelError, match="not finite"):
        dead_inputs(lambda f: np.full((f.n_panels, 4), np.nan), book(20))
