"""Stage 3: any non-empty subset becomes a unit vector, with torch and without, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.features import MODALITIES, TEXT_KINDS, BookFeatures, Utterances, View, Wording
from longbox.fusion import (
    FusionEncoder,
    PanelFusion,
    Tokens,
    TokenTensors,
    joined,
    tokens_of,
)
from longbox.vectors import PanelVectors, QueryVector, Space, unit
from panel_books import NAMES, PICTURE, SIZES, WORDS, Drawn, fusion_config, panel_book

EVERYTHING = View(frozenset(MODALITIES))
SUBSETS = [frozenset(s) for size in range(1, 5) for s in combinations(MODALITIES, size)]
FULL = Drawn(missing=0, described=True)


def model_of(seed: int = 0, *, is_trained: bool = True, **sizes: int) -> PanelFusion:
    """Return a model whose every weight says something, as after training."""
    torch.manual_seed(seed)
    model = PanelFusion(fusion_config(**sizes)).eval()
    if is_trained:
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(torch.randn_like(weight) * 0.1)
    return model


def encoder_of(model: PanelFusion) -> FusionEncoder:
    weights = {name: t.detach().numpy() for name, t in model.state_dict().items()}
    return FusionEncoder(model.config, weights, "fusion-test")


def fused(model: PanelFusion, tokens: Tokens) -> NDArray[np.float32]:
    with torch.no_grad():
        return np.asarray(model(TokenTensors.of(tokens)).numpy())


def shown(book: BookFeatures, view: View = EVERYTHING) -> Tokens:
    return tokens_of(book, view, fusion_config())


@pytest.mark.parametrize("n_layers", [0, 2])
@pytest.mark.parametrize("subset", SUBSETS, ids=lambda s: "+".join(sorted(s)))
@pytest.mark.parametrize("wording", [Wording.WHOLE, Wording.IN_ORDER, Wording.CAPTIONS])
def test_both_forward_passes_are_one(
    subset: frozenset[Space], wording: Wording, n_layers: int
) -> None:
    model = model_of(n_layers=n_layers)
    tokens = shown(panel_book(30, 1, Drawn(missing=0.4, described=True)), View(subset, wording))
    expected, found = fused(model, tokens), encoder_of(model).fuse(tokens)
    assert np.abs(expected - found).max() < 1e-4
    norms = np.linalg.norm(found, axis=1)
    assert np.allclose(norms, tokens.is_known, atol=1e-5)
    assert tokens.is_known.any()
    assert found.dtype == np.float32


def test_batch_of_one_is_its_row_of_the_batch() -> None:
    model, book = model_of(), panel_book(12, 2, Drawn(missing=0.3))
    encoder, tokens = encoder_of(model), shown(book)
    for row in range(12):
        one = tokens_of(book, EVERYTHING, fusion_config(), np.array([row]))
        assert np.allclose(encoder.fuse(one)[0], encoder.fuse(tokens)[row], atol=1e-5)
        assert np.allclose(fused(model, one)[0], encoder.fuse(one)[0], atol=1e-4)


def test_long_book_is_fused_in_parts_as_in_one() -> None:
    encoder, book = encoder_of(model_of()), panel_book(1500, 3)
    found = encoder.encode(book, EVERYTHING)
    assert np.allclose(found.vectors, encoder.fuse(shown(book)), atol=1e-5)
    assert (found.space, found.fingerprint) == (Space.FUSED, "fusion-test")


def test_book_without_panels_has_no_vectors() -> None:
    found = encoder_of(model_of()).encode(panel_book(0), EVERYTHING)
    assert found.vectors.shape == (0, 32)


def test_panel_of_which_nothing_is_shown_is_masked_and_zero() -> None:
    encoder = encoder_of(model_of())
    book = panel_book(40, 4, Drawn(missing=0.6))
    known = np.any([book.of(s).mask for s in MODALITIES], axis=0)
    assert 0 < known.sum() < 40
    found = encoder.encode(book, EVERYTHING)
    assert np.array_equal(found.mask, known)
    assert not found.vectors[~known].any()
    nothing = encoder.encode(book, View(frozenset()))
    assert not nothing.mask.any()
    assert not nothing.vectors.any()


def with_garbage(tokens: Tokens, seed: int) -> Tokens:
    """Put large numbers wherever a token is absent."""
    rng = np.random.default_rng(seed)
    n_words = tokens.text.shape[1]
    present = {
        "vision": tokens.present[:, 0],
        "text": tokens.present[:, 1 : 1 + n_words],
        "kinds": tokens.present[:, 1 : 1 + n_words],
        "description": tokens.present[:, -2],
        "composition": tokens.present[:, -1],
    }
    changed = {}
    for name, here in present.items():
        values = getattr(tokens, name)
        noise = 50 * rng.standard_normal(values.shape).astype(np.float32)
        changed[name] = np.where(here[..., None], values, noise)
    ranks = np.where(present["text"], tokens.ranks, 3)
    return replace(tokens, ranks=ranks, **changed)


@pytest.mark.parametrize("wording", [Wording.WHOLE, Wording.IN_ORDER])
def test_what_is_absent_is_never_read(wording: Wording) -> None:
    model = model_of()
    book = panel_book(40, 5, Drawn(missing=0.5, described=True))
    tokens = shown(book, View(frozenset(MODALITIES), wording))
    noisy = with_garbage(tokens, 0)
    assert not np.array_equal(tokens.vision, noisy.vision)
    assert np.allclose(fused(model, tokens), fused(model, noisy), atol=1e-5)
    encoder = encoder_of(model)
    assert np.allclose(encoder.fuse(tokens), encoder.fuse(noisy), atol=1e-5)
    vectors = encoder.modality_vectors(tokens)
    assert np.allclose(vectors, encoder.modality_vectors(noisy), atol=1e-5)


@pytest.mark.parametrize("space", MODALITIES)
def test_vector_of_one_modality_changes_with_it_and_with_nothing_else(space: Space) -> None:
    encoder = encoder_of(model_of())
    first, second = panel_book(30, 6, FULL), panel_book(30, 7, FULL)
    view = View(frozenset({space}))
    before = encoder.encode(first, view).vectors
    changed = replace(first, **{space.value: second.of(space)})
    if space is Space.TEXT:
        changed = replace(changed, kinds=second.kinds)
    after = encoder.encode(changed, view).vectors
    assert (np.sum(before * after, axis=1) < 0.95).mean() > 0.8
    others = {s.value: second.of(s) for s in MODALITIES if s is not space}
    kept = replace(first, utterances=second.utterances, **others)
    assert np.array_equal(before, encoder.encode(kept, view).vectors)


def test_image_queries_differ_from_image_to_image() -> None:
    rng = np.random.default_rng(0)
    rows = unit(rng.standard_normal((100, PICTURE)) + 1)
    model = model_of(is_trained=False)
    model.begin_from(rows, unit(rng.standard_normal((50, WORDS))))
    encoder = encoder_of(model)
    found = [encoder.fuse_query(QueryVector(Space.VISION, NAMES[Space.VISION], r)) for r in rows]
    cosines = np.array([f.vector for f in found]) @ np.array([f.vector for f in found]).T
    assert cosines[~np.eye(100, dtype=bool)].max() < 0.99
    assert abs(cosines[~np.eye(100, dtype=bool)].mean()) < 0.3


@pytest.mark.parametrize("space", MODALITIES)
def test_query_is_fused_as_a_panel_of_which_it_is_all_that_is_known(space: Space) -> None:
    encoder = encoder_of(model_of())
    book = replace(panel_book(5, 8, FULL), kinds=np.zeros((5, len(TEXT_KINDS)), np.float32))
    expected = encoder.encode(book, View(frozenset({space}))).vectors[2]
    query = QueryVector(space, NAMES[space], book.of(space).vectors[2])
    found = encoder.fuse_query(query)
    assert (found.space, found.fingerprint) == (Space.FUSED, encoder.fingerprint)
    assert np.allclose(found.vector, expected, atol=1e-5)


def test_query_of_another_space_or_size_is_refused() -> None:
    encoder = encoder_of(model_of())
    picture = np.ones(PICTURE, np.float32)
    for query, message in (
        (QueryVector(Space.VISION, "other", picture), "knows drawn-pictures"),
        (QueryVector(Space.TEXT, NAMES[Space.VISION], picture), "knows drawn-words"),
        (QueryVector(Space.FUSED, "fusion-test", picture), "no such modality"),
        (QueryVector(Space.VISION, NAMES[Space.VISION], picture[:5]), "finite numbers"),
        (QueryVector(Space.VISION, NAMES[Space.VISION], picture * np.nan), "finite numbers"),
    ):
        with pytest.raises(ModelError, match=message):
            encoder.fuse_query(query)


@pytest.mark.parametrize("space", MODALITIES)
def test_vectors_of_another_encoder_are_refused_even_where_they_are_not_shown(space: Space) -> None:
    book = panel_book(6, 9, FULL)
    own = book.of(space)
    other = replace(book, **{space.value: PanelVectors(space, "other", own.vectors, own.mask)})
    encoder = encoder_of(model_of())
    with pytest.raises(ModelError, match="made by other"):
        encoder.encode(other, View(frozenset({Space.VISION})))
    short = PanelVectors(space, own.fingerprint, own.vectors[:, :3], own.mask)
    with pytest.raises(ModelError, match="have 3 numbers"):
        encoder.encode(replace(book, **{space.value: short}), EVERYTHING)


def test_utterances_of_another_encoder_are_refused() -> None:
    book = panel_book(6, 9, FULL)
    assert book.utterances is not None
    view = View(frozenset({Space.TEXT}), Wording.IN_ORDER)
    with pytest.raises(ModelError, match="piece by piece"):
        shown(replace(book, utterances=None), view)
    for change, message in (
        ({"fingerprint": "other"}, "made by other"),
        ({"vectors": book.utterances.vectors[:, :3]}, "have 3 numbers"),
    ):
        with pytest.raises(ModelError, match=message):
            shown(replace(book, utterances=replace(book.utterances, **change)), view)


def test_order_of_utterances_changes_the_vector_once_trained() -> None:
    book = panel_book(30, 10, FULL)
    encoder = encoder_of(model_of())
    views = [View(frozenset({Space.TEXT}), w) for w in (Wording.IN_ORDER, Wording.SWAPPED)]
    first, second = (encoder.encode(book, view) for view in views)
    both = first.mask & second.mask
    assert both.sum() > 5
    assert np.abs(first.vectors - second.vectors)[both].max(axis=1).min() > 1e-4


def test_kind_of_lettering_is_told_to_the_model() -> None:
    book = panel_book(10, 11, FULL)
    other = replace(book, kinds=np.roll(book.kinds, 1, axis=1))
    view = View(frozenset({Space.TEXT}))
    encoder = encoder_of(model_of())
    apart = encoder.encode(book, view).vectors - encoder.encode(other, view).vectors
    assert np.abs(apart).max(axis=1).min() > 1e-4


def test_untrained_model_keeps_the_cosines_of_each_modality() -> None:
    torch.manual_seed(0)
    model = PanelFusion(fusion_config(d_model=64, d_hidden=32))
    rng = np.random.default_rng(0)
    pictures = unit(rng.standard_normal((400, PICTURE)) + 2)  # a cone, as encoders give
    sentences = unit(rng.standard_normal((400, WORDS)) + 1)
    model.begin_from(pictures, sentences)
    encoder = encoder_of(model)
    for space, rows in ((Space.VISION, pictures), (Space.TEXT, sentences)):
        queries = [encoder.fuse_query(QueryVector(space, NAMES[space], r)).vector for r in rows]
        got = np.array(queries) @ np.array(queries).T
        centred = unit(rows - rows.mean(axis=0))
        apart = ~np.eye(len(rows), dtype=bool)
        assert np.abs(got - centred @ centred.T)[apart].mean() < 0.05
        assert np.corrcoef(got[apart], (centred @ centred.T)[apart])[0, 1] > 0.97


def test_untrained_model_with_fewer_directions_than_the_encoders_keeps_the_strongest() -> None:
    torch.manual_seed(0)
    model = PanelFusion(fusion_config(d_model=16))
    rng = np.random.default_rng(0)
    strong = unit(rng.standard_normal((300, 6)) @ rng.standard_normal((6, PICTURE)))
    model.begin_from(strong, unit(rng.standard_normal((5, WORDS))))  # fewer texts than directions
    encoder = encoder_of(model)
    view = [encoder.fuse_query(QueryVector(Space.VISION, NAMES[Space.VISION], r)) for r in strong]
    got = np.array([v.vector for v in view])
    centred = unit(strong - strong.mean(axis=0))
    assert np.corrcoef((got @ got.T).ravel(), (centred @ centred.T).ravel())[0, 1] > 0.97


def test_modality_vectors_are_units_and_the_same_with_torch() -> None:
    model, book = model_of(), panel_book(40, 12, Drawn(missing=0.4, described=True))
    for wording in (Wording.WHOLE, Wording.IN_ORDER):
        tokens = shown(book, View(frozenset(MODALITIES), wording))
        found = encoder_of(model).modality_vectors(tokens)
        assert found.shape == (40, 4, 32)
        norms = np.linalg.norm(found, axis=2)
        assert np.allclose(norms, tokens.has_modality, atol=1e-5)
        with torch.no_grad():
            tensors = TokenTensors.of(tokens)
            expected = model.modality_vectors(tensors)
        assert np.abs(found - expected.numpy()).max() < 1e-4
        assert np.array_equal(tensors.has_modality.numpy(), tokens.has_modality)


def test_joined_tokens_are_those_of_the_books_one_after_another() -> None:
    books = [panel_book(7, i, Drawn(said=i + 1)) for i in range(3)]
    view = View(frozenset(MODALITIES), Wording.IN_ORDER)
    parts = [shown(book, view) for book in books]
    assert len({p.text.shape[1] for p in parts}) > 1
    whole = joined([*parts, shown(panel_book(4, 9))])
    assert len(whole) == 25
    encoder = encoder_of(model_of())
    expected = np.concatenate([encoder.fuse(p) for p in parts])
    assert np.allclose(encoder.fuse(whole)[:21], expected, atol=1e-5)


def test_lettering_beyond_the_last_utterance_is_left_out() -> None:
    n = 9
    many = Utterances(
        NAMES[Space.TEXT],
        unit(np.random.default_rng(0).standard_normal((n, WORDS))),
        np.ones(n, np.bool_),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
    )
    book = replace(panel_book(1, 0, FULL), utterances=many)
    tokens = shown(book, View(frozenset({Space.TEXT}), Wording.IN_ORDER))
    assert tokens.text.shape == (1, 6, WORDS)
    assert tokens.ranks.tolist() == [[1, 2, 3, 4, 5, 6]]
    assert np.isfinite(encoder_of(model_of()).fuse(tokens)).all()


def test_sizes_of_the_toy_fit_the_config() -> None:
    config = fusion_config()
    assert (config.picture_size, config.sentence_size) == (SIZES[Space.VISION], SIZES[Space.TEXT])
