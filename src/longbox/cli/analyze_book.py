"""`longbox analyze book`: one book along its pages, and beside another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longbox.cli.studying import looked_at
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
from longbox.errors import QueryError
from longbox.library import Library
from longbox.vectors import Space

if TYPE_CHECKING:
    from longbox.analysis.reading import BookReading

_SHOWN_SURPRISES = 5
_SHOWN_ALIKE = 3
_PICTURES = (".svg", ".png")


def book(
    name: Annotated[str, typer.Argument(help="A book id or comic file.")],
    beside: Annotated[
        str | None, typer.Option(help="Another book, to say in what they differ.")
    ] = None,
    surprise: Annotated[
        bool, typer.Option("--surprise/--no-surprise", help="Ask the trained model (slower).")
    ] = True,
    picture: Annotated[
        Path | None,
        typer.Option(help="Also draw it: an .svg or .png file.", metavar="FILE"),
    ] = None,
    library: LibraryOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Read a book along its pages: pacing, scenes, surprise, who is where; and books like it."""
    from longbox.analysis.reading import (
        ReadingOptions,
        alike_books,
        compare_books,
        fingerprints,
        read_book,
    )
    from longbox.pipeline import find_books

    if picture is not None and picture.suffix.lower() not in _PICTURES:
        raise QueryError(f"{picture}: name an .svg or .png file")
    with open_library(library) as opened:
        looked_at(opened, config)
        [book_id, *others] = find_books(opened, [name, *([beside] if beside else [])])
        if beside and not others:
            raise QueryError("a book cannot be set beside itself; name another")
        shelf = fingerprints(opened)
        reading = read_book(opened, book_id, shelf, ReadingOptions(with_surprise=surprise))
        compared = compare_books(shelf, book_id, others[0]) if others else None
        alike = {
            space: alike_books(opened, book_id, space, k=_SHOWN_ALIKE) for space in _spaces(opened)
        }
    if picture is not None:
        _draw(picture, reading)
    if json:
        from longbox.analysis.studies import as_document

        print_json(as_document({"reading": reading, "alike": alike, "beside": compared}))
        return
    _say(reading)
    for space, books in alike.items():
        said = "; ".join(f"{one_line(b.title)} ({b.likeness:+.2f})" for b in books)
        results.print(f"  most alike by {space}: {said or 'no other book'}", markup=False)
    if compared is not None:
        results.print(f"  {one_line(compared.words)}", markup=False)


def _spaces(library: Library) -> tuple[Space, ...]:
    """Return the spaces that books can be compared in here."""
    there = library.spaces()
    return tuple(space for space in Space if space in there)


def _draw(picture: Path, reading: BookReading) -> None:
    from longbox.analysis.plots import book_strips, png_of, svg_of

    figure = book_strips(reading)
    if picture.suffix.lower() == ".png":
        picture.write_bytes(png_of(figure))
    else:
        picture.write_text(svg_of(figure, title=reading.title), encoding="utf-8")
    notes.print(f"wrote {picture}", markup=False)


def _say(reading: BookReading) -> None:
    results.print(one_line(reading.title), style="bold", markup=False)
    for line in reading.words:
        results.print(f"  {one_line(line)}", markup=False)
    for found in reading.surprising[:_SHOWN_SURPRISES]:
        results.print(f"  surprise {found.surprise:.2f}: {found.panel_id}", markup=False)
    for line in reading.notes:
        notes.print(one_line(line), style="yellow", markup=False)
