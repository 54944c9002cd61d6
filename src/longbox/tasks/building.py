"""Samples of the seven tasks, drawn from whole books.

What each task shows (facts 4 and 5; ComicsPAP, arXiv 2503.08561; text-cloze, arXiv 2403.03719):

| task | context | candidates |
|---|---|---|
| panel_picking | the panels around a gap anywhere in the window | panels, picture and lettering |
| visual_closure | the panels before, pictures only | pictures only |
| text_closure | the panels before, lettering only | lettering only |
| caption_relevance | the captions of the panel before | panels, picture and lettering |
| text_cloze | the panels before, and the picture of the panel itself | lettering only |
| character_coherence | the panels before | the panel, its balloons in order or exchanged |
| reading_order | | panels, shuffled |

Composition is never shown: a panel's place on the page would give the answer away (the baseline
"position only" watches over it). Windows are 3 to 16 panels of one book, across its pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from longbox.features import View, Wording
from longbox.tasks.pools import Pool, shows
from longbox.tasks.samples import Choice, Corpus, Difficulty, Shown, Shuffled, Task
from longbox.vectors import Space

PICTURE = View(frozenset({Space.VISION}))
WORDS = View(frozenset({Space.TEXT}))
BOTH = View(frozenset({Space.VISION, Space.TEXT}))
CAPTIONS = View(frozenset({Space.TEXT}), Wording.CAPTIONS)
IN_ORDER = View(frozenset({Space.VISION, Space.TEXT}), Wording.IN_ORDER)
SWAPPED = View(frozenset({Space.VISION, Space.TEXT}), Wording.SWAPPED)

LONGEST_WINDOW = 16
LONGEST_ORDER = 8
_CANDIDATES = {Task.TEXT_CLOZE: (3, 3), Task.CHARACTER_COHERENCE: (2, 2)}
_ANY_NUMBER = (4, 6)
_GIVE_UP = 2000  # windows in a row that ask nothing


@dataclass(frozen=True, slots=True)
class _Window:
    """Panels `first` to `last` (after the end) of a book, and which of them is missing."""

    book: int
    first: int
    last: int
    gap: int

    def context(self, view: View, known: NDArray[np.bool_]) -> tuple[tuple[Shown, ...], int]:
        rows = [r for r in range(self.first, self.last) if r != self.gap and known[r]]
        before = sum(r < self.gap for r in rows)
        return tuple(Shown(self.book, r, view) for r in rows), before


def task_views(task: Task) -> tuple[View, View]:
    """Return what a task shows of its context and of its candidates."""
    return {
        Task.PANEL_PICKING: (BOTH, BOTH),
        Task.CHARACTER_COHERENCE: (BOTH, IN_ORDER),
        Task.VISUAL_CLOSURE: (PICTURE, PICTURE),
        Task.TEXT_CLOSURE: (WORDS, WORDS),
        Task.CAPTION_RELEVANCE: (CAPTIONS, BOTH),
        Task.TEXT_CLOZE: (BOTH, WORDS),
        Task.READING_ORDER: (BOTH, BOTH),
    }[task]


def closure_samples(
    corpus: Corpus,
    task: Task,
    difficulty: Difficulty,
    n: int,
    rng: np.random.Generator,
    view: View | None = None,
) -> list[Choice]:
    """Draw samples of a task.

    Args:
        corpus: The books.
        task: Any but READING_ORDER.
        difficulty: Where wrong candidates come from; coherence has only HARD.
        n: How many at most; fewer where the corpus has no room for them.
        rng: What chooses.
        view: Shows these modalities instead of the task's own, of context and candidates; only
            for tasks whose candidates are whole panels (panel_picking, caption_relevance).

    Returns:
        Samples; none where no panel can be asked about.

    Raises:
        ValueError: The task is READING_ORDER, or a view was given for a task that has its own.
        SpaceMismatchError: The books were made by different encoders.
    """
    if task is Task.READING_ORDER:
        raise ValueError("reading order has no candidates; use order_samples")
    if view is not None and task not in (Task.PANEL_PICKING, Task.CAPTION_RELEVANCE):
        raise ValueError(f"{task} says itself what is shown; a view is for whole panels")
    _require_no_place(view)
    if task is Task.CHARACTER_COHERENCE and difficulty is Difficulty.EASY:
        return []
    return list(_Builder(corpus, task, difficulty, view).draw(n, rng))


def training_samples(
    corpus: Corpus,
    task: Task,
    difficulty: Difficulty,
    n: int,
    rng: np.random.Generator,
    n_candidates: tuple[int, int] = (8, 16),
) -> list[Choice]:
    """Draw samples to learn from: as `closure_samples`, with more candidates, which teach more.

    Args:
        corpus: The books.
        task: Any but READING_ORDER.
        difficulty: Where wrong candidates come from.
        n: How many at most.
        rng: What chooses.
        n_candidates: Least and most; coherence always has 2.
    """
    builder = _Builder(corpus, task, difficulty, None)
    if task is not Task.CHARACTER_COHERENCE:
        builder.n_candidates = n_candidates
    return list(builder.draw(n, rng))


def order_samples(
    corpus: Corpus, n: int, rng: np.random.Generator, view: View | None = None
) -> list[Shuffled]:
    """Draw shuffled windows of 3 to 8 panels, without positions or composition.

    Raises:
        ValueError: The view shows composition.
    """
    _require_no_place(view)
    pool = Pool(corpus, view or BOTH)
    runs = _Runs(pool.runs(3))
    samples: list[Shuffled] = []
    n_failed = 0
    while runs and len(samples) < n and n_failed < _GIVE_UP:
        n_failed += 1
        book, first, last = runs.draw(rng)
        length = min(int(rng.integers(3, LONGEST_ORDER + 1)), last - first)
        start = int(rng.integers(first, last - length + 1))
        rows = [r for r in range(start, start + length) if pool.known[book][r]]
        if len(rows) < 3:
            continue
        places = rng.permutation(len(rows))
        shown = tuple(Shown(book, rows[p], pool.view) for p in places)
        samples.append(Shuffled(shown, tuple(int(p) for p in places)))
        n_failed = 0
    return samples


class _Runs:
    """Runs of story panels, drawn as often as they are long."""

    def __init__(self, runs: list[tuple[int, int, int]]) -> None:
        self._runs = runs
        lengths = np.array([last - first for _, first, last in runs], np.float64)
        self._edges = np.cumsum(lengths)

    def __bool__(self) -> bool:
        return bool(self._runs)

    def draw(self, rng: np.random.Generator) -> tuple[int, int, int]:
        at = rng.uniform(0, self._edges[-1])
        return self._runs[int(np.searchsorted(self._edges, at, side="right"))]


def _require_no_place(view: View | None) -> None:
    if view is not None and Space.COMPOSITION in view.modalities:
        raise ValueError("a panel's place on its page gives answers away; show no composition")


@dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """Panels that can be asked about, each with the run it stands in: int64 (A,) each."""

    books: NDArray[np.int64]
    rows: NDArray[np.int64]
    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        runs: list[tuple[int, int, int]],
        targets: Sequence[NDArray[np.bool_]],
        n_before: int,
    ) -> _Answers:
        """Gather the targets that have at least so many panels of their run before them."""
        found = [np.zeros((0, 4), np.int64)]
        for book, first, last in runs:
            rows = np.flatnonzero(targets[book][first + n_before : last]) + first + n_before
            around = np.array([[book, first, last]]).repeat(len(rows), axis=0)
            found.append(np.column_stack([around[:, 0], rows, around[:, 1:]]))
        table = np.concatenate(found)
        return cls(table[:, 0], table[:, 1], table[:, 2], table[:, 3])

    def __len__(self) -> int:
        return len(self.books)


class _Builder:
    """Draws the samples of one task and difficulty."""

    def __init__(
        self, corpus: Corpus, task: Task, difficulty: Difficulty, view: View | None
    ) -> None:
        around, offered = task_views(task)
        if view is not None:
            offered = replace(offered, modalities=view.modalities)
            around = around if task is Task.CAPTION_RELEVANCE else offered
        self._corpus, self._task, self._difficulty = corpus, task, difficulty
        self._around, self._pool = around, Pool(corpus, offered)
        self.n_candidates = _CANDIDATES.get(task, _ANY_NUMBER)
        self._known = [shows(book, around) & book.is_story for book in corpus]
        targets = self._pool.known
        if task is Task.TEXT_CLOZE:
            pictures = [shows(book, PICTURE) for book in corpus]
            targets = [t & p for t, p in zip(targets, pictures, strict=True)]
        if task is Task.CHARACTER_COHERENCE:
            targets = [shows(book, SWAPPED) & book.is_story for book in corpus]
        if task is Task.CAPTION_RELEVANCE:
            told = [np.r_[False, known[:-1]] for known in self._known]
            targets = [t & k for t, k in zip(targets, told, strict=True)]
        n_least = 2 if task is Task.CAPTION_RELEVANCE else 3
        n_before = 0 if task is Task.PANEL_PICKING else n_least - 1
        self._answers = _Answers.of(self._pool.runs(n_least), targets, n_before)

    def draw(self, n: int, rng: np.random.Generator) -> Iterator[Choice]:
        """Yield at most n samples."""
        if not len(self._answers):
            return
        if self._task is Task.CHARACTER_COHERENCE and self._difficulty is Difficulty.EASY:
            return
        n_drawn = n_failed = 0
        while n_drawn < n and n_failed < _GIVE_UP:
            sample = self._sample(rng)
            if sample is None:
                n_failed += 1
                continue
            n_drawn, n_failed = n_drawn + 1, 0
            yield sample

    def _sample(self, rng: np.random.Generator) -> Choice | None:
        window = self._window(rng)
        context, gap = window.context(self._around, self._known[window.book])
        if len(context) < (1 if self._task is Task.CAPTION_RELEVANCE else 2):
            return None
        if self._task is Task.CHARACTER_COHERENCE:
            offered = [Shown(window.book, window.gap, v) for v in (IN_ORDER, SWAPPED)]
        else:
            offered = self._offered(window, rng)
        if len(offered) < 2:
            return None
        places = rng.permutation(len(offered))
        candidates = tuple(offered[p] for p in places)
        cue = Shown(window.book, window.gap, PICTURE) if self._task is Task.TEXT_CLOZE else None
        answer = int(np.flatnonzero(places == 0)[0])
        return Choice(self._task, self._difficulty, context, gap, candidates, answer, cue)

    def _window(self, rng: np.random.Generator) -> _Window:
        """Choose a panel, every one as likely, and a window that it is missing from."""
        known, at = self._answers, int(rng.integers(len(self._answers)))
        book, row = int(known.books[at]), int(known.rows[at])
        first, last = int(known.firsts[at]), int(known.lasts[at])
        if self._task is Task.CAPTION_RELEVANCE:
            return _Window(book, row - 1, row + 1, row)
        if self._task is not Task.PANEL_PICKING:
            last = row + 1
        longest = min(LONGEST_WINDOW, last - first)
        # short windows as often as long ones twice their length
        length = min(int(np.exp(rng.uniform(np.log(3), np.log(longest + 1)))), longest)
        start = int(rng.integers(max(first, row - length + 1), min(row, last - length) + 1))
        return _Window(book, start, start + length, row)

    def _offered(self, window: _Window, rng: np.random.Generator) -> list[Shown]:
        """Return the right candidate first, then as many wrong ones as there are."""
        least, most = self.n_candidates
        n_wrong = int(rng.integers(least, most + 1)) - 1
        answer = (window.book, window.gap)
        span = (window.first, window.last)
        wrong = self._pool.wrong(answer, span, n_wrong, self._difficulty, rng)
        return [Shown(b, r, self._pool.view) for b, r in (answer, *wrong)]
