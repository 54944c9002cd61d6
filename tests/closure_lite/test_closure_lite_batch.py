"""Which pages meet, how panels are laid out, and how a guess is counted."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from closure_lite_toys import Toy, book_of, small_config, space_of, toy_corpus
from longbox.closure_lite import Guesses, PagePlace, batch_of, page_batches, pages_of
from longbox.closure_lite.batch import lay_out
from longbox.errors import ConfigError, ModelError
from longbox.vectors import Space


def test_an_epoch_shows_every_page_once_and_keeps_pages_of_a_book_together() -> None:
    corpus = toy_corpus(Toy(), 1, n_books=7, n_pages=6)
    batches = list(page_batches(corpus, 8, seed=3, pages_a_book=4))
    seen = [place for batch in batches for place in batch]
    assert sorted(seen) == pages_of(corpus)
    assert all(len(batch) == 8 for batch in batches[:-1])
    assert max(len({p.book for p in batch}) for batch in batches) < 8
    assert seen == [p for b in page_batches(corpus, 8, seed=3) for p in b]
    assert seen != [p for b in page_batches(corpus, 8, seed=4) for p in b]


def test_pages_that_are_no_story_are_left_out() -> None:
    rng = np.random.default_rng(0)
    pages = [0, 0, 1, 3, 3]
    book = book_of(
        pages,
        space_of(Space.VISION, rng.normal(size=(5, 24))),
        space_of(Space.TEXT, rng.normal(size=(5, 16))),
        space_of(Space.COMPOSITION, rng.random((5, 12))),
        is_story=np.array([True, True, False, True, True]),
    )
    assert pages_of([book]) == [PagePlace(0, 0), PagePlace(0, 3)]
    assert pages_of([]) == []
    assert list(page_batches([], 4, seed=0)) == []


def test_batch_sizes_below_one_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least one page"):
        list(page_batches([], 0, seed=0))


def test_page_without_panels_is_refused() -> None:
    corpus = toy_corpus(Toy(), 1, n_books=1)
    with pytest.raises(ModelError, match="page 10 has no panel"):
        batch_of(corpus, [PagePlace(0, 9)], small_config(corpus))


def test_batch_holds_the_panels_of_its_pages_and_no_padding() -> None:
    corpus = toy_corpus(Toy(), 2, n_books=2)
    batch = batch_of(corpus, [PagePlace(1, 3), PagePlace(0, 0)], small_config(corpus))
    rows = np.concatenate(
        [
            corpus[1].vision.vectors[corpus[1].pages == 3],
            corpus[0].vision.vectors[corpus[0].pages == 0],
        ]
    )
    assert np.array_equal(batch.panels.vision.numpy(), rows)
    assert batch.books.tolist() == [1, 0]
    assert batch.numbers.tolist() == [3, 0]


def test_layout_is_that_of_the_plain_loop() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        pages = np.sort(rng.integers(0, 6, size=rng.integers(0, 15)))
        known = rng.random(len(pages)) < 0.6
        layout = lay_out(torch.from_numpy(pages), torch.from_numpy(known), 6)
        for page in range(6):
            expected = np.flatnonzero((pages == page) & known).tolist()
            assert layout.slots[page][layout.mask[page]].tolist() == expected
            assert layout.mask[page].tolist() == sorted(layout.mask[page].tolist(), reverse=True)


def test_chance_is_counted_question_by_question() -> None:
    allowed = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]]).bool()
    asked = Guesses(torch.zeros(2, 4), allowed, torch.tensor([0, 3]))
    assert asked.chance == pytest.approx((math.log(2) + math.log(4)) / 2)
    assert float(asked.loss) == pytest.approx(asked.chance)
    assert asked.chance_accuracy == pytest.approx(0.375)
    assert asked.accuracy == pytest.approx(0.375)  # ties share the point


def test_candidates_that_are_not_allowed_cannot_be_picked() -> None:
    asked = Guesses(
        torch.tensor([[9.0, 1.0, 0.0]]), torch.tensor([[False, True, True]]), torch.tensor([1])
    )
    assert asked.accuracy == 1.0
    assert float(asked.loss) == pytest.approx(math.log(1 + math.exp(-1)))


def test_no_question_has_no_loss() -> None:
    nothing = Guesses(torch.zeros(0, 3), torch.zeros(0, 3).bool(), torch.zeros(0).long())
    assert (nothing.n, nothing.chance, nothing.accuracy) == (0, 0.0, 0.0)
    with pytest.raises(ModelError, match="nothing was asked"):
        _ = nothing.loss
