"""`longbox embed`: the trained model makes fused, contextual, page and strip vectors."""

from __future__ import annotations

from typing import Annotated

import typer

from longbox.cli.progress import counting
from longbox.cli.terminal import (
    ConfigOption,
    JsonOption,
    LibraryOption,
    ResourcesOption,
    ResultsOption,
    SchedulerOption,
    notes,
    one_line,
    open_library,
    plural,
    print_json,
    say_note,
    with_cluster,
)
from longbox.config import load_config
from longbox.pipeline import EmbedReport, embed_library, library_model

_MAX_PROBLEMS_SHOWN = 20


def embed(
    library: LibraryOption = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Also redo books that are up to date.")
    ] = False,
    config: ConfigOption = None,
    scheduler: SchedulerOption = None,
    results: ResultsOption = None,
    worker_resources: ResourcesOption = None,
    json: JsonOption = False,
) -> None:
    """Let the trained model understand every book: fused, contextual, page and strip vectors."""
    with open_library(library) as opened:
        opened.require_writable()
        model = library_model(opened.root)
        settings = with_cluster(
            load_config(config, opened.root), scheduler, results, embed_resources=worker_resources
        )
        with counting(notes, "understanding") as tell:
            report = embed_library(
                opened,
                model,
                lambda p: tell(p.n_books_done, p.n_books),
                refresh=refresh,
                config=settings,
                note=say_note,
            )
    if json:
        print_json({"library": str(opened.root), **embed_record(report)})
    else:
        say_embedded(report)
    if report.was_interrupted:
        raise typer.Exit(130)
    if report.problems and not (report.n_books or report.n_unchanged):
        raise typer.Exit(1)


def embed_record(report: EmbedReport) -> dict[str, object]:
    """Return a report as `embed --json` prints it."""
    return {
        "model": report.model,
        "books": report.n_books,
        "panels": report.n_panels,
        "unchanged": report.n_unchanged,
        "answering": report.is_answering,
        "interrupted": report.was_interrupted,
        "seconds": round(report.wall_s, 3),
        "problems": report.problems,
    }


def say_embedded(report: EmbedReport) -> None:
    """Say what a run did, for a person."""
    for problem in report.problems[:_MAX_PROBLEMS_SHOWN]:
        notes.print("  " + one_line(problem.reason), style="yellow", markup=False)
    if (n_more := len(report.problems) - _MAX_PROBLEMS_SHOWN) > 0:
        notes.print(f"  and {plural(n_more, 'book')} more; --json lists all", style="yellow")
    notes.print(
        f"{plural(report.n_books, 'book')}, {plural(report.n_panels, 'panel')} embedded by model "
        f"{report.model}" + (f", {report.n_unchanged:,} up to date" if report.n_unchanged else "")
    )
    if report.was_interrupted:
        notes.print("stopped; what is done is kept, `longbox embed` goes on from here")
    if not report.is_answering:
        notes.print(
            "searches do not use this model yet: some books lack its vectors; "
            "`longbox embed` makes them"
        )
