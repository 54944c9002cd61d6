"""What a sample shows of a panel, as vectors and words: the only eyes of the untrained baselines.

A modality that the view leaves out does not exist here, whatever the corpus knows. Single
utterances have one vector each; a panel whose view words its lettering in pieces is, as a whole,
the mean of the pieces shown. A panel without a shown vector gives None, never zeros.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longbox.features import Wording, worded
from longbox.tasks import Choice, Corpus, Shown
from longbox.vectors import Space, require_same_space, unit

Vector = NDArray[np.float32]


class Seen:
    """The vectors of one space that panels of a sample show, all of one encoder."""

    def __init__(self, corpus: Corpus, space: Space) -> None:
        self._corpus = corpus
        self._space = space
        self._fingerprint: str | None = None

    def vector(self, shown: Shown) -> Vector | None:
        """Return a panel's vector, unit length (D,), or None where none is shown.

        Raises:
            SpaceMismatchError: It was made by another encoder than those before.
        """
        if self._space not in shown.view.modalities:
            return None
        if self._space is Space.TEXT and shown.view.wording is not Wording.WHOLE:
            pieces = self.utterances(shown)
            return unit(pieces.mean(axis=0)) if len(pieces) else None
        vectors = self._corpus[shown.book].of(self._space)
        if not vectors.mask[shown.row]:
            return None
        self._require(vectors.fingerprint)
        row: Vector = vectors.vectors[shown.row]
        return row

    def utterances(self, shown: Shown) -> Vector:
        """Return the vectors of a panel's lettering in the order shown, (T, D); T may be 0.

        One vector where the view shows the lettering as a whole.
        """
        nothing = np.zeros((0, 0), np.float32)
        if self._space is not Space.TEXT or Space.TEXT not in shown.view.modalities:
            return nothing
        if shown.view.wording is Wording.WHOLE:
            whole = self.vector(shown)
            return nothing if whole is None else whole[None]
        pieces = self._corpus[shown.book].utterances
        if pieces is None:
            return nothing
        rows = worded(pieces, shown.row, shown.view.wording)
        if not len(rows):
            return nothing
        self._require(pieces.fingerprint)
        found: Vector = pieces.vectors[rows]
        return found

    def _require(self, fingerprint: str) -> None:
        if self._fingerprint is None:
            self._fingerprint = fingerprint
        require_same_space(self._space, self._fingerprint, self._space, fingerprint)


def words_shown(corpus: Corpus, shown: Shown) -> str:
    """Return a panel's lettering as words; empty where it is not shown or not kept.

    Words are kept of the whole lettering only, so a view that shows captions alone shows no words.
    """
    wordings = corpus[shown.book].wordings
    if Space.TEXT not in shown.view.modalities or not wordings:
        return ""
    return "" if shown.view.wording is Wording.CAPTIONS else wordings[shown.row].strip()


def distances(sample: Choice) -> list[tuple[int, Shown]]:
    """Return the context with each panel's distance from the gap, nearest first, before first."""
    pairs = [
        (sample.gap - i if i < sample.gap else i - sample.gap + 1, shown)
        for i, shown in enumerate(sample.context)
    ]
    place = {id(shown): i for i, (_, shown) in enumerate(pairs)}
    return sorted(pairs, key=lambda p: (p[0], place[id(p[1])]))


def filled(scores: Sequence[float | None]) -> NDArray[np.float32]:
    """Return scores where a candidate about which nothing is known gets the mean of the others.

    So not knowing neither wins nor loses; where nothing is known of any, all tie.
    """
    known = [s for s in scores if s is not None]
    mean = float(np.mean(known)) if known else 0.0
    return np.array([mean if s is None else s for s in scores], np.float32)
