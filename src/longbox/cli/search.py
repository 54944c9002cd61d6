"""`longbox search`: words, pictures, panels and sums of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from longbox.book import Direction, Hit, PageFlag, PageType, PanelId
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
from longbox.config import load_config
from longbox.errors import QueryError
from longbox.library import Filters, Library, Writing
from longbox.retrieval import (
    By,
    PanelTerm,
    PictureTerm,
    QueryFuser,
    Searcher,
    SearchRequest,
    Term,
    only_space,
    parse_query,
)
from longbox.vectors import Space

_TEXT_WIDTH = 160


def search(
    query: Annotated[
        str | None,
        typer.Argument(
            help='Words, a picture file, panel:ID, or a sum: "2:dragon" + ./crop.png - "castle".',
            show_default=False,
        ),
    ] = None,
    image: Annotated[
        list[Path] | None, typer.Option(help="A picture: a panel's crop, or a scan of a page.")
    ] = None,
    like: Annotated[
        list[str] | None, typer.Option(help="A panel of the library, by its id.")
    ] = None,
    k: Annotated[int, typer.Option("-k", help="How many hits.", min=1, max=1000)] = 10,
    by: Annotated[By, typer.Option(help="What one hit is.")] = By.PANEL,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            help="What a list counts (vision=2): text, words, substring, description, "
            "description_words, description_substring, vision, composition, fused or contextual."
        ),
    ] = None,
    within: Annotated[
        Writing | None,
        typer.Option(
            "--in", help="Look for words only in the lettering, or only in the descriptions."
        ),
    ] = None,
    space: Annotated[
        Space | None,
        typer.Option(
            help="Compare in this space alone. contextual: what happens around a panel (--like); "
            "fused: all that is known of it at once."
        ),
    ] = None,
    series: Annotated[str | None, typer.Option(help="Only series whose name holds this.")] = None,
    title: Annotated[str | None, typer.Option(help="Only titles that hold this.")] = None,
    page_type: Annotated[list[PageType] | None, typer.Option(help="Only such pages.")] = None,
    flag: Annotated[
        list[PageFlag] | None, typer.Option(help="Only pages that were flagged so.")
    ] = None,
    without_flag: Annotated[
        list[PageFlag] | None, typer.Option(help="No pages that were flagged so.")
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Only this language (en, fr, ja ...).")
    ] = None,
    direction: Annotated[
        Direction | None, typer.Option(help="Only this reading direction.")
    ] = None,
    year: Annotated[str | None, typer.Option(help="A year, or a span such as 1990-1999.")] = None,
    min_text: Annotated[
        int, typer.Option(help="Only panels with this many characters of text.", min=0)
    ] = 0,
    book: Annotated[list[str] | None, typer.Option(help="Only this book, by its id.")] = None,
    no_fold: Annotated[
        bool, typer.Option("--no-fold", help="Show other editions of a page as hits of their own.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(help="Also write a page with the panels to look at.")
    ] = None,
    library: LibraryOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Find panels by what is said in them or what they look like."""
    terms = _terms(query, image or [], like or [])
    year_min, year_max = _years(year)
    filters = Filters(
        series=series,
        title=title,
        page_types=tuple(page_type or ()),
        languages=tuple(language or ()),
        direction=direction,
        year_min=year_min,
        year_max=year_max,
        min_text_characters=min_text,
        book_ids=tuple(book or ()),
        flags=tuple(flag or ()),
        without_flags=tuple(without_flag or ()),
    )
    weights = {**(only_space(space) if space else {}), **_weights(weight or [])}
    request = SearchRequest(terms, filters, by, k, weights, not no_fold, within)
    with open_library(library) as opened:
        settings = load_config(config, opened.root)
        hits = Searcher(opened, settings, partial(_open_fuser, opened.root)).search(request)
        _say_unsearched(opened)
        asked = describe(query, image or [], like or [])
        if html is not None:
            from longbox.cli.page import write_page

            write_page(html, asked, hits, opened, settings)
            notes.print(f"wrote {html}; open it in a browser")
    if json:
        print_json({"query": asked, "hits": [hit_record(hit) for hit in hits]})
    else:
        print_hits(hits)
    if not hits:
        raise typer.Exit(1)


def _open_fuser(root: Path) -> QueryFuser:
    from longbox.pipeline import library_model

    return library_model(root)


def print_hits(hits: Sequence[Hit]) -> None:
    """Print hits for a person."""
    if not hits:
        notes.print("nothing found; try other words, fewer filters, or `longbox status`")
    for hit in hits:
        place = f"page {hit.page + 1}, panel {hit.panel + 1}"
        line = Text(f"{hit.rank:>3}  ")
        line.append(one_line(hit.title), style="bold")
        line.append(f"  {place}  ")
        line.append(hit.panel_id, style="dim")
        results.print(line)
        if text := one_line(hit.text):
            results.print(Text(f"     “{_cut(text)}”"))
        if description := one_line(hit.description):
            results.print(Text(f"     {_cut(description)}", style="italic"))
        results.print(Text("     " + matched_because(hit), style="dim"))


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_WIDTH else text[: _TEXT_WIDTH - 1] + "…"


def _say_unsearched(library: Library) -> None:
    """Say it when part of the library was made by other encoders, which this query cannot meet."""
    for space, fingerprints in library.spaces().items():
        if len(fingerprints) > 1:
            is_described = space is Space.DESCRIPTION
            remedy = "longbox describe" if is_described else "longbox index FOLDER --refresh"
            notes.print(
                f"note: {space} vectors come from {len(fingerprints)} encoders, and only those of "
                f"one were searched; `{remedy}` makes them alike",
                style="yellow",
            )


def hit_record(hit: Hit) -> dict[str, Any]:
    """Return a hit as `search --json` prints it: its box as four numbers."""
    matched = {name: {"rank": m.rank, "score": m.score} for name, m in hit.matched.items()}
    record = {**msgspec.to_builtins(hit), "matched": matched}
    return {**record, "box": list(hit.box.as_tuple())}


def matched_because(hit: Hit) -> str:
    """Say in which spaces a hit matched, at which rank, how strongly."""
    parts = [f"{name} #{m.rank} ({m.score:.2f})" for name, m in hit.matched.items()]
    if hit.also:
        parts.append(f"{len(hit.also)} more of the same page elsewhere")
    return " · ".join(parts)


def describe(query: str | None, images: Sequence[Path], like: Sequence[str]) -> str:
    """Return the query in words, for the answer and the page of results."""
    parts = [query] if query else []
    parts += [f"picture {path}" for path in images]
    parts += [f"like {panel}" for panel in like]
    return " + ".join(parts)


def _terms(query: str | None, images: Sequence[Path], like: Sequence[str]) -> tuple[Term, ...]:
    terms: list[Term] = list(parse_query(query)) if query is not None else []
    for path in images:
        if not path.is_file():
            raise QueryError(f"{path}: there is no such picture; check the path")
        terms.append(PictureTerm(path))
    for panel in like:
        try:
            terms.append(PanelTerm(PanelId.parse(panel)))
        except ValueError as error:
            raise QueryError(str(error)) from error
    if not terms:
        raise QueryError('nothing to search for; try `longbox search "rain on a roof"`')
    return tuple(terms)


def _years(year: str | None) -> tuple[int | None, int | None]:
    if year is None:
        return None, None
    first, dash, last = year.partition("-")
    try:
        low = int(first) if first else None
        high = (int(last) if last else None) if dash else low
    except ValueError as error:
        raise QueryError(f"--year {year}: write a year, or a span such as 1990-1999") from error
    return low, high


def _weights(given: Sequence[str]) -> dict[str, float]:
    weights = {}
    for item in given:
        name, equals, number = item.partition("=")
        try:
            weights[name.strip()] = float(number)
        except ValueError as error:
            raise QueryError(f"--weight {item}: write it like --weight vision=2") from error
        if not equals:
            raise QueryError(f"--weight {item}: write it like --weight vision=2")
    return weights
