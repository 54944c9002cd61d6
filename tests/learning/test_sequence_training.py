"""Stage 4's training: it learns, it leaks nothing, it goes on exactly where it was."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from learning_toys import (
    D,
    halves,
    lacking,
    options,
    quiet,
    stories,
    story,
    toy_encoder,
    toy_sequence,
)
from longbox.errors import ModelError
from longbox.evaluation import leak_probe
from longbox.features import View
from longbox.fusion import FusionEncoder
from longbox.learning import FusedTables, RunReport, SequenceScorer, TrainingData, read_history
from longbox.learning.loop import TrainingRun
from longbox.learning.sequence_objective import (
    book_objective,
    choice_scores,
    order_scores,
    sequence_objective,
)
from longbox.learning.sequence_training import (
    SampleCounts,
    SequenceTrainee,
    batch_of,
    draw_samples,
)
from longbox.learning.strips import BookBatch, StripBatch, book_batches, bucketed, stretches_of
from longbox.objective import Spread, alone
from longbox.sequence import Stage4SequenceModel, TaskWeights
from longbox.tasks import BOTH, Choice, Difficulty, Sample, Shown, Shuffled, Task, closure_samples
from longbox.vectors import Space

Trained = tuple[SequenceTrainee, RunReport]


class Killed(BaseException):
    """The process dies here."""


class Dying(SequenceTrainee):
    """Dies in the middle of a step."""

    steps_left = 10**9

    def objective(self, batch: Any, generator: torch.Generator, spread: Spread = alone) -> Any:
        self.steps_left -= 1
        if self.steps_left < 0:
            raise Killed
        return super().objective(batch, generator, spread)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> FusionEncoder:
    return toy_encoder(tmp_path_factory.mktemp("fusion"), stories(6))


def trainee(
    encoder: FusionEncoder, data: TrainingData, n: int = 160, *, dies_after: int = 10**9
) -> Dying:
    counts = SampleCounts(n, 16, seed=3)
    made = Dying(data, encoder, toy_sequence(encoder), TaskWeights(), counts)
    made.steps_left = dies_after
    return made


def weights(model: Stage4SequenceModel) -> dict[str, torch.Tensor]:
    return {name: w.clone() for name, w in model.state_dict().items()}


def told(folder: Path) -> list[object]:
    return [replace(entry, seconds=None) for entry in read_history(folder)]


@pytest.mark.parametrize("dies_after", [2, 9, 17])
def test_killed_run_ends_with_the_same_weights_and_history(
    encoder: FusionEncoder, tmp_path: Path, dies_after: int
) -> None:
    data = halves()
    whole = trainee(encoder, data)
    how = options(checkpoint_steps=4)
    report = TrainingRun(whole, tmp_path / "whole", how, quiet).go()
    assert report.steps > 20
    killed = trainee(encoder, data, dies_after=dies_after)
    with pytest.raises(Killed):
        TrainingRun(killed, tmp_path / "killed", how, quiet).go()
    again = trainee(encoder, data)
    resumed = TrainingRun(again, tmp_path / "killed", how, quiet).go()
    assert resumed.steps == report.steps
    assert resumed.best == report.best
    for name, w in weights(whole.model).items():
        assert torch.equal(w, weights(again.model)[name]), name
    assert told(tmp_path / "killed") == told(tmp_path / "whole")


def test_stopped_run_goes_on_and_ends_the_same(encoder: FusionEncoder, tmp_path: Path) -> None:
    data = halves()
    whole = trainee(encoder, data)
    TrainingRun(whole, tmp_path / "whole", options(), quiet).go()
    asked = iter([False] * 5 + [True])
    stopped = trainee(encoder, data)
    report = TrainingRun(stopped, tmp_path / "stopped", options(), quiet, lambda: next(asked)).go()
    assert report.was_interrupted
    assert report.steps == 6
    again = trainee(encoder, data)
    done = TrainingRun(again, tmp_path / "stopped", options(), quiet).go()
    assert not done.was_interrupted
    assert all(torch.equal(w, weights(again.model)[n]) for n, w in weights(whole.model).items())


def test_validating_more_often_changes_nothing_that_is_learnt(
    encoder: FusionEncoder, tmp_path: Path
) -> None:
    data = halves()
    seldom, often = trainee(encoder, data), trainee(encoder, data)
    TrainingRun(seldom, tmp_path / "1", options(epochs=1), quiet).go()
    TrainingRun(often, tmp_path / "4", options(epochs=1, validations=4), quiet).go()
    assert len([e for e in read_history(tmp_path / "4") if e.scores]) >= 4
    assert all(torch.equal(w, weights(often.model)[n]) for n, w in weights(seldom.model).items())


def test_every_parameter_gets_a_gradient_in_one_epoch(
    encoder: FusionEncoder, tmp_path: Path
) -> None:
    # What begins at zero hides what is before it for one step, so an epoch is asked.
    report = TrainingRun(trainee(encoder, halves(), 400), tmp_path, options(epochs=1), quiet).go()
    assert report.silent == ()
    gradients = [e.gradients for e in read_history(tmp_path) if e.gradients][-1]
    assert all(g.n_without == 0 and g.norm for g in gradients)


def test_parameter_that_no_task_reaches_is_told_of_loudly(
    encoder: FusionEncoder, tmp_path: Path
) -> None:
    speechless = [replace(b, utterances=None) for b in stories(6)]
    tune = [replace(b, utterances=None) for b in stories(3, 500)]
    warnings = []
    made = trainee(encoder, TrainingData(speechless, tune, {}))
    report = TrainingRun(
        made, tmp_path, options(epochs=1), lambda p: warnings.append(p.warning)
    ).go()
    assert any("character_coherence_head" in name for name in report.silent)
    assert any("caption_relevance_head" in name for name in report.silent)
    assert any(w is not None and w.startswith("NO GRADIENT") for w in warnings)
    assert {p.name for p in report.best.parts} == {  # type: ignore[union-attr]
        "panel_picking", "visual_closure", "text_closure", "text_cloze", "reading_order",
    }  # fmt: skip


@pytest.fixture(scope="module")
def learnt(encoder: FusionEncoder, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    data = TrainingData(stories(24), stories(5, 500), {})
    made = trainee(encoder, data, 1500)
    folder = tmp_path_factory.mktemp("learnt")
    return made, TrainingRun(made, folder, options(epochs=4, batch_size=32), quiet).go()


def test_stories_with_a_rule_are_learnt_by_every_task(
    learnt: Trained, encoder: FusionEncoder
) -> None:
    made, report = learnt
    assert report.best is not None
    scores = {p.name: (p.value, p.chance) for p in report.best.parts}
    assert set(scores) == {task.value for task in Task}
    for name, (value, chance) in scores.items():
        assert value is not None
        assert chance is not None
        assert value > chance + 0.08, name
    untrained = SequenceTrainee(
        TrainingData(made._data.train, made._data.tune, {}),
        encoder,
        toy_sequence(encoder),
        TaskWeights(),
        SampleCounts(10),
    )
    untrained.model.eval()
    with torch.no_grad():
        before = {p.name: p.value for p in untrained.validate().parts}
    # What no cosine can know: captions in a frame of their own, order, who says which balloon.
    for name in ("caption_relevance", "reading_order", "character_coherence"):
        assert scores[name][0] > before[name] + 0.08, name  # type: ignore[operator]


def test_noise_teaches_nothing_that_unseen_noise_gives_away(
    encoder: FusionEncoder, tmp_path: Path
) -> None:
    data = halves(8, 3, has_rule=False)
    made = trainee(encoder, data, 800)
    TrainingRun(made, tmp_path, options(), quiet).go()
    unseen = stories(6, 900, has_rule=False)
    rng = np.random.default_rng(5)
    drawn = draw_samples(unseen, SampleCounts(1200, n_candidates=None), TaskWeights(), rng)
    assert set(drawn) == set(Task)
    samples = [s for some in drawn.values() for s in some]
    results = leak_probe(SequenceScorer(made.model, encoder), samples, unseen)
    assert {r.group: (r.low, r.accuracy, r.high) for r in results if not r.is_chance} == {}


def test_targets_get_no_gradient(encoder: FusionEncoder) -> None:
    made = trainee(encoder, halves())
    seen = set()
    for batch in made.batches(0):
        if isinstance(batch, BookBatch):
            batch.panels.requires_grad_()
            found = book_objective(made.model, batch, TaskWeights(), torch.Generator())
            found.total.backward()
            assert batch.panels.grad is None  # strips are targets, and made without a gradient
            seen.add("book")
            continue
        seen.add(batch.task.value)
        assert not batch.panels.requires_grad
        if isinstance(batch, StripBatch):
            assert not batch.candidates.requires_grad
    assert seen == {"book", *(task.value for task in Task)}


def test_padding_changes_no_score(encoder: FusionEncoder) -> None:
    books = [lacking(b, Space.TEXT, [2, 7]) for b in stories(6)]
    tables = FusedTables(books, encoder)
    made = toy_sequence(encoder).eval()
    rng = np.random.default_rng(0)
    drawn = draw_samples(books, SampleCounts(140), TaskWeights(), rng)
    with torch.no_grad():
        for task, samples in drawn.items():
            whole = batch_of(tables, samples)
            for i, sample in enumerate(samples[:6]):
                alone = batch_of(tables, [sample])
                if isinstance(sample, Shuffled):
                    n = len(sample.panels)
                    one, many = order_scores(made, alone)[0], order_scores(made, whole)[i, :n, :n]  # type: ignore[arg-type]
                else:
                    k = len(sample.candidates)
                    one, many = choice_scores(made, alone)[0], choice_scores(made, whole)[i, :k]  # type: ignore[arg-type]
                assert torch.allclose(one, many, atol=1e-4), task


def test_batch_of_one_sample_has_a_loss(encoder: FusionEncoder) -> None:
    books = stories(4)
    tables, model = FusedTables(books, encoder), toy_sequence(encoder)
    drawn = draw_samples(books, SampleCounts(70), TaskWeights(), np.random.default_rng(0))
    for task, samples in drawn.items():
        found = sequence_objective(model, batch_of(tables, samples[:1]), TaskWeights())
        assert torch.isfinite(found.total), task
        assert {"contrast", "next_panel"}.isdisjoint(p.name for p in found.parts)


def test_windows_of_one_book_that_overlap_are_no_negatives(encoder: FusionEncoder) -> None:
    book = story(0)
    tables, model = FusedTables([book], encoder), toy_sequence(encoder).eval()

    def sample(first: int) -> Choice:
        shown = [Shown(0, first + i, BOTH) for i in range(4)]
        wrong = Shown(0, 19, BOTH)
        return Choice(
            Task.PANEL_PICKING, Difficulty.HARD, tuple(shown[:3]), 3, (shown[3], wrong), 0
        )

    near = sequence_objective(model, batch_of(tables, [sample(0), sample(2)]), TaskWeights())
    apart = sequence_objective(model, batch_of(tables, [sample(0), sample(8)]), TaskWeights())
    assert "contrast" not in {p.name for p in near.parts}
    contrast = next(p for p in apart.parts if p.name == "contrast")
    assert contrast.chance == pytest.approx(np.log(2))


def test_every_sample_is_in_one_batch_and_lengths_are_alike() -> None:
    books = stories(6)
    samples: list[Sample] = list(
        closure_samples(books, Task.PANEL_PICKING, Difficulty.HARD, 103, np.random.default_rng(1))
    )
    batches = list(bucketed(samples, 16, np.random.default_rng(2)))
    assert Counter(id(s) for b in batches for s in b) == Counter(id(s) for s in samples)
    assert sorted(len(b) for b in batches) == [7, *[16] * 6]
    lengths = [[len(s.context) for s in b] for b in batches]  # type: ignore[union-attr]
    spreads = sorted(max(x) - min(x) for x in lengths)
    assert spreads[len(spreads) // 2] <= 3
    assert list(bucketed([], 16, np.random.default_rng(2))) == []


def test_batches_are_the_same_every_time(encoder: FusionEncoder) -> None:
    one, two = trainee(encoder, halves()), trainee(encoder, halves())
    first, second = list(one.batches(1)), list(two.batches(1))
    assert len(first) == len(second) == one.n_batches(1)
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a.panels, b.panels)
        assert torch.equal(a.mask, b.mask)
    other = next(iter(one.batches(0)))
    assert other.panels.shape != first[0].panels.shape or not torch.equal(
        other.panels, first[0].panels
    )


def test_strips_of_one_page_have_no_level_above(encoder: FusionEncoder) -> None:
    strips = [story(i, 1, series="strips") for i in range(8)]
    tune = [story(600 + i, 1, series="other strips") for i in range(4)]
    assert stretches_of(strips) == []
    made = trainee(encoder, TrainingData(strips, tune, {}))
    batches = list(made.batches(0))
    assert len(batches) == made.n_batches(0)
    assert not any(isinstance(b, BookBatch) for b in batches)


def test_book_of_which_one_page_is_known_is_not_asked_about(encoder: FusionEncoder) -> None:
    book = story(0, 3)
    hidden = range(4, 12)
    dark = lacking(lacking(book, Space.VISION, hidden), Space.TEXT, hidden)
    tables = FusedTables([dark], encoder)
    batch = next(book_batches(tables, stretches_of([dark]), 8, np.random.default_rng(0)))
    found = book_objective(toy_sequence(encoder), batch, TaskWeights(), torch.Generator())
    assert found.parts == ()
    assert float(found.total.detach()) == 0


def test_tables_look_up_what_the_encoder_says(encoder: FusionEncoder) -> None:
    books = [*stories(2), replace(story(7), utterances=None)]
    books[1] = lacking(lacking(books[1], Space.VISION, [3]), Space.TEXT, [3])
    tables = FusedTables(books, encoder)
    words = View(frozenset({Space.TEXT}))
    shown = [Shown(1, 3, BOTH), Shown(0, 5, words), Shown(1, 4, BOTH), Shown(2, 0, words)]
    rows, mask = tables.vectors(shown)
    assert mask.tolist() == [False, True, True, True]
    for at, item in enumerate(shown):
        wanted = encoder.encode(books[item.book], item.view).vectors[item.row]
        assert np.allclose(rows[at], wanted, atol=1e-3)
    assert rows.shape == (4, D)


def test_books_without_a_story_are_refused(encoder: FusionEncoder) -> None:
    blank = [replace(b, is_story=np.zeros_like(b.is_story)) for b in stories(2)]
    with pytest.raises(ModelError, match="no closure task"):
        trainee(encoder, TrainingData(stories(2), [replace(b, book_id="x") for b in blank], {}))
