"""How often a scorer picks the right candidate, and how sure that figure is.

Per task, difficulty and view: accuracy, the chance of the very same samples, and an interval. What
a table of closure scores is most often fooled by is settled here, not left to the scorer:

- ties: where the best score is shared by m candidates, the right one among them counts 1 / m, so a
  constant scorer gets chance and not the share of answers that stand first. Scores that differ by
  no more than rounding of float32 are ties.
- chance is 1 / K of each sample, averaged; K may vary.
- a sample that gives itself away is refused: a candidate twice, a candidate in the context, fewer
  than two candidates.
- a score that is not finite is an error, not a wrong answer.
- two scorers are compared on the same samples, by the interval of the difference (paired).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.evaluation.intervals import Interval, interval
from longbox.tasks import Choice, Corpus, Difficulty, Scorer, Shown, Task

# Float32 steps at the largest score: what two orders of adding up the same numbers differ by.
_ROUNDING_STEPS = 8


@dataclass(frozen=True, slots=True)
class Group:
    """A row of a closure table: samples of one task and difficulty that show the same."""

    task: Task
    difficulty: Difficulty
    view: str


@dataclass(frozen=True, slots=True)
class ClosureRow:
    """What a scorer got in one group.

    Attributes:
        n: Samples.
        n_books: Books that the right answers are from.
        accuracy: Expected accuracy over ties.
        chance: Mean of the samples' own chances.
        interval: Of the accuracy, 95 %.
    """

    group: Group
    n: int
    n_books: int
    accuracy: float
    chance: float
    interval: Interval


@dataclass(frozen=True, slots=True, eq=False)
class ClosureScore:
    """What a scorer got in every sample and group.

    Attributes:
        scorer: Its name.
        rows: One a group, in the order in which the samples name them.
        samples: What was asked.
        groups: The group of each sample.
        correct: Expected correctness of each sample: 1, 0 or 1 / m of m tied, float64 (S,).
    """

    scorer: str
    rows: tuple[ClosureRow, ...]
    samples: tuple[Choice, ...]
    groups: tuple[Group, ...]
    correct: NDArray[np.float64]

    def row(self, group: Group) -> ClosureRow | None:
        """Return the row of a group, None where it has no sample."""
        return next((r for r in self.rows if r.group == group), None)


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much one scorer beats another on the same samples, with its paired interval."""

    n: int
    difference: float
    interval: Interval


def score_choices(
    scorer: Scorer, corpus: Corpus, samples: Sequence[Choice], seed: int = 0
) -> ClosureScore:
    """Ask a scorer, and score its answers per task, difficulty and view.

    Raises:
        ValueError: A sample gives itself away or asks nothing (see `check_choices`).
        ModelError: The scorer answered with a wrong number of scores, or one that is not finite.
    """
    check_choices(corpus, samples)
    answers = scorer.choose(corpus, samples) if samples else []
    correct = correctness(scorer.name, samples, answers)
    groups = tuple(group_of(sample) for sample in samples)
    rows = []
    for group, at in _by_group(groups):
        books = np.array([book_of(samples[i]) for i in at])
        rows.append(
            ClosureRow(
                group,
                len(at),
                len(np.unique(books)),
                float(correct[at].mean()),
                float(np.mean([samples[i].chance for i in at])),
                interval(correct[at], books, seed=seed),
            )
        )
    return ClosureScore(scorer.name, tuple(rows), tuple(samples), groups, correct)


def compare(
    a: ClosureScore, b: ClosureScore, group: Group | None = None, seed: int = 0
) -> Difference:
    """Say by how much `a` beats `b`; pairs are drawn, so that hard samples are hard for both.

    Args:
        a: One scorer's answers.
        b: Another's, to the same samples.
        group: Only these samples; all of them when None.
        seed: Of the draws.

    Raises:
        ValueError: They answered different samples.
    """
    if a.samples is not b.samples and a.samples != b.samples:
        raise ValueError(f"{a.scorer} and {b.scorer} were asked different samples")
    at = [i for i, own in enumerate(a.groups) if group is None or own == group]
    gain = a.correct[at] - b.correct[at]
    books = np.array([book_of(a.samples[i]) for i in at], np.int64)
    mean = float(gain.mean()) if at else float("nan")
    return Difference(len(at), mean, interval(gain, books, bounds=(-1.0, 1.0), seed=seed))


def correctness(
    name: str, samples: Sequence[Choice], answers: Sequence[NDArray[Any]]
) -> NDArray[np.float64]:
    """Return the expected correctness of every answer, float64 (S,).

    Raises:
        ModelError: The answers do not fit the samples, or a score is not finite.
    """
    if len(answers) != len(samples):
        raise ModelError(f"{name}: {len(answers)} answers to {len(samples)} samples")
    correct = np.zeros(len(samples))
    for i, (sample, answer) in enumerate(zip(samples, answers, strict=True)):
        scores = np.asarray(answer, np.float64)
        if scores.shape != (len(sample.candidates),):
            raise ModelError(
                f"{name}: sample {i + 1} ({sample.task}) has {len(sample.candidates)} candidates, "
                f"its scores the shape {scores.shape}"
            )
        if not np.isfinite(scores).all():
            raise ModelError(f"{name}: a score of sample {i + 1} ({sample.task}) is not finite")
        best = scores >= scores.max() - rounding(scores)
        correct[i] = best[sample.answer] / best.sum()
    return correct


def rounding(scores: NDArray[Any]) -> float:
    """Return the difference below which two scores are the same."""
    largest = np.float32(min(float(np.abs(scores).max(initial=0.0)), 1e38))
    return float(_ROUNDING_STEPS * np.spacing(largest))


def check_choices(corpus: Corpus, samples: Sequence[Choice]) -> None:
    """Refuse samples that can be answered without understanding, or not at all.

    Raises:
        ValueError: Fewer than two candidates, one twice, one that the context shows, an answer or
            a panel that does not exist.
    """
    for i, sample in enumerate(samples):
        place = f"sample {i + 1} ({sample.task}, {sample.difficulty})"
        n = len(sample.candidates)
        if n < 2 or not 0 <= sample.answer < n:
            raise ValueError(f"{place}: the answer is number {sample.answer + 1} of {n}")
        if not 0 <= sample.gap <= len(sample.context):
            raise ValueError(f"{place}: the gap is outside the context")
        if len(set(sample.candidates)) < n:
            raise ValueError(f"{place}: a candidate is there twice, which changes its chance")
        context = {(s.book, s.row) for s in sample.context}
        if any((s.book, s.row) in context for s in sample.candidates):
            raise ValueError(f"{place}: a candidate is in the context, so it rules itself out")
        cue = () if sample.cue is None else (sample.cue,)
        for shown in (*sample.context, *sample.candidates, *cue):
            require_panel(corpus, shown, place)


def require_panel(corpus: Corpus, shown: Shown, place: str) -> None:
    """Refuse a panel that the corpus does not have.

    Raises:
        ValueError: There is no such book or row.
    """
    if not (0 <= shown.book < len(corpus) and 0 <= shown.row < corpus[shown.book].n_panels):
        raise ValueError(f"{place}: book {shown.book} has no panel {shown.row} in this corpus")


def by_group(samples: Sequence[Choice]) -> Iterator[tuple[Group, list[int]]]:
    """Yield every group with the indices of its samples."""
    yield from _by_group([group_of(sample) for sample in samples])


def _by_group(of_each: Sequence[Group]) -> Iterator[tuple[Group, list[int]]]:
    """Yield every group with the indices of its samples."""
    groups: dict[Group, list[int]] = {}
    for i, group in enumerate(of_each):
        groups.setdefault(group, []).append(i)
    yield from groups.items()


def group_of(sample: Choice) -> Group:
    """Return the row of the table that a sample counts in."""
    return Group(sample.task, sample.difficulty, view_name(sample))


def view_name(sample: Choice) -> str:
    """Name what a sample shows: of its context, its cue and its candidates where they differ."""
    context, candidates = views_of(sample.context), views_of(sample.candidates)
    name = candidates if context in (candidates, "") else f"{context} > {candidates}"
    return name if sample.cue is None else f"{name}, cue {sample.cue.view.name}"


def views_of(panels: Sequence[Shown]) -> str:
    """Name the views of panels, sorted so that the name tells nothing of their order."""
    return " / ".join(sorted({view.name for view in {s.view for s in panels}}))


def book_of(sample: Choice) -> int:
    """Return the book that a sample is drawn from: that of its answer."""
    return sample.candidates[sample.answer].book
