"""Closure and reading order on whole books that training never saw: baselines, v1, stages 3 and 4.

    python -m benchmarks.understanding --cache build/features [--models DIR] [--samples N]

The cache is that of training/corpora.py. Two corpora: the val works of the real comics, and drawn
books of seeds from TEST_SEED on. Every task by difficulty, and panel picking also by what is shown;
every scorer answers the same samples. Chance is the mean of the samples' own. Intervals are 95 %
bootstrap, by book where there are five; the difference of each trained scorer from the best
untrained baseline of its table is paired. The best baseline is chosen with the scores in hand, so
it is flattered, and the trained ones are not.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.report import table, write
from training.corpora import load_corpora

from longbox.evaluation import (
    ClosureScore,
    compare,
    leak_probe,
    score_choices,
    score_orders,
    untrained_orderers,
    untrained_scorers,
)
from longbox.features import BookFeatures, View
from longbox.learning import scorers
from longbox.tasks import (
    PICTURE,
    WORDS,
    Choice,
    Difficulty,
    Scorer,
    Task,
    closure_samples,
    order_samples,
)
from longbox.vectors import Space

DESCRIBED = View(frozenset({Space.VISION, Space.TEXT, Space.DESCRIPTION}))
SEED = 20_261
SUBSETS = (PICTURE, WORDS, DESCRIBED)
Rows = list[dict[str, Any]]


def samples_of(books: Sequence[BookFeatures], n: int) -> list[list[Choice]]:
    """Draw the samples of every table."""
    rng = np.random.default_rng(SEED)
    tables = []
    for task in Task:
        if task is Task.READING_ORDER:
            continue
        for difficulty in Difficulty:
            views = (None, *SUBSETS) if task is Task.PANEL_PICKING else (None,)
            for view in views:
                drawn = closure_samples(books, task, difficulty, n, rng, view)
                if drawn:
                    tables.append(drawn)
    return tables


def closure_rows(
    name: str, books: Sequence[BookFeatures], n: int, trained: Sequence[Scorer]
) -> Rows:
    """Score every table of a corpus."""
    rows: Rows = []
    for samples in samples_of(books, n):
        baselines = [score_choices(s, books, samples) for s in untrained_scorers()]
        own = [score_choices(s, books, samples) for s in trained]
        best = max(baselines, key=lambda s: s.rows[0].accuracy)
        asked = len({(s.candidates[s.answer].book, s.candidates[s.answer].row) for s in samples})
        for score in (best, *own):
            rows.append(_row(name, asked, score, None if score is best else best))
        for score in baselines:
            if score is not best:
                rows.append(_row(name, asked, score, None) | {"beside": True})
    return rows


def _row(corpus: str, asked: int, score: ClosureScore, best: ClosureScore | None) -> dict[str, Any]:
    row = score.rows[0]
    gain = compare(score, best) if best is not None else None
    return {
        "corpus": corpus,
        "task": row.group.task.value,
        "difficulty": row.group.difficulty.value,
        "view": row.group.view,
        "scorer": score.scorer,
        "n": row.n,
        "panels asked": asked,
        "accuracy": row.accuracy,
        "low": row.interval.low,
        "high": row.interval.high,
        "chance": row.chance,
        "over baseline": gain.difference if gain else None,
        "gain low": gain.interval.low if gain else None,
        "gain high": gain.interval.high if gain else None,
    }


def order_rows(name: str, books: Sequence[BookFeatures], n: int, trained: Sequence[Scorer]) -> Rows:
    """Score reading order from content alone."""
    samples = order_samples(books, n, np.random.default_rng(SEED))
    rows: Rows = []
    for scorer in (*untrained_orderers(), *trained):
        for row in score_orders(scorer, books, samples).rows:
            rows.append(
                {
                    "corpus": name,
                    "scorer": scorer.name,
                    "n": row.n,
                    "pairwise": row.pairwise.value,
                    "low": row.pairwise.interval.low,
                    "high": row.pairwise.interval.high,
                    "chance": row.pairwise.chance,
                    "exact": row.exact.value,
                    "exact chance": row.exact.chance,
                }
            )
    return rows


def leak_rows(books: Sequence[BookFeatures], trained: Sequence[Scorer]) -> Rows:
    """Ask every trained scorer about random vectors: each task must be at chance."""
    rng = np.random.default_rng(SEED)
    samples = [s for some in samples_of(books, 200) for s in some]
    every = [*samples, *order_samples(books, 200, rng)]
    rows: Rows = []
    for scorer in trained:
        for found in leak_probe(scorer, every, books, seed=SEED):
            rows.append(
                {
                    "scorer": scorer.name,
                    "group": found.group,
                    "n": found.n,
                    "accuracy": found.accuracy,
                    "chance": found.chance,
                    "low": found.low,
                    "high": found.high,
                    "at chance": found.is_chance,
                }
            )
    return rows


def main() -> None:
    """Measure, print the tables, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--models", type=Path, help="a models folder; the shipped models if none")
    parser.add_argument("--samples", type=int, default=600)
    parser.add_argument("--output", default="understanding")
    asked = parser.parse_args()
    corpora = load_corpora(asked.cache, 0)
    trained = scorers(asked.models)
    closure: Rows = []
    order: Rows = []
    for name, books in (("real val", corpora.real_val), ("drawn", corpora.drawn_test)):
        found = closure_rows(name, books, asked.samples, trained)
        print(table([r for r in found if not r.get("beside")]), flush=True)
        closure += found
        some = order_rows(name, books, asked.samples, trained)
        print(table(some), flush=True)
        order += some
    leaks = leak_rows(corpora.drawn_test[:40], trained)
    print(table(leaks))
    result = {"seed": SEED, "closure": closure, "order": order, "leaks": leaks}
    write(asked.output, result)


if __name__ == "__main__":
    main()
