"""How many lists to probe: found by trying, and enough."""

from __future__ import annotations

import numpy as np
import pytest

from longbox.library.ivf import faiss_metric, import_faiss
from longbox.library.segment_trials import N_NEAREST, SHARES, Trials
from longbox.vectors import Space, unit


def drawn(n: int, dimension: int, space: Space, spread: float) -> np.ndarray:
    rng = np.random.default_rng(3)
    centres = unit(rng.standard_normal((60, dimension)))
    noise = rng.standard_normal((n, dimension)) * dimension**-0.5 * spread
    vectors = np.repeat(centres, -(-n // 60), axis=0)[:n] + noise
    found = vectors if space is Space.COMPOSITION else unit(vectors)
    return found.astype(np.float32)


def naive(trials: Trials, vectors: np.ndarray, space: Space) -> list[set[int]]:
    if space is Space.COMPOSITION:
        near = -np.linalg.norm(trials.queries[:, None] - vectors[None], axis=2)
    else:
        near = trials.queries @ vectors.T
    return [set(row.tolist()) for row in np.argsort(-near, axis=1)[:, :N_NEAREST]]


@pytest.mark.parametrize("space", [Space.VISION, Space.COMPOSITION])
@pytest.mark.parametrize("at_once", [1, 7, 4000])
def test_nearest_are_the_exact_ones_however_the_vectors_come(space: Space, at_once: int) -> None:
    vectors = drawn(600, 12, space, 1.0)
    trials = Trials(space, vectors[::3])
    for start in range(0, len(vectors), at_once):
        trials.see(vectors[start : start + at_once])
    found = [set(row.tolist()) for row in trials.nearest()]
    assert found == naive(trials, vectors, space)


@pytest.mark.parametrize("space", [Space.VISION, Space.COMPOSITION])
@pytest.mark.parametrize("is_rotated", [False, True])
def test_lists_to_probe_hold_nearly_all_that_is_near_and_no_fewer_would_do(
    space: Space, is_rotated: bool
) -> None:
    faiss = import_faiss()
    vectors = drawn(6000, 24, space, 1.5)
    flat = faiss.IndexFlat(24, faiss_metric(space))
    lists = faiss.IndexIVFFlat(flat, 24, 64, faiss_metric(space))
    index = lists
    if is_rotated:
        rotation = faiss.RandomRotationMatrix(24, 24)
        rotation.init(1)
        index = faiss.IndexPreTransform(rotation, lists)
    index.train(vectors)
    index.add(vectors)
    trials = Trials(space, vectors[::20])
    trials.see(vectors)
    probes = trials.probes(index)
    assert list(probes) == [str(wanted) for wanted in SHARES]
    assert list(probes.values()) == sorted(probes.values())
    assert 16 <= min(probes.values()) < max(probes.values()) <= 64
    truth = naive(trials, vectors, space)

    def share(n: int) -> float:
        lists.nprobe = n
        _, found = index.search(trials.queries, N_NEAREST)
        hits = [len(set(row.tolist()) & near) for row, near in zip(found, truth, strict=True)]
        return sum(hits) / N_NEAREST / len(hits)

    for wanted, n_probes in probes.items():
        assert share(n_probes) >= float(wanted)
        assert n_probes == 16 or share(n_probes - 1) <= float(wanted)


def test_tight_groups_need_fewer_lists_than_loose_ones() -> None:
    faiss = import_faiss()
    found = []
    for spread in (0.3, 3.0):
        vectors = drawn(12_000, 24, Space.VISION, spread)
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(24), 24, 256, faiss.METRIC_INNER_PRODUCT)
        index.train(vectors)
        index.add(vectors)
        trials = Trials(Space.VISION, vectors[::10])
        trials.see(vectors)
        found.append(trials.probes(index)["0.97"])
    assert found[0] * 2 < found[1]


def test_fewer_vectors_than_are_wanted_are_all_that_is_near() -> None:
    faiss = import_faiss()
    vectors = drawn(4, 8, Space.VISION, 1.0)
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(8), 8, 2, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    trials = Trials(Space.VISION, vectors)
    trials.see(vectors)
    assert {frozenset(row.tolist()) for row in trials.nearest()} == {frozenset({-1, 0, 1, 2, 3})}
    assert set(trials.probes(index).values()) == {2}
