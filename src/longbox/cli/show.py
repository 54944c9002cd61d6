"""`longbox show`: one panel, as a picture file or in the terminal."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import typer
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment, Segments
from rich.style import Style

from longbox.book import PanelId
from longbox.cli.terminal import (
    ConfigOption,
    JsonOption,
    LibraryOption,
    is_terminal,
    notes,
    one_line,
    open_library,
    print_json,
    results,
)
from longbox.config import load_config
from longbox.description import AnswerState
from longbox.errors import LongboxError, QueryError
from longbox.library import Library, PanelRecord
from longbox.pipeline import attention_picture, page_pixels, panel_crop


def show(
    panel: Annotated[str, typer.Argument(help="A panel id, as search prints it.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the crop to this picture file.")
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="The whole page instead.")] = False,
    attention: Annotated[
        bool,
        typer.Option("--attention", help="The whole page, with what the panel attends to."),
    ] = False,
    layer: Annotated[
        int | None,
        typer.Option(
            "--layer", help="Of the sequence model, from 1; the last if not given.", min=1
        ),
    ] = None,
    library: LibraryOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show a panel: what is written in it, what a model wrote about it, and its picture."""
    if layer is not None and not attention:
        raise QueryError("--layer says whose attention is drawn; add --attention")
    try:
        panel_id = PanelId.parse(panel)
    except ValueError as error:
        raise QueryError(str(error)) from error
    with open_library(library) as opened:
        settings = load_config(config, opened.root)
        record = _record(opened, panel_id)
        said = _page_description(opened, record)
    if json:
        box = list(record.box.as_tuple())
        print_json({**msgspec.to_builtins(record), "box": box, "page_description": said})
    else:
        _say(record, said)
    if output is None and (json or not is_terminal()):
        return
    if attention:
        with open_library(library) as opened:
            pixels = np.asarray(attention_picture(opened, panel_id, settings, layer))
    else:
        pixels = page_pixels(record, settings) if page else panel_crop(record, settings)
    if output is not None:
        _save(pixels, output)
        notes.print(f"wrote {output}")
    else:
        _draw(pixels)


@dataclass(frozen=True, slots=True)
class PageSaid:
    """What a model said of the whole page, and whether it is searched.

    Attributes:
        is_fitting: It was made for the panels that the page has now.
    """

    summary: str
    state: AnswerState
    model: str
    made_at: str
    is_fitting: bool


def _record(library: Library, panel_id: PanelId) -> PanelRecord:
    found = library.panel_records([library.panel_row(panel_id)])
    if not found:
        raise QueryError(f"{panel_id}: was indexed again at this moment; try once more")
    return found[0]


def _page_description(library: Library, record: PanelRecord) -> PageSaid | None:
    unfit = library.unfit_descriptions(record.book_id)
    for said in library.descriptions(record.book_id):
        if said.page_index == record.page_index:
            is_fitting = said.page_index not in unfit
            return PageSaid(said.summary, said.state, said.model, said.made_at, is_fitting)
    return None


def _say(record: PanelRecord, said: PageSaid | None) -> None:
    results.print(
        f"{one_line(record.title)}, page {record.page_index + 1}, panel {record.panel + 1}",
        style="bold",
        markup=False,
    )
    results.print(one_line(record.file), style="dim", markup=False)
    if record.flags:
        results.print(f"page flagged: {', '.join(record.flags)}", style="yellow", markup=False)
    if record.text_confidence is not None:
        results.print(f"lettering, read {record.text_confidence:.0%} sure:", style="dim")
    for line in record.text.splitlines():
        results.print("  " + one_line(line), markup=False)
    if said is None:
        return
    by = f"{one_line(said.model)}, {one_line(said.made_at)}, {said.state}"
    results.print(f"description by {by}:", style="dim", markup=False)
    for line in record.description.splitlines():
        results.print("  " + one_line(line), markup=False)
    if said.summary:
        results.print("  the page: " + one_line(said.summary), markup=False)
    if not said.is_fitting:
        notes.print(
            "the panels of this page changed since; run `longbox describe` again", style="yellow"
        )


def _save(pixels: NDArray[np.uint8], path: Path) -> None:
    from PIL import Image

    try:
        Image.fromarray(pixels).save(path)
    except (OSError, ValueError) as error:
        raise LongboxError(
            f"{path}: the picture cannot be written ({error}); use a name like panel.png"
        ) from error


def _draw(pixels: NDArray[np.uint8]) -> None:
    """Draw with half blocks: two pixels a character, the upper one as its foreground."""
    from PIL import Image

    size = os.get_terminal_size(sys.stdout.fileno())
    height, width = pixels.shape[:2]
    columns = min(size.columns, width, 100)
    rows = max(2, min(round(columns * height / width), 2 * size.lines - 6))
    columns = max(1, round(rows * width / height))
    small = np.asarray(Image.fromarray(pixels).resize((columns, rows + rows % 2)))
    segments = []
    for upper, lower in zip(small[::2], small[1::2], strict=True):
        for top, bottom in zip(upper, lower, strict=True):
            style = Style(color=Color.from_rgb(*top), bgcolor=Color.from_rgb(*bottom))
            segments.append(Segment("▀", style))
        segments.append(Segment.line())
    results.print(Segments(segments), end="")
