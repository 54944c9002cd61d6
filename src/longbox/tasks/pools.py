"""Where windows and wrong candidates are drawn from.

A pool knows, for one view, which panels show anything. Wrong candidates of a hard sample come from
the same book, outside the window; a book that has too few (a strip of three panels) is filled up
from its series. Those of an easy sample come from other series: another book of the same series
may be the same page in another language. A candidate that shows the same as the answer (the same
"!" in another balloon) would be right as well, so it is left out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from longbox.features import MODALITIES, BookFeatures, View, Wording, worded
from longbox.tasks.samples import Corpus, Difficulty
from longbox.vectors import Space

_SAME_COSINE = 0.985
_PATIENCE = 12


def shows(book: BookFeatures, view: View) -> NDArray[np.bool_]:
    """Say of which panels a view shows what it is for, bool (N,).

    A view of single utterances needs enough of them; a view that names lettering beside other
    modalities needs any one modality; place on the page alone is never enough.
    """
    if view.wording is not Wording.WHOLE:
        utterances = book.utterances
        if utterances is None:
            return np.zeros(book.n_panels, np.bool_)
        rows = [len(worded(utterances, row, view.wording)) > 0 for row in range(book.n_panels)]
        return np.array(rows, np.bool_)
    known = np.zeros(book.n_panels, np.bool_)
    for space in view.modalities - {Space.COMPOSITION}:
        known |= book.of(space).mask
    return known


class Pool:
    """The panels of a corpus that a view shows.

    Attributes:
        corpus: The books.
        view: What is shown of a candidate.
    """

    def __init__(self, corpus: Corpus, view: View) -> None:
        self.corpus, self.view = corpus, view
        self.known = [shows(book, view) & book.is_story for book in corpus]
        places = [
            np.stack([np.full(int(k.sum()), i), np.flatnonzero(k)], axis=1)
            for i, k in enumerate(self.known)
        ]
        self._places = np.concatenate(places) if places else np.zeros((0, 2), np.int64)
        self._first = np.cumsum([0, *(len(p) for p in places)])
        self._everywhere = np.arange(len(self._places))
        self._by_series: dict[str, NDArray[np.int64]] = {}
        series = np.array([corpus[b].series for b in self._places[:, 0]], np.str_)
        for name in {book.series for book in corpus}:
            self._by_series[name] = np.flatnonzero(series == name)

    def runs(self, n_least: int) -> list[tuple[int, int, int]]:
        """Return runs of story panels at least this long: book, first row, row after the last."""
        found = []
        for index, book in enumerate(self.corpus):
            edges = np.flatnonzero(np.diff(np.r_[False, book.is_story, False].astype(np.int8)))
            pairs = zip(edges[::2], edges[1::2], strict=True)
            found += [(index, int(a), int(b)) for a, b in pairs if b - a >= n_least]
        return found

    def wrong(
        self,
        answer: tuple[int, int],
        window: tuple[int, int],
        n: int,
        difficulty: Difficulty,
        rng: np.random.Generator,
    ) -> list[tuple[int, int]]:
        """Draw n wrong candidates; fewer where the corpus has no more that differ.

        Args:
            answer: Book and row.
            window: First row and row after the last of what the sample shows of the answer's book.
            n: How many.
            difficulty: From where.
            rng: What chooses.

        Returns:
            Books and rows, distinct.
        """
        found: list[tuple[int, int]] = []
        for places, fits in self._sources(answer[0], window, difficulty):
            tries = 0
            while len(found) < n and len(places) and tries < _PATIENCE * n:
                tries += 1
                at = self._places[places[rng.integers(len(places))]]
                place = int(at[0]), int(at[1])
                if not fits(place) or place in found or self._is_like(place, answer):
                    continue
                if not any(self._is_like(place, f) for f in found):
                    found.append(place)
        return found

    def _sources(
        self, book: int, window: tuple[int, int], difficulty: Difficulty
    ) -> list[tuple[NDArray[np.int64], Callable[[tuple[int, int]], bool]]]:
        """Return indices of places to draw from, and which of these fit."""
        corpus, series = self.corpus, self.corpus[book].series
        if difficulty is Difficulty.EASY:
            return [(self._everywhere, lambda place: corpus[place[0]].series != series)]
        own = self._everywhere[self._first[book] : self._first[book + 1]]

        def is_kin(place: tuple[int, int]) -> bool:
            return place[0] != book and corpus[place[0]].language == corpus[book].language

        outside = own, lambda place: not window[0] <= place[1] < window[1]
        return [outside, (self._by_series[series], is_kin)]

    def _is_like(self, a: tuple[int, int], b: tuple[int, int]) -> bool:
        if self.view.wording is not Wording.WHOLE:
            return False
        for space in MODALITIES:
            if space not in self.view.modalities or space is Space.COMPOSITION:
                continue
            one, two = self.corpus[a[0]].of(space), self.corpus[b[0]].of(space)
            if one.mask[a[1]] != two.mask[b[1]]:
                return False
            if one.mask[a[1]] and float(one.vectors[a[1]] @ two.vectors[b[1]]) < _SAME_COSINE:
                return False
        return True
