"""What every encoder promises, whatever model is behind it.

Vectors are float32, one row per input in the order given, of unit length, and finite. The
fingerprint names the model, its weights and the version of everything that changes the numbers;
two encoders with the same fingerprint give the same vectors within 1e-4, in any process, with any
number of threads and in any batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class PictureEncoder(Protocol):
    """Turns panel crops into vectors."""

    @property
    def fingerprint(self) -> str:
        """Names everything that changes the vectors."""
        ...

    @property
    def dimension(self) -> int:
        """D, the length of one vector."""
        ...

    @property
    def has_text_tower(self) -> bool:
        """Whether the model also places sentences in the picture space (CLIP, SigLIP)."""
        ...

    def encode(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Encode pictures.

        Args:
            crops: RGB pictures, uint8 (H, W, 3), each of its own size, at least 1 x 1.

        Returns:
            Unit vectors, float32 (N, D); (0, D) without crops.

        Raises:
            ModelError: A crop is not uint8 (H, W, 3) or has no pixels.
        """
        ...

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Place sentences in the picture space.

        Returns:
            Unit vectors, float32 (N, D).

        Raises:
            ModelError: The model has no text tower; ask `has_text_tower` first.
        """
        ...


@runtime_checkable
class SentenceEncoder(Protocol):
    """Turns texts into vectors; a query and a document may be encoded differently (e5)."""

    @property
    def fingerprint(self) -> str:
        """Names everything that changes the vectors."""
        ...

    @property
    def dimension(self) -> int:
        """D, the length of one vector."""
        ...

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode the texts that are searched: what is said in a panel.

        A text longer than the model reads is cut into windows and the windows' vectors are
        averaged, so that its end counts as much as its beginning. An empty text is encoded as the
        model sees it; a panel without text has no vector, and that is the caller's mask.

        Returns:
            Unit vectors, float32 (N, D); (0, D) without texts.
        """
        ...

    def can_read(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Say of which texts the model knows enough to place them; they are only tokenized.

        A text of a script that the model never learned still gets a vector, nearly the same one
        for every such text. It is no modality, so callers leave it out. Nor is there one for a
        text without any word: empty, or punctuation and symbols only.

        Returns:
            True where a vector means something, bool (N,).
        """
        ...

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode what a person typed into a search; else as `encode_documents`."""
        ...
