"""`longbox analyze ablation`: the same pages in every space, and what each space is made of."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from longbox.cli.studying import SeedOption, UnitOption, ask, checked_space, chosen, looked_at
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

if TYPE_CHECKING:
    from longbox.analysis.ablation import Ablation, Estimate, Share


def ablation(
    space: Annotated[
        list[str] | None,
        typer.Option("--space", "-s", help="A space to compare, again for more; all there are."),
    ] = None,
    unit: UnitOption = "pages",
    most: Annotated[
        int, typer.Option(help="Compare this many at most; a larger library is sampled.", min=30)
    ] = 10_000,
    seed: SeedOption = 0,
    library: LibraryOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Compare the spaces on the same pages: neighbours, clusters, and what each is made of.

    Answers whether a space goes by layout, by what is written, or only by book. What was found is
    kept in the library and shown by `longbox serve`.
    """
    from longbox.analysis.ablation import AblationOptions
    from longbox.analysis.studies import SpacesQuestion, StudyKind, as_document, study_spaces
    from longbox.analysis.units import Sampling, Unit

    question = SpacesQuestion(
        tuple(checked_space(name) for name in space or ()),
        chosen(Unit, unit, "unit"),
        AblationOptions(sampling=Sampling(most, seed)),
    )
    with open_library(library) as opened:
        looked_at(opened, config)
        found = ask(
            opened, StudyKind.SPACES, question, lambda tell: study_spaces(opened, question, tell)
        )
    if json:
        print_json(as_document(found))
    else:
        _say(found)


def _say(found: Ablation) -> None:
    sampled = " (a sample)" if found.is_sampled else ""
    results.print(
        f"{found.n:,} {found.unit} of {found.n_books} books that every space has{sampled}",
        style="bold",
        markup=False,
    )
    for claim in found.claims:
        results.print(f"\n{claim.space}: {one_line(claim.words)}", markup=False)
    results.print()
    results.print(_shares(found))
    results.print(_overlaps(found))
    for line in found.untold:
        notes.print(one_line(line), style="yellow", markup=False)


def _shares(found: Ablation) -> Table:
    """Show a row for each group of measures, a column for each space."""
    table = Table("what", title="share of what differs, by each alone (beyond all others)")
    of = {(share.group, share.space): share for share in found.shares}
    for line in found.spaces:
        table.add_column(line.space.value, justify="right")
    for group in dict.fromkeys(share.group for share in found.shares):
        own = [of.get((group, line.space)) for line in found.spaces]
        table.add_row(group.value, *(_share(share) if share else "" for share in own))
    return table


def _share(share: Share) -> str:
    alone = f"{share.share.value:.2f}"
    return alone if math.isnan(share.unique.value) else f"{alone} ({share.unique.value:.2f})"


def _overlaps(found: Ablation) -> Table:
    table = Table("spaces", "own book too", "other books only", title="nearest in common (chance)")
    for column in table.columns[1:]:
        column.justify = "right"
    pairs = list(dict.fromkeys((one.a, one.b) for one in found.overlaps))
    for a, b in pairs:
        own = {one.own_book: one for one in found.overlaps if (one.a, one.b) == (a, b)}
        cells = [
            f"{_interval(own[way].share)} ({own[way].chance:.3f})" if way in own else ""
            for way in (True, False)
        ]
        table.add_row(f"{a.value} and {b.value}", *cells)
    return table


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"
