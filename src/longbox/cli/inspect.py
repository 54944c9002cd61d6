"""`longbox inspect`: understand one file without a library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from longbox.book import AnnotatedPage, Book, Direction, Page, Problem
from longbox.cli.terminal import (
    ConfigOption,
    JsonOption,
    notes,
    one_line,
    plural,
    print_json,
    results,
)
from longbox.config import load_config
from longbox.geometry import Box


def inspect(
    file: Annotated[Path, typer.Argument(help="A comic file, or a folder of pictures.")],
    direction: Annotated[
        Direction | None, typer.Option(help="Reading direction, if the file does not say it.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say what is on each page of a comic file: panels, order, lettering, page type."""
    from dataclasses import replace

    from longbox.ingest import open_book
    from longbox.pipeline import PageStages

    settings = load_config(config)
    if direction is not None:
        settings = replace(settings, ingest=replace(settings.ingest, direction=direction))
    stages = PageStages(settings, n_threads=2)
    n_read = 0
    with open_book(file, settings.ingest) as opened:
        book = opened.book
        if not json:
            _say_book(book)
        for problem in book.problems:
            if problem.page is None:
                notes.print(one_line(problem.reason), style="yellow", markup=False)
        for page in book.pages:
            broken: list[Problem] = []
            with stages.guard("ingest", page, book, broken):
                pixels = opened.pixels(page.index)
            if broken:
                _say_broken(page, book, broken[0].reason, json)
                continue
            seen = stages.see(pixels, page, book)
            n_read += 1
            for problem in seen.problems:
                notes.print(one_line(problem.reason), style="yellow", markup=False)
            if json:
                print_json(page_record(seen.page, book))
            else:
                _say_page(seen.page)
    if not n_read:
        raise typer.Exit(1)


def page_record(seen: AnnotatedPage, book: Book) -> dict[str, Any]:
    """Return a page as `inspect --json` prints it."""
    return {
        "page": seen.page.index,
        "source": seen.page.source,
        "width": seen.page.width,
        "height": seen.page.height,
        "direction": book.direction,
        "page_type": seen.label.page_type,
        "is_spread": seen.is_spread,
        "panels": [
            {"box": _numbers(p.box), "order": p.order, "confidence": round(p.confidence, 3)}
            for p in seen.panels
        ],
        "texts": [
            {
                "box": _numbers(t.box),
                "text": t.text,
                "panel": t.panel,
                "order": t.order,
                "kind": t.kind,
                "confidence": round(t.confidence, 3),
            }
            for t in seen.texts
        ],
    }


def _numbers(box: Box) -> list[float]:
    return [round(v, 1) for v in box.as_tuple()]


def _say_broken(page: Page, book: Book, reason: str, json: bool) -> None:
    notes.print("error: " + one_line(reason), style="red", markup=False)
    if json:
        print_json(
            {
                "page": page.index,
                "source": page.source,
                "direction": book.direction,
                "error": one_line(reason),
            }
        )


def _say_book(book: Book) -> None:
    results.print(one_line(book.title), style="bold", markup=False)
    language = f", {book.metadata.language}" if book.metadata.language else ""
    results.print(
        f"{book.format}, {plural(len(book.pages), 'page')}, {book.direction} "
        f"({book.direction_source}){language}, book {book.book_id}",
        markup=False,
    )


def _say_page(seen: AnnotatedPage) -> None:
    results.print(
        f"\npage {seen.page.index + 1}  {seen.page.width}x{seen.page.height}  "
        f"{seen.label.page_type}{'  spread' if seen.is_spread else ''}",
        markup=False,
    )
    for panel in seen.panels:
        x0, y0, x1, y1 = panel.box.rounded()
        results.print(f"  panel {panel.order + 1}  {x0},{y0} to {x1},{y1}", markup=False)
        for text in seen.panel_texts(panel.order):
            results.print(f"    {text.kind}: {one_line(text.text)}", markup=False)
    for text in (t for t in seen.texts if t.panel is None):
        results.print(f"  outside: {text.kind}: {one_line(text.text)}", markup=False)
