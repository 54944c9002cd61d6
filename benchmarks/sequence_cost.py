"""What stage 4 costs: training at the Stage 4 document's size, and embedding cached features.

    python -m benchmarks.sequence_cost [--steps N] [--threads N] [--precision no|bf16]

Training: 6 layers, 8 heads, 512 wide, feed-forward 2048; sequences of 3 to 16 panels of a corpus of
seeded random unit vectors (what a vector says does not change what it costs), tasks by the
document's weights, batches of 8 and of 32. A part of an epoch is run and its time scaled to 100,000
sequences; memory is the peak of the process over what it had before the model was built, and in
all. Embedding: random features of one book after another through the shipped models, torch loaded
and warm, and through models of the document's size.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.report import REPOSITORY, table, write

from longbox.encoders import COMPOSITION_FEATURES, COMPOSITION_FINGERPRINT
from longbox.features import TEXT_KINDS, BookFeatures, Utterances, no_vectors
from longbox.vectors import PanelVectors, Space, unit

PICTURE, SENTENCE = 256, 384
EPOCH = 100_000


def random_book(seed: int, n_panels: int = 150) -> BookFeatures:
    """Make a book of random vectors: every panel has a picture, two of three have words."""
    rng = np.random.default_rng(seed)

    def space(kind: Space, name: str, size: int, share: float) -> PanelVectors:
        mask = rng.random(n_panels) < share
        rows = unit(rng.standard_normal((n_panels, size))) * mask[:, None]
        return PanelVectors(kind, name, rows, mask)

    text = space(Space.TEXT, "words", SENTENCE, 0.67)
    spoken = np.repeat(np.flatnonzero(text.mask), 2)
    place = rng.random((n_panels, len(COMPOSITION_FEATURES))).astype(np.float32)
    return BookFeatures(
        f"{seed:016x}",
        f"series {seed}",
        "en",
        np.arange(n_panels) // 6,
        np.ones(n_panels, np.bool_),
        space(Space.VISION, "pictures", PICTURE, 1.0),
        text,
        no_vectors(Space.DESCRIPTION, n_panels, SENTENCE),
        PanelVectors(
            Space.COMPOSITION, COMPOSITION_FINGERPRINT, place, np.ones(n_panels, np.bool_)
        ),
        rng.dirichlet(np.ones(len(TEXT_KINDS)), n_panels).astype(np.float32),
        Utterances(
            "words",
            unit(rng.standard_normal((len(spoken), SENTENCE))),
            np.ones(len(spoken), np.bool_),
            rng.integers(0, len(TEXT_KINDS), len(spoken)),
            spoken,
        ),
    )


def peak_mb() -> float:
    """Return the most memory that the process has had, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(x.split()[1]) for x in lines if x.startswith("VmHWM")) / 1024


def train_part(batch_size: int, steps: int, precision: str, threads: int) -> dict[str, Any]:
    """Train part of an epoch in this process."""
    import torch

    from longbox.fusion import FusionEncoder, PanelFusion
    from longbox.learning import Precision, SequenceRun, TrainingData, TrainOptions
    from longbox.learning.fusion_training import begin_from_corpus, fusion_config
    from longbox.learning.loop import Progress, TrainingRun
    from longbox.learning.sequence_training import SampleCounts, SequenceTrainee
    from longbox.sequence import SequenceConfig, Stage4SequenceModel, TaskWeights

    torch.set_num_threads(threads)
    books = [random_book(seed) for seed in range(64)]
    fusion = PanelFusion(fusion_config(books))
    begin_from_corpus(fusion, books, 0)
    weights = {n: t.numpy() for n, t in fusion.state_dict().items()}
    encoder = FusionEncoder(fusion.config, weights, "fusion-random")
    before = peak_mb()
    document = SequenceRun()
    config = SequenceConfig(
        encoder.fingerprint,
        512,
        document.n_layers,
        document.n_heads,
        document.d_feedforward,
    )
    model = Stage4SequenceModel(config)
    counts = SampleCounts(batch_size * steps, batch_size)
    data = TrainingData(books[:-4], books[-4:], {})
    trainee = SequenceTrainee(data, encoder, model, TaskWeights(), counts)
    stamps: list[tuple[int, float]] = []

    def tell(progress: Progress) -> None:
        if progress.losses:
            stamps.append((progress.step, time.perf_counter()))

    options = TrainOptions(
        epochs=1,
        batch_size=batch_size,
        precision=Precision(precision),
        device="cpu",
        checkpoint_steps=10**9,
    )
    with tempfile.TemporaryDirectory() as folder:
        TrainingRun(trainee, Path(folder), options, tell).go()
    (first, begun), (last, ended) = stamps[0], stamps[-1]
    a_step = (ended - begun) / (last - first)
    n_steps = trainee.n_batches(0) * EPOCH / counts.sequences
    return {
        "batch": batch_size,
        "precision": precision,
        "threads": threads,
        "steps timed": last - first,
        "ms a step": 1000 * a_step,
        "minutes for 100,000": a_step * n_steps / 60,
        "peak MB": peak_mb(),
        "peak MB over data": peak_mb() - before,
        "parameters, million": sum(p.numel() for p in model.parameters()) / 1e6,
    }


def embed_speed(threads: int, seconds: float = 8.0) -> list[dict[str, Any]]:
    """Embed random books with models of the shipped and of the document's size."""
    import torch

    from longbox.features import MODALITIES, View
    from longbox.fusion import BulkFusionEncoder, FusionEncoder, PanelFusion
    from longbox.learning.fusion_training import begin_from_corpus, fusion_config
    from longbox.pipeline.panel_model import contextual_of, pages_of, strips_of
    from longbox.sequence import SequenceConfig, Stage4SequenceModel

    torch.set_num_threads(threads)
    books = [random_book(seed, 180) for seed in range(40)]
    fusion = PanelFusion(fusion_config(books))
    begin_from_corpus(fusion, books, 0)
    weights = {n: t.numpy() for n, t in fusion.state_dict().items()}
    encoder = BulkFusionEncoder(FusionEncoder(fusion.config, weights, "fusion-random"))
    narrow = SequenceConfig(encoder.fingerprint, 512, 3, 4, 512, d_hidden=256)
    rows = []
    for name, config in (
        ("shipped size", narrow),
        ("the document's size", SequenceConfig(encoder.fingerprint)),
    ):
        model = Stage4SequenceModel(config).eval()
        n = index = 0
        spent = {"fused": 0.0, "contextual": 0.0, "pages": 0.0}
        with torch.inference_mode():
            encoder.encode(books[0], View(frozenset(MODALITIES)))
            while sum(spent.values()) < seconds:
                book = books[index % len(books)]
                index += 1
                marks = [time.perf_counter()]
                fused = encoder.encode(book, View(frozenset(MODALITIES)))
                marks.append(time.perf_counter())
                contextual = contextual_of(model, fused)
                marks.append(time.perf_counter())
                n_pages = int(book.pages[-1]) + 1
                strips, mask = strips_of(model, contextual, fused.mask, book.pages, n_pages)
                pages_of(model, strips, mask)
                marks.append(time.perf_counter())
                for part, start, end in zip(spent, marks, marks[1:], strict=False):
                    spent[part] += end - start
                n += book.n_panels
        total = sum(spent.values())
        shares = {f"{part}, share": value / total for part, value in spent.items()}
        rows.append({"model": name, "threads": threads, "panels a second": n / total, **shares})
    return rows


def main() -> None:
    """Run every case in a process of its own, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--case", help="for this script's own use: batch:precision")
    asked = parser.parse_args()
    if asked.case:
        batch, precision = asked.case.split(":")
        print(json.dumps(train_part(int(batch), asked.steps, precision, asked.threads)))
        return
    rows = []
    for case in ("8:no", "8:bf16", "32:bf16"):
        command = [sys.executable, "-m", "benchmarks.sequence_cost", "--case", case]
        command += ["--steps", str(asked.steps), "--threads", str(asked.threads)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(table(rows[-1:]), flush=True)
    embedding = embed_speed(asked.threads)
    print(table(embedding))
    write("sequence_cost", {"training": rows, "embedding": embedding})


if __name__ == "__main__":
    main()
