"""`longbox library check`: is everything as it should be, and putting right what is not."""

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
from longbox.errors import ConfigError, QueryError
from longbox.library import (
    CheckReport,
    Finding,
    RepairReport,
    check_library,
    put_back,
    repair_library,
)


def check(
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Set aside what is damaged, and make again what the stores hold."
        ),
    ] = False,
    backup: Annotated[
        Path | None,
        typer.Option("--from", help="Folder of backups: put copies back first; needs --repair."),
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also decode every store and compare every index entry.")
    ] = False,
    library: LibraryOption = None,
    json: JsonOption = False,
) -> None:
    """Find what is damaged, lost or left over; exit 1 where anything was found.

    Works on a library that is too damaged to open. Nothing is changed without --repair, and what
    people typed is never deleted.
    """
    if backup is not None and not repair:
        raise QueryError("--from puts copies back: give --repair with it")
    root = library_root(library)
    with counting(notes, "checking") as tell:
        found = check_library(root, is_deep=deep, progress=tell)
    repaired: RepairReport | None = None
    copied: tuple[str, ...] = ()
    if repair and found.findings:
        if not json:
            _say(found)
        if backup is not None:
            copied = put_back(root, found, backup)
            with counting(notes, "checking again") as tell:
                found = check_library(root, is_deep=deep, progress=tell)
        with counting(notes, "repairing") as tell:
            repaired = repair_library(root, found, is_deep=deep, progress=tell)
    last = found if repaired is None else repaired.left
    problem = _settings_problem(library)
    if json:
        print_json(_record(str(root), found, repaired, problem) | {"put_back": copied})
    else:
        _say_repaired(copied, repaired)
        _say(last)
        if problem is not None:
            results.print(one_line(problem), style="yellow", markup=False)
    if last.findings or problem is not None:
        raise typer.Exit(1)


def _settings_problem(library: LibraryOption) -> str | None:
    """Return what is wrong with the library's settings beyond their being TOML."""
    from longbox.config import load_config

    try:
        load_config(None, library_root(library))
    except ConfigError as error:
        return None if "cannot be read as TOML" in str(error) else str(error)
    return None


def _say(report: CheckReport) -> None:
    for finding in report.findings:
        results.print(one_line(finding.line), style="yellow", markup=False)
    for note in report.notes:
        notes.print("note: " + one_line(note), markup=False)
    looked = f"{plural(report.n_files, 'file')}, {report.size_bytes / 1e6:,.1f} MB read"
    if not report.findings:
        notes.print(f"nothing is wrong: {looked}")
        return
    n = sum(finding.is_repairable for finding in report.findings)
    how = f"; `longbox library check --repair` puts {n:,} right" if n else ""
    notes.print(f"{plural(len(report.findings), 'finding')} in {looked}{how}")


def _say_repaired(copied: tuple[str, ...], repaired: RepairReport | None) -> None:
    for line in (*copied, *(repaired.done if repaired else ())):
        results.print("done: " + one_line(line), markup=False)
    for line in repaired.next_steps if repaired else ():
        notes.print("next: " + one_line(line), markup=False)


def _record(
    root: str, found: CheckReport, repaired: RepairReport | None, problem: str | None
) -> dict[str, object]:
    return {
        "library": root,
        "files": found.n_files,
        "bytes": found.size_bytes,
        "findings": [_finding(finding) for finding in found.findings],
        "notes": found.notes,
        "settings": problem,
        "done": repaired.done if repaired else [],
        "next": repaired.next_steps if repaired else [],
        "left": [_finding(f) for f in (found if repaired is None else repaired.left).findings],
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "file": finding.file,
        "matter": finding.matter,
        "what": finding.what,
        "advice": finding.advice,
        "repairable": finding.is_repairable,
    }
