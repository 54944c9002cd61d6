"""`longbox analyze health`: are the vectors of a space, or of all spaces, spread out and alive?

The same judgement as `longbox doctor --model`, for the spaces that are asked for, of panels or of
pages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longbox.cli.doctor_model import Judged, judge_model
from longbox.cli.studying import checked_space, chosen
from longbox.cli.terminal import JsonOption, LibraryOption


def health(
    space: Annotated[
        list[str] | None,
        typer.Option("--space", "-s", help="A space to judge, again for more; all there are."),
    ] = None,
    unit: Annotated[str, typer.Option("--of", help="panels or pages.")] = "panels",
    most: Annotated[
        int,
        typer.Option(
            help="Judge about this many at most; a larger library is sampled: its pages, or whole "
            "books of panels.",
            min=1,
        ),
    ] = 50_000,
    report: Annotated[
        Path | None,
        typer.Option(help="Also write the findings as an HTML page.", metavar="HTML"),
    ] = None,
    library: LibraryOption = None,
    json: JsonOption = False,
) -> None:
    """Judge the vectors of any space: spread, rank, hubs, what a page shares.

    Where the fused or contextual space is among them, the model that made it is probed too. Exit
    code 1 where a finding is bad.
    """
    from longbox.analysis.units import Unit

    spaces = tuple(checked_space(name) for name in space or ())
    of_pages = chosen(Unit, unit, "unit") is Unit.PAGES
    judge_model(library, report, None, as_json=json, judged=Judged(spaces, of_pages, most))
