"""The leak detector: where candidates stand in the list and on the page, and nothing they show.

A sample set is sound only where this scorer is at chance. It looks at two things. How often the
answer stood at each place of the list: counted on every other sample and used on the rest, so that
what it exploits is a habit of the builder and not the sample itself. And, where composition is
shown, the place in the page's reading order: the candidate whose place is the next one after the
last panel of the context, which gives the missing panel away without a look at it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.encoders import COMPOSITION_FEATURES
from longbox.evaluation.shown import Seen, filled
from longbox.tasks import Choice, Corpus, Shuffled, Task
from longbox.vectors import Space

Scores = NDArray[np.float32]
_PLACE = COMPOSITION_FEATURES.index("place_in_order")
# One panel of a page of twenty further away outweighs every habit of the list.
_PLACE_OUTVOTES = 20.0
_N_PANELS = COMPOSITION_FEATURES.index("panels_on_page")


@dataclass(frozen=True, slots=True)
class PositionOnly:
    """Scores candidates by their place in the list and, where shown, in the page's order."""

    @property
    def name(self) -> str:
        """What tables call it."""
        return "position only"

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[Scores]:
        """Score candidates by the share of answers at their place, plus how well places follow."""
        counts: tuple[Counter[tuple[Task, int, int]], ...] = (Counter(), Counter())
        for i, sample in enumerate(samples):
            counts[i % 2][sample.task, len(sample.candidates), sample.answer] += 1
        answers = []
        for i, sample in enumerate(samples):
            other, n = counts[1 - i % 2], len(sample.candidates)
            seen = np.array([other[sample.task, n, place] for place in range(n)], np.float32)
            habit = seen / max(float(seen.sum()), 1.0)
            answers.append(habit + _PLACE_OUTVOTES * _following(corpus, sample))
        return answers

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[Scores]:
        """Put panels in the order of the list or, where it is shown, of their places on the page.

        Panels of several pages go by page only as far as a page's order tells, so a place counts
        where two differ in it, the list where they do not.
        """
        answers = []
        for sample in samples:
            n = len(sample.panels)
            listed = np.sign(np.arange(n)[None, :] - np.arange(n)[:, None])
            seen = Seen(corpus, Space.COMPOSITION)
            places = [_place(seen.vector(shown)) for shown in sample.panels]
            known = np.array([p is not None for p in places])
            place = np.array([0.0 if p is None else p for p in places])
            told = np.sign(place[None, :] - place[:, None]) * (known[None, :] & known[:, None])
            answers.append((0.5 + 0.4 * told + 0.1 * listed).astype(np.float32))
        return answers


def _following(corpus: Corpus, sample: Choice) -> Scores:
    """Return how well each candidate's place on the page follows the context's, at most 0."""
    seen = Seen(corpus, Space.COMPOSITION)
    before = [v for s in sample.context[: sample.gap] if (v := seen.vector(s)) is not None]
    after = [v for s in sample.context[sample.gap :] if (v := seen.vector(s)) is not None]
    if before:
        expected = float(before[-1][_PLACE]) + _step(before[-1])
        expected = 0.0 if expected > 1.01 else expected  # the first panel of the next page
    elif after:
        expected = float(after[0][_PLACE]) - _step(after[0])
        expected = 1.0 if expected < -0.01 else expected
    else:
        return np.zeros(len(sample.candidates), np.float32)
    places = [_place(seen.vector(shown)) for shown in sample.candidates]
    return filled([None if p is None else -abs(p - expected) for p in places])


def _place(vector: NDArray[np.float32] | None) -> float | None:
    return None if vector is None else float(vector[_PLACE])


def _step(vector: NDArray[np.float32]) -> float:
    """Return how far one panel of this page is from the next in `place_in_order`."""
    n_panels = 2.0 ** (4.0 * float(vector[_N_PANELS]))
    return 1.0 / (n_panels - 1) if n_panels > 1.5 else 1.1
