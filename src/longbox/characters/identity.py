"""Identity vectors: who is in a region, as far as its look says.

A vector is the picture encoder's of the region, beside the square roots of a coarse colour
histogram of its middle (drawn people wear the same colours from panel to panel), each of unit
length, the second weighted. It is a space of its own with its own fingerprint: the encoder's vision
vectors are of panels and never meet it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.characters.contract import Encode, Pixels
from longbox.errors import ModelError, SpaceMismatchError
from longbox.vectors import unit

_VERSION = "v1"
_BINS = (4, 8, 8)  # lightness, then the two colours of CIE Lab
_MARGIN = 8  # an eighth of each side is left out: what is behind somebody stands at the edges


@dataclass(frozen=True, slots=True)
class IdentityOptions:
    """How identity vectors are made.

    Attributes:
        colour_weight: Length of the colour part beside the encoder's part of length 1; 0 leaves
            it out. Chosen on drawn books (benchmarks/characters.py, tuning seeds).
    """

    colour_weight: float = 0.7

    def fingerprint(self, encoder: str, detector: str) -> str:
        """Name the identity space of an encoder's and a detector's fingerprints."""
        return f"identity-{_VERSION}-c{self.colour_weight:g}~{encoder}~{detector}"


@dataclass(frozen=True, slots=True, eq=False)
class IdentityVectors:
    """Vectors of N regions.

    Attributes:
        fingerprint: Of the identity space.
        vectors: Unit length, float32 (N, D).

    Raises:
        ModelError: They are no matrix, or not finite.
    """

    fingerprint: str
    vectors: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or not np.isfinite(self.vectors).all():
            raise ModelError(f"{self.fingerprint}: identity vectors are not a finite matrix")

    def require_same(self, other: IdentityVectors) -> None:
        """Refuse to compare vectors of two identity spaces.

        Raises:
            SpaceMismatchError: The fingerprints differ.
        """
        if self.fingerprint != other.fingerprint:
            raise SpaceMismatchError(
                f"identity vectors of {self.fingerprint} cannot be compared with those of "
                f"{other.fingerprint}; run `longbox characters` with one detector and encoder"
            )


def identity_vectors(
    crops: Sequence[Pixels], encode: Encode, options: IdentityOptions = IdentityOptions()
) -> NDArray[np.float32]:
    """Make the vectors of regions.

    Args:
        crops: The regions' pixels, lettering painted over.
        encode: The picture encoder.
        options: How.

    Returns:
        Unit vectors, float32 (N, D + colours); (0, 0) without crops.

    Raises:
        ModelError: The encoder gave another number of vectors than there are crops.
    """
    if not crops:
        return np.zeros((0, 0), np.float32)
    seen = encode(crops)
    if len(seen) != len(crops):
        raise ModelError(f"{len(crops)} regions got {len(seen)} vectors; the encoder is broken")
    if options.colour_weight <= 0:
        return unit(seen)
    colours = unit(np.stack([colour_histogram(crop) for crop in crops]))
    return unit(np.concatenate([unit(seen), options.colour_weight * colours], axis=1))


def colour_histogram(crop: Pixels) -> NDArray[np.float32]:
    """Return the square roots of the colour shares of a region's middle, float32 (256,)."""
    import cv2

    height, width = crop.shape[:2]
    dy, dx = height // _MARGIN, width // _MARGIN
    middle = np.ascontiguousarray(crop[dy : height - dy, dx : width - dx])
    lab = cv2.cvtColor(middle, cv2.COLOR_RGB2LAB)
    counts = cv2.calcHist([lab], [0, 1, 2], None, list(_BINS), [0, 256] * 3)
    shares: NDArray[np.float32] = np.sqrt(counts.ravel() / max(counts.sum(), 1.0))
    return shares.astype(np.float32)
