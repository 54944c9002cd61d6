"""Trains the small models of stages 3 and 4 that ship with Longbox, and the first version.

    python -m training.story_books build/stories             # draw (once)
    python -m training.corpora build/stories --cache build/features
    python -m training.understanding --cache build/features fusion sequence closure-lite

Data: drawn story books, the train works of the real comics in every language, and, for stage 4, the
lettering-only episodes of spoken dialogue. Works that are held out of train choose the checkpoint;
val works and the benchmark's seeds are never read here. A run goes on where it stopped; the best
checkpoint is copied into the package.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from longbox.features import BookFeatures
from longbox.fusion import open_fusion
from longbox.learning import (
    FusionRun,
    Precision,
    Progress,
    SequenceRun,
    TrainingData,
    TrainOptions,
    train_closure_lite,
    train_fusion,
    train_sequence,
)
from longbox.learning.anchoring import Kinds, anchor_saved
from longbox.model_files import CARD_NAME, WEIGHTS_NAME
from training.corpora import Corpora, load_corpora

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "src" / "longbox"
RUNS = REPOSITORY / "build" / "runs"
CREDITS = (
    "CC BY 4.0: David Revoy (Pepper&Carrot); CC BY-SA: Nina Paley and J. Dearing, Camille Bissuel, "
    "why the lucky stiff; CRD3 (Rameshkumar and Bailey 2020). Only trained weights are kept."
)
_TUNE_DRAWN = 12
_SPOKEN = 24


def shipped_sequence(fusion: Path, sequences: int) -> SequenceRun:
    """Return the settings of the stage 4 model that ships: narrow, so that it is small."""
    return SequenceRun(
        fusion=fusion,
        n_layers=3,
        n_heads=4,
        d_hidden=256,
        d_feedforward=512,
        sequences=sequences,
    )


def data_for(kind: str, corpora: Corpora, spoken: int = _SPOKEN) -> TrainingData:
    """Choose the books of a run.

    Real books are few beside drawn ones, so they are taken three times. Validation books are drawn
    and real in about equal parts.
    """
    train: list[BookFeatures] = [*corpora.drawn, *(corpora.real * 3)]
    if kind == "sequence":
        train += corpora.spoken[:spoken]
    tune = [*corpora.drawn_tune[:_TUNE_DRAWN], *corpora.real_tune]
    return TrainingData(train, tune, _about(train, corpora, kind, spoken))


def _about(
    train: Sequence[BookFeatures], corpora: Corpora, kind: str, spoken: int
) -> dict[str, object]:
    return {
        "drawn books": len(corpora.drawn),
        "real books": len(corpora.real),
        "spoken episodes": min(spoken, len(corpora.spoken)) if kind == "sequence" else 0,
        "panels": sum(b.n_panels for b in train),
        "credits": CREDITS,
    }


def tell(progress: Progress) -> None:
    """Print losses beside their chance marks."""
    if progress.losses and progress.step % 200 == 0:
        said = ", ".join(f"{v.name} {v.value:.3f}/{v.chance:.2f}" for v in progress.losses)
        print(f"{progress.step} of {progress.n_steps}: {said}", flush=True)
    if progress.validation is not None:
        parts = progress.validation.parts
        said = ", ".join(f"{v.name} {v.value:.3f}/{v.chance:.2f}" for v in parts)
        print(f"   validation {progress.validation.score:.4f}: {said}", flush=True)
    if progress.warning:
        print(f"   {progress.warning}", flush=True)


def settle(run: Path, fusion: Path, corpora: Corpora) -> None:
    """Anchor the model: most of what it learned on is drawn, most of what it will read is not."""
    learned = Kinds(corpora.drawn[:200], [*corpora.real, *corpora.spoken[:12]])
    tune = Kinds(corpora.drawn_tune, corpora.real_tune)
    anchor_saved(run, open_fusion(fusion), tune, learned)


def ship(run: Path, room: str) -> None:
    """Copy the best model of a run into the package."""
    target = PACKAGE / room / "weights"
    target.mkdir(parents=True, exist_ok=True)
    for name in (WEIGHTS_NAME, CARD_NAME):
        shutil.copyfile(run / name, target / name)
    print(f"{target}: {(target / WEIGHTS_NAME).stat().st_size / 1e6:.1f} MB")


def main() -> None:
    """Train what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="+", choices=("fusion", "sequence", "closure-lite"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--drawn", type=int, help="drawn books at most")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--sequences", type=int, default=30_000, help="of an epoch")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    corpora = load_corpora(asked.cache, asked.drawn)
    for kind in asked.kinds:
        data, folder = data_for(kind, corpora), asked.runs / kind
        if kind == "fusion":
            options = TrainOptions(epochs=asked.epochs, batch_size=128, patience=3, device="cpu")
            train_fusion(data, folder, FusionRun(), options, tell)
            ship(folder, "fusion")
        elif kind == "sequence":
            options = TrainOptions(
                epochs=asked.epochs,
                learning_rate=1e-3,
                patience=4,
                validations=2,
                precision=Precision.BFLOAT16,
                device="cpu",
            )
            run = shipped_sequence(asked.runs / "fusion", asked.sequences)
            train_sequence(data, folder, run, options, tell)
            settle(folder, asked.runs / "fusion", corpora)
            ship(folder, "sequence")
        else:
            options = TrainOptions(epochs=asked.epochs, batch_size=32, patience=3, device="cpu")
            train_closure_lite(data, folder, options, tell)
            ship(folder, "closure_lite")


if __name__ == "__main__":
    main()
