"""A panel as tokens: one for its picture, one or several for its words, one each for the rest.

What is missing, or not shown by the view, is absent: its token is False in `present`, and nothing
downstream reads it. Words come as one token of all of them, or as one an utterance with its rank;
every token of words says of which kinds they are (dialogue, caption, sound effect, prose, other).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.features import (
    MAX_UTTERANCES,
    TEXT_KINDS,
    BookFeatures,
    View,
    Wording,
    worded,
)
from longbox.fusion.config import FusionConfig
from longbox.vectors import PanelVectors

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """B panels; zeros wherever a token is absent.

    Attributes:
        vision: float32 (B, Dv).
        text: float32 (B, U, Dt).
        kinds: Share of each of TEXT_KINDS, float32 (B, U, 5).
        ranks: 0 for the whole lettering, 1 ... for utterances, int64 (B, U).
        description: float32 (B, Dt).
        composition: float32 (B, C).
        present: bool (B, 1 + U + 1 + 1): vision, texts, description, composition.
    """

    vision: Floats
    text: Floats
    kinds: Floats
    ranks: Rows
    description: Floats
    composition: Floats
    present: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.vision)

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Whether a panel shows anything at all, bool (B,)."""
        return np.asarray(self.present.any(axis=1))

    @property
    def has_modality(self) -> NDArray[np.bool_]:
        """Which of vision, text, description, composition a panel shows, bool (B, 4)."""
        parts = (self.present[:, 0], self.present[:, 1:-2].any(axis=1))
        return np.stack([*parts, self.present[:, -2], self.present[:, -1]], axis=1)


def tokens_of(
    book: BookFeatures, view: View, config: FusionConfig, rows: Rows | None = None
) -> Tokens:
    """Turn panels of a book into tokens.

    Args:
        book: Whose panels.
        view: What of them is shown.
        config: The model's, for whose encoders the tokens are.
        rows: Which panels; all of them if None.

    Raises:
        ModelError: A modality that is there was made by another encoder than the model knows.
    """
    require_encoders(book, config)
    chosen = np.arange(book.n_panels) if rows is None else rows
    vision, has_vision = _shown(book.vision, view, chosen, config.picture_size)
    described, has_described = _shown(book.description, view, chosen, config.sentence_size)
    place, has_place = _shown(book.composition, view, chosen, config.composition_size)
    text, kinds, ranks, has_text = _words(book, view, chosen, config)
    present = np.concatenate(
        [has_vision[:, None], has_text, has_described[:, None], has_place[:, None]], axis=1
    )
    return Tokens(vision, text, kinds, ranks, described, place, present)


def joined(parts: Sequence[Tokens]) -> Tokens:
    """Put the panels of several tokens into one, padding words to the longest."""
    most = max(p.text.shape[1] for p in parts)
    wide = [_padded(p, most) for p in parts]
    return Tokens(*(np.concatenate([getattr(p, f) for p in wide]) for f in Tokens.__slots__))


def require_encoders(book: BookFeatures, config: FusionConfig) -> None:
    """Refuse vectors of a space that the model was not trained on.

    Raises:
        ModelError: Says which, and what to do.
    """
    for vectors, known, size in (
        (book.vision, config.picture, config.picture_size),
        (book.text, config.sentence, config.sentence_size),
        (book.description, config.sentence, config.sentence_size),
        (book.composition, config.composition, config.composition_size),
    ):
        if vectors.mask.any() and vectors.fingerprint != known:
            raise ModelError(
                f"{book.book_id}: its {vectors.space} vectors were made by {vectors.fingerprint}, "
                f"the model was trained on {known}; index with that encoder, or train on this "
                f"library with `longbox train fusion`"
            )
        if vectors.mask.any() and vectors.dimension != size:
            raise ModelError(
                f"{book.book_id}: its {vectors.space} vectors have {vectors.dimension} numbers, "
                f"those of {known} have {size}; index the book again"
            )


def _shown(
    vectors: PanelVectors, view: View, rows: Rows, size: int
) -> tuple[Floats, NDArray[np.bool_]]:
    mask = vectors.mask[rows] & (vectors.space in view.modalities)
    if not mask.any():
        return np.zeros((len(rows), size), np.float32), mask
    return np.where(mask[:, None], vectors.vectors[rows], np.float32(0)), mask


def _words(
    book: BookFeatures, view: View, rows: Rows, config: FusionConfig
) -> tuple[Floats, Floats, Rows, NDArray[np.bool_]]:
    if view.wording is Wording.WHOLE:
        text, has_text = _shown(book.text, view, rows, config.sentence_size)
        kinds = np.where(has_text[:, None], book.kinds[rows], np.float32(0))
        ranks = np.zeros((len(rows), 1), np.int64)
        return text[:, None], kinds[:, None], ranks, has_text[:, None]
    spoken = book.utterances
    if spoken is None:
        raise ModelError(f"{book.book_id}: its lettering was not encoded piece by piece")
    if spoken.mask.any() and spoken.fingerprint != config.sentence:
        raise ModelError(
            f"{book.book_id}: its utterances were made by {spoken.fingerprint}, the model was "
            f"trained on {config.sentence}"
        )
    if spoken.mask.any() and spoken.vectors.shape[1] != config.sentence_size:
        raise ModelError(
            f"{book.book_id}: its utterances have {spoken.vectors.shape[1]} numbers, those of "
            f"{config.sentence} have {config.sentence_size}; index the book again"
        )
    said = [worded(spoken, int(row), view.wording) for row in rows]
    most = max((len(s) for s in said), default=0) or 1
    text = np.zeros((len(rows), most, config.sentence_size), np.float32)
    kinds = np.zeros((len(rows), most, len(TEXT_KINDS)), np.float32)
    has_text = np.zeros((len(rows), most), np.bool_)
    for i, indices in enumerate(said):
        text[i, : len(indices)] = spoken.vectors[indices]
        kinds[i, np.arange(len(indices)), spoken.kinds[indices]] = 1
        has_text[i, : len(indices)] = True
    ranks = np.where(has_text, np.arange(1, most + 1), 0).astype(np.int64)
    return text, kinds, ranks, has_text


def _padded(tokens: Tokens, most: int) -> Tokens:
    missing = most - tokens.text.shape[1]
    if not missing:
        return tokens
    n_words = tokens.text.shape[1]
    before, after = tokens.present[:, : 1 + n_words], tokens.present[:, 1 + n_words :]
    absent = np.zeros((len(tokens), missing), np.bool_)
    wider = ((0, 0), (0, missing), (0, 0))
    return Tokens(
        tokens.vision,
        np.pad(tokens.text, wider),
        np.pad(tokens.kinds, wider),
        np.pad(tokens.ranks, wider[:2]),
        tokens.description,
        tokens.composition,
        np.concatenate([before, absent, after], axis=1),
    )


N_RANKS = MAX_UTTERANCES + 1
