"""`longbox index`: comic files become a library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from longbox.book import Direction
from longbox.cli.embed import embed_record, say_embedded
from longbox.cli.progress import ShelfDisplay
from longbox.cli.terminal import (
    ConfigOption,
    JsonOption,
    LibraryOption,
    ResourcesOption,
    ResultsOption,
    SchedulerOption,
    library_root,
    notes,
    one_line,
    plural,
    print_json,
    with_cluster,
)
from longbox.config import Config, load_config
from longbox.library import Library, network_note
from longbox.pipeline import IndexReport, index_shelf


def index(
    paths: Annotated[
        list[Path], typer.Argument(help="Comic files, or folders to search for them.")
    ],
    library: LibraryOption = None,
    config: ConfigOption = None,
    direction: Annotated[
        Direction | None,
        typer.Option(help="Reading direction of books that do not say it themselves."),
    ] = None,
    refresh: Annotated[
        bool,
        typer.Option(
            "--refresh",
            help="Also redo books made with other settings, and files that failed before.",
        ),
    ] = False,
    workers: Annotated[
        int | None, typer.Option(help="Books worked on at once; all cores when not given.", min=1)
    ] = None,
    picture_encoder: Annotated[
        str | None, typer.Option(help="Model for pictures, such as hf:NAME; kept in the library.")
    ] = None,
    sentence_encoder: Annotated[
        str | None, typer.Option(help="Model for sentences, such as hf:NAME; kept in the library.")
    ] = None,
    scheduler: SchedulerOption = None,
    results: ResultsOption = None,
    worker_resources: ResourcesOption = None,
    json: JsonOption = False,
) -> None:
    """Read comic files into the library; what is already there and unchanged is skipped."""
    root = library_root(library)
    settings = _settings(config, root, direction, workers)
    settings = _with_encoders(settings, picture_encoder, sentence_encoder)
    settings = with_cluster(settings, scheduler, results, index_resources=worker_resources)
    _try_encoders(picture_encoder, sentence_encoder)
    for line in network_note(root):
        notes.print("note: " + one_line(line), style="yellow", markup=False)
    with Library.create(root) as opened:
        _keep_encoders(root, picture_encoder, sentence_encoder)
        with ShelfDisplay(notes) as display:
            report = index_shelf(paths, opened, settings, display.update, refresh=refresh)
    if json:
        print_json(_as_json(report, root))
    else:
        _say(report, root, library is not None)
    if report.was_interrupted:
        raise typer.Exit(130)
    nothing_read = not report.n_books and report.n_unchanged == report.n_known_bad
    if nothing_read and (report.n_failed or report.n_known_bad):
        raise typer.Exit(1)


def _settings(
    config: Path | None, root: Path, direction: Direction | None, workers: int | None
) -> Config:
    settings = load_config(config, root)
    if direction is not None:
        settings = replace(settings, ingest=replace(settings.ingest, direction=direction))
    if workers is not None:
        settings = replace(settings, index=replace(settings.index, n_workers=workers))
    return settings


def _with_encoders(settings: Config, picture: str | None, sentence: str | None) -> Config:
    old = settings.encoders
    encoders = replace(old, picture=picture or old.picture, sentence=sentence or old.sentence)
    return replace(settings, encoders=encoders)


def _try_encoders(picture: str | None, sentence: str | None) -> None:
    """Load what was named, so that a name that is none does not get into the library."""
    from longbox.encoders import picture_encoder, sentence_encoder

    if picture:
        picture_encoder(picture)
    if sentence:
        sentence_encoder(sentence)


def _keep_encoders(root: Path, picture: str | None, sentence: str | None) -> None:
    """Let the library's own settings name the encoders; what else they say stays."""
    if not (picture or sentence):
        return
    path = root / "config.toml"
    kept = load_config(path) if path.is_file() else Config()
    new = path.with_suffix(".toml.new")
    new.write_text(_with_encoders(kept, picture, sentence).to_toml(), encoding="utf-8")
    new.replace(path)


def _as_json(report: IndexReport, root: Path) -> dict[str, object]:
    return {
        "library": str(root),
        "books": report.n_books,
        "failed": report.n_failed,
        "unchanged": report.n_unchanged,
        "outdated": report.n_outdated,
        "pages": report.n_pages,
        "seconds": round(report.wall_s, 3),
        "stage_seconds": {k: round(v, 3) for k, v in sorted(report.seconds.items())},
        "interrupted": report.was_interrupted,
        "problems": report.problems,
        "embedded": None if report.embedded is None else embed_record(report.embedded),
        "not_embedded": report.not_embedded,
    }


def _say(report: IndexReport, root: Path, named: bool) -> None:
    for problem in report.problems:
        notes.print("  " + one_line(problem.reason), style="yellow", markup=False)
    if report.n_books or report.n_failed:
        rate = f", {report.wall_s / report.n_pages:.2f} s a page" if report.n_pages else ""
        failed = f", {plural(report.n_failed, 'file')} could not be read" if report.n_failed else ""
        notes.print(
            f"{plural(report.n_books, 'book')}, {plural(report.n_pages, 'page')} in "
            f"{report.wall_s:.0f} s{rate}{failed}"
        )
    if report.n_unchanged:
        bad = (
            f", {report.n_known_bad} of them unreadable; --refresh tries them again"
            if report.n_known_bad
            else ""
        )
        notes.print(f"{plural(report.n_unchanged, 'file')} unchanged{bad}")
    if report.n_outdated:
        notes.print(
            f"{plural(report.n_outdated, 'book')} made with other settings; "
            f"the same command with --refresh redoes them"
        )
    if report.not_embedded is not None:
        notes.print(
            "note: no fused and contextual vectors: " + one_line(report.not_embedded),
            style="yellow",
            markup=False,
        )
    if report.embedded is not None:
        say_embedded(report.embedded)
    nothing = not (report.n_books or report.n_failed or report.n_unchanged)
    if nothing and not report.was_interrupted:
        notes.print("no comic files found there")
    where = f" --library {root}" if named else ""
    if report.was_interrupted:
        notes.print("stopped; what is done is kept, the same command goes on from here")
    elif report.n_books:
        notes.print(f'search with: longbox search "words that somebody says"{where}')
