"""How much of the plain cosine a trained model keeps, task by task and comic by comic.

What stage 4 learns on many drawn stories holds for more of them, but not all of it for other
comics, and where it does not, the cosine it began from is the better guess. So after training each
head is given a share of that cosine, one for contexts like those it learned on and one for others;
a linear classifier of the context says which is which. Shares are chosen on books the model did not
learn from, the classifier on those it did. Ten numbers and a direction; it costs nothing in use.

Where a model is trained on one shelf there is one kind of comic: the two shares are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.fusion import FusionEncoder
from longbox.learning.sequence_objective import context_of, head_scores, plain_cosines
from longbox.learning.strips import StripBatch, strip_batch
from longbox.learning.tables import FusedTables
from longbox.model_files import read_card
from longbox.sequence import ANCHORED, Stage4SequenceModel, load_sequence, save_sequence
from longbox.tasks import Choice, Corpus, Difficulty, Task, closure_samples

GRID = (0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0)
_SAMPLES = 400
_CONTEXTS = 1200
_AT_ONCE = 64
_LEAST = 40  # different panels asked about; fewer say nothing
_SHOWN = (Task.PANEL_PICKING, Task.VISUAL_CLOSURE, Task.TEXT_CLOSURE)


@dataclass(frozen=True, slots=True)
class Kinds:
    """Books of two kinds: like most of what a model learned on, and unlike it."""

    familiar: Corpus
    strange: Corpus


def anchor(
    model: Stage4SequenceModel, fusion: FusionEncoder, tune: Corpus, seed: int = 0
) -> dict[str, float]:
    """Choose the anchors of a model that knows one kind of comic, and set them.

    Args:
        model: Trained.
        fusion: Whose vectors it reads.
        tune: Books it did not learn from.
        seed: Of the samples.

    Returns:
        The anchor of every task; 0 where too little could be asked.
    """
    chosen = _best(model, fusion, tune, seed)
    model.anchors[:] = torch.tensor(chosen)
    return dict(zip(ANCHORED, chosen, strict=True))


def anchor_two_kinds(
    model: Stage4SequenceModel, fusion: FusionEncoder, learned: Kinds, tune: Kinds, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Choose the anchors of a model that learned on two kinds of comics, and set them.

    Args:
        model: Trained.
        fusion: Whose vectors it reads.
        learned: Books it learned from: what familiar and strange mean.
        tune: Books it did not learn from.
        seed: Of the samples.

    Returns:
        The anchors of every task, strange and familiar.
    """
    from sklearn.linear_model import LogisticRegression

    familiar = _contexts(learned.familiar, fusion, seed)
    strange = _contexts(learned.strange, fusion, seed)
    rows = np.concatenate([familiar, strange])
    is_familiar = np.arange(len(rows)) < len(familiar)
    # Strong enough a penalty that an unseen kind of comic is not called familiar by chance.
    found = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000).fit(rows, is_familiar)
    model.familiar_weight.copy_(torch.from_numpy(found.coef_[0]))
    model.familiar_bias.copy_(torch.tensor(float(found.intercept_[0])))
    chosen = [_best(model, fusion, corpus, seed) for corpus in (tune.strange, tune.familiar)]
    model.anchors.copy_(torch.tensor(chosen))
    return {n: (s, f) for n, s, f in zip(ANCHORED, *chosen, strict=True)}


def _contexts(corpus: Corpus, fusion: FusionEncoder, seed: int) -> NDArray[np.float32]:
    """Return what samples show around their gap: pictures, lettering, and both."""
    tables = FusedTables(corpus, fusion)
    rng = np.random.default_rng((seed, 4))
    found = [np.zeros((0, tables.dimension), np.float32)]
    for task in _SHOWN:
        samples = closure_samples(corpus, task, Difficulty.HARD, _CONTEXTS, rng)
        for first in range(0, len(samples), _AT_ONCE):
            found.append(context_of(strip_batch(tables, samples[first : first + _AT_ONCE])).numpy())
    return np.concatenate(found)


def _best(
    model: Stage4SequenceModel, fusion: FusionEncoder, corpus: Corpus, seed: int
) -> list[float]:
    """Return for every task the number of the grid with the best mean accuracy; ties go low."""
    model.eval()
    tables = FusedTables(corpus, fusion)
    chosen = []
    for name in ANCHORED:
        rng = np.random.default_rng((seed, 3))
        asked = [
            closure_samples(corpus, Task(name), difficulty, _SAMPLES, rng)
            for difficulty in Difficulty
        ]
        curves = [_curve(model, tables, samples) for samples in asked if _is_enough(samples)]
        chosen.append(GRID[int(np.argmax(np.mean(curves, axis=0)))] if curves else 0.0)
    return chosen


def _is_enough(samples: Sequence[Choice]) -> bool:
    asked = {(s.candidates[s.answer].book, s.candidates[s.answer].row) for s in samples}
    return len(asked) >= _LEAST


def _curve(
    model: Stage4SequenceModel, tables: FusedTables, samples: Sequence[Choice]
) -> NDArray[np.float64]:
    """Return the accuracy with every anchor of the grid."""
    right = np.zeros(len(GRID))
    for first in range(0, len(samples), _AT_ONCE):
        right += _right(model, strip_batch(tables, samples[first : first + _AT_ONCE]))
    return right / len(samples)


def _right(model: Stage4SequenceModel, batch: StripBatch) -> NDArray[np.float64]:
    with torch.inference_mode():
        head, cosine = head_scores(model, batch), plain_cosines(model, batch)
        found = []
        for weight in GRID:
            scores = (head + weight * cosine).masked_fill(~batch.offered, -1e9)
            found.append(float((scores.argmax(dim=1) == batch.answers).sum()))
    return np.array(found)


def anchor_saved(
    folder: Path, fusion: FusionEncoder, tune: Corpus | Kinds, learned: Kinds | None = None
) -> None:
    """Anchor the model of a folder and write it again.

    Args:
        folder: Of a trained sequence model.
        fusion: Whose vectors it reads.
        tune: Books it did not learn from.
        learned: Where there are two kinds of comics, those it did.

    Raises:
        ModelError: The model is missing or damaged.
    """
    model, _ = load_sequence(folder)
    card = read_card(folder)
    if isinstance(tune, Kinds):
        if learned is None:
            raise ModelError("two kinds of comics need to be told apart by books of both")
        anchor_two_kinds(model, fusion, learned, tune)
    else:
        anchor(model, fusion, tune)
    save_sequence(folder, model, card.data, card.seed, card.scores)
