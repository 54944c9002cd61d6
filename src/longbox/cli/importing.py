"""`longbox import`: files of other programs become corrections of a library."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from longbox.cli.progress import ShelfDisplay, counting
from longbox.cli.terminal import (
    ConfigOption,
    JsonOption,
    LibraryOption,
    notes,
    one_line,
    open_library,
    plural,
    print_json,
    results,
)
from longbox.config import Config, load_config
from longbox.library import Library
from longbox.pipeline import (
    ImportPlan,
    IndexReport,
    files_of,
    find_books,
    index_shelf,
    plan_import,
)


def import_files(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="cbxy, ACBF, mokuro, ComicInfo.xml, COCO or DataSpec files, or corrections "
            "that `longbox export corrections` wrote."
        ),
    ],
    library: LibraryOption = None,
    config: ConfigOption = None,
    book: Annotated[
        str | None,
        typer.Option(help="Id or comic file of the book they belong to; found when not given."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    later: Annotated[
        bool, typer.Option("--later", help="Let the next `longbox index` apply them.")
    ] = False,
    keep_all: Annotated[
        bool,
        typer.Option(
            "--all", help="Also keep what agrees with the library, so no later run changes it."
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Take corrections from other programs' files; no later run overwrites them."""
    with open_library(library) as opened:
        settings = load_config(config, opened.root)
        book_id = find_books(opened, [book])[0] if book else None
        with counting(notes, "looking for the book") as tell:
            plans = [
                plan_import(opened, path, book_id, keeps_all=keep_all, tell=tell) for path in files
            ]
        corrections = [c for plan in plans for c in plan.corrections]
        report: IndexReport | None = None
        absent: list[str] = []
        if corrections and not dry_run:
            opened.add_corrections(corrections)
            if not later:
                touched = list(dict.fromkeys(c.book_id for c in corrections))
                paths, absent = files_of(opened, touched)
                report = _redo(opened, settings, paths)
    if json:
        print_json(_as_json(plans, report, absent, dry_run=dry_run))
    else:
        _say(plans, absent, dry_run=dry_run, later=later)
        for problem in report.problems if report else ():
            notes.print("  " + one_line(problem.reason), style="yellow", markup=False)
    if report is not None and report.was_interrupted:
        raise typer.Exit(130)
    if report is not None and report.n_failed:
        raise typer.Exit(1)


def _redo(library: Library, settings: Config, paths: list[Path]) -> IndexReport:
    with ShelfDisplay(notes) as display:
        return index_shelf(paths, library, settings, display.update)


def _say(plans: list[ImportPlan], absent: list[str], *, dry_run: bool, later: bool) -> None:
    for plan in plans:
        owner = ", ".join(t or b for t, b in zip(plan.titles, plan.book_ids, strict=True))
        agreeing = f"; {plan.n_agreeing} agree with the library" if plan.n_agreeing else ""
        results.print(
            f"{one_line(plan.path.name)}: {plan.format}, {one_line(owner)[:200]}: "
            f"{_changes(plan)}{agreeing}",
            markup=False,
        )
    if dry_run:
        notes.print("nothing was changed")
    elif not any(plan.corrections for plan in plans):
        notes.print("nothing to change")
    elif later:
        notes.print("kept; the next `longbox index` of these books applies them")
    for book_id in absent:
        notes.print(
            f"{book_id}: its comic file is not there; applied when `longbox index` meets it"
        )


def _changes(plan: ImportPlan) -> str:
    """Return "panels of 3 pages, title"."""
    counts = Counter((c.field, c.page_index is not None) for c in plan.corrections)
    parts = [
        f"{field.value.replace('_', ' ')} of {plural(n, 'page')}" if is_of_page else field.value
        for (field, is_of_page), n in sorted(counts.items())
    ]
    return ", ".join(parts) or "nothing new"


def _as_json(
    plans: list[ImportPlan], report: IndexReport | None, absent: list[str], *, dry_run: bool
) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "files": [
            {
                "file": str(plan.path),
                "format": plan.format,
                "books": plan.book_ids,
                "agreeing": plan.n_agreeing,
                "changes": [
                    {"book": c.book_id, "page_index": c.page_index, "field": c.field}
                    for c in plan.corrections
                ],
            }
            for plan in plans
        ],
        "redone": [o.book_id for o in report.outcomes if o.book_id] if report else [],
        "waiting": absent,
        "problems": report.problems if report else [],
    }
