from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from learning_toys import D, stories, toy_encoder, toy_sequence
from longbox.features import BookFeatures
from longbox.fusion import FusionEncoder
from longbox.learning.anchoring import GRID, Kinds, anchor, anchor_saved, anchor_two_kinds
from longbox.learning.sequence_objective import choice_scores, head_scores, plain_cosines
from longbox.learning.strips import StripBatch, strip_batch
from longbox.learning.tables import FusedTables
from longbox.sequence import ANCHORED, load_sequence, save_sequence
from longbox.tasks import Difficulty, Task, closure_samples
from longbox.vectors import PanelVectors, unit


@pytest.fixture(scope="module")
def books() -> list[BookFeatures]:
    return stories(8)


@pytest.fixture(scope="module")
def fusion(tmp_path_factory: pytest.TempPathFactory, books: list[BookFeatures]) -> FusionEncoder:
    return toy_encoder(tmp_path_factory.mktemp("fusion"), books)


def batch(books: list[BookFeatures], fusion: FusionEncoder) -> StripBatch:
    rng = np.random.default_rng(0)
    samples = closure_samples(books, Task.TEXT_CLOSURE, Difficulty.HARD, 20, rng)
    return strip_batch(FusedTables(books, fusion), samples)


def strange(book: BookFeatures) -> BookFeatures:
    """Move a book's pictures and words to another part of their spaces."""

    def moved(vectors: PanelVectors) -> PanelVectors:
        rows = unit(vectors.vectors + 3.0 * np.eye(1, vectors.dimension, dtype=np.float32))
        return replace(vectors, vectors=rows * vectors.mask[:, None])

    named = {"book_id": f"f{book.book_id[1:]}", "series": f"far {book.series}"}
    return replace(book, vision=moved(book.vision), text=moved(book.text), **named)


def test_new_model_has_no_anchor_and_heads_answer_alone(
    books: list[BookFeatures], fusion: FusionEncoder
) -> None:
    model, asked = toy_sequence(fusion).eval(), batch(books, fusion)
    with torch.no_grad():
        alone = head_scores(model, asked)[asked.offered]
        assert torch.allclose(choice_scores(model, asked)[asked.offered], alone)


def test_anchor_adds_the_plain_cosine(books: list[BookFeatures], fusion: FusionEncoder) -> None:
    model, asked = toy_sequence(fusion).eval(), batch(books, fusion)
    model.anchors[:] = 7.0
    with torch.no_grad():
        expected = head_scores(model, asked) + 7.0 * plain_cosines(model, asked)
        found = choice_scores(model, asked)
    assert torch.allclose(found[asked.offered], expected[asked.offered], atol=1e-5)


def test_head_that_guesses_is_given_the_cosine(
    books: list[BookFeatures], fusion: FusionEncoder
) -> None:
    torch.manual_seed(1)
    model = toy_sequence(fusion)
    with torch.no_grad():  # a head that says noise, loudly
        model.text_closure_head.last.weight.normal_(0, 5)
        model.text_closure_head.scale.fill_(-5)
    chosen = anchor(model, fusion, books)
    assert chosen["text_closure"] > 0
    assert set(chosen.values()) <= set(GRID)


def test_each_kind_of_comic_gets_its_own_anchor(
    books: list[BookFeatures], fusion: FusionEncoder
) -> None:
    model = toy_sequence(fusion)
    far = [strange(b) for b in books]
    chosen = anchor_two_kinds(model, fusion, Kinds(books[:5], far[:5]), Kinds(books[5:], far[5:]))
    assert set(chosen) == set(ANCHORED)
    with torch.no_grad():
        near = model.familiarity(_contexts(books[5:], fusion))
        apart = model.familiarity(_contexts(far[5:], fusion))
    assert float(near.mean()) > 0.6 > 0.4 > float(apart.mean())


def test_anchored_model_is_written_whole(
    tmp_path: Path, books: list[BookFeatures], fusion: FusionEncoder
) -> None:
    model = toy_sequence(fusion)
    with torch.no_grad():
        model.text_closure_head.scale.fill_(-5)
        model.text_closure_head.last.weight.normal_(0, 5)
    save_sequence(tmp_path, model, {"books": 8}, 3, {"x": 1})
    anchor_saved(tmp_path, fusion, books)
    found, _ = load_sequence(tmp_path)
    assert float(found.anchors.abs().sum()) > 0
    assert found.config == model.config


def test_too_few_panels_choose_nothing(fusion: FusionEncoder, books: list[BookFeatures]) -> None:
    model = toy_sequence(fusion)
    assert anchor(model, fusion, books[:1]) == dict.fromkeys(ANCHORED, 0.0)
    assert not model.anchors.any()


def _contexts(books: list[BookFeatures], fusion: FusionEncoder) -> torch.Tensor:
    from longbox.learning.sequence_objective import context_of

    found = context_of(batch(books, fusion))
    assert found.shape[1] == D
    return found
