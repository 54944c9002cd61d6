"""`longbox export`: the library for notebooks and other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longbox.cli.progress import counting
from longbox.cli.terminal import LibraryOption, notes, open_library

app = typer.Typer(help="Write the library for notebooks and other programs.", no_args_is_help=True)

Target = Annotated[Path, typer.Argument(help="Where to write; must not exist yet.")]


@app.command("zarr")
def zarr(target: Target, library: LibraryOption = None) -> None:
    """Write one padded dataset that xarray opens."""
    with open_library(library) as opened, counting(notes, "exporting") as tell:
        opened.export_zarr(target, tell)
    notes.print(f'wrote {target}; open it with xarray.open_zarr("{target}")')


@app.command("parquet")
def parquet(target: Target, library: LibraryOption = None) -> None:
    """Write tables of books, pages, panels and texts into a folder."""
    with open_library(library) as opened, counting(notes, "exporting") as tell:
        opened.export_parquet(target, tell)
    notes.print(f'wrote {target}; open it with pandas.read_parquet("{target}/panels.parquet")')
