"""Whole tables: every task, difficulty and view of a corpus, and every scorer on the same samples.

Tasks whose candidates are whole panels (panel picking, caption relevance, reading order) are asked
once for every non-empty subset of the modalities that the corpus has, so that a table says what
each modality is worth; the other tasks fix what they show. Composition is never among them: it
holds the panel's place on its page.

Each trained scorer is compared with the untrained one that did best in that row, on the very same
samples; picking the best of fifteen after the fact flatters the baseline, which is the safe side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol

import numpy as np

from longbox.errors import LongboxError, ModelError
from longbox.evaluation.closure import (
    ClosureRow,
    ClosureScore,
    Difference,
    Group,
    compare,
    score_choices,
)
from longbox.evaluation.closure_order import ShuffledScore, score_orders
from longbox.evaluation.foreign import Tell
from longbox.features import View
from longbox.tasks import (
    Choice,
    Corpus,
    Difficulty,
    Scorer,
    Shuffled,
    Task,
    closure_samples,
    order_samples,
)
from longbox.vectors import Space

_SUBSETS = (Space.VISION, Space.TEXT, Space.DESCRIPTION)
_BY_SUBSET = (Task.PANEL_PICKING, Task.CAPTION_RELEVANCE)
_NO_BASELINE = ("random",)
_LEAK_HALF_WIDTHS = 1.75


@dataclass(frozen=True, slots=True)
class TableRow:
    """What one scorer got in one group.

    Attributes:
        is_trained: Whether it is one of ours.
        gain: Over the best untrained scorer of the group; None for untrained ones.
        is_blind: It tied on every sample: the view shows nothing that it looks at.
    """

    scorer: str
    is_trained: bool
    row: ClosureRow
    gain: Difference | None = None
    is_blind: bool = False


@dataclass(frozen=True, slots=True)
class TableSection:
    """One group of samples and all scorers on it.

    Attributes:
        best_untrained: The scorer that trained ones are compared with.
        is_leaking: Position alone is above chance by more than luck: no figure here counts.
    """

    group: Group
    n: int
    n_books: int
    chance: float
    best_untrained: str
    rows: tuple[TableRow, ...]
    is_leaking: bool


class Each(Protocol):
    """Calls a function with every scorer and what they share."""

    def __call__(
        self, function: Callable[[Scorer, Any], Any], scorers: Sequence[Scorer], shared: Any
    ) -> Iterable[Any]:
        """Return what it made of each, in order; an error of ours stands for its answer."""
        ...


def one_by_one(
    function: Callable[[Scorer, Any], Any], scorers: Sequence[Scorer], shared: Any
) -> Iterable[Any]:
    """Ask scorers here, one after the other."""
    for scorer in scorers:
        try:
            yield function(scorer, shared)
        except LongboxError as error:
            yield error


def subsets_of(corpus: Corpus) -> list[View]:
    """Return a view for every non-empty subset of the modalities that the corpus has."""
    known = [s for s in _SUBSETS if any(book.of(s).mask.any() for book in corpus)]
    return [
        View(frozenset(subset))
        for size in range(1, len(known) + 1)
        for subset in combinations(known, size)
    ]


def draw_closure(corpus: Corpus, n: int, seed: int) -> list[Choice]:
    """Draw n samples of every task, difficulty and view, fewer where there is no room."""
    samples: list[Choice] = []
    tasks = [t for t in Task if t is not Task.READING_ORDER]
    for number, (task, difficulty) in enumerate((t, d) for t in tasks for d in Difficulty):
        views: list[View | None] = [None]
        if task in _BY_SUBSET:
            views = list(subsets_of(corpus))
        for view in views:
            rng = np.random.default_rng([seed, number])
            samples += closure_samples(corpus, task, difficulty, n, rng, view)
    return samples


def draw_orders(corpus: Corpus, n: int, seed: int) -> list[Shuffled]:
    """Draw n shuffled windows of every view."""
    samples: list[Shuffled] = []
    for view in subsets_of(corpus):
        samples += order_samples(corpus, n, np.random.default_rng([seed, len(Task)]), view)
    return samples


def closure_table(
    corpus: Corpus,
    samples: Sequence[Choice],
    untrained: Sequence[Scorer],
    trained: Sequence[Scorer],
    tell: Tell,
    seed: int = 0,
) -> tuple[TableSection, ...]:
    """Ask every scorer the same samples.

    Args:
        corpus: What the samples are of.
        samples: Of any tasks and views.
        untrained: Baselines.
        trained: Compared with the best of them.
        tell: Gets one line for a trained scorer that cannot answer this corpus; it is left out.
        seed: Of the intervals.

    Raises:
        ValueError: A sample gives itself away.
        ModelError: A baseline's answers do not fit.
    """
    shared = (corpus, tuple(samples), seed)
    answers = one_by_one(scored_choices, (*untrained, *trained), shared)
    return closure_sections(untrained, trained, answers, tell, seed)


def closure_sections(
    untrained: Sequence[Scorer],
    trained: Sequence[Scorer],
    answers: Iterable[Any],
    tell: Tell,
    seed: int = 0,
) -> tuple[TableSection, ...]:
    """Lay out what scorers answered.

    Args:
        untrained: Baselines.
        trained: Compared with the best of them.
        answers: What `scored_choices` made of each untrained and then each trained scorer, or the
            error of ours that it raised.
        tell: Gets one line for a trained scorer that could not answer; it is left out.
        seed: Of the intervals.

    Raises:
        ModelError: A baseline's answers do not fit.
    """
    plain: list[ClosureScore] = []
    ours: list[ClosureScore] = []
    for number, (scorer, answer) in enumerate(zip((*untrained, *trained), answers, strict=True)):
        is_trained = number >= len(untrained)
        if isinstance(answer, ClosureScore):
            (ours if is_trained else plain).append(answer)
        elif is_trained and isinstance(answer, ModelError):
            tell(f"{scorer.name} is left out: {answer}")
        else:
            raise answer
    groups = (plain or ours)[0].rows if plain or ours else ()
    return tuple(_section(row, plain, ours, seed) for row in groups)


def order_table(
    corpus: Corpus,
    samples: Sequence[Shuffled],
    scorers: Sequence[Scorer],
    tell: Tell,
    seed: int = 0,
    each: Each = one_by_one,
) -> tuple[ShuffledScore, ...]:
    """Ask every scorer for the same orders; one that cannot answer this corpus is told of."""
    scores: list[ShuffledScore] = []
    answers = each(scored_orders, tuple(scorers), (corpus, tuple(samples), seed))
    for scorer, answer in zip(scorers, answers, strict=True):
        if isinstance(answer, ShuffledScore):
            scores.append(answer)
        elif isinstance(answer, ModelError):
            tell(f"{scorer.name} is left out: {answer}")
        else:
            raise answer
    return tuple(scores)


def scored_choices(scorer: Scorer, asked: tuple[Corpus, tuple[Choice, ...], int]) -> ClosureScore:
    """Ask one scorer; a function of two arguments, so that another machine can be given it."""
    corpus, samples, seed = asked
    return score_choices(scorer, corpus, samples, seed)


def scored_orders(scorer: Scorer, asked: tuple[Corpus, tuple[Shuffled, ...], int]) -> ShuffledScore:
    """Ask one scorer for orders; as `scored_choices`."""
    corpus, samples, seed = asked
    return score_orders(scorer, corpus, samples, seed)


def _section(
    first: ClosureRow, plain: Sequence[ClosureScore], ours: Sequence[ClosureScore], seed: int
) -> TableSection:
    group = first.group
    best = max(
        (s for s in plain if s.scorer not in _NO_BASELINE),
        key=lambda s: _accuracy(s, group),
        default=None,
    )
    rows = [
        TableRow(s.scorer, False, row, None, _is_blind(s, group)) for s, row in _rows(plain, group)
    ]
    for score, row in _rows(ours, group):
        gain = None if best is None else compare(score, best, group, seed)
        rows.append(TableRow(score.scorer, True, row, gain, _is_blind(score, group)))
    return TableSection(
        group,
        first.n,
        first.n_books,
        first.chance,
        "" if best is None else best.scorer,
        tuple(rows),
        any(r.scorer == "position only" and _leaks(r.row) for r in rows),
    )


def _rows(
    scores: Sequence[ClosureScore], group: Group
) -> Iterator[tuple[ClosureScore, ClosureRow]]:
    for score in scores:
        row = score.row(group)
        if row is not None:
            yield score, row


def _accuracy(score: ClosureScore, group: Group) -> float:
    row = score.row(group)
    return -1.0 if row is None else row.accuracy


def _is_blind(score: ClosureScore, group: Group) -> bool:
    return all(
        abs(correct - sample.chance) < 1e-9
        for sample, own, correct in zip(score.samples, score.groups, score.correct, strict=True)
        if own == group
    )


def _leaks(row: ClosureRow) -> bool:
    """Say whether a row is above chance by more than the luck of some forty rows explains."""
    half = (row.interval.high - row.interval.low) / 2
    return row.accuracy - row.chance > _LEAK_HALF_WIDTHS * half
