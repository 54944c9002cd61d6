"""`longbox sheet`: a contact sheet of a book with panels, order, lettering and page types."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longbox.cli.progress import counting
from longbox.cli.terminal import ConfigOption, notes, one_line, results
from longbox.config import load_config
from longbox.errors import QueryError


def sheet(
    file: Annotated[Path, typer.Argument(help="A comic file, or a folder of pictures.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Picture to write: .jpg, .png or .webp.")
    ],
    pages: Annotated[
        str | None, typer.Option(help="Pages to draw, from 1: 3 or 1-12 or 1,5,9-11.")
    ] = None,
    columns: Annotated[int, typer.Option(min=1, max=20, help="Pages side by side.")] = 6,
    side: Annotated[
        int, typer.Option(min=100, max=2000, help="Longer side of a page, in pixels.")
    ] = 420,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a picture that is there.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Draw what Longbox sees on the pages of a comic file: panels, order, texts, page types.

    A long book becomes several sheets with a number behind the name.
    """
    from longbox.pipeline import SheetLayout, write_sheets

    wanted = None if pages is None else tuple(page_numbers(pages))
    settings = load_config(config)
    layout = SheetLayout(wanted, columns, side)
    with counting(notes, "looking at the pages") as tell:
        files, problems = write_sheets(file, output, settings, layout, replaces=force, tell=tell)
    for problem in problems:
        notes.print(one_line(problem.reason), style="yellow", markup=False)
    for written in files:
        results.print(one_line(str(written)), markup=False)


def page_numbers(text: str) -> list[int]:
    """Read "1,5,9-11" as page indices from 0.

    Raises:
        QueryError: It is something else, or starts below page 1.
    """
    indices: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            start, end = int(first), int(last) if dash else int(first)
        except ValueError as error:
            raise QueryError(
                f"--pages {text[:40]}: write numbers like 3 or 1-12 or 1,5,9-11"
            ) from error
        if not 1 <= start <= end <= 100_000:
            raise QueryError(f"--pages {text[:40]}: pages count from 1 and go up")
        indices += range(start - 1, end)
    return indices
