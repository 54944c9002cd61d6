"""Vectors that know their space."""

from __future__ import annotations

import numpy as np
import pytest

from longbox.errors import ModelError, SpaceMismatchError
from longbox.vectors import Metric, PanelVectors, Space, metric_of, require_same_space, unit


def panel_vectors(vectors: list[list[float]], mask: list[bool]) -> PanelVectors:
    return PanelVectors(
        Space.TEXT,
        "f",
        np.array(vectors, dtype=np.float32).reshape(len(vectors), -1),
        np.array(mask, dtype=bool),
    )


def test_no_panels_is_a_valid_array() -> None:
    empty = PanelVectors(Space.TEXT, "f", np.zeros((0, 4), np.float32), np.zeros(0, np.bool_))
    assert empty.dimension == 4


def test_missing_panel_may_not_carry_a_vector() -> None:
    with pytest.raises(ModelError, match="missing rows are zero"):
        panel_vectors([[1, 0], [0, 1]], [True, False])


def test_mask_of_another_length_is_refused() -> None:
    with pytest.raises(ModelError, match="do not fit"):
        panel_vectors([[1, 0]], [True, True])


def test_vector_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ModelError, match="not finite"):
        panel_vectors([[float("nan"), 0]], [True])


def test_other_space_or_encoder_is_refused_with_the_way_out() -> None:
    require_same_space(Space.TEXT, "a", Space.TEXT, "a")
    with pytest.raises(SpaceMismatchError, match="vision"):
        require_same_space(Space.TEXT, "a", Space.VISION, "a")
    with pytest.raises(SpaceMismatchError, match="--refresh"):
        require_same_space(Space.TEXT, "a", Space.TEXT, "b")


def test_unit_leaves_zero_rows_alone() -> None:
    result = unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    assert np.allclose(result, [[0.6, 0.8], [0, 0]])
    assert unit(np.zeros((0, 5))).shape == (0, 5)


def test_composition_is_measured_not_angled() -> None:
    assert metric_of(Space.COMPOSITION) is Metric.EUCLIDEAN
    assert metric_of(Space.VISION) is Metric.COSINE
