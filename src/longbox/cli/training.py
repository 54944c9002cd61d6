"""What `longbox train` does, whichever model it trains: books, folder, run, report."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from longbox.cli.progress import counting
from longbox.cli.terminal import (
    library_root,
    notes,
    one_line,
    open_library,
    plural,
    print_json,
    results,
)
from longbox.cli.train_processes import launcher_is_gone
from longbox.errors import LongboxError, ModelError, QueryError

if TYPE_CHECKING:
    from longbox.learning import (
        DatasetFiles,
        IsStopped,
        RunReport,
        RunState,
        Tell,
        TrainingData,
        TrainOptions,
    )
    from longbox.learning.processes import Processes

Value = str | int | float | bool
MODELS_NAME = "models"
_MODEL_FILES = ("weights.safetensors", "config.json")


@dataclass(frozen=True, slots=True)
class Books:
    """Where the books of a run come from, as it was asked."""

    library: Path | None
    config: Path | None
    train_embeddings: Path | None
    train_metadata: Path | None
    val_embeddings: Path | None
    val_metadata: Path | None
    val_share: float
    seed: int

    @property
    def is_library(self) -> bool:
        """Whether they are those of a library."""
        return self.train_embeddings is None


@dataclass(frozen=True, slots=True)
class Job:
    """One run.

    Attributes:
        kind: fusion, sequence or closure-lite.
        out: Its folder.
        sizes: Settings of the model, as kept in the folder.
        go: Trains.
    """

    kind: str
    out: Path
    books: Books
    options: TrainOptions
    sizes: Mapping[str, Value]
    go: Callable[[TrainingData, Path, Tell, IsStopped], RunReport]


def run_job(job: Job, *, refresh: bool, as_json: bool) -> None:
    """Train, or go on with a run, or say that it is over; then say what is next.

    Of several processes only the first speaks, unless another one has a trouble of its own.

    Raises:
        Exit: With code 130 where Ctrl-C stopped it.
    """
    from longbox.learning.processes import (
        FailedInFirst,
        close_processes,
        is_first_started,
        open_processes,
    )

    notes.quiet = results.quiet = not is_first_started()
    try:
        data = read_data(job.books)
        processes = open_processes(job.options.device)
        state, report = _run(job, data, processes, refresh=refresh)
    except FailedInFirst as error:
        raise typer.Exit(1) from error
    except LongboxError:
        notes.quiet = False
        raise
    close_processes(processes)
    if not processes.is_first:
        return
    if as_json:
        print_json(_record(job, report, data, state.value))
    else:
        _say(job, report)
    if report.was_interrupted:
        raise typer.Exit(130)


def _run(
    job: Job, data: TrainingData, processes: Processes, *, refresh: bool
) -> tuple[RunState, RunReport]:
    """Train, or read how the run ended; say what was in its folder.

    Raises:
        ModelError: The processes do not read the same, or what training and the folder raise.
    """
    from longbox.cli.train_display import TrainDisplay
    from longbox.learning import RunState, close_run, open_run, read_report
    from longbox.learning.gradients import silence_sentence

    settings = _settings(job, data)
    if processes.any(settings != processes.from_first(lambda: settings)):
        raise ModelError(
            f"{job.out}: the processes read different books or settings; let all machines read one "
            f"dataset of `longbox export zarr` (--train-embeddings)"
        )
    state = processes.from_first(lambda: open_run(job.out, settings, refresh=refresh))
    if state is RunState.OVER:
        report = processes.from_first(lambda: read_report(job.out))
        notes.print(f"{job.out}: this run is over; --refresh trains anew", markup=False)
        if warning := silence_sentence(report.silent):
            notes.print(warning, style="bold red", markup=False)
        return state, report
    if state is RunState.STOPPED:
        notes.print(f"{job.out}: going on where the run was stopped", markup=False)
    with TrainDisplay(notes, job.kind) as display, _ctrl_c() as is_stopped:
        report = job.go(data, job.out, display.tell, is_stopped)
    processes.from_first(lambda: close_run(job.out, report))
    return state, report


def read_data(books: Books) -> TrainingData:
    """Read the books of a run.

    Raises:
        QueryError: A part of a dataset was given without the rest.
    """
    from longbox.learning import Split, dataset_data, library_data

    split = Split(books.val_share, books.seed)
    if not books.is_library:
        train = _dataset(books.train_embeddings, books.train_metadata, "train")
        val = _dataset(books.val_embeddings, books.val_metadata, "val")
        if train is None:
            raise QueryError("give --train-embeddings")
        data = dataset_data(train, val, split, _tell)
    else:
        for name in ("train_metadata", "val_embeddings", "val_metadata"):
            if getattr(books, name) is not None:
                option = name.replace("_", "-")
                raise QueryError(f"--{option} goes with --train-embeddings; give that too")
        from longbox.config import load_config
        from longbox.encoders import sentence_encoder

        config = load_config(books.config, library_root(books.library))
        with open_library(books.library) as opened, counting(notes, "reading books") as progress:
            opened.require_writable()
            sentences = sentence_encoder(config.encoders.sentence)
            data = library_data(opened, sentences, split, _tell, progress)
    about = data.about
    notes.print(
        f"learning from {plural(about['books'], 'book')} ({plural(about['panels'], 'panel')}), "
        f"validating on {plural(about['validation_books'], 'other')} "
        f"({plural(about['validation_panels'], 'panel')})"
    )
    return data


def _dataset(embeddings: Path | None, metadata: Path | None, name: str) -> DatasetFiles | None:
    from longbox.learning import DatasetFiles

    if embeddings is None:
        if metadata is not None:
            raise QueryError(f"--{name}-metadata goes with --{name}-embeddings; give that too")
        return None
    return DatasetFiles(embeddings, metadata)


def out_folder(given: Path | None, books: Books, kind: str) -> Path:
    """Return where a run is kept.

    Raises:
        QueryError: Books of exported datasets belong to no library, so it must be said.
    """
    if given is not None:
        return given.expanduser()
    if not books.is_library:
        raise QueryError("say with --out in which folder the model is to be kept")
    return library_root(books.library) / MODELS_NAME / kind


def start_folder(
    given: str | None, shipped: Path, sizes: Mapping[str, Value | None]
) -> Path | None:
    """Return the model that a run begins with; None for a new one.

    Args:
        given: "shipped", "none" or a folder; None is shipped where no size is asked for.
        shipped: Where the package's model is.
        sizes: As they were asked for; a model that is there has its own.

    Raises:
        QueryError: Sizes were asked for beside a model, or there is no such model.
    """
    asked = [name for name, value in sizes.items() if value is not None]
    has_shipped = (shipped / "config.json").is_file()
    if given is None:
        given = "shipped" if has_shipped and not asked else "none"
    if given == "none":
        return None
    folder = shipped if given == "shipped" else Path(given).expanduser()
    if not (folder / "config.json").is_file():
        raise QueryError(f"--start {given}: there is no model; give none to begin anew")
    if asked:
        raise QueryError(
            f"--{asked[0]} is for a new model, the one begun with has its own; give --start none"
        )
    return folder


def fusion_beside(given: Path | None, books: Books, out: Path, shipped: Path) -> Path:
    """Return the fusion model that a sequence model is to read, and keep it beside it.

    The two are always opened together, so one that lies elsewhere is copied beside the new model
    where there is none yet.
    """
    from longbox.learning.processes import is_first_started

    own = library_root(books.library) / MODELS_NAME / "fusion" if books.is_library else None
    beside = out.parent / "fusion"
    candidates = [given.expanduser()] if given is not None else [beside, own, shipped]
    found = next((f for f in candidates if f is not None and (f / "config.json").is_file()), None)
    if found is None:
        raise ModelError(f"{candidates[0]}: no fusion model here; run `longbox train fusion` first")
    if found != beside and not beside.exists() and is_first_started():
        partial = beside.with_name(f".{beside.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name in _MODEL_FILES:
            shutil.copyfile(found / name, partial / name)
        partial.replace(beside)
        notes.print(f"the fusion model {found} was copied to {beside}", markup=False)
    return found


def _settings(job: Job, data: TrainingData) -> dict[str, dict[str, Value]]:
    from dataclasses import asdict

    from longbox.learning import books_digest

    options = {k: v for k, v in asdict(job.options).items() if k not in ("device", "trackers")}
    return {
        "run": {"kind": job.kind, "val_share": job.books.val_share},
        "options": {k: getattr(v, "value", v) for k, v in options.items()},
        "model": dict(job.sizes),
        "data": {
            **{k: v for k, v in data.about.items() if isinstance(v, str | int | float)},
            "train_digest": books_digest(data.train),
            "validation_digest": books_digest(data.tune),
        },
    }


def _record(job: Job, report: RunReport, data: TrainingData, state: str) -> dict[str, object]:
    return {
        "kind": job.kind,
        "out": str(job.out),
        "was": state,
        "steps": report.steps,
        "seconds": round(report.seconds, 3),
        "stopped_early": report.stopped_early,
        "interrupted": report.was_interrupted,
        "silent": report.silent,
        "best": report.best,
        "data": dict(data.about),
    }


def _say(job: Job, report: RunReport) -> None:
    from longbox.cli.train_display import table_of

    if report.best is not None:
        results.print(table_of(report.best.parts, "books held out"))
    early = ", stopped early: validation got no better" if report.stopped_early else ""
    notes.print(f"{report.steps:,} steps in {report.seconds:.0f} s{early}")
    if report.was_interrupted:
        notes.print("stopped; the same command goes on from here")
        return
    notes.print(f"the model is in {job.out}", markup=False)
    if job.kind == "fusion":
        notes.print(
            "next: `longbox train sequence`, which reads this model's vectors, and then "
            "`longbox embed`"
        )
    if job.kind == "sequence":
        notes.print("next: `longbox embed`, so that searches use the new model")


def _tell(line: str) -> None:
    notes.print(one_line(line), style="yellow", markup=False)


@contextmanager
def _ctrl_c() -> Iterator[IsStopped]:
    """Let the first Ctrl-C end the step that is running; a second one ends the program."""
    asked: list[int] = []

    def handle(number: int, _: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        notes.print("stopping after this step; Ctrl-C again stops at once")

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: bool(asked) or launcher_is_gone()
    finally:
        signal.signal(signal.SIGINT, before)
