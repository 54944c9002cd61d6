"""The whole first version: gradients, padding, pages of every size, other people's encoders."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from closure_lite_toys import NAMES, Toy, book_of, small_config, space_of, toy_corpus
from longbox.closure_lite import ClosureLiteSimple, PagePlace, batch_of, config_for, pages_of
from longbox.errors import ConfigError, ModelError
from longbox.features import BookFeatures, Utterances, View, Wording, no_vectors
from longbox.vectors import PanelVectors, Space, unit


@pytest.fixture(scope="module")
def corpus() -> list[BookFeatures]:
    return toy_corpus(Toy(missing=0.3), 1, n_books=6)


@pytest.fixture(scope="module")
def model(corpus: list[BookFeatures]) -> ClosureLiteSimple:
    return ClosureLiteSimple(small_config(corpus)).eval()


def test_every_parameter_gets_a_gradient_from_one_step_of_the_full_objective(
    corpus: list[BookFeatures],
) -> None:
    model = ClosureLiteSimple(config_for(corpus))
    assert model.config.d == 384
    batch = batch_of(corpus, pages_of(corpus), model.config)
    objective = model.objective(batch, torch.Generator().manual_seed(0))
    objective.total.backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().max()]
    assert silent == []
    weak = [n for n, p in model.named_parameters() if p.grad is not None and p.grad.norm() < 1e-7]
    assert weak == []


def test_objective_is_the_weighted_sum_of_its_parts(
    corpus: list[BookFeatures], model: ClosureLiteSimple
) -> None:
    batch = batch_of(corpus, pages_of(corpus)[:12], model.config)
    objective = model.objective(batch, torch.Generator().manual_seed(3))
    assert [p.name for p in objective.parts] == ["L_mpm", "L_pop", "L_rpp", "L_clip"]
    weights = (1.0, 0.3, 0.5, 1.0)
    total = sum(w * p.value for w, p in zip(weights, objective.parts, strict=True))
    assert float(objective.total.detach()) == pytest.approx(total, rel=1e-5)
    assert all(p.chance > 0 for p in objective.parts)


def test_same_generator_seed_asks_the_same(
    corpus: list[BookFeatures], model: ClosureLiteSimple
) -> None:
    batch = batch_of(corpus, pages_of(corpus), model.config)
    one, two = (model.objective(batch, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(one.total, two.total)
    assert one.parts == two.parts


def test_model_seed_decides_the_weights_and_leaves_the_global_state_alone(
    corpus: list[BookFeatures],
) -> None:
    before = torch.random.get_rng_state()
    config = small_config(corpus)
    one, two, three = (ClosureLiteSimple(config, seed) for seed in (1, 1, 2))
    assert one.fingerprint == two.fingerprint != three.fingerprint
    assert torch.equal(before, torch.random.get_rng_state())


def test_padding_does_not_change_a_page(
    corpus: list[BookFeatures], model: ClosureLiteSimple
) -> None:
    book = corpus[0]
    together, known = model.page_vectors(book, 5)
    for page in np.flatnonzero(known):
        rows = np.flatnonzero(book.pages == page)
        alone = model.panel_vectors(book, rows=rows)
        vector, _ = model.han.panels_to_page(
            torch.from_numpy(alone.vectors)[None], torch.from_numpy(alone.mask)[None]
        )
        assert np.allclose(unit(vector.detach().numpy()[0]), together[page], atol=1e-5)


def test_garbage_in_padding_is_not_read(model: ClosureLiteSimple) -> None:
    panels = torch.randn(2, 4, 32)
    mask = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]]).bool()
    poisoned = torch.where(mask[:, :, None], panels, torch.nan)
    for one, two in zip(
        model.han.panels_to_page(panels, mask),
        model.han.panels_to_page(poisoned, mask),
        strict=True,
    ):
        assert torch.equal(one, two)


def test_attention_weights_add_up_to_one_over_real_panels(model: ClosureLiteSimple) -> None:
    mask = torch.tensor([[1, 1, 0], [0, 0, 0], [1, 1, 1]]).bool()
    pages, weights = model.han.panels_to_page(torch.randn(3, 3, 32), mask)
    assert torch.allclose(weights.sum(dim=1), torch.tensor([1.0, 0.0, 1.0]))
    assert not weights[~mask].any()
    assert not pages[1].any()


def test_page_vector_does_not_depend_on_the_order_of_its_panels(model: ClosureLiteSimple) -> None:
    panels = torch.randn(1, 5, 32)
    mask = torch.ones(1, 5, dtype=torch.bool)
    there, _ = model.han.panels_to_page(panels, mask)
    back, _ = model.han.panels_to_page(panels.flip(1), mask)
    assert torch.allclose(there, back, atol=1e-6)


def _tiny(pages: list[int], known: list[bool]) -> BookFeatures:
    rng, mask = np.random.default_rng(0), np.array(known, np.bool_)
    n = len(pages)
    return book_of(
        pages,
        space_of(Space.VISION, rng.normal(size=(n, 24)), mask),
        space_of(Space.TEXT, rng.normal(size=(n, 16)), mask),
        space_of(Space.COMPOSITION, rng.random((n, 12)), mask),
    )


@pytest.mark.parametrize(
    ("pages", "known", "has_page"),
    [
        ([], [], [False, False, False]),
        ([1], [True], [False, True, False]),
        ([0, 0], [False, False], [False, False, False]),
        ([0, 2, 2], [True, False, True], [True, False, True]),
    ],
    ids=["empty book", "one panel", "nothing known", "a page without panels"],
)
def test_small_books(
    model: ClosureLiteSimple, pages: list[int], known: list[bool], has_page: list[bool]
) -> None:
    book = _tiny(pages, known)
    assert model.panel_vectors(book).mask.tolist() == known
    vectors, mask = model.page_vectors(book, 3)
    assert mask.tolist() == has_page
    assert np.allclose(np.linalg.norm(vectors, axis=1), np.array(has_page, float), atol=1e-5)


@pytest.mark.parametrize(
    ("pages", "known"),
    [([], []), ([1], [True]), ([0, 0], [False, False])],
    ids=["no page", "one panel", "nothing known"],
)
def test_batch_that_cannot_be_asked_about_has_no_parts(
    model: ClosureLiteSimple, pages: list[int], known: list[bool]
) -> None:
    book = _tiny(pages, known)
    objective = model.objective(batch_of([book], pages_of([book]), model.config), torch.Generator())
    assert objective.parts == ()
    assert not objective.total.requires_grad


def test_one_page_is_asked_about_without_an_unrelated_class(model: ClosureLiteSimple) -> None:
    book = _tiny([0, 0, 0], [True, True, True])
    losses = model.losses(batch_of([book], pages_of([book]), model.config), torch.Generator())
    assert losses.mpm.n == 0
    assert losses.pop.allowed.tolist() == [[True, True, False]]
    assert losses.rpp.n == 3


def test_modality_dropout_hides_some_but_never_all_of_a_panel() -> None:
    corpus = toy_corpus(Toy(), 3, n_books=4)
    model = ClosureLiteSimple(small_config(corpus, modality_dropout=0.6))
    batch = batch_of(corpus, pages_of(corpus), model.config)
    hidden = model._drop(batch.panels, torch.Generator().manual_seed(0))
    assert hidden.known.all()
    assert 0.3 < float(hidden.present.float().mean()) < 0.7
    model.eval()
    assert model._drop(batch.panels, torch.Generator()).present.all()


def test_features_of_other_encoders_are_refused(model: ClosureLiteSimple) -> None:
    book = _tiny([0, 0], [True, True])
    foreign = PanelVectors(Space.VISION, "someone else's", book.vision.vectors, book.vision.mask)
    other = book_of([0, 0], foreign, book.text, book.composition, name="ghost")
    with pytest.raises(ModelError, match=r"ghost: vision vectors by someone else's.*toy-vision"):
        model.panel_vectors(other)
    with pytest.raises(ModelError, match="index the library with that encoder"):
        batch_of([other], [PagePlace(0, 0)], model.config)
    with pytest.raises(ModelError, match="vision vectors of 2 encoders"):
        config_for([book, other])
    longer = space_of(Space.TEXT, np.ones((2, 17)))
    with pytest.raises(ModelError, match="17 numbers"):
        model.panel_vectors(book_of([0, 0], book.vision, longer, book.composition))


def test_book_that_lacks_a_space_is_read_without_it(model: ClosureLiteSimple) -> None:
    book = _tiny([0, 0], [True, True])
    silent = book_of([0, 0], book.vision, no_vectors(Space.TEXT, 2, 3), book.composition)
    shown = View(frozenset({Space.VISION, Space.COMPOSITION}))
    assert np.array_equal(
        model.panel_vectors(silent).vectors, model.panel_vectors(book, shown).vectors
    )
    assert config_for([silent, book]).text.fingerprint == NAMES[Space.TEXT]


def test_model_of_silent_books_works_on_them_and_refuses_text() -> None:
    book = _tiny([0, 0, 1, 1], [True] * 4)
    silent = book_of([0, 0, 1, 1], book.vision, no_vectors(Space.TEXT, 4, 0), book.composition)
    model = ClosureLiteSimple(small_config([silent]))
    assert (model.config.text.fingerprint, model.config.text.dimension) == ("none", 1)
    batch = batch_of([silent], pages_of([silent]), model.config)
    objective = model.objective(batch, torch.Generator().manual_seed(0))
    assert [part.name for part in objective.parts] == ["L_mpm", "L_pop", "L_rpp"]
    assert model.panel_vectors(silent).mask.all()
    with pytest.raises(ModelError, match="books that had none"):
        model.panel_vectors(book)


def _talking(vectors: np.ndarray, panels: list[int], name: str = NAMES[Space.TEXT]) -> BookFeatures:
    book = _tiny([0, 0, 0], [True, True, True])
    n = len(panels)
    utterances = Utterances(
        name, unit(vectors), np.ones(n, np.bool_), np.zeros(n, np.int64), np.array(panels, np.int64)
    )
    return book_of([0, 0, 0], book.vision, book.text, book.composition, utterances=utterances)


def test_exchanged_utterances_are_the_same_panel_and_no_utterance_is_no_text(
    model: ClosureLiteSimple,
) -> None:
    book = _talking(np.random.default_rng(1).normal(size=(5, 16)), [0, 0, 0, 2, 2])
    words = frozenset({Space.TEXT})
    in_order = model.panel_vectors(book, View(words, Wording.IN_ORDER))
    swapped = model.panel_vectors(book, View(words, Wording.SWAPPED))
    assert in_order.mask.tolist() == [True, False, True]
    assert np.array_equal(in_order.vectors, swapped.vectors)
    assert not np.allclose(in_order.vectors, model.panel_vectors(book, View(words)).vectors)


def test_utterances_of_another_encoder_are_refused(model: ClosureLiteSimple) -> None:
    book = _talking(np.ones((1, 16)), [0], "other sentences")
    with pytest.raises(ModelError, match="other sentences"):
        model.panel_vectors(book, View(frozenset({Space.TEXT}), Wording.IN_ORDER))


def test_page_vectors_refuse_a_page_count_that_does_not_fit(model: ClosureLiteSimple) -> None:
    with pytest.raises(ModelError, match="beyond its 1 pages"):
        model.page_vectors(_tiny([0, 1], [True, True]), 1)


@pytest.mark.parametrize(
    "options",
    [{"d": 0}, {"d": 30}, {"temperature": 0.0}, {"clip_weight": -1.0}, {"modality_dropout": 1.0}],
)
def test_settings_that_make_no_sense_are_refused(
    corpus: list[BookFeatures], options: dict[str, float]
) -> None:
    with pytest.raises(ConfigError, match="closure_lite"):
        small_config(corpus, **options)


def test_no_books_have_no_encoders() -> None:
    with pytest.raises(ModelError, match="no book"):
        config_for([])
