"""Stages 3 and 4 as one: a whole book, whatever is known of it, becomes vectors with masks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from longbox.errors import ModelError
from longbox.features import BookFeatures, LearnedVectors
from longbox.fusion import PanelFusion, open_fusion, save_fusion
from longbox.pipeline.panel_model import SequencePanelModel, open_panel_model
from longbox.sequence import Input, SequenceConfig, Stage4SequenceModel, save_sequence
from longbox.vectors import PanelVectors, QueryVector, Space
from panel_books import NAMES, Drawn, fusion_config, panel_book

D = 32


def save_models(
    root: Path, seed: int = 0, sequence_seed: int = 0, fusion: str | None = None, **sizes: object
) -> Path:
    """Write both models of a library as training does."""
    torch.manual_seed(seed)
    model = PanelFusion(fusion_config(d_model=D))
    save_fusion(root / "models" / "fusion", model, {}, seed, {})
    name = fusion or open_fusion(root / "models" / "fusion").fingerprint
    torch.manual_seed(sequence_seed)
    options = {"d_model": D, "n_layers": 2, "n_heads": 4, "d_feedforward": 64, **sizes}
    sequence = Stage4SequenceModel(SequenceConfig(name, **options))  # type: ignore[arg-type]
    with torch.no_grad():
        for weight in sequence.parameters():
            weight.add_(torch.randn_like(weight) * 0.05)
    save_sequence(root / "models" / "sequence", sequence, {}, sequence_seed, {})
    return root


@pytest.fixture(scope="module", params=[Input.FUSED, Input.MODALITIES], ids=str)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    root = save_models(tmp_path_factory.mktemp("library"), reads=request.param)
    return open_panel_model(root, 1)


def check(learned: LearnedVectors, features: BookFeatures, n_pages: int) -> None:
    n = features.n_panels
    known = np.any([features.of(s).mask for s in NAMES], axis=0)
    for vectors in (learned.fused, learned.contextual):
        assert vectors.vectors.shape == (n, D)
        assert np.array_equal(vectors.mask, known)
        assert np.allclose(np.linalg.norm(vectors.vectors, axis=1), known, atol=1e-4)
    has_panel = np.isin(np.arange(n_pages), features.pages[known])
    assert np.array_equal(learned.page_mask, has_panel)
    for rows in (learned.pages, learned.strips):
        assert rows.shape == (n_pages, D)
        assert np.allclose(np.linalg.norm(rows, axis=1), has_panel, atol=1e-4)


@pytest.mark.parametrize(
    ("n", "a_page", "n_pages"),
    [(0, 5, 0), (0, 5, 3), (1, 5, 1), (2, 1, 2), (16, 4, 4), (17, 4, 5), (60, 5, 14), (500, 7, 72)],
)
def test_book_of_any_length_is_understood(
    model: SequencePanelModel, n: int, a_page: int, n_pages: int
) -> None:
    features = panel_book(n, 1, Drawn(missing=0.3, a_page=a_page))
    check(model.embed(features, n_pages), features, n_pages)


def test_page_without_panels_and_panels_of_which_nothing_is_known_are_masked(
    model: SequencePanelModel,
) -> None:
    features = panel_book(30, 2, Drawn(missing=0.6))
    features = replace(features, pages=features.pages + (features.pages >= 2))  # page 3 unreadable
    learned = model.embed(features, 8)
    check(learned, features, 8)
    assert not learned.page_mask[2]
    nothing = panel_book(12, 3, Drawn(missing=1.0))
    learned = model.embed(nothing, 3)
    check(learned, nothing, 3)
    assert not learned.page_mask.any()


def test_webtoon_of_one_endless_page_is_understood(model: SequencePanelModel) -> None:
    features = panel_book(200, 4, Drawn(a_page=200))
    check(model.embed(features, 1), features, 1)


def test_panel_is_read_with_its_neighbours_across_pages_and_no_farther(
    model: SequencePanelModel,
) -> None:
    features = panel_book(60, 5, Drawn(missing=0))
    changed = features.vision.vectors.copy()
    changed[30] = changed[3]
    vision = PanelVectors(Space.VISION, NAMES[Space.VISION], changed, features.vision.mask)
    before = model.embed(features, 12).contextual.vectors
    after = model.embed(replace(features, vision=vision), 12).contextual.vectors
    apart = np.abs(before - after).max(axis=1)
    assert (apart[26:35] > 1e-5).all()  # pages of five panels, so over page edges
    assert (apart[:15] == 0).all()
    assert (apart[46:] == 0).all()


def test_embedding_is_the_same_twice(model: SequencePanelModel) -> None:
    features = panel_book(40, 6)
    first, second = model.embed(features, 8), model.embed(features, 8)
    assert np.array_equal(first.contextual.vectors, second.contextual.vectors)
    assert np.array_equal(first.strips, second.strips)


def test_spaces_are_named_after_the_models(model: SequencePanelModel) -> None:
    learned = model.embed(panel_book(5), 1)
    assert (learned.fused.space, learned.contextual.space) == (Space.FUSED, Space.CONTEXTUAL)
    assert learned.fused.fingerprint == model.fusion.fingerprint
    query = QueryVector(Space.VISION, NAMES[Space.VISION], panel_book(5, 0).vision.vectors[0])
    assert model.fuse_query(query).fingerprint == learned.fused.fingerprint
    assert model.dimension == D
    assert len(model.fingerprint) == 16


def test_features_of_other_encoders_are_refused(model: SequencePanelModel) -> None:
    book = panel_book(5, 1, Drawn(missing=0))
    other = PanelVectors(Space.VISION, "new", book.vision.vectors, book.vision.mask)
    with pytest.raises(ModelError, match="made by new"):
        model.embed(replace(book, vision=other), 1)


def test_fingerprint_changes_with_either_model(tmp_path: Path) -> None:
    roots = [
        save_models(tmp_path / "a"),
        save_models(tmp_path / "b"),
        save_models(tmp_path / "c", seed=1),
        save_models(tmp_path / "d", sequence_seed=1),
    ]
    names = [open_panel_model(root, 1).fingerprint for root in roots]
    assert names[0] == names[1]
    assert len(set(names)) == 3
    spaces = [open_panel_model(root, 1).embed(panel_book(4), 1).contextual for root in roots]
    assert len({s.fingerprint for s in spaces}) == 3


def test_sequence_model_of_another_fusion_model_is_refused(tmp_path: Path) -> None:
    model = open_panel_model(save_models(tmp_path, fusion="fusion-other"), 1)
    for ask in (lambda: model.fingerprint, lambda: model.embed(panel_book(3), 1)):
        with pytest.raises(ModelError, match="was trained on fusion-other"):
            ask()


def test_library_with_half_of_its_models_is_told(tmp_path: Path) -> None:
    root = save_models(tmp_path)
    (root / "models" / "fusion" / "config.json").unlink()
    with pytest.raises(ModelError, match="no model here"):
        open_panel_model(root)


def test_attention_is_shared_among_the_panels_of_the_window(model: SequencePanelModel) -> None:
    features = panel_book(60, 7, Drawn(missing=0.4))
    known = model.embed(features, 12).fused.mask
    for row in np.flatnonzero(known)[[0, 10, -1]]:
        for layer in (None, 1, 2):
            weights = model.attention(features, int(row), layer)
            assert weights.shape == (60,)
            assert weights.sum() == pytest.approx(1, abs=1e-4)
            assert not weights[~known].any()
            assert not weights[np.abs(np.arange(60) - row) >= 16].any()
    first, last = model.attention(features, int(row), 1), model.attention(features, int(row))
    assert not np.allclose(first, last, atol=1e-4)


def test_attention_that_cannot_be_had_is_told(model: SequencePanelModel) -> None:
    features = panel_book(20, 8, Drawn(missing=0))
    for layer in (0, 3, -1):
        with pytest.raises(ModelError, match="layers 1 to 2"):
            model.attention(features, 0, layer)
    for row in (-1, 20):
        with pytest.raises(ModelError, match="nothing is known"):
            model.attention(features, row)
    with pytest.raises(ModelError, match="nothing is known"):
        model.attention(panel_book(5, 0, Drawn(missing=1.0)), 2)
