"""Each loss can be learned, and only from what it is about."""

from __future__ import annotations

import math

import pytest
import torch

from closure_lite_toys import Toy, outcomes, small_config, toy_corpus, trained
from longbox.closure_lite import ClosureLiteSimple, PagePlace, batch_of, pages_of
from longbox.closure_lite.batch import lay_out
from longbox.closure_lite.panel_order import BACKWARD, FORWARD, UNRELATED, _Pairs

# A guess lies within this many standard errors of chance but once in 2,000.
WITHIN = 3.5
NAMES = {"L_mpm", "L_pop", "L_rpp", "L_clip"}


@pytest.fixture(scope="module")
def learner() -> ClosureLiteSimple:
    return trained(toy_corpus(Toy(is_learnable=True), 1, n_books=30))


@pytest.fixture(scope="module")
def guesser() -> ClosureLiteSimple:
    return trained(toy_corpus(Toy(), 1, n_books=30), epochs=8)


def test_every_loss_beats_its_chance_on_books_never_seen(learner: ClosureLiteSimple) -> None:
    found = outcomes(learner, toy_corpus(Toy(is_learnable=True), 2, n_books=30), rounds=1)
    assert set(found) == NAMES
    for name, outcome in found.items():
        assert outcome.z > 6, name
        assert outcome.loss < outcome.chance - 0.15, name


def test_random_vectors_stay_at_chance_on_every_loss(guesser: ClosureLiteSimple) -> None:
    found = outcomes(guesser, toy_corpus(Toy(), 2, n_books=60), rounds=1)
    assert set(found) == NAMES
    for name, outcome in found.items():
        assert abs(outcome.z) < WITHIN, name
        assert outcome.loss > outcome.chance - 0.03, name


def test_missing_modalities_do_not_give_the_answer_away() -> None:
    toy = Toy(missing=0.4)
    model = trained(toy_corpus(toy, 1, n_books=30), epochs=6)
    for name, outcome in outcomes(model, toy_corpus(toy, 2, n_books=60), rounds=1).items():
        assert abs(outcome.z) < WITHIN, name


def test_order_losses_cannot_read_the_place_off_composition() -> None:
    toy = Toy(tells_place=True)
    model = trained(toy_corpus(toy, 1, n_books=30), epochs=8)
    found = outcomes(model, toy_corpus(toy, 2, n_books=60), rounds=1)
    for name in ("L_pop", "L_rpp"):
        assert abs(found[name].z) < WITHIN, name
        assert found[name].loss > found[name].chance - 0.03, name


def test_order_losses_say_nothing_where_a_page_shows_the_same_panel_again() -> None:
    toy = Toy(same_on_page=True)
    model = trained(toy_corpus(toy, 1, n_books=30), epochs=8)
    found = outcomes(model, toy_corpus(toy, 2, n_books=60), rounds=1)
    assert found["L_rpp"].loss > found["L_rpp"].chance - 0.03
    # Whether two runs are of one page is plain to see here; in which order they stand is not.
    assert found["L_pop"].loss > 2 / 3 * math.log(2) - 0.03


def test_panel_order_is_not_solved_by_equal_page_vectors(learner: ClosureLiteSimple) -> None:
    corpus = toy_corpus(Toy(is_learnable=True), 3, n_books=4)
    batch = batch_of(corpus, [PagePlace(b, p) for b in range(4) for p in range(5)], learner.config)
    for vectors in (batch.panels.vision, batch.panels.text):
        vectors[:] = vectors[0].clone()
    generator = torch.Generator().manual_seed(0)
    rounds = [learner.losses(batch, generator).pop for _ in range(30)]
    assert all(torch.allclose(asked.logits, asked.logits[0], atol=1e-4) for asked in rounds)
    answers = torch.cat([asked.answers for asked in rounds])
    assert len(answers) == 600
    shares = torch.bincount(answers, minlength=3) / len(answers)
    assert (shares - 1 / 3).abs().max() < WITHIN * (2 / 9 / 600) ** 0.5


def test_nothing_but_the_panels_tells_the_class_of_a_pair() -> None:
    corpus = toy_corpus(Toy(), 8, n_books=5, n_pages=6)
    batch = batch_of(corpus, pages_of(corpus), small_config(corpus))
    layout = lay_out(batch.pages, batch.panels.known, batch.n_pages)
    pairs = _Pairs(batch, layout, torch.Generator().manual_seed(0))
    lengths: dict[int, list[int]] = {FORWARD: [], BACKWARD: [], UNRELATED: []}
    pages = batch.pages.tolist()
    for page in [p for p in range(batch.n_pages) for _ in range(100)]:
        first, second, kind, can_be_unrelated = pairs.draw(page)
        assert can_be_unrelated
        assert len(first) == len(second) >= 1
        lengths[kind].append(len(first))
        assert {pages[panel] for panel in first} == {page}
        (other,) = {pages[panel] for panel in second}
        if kind == UNRELATED:
            assert batch.books[other] == batch.books[page]
            assert abs(int(batch.numbers[other] - batch.numbers[page])) > 1
        else:
            run = first + second if kind == FORWARD else second + first
            assert run == list(range(run[0], run[0] + len(run)))
            assert other == page
    means = [sum(found) / len(found) for found in lengths.values()]
    assert max(means) - min(means) < 0.12
    assert all(abs(len(found) - 1000) < 100 for found in lengths.values())


def test_masked_panel_is_not_in_its_own_context(learner: ClosureLiteSimple) -> None:
    corpus = toy_corpus(Toy(is_learnable=True), 4, n_books=1, n_pages=1)
    batch = batch_of(corpus, [PagePlace(0, 0)], learner.config)
    n = len(batch.pages)
    vectors = torch.randn(n, learner.config.d)
    gap = torch.arange(n) == 1
    changed = torch.where(gap[:, None], 100.0, vectors)
    after = torch.arange(n)[None] > 1
    first = learner.mpm_head(learner.han, vectors[None], ~gap[None], after)
    second = learner.mpm_head(learner.han, changed[None], ~gap[None], after)
    assert torch.equal(first, second)


def test_candidates_of_a_masked_panel_are_on_other_pages_and_differ_from_it() -> None:
    corpus = toy_corpus(Toy(), 5, n_books=2, n_pages=2)
    twin = corpus[0]
    model = ClosureLiteSimple(small_config(corpus)).eval()
    places = [PagePlace(b, p) for b in range(2) for p in range(2)]
    batch = batch_of([*corpus, twin], [*places, PagePlace(2, 0), PagePlace(2, 1)], model.config)
    asked = model.losses(batch, torch.Generator().manual_seed(0)).mpm
    assert asked.n == 6
    for row in range(asked.n):
        answer = int(asked.answers[row])
        same_page = batch.pages == batch.pages[answer]
        twins = (batch.panels.vision == batch.panels.vision[answer]).all(dim=1)
        expected = ~same_page & ~twins
        expected[answer] = True
        assert torch.equal(asked.allowed[row], expected)


def test_masked_panel_target_gets_no_gradient() -> None:
    corpus = toy_corpus(Toy(), 5, n_books=2, n_pages=3)
    model = ClosureLiteSimple(small_config(corpus))
    places = [PagePlace(b, p) for b in range(2) for p in range(3)]
    batch = batch_of(corpus, places, model.config)
    model.han.requires_grad_(False)
    model.mpm_head.requires_grad_(False)
    with torch.no_grad():
        model.mpm_head.predict[2].weight.zero_()  # the context no longer reaches the prediction
    model.losses(batch, torch.Generator().manual_seed(0)).mpm.loss.backward()
    grads = [p.grad for p in model.atom.parameters() if p.grad is not None]
    assert all(not grad.any() for grad in grads)


def test_reading_path_asks_every_panel_once_with_as_many_candidates_as_the_page_has() -> None:
    corpus = toy_corpus(Toy(), 6, n_books=1, n_pages=4)
    model = ClosureLiteSimple(small_config(corpus)).eval()
    batch = batch_of(corpus, [PagePlace(0, p) for p in range(4)], model.config)
    asked = model.losses(batch, torch.Generator()).rpp
    sizes = [int((corpus[0].pages == p).sum()) for p in range(4)]
    assert asked.allowed.sum(dim=1).tolist() == [size for size in sizes for _ in range(size)]
    expected = sum(size * math.log(size) for size in sizes) / sum(sizes)
    assert asked.chance == pytest.approx(expected)
    assert asked.answers[: sizes[0]].tolist() == [*range(1, sizes[0]), max(sizes)]


def test_picture_and_text_of_one_panel_are_asked_both_ways_without_twins() -> None:
    corpus = toy_corpus(Toy(missing=0.5), 7, n_books=1, n_pages=6)
    model = ClosureLiteSimple(small_config(corpus)).eval()
    book = corpus[0]
    twice = [book, book]
    batch = batch_of(twice, [PagePlace(0, 0), PagePlace(0, 1), PagePlace(1, 0)], model.config)
    asked = model.losses(batch, torch.Generator()).clip
    have = book.vision.mask & book.text.mask
    both, twins = have[book.pages < 2].sum(), have[book.pages < 1].sum()
    assert asked.n == 2 * (both + twins)
    assert int(asked.allowed.sum(dim=1).max()) <= both + twins
    assert int(asked.allowed.sum(dim=1).min()) >= both - 1
