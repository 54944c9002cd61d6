from __future__ import annotations

import numpy as np
import pytest

from longbox.pipeline.surprise import surprise_of
from longbox.sequence import SequenceConfig, Stage4SequenceModel
from longbox.vectors import PanelVectors, Space, unit

D = 32


@pytest.fixture(scope="module")
def model() -> Stage4SequenceModel:
    import torch

    torch.manual_seed(0)
    return Stage4SequenceModel(
        SequenceConfig("fusion-0", D, n_layers=1, n_heads=4, d_feedforward=64)
    ).eval()


def fused(rows: np.ndarray, mask: np.ndarray | None = None) -> PanelVectors:
    known = np.ones(len(rows), np.bool_) if mask is None else mask
    return PanelVectors(Space.FUSED, "fusion-0", unit(rows) * known[:, None], known)


def test_a_panel_like_those_before_surprises_less_than_one_unlike_them(
    model: Stage4SequenceModel,
) -> None:
    rng = np.random.default_rng(0)
    same, other = rng.standard_normal((2, D))
    rows = np.stack([same + 0.1 * rng.standard_normal(D) for _ in range(40)])
    rows[25] = other
    found = surprise_of(model, fused(rows))
    assert found[25] > 2 * np.nanmedian(found)
    assert int(np.nanargmax(found)) == 25


@pytest.mark.parametrize("n", [2, 8, 9, 16, 17, 40])
def test_every_panel_but_the_first_has_a_surprise(model: Stage4SequenceModel, n: int) -> None:
    found = surprise_of(model, fused(np.random.default_rng(n).standard_normal((n, D))))
    assert np.isnan(found[0])
    assert np.isfinite(found[1:]).all()
    assert (found[1:] >= -1e-5).all()


def test_later_panels_change_nothing(model: Stage4SequenceModel) -> None:
    rows = np.random.default_rng(1).standard_normal((30, D))
    changed = rows.copy()
    changed[20:] = np.random.default_rng(2).standard_normal((10, D))
    before, after = surprise_of(model, fused(rows)), surprise_of(model, fused(changed))
    np.testing.assert_allclose(before[1:20], after[1:20], atol=1e-5)


@pytest.mark.parametrize("n", [0, 1])
def test_no_panel_or_one_has_nothing_to_surprise(model: Stage4SequenceModel, n: int) -> None:
    assert np.isnan(surprise_of(model, fused(np.ones((n, D))))).all()


def test_unknown_panels_are_passed_over(model: Stage4SequenceModel) -> None:
    mask = np.array([False, True, False, True])
    found = surprise_of(model, fused(np.random.default_rng(3).standard_normal((4, D)), mask))
    assert np.isnan(found[:3]).all()
    assert np.isfinite(found[3])
