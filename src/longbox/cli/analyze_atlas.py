"""`longbox analyze atlas`: the library in Apple's Embedding Atlas."""

from __future__ import annotations

import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from longbox.cli.progress import telling
from longbox.cli.studying import SpaceOption, checked_space, chosen, looked_at
from longbox.cli.terminal import (
    ConfigOption,
    LibraryOption,
    notes,
    one_line,
    open_library,
    plural,
    results,
)
from longbox.config import load_config


def atlas(
    space: SpaceOption = "vision",
    unit: Annotated[str, typer.Option("--of", help="panels or pages.")] = "panels",
    table: Annotated[
        Path | None,
        typer.Option(
            help="Only write the table, as parquet, and start nothing.", metavar="PARQUET"
        ),
    ] = None,
    pictures: Annotated[
        int,
        typer.Option(help="Put pictures into tables of at most so many rows; 0 for none.", min=0),
    ] = 2_000,
    port: Annotated[
        int | None,
        typer.Option(
            help="Port on this machine; 5055 or a free one.", min=1, max=65_535, show_default=False
        ),
    ] = None,
    program: Annotated[
        Path | None,
        typer.Option(help="Where embedding-atlas is, if not on the PATH.", show_default=False),
    ] = None,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open the page in a browser.")
    ] = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Open a space of the library in Embedding Atlas (another program; Ctrl-C ends both).

    Places are those of the library's own map; nothing is downloaded.
    """
    from longbox.analysis.atlas import (
        AtlasOptions,
        atlas_program,
        atlas_table,
        open_atlas,
        write_atlas,
    )
    from longbox.analysis.units import Unit

    wanted, unit_of = checked_space(space), chosen(Unit, unit, "unit")
    found = None if table is not None else atlas_program(program)
    with open_library(library) as opened:
        looked_at(opened, config)
        settings = load_config(config, opened.root)
        options = replace(AtlasOptions(), most_pictures=pictures)
        with telling(notes) as tell:
            frame = atlas_table(opened, wanted, unit_of, settings, options, tell)
    if table is not None:
        results.print(str(write_atlas(frame, table)), markup=False)
        return
    said = plural(frame.height, unit_of.value.removesuffix("s"))
    notes.print(f"{said} in the {wanted} space; starting Embedding Atlas ...")
    with open_atlas(frame, program=found, port=port) as server:
        results.print(server.address, markup=False)
        notes.print("Ctrl-C ends it", style="dim")
        if open_browser:
            webbrowser.open(server.address)
        code = server.wait()
    if code:
        notes.print(one_line(f"Embedding Atlas ended with code {code}"), style="yellow")
        raise typer.Exit(1)
