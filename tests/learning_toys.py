"""Books for tests of training: random ones, and stories that follow a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from longbox.book import TextKind
from longbox.features import TEXT_KINDS, BookFeatures, Utterances, no_vectors
from longbox.fusion import FusionEncoder, PanelFusion, open_fusion, save_fusion
from longbox.learning import TrainingData, TrainOptions
from longbox.learning.fusion_training import begin_from_corpus, fusion_config
from longbox.sequence import SequenceConfig, Stage4SequenceModel
from longbox.vectors import PanelVectors, Space, unit

PICTURE, WORDS, PLACE, D = 12, 12, 5, 32
Floats = NDArray[np.float32]


def _turn(seed: int, angle: float | None = None) -> NDArray[np.float64]:
    """Draw a rotation: of every plane by the angle, or any."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((PICTURE, PICTURE)))[0]
    if angle is None:
        return basis
    blocks = np.zeros((PICTURE, PICTURE))
    for plane in range(0, PICTURE, 2):
        c, s = np.cos(angle), np.sin(angle)
        blocks[plane : plane + 2, plane : plane + 2] = [[c, -s], [s, c]]
    found: NDArray[np.float64] = basis @ blocks @ basis.T
    return found


def story(
    number: int,
    n_pages: int = 5,
    *,
    has_rule: bool = True,
    series: str | None = None,
    is_lettered: bool = True,
) -> BookFeatures:
    """Draw a book of four panels a page.

    By the rule, every panel's picture is the one before, turned a little in every plane; words,
    captions and the first and second utterance are the picture in four other frames. Without it,
    everything is noise.
    """
    rng = np.random.default_rng(1000 + number)
    n = 4 * n_pages
    states = rng.standard_normal((n, PICTURE))
    if has_rule:
        step = _turn(1, 0.3)
        for i in range(1, n):
            states[i] = step @ states[i - 1]
        states = unit(states) + 0.02 * rng.standard_normal((n, PICTURE))

    def framed(seed: int) -> NDArray[np.float64]:
        return states @ _turn(seed) if has_rule else rng.standard_normal((n, WORDS))

    # Three utterances a panel: a first, a second, and what a narrator says.
    said = np.stack([framed(11), framed(12), framed(13)], axis=1).reshape(3 * n, WORDS)
    kinds = [TextKind.DIALOGUE, TextKind.DIALOGUE, TextKind.CAPTION]
    utterances = Utterances(
        "toy-words",
        unit(said),
        np.ones(3 * n, np.bool_),
        np.tile([TEXT_KINDS.index(k) for k in kinds], n).astype(np.int64),
        np.repeat(np.arange(n), 3),
    )
    shares = np.zeros((n, len(TEXT_KINDS)), np.float32)
    shares[:, TEXT_KINDS.index(TextKind.DIALOGUE)] = 1
    return BookFeatures(
        book_id=f"{number:016x}",
        series=series or f"series {number}",
        language="en",
        pages=np.repeat(np.arange(n_pages), 4).astype(np.int64),
        is_story=np.ones(n, np.bool_),
        vision=_space(Space.VISION, unit(states)),
        text=_space(Space.TEXT, unit(framed(10))),
        description=no_vectors(Space.DESCRIPTION, n, WORDS),
        composition=_space(Space.COMPOSITION, rng.random((n, PLACE)).astype(np.float32)),
        kinds=shares,
        utterances=utterances if is_lettered else None,
    )


def stories(
    n_books: int, first: int = 0, *, n_pages: int = 5, has_rule: bool = True
) -> list[BookFeatures]:
    return [story(first + i, n_pages, has_rule=has_rule) for i in range(n_books)]


def halves(n_train: int = 6, n_tune: int = 3, *, has_rule: bool = True) -> TrainingData:
    train = stories(n_train, has_rule=has_rule)
    return TrainingData(train, stories(n_tune, 500, has_rule=has_rule), {"source": "toys"})


def lacking(book: BookFeatures, space: Space, rows: Sequence[int]) -> BookFeatures:
    """Take a modality from some panels."""
    known = book.of(space)
    mask = known.mask.copy()
    mask[list(rows)] = False
    less = replace(known, mask=mask, vectors=known.vectors * mask[:, None])
    return replace(book, vision=less) if space is Space.VISION else replace(book, text=less)


def toy_fusion(books: Sequence[BookFeatures]) -> PanelFusion:
    """Return an untrained fusion model that tells the order of utterances."""
    torch.manual_seed(0)
    sizes = {"d_model": D, "d_hidden": 16, "n_layers": 1, "n_heads": 2}
    model = PanelFusion(fusion_config(books, **sizes))
    begin_from_corpus(model, books, 0)
    with torch.no_grad():
        model.share.fill_(0.2)
    return model


def toy_encoder(folder: Path, books: Sequence[BookFeatures]) -> FusionEncoder:
    save_fusion(folder, toy_fusion(books), {}, 0, {})
    return open_fusion(folder)


def toy_sequence(fusion: FusionEncoder, dropout: float = 0.1, seed: int = 0) -> Stage4SequenceModel:
    torch.manual_seed(seed)
    config = SequenceConfig(
        fusion.fingerprint, D, n_layers=1, n_heads=2, d_feedforward=32, dropout=dropout
    )
    return Stage4SequenceModel(config)


def options(**given: object) -> TrainOptions:
    plain: dict[str, object] = {
        "epochs": 2,
        "batch_size": 16,
        "learning_rate": 3e-3,
        "device": "cpu",
        "patience": 0,
    }
    return TrainOptions(**{**plain, **given})  # type: ignore[arg-type]


def quiet(_: object) -> None:
    return


def _space(space: Space, rows: Floats) -> PanelVectors:
    name = "toy-words" if space is Space.TEXT else f"toy-{space.value}"
    return PanelVectors(space, name, rows.astype(np.float32), np.ones(len(rows), np.bool_))
