"""Where windows and wrong candidates are drawn from.

A pool knows, for one view, which panels show anything. Wrong candidates of a hard sample come from
the same book, outside the window; a book that has too few (a strip of three panels) is filled up
from its series. Those of an easy sample come from other series: another book of the same series
may be the same page in another language. A candidate that shows the same as the answer (the same
"!" in another balloon) would be right as well, so it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from longbox.features import MODALITIES, BookFeatures, View, Wording, worded
from longbox.tasks.samples import Corpus, Difficulty
from longbox.vectors import Space, require_same_space

_SAME_COSINE = 0.985
_PATIENCE = 12  # draws for every wrong candidate that is wanted
_FEW = 1000  # of so many places every one is tried
_Places = NDArray[np.int64]


def shows(book: BookFeatures, view: View) -> NDArray[np.bool_]:
    """Say of which panels a view shows what it is for, bool (N,).

    A view of single utterances needs enough of them; a view that names lettering beside other
    modalities needs any one modality; place on the page alone is never enough.
    """
    known = np.zeros(book.n_panels, np.bool_)
    if view.wording is not Wording.WHOLE:
        if (utterances := book.utterances) is not None:
            for row in np.unique(utterances.panels[utterances.mask]):
                known[row] = len(worded(utterances, int(row), view.wording)) > 0
        return known
    for space in view.modalities - {Space.COMPOSITION}:
        known |= book.of(space).mask
    return known


class Pool:
    """The panels of a corpus that a view shows.

    Attributes:
        corpus: The books.
        view: What is shown of a candidate.

    Raises:
        SpaceMismatchError: Two books' vectors of a space that is shown are of two encoders.
    """

    def __init__(self, corpus: Corpus, view: View) -> None:
        self.corpus, self.view = corpus, view
        _require_one_encoder(corpus, view)
        self.known = [shows(book, view) & book.is_story for book in corpus]
        sizes = np.array([int(known.sum()) for known in self.known], np.int64)
        books = np.repeat(np.arange(len(corpus)), sizes)
        rows = [np.flatnonzero(known) for known in self.known]
        self._places = np.stack([books, np.concatenate([*rows, np.zeros(0, np.int64)])], axis=1)
        self._first = np.cumsum([0, *sizes])
        names = {name: i for i, name in enumerate(dict.fromkeys(b.series for b in corpus))}
        self._series = np.array([names[book.series] for book in corpus], np.int64)
        of_place = self._series[books]
        self._by_series = np.argsort(of_place, kind="stable")  # places, series after series
        self._edges = np.searchsorted(of_place[self._by_series], np.arange(len(names) + 1))

    def runs(self, n_least: int) -> list[tuple[int, int, int]]:
        """Return runs of story panels at least this long: book, first row, row after the last.

        A page that is no story ends a run, and so does one without panels, which nobody could read.
        """
        found = []
        for index, book in enumerate(self.corpus):
            story = np.flatnonzero(book.is_story)
            breaks = (np.diff(story) > 1) | (np.diff(book.pages[story]) > 1)
            runs = np.split(story, np.flatnonzero(breaks) + 1)
            found += [(index, int(r[0]), int(r[-1]) + 1) for r in runs if len(r) >= n_least]
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
        for places in self._draws(answer[0], window, n, difficulty, rng):
            for book, row in self._places[places]:
                if len(found) == n:
                    return found
                place = int(book), int(row)
                if place in found or any(self._is_like(place, f) for f in (answer, *found)):
                    continue
                found.append(place)
        return found

    def _draws(
        self,
        book: int,
        window: tuple[int, int],
        n: int,
        difficulty: Difficulty,
        rng: np.random.Generator,
    ) -> Iterator[_Places]:
        """Yield indices of places to try, the best source first."""
        first, last = self._edges[self._series[book] : self._series[book] + 2]
        if difficulty is Difficulty.EASY:
            drawn = _tries(len(self._places) - int(last - first), n, rng)
            yield self._by_series[np.where(drawn < first, drawn, drawn + last - first)]
            return
        own = np.arange(self._first[book], self._first[book + 1])
        rows = self._places[own, 1]
        own = own[(rows < window[0]) | (rows >= window[1])]
        yield own[_tries(len(own), n, rng)]
        kin = self._by_series[first:last]
        books = [i for i in np.unique(self._places[kin, 0]) if self._is_kin(book, int(i))]
        kin = kin[np.isin(self._places[kin, 0], books)]
        yield kin[_tries(len(kin), n, rng)]

    def _is_kin(self, book: int, other: int) -> bool:
        """Say whether another book of the series may lend a candidate: one of the language."""
        return other != book and self.corpus[other].language == self.corpus[book].language

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


def _tries(size: int, n: int, rng: np.random.Generator) -> _Places:
    """Return indices below size to try for n that fit: all of them where they are few."""
    if size <= _FEW:
        return rng.permutation(size)
    return rng.integers(0, size, _PATIENCE * n)


def _require_one_encoder(corpus: Corpus, view: View) -> None:
    """Refuse a corpus in which vectors that are shown cannot be compared."""
    for space in view.modalities:
        known = [book.of(space) for book in corpus if book.of(space).mask.any()]
        for vectors in known:
            require_same_space(space, known[0].fingerprint, vectors.space, vectors.fingerprint)
