"""Cross-modal attention: an alternative to fused vectors alone, with the same masks."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from longbox.errors import ModelError
from longbox.sequence import Input, ModalityVectors, Stage4SequenceModel
from sequence.sequence_models import (
    D,
    everywhere,
    gap_at,
    modalities_of,
    model_of,
    panels_of,
)

NEAR = {"atol": 1e-5, "rtol": 1e-4}
CASES: list[dict[str, Any]] = [{}, {"is_causal": True}, {"has_order": False}]


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


def reader(seed: int = 0, **options: Any) -> Stage4SequenceModel:
    return model_of(seed, reads=Input.MODALITIES, **options)


def hidden(shown: ModalityVectors, keep: Tensor) -> ModalityVectors:
    """Mask modalities but leave their numbers, much enlarged, where they were."""
    noise = 50 * torch.randn(shown.vectors.shape, generator=torch.manual_seed(5))
    return ModalityVectors(torch.where(keep[..., None], shown.vectors, noise), shown.mask & keep)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_masked_modality_is_never_read(case: dict[str, Any]) -> None:
    model = reader().transformer
    panels, mask, shown = panels_of(2, 6), everywhere(2, 6), modalities_of(2, 6)
    expected = model(panels, mask, modalities=shown, **case)
    assert torch.allclose(
        expected, model(panels, mask, modalities=hidden(shown, shown.mask), **case), **NEAR
    )
    fewer = hidden(shown, torch.rand(2, 6, 4, generator=torch.manual_seed(2)) < 0.5)
    other = model(panels, mask, modalities=fewer, **case)
    assert not torch.allclose(expected, other, atol=1e-3)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_modalities_of_unknown_panels_and_padding_are_never_read(case: dict[str, Any]) -> None:
    model = reader().transformer
    panels, shown, mask = panels_of(2, 8), modalities_of(2, 8, share=1.0), everywhere(2, 8)
    mask[:, 5:] = False
    padded = model(panels, mask, modalities=shown, **case)
    short = ModalityVectors(shown.vectors[:, :5], shown.mask[:, :5])
    alone = model(panels[:, :5], mask[:, :5], modalities=short, **case)
    assert torch.allclose(padded[:, :5], alone, **NEAR)
    assert not padded[:, 5:].any()


def test_modalities_of_the_gap_are_hidden() -> None:
    model = reader()
    panels, mask, gap = panels_of(3, 6), everywhere(3, 6), gap_at(3, 6, 0, 2, 5)
    shown = modalities_of(3, 6, share=1.0)
    here = gap[..., None].expand(-1, -1, 4)
    answer = ModalityVectors(
        torch.where(gap[..., None, None], modalities_of(3, 6, 9, 1.0).vectors, shown.vectors),
        shown.mask,
    )
    absent = ModalityVectors(shown.vectors, shown.mask & ~here)
    for known in (mask, ~gap):
        found = [model.fill_gap(panels, known, gap, m) for m in (shown, answer, absent)]
        assert torch.allclose(found[0], found[1], **NEAR)
        assert torch.allclose(found[0], found[2], **NEAR)
    without = [model.transformer(panels, mask, modalities=m) for m in (shown, answer)]
    assert not torch.allclose(*without, atol=1e-3)


def fused_twin(model: Stage4SequenceModel) -> Stage4SequenceModel:
    """Return the model that reads fused vectors alone, with the same weights."""
    twin = model_of()
    weights = {n: w for n, w in model.state_dict().items() if ".cross_modal." not in n}
    twin.load_state_dict(weights)
    return twin


@pytest.mark.parametrize("case", CASES, ids=str)
def test_without_any_modality_it_is_the_fused_model(case: dict[str, Any]) -> None:
    model = reader()
    twin = fused_twin(model)
    panels, mask, gap = panels_of(2, 7), everywhere(2, 7), gap_at(2, 7, 3, 6)
    mask[1, 5] = False
    shown = modalities_of(2, 7)
    none = ModalityVectors(shown.vectors, torch.zeros_like(shown.mask))
    for at in (None, gap):
        expected = twin.transformer(panels, mask, at, **case)
        assert torch.allclose(
            expected, model.transformer(panels, mask, at, modalities=none, **case), **NEAR
        )
        read = model.transformer(panels, mask, at, modalities=shown, **case)
        assert not torch.allclose(expected, read, atol=1e-3)


def test_fused_model_has_the_weights_it_had() -> None:
    names = set(model_of().state_dict())
    assert not any("cross_modal" in name for name in names)
    added = set(reader().state_dict()) - names
    assert added
    assert all(name.startswith("transformer.cross_modal.") for name in added)


def test_causal_mode_sees_no_modality_of_a_later_panel() -> None:
    model = reader()
    panels, mask, shown = panels_of(1, 8), everywhere(1, 8), modalities_of(1, 8, share=1.0)
    later = torch.arange(8) >= 5
    other = ModalityVectors(
        torch.where(later[None, :, None, None], modalities_of(1, 8, 7, 1.0).vectors, shown.vectors),
        shown.mask,
    )
    found = [model.transformer(panels, mask, modalities=m, is_causal=True) for m in (shown, other)]
    assert torch.allclose(found[0][:, :5], found[1][:, :5], **NEAR)
    assert not torch.allclose(found[0][:, 5:], found[1][:, 5:], atol=1e-3)
    guesses = [model.predict_next(panels, mask, m) for m in (shown, other)]
    assert torch.allclose(guesses[0][:, :5], guesses[1][:, :5], **NEAR)


def test_panels_without_order_are_a_set_with_their_modalities() -> None:
    model = reader().transformer
    panels, mask, shown = panels_of(2, 7), everywhere(2, 7), modalities_of(2, 7)
    places = torch.randperm(7, generator=torch.manual_seed(0))
    moved = ModalityVectors(shown.vectors[:, places], shown.mask[:, places])
    found = model(panels, mask, has_order=False, modalities=shown)
    again = model(panels[:, places], mask[:, places], has_order=False, modalities=moved)
    assert torch.allclose(found[:, places], again, **NEAR)


def test_it_matters_whose_and_which_a_modality_is() -> None:
    model = reader().transformer
    panels, mask, shown = panels_of(1, 4), everywhere(1, 4), modalities_of(1, 4, share=1.0)
    expected = model(panels, mask, has_order=False, modalities=shown)
    for dim in (1, 2):
        moved = ModalityVectors(shown.vectors.roll(1, dim), shown.mask)
        found = model(panels, mask, has_order=False, modalities=moved)
        assert not torch.allclose(expected, found, atol=1e-3)


@pytest.mark.parametrize("n", [1, 2, 16, 50])
def test_any_length_is_read_also_narrow(n: int) -> None:
    for d_hidden in (0, 16):
        model = reader(d_hidden=d_hidden)
        mask, shown = everywhere(2, n), modalities_of(2, n)
        found = model.contextualize(panels_of(2, n), mask, modalities=shown)
        assert torch.allclose(found.norm(dim=-1), torch.ones(2, n), **NEAR)
        assert model.encode_strip(panels_of(2, n), mask.float(), shown).shape == (2, D)


def test_attention_over_panels_can_be_asked_for() -> None:
    model, weights = reader(), []
    panels, mask, shown = panels_of(2, 6), everywhere(2, 6), modalities_of(2, 6)
    asked = model.contextualize(panels, mask, weights, shown)
    assert torch.allclose(asked, model.contextualize(panels, mask, modalities=shown), **NEAR)
    assert [w.shape for w in weights] == [(2, 4, 6, 6)] * 2


def test_input_that_the_model_does_not_read_is_refused() -> None:
    panels, mask, shown = panels_of(2, 6), everywhere(2, 6), modalities_of(2, 6)
    with pytest.raises(ModelError, match="fused vectors alone"):
        reader().contextualize(panels, mask)
    with pytest.raises(ModelError, match="given modalities"):
        model_of().contextualize(panels, mask, modalities=shown)
    with pytest.raises(ModelError, match="do not fit panels"):
        reader().contextualize(panels, mask, modalities=modalities_of(2, 5))
    with pytest.raises(ModelError, match="do not fit 4"):
        ModalityVectors(shown.vectors[:, :, :3], shown.mask[:, :, :3])
    with pytest.raises(ModelError, match="do not fit 4"):
        ModalityVectors(shown.vectors, shown.mask[:, :5])
