"""`longbox analyze clusters`: the archetypes of a shelf, found in a space and described."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from longbox.cli.studying import (
    SeedOption,
    SpaceOption,
    UnitOption,
    ask,
    card_line,
    checked_space,
    chosen,
    looked_at,
    measure_words,
    sampled_words,
)
from longbox.cli.terminal import (
    ConfigOption,
    JsonOption,
    LibraryOption,
    one_line,
    open_library,
    plural,
    print_json,
    results,
)

if TYPE_CHECKING:
    from longbox.analysis.clusters import ClusterPortrait, Effect
    from longbox.analysis.studies import ToldClusters, UnitCard

_SHOWN_EFFECTS = 4
_SHOWN_EXEMPLARS = 3


def clusters(
    space: SpaceOption = "vision",
    unit: UnitOption = "pages",
    method: Annotated[
        str, typer.Option(help="k-means (everything in a cluster) or hdbscan (leaves out noise).")
    ] = "k-means",
    k: Annotated[
        int | None, typer.Option("-k", help="How many clusters; chosen when not given.", min=1)
    ] = None,
    beside_books: Annotated[
        bool,
        typer.Option(
            "--beside-books", help="Take every book's own offset off first: style is no cluster."
        ),
    ] = False,
    most: Annotated[
        int, typer.Option(help="Look at this many at most; a larger library is sampled.", min=10)
    ] = 100_000,
    map_axes: Annotated[
        bool, typer.Option("--map/--no-map", help="Also say what the map's axes mean.")
    ] = True,
    seed: SeedOption = 0,
    library: LibraryOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Find clusters of pages or panels and say what each of them is: archetypes, with evidence.

    Clusters are found in the space itself. Names follow the rules in docs/study.md; a cluster that
    is one book says so. What was found is kept in the library and shown by `longbox serve`.
    """
    from longbox.analysis.clusters import ClusterMethod, ClusterOptions
    from longbox.analysis.studies import (
        ClusterQuestion,
        StudyKind,
        as_document,
        study_clusters,
        told_clusters,
    )
    from longbox.analysis.units import Sampling, Unit

    question = ClusterQuestion(
        space=checked_space(space),
        unit=chosen(Unit, unit, "unit"),
        options=ClusterOptions(
            method=chosen(ClusterMethod, method, "method"),
            n_clusters=k,
            beside_books=beside_books,
            seed=seed,
        ),
        sampling=Sampling(most, seed),
        has_axes=map_axes,
    )
    with open_library(library) as opened:
        looked_at(opened, config)
        told = ask(
            opened,
            StudyKind.CLUSTERS,
            question,
            lambda tell: told_clusters(study_clusters(opened, question, tell)),
        )
    if json:
        print_json(as_document(told))
    else:
        _say(told)


def _say(found: ToldClusters) -> None:
    results.print(
        f"{plural(len(found.portraits), 'cluster')} of {found.n:,} {found.unit} by {found.space}"
        f"{sampled_words(found.n, found.n_known)}",
        style="bold",
        markup=False,
    )
    results.print(f"k: {one_line(found.how_chosen)}", markup=False)
    if found.n_noise:
        results.print(f"{found.n_noise:,} {found.unit} belong to none", markup=False)
    for portrait in found.portraits:
        _say_cluster(portrait, found.cards)
    for axis in found.axes:
        results.print(f"\nthe map {axis.name}: {one_line(axis.words)}", markup=False)


def _say_cluster(portrait: ClusterPortrait, cards: Mapping[int, UnitCard]) -> None:
    fit = f", {portrait.confidence:.0%} fit the name" if portrait.archetype else ""
    results.print(
        f"\n{portrait.number + 1}. {one_line(portrait.name)}: {portrait.n:,} ({portrait.share:.0%})"
        f" of {plural(portrait.n_books, 'book')}{fit}; {portrait.stability}",
        style="bold",
        markup=False,
    )
    apart = "; ".join(_effect(effect) for effect in portrait.sets_apart[:_SHOWN_EFFECTS])
    apart = apart or "nothing that can be told from chance"
    results.print(f"   set apart by: {apart}", markup=False)
    for name, rows in (("centre", portrait.exemplars.centre), ("edge", portrait.exemplars.edge)):
        shown = [cards[row] for row in rows[:_SHOWN_EXEMPLARS] if row in cards]
        results.print(f"   {name}: {'; '.join(card_line(card) for card in shown)}", markup=False)


def _effect(effect: Effect) -> str:
    """Say how a measure differs: Cliff's delta, and its interval where there is one."""
    said = f"{measure_words(effect.measure)} {effect.delta:+.2f}"
    if math.isnan(effect.low):
        return said
    return f"{said} ({effect.low:+.2f} to {effect.high:+.2f})"
