"""What more stories would give: closure on unseen drawn books after 100 to 100,000 sequences.

    python -m benchmarks.learning_curve --cache build/features --fusion DIR [--most N]

One model of the shipped size is trained anew for every number of sequences, on the same fusion
model: n sequences are drawn once from all training books and repeated, 30,000 in all and at most 60
times, or once where there are more. Scored on drawn books of seeds that
nothing was trained or chosen on, hard candidates, beside the best untrained baseline of each task.
A line through accuracy over log(n) says what ten times the stories would give.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.report import table, write
from training.corpora import load_corpora
from training.understanding import shipped_sequence

from longbox.evaluation import score_choices, score_orders, untrained_scorers
from longbox.fusion import open_fusion
from longbox.learning import (
    Precision,
    SequenceRun,
    SequenceScorer,
    TrainingData,
    TrainOptions,
    train_sequence,
)
from longbox.sequence import load_sequence
from longbox.tasks import Difficulty, Task, closure_samples, order_samples

SIZES = (100, 1_000, 10_000, 100_000)
MOST_PASSES = 60
SEED = 77


def main() -> None:
    """Train, score, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--fusion", type=Path, required=True)
    parser.add_argument("--most", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--sequences-seen", type=int, default=30_000)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    corpora = load_corpora(asked.cache)
    books = corpora.drawn_test
    rng = np.random.default_rng(SEED)
    tests = {
        task: closure_samples(books, task, Difficulty.HARD, asked.samples, rng)
        for task in Task
        if task is not Task.READING_ORDER
    }
    orders = order_samples(books, asked.samples, rng)
    rows: list[dict[str, Any]] = [_baseline(books, tests)]
    encoder = open_fusion(asked.fusion)
    for size in (s for s in SIZES if s <= asked.most):
        with tempfile.TemporaryDirectory() as folder:
            run = replace(shipped_sequence(asked.fusion, size), is_fixed=True)
            _train(corpora.drawn, corpora.drawn_tune[:10], Path(folder), run, asked.sequences_seen)
            model, _ = load_sequence(Path(folder))
        scorer = SequenceScorer(model, encoder)
        row: dict[str, Any] = {"sequences": size}
        for task, samples in tests.items():
            row[task.value] = score_choices(scorer, books, samples).rows[0].accuracy
        row["reading_order"] = score_orders(scorer, books, orders).rows[0].pairwise.value
        rows.append(row)
        print(table(rows), flush=True)
    slopes = _slopes([r for r in rows if isinstance(r["sequences"], int)])
    print(table([slopes]))
    write("learning_curve", {"rows": rows, "points for ten times as many": slopes})


def _train(train: Any, tune: Any, folder: Path, run: SequenceRun, seen: int) -> None:
    options = TrainOptions(
        epochs=min(MOST_PASSES, max(1, seen // run.sequences)),
        learning_rate=1e-3,
        patience=0,
        precision=Precision.BFLOAT16,
        device="cpu",
        checkpoint_steps=10**9,
    )
    train_sequence(TrainingData(train, tune, {}), folder, run, options, lambda _: None)


def _baseline(books: Any, tests: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"sequences": "best untrained"}
    for task, samples in tests.items():
        found = [score_choices(s, books, samples).rows[0].accuracy for s in untrained_scorers()]
        row[task.value] = max(found)
    return row | {"reading_order": 0.5}


def _slopes(rows: list[dict[str, Any]]) -> dict[str, Any]:
    x = np.log10([r["sequences"] for r in rows])
    tasks = [k for k in rows[0] if k != "sequences"]
    return {task: float(np.polyfit(x, [r[task] for r in rows], 1)[0]) for task in tasks}


if __name__ == "__main__":
    main()
