"""Vectors that know which space they live in.

The one rule: a query only ever meets vectors of its own space. A space is a modality (Space) made
by one encoder (fingerprint); both travel with every array, and `require_same_space` stands in
front of every comparison. A panel that lacks a modality is False in the mask: its row is zero by
contract and never compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError, SpaceMismatchError


class Space(StrEnum):
    """The modalities a panel or page can have a vector in."""

    VISION = "vision"
    TEXT = "text"
    DESCRIPTION = "description"
    COMPOSITION = "composition"
    FUSED = "fused"
    CONTEXTUAL = "contextual"


class Metric(StrEnum):
    """How two vectors of a space are compared."""

    COSINE = "cosine"
    EUCLIDEAN = "euclidean"


def metric_of(space: Space) -> Metric:
    """Return how vectors of a space are compared: composition is numbers, not a direction."""
    return Metric.EUCLIDEAN if space is Space.COMPOSITION else Metric.COSINE


def unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Scale rows to length 1; rows of zeros stay zero.

    Args:
        vectors: Any float array (..., D).

    Returns:
        float32 (..., D).
    """
    array = np.asarray(vectors, dtype=np.float32)
    norms = np.linalg.norm(array, axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = np.divide(array, norms, out=np.zeros_like(array), where=norms > 0)
    return scaled


@dataclass(frozen=True, slots=True, eq=False)
class PanelVectors:
    """One space's vectors of N panels.

    Attributes:
        space: The modality.
        fingerprint: Names the encoder and everything that changes its output.
        vectors: float32 (N, D); unit length in cosine spaces; zero where the mask is False.
        mask: bool (N,), True where the panel has this modality.

    Raises:
        ModelError: Shapes do not fit, or a masked-in row is not finite.
    """

    space: Space
    fingerprint: str
    vectors: NDArray[np.float32]
    mask: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or self.mask.shape != (self.vectors.shape[0],):
            raise ModelError(
                f"{self.space}: vectors {self.vectors.shape} and mask {self.mask.shape} do not fit"
            )
        if not np.isfinite(self.vectors).all():
            raise ModelError(f"{self.space}: a vector of {self.fingerprint} is not finite")
        if self.vectors[~self.mask].any():
            raise ModelError(f"{self.space}: a missing panel has a vector; missing rows are zero")

    @property
    def dimension(self) -> int:
        """D, the length of one vector."""
        return int(self.vectors.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class QueryVector:
    """A query in one space: float32 (D,), made by the encoder that the fingerprint names."""

    space: Space
    fingerprint: str
    vector: NDArray[np.float32]


def require_same_space(
    query_space: Space, query_fingerprint: str, stored_space: Space, stored_fingerprint: str
) -> None:
    """Refuse to compare vectors of different spaces.

    Raises:
        SpaceMismatchError: Space or fingerprint differ; the message says how to re-embed.
    """
    if query_space is not stored_space:
        raise SpaceMismatchError(
            f"a {query_space} query cannot be compared with {stored_space} vectors"
        )
    if query_fingerprint != stored_fingerprint:
        is_learned = query_space in (Space.FUSED, Space.CONTEXTUAL)
        command = "longbox embed" if is_learned else "longbox index --refresh"
        raise SpaceMismatchError(
            f"the query's {query_space} vector was made by {query_fingerprint}, the library's by "
            f"{stored_fingerprint}; search with the library's encoder, or run `{command}` to "
            "remake the library's vectors"
        )
