"""`longbox library backup`, `restore`, `export-typed` and `import-typed`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longbox.cli.progress import counting
from longbox.cli.terminal import (
    JsonOption,
    LibraryOption,
    library_root,
    notes,
    one_line,
    plural,
    print_json,
    results,
)
from longbox.errors import LibraryError
from longbox.library import (
    TypedCounts,
    backup_library,
    backups_in,
    export_typed,
    import_typed,
    remove_backups,
    restore_library,
)

BackupFolder = Annotated[Path, typer.Argument(help="Folder of backups.")]


def backup(
    target: Annotated[Path, typer.Argument(help="Folder of backups; made where there is none.")],
    link: Annotated[
        bool,
        typer.Option(
            "--link",
            help="On the same file system, share the bytes of stores: no space, no second copy.",
        ),
    ] = False,
    with_derived: Annotated[
        bool,
        typer.Option(
            "--with-derived", help="Also catalog, indexes, maps and caches: quick to restore."
        ),
    ] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Read earlier copies again; replace what is not as it was."),
    ] = False,
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Delete all but so many of the newest backups afterwards."),
    ] = None,
    library: LibraryOption = None,
    json: JsonOption = False,
) -> None:
    """Keep a copy of everything that cannot be made again; others may write meanwhile.

    A second backup into the same folder copies only what is new, and earlier ones stay.
    """
    root = library_root(library)
    with counting(notes, "copying") as tell:
        report = backup_library(
            root,
            target,
            is_linked=link,
            with_derived=with_derived,
            is_verified=verify,
            progress=tell,
        )
    n_removed = 0 if keep is None else remove_backups(target, keep)
    if json:
        print_json(
            {
                "made_at": report.backup.made_at,
                "files": len(report.backup.files),
                "bytes": report.backup.size_bytes,
                "copied": report.n_copied,
                "copied_bytes": report.copied_bytes,
                "linked": report.linked,
                "damaged": report.damaged,
                "removed": n_removed,
            }
        )
    else:
        results.print(
            f"{report.backup.made_at}: {plural(len(report.backup.files), 'file')}, "
            f"{report.backup.size_bytes / 1e6:,.1f} MB; {report.n_copied:,} of them new, "
            f"{report.copied_bytes / 1e6:,.1f} MB",
            markup=False,
        )
        for line in report.damaged:
            notes.print("  " + one_line(line), style="yellow", markup=False)
        if n_removed:
            notes.print(f"{plural(n_removed, 'older backup')} deleted")
    if report.damaged:
        raise typer.Exit(1)


def restore(
    source: BackupFolder,
    folder: Annotated[
        Path | None, typer.Argument(help="Where the library shall be; nothing may be there.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="Time of the backup, or its start; the newest when not given."),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Only say which backups there are.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Make a library from a backup; each file is held against its checksum."""
    if list_:
        found = backups_in(source)
        if json:
            print_json([{"made_at": b.made_at, "library": b.library} for b in found])
        for made in () if json else found:
            results.print(f"{made.made_at}  {len(made.files):,} files  {one_line(made.library)}")
        return
    if folder is None:
        raise LibraryError("name the folder that the library shall be in: `restore BACKUP FOLDER`")
    with counting(notes, "restoring") as tell:
        report = restore_library(source, folder, at, tell)
    if json:
        print_json(
            {
                "made_at": report.backup.made_at,
                "library": str(folder),
                "books": report.books,
                "left_out": dict(report.left_out),
            }
        )
    else:
        results.print(
            f"{plural(report.books, 'book')} of {report.backup.made_at} in {one_line(str(folder))}",
            markup=False,
        )
        for path, reason in report.left_out.items():
            notes.print(
                f"  {one_line(path)}: {reason}, so it is left out; an older backup may have it "
                "(--at), restored into another folder",
                style="yellow",
                markup=False,
            )
    if report.left_out:
        raise typer.Exit(1)


def export_typed_text(
    file: Annotated[Path, typer.Argument(help="File to write: one JSON record a line.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    library: LibraryOption = None,
) -> None:
    """Write all that people typed as text: corrections, verdicts, searches, names, settings."""
    written = export_typed(library_root(library), file, replaces=force)
    notes.print(f"wrote {_counts(written)} to {file}; `import-typed` takes them back", markup=False)


def import_typed_text(
    file: Annotated[Path, typer.Argument(help="File that `export-typed` wrote.")],
    library: LibraryOption = None,
) -> None:
    """Take back what people typed; what the library has stays as it is."""
    taken = import_typed(library_root(library), file)
    notes.print(f"took {_counts(taken)} that were not there", markup=False)
    for line in taken.left:
        notes.print("  " + one_line(line), style="yellow", markup=False)
    if taken.corrections:
        notes.print("the next `longbox index` of these books applies the corrections")


def _counts(counts: TypedCounts) -> str:
    searches = plural(counts.searches, "search", "searches")
    files = plural(counts.names + counts.config, "file")
    corrections = plural(counts.corrections, "correction")
    return f"{corrections}, {searches} and {files} of names and settings"
