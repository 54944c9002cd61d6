"""Training one model in one folder: what `longbox train` and the scripts of training/ call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from longbox.closure_lite import ClosureLiteSimple, config_for
from longbox.errors import ModelError
from longbox.fusion import FusionConfig, FusionWeights, PanelFusion, load_fusion, open_fusion
from longbox.learning.anchoring import anchor_saved
from longbox.learning.closure_lite_training import ClosureLiteTrainee
from longbox.learning.data import TrainingData
from longbox.learning.fusion_training import FusionTrainee, begin_from_corpus, fusion_config
from longbox.learning.loop import TrainingRun
from longbox.learning.options import TrainOptions
from longbox.learning.processes import open_processes
from longbox.learning.progress import IsStopped, RunReport, Tell, never
from longbox.learning.sequence_training import SampleCounts, SequenceTrainee
from longbox.sequence import SequenceConfig, Stage4SequenceModel, TaskWeights, load_sequence


@dataclass(frozen=True, slots=True)
class FusionRun:
    """Settings of a stage 3 run.

    Attributes:
        start: A model folder to go on from, else a new model that begins as its encoders' spaces.
    """

    n_layers: int = 2
    d_hidden: int = 256
    weights: FusionWeights = field(default_factory=FusionWeights)
    start: Path | None = None
    d_model: int = 512
    n_heads: int = 4


@dataclass(frozen=True, slots=True)
class SequenceRun:
    """Settings of a stage 4 run.

    Attributes:
        fusion: Folder of the stage 3 model; None for the shipped one.
        sequences: Of an epoch.
        is_fixed: Every epoch repeats the same sequences.
        start: A model folder to go on from.
    """

    fusion: Path | None = None
    n_layers: int = 6
    n_heads: int = 8
    d_feedforward: int = 2048
    dropout: float = 0.1
    d_hidden: int = 0
    sequences: int = 100_000
    share_hard: float = 0.7
    is_fixed: bool = False
    weights: TaskWeights = field(default_factory=TaskWeights)
    start: Path | None = None


def train_fusion(
    data: TrainingData,
    folder: Path,
    run: FusionRun,
    options: TrainOptions,
    tell: Tell,
    is_stopped: IsStopped = never,
) -> RunReport:
    """Train stage 3; the folder holds the best model when this returns.

    Raises:
        ModelError: The data cannot be learnt from, or a loss is not finite.
    """
    torch.manual_seed(options.seed)
    if run.start is not None:
        model = load_fusion(run.start)
        _require_encoders(model.config, fusion_config(data.train), run.start)
    else:
        sizes = {
            "n_layers": run.n_layers,
            "d_hidden": run.d_hidden,
            "d_model": run.d_model,
            "n_heads": run.n_heads,
        }
        model = PanelFusion(fusion_config(data.train, **sizes))
        begin_from_corpus(model, data.train, options.seed)
    told = _with_settings(data, asdict(run.weights), options)
    trainee = FusionTrainee(told, model, run.weights, options.batch_size, options.seed)
    return TrainingRun(trainee, folder, options, tell, is_stopped).go()


def train_sequence(
    data: TrainingData,
    folder: Path,
    run: SequenceRun,
    options: TrainOptions,
    tell: Tell,
    is_stopped: IsStopped = never,
) -> RunReport:
    """Train stage 4 on the vectors of a stage 3 model, and anchor it (longbox.learning.anchoring).

    Raises:
        ModelError: The data cannot be learnt from, the stage 3 model was trained with other
            encoders, or a loss is not finite.
    """
    torch.manual_seed(options.seed)
    fusion = open_fusion(run.fusion) if run.fusion else open_fusion()
    if run.start is not None:
        model, _ = load_sequence(run.start)
        if model.config.d_model != fusion.config.d_model:
            raise ModelError(
                f"{run.start}: reads vectors of {model.config.d_model} numbers, the fusion model "
                f"makes {fusion.config.d_model}; give --start none"
            )
        model.config = replace(model.config, fusion=fusion.fingerprint)
    else:
        config = SequenceConfig(
            fusion.fingerprint,
            fusion.config.d_model,
            run.n_layers,
            run.n_heads,
            run.d_feedforward,
            run.dropout,
            d_hidden=run.d_hidden,
        )
        model = Stage4SequenceModel(config)
    counts = SampleCounts(
        run.sequences,
        options.batch_size,
        run.share_hard,
        is_fixed=run.is_fixed,
        seed=options.seed,
    )
    told = _with_settings(data, asdict(run.weights), options)
    trainee = SequenceTrainee(told, fusion, model, run.weights, counts)
    report = TrainingRun(trainee, folder, options, tell, is_stopped).go()
    if report.best is not None and not report.was_interrupted:
        processes = open_processes(options.device)
        processes.from_first(lambda: anchor_saved(folder, fusion, data.tune))
    return report


def train_closure_lite(
    data: TrainingData,
    folder: Path,
    options: TrainOptions,
    tell: Tell,
    is_stopped: IsStopped = never,
) -> RunReport:
    """Train the first version, the measured baseline.

    Raises:
        ModelError: The data cannot be learnt from, or a loss is not finite.
    """
    model = ClosureLiteSimple(config_for(data.train), options.seed)
    told = _with_settings(data, {}, options)
    trainee = ClosureLiteTrainee(told, model, options.batch_size, options.seed)
    return TrainingRun(trainee, folder, options, tell, is_stopped).go()


def _require_encoders(known: FusionConfig, found: FusionConfig, start: Path) -> None:
    for name in ("picture", "sentence", "composition"):
        theirs, ours = getattr(known, name), getattr(found, name)
        if theirs != ours:
            raise ModelError(
                f"{start}: knows {name} vectors of {theirs}, these books have those of {ours}; "
                f"give --start none"
            )


def _with_settings(
    data: TrainingData, weights: Mapping[str, Any], options: TrainOptions
) -> TrainingData:
    """Keep with the model what it was trained with."""
    plain = {**asdict(options), "precision": options.precision.value}
    about = {**data.about, "options": plain, "losses": dict(weights)}
    return TrainingData(data.train, data.tune, about)
