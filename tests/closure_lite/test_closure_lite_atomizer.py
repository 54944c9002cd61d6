"""A panel's vector comes from what is known of it, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from closure_lite_toys import Toy, book_of, small_config, space_of, toy_corpus, trained
from longbox.closure_lite import ClosureLiteSimple, GatedFusion
from longbox.features import View
from longbox.vectors import PanelVectors, Space

IMAGE_ONLY = View(frozenset({Space.VISION}))
TEXT_ONLY = View(frozenset({Space.TEXT}))


@pytest.fixture(scope="module")
def model() -> ClosureLiteSimple:
    return trained(toy_corpus(Toy(), 1, n_books=8), epochs=3)


def test_gated_fusion_never_reads_a_modality_that_is_masked() -> None:
    fuse = GatedFusion(8)
    parts = torch.randn(5, 3, 8)
    present = torch.tensor([[1, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]).bool()
    poisoned = torch.where(present[:, :, None], parts, torch.nan)
    assert torch.equal(fuse(parts, present), fuse(poisoned, present))


def test_gates_add_up_to_one_over_what_is_there() -> None:
    fuse = GatedFusion(8)
    present = torch.tensor([[1, 0, 1], [0, 1, 0], [1, 1, 1]]).bool()
    gates = fuse.gates(torch.randn(3, 3, 8), present)
    assert torch.allclose(gates.sum(dim=1), torch.ones(3))
    assert not gates[~present].any()
    assert (gates[present] > 0).all()


def test_masked_features_do_not_reach_the_panel_vector(model: ClosureLiteSimple) -> None:
    book = toy_corpus(Toy(), 2, n_books=1)[0]
    other = toy_corpus(Toy(), 3, n_books=1)[0]
    rows = np.arange(min(book.n_panels, other.n_panels))
    mixed = replace(
        book,
        text=_first(other.text, len(rows), book.n_panels),
        composition=_first(other.composition, len(rows), book.n_panels),
    )
    one = model.panel_vectors(book, IMAGE_ONLY, rows).vectors
    two = model.panel_vectors(mixed, IMAGE_ONLY, rows).vectors
    assert np.array_equal(one, two)


def _first(vectors: PanelVectors, n: int, total: int) -> PanelVectors:
    rows = np.zeros((total, vectors.dimension), np.float32)
    rows[:n] = vectors.vectors[:n]
    mask = np.arange(total) < n
    return PanelVectors(vectors.space, vectors.fingerprint, rows, mask)


def test_image_only_vector_changes_with_the_image(model: ClosureLiteSimple) -> None:
    corpus = toy_corpus(Toy(), 4, n_books=6)
    vectors = np.concatenate([model.panel_vectors(book, IMAGE_ONLY).vectors for book in corpus])
    cosines = vectors @ vectors.T
    apart = cosines[~np.eye(len(vectors), dtype=bool)]
    assert len(vectors) > 100
    assert apart.mean() < 0.3
    assert apart.max() < 0.99
    top = {tuple(sorted(np.argsort(-row)[:10])) for row in cosines}
    assert len(top) == len(vectors)


def test_image_only_page_vector_changes_with_the_image(model: ClosureLiteSimple) -> None:
    corpus = toy_corpus(Toy(), 4, n_books=6)
    pages = np.concatenate([model.page_vectors(book, 5, IMAGE_ONLY)[0] for book in corpus])
    cosines = pages @ pages.T
    assert cosines[~np.eye(len(pages), dtype=bool)].max() < 0.99


def test_text_only_vector_changes_with_the_text(model: ClosureLiteSimple) -> None:
    book = toy_corpus(Toy(), 5, n_books=1)[0]
    vectors = model.panel_vectors(book, TEXT_ONLY).vectors
    assert (vectors @ vectors.T)[~np.eye(len(vectors), dtype=bool)].max() < 0.99


def test_panel_without_any_modality_has_no_vector(model: ClosureLiteSimple) -> None:
    rng = np.random.default_rng(0)
    has = np.array([True, False, True])
    book = book_of(
        [0, 0, 0],
        space_of(Space.VISION, rng.normal(size=(3, 24)), has),
        space_of(Space.TEXT, rng.normal(size=(3, 16)), has),
        space_of(Space.COMPOSITION, rng.random((3, 12)), has),
    )
    made = model.panel_vectors(book)
    assert made.space is Space.FUSED
    assert made.mask.tolist() == has.tolist()
    assert np.allclose(np.linalg.norm(made.vectors, axis=1), [1, 0, 1], atol=1e-5)
    shown = model.panel_vectors(book, View(frozenset({Space.DESCRIPTION})))
    assert not shown.mask.any()


def test_vectors_of_all_modality_subsets_differ(model: ClosureLiteSimple) -> None:
    book = toy_corpus(Toy(), 6, n_books=1)[0]
    spaces = (Space.VISION, Space.TEXT, Space.COMPOSITION)
    subsets = [frozenset(s for i, s in enumerate(spaces) if bits >> i & 1) for bits in range(1, 8)]
    made = [model.panel_vectors(book, View(subset)).vectors for subset in subsets]
    for i, one in enumerate(made):
        assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)
        assert all(not np.allclose(one, two, atol=1e-4) for two in made[:i])


def test_default_size_is_the_seeds() -> None:
    corpus = toy_corpus(Toy(), 7, n_books=1)
    model = ClosureLiteSimple(small_config(corpus, d=384))
    assert model.panel_vectors(corpus[0]).dimension == 384
