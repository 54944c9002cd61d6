"""Stage 3's training, and the first version's: exact resume, gradients, books that lack things."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from learning_toys import D, halves, lacking, options, quiet, stories, story, toy_fusion
from longbox.closure_lite import load as load_closure_lite
from longbox.errors import ModelError
from longbox.features import no_vectors
from longbox.fusion import FusionWeights, load_fusion, open_fusion
from longbox.learning import FusionRun, TrainingData, train_closure_lite, train_fusion
from longbox.learning.fusion_training import FusionTrainee, begin_from_corpus, fusion_config
from longbox.learning.loop import TrainingRun
from longbox.model_files import read_card
from longbox.objective import Spread, alone
from longbox.vectors import Space

SMALL = FusionRun(n_layers=1, d_hidden=16, d_model=D, n_heads=2)


class Killed(BaseException):
    """The process dies here."""


class Dying(FusionTrainee):
    """Dies in the middle of a step."""

    steps_left = 10**9

    def objective(self, batch: Any, generator: torch.Generator, spread: Spread = alone) -> Any:
        if self.modules.training:
            self.steps_left -= 1
        if self.steps_left < 0:
            raise Killed
        return super().objective(batch, generator, spread)


def trainee(data: TrainingData, *, dies_after: int = 10**9) -> Dying:
    made = Dying(data, toy_fusion(data.train), FusionWeights(), 16, 3)
    made.steps_left = dies_after
    return made


@pytest.mark.parametrize("dies_after", [1, 10])
def test_killed_run_ends_with_the_same_weights(tmp_path: Path, dies_after: int) -> None:
    data = halves()
    how = options(epochs=3, checkpoint_steps=2)
    whole = trainee(data)
    report = TrainingRun(whole, tmp_path / "whole", how, quiet).go()
    with pytest.raises(Killed):
        TrainingRun(trainee(data, dies_after=dies_after), tmp_path / "killed", how, quiet).go()
    again = trainee(data)
    assert TrainingRun(again, tmp_path / "killed", how, quiet).go().best == report.best
    ours = again.modules.state_dict()
    for name, w in whole.modules.state_dict().items():
        assert torch.equal(w, ours[name]), name


def test_every_parameter_gets_a_gradient_in_one_epoch(tmp_path: Path) -> None:
    described = [
        replace(b, description=replace(b.text, space=Space.DESCRIPTION)) for b in stories(6)
    ]
    data = TrainingData(described, stories(3, 500), {})
    report = TrainingRun(trainee(data), tmp_path, options(epochs=2), quiet).go()
    assert report.silent == ()


def test_model_is_written_with_what_made_it(tmp_path: Path) -> None:
    data = halves()
    report = train_fusion(data, tmp_path, SMALL, options(seed=7), quiet)
    card = read_card(tmp_path)
    assert card.seed == 7
    assert card.data["source"] == "toys"
    assert card.data["options"]["learning_rate"] == 3e-3
    assert report.best is not None
    assert set(card.scores) == {p.name for p in report.best.parts}
    assert all(set(score) == {"value", "chance"} for score in card.scores.values())
    encoder = open_fusion(tmp_path)
    assert encoder.config.d_model == D
    assert (encoder.config.picture, encoder.config.sentence) == ("toy-vision", "toy-words")


def test_training_begins_with_a_model_of_the_same_encoders_only(tmp_path: Path) -> None:
    data = halves()
    train_fusion(data, tmp_path / "one", SMALL, options(), quiet)
    start = replace(SMALL, start=tmp_path / "one")
    train_fusion(data, tmp_path / "two", start, options(epochs=1), quiet)
    assert load_fusion(tmp_path / "two").config == load_fusion(tmp_path / "one").config

    def other(book: Any) -> Any:
        return replace(book, vision=replace(book.vision, fingerprint="another"))

    foreign = TrainingData([other(b) for b in data.train], [other(b) for b in data.tune], {})
    with pytest.raises(ModelError, match="--start none"):
        train_fusion(foreign, tmp_path / "three", start, options(), quiet)


def test_same_seed_makes_the_same_model(tmp_path: Path) -> None:
    for name in ("one", "two"):
        train_fusion(halves(), tmp_path / name, SMALL, options(seed=5), quiet)
    train_fusion(halves(), tmp_path / "three", SMALL, options(seed=6), quiet)
    made = [open_fusion(tmp_path / name).fingerprint for name in ("one", "two", "three")]
    assert made[0] == made[1] != made[2]


def test_books_that_lack_a_modality_are_no_obstacle(tmp_path: Path) -> None:
    wordless = replace(
        story(40), text=no_vectors(Space.TEXT, 20, 0), kinds=np.zeros((20, 5), np.float32),
        utterances=None,
    )  # fmt: skip
    dark = lacking(story(41), Space.VISION, range(20))
    unseen = replace(wordless, book_id="unseen", series="unseen")
    data = TrainingData([*stories(4), wordless, dark], [unseen], {})
    model = toy_fusion(data.train)
    begin_from_corpus(model, data.train, 0)
    made = FusionTrainee(data, model, FusionWeights(), 16, 0)
    report = TrainingRun(made, tmp_path, options(epochs=1), quiet).go()
    assert report.best is not None
    names = {p.name for p in report.best.parts}
    assert "picture finds its panel" in names
    assert "words finds its panel" not in names


def test_two_encoders_of_one_space_are_refused() -> None:
    other = replace(story(1), vision=replace(story(1).vision, fingerprint="another"))
    with pytest.raises(ModelError, match="same encoders"):
        fusion_config([story(0), other])


@pytest.mark.parametrize("n_story", [0, 1])
def test_too_few_story_panels_are_refused(n_story: int) -> None:
    book = story(0)
    few = replace(book, is_story=np.arange(20) < n_story)
    with pytest.raises(ModelError, match="fewer than two story panels to learn from"):
        trainee(TrainingData([few], stories(1, 500), {}))
    with pytest.raises(ModelError, match="fewer than two story panels to validate on"):
        trainee(TrainingData(stories(1, 500), [few], {}))


def test_shelf_of_two_tiny_books_trains(tmp_path: Path) -> None:
    pair = TrainingData([story(0, 1)], [story(1, 1)], {})
    report = train_fusion(pair, tmp_path, SMALL, options(), quiet)
    assert report.steps == 2


def test_first_version_goes_on_exactly_too(tmp_path: Path) -> None:
    data, how = halves(), options(epochs=2, batch_size=8)
    train_closure_lite(data, tmp_path / "whole", how, quiet)
    asked = iter([False, False, True])
    stopped = train_closure_lite(data, tmp_path / "stopped", how, quiet, lambda: next(asked))
    assert (stopped.was_interrupted, stopped.steps) == (True, 3)
    train_closure_lite(data, tmp_path / "stopped", how, quiet)
    whole, made = (load_closure_lite(tmp_path / name) for name in ("whole", "stopped"))
    assert whole[0].fingerprint == made[0].fingerprint
    assert whole[1] == made[1]
