"""`longbox export`: the library for notebooks and other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longbox.cli.progress import counting
from longbox.cli.terminal import LibraryOption, notes, open_library, plural

app = typer.Typer(help="Write the library for notebooks and other programs.", no_args_is_help=True)

BookOption = Annotated[
    list[str] | None,
    typer.Option("--book", "-b", help="A book id or comic file; all books when not given."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
Folder = Annotated[Path, typer.Argument(help="Folder to write into, one file a book.")]
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


@app.command("cbxy")
def cbxy(
    folder: Folder,
    book: BookOption = None,
    force: ForceOption = False,
    library: LibraryOption = None,
) -> None:
    """Write cbxy files: panel boxes."""
    _sidecars("cbxy", folder, book, force, library)


@app.command("acbf")
def acbf(
    folder: Folder,
    book: BookOption = None,
    force: ForceOption = False,
    library: LibraryOption = None,
) -> None:
    """Write ACBF files: frames and text layers."""
    _sidecars("acbf", folder, book, force, library)


@app.command("mokuro")
def mokuro(
    folder: Folder,
    book: BookOption = None,
    force: ForceOption = False,
    library: LibraryOption = None,
) -> None:
    """Write mokuro files: selectable lettering."""
    _sidecars("mokuro", folder, book, force, library)


@app.command("comicinfo")
def comicinfo(
    folder: Folder,
    book: BookOption = None,
    force: ForceOption = False,
    library: LibraryOption = None,
) -> None:
    """Write ComicInfo.xml files: metadata and page types."""
    _sidecars("comicinfo", folder, book, force, library)


@app.command("coco")
def coco(
    folder: Folder,
    book: BookOption = None,
    force: ForceOption = False,
    library: LibraryOption = None,
) -> None:
    """Write COCO files: panels and texts as detections."""
    _sidecars("coco", folder, book, force, library)


@app.command("dataspec")
def dataspec(
    folder: Folder,
    book: BookOption = None,
    force: ForceOption = False,
    library: LibraryOption = None,
) -> None:
    """Write DataSpec files: page records of the project's first data sets."""
    _sidecars("dataspec", folder, book, force, library)


@app.command("corrections")
def corrections(
    target: Annotated[Path, typer.Argument(help="File to write, one correction a line.")],
    book: BookOption = None,
    force: ForceOption = False,
    library: LibraryOption = None,
) -> None:
    """Write what people put right as JSON lines: a backup, and training data."""
    from longbox.pipeline import export_corrections, find_books

    with open_library(library) as opened:
        chosen = find_books(opened, book) if book else None
        n = export_corrections(opened, target, chosen, replaces=force)
    notes.print(f"wrote {plural(n, 'correction')} to {target}; `longbox import` takes them back")


def _sidecars(
    format_name: str, folder: Path, books: list[str] | None, force: bool, library: Path | None
) -> None:
    from longbox.pipeline import export_books, find_books

    with open_library(library) as opened, counting(notes, "exporting") as tell:
        chosen = find_books(opened, books or [])
        written = export_books(opened, format_name, folder, chosen, tell, replaces=force)
    notes.print(f"wrote {plural(len(written), 'file')} into {folder}", markup=False)
