"""`longbox train ...`: learn from one's own shelf, or from exported datasets.

The same command goes on with a run that was stopped. Names of the Stage 4 document's script are
understood too (--train_embeddings, --num_layers, --nhead). `--processes N` starts the command
anew in N processes (longbox.cli.train_processes), so the commands themselves do not read it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longbox.cli.terminal import ConfigOption, JsonOption, LibraryOption
from longbox.cli.train_processes import ProcessesOption
from longbox.cli.training import Books, Job, fusion_beside, out_folder, run_job, start_folder
from longbox.learning.options import Precision, TrainOptions

if TYPE_CHECKING:
    from longbox.learning import IsStopped, RunReport, Tell, TrainingData

app = typer.Typer(
    help="Train the models that understand panels on your own shelf, or on exported datasets.",
    no_args_is_help=True,
)

TrainZarr = Annotated[
    Path | None,
    typer.Option(
        "--train-embeddings",
        "--train_embeddings",
        help="A dataset of `longbox export zarr` to learn from, instead of a library.",
        show_default=False,
    ),
]
TrainJson = Annotated[
    Path | None,
    typer.Option(
        "--train-metadata",
        "--train_metadata",
        help="JSON, a record a page with book_id, page_name and num_panels; where the dataset "
        "does not say whose its pages are.",
        show_default=False,
    ),
]
ValZarr = Annotated[
    Path | None,
    typer.Option(
        "--val-embeddings",
        "--val_embeddings",
        help="A dataset to validate on, of other books; else some series are held out.",
        show_default=False,
    ),
]
ValJson = Annotated[
    Path | None,
    typer.Option(
        "--val-metadata", "--val_metadata", help="Likewise of that dataset.", show_default=False
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="The run's folder, with the model; models/KIND of the library when not given.",
        show_default=False,
    ),
]
EpochsOption = Annotated[int, typer.Option("--epochs", min=1, help="Passes over the books.")]
BatchOption = Annotated[
    int,
    typer.Option("--batch-size", "--batch_size", min=1, help="A step, of all processes together."),
]
RateOption = Annotated[float, typer.Option("--learning-rate", "--learning_rate")]
PrecisionOption = Annotated[
    Precision, typer.Option("--precision", help="Of forward passes; no is 32 bits.")
]
DeviceOption = Annotated[
    str, typer.Option("--device", help="auto, cpu, cuda, mps or xpu; one that is there.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Of weights, batches, split.")]
PatienceOption = Annotated[
    int,
    typer.Option("--patience", min=0, help="Validations without a better score; 0 never stops."),
]
ShareOption = Annotated[
    float,
    typer.Option("--val-share", min=0.01, max=0.9, help="Of the panels, held out as whole series."),
]
TrackerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tracker", help="tensorboard or wandb, where installed; wandb sends to its server."
    ),
]
StartOption = Annotated[
    str | None,
    typer.Option(
        "--start",
        help="Begin with this model: shipped, a folder, or none for a new one. Shipped when not "
        "given, where there is one and no size is.",
        show_default=False,
    ),
]
RefreshOption = Annotated[
    bool, typer.Option("--refresh", help="Forget the run in the folder and train anew.")
]
WidthOption = Annotated[
    int | None,
    typer.Option("--d-model", "--d_model", min=4, help="Length of a vector; 512 when not given."),
]
LayersOption = Annotated[
    int | None, typer.Option("--layers", "--num_layers", min=0, help="Of a new model.")
]
HeadsOption = Annotated[
    int | None, typer.Option("--heads", "--nhead", min=1, help="Of a new model.")
]


@app.command("fusion")
def fusion(
    library: LibraryOption = None,
    config: ConfigOption = None,
    train_embeddings: TrainZarr = None,
    train_metadata: TrainJson = None,
    val_embeddings: ValZarr = None,
    val_metadata: ValJson = None,
    out: OutOption = None,
    start: StartOption = None,
    d_model: WidthOption = None,
    layers: LayersOption = None,
    heads: HeadsOption = None,
    epochs: EpochsOption = 10,
    batch_size: BatchOption = 256,
    learning_rate: RateOption = 3e-4,
    precision: PrecisionOption = Precision.FLOAT32,
    device: DeviceOption = "auto",
    seed: SeedOption = 0,
    patience: PatienceOption = 5,
    val_share: ShareOption = 0.1,
    tracker: TrackerOption = None,
    refresh: RefreshOption = False,
    json: JsonOption = False,
    _processes: ProcessesOption = 1,
) -> None:
    """Stage 3: one vector a panel, from whatever is known of it. Train it first."""
    from longbox.fusion.files import SHIPPED
    from longbox.learning import FusionRun, train_fusion

    books = Books(
        library, config, train_embeddings, train_metadata, val_embeddings, val_metadata,
        val_share, seed,
    )  # fmt: skip
    folder = out_folder(out, books, "fusion")
    options = _options(
        epochs, batch_size, learning_rate, precision, device, seed, patience, tracker
    )
    sizes = {"d-model": d_model, "layers": layers, "heads": heads}
    begun_with = start_folder(start, SHIPPED, sizes)
    run = FusionRun(
        n_layers=2 if layers is None else layers,
        start=begun_with,
        d_model=d_model or 512,
        n_heads=heads or 4,
    )

    def go(data: TrainingData, out: Path, tell: Tell, is_stopped: IsStopped) -> RunReport:
        return train_fusion(data, out, run, options, tell, is_stopped)

    kept: dict[str, str | int | float | bool] = {
        "start": _named(begun_with, SHIPPED),
        "d_model": run.d_model,
        "layers": run.n_layers,
        "heads": run.n_heads,
        "d_hidden": run.d_hidden,
    }
    job = Job("fusion", folder, books, options, kept, go)
    run_job(job, refresh=refresh, as_json=json)


@app.command("sequence")
def sequence(
    library: LibraryOption = None,
    config: ConfigOption = None,
    train_embeddings: TrainZarr = None,
    train_metadata: TrainJson = None,
    val_embeddings: ValZarr = None,
    val_metadata: ValJson = None,
    out: OutOption = None,
    fusion: Annotated[
        Path | None,
        typer.Option(
            "--fusion",
            help="Folder of the fusion model whose vectors it reads; the library's own, or the "
            "shipped one, when not given.",
            show_default=False,
        ),
    ] = None,
    start: StartOption = None,
    d_model: Annotated[
        int | None,
        typer.Option("--d-model", "--d_model", help="As the fusion model has it; refused if not."),
    ] = None,
    layers: LayersOption = None,
    heads: HeadsOption = None,
    d_feedforward: Annotated[
        int | None, typer.Option("--d-feedforward", "--d_feedforward", min=1)
    ] = None,
    dropout: Annotated[float | None, typer.Option("--dropout", min=0.0, max=0.9)] = None,
    sequences: Annotated[
        int, typer.Option("--sequences", min=1, help="Samples an epoch, of all tasks together.")
    ] = 100_000,
    epochs: EpochsOption = 10,
    batch_size: BatchOption = 32,
    learning_rate: RateOption = 3e-4,
    precision: PrecisionOption = Precision.FLOAT32,
    device: DeviceOption = "auto",
    seed: SeedOption = 0,
    patience: PatienceOption = 5,
    val_share: ShareOption = 0.1,
    tracker: TrackerOption = None,
    refresh: RefreshOption = False,
    json: JsonOption = False,
    _processes: ProcessesOption = 1,
) -> None:
    """Stage 4: panels in their sequence, by closure tasks. Reads a fusion model's vectors."""
    from longbox.fusion import open_fusion
    from longbox.fusion.files import SHIPPED as SHIPPED_FUSION
    from longbox.learning import SequenceRun, train_sequence
    from longbox.sequence.files import SHIPPED

    books = Books(
        library, config, train_embeddings, train_metadata, val_embeddings, val_metadata,
        val_share, seed,
    )  # fmt: skip
    folder = out_folder(out, books, "sequence")
    options = _options(
        epochs, batch_size, learning_rate, precision, device, seed, patience, tracker
    )
    sizes = {
        "layers": layers,
        "heads": heads,
        "d-feedforward": d_feedforward,
        "dropout": dropout,
    }
    begun_with = start_folder(start, SHIPPED, sizes)
    reads = fusion_beside(fusion, books, folder, SHIPPED_FUSION)
    opened = open_fusion(reads)
    if d_model not in (None, opened.config.d_model):
        raise typer.BadParameter(
            f"the fusion model {reads} makes vectors of {opened.config.d_model} numbers",
            param_hint="--d-model",
        )
    plain = SequenceRun()
    run = SequenceRun(
        fusion=reads,
        n_layers=plain.n_layers if layers is None else layers,
        n_heads=heads or plain.n_heads,
        d_feedforward=d_feedforward or plain.d_feedforward,
        dropout=plain.dropout if dropout is None else dropout,
        sequences=sequences,
        start=begun_with,
    )

    def go(data: TrainingData, out: Path, tell: Tell, is_stopped: IsStopped) -> RunReport:
        return train_sequence(data, out, run, options, tell, is_stopped)

    kept: dict[str, str | int | float | bool] = {
        "start": _named(begun_with, SHIPPED),
        "fusion": opened.fingerprint,
        "layers": run.n_layers,
        "heads": run.n_heads,
        "d_feedforward": run.d_feedforward,
        "dropout": run.dropout,
        "sequences": run.sequences,
    }
    job = Job("sequence", folder, books, options, kept, go)
    run_job(job, refresh=refresh, as_json=json)


@app.command("closure-lite")
def closure_lite(
    library: LibraryOption = None,
    config: ConfigOption = None,
    train_embeddings: TrainZarr = None,
    train_metadata: TrainJson = None,
    val_embeddings: ValZarr = None,
    val_metadata: ValJson = None,
    out: OutOption = None,
    epochs: EpochsOption = 10,
    batch_size: BatchOption = 32,
    learning_rate: RateOption = 3e-4,
    precision: PrecisionOption = Precision.FLOAT32,
    device: DeviceOption = "auto",
    seed: SeedOption = 0,
    patience: PatienceOption = 5,
    val_share: ShareOption = 0.1,
    tracker: TrackerOption = None,
    refresh: RefreshOption = False,
    json: JsonOption = False,
    _processes: ProcessesOption = 1,
) -> None:
    """The first version, the measured baseline: its batches are pages."""
    from longbox.learning import train_closure_lite

    books = Books(
        library, config, train_embeddings, train_metadata, val_embeddings, val_metadata,
        val_share, seed,
    )  # fmt: skip
    folder = out_folder(out, books, "closure-lite")
    options = _options(
        epochs, batch_size, learning_rate, precision, device, seed, patience, tracker
    )

    def go(data: TrainingData, out: Path, tell: Tell, is_stopped: IsStopped) -> RunReport:
        return train_closure_lite(data, out, options, tell, is_stopped)

    run_job(Job("closure-lite", folder, books, options, {}, go), refresh=refresh, as_json=json)


def _options(
    epochs: int,
    batch_size: int,
    learning_rate: float,
    precision: Precision,
    device: str,
    seed: int,
    patience: int,
    tracker: list[str] | None,
) -> TrainOptions:
    return TrainOptions(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        precision=precision,
        device=device,
        seed=seed,
        patience=patience,
        trackers=tuple(tracker or ()),
    )


def _named(start: Path | None, shipped: Path) -> str:
    if start is None:
        return "none"
    return "shipped" if start == shipped else str(start)
