"""`longbox analyze report`: the whole shelf as one page to read and tables to go on with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longbox.cli.progress import telling
from longbox.cli.studying import SeedOption, checked_space, chosen, looked_at
from longbox.cli.terminal import (
    ConfigOption,
    JsonOption,
    LibraryOption,
    notes,
    one_line,
    open_library,
    print_json,
    results,
)


def report(
    folder: Annotated[Path, typer.Argument(help="A new folder for the report.")],
    space: Annotated[
        list[str] | None,
        typer.Option("--space", "-s", help="A space to report on, again for more; all there are."),
    ] = None,
    of: Annotated[
        list[str] | None,
        typer.Option("--of", help="What is clustered, pages or panels; again for both."),
    ] = None,
    most: Annotated[
        int, typer.Option(help="Look at this many a space at most; more are sampled.", min=100)
    ] = 200_000,
    ablation: Annotated[
        bool, typer.Option("--ablation/--no-ablation", help="Also say what each space is made of.")
    ] = True,
    address: Annotated[
        str,
        typer.Option(help="Of a running `longbox serve`; pictures then lead to its reader."),
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a report that is there.")] = False,
    seed: SeedOption = 0,
    library: LibraryOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Write report.html and a row for every page, panel and book as Parquet and CSV.

    Clusters with their names and pictures, maps and what their axes mean, what each space is made
    of, page types, pacing of the books. The page needs nothing but itself and can be sent.
    """
    from longbox.analysis.report import ReportOptions, make_report
    from longbox.analysis.units import Sampling, Unit

    options = ReportOptions(
        spaces=tuple(checked_space(name) for name in space or ()),
        units=tuple(chosen(Unit, name, "unit") for name in of or ("pages",)),
        sampling=Sampling(most, seed),
        with_ablation=ablation,
        address=address,
        replace=force,
    )
    with open_library(library) as opened:
        looked_at(opened, config)
        with telling(notes) as tell:
            files = make_report(opened, folder, options, tell)
    for note in files.notes:
        notes.print(one_line(note), style="yellow", markup=False)
    if json:
        print_json(files)
    else:
        results.print(str(files.html), markup=False)
