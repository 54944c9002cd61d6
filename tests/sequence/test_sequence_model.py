"""Strips, books, gradients: the sequence model as a whole."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cosine_similarity

from longbox.errors import ConfigError
from longbox.sequence import Stage4SequenceModel, TaskWeights
from sequence.sequence_models import (
    D,
    config_of,
    everywhere,
    gap_at,
    modalities_of,
    model_of,
    panels_of,
)

NEAR = {"atol": 1e-5, "rtol": 1e-4}


@pytest.mark.parametrize("n", [1, 2, 16, 50, 200])
def test_strip_is_one_unit_vector(n: int) -> None:
    with torch.no_grad():
        found = model_of().encode_strip(panels_of(3, n), torch.ones(3, n))
    assert found.shape == (3, D)
    assert torch.allclose(found.norm(dim=-1), torch.ones(3), **NEAR)


def test_strip_query_is_trained_and_reads_the_transformers_output() -> None:
    model = model_of(is_trained=False)
    strip = model.encode_strip(panels_of(2, 6), everywhere(2, 6))
    strip[:, 0].sum().backward()
    assert model.strip.query.grad is not None
    assert float(model.strip.query.grad.abs().max()) > 1e-8
    for name, weight in model.transformer.named_parameters():
        if name not in ("gap", "nearness"):
            assert weight.grad is not None, name
            assert float(weight.grad.abs().max()) > 0, name


def test_untrained_strip_is_near_the_mean_of_its_panels() -> None:
    panels = panels_of(4, 5)
    with torch.no_grad():
        found = model_of(is_trained=False).encode_strip(panels, everywhere(4, 5))
    assert float(cosine_similarity(found, panels.mean(dim=1), dim=-1).min()) > 0.85


def test_untrained_panel_in_context_is_near_the_panel() -> None:
    panels = panels_of(4, 9)
    with torch.no_grad():
        found = model_of(is_trained=False).contextualize(panels, everywhere(4, 9))
    assert float(cosine_similarity(found, panels, dim=-1).min()) > 0.75


@pytest.mark.parametrize("d_hidden", [0, 16])
@pytest.mark.parametrize("reads", ["fused", "modalities"])
def test_every_weight_is_felt_after_one_step(d_hidden: int, reads: str) -> None:
    """The heads' last layers begin at zero, so what is before them is felt from the second step."""
    model = model_of(is_trained=False, d_hidden=d_hidden, reads=reads, dropout=0.0).train()
    shown = modalities_of(3, 6) if reads == "modalities" else None
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    panels, mask, candidates = panels_of(3, 6), everywhere(3, 6), panels_of(3, 4, 2)
    gap = gap_at(3, 6, 1, 5, 3)
    generator = torch.Generator().manual_seed(0)

    def objective() -> torch.Tensor:
        found = model.transformer(panels, mask, modalities=shown)
        before = model.fill_gap(panels, mask, gap, shown)
        scores = (
            model.panel_picking_head(before, candidates),
            model.visual_closure_head(found, candidates),
            model.text_closure_head(found, candidates),
            model.character_coherence_head(found, candidates),
            model.caption_relevance_head(candidates, before),
            model.text_cloze_head(found[:, 0], before, candidates),
            model.reading_order_head(found),
            model.book(panels, mask, gap),
            model.predict_next(panels, mask, shown) * model.next_panel_scale.exp(),
            model.encode_strip(panels, mask, shown),
        )
        noise = [torch.randn(s.shape, generator=generator) for s in scores]
        return torch.stack([(s * n).sum() for s, n in zip(scores, noise, strict=True)]).sum()

    for _ in range(2):
        optimizer.zero_grad()
        objective().backward()
        optimizer.step()
    unfelt = {
        name
        for name, weight in model.named_parameters()
        if weight.grad is None or float(weight.grad.abs().max()) < 1e-7
    }
    assert not unfelt


def test_book_is_read_page_by_page_and_padding_changes_nothing() -> None:
    model = model_of()
    with torch.no_grad():
        strips, mask = panels_of(2, 5), everywhere(2, 5)
        alone = model.book(strips, mask)
        longer = torch.cat([strips, 50 * panels_of(2, 3, 4)], dim=1)
        padded = model.book(longer, torch.arange(8).expand(2, 8) < 5)
    assert torch.allclose(alone, padded[:, :5], **NEAR)
    assert not padded[:, 5:].any()
    assert torch.allclose(alone.norm(dim=-1), torch.ones(2, 5), **NEAR)


def test_hidden_page_is_guessed_from_the_others() -> None:
    model = model_of()
    strips, hidden = panels_of(2, 5), gap_at(2, 5, 1, 4)
    other = torch.where(hidden[..., None], panels_of(2, 5, 3), strips)
    with torch.no_grad():
        found = [model.book(s, everywhere(2, 5), hidden) for s in (strips, other)]
        assert torch.allclose(*found, **NEAR)
        moved = strips.clone()
        moved[:, 0] = panels_of(2, 1, 9)[:, 0]
        changed = model.book(moved, everywhere(2, 5), hidden)
    assert float((changed - found[0])[hidden].abs().max()) > 1e-3


def test_book_of_one_page_is_read() -> None:
    with torch.no_grad():
        found = model_of().book(panels_of(1, 1), everywhere(1, 1))
        guess = model_of().book(panels_of(1, 1), everywhere(1, 1), everywhere(1, 1))
    assert torch.allclose(found.norm(dim=-1), torch.ones(1, 1), **NEAR)
    assert torch.isfinite(guess).all()


def test_validation_without_dropout_is_the_same_twice() -> None:
    model = model_of(dropout=0.5)
    panels, mask = panels_of(1, 6), everywhere(1, 6)
    assert torch.equal(model.encode_strip(panels, mask), model.encode_strip(panels, mask))
    model.train()
    assert not torch.equal(model.encode_strip(panels, mask), model.encode_strip(panels, mask))


def test_defaults_are_those_of_the_document() -> None:
    from longbox.sequence import SequenceConfig

    config, weights = SequenceConfig("x"), TaskWeights()
    assert (config.d_model, config.n_layers, config.n_heads) == (512, 6, 8)
    assert [
        getattr(weights, name)
        for name in (
            "panel_picking",
            "character_coherence",
            "visual_closure",
            "text_closure",
            "caption_relevance",
            "text_cloze",
            "reading_order",
        )
    ] == [1.0, 0.5, 0.8, 0.8, 0.5, 1.0, 0.7]
    with torch.device("meta"):
        model = Stage4SequenceModel(config)
    assert model.strip.query.shape == (1, 1, 512)


@pytest.mark.parametrize(
    "sizes",
    [
        {"d_model": 30},
        {"d_model": 0},
        {"n_layers": 0},
        {"n_heads": 5},
        {"dropout": 1.0},
        {"dropout": float("nan")},
        {"n_book_layers": 0},
        {"d_hidden": 18},
        {"d_hidden": -4},
        {"n_layers": 10**9},
        {"d_feedforward": 10**12},
    ],
    ids=str,
)
def test_sizes_that_make_no_model_are_refused(sizes: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        config_of(**sizes)
