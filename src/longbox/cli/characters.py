"""`longbox characters`: who is on the shelf, as clusters of panels or figures that look alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longbox.book import PanelId
from longbox.cli.progress import counting
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
from longbox.config import Config, load_config
from longbox.errors import QueryError
from longbox.library import Library

if TYPE_CHECKING:
    from longbox.pipeline import BookRegions, CharacterCluster, CharacterGroup, LookTools

app = typer.Typer(help="Who is on the shelf: panels or figures that look like one character.")

DetectorOption = Annotated[
    str,
    typer.Option(help="What finds figures: panel (none: whole panels), salient, or hf:NAME."),
]
BookOption = Annotated[
    list[str] | None, typer.Option("--book", "-b", help="A book id or comic file.")
]
SeriesOption = Annotated[
    str | None, typer.Option(help="Books whose series' name holds this; clustered together.")
]
_SHOWN_PAGES = 8


@app.callback(invoke_without_command=True)
def characters(
    context: typer.Context,
    book: BookOption = None,
    series: SeriesOption = None,
    detector: DetectorOption = "panel",
    distance: Annotated[
        float | None,
        typer.Option(help="How far apart one character's looks may be; more joins more.", min=0),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Also write a sheet of exemplars: one HTML file.")
    ] = None,
    library: LibraryOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List clusters that may be characters, by series: how often, where, and by what name.

    The first run looks at the pages of every book asked for; later runs read what was kept.
    """
    if context.invoked_subcommand is not None:
        return
    from longbox.characters import ClusterOptions
    from longbox.cli.character_page import write_character_page
    from longbox.pipeline import cluster_books, group_books, remember_shown

    options = ClusterOptions() if distance is None else ClusterOptions(distance)
    with open_library(library) as opened:
        settings = load_config(config, opened.root)
        chosen = _chosen(opened, book, series)
        looked, _ = _look(opened, settings, chosen, detector)
        everything = list(looked.values())
        groups: list[CharacterGroup] = []
        for title, ids in group_books(opened, chosen):
            own = [looked[i] for i in ids if i in looked]
            groups.append(cluster_books(opened, title, own, options, everything))
        remember_shown(opened, groups)
        if html is not None:
            write_character_page(html, groups, opened, settings)
            notes.print(f"wrote {html}", markup=False)
    if json:
        print_json([_group_record(group) for group in groups])
    else:
        for group in groups:
            _say_group(group)
    if not any(group.clusters for group in groups):
        raise typer.Exit(1)


@app.command("name")
def name_character(
    cluster: Annotated[str, typer.Argument(help="A key, as `longbox characters` lists it.")],
    name: Annotated[str, typer.Argument(help="Who it is.")],
    library: LibraryOption = None,
) -> None:
    """Say who a cluster is; later runs keep the name."""
    from longbox.pipeline import name_cluster

    with open_library(library) as opened:
        name_cluster(opened, cluster, name)
    notes.print(f"{one_line(cluster)} is {one_line(name)} from now on", markup=False)


@app.command("forget")
def forget_character(
    name: Annotated[str, typer.Argument(help="A name that was given.")],
    library: LibraryOption = None,
) -> None:
    """Take a name back."""
    from longbox.pipeline import forget_name

    with open_library(library) as opened:
        if not forget_name(opened, name):
            raise QueryError(f"{name}: no cluster was given this name")
    notes.print(f"no cluster is {one_line(name)} any more", markup=False)


@app.command("like")
def like(
    panel: Annotated[str, typer.Argument(help="A panel id, as search prints it.")],
    k: Annotated[int, typer.Option("-k", help="How many panels.", min=1, max=1000)] = 10,
    book: BookOption = None,
    series: SeriesOption = None,
    detector: DetectorOption = "panel",
    library: LibraryOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Find panels that may show the same character as a panel; in its own book unless told."""
    from longbox.pipeline import same_character_as

    try:
        panel_id = PanelId.parse(panel)
    except ValueError as error:
        raise QueryError(str(error)) from error
    with open_library(library) as opened:
        settings = load_config(config, opened.root)
        asked = _chosen(opened, book, series) if book or series else [panel_id.book_id]
        chosen = list(dict.fromkeys([panel_id.book_id, *asked]))
        looked, tools = _look(opened, settings, chosen, detector)
        found = same_character_as(panel_id, tools.fingerprint, list(looked.values()), k)
    if json:
        print_json([{"panel_id": str(r.panel_id), "likeness": round(s, 4)} for r, s in found])
    else:
        for region, likeness in found:
            results.print(f"{region.panel_id}  {likeness:.3f}", markup=False)
    if not found:
        raise typer.Exit(1)


def _chosen(library: Library, books: Sequence[str] | None, series: str | None) -> list[str]:
    """Return the books asked for; all of the library when none are."""
    from longbox.pipeline import find_books

    chosen = find_books(library, books or [])
    if series is None:
        return chosen
    wanted = series.casefold()
    of_series = {
        outline.book.book_id
        for outline in library.outlines()
        if wanted in (outline.book.metadata.series or "").casefold()
    }
    found = [book_id for book_id in chosen if book_id in of_series]
    if not found:
        raise QueryError(f"{series}: no book of this library is of such a series")
    return found


def _look(
    library: Library, settings: Config, chosen: Sequence[str], detector: str
) -> tuple[dict[str, BookRegions], LookTools]:
    from longbox.pipeline import LookPlan, look_at_books, open_tools

    tools = open_tools(settings, LookPlan(detector))
    with counting(notes, "looking for characters") as tell:
        looked, problems = look_at_books(library, settings, chosen, tools, tell)
    for problem in problems:
        notes.print(one_line(problem.reason), style="yellow", markup=False)
    return looked, tools


def _say_group(group: CharacterGroup) -> None:
    results.print(
        f"{one_line(group.title)}: {plural(len(group.book_ids), 'book')}, "
        f"{plural(len(group.clusters), 'cluster')} of {plural(group.n_regions, 'region')}, "
        f"{group.n_alone:,} in none",
        markup=False,
        style="bold",
    )
    if group.announced:
        names = ", ".join(one_line(name) for name in group.announced)
        results.print(f"  the files name {names}", markup=False)
    for cluster in group.clusters:
        results.print(f"  {_cluster_line(cluster)}", markup=False)


def _cluster_line(cluster: CharacterCluster) -> str:
    guess = f"perhaps {one_line(cluster.suggestion)}" if cluster.suggestion else "no name"
    pages = cluster.pages()
    first = next(iter(pages.values()))
    shown = ", ".join(str(index + 1) for index in first[:_SHOWN_PAGES])
    more = ", ..." if len(first) > _SHOWN_PAGES else ""
    books = f" and {plural(len(pages) - 1, 'more book')}" if len(pages) > 1 else ""
    return (
        f"{cluster.key}  {one_line(cluster.name) if cluster.name else guess}  "
        f"{plural(len(cluster.members), 'region')}, like {cluster.exemplars[0].panel_id}, "
        f"pages {shown}{more}{books}"
    )


def _group_record(group: CharacterGroup) -> dict[str, Any]:
    return {
        "title": group.title,
        "book_ids": group.book_ids,
        "n_regions": group.n_regions,
        "n_alone": group.n_alone,
        "announced": group.announced,
        "clusters": [
            {
                "key": c.key,
                "name": c.name,
                "suggestion": c.suggestion,
                "n_regions": len(c.members),
                "pages": {b: [i + 1 for i in indices] for b, indices in c.pages().items()},
                "exemplars": [_region_record(e) for e in c.exemplars],
                "panels": [str(m.panel_id) for m in c.members],
            }
            for c in group.clusters
        ],
    }


def _region_record(found: Any) -> dict[str, Any]:
    region = found.region
    return {
        "panel_id": str(found.panel_id),
        "box": list(region.box.as_tuple()),
        "kind": region.kind.value,
        "confidence": region.confidence,
    }
