"""Queries become vectors by the very encoders that made the library's vectors.

A trained model places what one encoder knows of a query in the fused space: words as they would
be lettered, or a picture. It is opened when that space is first asked for. The contextual space
has no such door: only a panel among its neighbours is in it.

The settings name the encoders; whether they are the library's is checked before anything is
compared, and the error says what to do. A space that the library does not hold is not asked, nor is
the sentence space for words that the model cannot read: word and substring search answer those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from longbox.config import Config
from longbox.errors import ModelError, SpaceMismatchError
from longbox.library import Library
from longbox.vectors import QueryVector, Space, require_same_space

if TYPE_CHECKING:
    from longbox.encoders import PictureEncoder, SentenceEncoder


class QueryFuser(Protocol):
    """What places a query of one modality in the fused space: a trained model."""

    def fuse_query(self, query: QueryVector) -> QueryVector:
        """Return the query's vector in Space.FUSED, as a panel known by this alone.

        Raises:
            ModelError: The query is of another encoder than the model was trained with.
        """
        ...


class QueryEncoders:
    """The library's encoders, loaded when a query first needs them."""

    def __init__(
        self,
        library: Library,
        config: Config,
        n_threads: int = 2,
        open_fuser: Callable[[], QueryFuser] | None = None,
    ) -> None:
        self._library = library
        self._config = config
        self._n_threads = n_threads
        self._open_fuser = open_fuser

    @cached_property
    def _fuser(self) -> QueryFuser:
        if self._open_fuser is None:
            raise ModelError(
                "words and pictures need the panel model to search the fused space; search like "
                "a panel, or in another space"
            )
        return self._open_fuser()

    @cached_property
    def _sentences(self) -> SentenceEncoder:
        from longbox.encoders import sentence_encoder

        return sentence_encoder(self._config.encoders.sentence, n_threads=self._n_threads)

    @cached_property
    def _pictures(self) -> PictureEncoder:
        from longbox.encoders import picture_encoder

        encoder = picture_encoder(self._config.encoders.picture, n_threads=self._n_threads)
        self._check(Space.VISION, encoder.fingerprint)
        return encoder

    def words(self, text: str, wanted: Set[Space]) -> list[QueryVector]:
        """Return the vectors of some words.

        One sentence vector serves the lettering and the descriptions; a picture encoder with a
        text tower puts words into the picture space, and the panel model into the fused one.

        Args:
            text: The words.
            wanted: Spaces to speak for, where the library has them.

        Raises:
            SpaceMismatchError: The library's vectors were made by other encoders.
            ModelError: The panel model cannot be opened.
        """
        spaces = self._library.spaces()
        vectors = []
        written = [s for s in (Space.TEXT, Space.DESCRIPTION) if s in wanted and spaces.get(s)]
        is_fused = Space.FUSED in wanted and bool(spaces.get(Space.FUSED))
        if written or is_fused:
            encoder = self._sentences
            for space in written:
                self._check(space, encoder.fingerprint)
            if encoder.can_read([text])[0]:
                row = encoder.encode_queries([text])[0]
                vectors += [QueryVector(space, encoder.fingerprint, row) for space in written]
                if is_fused:
                    vectors.append(self.fused(QueryVector(Space.TEXT, encoder.fingerprint, row)))
        # The default picture encoder has no text tower, and asking would load it for nothing.
        is_hub_model = self._config.encoders.picture.startswith("hf:")
        if Space.VISION in wanted and spaces.get(Space.VISION) and is_hub_model:
            pictures = self._pictures
            if pictures.has_text_tower:
                row = pictures.encode_text([text])[0]
                vectors.append(QueryVector(Space.VISION, pictures.fingerprint, row))
        return vectors

    def pictures(self, crops: Sequence[NDArray[np.uint8]]) -> list[QueryVector]:
        """Return the picture vectors of some crops, each uint8 (H, W, 3).

        Raises:
            SpaceMismatchError: The library's vectors were made by another encoder.
        """
        encoder = self._pictures
        rows = encoder.encode(list(crops))
        return [QueryVector(Space.VISION, encoder.fingerprint, row) for row in rows]

    def fused(self, query: QueryVector) -> QueryVector:
        """Return a query of one encoder in the fused space.

        Raises:
            SpaceMismatchError: The library's fused vectors were made by another model.
            ModelError: The panel model cannot be opened, or does not know the encoder.
        """
        found = self._fuser.fuse_query(query)
        self._check(Space.FUSED, found.fingerprint)
        return found

    def _check(self, space: Space, fingerprint: str) -> None:
        stored = self._library.spaces().get(space, ())
        if space is Space.DESCRIPTION and fingerprint not in stored:
            raise SpaceMismatchError(
                f"the library's descriptions were embedded by {stored[0]}, the query by "
                f"{fingerprint}; run `longbox describe` to embed them again, or search with "
                "`--in text`"
            )
        if space is Space.FUSED and fingerprint not in stored:
            held = stored[0] if stored else "no model"
            raise SpaceMismatchError(
                f"the library's fused vectors were made by {held}, the query's by {fingerprint}; "
                "run `longbox embed` to remake the library's"
            )
        if stored and fingerprint not in stored:
            require_same_space(space, fingerprint, space, stored[0])
