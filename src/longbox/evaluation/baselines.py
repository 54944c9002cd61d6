"""Untrained scorers that a model has to beat, and the one that nothing may beat chance with.

Each sees what a sample shows and nothing else (`Seen`). A candidate that shows nothing to a
baseline gets the mean of the other candidates' scores: not knowing neither wins nor loses. None of
them knows a direction in time, so in reading order all cosines answer .5 for every pair, except
the chain, which knows who is next to whom but not from which end.

The cue of text-cloze, the missing panel's own picture, is of no use here: its candidates are texts,
and a picture is never compared with a text.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from longbox.evaluation.positions import PositionOnly
from longbox.evaluation.shown import Seen, Vector, distances, filled, words_shown
from longbox.tasks import Choice, Corpus, Scorer, Shown, Shuffled
from longbox.vectors import Metric, Space, metric_of, unit

Scores = NDArray[np.float32]


def nothing_known(samples: Sequence[Shuffled]) -> list[Scores]:
    """Answer .5 for every pair."""
    return [np.full((len(s.panels),) * 2, 0.5, np.float32) for s in samples]


@dataclass(frozen=True, slots=True)
class LastPanelCosine:
    """Cosine with the nearest panel before the gap that shows the space, else the nearest after."""

    space: Space

    def __post_init__(self) -> None:
        _require_cosine(self.space)

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"last panel, {self.space}"

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[Scores]:
        """Score candidates by their cosine with one panel."""
        return [self._score(corpus, sample) for sample in samples]

    def _score(self, corpus: Corpus, sample: Choice) -> Scores:
        seen = Seen(corpus, self.space)
        nearest = (*reversed(sample.context[: sample.gap]), *sample.context[sample.gap :])
        target = next((v for s in nearest if (v := seen.vector(s)) is not None), None)
        return _cosines(seen, target, sample.candidates)

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[Scores]:
        """Know no direction."""
        del corpus
        return nothing_known(samples)


@dataclass(frozen=True, slots=True)
class MeanContextCosine:
    """Cosine with the mean of the context; with `is_weighted`, weighted by 1 / distance.

    The panels on both sides of the gap are at distance 1.
    """

    space: Space
    is_weighted: bool = False

    def __post_init__(self) -> None:
        _require_cosine(self.space)

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{'nearest' if self.is_weighted else 'mean'} context, {self.space}"

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[Scores]:
        """Score candidates by their cosine with the mean context."""
        return [self._score(corpus, sample) for sample in samples]

    def _score(self, corpus: Corpus, sample: Choice) -> Scores:
        seen = Seen(corpus, self.space)
        known = [(d, v) for d, s in distances(sample) if (v := seen.vector(s)) is not None]
        target = None
        if known:
            weights = np.array([1.0 / d if self.is_weighted else 1.0 for d, _ in known])
            target = unit(weights @ np.stack([v for _, v in known]))
        return _cosines(seen, target, sample.candidates)

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[Scores]:
        """Know no direction."""
        del corpus
        return nothing_known(samples)


def nearest_neighbours(space: Space) -> MeanContextCosine:
    """Return the mean context with near panels counting more."""
    return MeanContextCosine(space, is_weighted=True)


@dataclass(frozen=True, slots=True)
class AddedCosines:
    """The spaces' mean-context cosines added, as they are or standardised per sample.

    Plain, the space whose cosines spread most outvotes the others; standardised (each space's
    scores less their mean, over their deviation), all have one voice. A space that says nothing
    of a sample adds nothing.
    """

    spaces: tuple[Space, ...] = (Space.VISION, Space.TEXT)
    is_standardised: bool = True

    @property
    def name(self) -> str:
        """What tables call it."""
        return " + ".join(self.spaces) + (", standardised" if self.is_standardised else "")

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[Scores]:
        """Add the spaces' scores."""
        each = [MeanContextCosine(space).choose(corpus, samples) for space in self.spaces]
        return [
            np.sum([_standard(s) if self.is_standardised else s for s in scores], axis=0)
            for scores in zip(*each, strict=True)
        ]

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[Scores]:
        """Know no direction."""
        del corpus
        return nothing_known(samples)


@dataclass(frozen=True, slots=True)
class UtteranceChain:
    """Mean cosine of consecutive utterances, the last one before the gap and the first after too.

    The only untrained baseline that sees the order in which a panel's balloons are shown: what
    character coherence asks. In reading order it strings panels together by the cosine of their
    lettering, nearest first; which end is the beginning it does not know, and tosses.

    Attributes:
        seed: Of the tosses.
    """

    seed: int = 0

    @property
    def name(self) -> str:
        """What tables call it."""
        return "utterance chain"

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[Scores]:
        """Score candidates by how well their utterances follow each other."""
        return [self._score(corpus, sample) for sample in samples]

    def _score(self, corpus: Corpus, sample: Choice) -> Scores:
        seen = Seen(corpus, Space.TEXT)
        before = _first_of(seen, reversed(sample.context[: sample.gap]), -1)
        after = _first_of(seen, sample.context[sample.gap :], 0)
        scores: list[float | None] = []
        for shown in sample.candidates:
            own = list(seen.utterances(shown))
            chain = [*before, *own, *after] if own else []
            steps = [float(a @ b) for a, b in pairwise(chain)]
            scores.append(float(np.mean(steps)) if steps else None)
        return filled(scores)

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[Scores]:
        """String the panels together; nothing is known of panels without lettering."""
        rng = np.random.default_rng(self.seed)
        return [_chained(corpus, sample, rng) for sample in samples]


@dataclass(frozen=True, slots=True)
class BigramOverlap:
    """Cosine of the counts of bigrams of a candidate's words and the context's.

    Attributes:
        of: "word" or "character"; scripts without spaces have only characters.
    """

    of: str = "word"

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.of} bigrams"

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[Scores]:
        """Score candidates by shared bigrams."""
        return [self._score(corpus, sample) for sample in samples]

    def _score(self, corpus: Corpus, sample: Choice) -> Scores:
        context: Counter[tuple[str, ...]] = Counter()
        for shown in sample.context:
            context.update(self._bigrams(words_shown(corpus, shown)))
        scores: list[float | None] = []
        for shown in sample.candidates:
            words = words_shown(corpus, shown)
            own = Counter(self._bigrams(words))
            scores.append(_overlap(own, context) if words and context else None)
        return filled(scores)

    def _bigrams(self, text: str) -> list[tuple[str, ...]]:
        normal = unicodedata.normalize("NFKC", text).casefold()
        units: Sequence[str] = normal.split() if self.of == "word" else " ".join(normal.split())
        return list(pairwise(units))

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[Scores]:
        """Know no direction."""
        del corpus
        return nothing_known(samples)


@dataclass(frozen=True, slots=True)
class TextLength:
    """The longer text: an artefact of how wrong candidates were picked, and of openings.

    In reading order the panel with more lettering comes first, as captions open a scene.
    """

    @property
    def name(self) -> str:
        """What tables call it."""
        return "text length"

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[Scores]:
        """Prefer the longest candidate."""
        return [filled([_length(corpus, s) for s in sample.candidates]) for sample in samples]

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[Scores]:
        """Put panels with more lettering first."""
        answers = []
        for sample in samples:
            lengths = filled([_length(corpus, s) for s in sample.panels])
            first = np.sign(lengths[:, None] - lengths[None, :])
            answers.append((0.5 + 0.5 * first).astype(np.float32))
        return answers


@dataclass(frozen=True, slots=True)
class RandomScorer:
    """Scores drawn from a seed: chance, with the scatter that chance has."""

    seed: int = 0

    @property
    def name(self) -> str:
        """What tables call it."""
        return "random"

    def choose(self, corpus: Corpus, samples: Sequence[Choice]) -> list[Scores]:
        """Draw a score for every candidate."""
        del corpus
        rng = np.random.default_rng(self.seed)
        return [rng.random(len(s.candidates), np.float32) for s in samples]

    def order(self, corpus: Corpus, samples: Sequence[Shuffled]) -> list[Scores]:
        """Draw a score for every pair."""
        del corpus
        rng = np.random.default_rng(self.seed)
        return [rng.random((len(s.panels),) * 2, np.float32) for s in samples]


def untrained_scorers(seed: int = 0) -> tuple[Scorer, ...]:
    """Return every baseline, in the order tables show them."""
    seen = (Space.VISION, Space.TEXT, Space.DESCRIPTION)
    return (
        RandomScorer(seed),
        PositionOnly(),
        TextLength(),
        *(LastPanelCosine(space) for space in seen),
        *(MeanContextCosine(space) for space in seen),
        *(nearest_neighbours(space) for space in seen[:2]),
        AddedCosines(is_standardised=False),
        AddedCosines(is_standardised=True),
        UtteranceChain(seed),
        BigramOverlap("word"),
        BigramOverlap("character"),
    )


def untrained_orderers(seed: int = 0) -> tuple[Scorer, ...]:
    """Return the baselines that differ in reading order; one cosine stands for all of them."""
    return (
        RandomScorer(seed),
        PositionOnly(),
        TextLength(),
        MeanContextCosine(Space.TEXT),
        UtteranceChain(seed),
    )


def _require_cosine(space: Space) -> None:
    if metric_of(space) is not Metric.COSINE:
        raise ValueError(f"{space} is no direction: it has no cosine")


def _cosines(seen: Seen, target: Vector | None, candidates: Sequence[Shown]) -> Scores:
    if target is None:
        return np.zeros(len(candidates), np.float32)
    vectors = [seen.vector(shown) for shown in candidates]
    return filled([None if v is None else float(v @ target) for v in vectors])


def _standard(scores: Scores) -> Scores:
    deviation = float(scores.std())
    if deviation < 1e-6:
        return np.zeros_like(scores)
    standard: Scores = (scores - scores.mean()) / np.float32(deviation)
    return standard


def _overlap(own: Counter[tuple[str, ...]], context: Counter[tuple[str, ...]]) -> float:
    """Return the cosine of two multisets' counts."""
    if not own or not context:
        return 0.0
    shared = sum(n * context[gram] for gram, n in own.items())
    norms = [sum(n * n for n in counts.values()) ** 0.5 for counts in (own, context)]
    return float(shared / (norms[0] * norms[1]))


def _first_of(seen: Seen, panels: Iterable[Shown], at: int) -> list[Vector]:
    """Return the last (-1) or first (0) utterance of the first panel that has one."""
    for shown in panels:
        found = seen.utterances(shown)
        if len(found):
            return [found[at]]
    return []


def _length(corpus: Corpus, shown: Shown) -> float | None:
    words = words_shown(corpus, shown)
    return float(len(words)) if words else None


def _chained(corpus: Corpus, sample: Shuffled, rng: np.random.Generator) -> Scores:
    seen = Seen(corpus, Space.TEXT)
    vectors = [seen.vector(shown) for shown in sample.panels]
    known = [i for i, v in enumerate(vectors) if v is not None]
    matrix = np.full((len(vectors),) * 2, 0.5, np.float32)
    if len(known) < 2:
        return matrix
    stack = np.stack([v for v in vectors if v is not None])
    path = [known[i] for i in _path(stack @ stack.T)]
    if rng.random() < 0.5:
        path.reverse()
    for place, i in enumerate(path):
        matrix[i, path[place + 1 :]] = 1.0
        matrix[path[place + 1 :], i] = 0.0
    return matrix


def _path(likeness: NDArray[np.float32]) -> list[int]:
    """Join the most alike ends of paths until one is left (greedy Hamiltonian path)."""
    paths = [[i] for i in range(len(likeness))]
    while len(paths) > 1:
        ends = [
            (float(likeness[p[a], q[b]]), x, y, a, b)
            for x, p in enumerate(paths)
            for y, q in enumerate(paths[:x])
            for a in (0, -1)
            for b in (0, -1)
        ]
        _, x, y, a, b = max(ends)
        left = paths[x] if a == -1 else paths[x][::-1]
        right = paths[y] if b == 0 else paths[y][::-1]
        paths = [p for i, p in enumerate(paths) if i not in (x, y)] + [left + right]
    return paths[0]
