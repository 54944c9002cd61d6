"""`longbox analyze concepts`: how alike ideas are on this shelf, with intervals and tests."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
    sampled_words,
)
from longbox.cli.terminal import (
    JsonOption,
    LibraryOption,
    one_line,
    open_library,
    print_json,
    results,
)
from longbox.errors import QueryError

if TYPE_CHECKING:
    from longbox.analysis.concepts import BookCluster, Closer, Coherence, Likeness
    from longbox.analysis.studies import ConceptStudy, Nearest

_SIGNED = re.compile(r"\s+([+-])\s+")
_WEIGHTED = re.compile(r"(\d+(?:\.\d+)?):(.+)")


def concepts(
    concept: Annotated[
        list[str],
        typer.Argument(
            help='Concepts: name=query, as magic=potion,spell or sonja=series:"Red Sonja".'
        ),
    ],
    space: SpaceOption = "vision",
    unit: UnitOption = "pages",
    closer: Annotated[
        list[str] | None,
        typer.Option(help="A,B,C: is A closer to B than to C? Again for more questions."),
    ] = None,
    cluster: Annotated[
        list[str] | None,
        typer.Option(help="A concept of whole books: do these books form a cluster?"),
    ] = None,
    plus: Annotated[
        list[str] | None,
        typer.Option("--sum", help="A + B - C: what lies near this sum of concepts?"),
    ] = None,
    nearest: Annotated[
        int, typer.Option("-k", help="How many nearest of each are shown.", min=0, max=100)
    ] = 6,
    draws: Annotated[int, typer.Option(help="Random sets for each concept.", min=99)] = 1999,
    most: Annotated[
        int, typer.Option(help="Look at this many others at most, of a larger library.", min=10)
    ] = 100_000,
    seed: SeedOption = 0,
    library: LibraryOption = None,
    json: JsonOption = False,
) -> None:
    """Compare concepts: sets of pages or panels that match a query, by what their vectors say.

    A likeness is only called one if random sets of the same books, and other ideas as coherent,
    are less alike. Fields: series, title, book, year, genre, tag, character, language, direction,
    type, flag, lettering, words, panel, lasso; commas are "or", a minus takes away. What was found
    is kept in the library and shown by `longbox serve`.
    """
    from longbox.analysis.concepts import LikenessOptions
    from longbox.analysis.studies import (
        ConceptQuestion,
        StudyKind,
        as_document,
        study_concepts,
        told_concepts,
    )
    from longbox.analysis.units import Sampling, Unit

    question = ConceptQuestion(
        concepts=tuple(concept),
        space=checked_space(space),
        unit=chosen(Unit, unit, "unit"),
        closer=tuple(_trio(said) for said in closer or ()),
        clusters=tuple(cluster or ()),
        arithmetic=tuple(_terms(said) for said in plus or ()),
        n_nearest=nearest,
        options=LikenessOptions(n_draws=draws, seed=seed),
        sampling=Sampling(most, seed),
    )
    with open_library(library) as opened:
        study = ask(
            opened,
            StudyKind.CONCEPTS,
            question,
            lambda tell: told_concepts(study_concepts(opened, question, tell)),
        )
    if json:
        print_json(as_document(study))
    else:
        _say(study)


def _trio(said: str) -> tuple[str, str, str]:
    names = [name.strip() for name in said.split(",")]
    if len(names) != 3 or not all(names):
        raise QueryError(f"--closer {said!r}: name three concepts, A,B,C")
    return names[0], names[1], names[2]


def _terms(said: str) -> tuple[tuple[float, str], ...]:
    """Read "2:A + B - C" as weights and names."""
    pieces = _SIGNED.split(f" + {said.strip()}")[1:]
    terms: list[tuple[float, str]] = []
    for sign, name in zip(pieces[::2], pieces[1::2], strict=True):
        weighted = _WEIGHTED.fullmatch(name.strip())
        weight = float(weighted[1]) if weighted else 1.0
        name = weighted[2].strip() if weighted else name.strip()
        if not name:
            raise QueryError(f"--sum {said!r}: name concepts, A + B - C")
        terms.append((weight if sign == "+" else -weight, name))
    return tuple(terms)


def _say(study: ConceptStudy) -> None:
    results.print(
        f"{study.n_units:,} {study.unit} by {study.space}"
        f"{sampled_words(study.n_units, study.n_known)}",
        style="bold",
        markup=False,
    )
    for told, coherence in zip(study.selections, study.coherences, strict=True):
        results.print(
            f"{one_line(told.name)}: {told.n:,} {study.unit} of {told.n_books:,} books have a "
            f"vector ({one_line(told.words)}); {_coherence(coherence)}",
            markup=False,
        )
    if study.likenesses is not None:
        results.print("\nhow alike, outside one book (chance expects):", style="bold")
        for pair in study.likenesses.pairs():
            results.print(f"  {_pair(pair)}", markup=False)
    for one in study.closer:
        results.print(f"\n{_closer(one)}", markup=False)
    for found in study.clusters:
        results.print(f"\n{_cluster(found)}", markup=False)
    for near in study.nearest:
        _say_nearest(near, study)


def _coherence(found: Coherence) -> str:
    if found.value is None or found.p is None:
        return f"whether it is one idea: {found.verdict}"
    return (
        f"members are {found.verdict} (likeness {found.value:+.2f}, by chance "
        f"{found.expected:+.2f}, p {found.p:.3f})"
    )


def _pair(pair: Likeness) -> str:
    names = f"{one_line(pair.first)} and {one_line(pair.second)}"
    shared = f"; {pair.n_shared:,} of both left out" if pair.n_shared else ""
    if pair.value is None or pair.q is None:
        return f"{names}: {pair.verdict}{shared}"
    between = "" if pair.low is None else f" ({pair.low:+.2f} to {pair.high:+.2f})"
    return (
        f"{names}: {pair.value:+.2f}{between}, chance {pair.expected:+.2f}, q {pair.q:.3f}: "
        f"{pair.verdict}{shared}"
    )


def _closer(found: Closer) -> str:
    said = f"is {one_line(found.first)} closer to {one_line(found.second)} than to "
    said += f"{one_line(found.third)}? {found.verdict}"
    if found.difference is None:
        return said
    between = "" if found.low is None else f" ({found.low:+.2f} to {found.high:+.2f})"
    p = "" if found.p is None else f", p {found.p:.3f}"
    return f"{said}; difference {found.difference:+.2f}{between}{p}"


def _cluster(found: BookCluster) -> str:
    said = f"do the books of {one_line(found.name)} form a cluster? {found.verdict}"
    if found.silhouette is None:
        return said
    p = "" if found.p is None else f", p {found.p:.3f}"
    return f"{said}; silhouette {found.silhouette:+.2f} of {found.n} {found.points}s{p}"


def _say_nearest(near: Nearest, study: ConceptStudy) -> None:
    where = ", outside its own books" if near.is_outside_own_books else ""
    results.print(f"\nnearest to {one_line(near.of)}{where}:", style="bold", markup=False)
    for row, score in _scored(near):
        if row in study.cards:
            results.print(f"  {score:.3f}  {card_line(study.cards[row])}", markup=False)
    if not near.rows:
        results.print("  nothing there", markup=False)


def _scored(near: Nearest) -> Sequence[tuple[int, float]]:
    return tuple(zip(near.rows, near.scores, strict=True))
