"""Vectors in 8 bits a number: what is lost, and what must not change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr
from zarr.storage import MemoryStore

from longbox.errors import LibraryError
from longbox.library.stored_vectors import add_vectors, packed, restored, unpacked
from longbox.vectors import PanelVectors, Space, unit


def drawn(n: int, dimension: int) -> np.ndarray:
    """Return unit vectors with one large number, as embeddings have it."""
    rows = np.random.default_rng(3).standard_normal((n, dimension)).astype(np.float32)
    rows[:, 0] += 8
    return unit(rows)


@pytest.mark.parametrize("dimension", [2, 12, 256, 512])
def test_directions_are_kept_and_come_back_with_unit_length(dimension: int) -> None:
    rows = drawn(40, dimension)
    back = restored(Space.VISION, unpacked(packed(rows)))
    np.testing.assert_allclose(np.linalg.norm(back, axis=1), 1, atol=1e-6)
    assert (np.einsum("nd,nd->n", rows, back) > 0.9998).all()


def test_roots_lose_less_than_plain_eight_bits_do() -> None:
    rows = drawn(40, 256)
    plain = unit(np.rint(rows / np.abs(rows).max(axis=1, keepdims=True) * 127))
    roots = restored(Space.VISION, unpacked(packed(rows)))
    lost = [1 - np.einsum("nd,nd->n", rows, each).mean() for each in (roots, plain)]
    assert lost[0] < lost[1] / 2


def test_packing_what_was_unpacked_changes_nothing() -> None:
    once = packed(drawn(60, 384))
    np.testing.assert_array_equal(packed(restored(Space.TEXT, unpacked(once))), once)
    assert np.abs(once).max(axis=1).tolist() == [127] * 60


def test_rows_of_zeros_stay_zero_and_no_rows_are_no_rows() -> None:
    rows = drawn(3, 16)
    rows[1] = 0
    assert not unpacked(packed(rows))[1].any()
    assert packed(np.zeros((0, 16), np.float32)).shape == (0, 16)
    assert unpacked(packed(np.zeros((0, 16), np.float32))).shape == (0, 16)


def test_half_precision_of_older_stores_is_left_as_it_is() -> None:
    half = drawn(5, 16).astype(np.float16)
    np.testing.assert_array_equal(unpacked(half), half)


def test_composition_keeps_its_numbers_and_refuses_what_is_too_large(tmp_path: Path) -> None:
    mask = np.ones(1, dtype=bool)
    root = zarr.open_group(store=MemoryStore({}), mode="w", zarr_format=3)
    numbers = PanelVectors(Space.COMPOSITION, "c", np.array([[0.5, 3.0]], np.float32), mask)
    add_vectors(root, "vectors/composition", "book", numbers)
    assert root["vectors/composition/vectors"][:].tolist() == [[0.5, 3.0]]
    large = PanelVectors(Space.COMPOSITION, "c", np.array([[1e6, 1.0]], np.float32), mask)
    with pytest.raises(LibraryError, match="does not fit float16"):
        add_vectors(root, "vectors/other", str(tmp_path), large)
