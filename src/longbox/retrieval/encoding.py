"""Queries become vectors by the very encoders that made the library's vectors.

A trained model places what one encoder knows of a query in the fused space: words as they would
be lettered, or a picture. It is opened when that space is first asked for. The contextual space
has no such door: only a panel among its neighbours is in it.

The settings name the encoders; whether they are the library's is checked before anything is
compared, and the error says what to do. A space that the library does not hold is not asked, nor is
the sentence space for words that the model cannot read: word and substring search answer those.

Several threads may ask. An encoder is opened once and used by one thread at a time (tokenizers of
the hub's models are not made for two); the vectors of the last words are kept, so that another
filter on the same query embeds nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence, Set
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from longbox.config import Config
from longbox.errors import ModelError, SpaceMismatchError
from longbox.library import LastAnswers, Library
from longbox.vectors import QueryVector, Space, require_same_space

if TYPE_CHECKING:
    from longbox.encoders import PictureEncoder, SentenceEncoder


_MOST_WORDS: Final = 512

T = TypeVar("T")


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
        self._turn = threading.RLock()
        self._loaded: dict[str, Any] = {}
        self._said = LastAnswers[tuple[str, str], NDArray[np.float32]](_MOST_WORDS)

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
            encoder = self._sentences()
            for space in written:
                self._check(space, encoder.fingerprint)
            row = self._said.get(("sentence", text), lambda: self._sentence_rows(text))
            if len(row):
                vectors += [QueryVector(space, encoder.fingerprint, row[0]) for space in written]
                if is_fused:
                    query = QueryVector(Space.TEXT, encoder.fingerprint, row[0])
                    vectors.append(self.fused(query))
        # The default picture encoder has no text tower, and asking would load it for nothing.
        is_hub_model = self._config.encoders.picture.startswith("hf:")
        if Space.VISION in wanted and spaces.get(Space.VISION) and is_hub_model:
            pictures = self._pictures()
            if pictures.has_text_tower:
                row = self._said.get(("picture", text), lambda: self._tower_rows(text))
                vectors.append(QueryVector(Space.VISION, pictures.fingerprint, row[0]))
        return vectors

    def pictures(self, crops: Sequence[NDArray[np.uint8]]) -> list[QueryVector]:
        """Return the picture vectors of some crops, each uint8 (H, W, 3).

        Raises:
            SpaceMismatchError: The library's vectors were made by another encoder.
        """
        encoder = self._pictures()
        with self._turn:
            rows = encoder.encode(list(crops))
        return [QueryVector(Space.VISION, encoder.fingerprint, row) for row in rows]

    def fused(self, query: QueryVector) -> QueryVector:
        """Return a query of one encoder in the fused space.

        Raises:
            SpaceMismatchError: The library's fused vectors were made by another model.
            ModelError: The panel model cannot be opened, or does not know the encoder.
        """
        with self._turn:
            found = self._fuser().fuse_query(query)
        self._check(Space.FUSED, found.fingerprint)
        return found

    def _sentence_rows(self, text: str) -> NDArray[np.float32]:
        """Return the vector of some words, float32 (1, D); none, (0, D), for unreadable ones."""
        encoder = self._sentences()
        with self._turn:
            if not encoder.can_read([text])[0]:
                return np.zeros((0, encoder.dimension), np.float32)
            return encoder.encode_queries([text])

    def _tower_rows(self, text: str) -> NDArray[np.float32]:
        encoder = self._pictures()
        with self._turn:
            return encoder.encode_text([text])

    def _fuser(self) -> QueryFuser:
        if self._open_fuser is None:
            raise ModelError(
                "words and pictures need the panel model to search the fused space; search like "
                "a panel, or in another space"
            )
        return self._once("fuser", self._open_fuser)

    def _sentences(self) -> SentenceEncoder:
        def load() -> SentenceEncoder:
            from longbox.encoders import sentence_encoder

            return sentence_encoder(self._config.encoders.sentence, n_threads=self._n_threads)

        return self._once("sentences", load)

    def _pictures(self) -> PictureEncoder:
        def load() -> PictureEncoder:
            from longbox.encoders import picture_encoder

            return picture_encoder(self._config.encoders.picture, n_threads=self._n_threads)

        encoder = self._once("pictures", load)
        self._check(Space.VISION, encoder.fingerprint)
        return encoder

    def _once(self, name: str, load: Callable[[], T]) -> T:
        """Return what is loaded under a name; load it where nobody has."""
        if name not in self._loaded:
            with self._turn:
                if name not in self._loaded:
                    self._loaded[name] = load()
        loaded: T = self._loaded[name]
        return loaded

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
