"""Scene borders: found where they were planted, not found where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from longbox.analysis.reading import SceneOptions, find_borders
from longbox.analysis.reading.scenes import _novelty
from longbox.vectors import unit

D = 24
QUICK = SceneOptions(n_books=59)


def scenes(lengths: list[int], alike: float, rng: np.random.Generator) -> np.ndarray:
    kinds = rng.standard_normal((len(lengths), D))
    rows = np.repeat(kinds, lengths, axis=0)
    noise = rng.standard_normal(rows.shape)
    return unit(np.sqrt(alike) * rows + np.sqrt(1 - alike) * noise + 2)


def drifting(n: int, keep: float, rng: np.random.Generator) -> np.ndarray:
    rows = rng.standard_normal((n, D))
    for at in range(1, n):
        rows[at] = keep * rows[at - 1] + np.sqrt(1 - keep**2) * rows[at]
    return unit(rows + 2)


def test_planted_scenes_begin_where_they_were_planted() -> None:
    rng = np.random.default_rng(0)
    rows = scenes([20, 25, 18, 30], 0.7, rng)
    found = find_borders(rows, rng, QUICK)
    assert found is not None
    borders = found.at[found.novelty[found.at] >= found.threshold]
    assert [min(abs(borders - true)) for true in (20, 45, 63)] == [0, 0, 0]
    assert len(borders) == 3
    assert (found.p[np.isin(found.at, borders)] <= 0.05).all()


@pytest.mark.parametrize("keep", [0.0, 0.4, 0.8])
def test_a_book_without_scenes_is_hardly_ever_cut(keep: float) -> None:
    n_cut = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rows = drifting(70, keep, rng)
        found = find_borders(rows, rng, QUICK)
        assert found is not None
        n_cut += bool((found.novelty[found.at] >= found.threshold).any())
    assert n_cut / 40 <= 0.12  # .05 and two standard errors


def test_pages_that_hold_together_are_not_scenes() -> None:
    n_cut = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rows = scenes([4] * 20, 0.6, rng)
        found = find_borders(rows, rng, QUICK)
        assert found is not None
        n_cut += bool((found.novelty[found.at] >= found.threshold).any())
    assert n_cut / 40 <= 0.2


def test_too_few_panels_or_all_the_same_have_no_scenes() -> None:
    rng = np.random.default_rng(0)
    for n in (0, 1, 11):
        assert find_borders(drifting(n, 0, rng), rng) is None
    assert find_borders(np.ones((30, D), np.float32), rng) is None


def test_novelty_is_the_checkerboard_of_the_cosines() -> None:
    rng = np.random.default_rng(0)
    rows = drifting(20, 0.3, rng).astype(np.float64)
    fast = _novelty(rows[None], 5)[0]
    taper = np.exp(-(((np.arange(5) + 0.5) / 2.5) ** 2) / 2)
    for at in range(2, 19):
        weights = {"before": [0.0, 0.0], "after": [0.0, 0.0], "across": [0.0, 0.0]}
        for i in range(max(0, at - 5), min(20, at + 5)):
            for j in range(max(0, at - 5), min(20, at + 5)):
                if i == j or (i >= at > j):
                    continue
                where = "before" if j < at else "after"
                where = where if (i < at) == (j < at) else "across"
                distance = [at - 1 - k if k < at else k - at for k in (i, j)]
                weight = taper[distance[0]] * taper[distance[1]]
                weights[where][0] += weight * (rows[i] @ rows[j])
                weights[where][1] += weight
        means = {k: a / b for k, (a, b) in weights.items()}
        expected = (means["before"] + means["after"]) / 2 - means["across"]
        assert fast[at] == pytest.approx(expected)
    assert np.isnan(fast[[0, 1, 19]]).all()
