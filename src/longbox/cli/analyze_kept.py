"""`longbox analyze list`, `show` and `forget`: the studies that the library keeps."""

from __future__ import annotations

from typing import Annotated

import typer

from longbox.cli.terminal import (
    JsonOption,
    LibraryOption,
    notes,
    one_line,
    open_library,
    print_json,
    results,
)

NameArgument = Annotated[str, typer.Argument(help="A study, as `longbox analyze list` names it.")]


def list_studies(library: LibraryOption = None, json: JsonOption = False) -> None:
    """List the studies that were made, the newest first; `*`: the library changed since."""
    from longbox.analysis.studies import as_document, kept_studies

    with open_library(library) as opened:
        studies, generation = kept_studies(opened.root), opened.generation()
    if json:
        print_json([as_document(study) for study in studies])
    else:
        for study in studies:
            changed = "" if study.generation == generation else " *"
            results.print(f"{study.study_id}  {study.made_at}{changed}  ", end="", markup=False)
            results.print(one_line(_question(study.asked)), markup=False)
    if not studies:
        notes.print("no study was made yet; begin with `longbox analyze clusters`")
        raise typer.Exit(1)


def show_study(name: NameArgument, library: LibraryOption = None) -> None:
    """Print a study as JSON: what was asked and what was found."""
    from longbox.analysis.studies import as_document, read_study

    with open_library(library) as opened:
        study = read_study(opened.root, name)
    print_json(as_document(study))


def forget_study(name: NameArgument, library: LibraryOption = None) -> None:
    """Delete a study; asking again makes it again."""
    from longbox.analysis.studies import remove_study

    with open_library(library) as opened:
        opened.require_writable()
        remove_study(opened.root, name)
    notes.print(f"{one_line(name)} is forgotten", markup=False)


def _question(asked: object) -> str:
    """Say in short what was asked: the plain values of the question."""
    if not isinstance(asked, dict):
        return ""
    said = [
        f"{key} {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for key, value in asked.items()
        if isinstance(value, str | list) and value
    ]
    return "; ".join(said)[:200]
