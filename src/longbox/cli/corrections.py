"""`longbox library corrections` and `uncorrect`: what people put right, and taking it back."""

from __future__ import annotations

import json as json_module
from typing import Annotated

import typer

from longbox.cli.progress import ShelfDisplay
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
from longbox.config import load_config
from longbox.correction import CorrectedField, Correction, latest, record_of
from longbox.errors import QueryError
from longbox.library import Library, corrected_books

BookArgument = Annotated[str, typer.Argument(help="Id of the book, the start of it, or its file.")]


def corrections(
    book: BookArgument, library: LibraryOption = None, json: JsonOption = False
) -> None:
    """List all that people put right in a book, oldest first, and which of it counts."""
    with open_library(library) as opened:
        book_id = _named(opened, book)
        found = opened.corrections(book_id)
    last = set(latest(found))
    states = [_state(c, counts=c in last) for c in found]
    if json:
        records = [{**record_of(c), "state": state} for c, state in zip(found, states, strict=True)]
        print_json({"book": book_id, "corrections": records})
        return
    for correction, state in zip(found, states, strict=True):
        place = _place(correction)
        results.print(
            f"{one_line(correction.made_at)}  {place}: {_value(correction)}  "
            f"({one_line(correction.origin)[:100]}; {state})",
            markup=False,
        )
    if not found:
        notes.print("nothing was put right in this book")


def uncorrect(
    book: BookArgument,
    page: Annotated[
        int | None, typer.Option(min=1, help="Only what was said of this page, from 1.")
    ] = None,
    field: Annotated[CorrectedField | None, typer.Option(help="Only this field.")] = None,
    later: Annotated[
        bool, typer.Option("--later", help="Let the next `longbox index` apply it.")
    ] = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Take corrections back: Longbox sees for itself again; the history is kept."""
    from longbox.pipeline import files_of, index_shelf, withdraw_corrections

    if page is not None and field is not None and not field.is_of_page:
        raise QueryError(f"--field {field} is said of the book; leave out --page")
    with open_library(library) as opened:
        settings = load_config(config, opened.root)
        book_id = _named(opened, book)
        taken = withdraw_corrections(opened, book_id, None if page is None else page - 1, field)
        for correction in taken:
            results.print(f"taken back: {_place(correction)}")
        if not taken:
            notes.print("there is nothing to take back")
            raise typer.Exit(1)
        paths, absent = files_of(opened, [book_id])
        if later or absent:
            notes.print(f"{plural(len(taken), 'correction')}; the next `longbox index` applies it")
            return
        with ShelfDisplay(notes) as display:
            report = index_shelf(paths, opened, settings, display.update)
    for problem in report.problems:
        notes.print("  " + one_line(problem.reason), style="yellow", markup=False)
    if report.was_interrupted:
        raise typer.Exit(130)
    if report.n_failed:
        raise typer.Exit(1)


def _named(library: Library, book: str) -> str:
    from longbox.pipeline import find_books

    return find_books(library, [book], corrected_books(library.root))[0]


def _state(correction: Correction, *, counts: bool) -> str:
    if not counts:
        return "replaced"
    return "taken back" if correction.is_withdrawal else "counts"


def _place(correction: Correction) -> str:
    index, name = correction.page_index, correction.field.replace("_", " ")
    return name if index is None else f"page {index + 1}, {name}"


def _value(correction: Correction) -> str:
    """Return the value in a few words."""
    value = json_module.loads(correction.value)
    if value is None:
        return "as Longbox sees it"
    if isinstance(value, list):
        return plural(len(value), correction.field.removesuffix("s"))
    return one_line(str(value))[:100]
