"""`longbox show`: one panel, as a picture file or in the terminal."""

from __future__ import annotations

import os
import sys
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
from longbox.errors import LongboxError, QueryError
from longbox.pipeline import page_pixels, panel_crop


def show(
    panel: Annotated[str, typer.Argument(help="A panel id, as search prints it.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the crop to this picture file.")
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="The whole page instead.")] = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show a panel: what is written in it, and its picture."""
    try:
        panel_id = PanelId.parse(panel)
    except ValueError as error:
        raise QueryError(str(error)) from error
    with open_library(library) as opened:
        settings = load_config(config, opened.root)
        record = opened.panel_records([opened.panel_row(panel_id)])[0]
    if json:
        print_json({**msgspec.to_builtins(record), "box": list(record.box.as_tuple())})
    else:
        results.print(
            f"{one_line(record.title)}, page {record.page_index + 1}, panel {record.panel + 1}",
            style="bold",
            markup=False,
        )
        results.print(one_line(record.file), style="dim", markup=False)
        for line in record.text.splitlines():
            results.print("  " + one_line(line), markup=False)
    if output is None and (json or not is_terminal()):
        return
    pixels = page_pixels(record, settings) if page else panel_crop(record, settings)
    if output is not None:
        _save(pixels, output)
        notes.print(f"wrote {output}")
    else:
        _draw(pixels)


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
