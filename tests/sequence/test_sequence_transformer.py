"""The panel transformer: what it may see, and what it may not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from longbox.sequence import PositionalEncoding
from sequence.sequence_models import D, everywhere, gap_at, model_of, panels_of

LENGTHS = [1, 2, 16, 50, 200]
NEAR = {"atol": 1e-5, "rtol": 1e-4}


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


@pytest.mark.parametrize("d_hidden", [0, 16])
@pytest.mark.parametrize("n", LENGTHS)
def test_any_length_is_read(n: int, d_hidden: int) -> None:
    model = model_of(d_hidden=d_hidden)
    found = model.contextualize(panels_of(2, n), everywhere(2, n))
    assert found.shape == (2, n, D)
    assert torch.allclose(found.norm(dim=-1), torch.ones(2, n), **NEAR)


@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("has_gap", [False, True])
def test_padding_changes_nothing(is_causal: bool, has_gap: bool) -> None:
    transformer = model_of().transformer
    short = panels_of(1, 5)
    long = torch.cat([short, 100 * panels_of(1, 7, seed=9)], dim=1)
    mask = torch.arange(12)[None] < 5
    gaps = (gap_at(1, 5, 2), gap_at(1, 12, 2)) if has_gap else (None, None)
    alone = transformer(short, everywhere(1, 5), gaps[0], is_causal=is_causal)
    padded = transformer(long, mask, gaps[1], is_causal=is_causal)
    assert torch.allclose(alone, padded[:, :5], **NEAR)
    assert not padded[:, 5:].any()


def test_batch_is_read_as_its_sequences_one_by_one() -> None:
    model = model_of()
    panels, mask = panels_of(4, 9), torch.rand(4, 9, generator=torch.manual_seed(3)) < 0.7
    together = model.contextualize(panels, mask)
    for i in range(4):
        alone = model.contextualize(panels[i : i + 1], mask[i : i + 1])
        assert torch.allclose(together[i], alone[0], **NEAR)


def test_panels_outside_the_mask_are_never_read() -> None:
    model = model_of()
    panels, mask = panels_of(3, 8), everywhere(3, 8)
    mask[:, [2, 5]] = False
    noisy = torch.where(mask[..., None], panels, 100 * panels_of(3, 8, seed=5))
    for read in (model.contextualize, model.encode_strip, model.predict_next):
        assert torch.allclose(read(panels, mask), read(noisy, mask), **NEAR)
    assert not model.contextualize(noisy, mask)[~mask].any()
    gap = gap_at(3, 8, 0, 4, 7)
    expected = model.fill_gap(panels, mask, gap)
    assert torch.allclose(expected, model.fill_gap(noisy, mask, gap), **NEAR)


def test_sequence_of_which_nothing_is_known_is_zero() -> None:
    model = model_of()
    nothing = ~everywhere(2, 4)
    assert not model.contextualize(panels_of(2, 4), nothing).any()
    assert not model.encode_strip(panels_of(2, 4), nothing).any()
    filled = model.fill_gap(panels_of(2, 4), nothing, gap_at(2, 4, 1, 2))
    assert torch.isfinite(filled).all()


@pytest.mark.parametrize("is_in_mask", [False, True])
@pytest.mark.parametrize("is_causal", [False, True])
def test_what_stands_in_the_gap_is_never_read(is_in_mask: bool, is_causal: bool) -> None:
    model = model_of()
    panels, gap = panels_of(3, 6), gap_at(3, 6, 0, 3, 5)
    mask = everywhere(3, 6) if is_in_mask else ~gap
    answer = torch.where(gap[..., None], panels_of(3, 6, seed=4), panels)
    found = [model.transformer(p, mask, gap, is_causal=is_causal) for p in (panels, answer)]
    assert torch.allclose(*found, **NEAR)
    assert torch.allclose(*(model.fill_gap(p, mask, gap) for p in (panels, answer)), **NEAR)
    without = model.transformer(panels, mask, is_causal=is_causal)
    assert not torch.allclose(without, found[0], atol=1e-3)


def test_gap_depends_on_the_panels_around_it() -> None:
    model, gap = model_of(), gap_at(1, 6, 3)
    one, other = panels_of(1, 6), panels_of(1, 6).clone()
    other[:, 5] = panels_of(1, 1, seed=8)[:, 0]
    apart = model.fill_gap(one, ~gap, gap) - model.fill_gap(other, ~gap, gap)
    assert float(apart.abs().max()) > 1e-2


def test_untrained_gap_is_the_mean_of_the_panels_around_nearer_ones_more() -> None:
    transformer = model_of(is_trained=False).transformer
    panels, gap = panels_of(1, 7), gap_at(1, 7, 3)
    around = transformer.around(panels, ~gap)[0, 3]
    weights = np.exp(-0.3 * np.abs(np.arange(7) - 3.0))
    weights[3] = 0
    expected = (torch.tensor(weights, dtype=torch.float32)[:, None] * panels[0]).sum(dim=0)
    assert torch.allclose(around, expected / expected.norm(), **NEAR)


def test_causal_mode_sees_no_later_panel() -> None:
    model = model_of()
    panels, changed = panels_of(2, 10), panels_of(2, 10).clone()
    changed[:, 6:] = panels_of(2, 4, seed=7)
    mask = everywhere(2, 10)
    found = [model.transformer(p, mask, is_causal=True) for p in (panels, changed)]
    assert torch.allclose(found[0][:, :6], found[1][:, :6], **NEAR)
    assert not torch.allclose(found[0][:, 6:], found[1][:, 6:], atol=1e-3)
    guesses = [model.predict_next(p, mask) for p in (panels, changed)]
    assert torch.allclose(guesses[0][:, :6], guesses[1][:, :6], **NEAR)
    cut = model.predict_next(panels[:, :6], mask[:, :6])
    assert torch.allclose(cut, guesses[0][:, :6], **NEAR)
    both = [model.transformer(p, mask) for p in (panels, changed)]
    assert not torch.allclose(both[0][:, :6], both[1][:, :6], atol=1e-3)


def test_causal_gap_sees_no_later_panel() -> None:
    transformer, gap = model_of().transformer, gap_at(1, 8, 4)
    panels, changed = panels_of(1, 8), panels_of(1, 8).clone()
    changed[:, 5:] = panels_of(1, 3, seed=7)
    found = [transformer(p, ~gap, gap, is_causal=True) for p in (panels, changed)]
    assert torch.allclose(found[0][:, :5], found[1][:, :5], **NEAR)


def test_next_panel_reads_the_panel_itself_and_those_before() -> None:
    model = model_of()
    panels, changed = panels_of(1, 5), panels_of(1, 5).clone()
    changed[:, 2] = panels_of(1, 1, seed=6)[:, 0]
    mask = everywhere(1, 5)
    found = [model.predict_next(p, mask)[0] for p in (panels, changed)]
    apart = (found[0] - found[1]).abs().amax(dim=1)
    assert float(apart[:2].max()) < 1e-5
    assert float(apart[2:].min()) > 1e-3
    assert torch.allclose(found[0].norm(dim=-1), torch.ones(5), **NEAR)
    mask[:, 3] = False
    assert not model.predict_next(panels, mask)[0, 3].any()


def test_panels_without_order_are_a_set() -> None:
    transformer = model_of().transformer
    panels, mask = panels_of(2, 9), everywhere(2, 9)
    mask[1, 6:] = False
    places = torch.randperm(9, generator=torch.manual_seed(0))
    found = transformer(panels, mask, has_order=False)
    moved = transformer(panels[:, places], mask[:, places], has_order=False)
    assert torch.allclose(found[:, places], moved, **NEAR)
    in_order = transformer(panels, mask)
    assert not torch.allclose(
        in_order[:, places], transformer(panels[:, places], mask[:, places]), atol=1e-3
    )


@pytest.mark.parametrize("is_causal", [False, True])
def test_attention_can_be_asked_for_and_changes_nothing(is_causal: bool) -> None:
    model = model_of(n_layers=3)
    panels, mask = panels_of(2, 7), everywhere(2, 7)
    mask[1, 4:] = False
    weights: list[torch.Tensor] = []
    asked = model.transformer(panels, mask, is_causal=is_causal, attention=weights)
    assert torch.allclose(asked, model.transformer(panels, mask, is_causal=is_causal), **NEAR)
    assert [w.shape for w in weights] == [(2, 4, 7, 7)] * 3
    for layer in weights:
        assert torch.allclose(layer.sum(dim=-1), torch.ones(2, 4, 7), **NEAR)
        assert not layer[1, :, :4, 4:].any()
        if is_causal:
            assert not layer.triu(1).any()


def test_attention_of_a_gap_is_given_as_well() -> None:
    weights: list[torch.Tensor] = []
    gap = gap_at(1, 5, 2)
    model_of().transformer(panels_of(1, 5), ~gap, gap, attention=weights)
    assert (weights[0][0, :, :, 2] > 0).all()


def test_mask_of_zeros_and_ones_is_read_as_one_of_truths() -> None:
    model, panels = model_of(), panels_of(2, 6)
    mask = everywhere(2, 6)
    mask[0, 4:] = False
    numbers, gap = mask.float(), gap_at(2, 6, 1, 2)
    for read in (model.contextualize, model.encode_strip, model.predict_next):
        assert torch.equal(read(panels, mask), read(panels, numbers))
    filled = model.fill_gap(panels, numbers, gap.float())
    assert torch.equal(model.fill_gap(panels, mask, gap), filled)


def test_positions_are_sinusoids_and_all_different() -> None:
    found = PositionalEncoding(D)(torch.arange(300)[None])[0]
    assert found.shape == (300, D)
    assert torch.allclose(found[5, 0], torch.sin(torch.tensor(5.0)))
    assert torch.allclose(found[5, 1], torch.cos(torch.tensor(5.0)))
    distance = torch.cdist(found, found) + 10 * torch.eye(300)
    assert float(distance.min()) > 0.1
