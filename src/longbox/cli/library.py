"""`longbox status` and `longbox library ...`: what is there, and putting it right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longbox.cli.backup import backup, export_typed_text, import_typed_text, restore
from longbox.cli.checking import check
from longbox.cli.corrections import corrections, uncorrect
from longbox.cli.progress import counting
from longbox.cli.review import review
from longbox.cli.terminal import (
    ConfigOption,
    JsonOption,
    LibraryOption,
    library_root,
    notes,
    one_line,
    open_library,
    plural,
    print_json,
    results,
)
from longbox.config import load_config
from longbox.library import Library, LibraryStatus

app = typer.Typer(
    help="Look after the library: review, corrections, sync, check, backup, rebuild.",
    no_args_is_help=True,
)
app.command("review")(review)
app.command("corrections")(corrections)
app.command("uncorrect")(uncorrect)
app.command("check")(check)
app.command("backup")(backup)
app.command("restore")(restore)
app.command("export-typed")(export_typed_text)
app.command("import-typed")(import_typed_text)


@app.command("status")
def status(library: LibraryOption = None, json: JsonOption = False) -> None:
    """Say what the library holds, and what could not be read."""
    with open_library(library) as opened:
        found = opened.status()
        root = opened.root
    if json:
        print_json(status_record(found, root))
        return
    results.print(
        f"{plural(found.books, 'book')}, {plural(found.pages, 'page')}, "
        f"{plural(found.panels, 'panel')} in {root}",
        markup=False,
    )
    for space in found.spaces:
        waiting = space.n_vectors - space.n_indexed
        note = f", {waiting:,} not yet searchable: run `longbox index FOLDER`" if waiting else ""
        results.print(
            f"  {space.space}: {plural(space.n_vectors, 'vector')} of {space.dimension} "
            f"by {space.fingerprint}{note}",
            markup=False,
        )
    mb = (found.catalog_bytes + found.stores_bytes + found.index_bytes) / 1e6
    results.print(f"  {mb:,.0f} MB on disk")
    _say_descriptions(found)
    if found.flagged_pages:
        kinds = ", ".join(f"{flag} {n:,}" for flag, n in found.flags)
        results.print(
            f"  {plural(found.flagged_pages, 'page')} flagged ({kinds}): `longbox library review`"
        )
    if found.unembedded_books:
        results.print(
            f"  {plural(found.unembedded_books, 'book')} without up-to-date vectors of the panel "
            "model: run `longbox embed`"
        )
    if found.missing_books:
        results.print(
            f"  {plural(found.missing_books, 'book')} without a file: moved? run "
            f"`longbox library sync FOLDER` with the folder they are in now"
        )
    for problem in found.problems:
        results.print("  problem: " + one_line(problem.reason), style="yellow", markup=False)


def _say_descriptions(found: LibraryStatus) -> None:
    if found.described_pages:
        results.print(f"  {plural(found.described_pages, 'page')} described")
    for n, why in (
        (found.unfit_descriptions, "with other panels than now"),
        (found.unfinished_descriptions, "without a usable answer"),
    ):
        if n:
            results.print(f"  {plural(n, 'page')} described {why}: run `longbox describe` again")


def status_record(found: LibraryStatus, root: Path) -> dict[str, object]:
    """Return the status as `status --json` prints it."""
    spaces: dict[str, object] = {}
    for s in found.spaces:
        spaces.setdefault(str(s.space), []).append(  # type: ignore[attr-defined]
            {
                "fingerprint": s.fingerprint,
                "dimension": s.dimension,
                "vectors": s.n_vectors,
                "indexed": s.n_indexed,
            }
        )
    return {
        "library": str(root),
        "format": found.format,
        "books": found.books,
        "pages": found.pages,
        "panels": found.panels,
        "missing_books": found.missing_books,
        "failed_files": found.failed_files,
        "problems": found.problems,
        "described_pages": found.described_pages,
        "unfit_descriptions": found.unfit_descriptions,
        "unfinished_descriptions": found.unfinished_descriptions,
        "flagged_pages": found.flagged_pages,
        "flags": {str(flag): n for flag, n in found.flags},
        "spaces": spaces,
        "model": found.model,
        "unembedded_books": found.unembedded_books,
        "bytes": {
            "catalog": found.catalog_bytes,
            "books": found.stores_bytes,
            "index": found.index_bytes,
        },
    }


@app.command("sync")
def sync(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Where moved files may be; the folders known so far when not given."),
    ] = None,
    library: LibraryOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Notice comic files that were moved, renamed, deleted or put back."""
    from longbox.pipeline import sync_library

    with open_library(library) as opened:
        outcome = sync_library(opened, load_config(config, opened.root), paths or ())
        n_missing = len(opened.missing_files())
    if json:
        print_json(outcome)
        return
    for old, new in outcome.moved:
        results.print(f"moved: {one_line(old)} -> {one_line(new)}", markup=False)
    for path in outcome.missing:
        results.print(f"gone: {one_line(path)}", markup=False)
    for path in outcome.returned:
        results.print(f"back: {one_line(path)}", markup=False)
    if outcome.n_new:
        notes.print(f"{plural(outcome.n_new, 'new file')}: run `longbox index` to read them")
    if n_missing:
        notes.print(
            f"{plural(n_missing, 'file')} missing; `longbox library sync FOLDER` looks in another "
            f"folder"
        )
    elif not (outcome.moved or outcome.returned):
        notes.print("every file is where it was")


@app.command("rebuild")
def rebuild(library: LibraryOption = None) -> None:
    """Make catalog and indexes anew from the stored books; corrections are kept."""
    root = library_root(library)
    with counting(notes, "rebuilding") as tell:
        report = Library.rebuild(root, tell)
    results.print(f"{plural(report.books, 'book')} rebuilt", markup=False)
    for name in report.damaged:
        notes.print(
            f"{one_line(name)} is damaged and was set aside; index its comic file again",
            style="yellow",
            markup=False,
        )
    for line in report.left:
        notes.print(one_line(line), style="yellow", markup=False)
    if report.set_aside is not None:
        notes.print(f"the damaged catalog is kept as {report.set_aside}", markup=False)
