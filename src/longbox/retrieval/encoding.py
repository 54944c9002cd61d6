"""Queries become vectors by the very encoders that made the library's vectors.

The settings name the encoders; whether they are the library's is checked before anything is
compared, and the error says what to do. A space that the library does not hold is not asked, nor is
the sentence space for words that the model cannot read: word and substring search answer those.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.config import Config
from longbox.library import Library
from longbox.vectors import QueryVector, Space, require_same_space

if TYPE_CHECKING:
    from longbox.encoders import PictureEncoder, SentenceEncoder


class QueryEncoders:
    """The library's encoders, loaded when a query first needs them."""

    def __init__(self, library: Library, config: Config, n_threads: int = 2) -> None:
        self._library = library
        self._config = config
        self._n_threads = n_threads

    @cached_property
    def _sentences(self) -> SentenceEncoder:
        from longbox.encoders import sentence_encoder

        encoder = sentence_encoder(self._config.encoders.sentence, n_threads=self._n_threads)
        self._check(Space.TEXT, encoder.fingerprint)
        return encoder

    @cached_property
    def _pictures(self) -> PictureEncoder:
        from longbox.encoders import picture_encoder

        encoder = picture_encoder(self._config.encoders.picture, n_threads=self._n_threads)
        self._check(Space.VISION, encoder.fingerprint)
        return encoder

    def words(self, text: str) -> list[QueryVector]:
        """Return the vectors of some words: sentence space, and picture space by a text tower.

        Raises:
            SpaceMismatchError: The library's vectors were made by other encoders.
        """
        spaces = self._library.spaces()
        vectors = []
        if spaces.get(Space.TEXT) and self._sentences.can_read([text])[0]:
            row = self._sentences.encode_queries([text])[0]
            vectors.append(QueryVector(Space.TEXT, self._sentences.fingerprint, row))
        # The default picture encoder has no text tower, and asking would load it for nothing.
        if spaces.get(Space.VISION) and self._config.encoders.picture.startswith("hf:"):
            encoder = self._pictures
            if encoder.has_text_tower:
                row = encoder.encode_text([text])[0]
                vectors.append(QueryVector(Space.VISION, encoder.fingerprint, row))
        return vectors

    def pictures(self, crops: Sequence[NDArray[np.uint8]]) -> list[QueryVector]:
        """Return the picture vectors of some crops, each uint8 (H, W, 3).

        Raises:
            SpaceMismatchError: The library's vectors were made by another encoder.
        """
        encoder = self._pictures
        rows = encoder.encode(list(crops))
        return [QueryVector(Space.VISION, encoder.fingerprint, row) for row in rows]

    def _check(self, space: Space, fingerprint: str) -> None:
        stored = self._library.spaces().get(space, ())
        if stored and fingerprint not in stored:
            require_same_space(space, fingerprint, space, stored[0])
