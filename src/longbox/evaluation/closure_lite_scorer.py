"""The first version as an answerer of closure tasks.

It has no heads for them, so it answers with what its own losses taught it:
- a choice: the vector that masked panel modelling expects in the gap, by cosine with each
  candidate's. Where something of the missing panel itself is shown (the picture in text-cloze), the
  cosine of that with the candidate is added: the comparison that L_clip trains.
- an order: which of two panels comes first by L_pop and L_rpp, without composition.

One text vector a panel is all it knows, so a panel with its balloons exchanged is the very same
panel to it: character coherence ends in ties. A context that shows nothing makes all candidates
tie; a candidate that shows nothing comes last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.features import View
from longbox.tasks import Choice, Corpus, Shown, Shuffled
from longbox.vectors import Space

if TYPE_CHECKING:
    from longbox.closure_lite import ClosureLiteSimple

_LAST = -4.0
_CHUNK = 512


@dataclass(frozen=True, slots=True)
class ClosureLiteScorer:
    """Answers samples with a trained first version (`tasks.Scorer`)."""

    model: ClosureLiteSimple

    @property
    def name(self) -> str:
        """What tables call it."""
        return "v1 (ClosureLiteSimple)"

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[NDArray[np.float32]]:
        """Score the candidates of every sample, float32 (K,) each.

        Raises:
            ModelError: The corpus is of other encoders than the model was trained with.
        """
        vectors = _Vectors(self.model, corpus, (s for c in samples for s in _shown(c)))
        scores: list[NDArray[np.float32]] = []
        for start in range(0, len(samples), _CHUNK):
            chunk = samples[start : start + _CHUNK]
            expected = self._expected(vectors, chunk)
            scores += [
                _scores(vectors, sample, vector)
                for sample, vector in zip(chunk, expected, strict=True)
            ]
        return scores

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[NDArray[np.float32]]:
        """Score pairs of every sample, float32 (N, N) each; .5 where a panel shows nothing.

        Raises:
            ModelError: The corpus is of other encoders than the model was trained with.
        """
        panels = [tuple(_without_place(p) for p in sample.panels) for sample in samples]
        vectors = _Vectors(self.model, corpus, (p for shown in panels for p in shown))
        found = []
        for shown in panels:
            rows = [vectors.of(p) for p in shown]
            known = np.array([row is not None for row in rows], np.bool_)
            stack = np.stack([self._nothing if row is None else row for row in rows])
            surely = self.model.comes_before(stack)
            found.append(np.where(known[:, None] & known[None, :], surely, np.float32(0.5)))
        return found

    @property
    def _nothing(self) -> NDArray[np.float32]:
        return np.zeros(self.model.config.d, np.float32)

    def _expected(self, vectors: _Vectors, samples: Sequence[Choice]) -> NDArray[np.float32]:
        widest = max((len(sample.context) for sample in samples), default=0)
        context = np.zeros((len(samples), max(widest, 1), self.model.config.d), np.float32)
        mask = np.zeros(context.shape[:2], np.bool_)
        for i, sample in enumerate(samples):
            for j, shown in enumerate(sample.context):
                vector = vectors.of(shown)
                if vector is not None:
                    context[i, j], mask[i, j] = vector, True
        gaps = np.array([sample.gap for sample in samples], np.int64)
        return self.model.expect(context, mask, gaps)


class _Vectors:
    """Vectors of all panels that samples show, made once, book by book and view by view."""

    def __init__(self, model: ClosureLiteSimple, corpus: Corpus, shown: Iterable[Shown]) -> None:
        wanted: dict[tuple[int, View], set[int]] = {}
        for panel in shown:
            wanted.setdefault((panel.book, panel.view), set()).add(panel.row)
        self._found: dict[Shown, NDArray[np.float32]] = {}
        for (book, view), rows in wanted.items():
            ordered = sorted(rows)
            vectors, mask = model.read(corpus[book], view, ordered)
            for place in np.flatnonzero(mask):
                self._found[Shown(book, ordered[place], view)] = vectors[place]

    def of(self, shown: Shown) -> NDArray[np.float32] | None:
        return self._found.get(shown)


def _shown(sample: Choice) -> tuple[Shown, ...]:
    cue = () if sample.cue is None else (sample.cue,)
    return *sample.context, *sample.candidates, *cue


def _without_place(shown: Shown) -> Shown:
    modalities = shown.view.modalities - {Space.COMPOSITION}
    return replace(shown, view=replace(shown.view, modalities=modalities))


def _scores(
    vectors: _Vectors, sample: Choice, expected: NDArray[np.float32]
) -> NDArray[np.float32]:
    cue = None if sample.cue is None else vectors.of(sample.cue)
    wanted = expected if cue is None else expected + cue
    found = [vectors.of(candidate) for candidate in sample.candidates]
    return np.array([_LAST if v is None else float(v @ wanted) for v in found], np.float32)
