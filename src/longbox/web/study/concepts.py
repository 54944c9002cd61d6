"""What the page shows of concepts that were compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from longbox.analysis.concepts import Verdict
from longbox.web.study.bars import Bar, Scale, bar_of, heat_of
from longbox.web.study.cards import Card, Count, KeptCard, cards_at
from longbox.web.study.spaces import Cell, HeatTable
from longbox.web.study.trees import KeptTree, TreeDrawn, draw_tree
from longbox.web.study.wording import chance_word, number, signed
from longbox.wording import plural

_MOST_CONCEPTS: Final = 40
_MOST_PAIRS: Final = 200
_MOST_CARDS: Final = 12
_COSINES: Final = Scale(-1.0, 1.0)
_LONGEST_NAME: Final = 60

Matrix = tuple[tuple[float | None, ...], ...]

# A verdict's mark in the matrix, and its look; all others say that it cannot be told.
VERDICTS: Final[Mapping[str, tuple[str, str]]] = {
    Verdict.ALIKE.value: ("▲", "good"),
    Verdict.LESS_ALIKE.value: ("▼", "bad"),
    Verdict.NOT_TOLD_APART.value: ("", ""),
}


# ---- as it is kept


@dataclass(frozen=True, slots=True)
class KeptSelection:
    """A concept as it was written, and what of it was found."""

    name: str
    spec: str
    words: str
    n: Count
    n_books: Count


@dataclass(frozen=True, slots=True)
class KeptLikenesses:
    """How alike concepts are, two by two."""

    names: tuple[str, ...]
    values: Matrix
    low: Matrix
    high: Matrix
    expected: Matrix
    q: Matrix
    verdicts: tuple[tuple[str, ...], ...]
    n_draws: Count
    level_of_error: float
    drawn_by: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptCoherence:
    """Whether a concept's members are more alike than chance."""

    name: str
    value: float | None
    expected: float | None
    p: float | None
    verdict: str
    compared_with: str


@dataclass(frozen=True, slots=True)
class KeptCloser:
    """Whether a concept is closer to a second than to a third."""

    first: str
    second: str
    third: str
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    closer_to: str | None
    verdict: str


@dataclass(frozen=True, slots=True)
class KeptBookCluster:
    """Whether some books form a cluster."""

    name: str
    silhouette: float | None
    expected: float | None
    p: float | None
    points: str
    n: Count
    n_rest: Count
    verdict: str


@dataclass(frozen=True, slots=True)
class KeptNearest:
    """What is near a concept or a sum of some."""

    of: str
    is_outside_own_books: bool
    rows: tuple[int, ...]
    n_candidates: Count


@dataclass(frozen=True, slots=True)
class KeptConcepts:
    """Concepts that were compared."""

    space: str
    unit: str
    selections: tuple[KeptSelection, ...]
    coherences: tuple[KeptCoherence, ...]
    n_units: Count
    n_known: Count
    likenesses: KeptLikenesses | None = None
    tree: KeptTree | None = None
    closer: tuple[KeptCloser, ...] = ()
    clusters: tuple[KeptBookCluster, ...] = ()
    nearest: tuple[KeptNearest, ...] = ()
    centres: tuple[tuple[int, ...], ...] = ()
    cards: Mapping[str, KeptCard] = field(default_factory=dict)


# ---- as it is shown


@dataclass(frozen=True, slots=True)
class Pair:
    """Two concepts and how alike they are."""

    first: str
    second: str
    value: str
    interval: str
    expected: str
    q: str
    bar: Bar | None
    verdict: str
    look: str


@dataclass(frozen=True, slots=True)
class ConceptShown:
    """A concept, how much of one piece it is, and what is near it."""

    kept: KeptSelection
    coherence: KeptCoherence | None
    look: str
    said: str
    centre: tuple[Card, ...]
    near: tuple[Card, ...]
    near_outside: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer to one further question, in a sentence with its numbers."""

    title: str
    verdict: str
    numbers: str
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class SumShown:
    """What is near a sum of concepts."""

    name: str
    near: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class ConceptsShown:
    """The page of concepts that were compared."""

    kept: KeptConcepts
    concepts: tuple[ConceptShown, ...]
    matrix: HeatTable | None
    tree: TreeDrawn | None
    pairs: tuple[Pair, ...]
    claim: str
    asked: tuple[Asked, ...]
    sums: tuple[SumShown, ...]


def show_concepts(kept: KeptConcepts) -> ConceptsShown:
    """Put compared concepts into words, bars, a matrix and a tree."""
    alike = kept.likenesses
    names = {selection.name for selection in kept.selections}
    pairs = _pairs(alike) if alike else []
    return ConceptsShown(
        kept=kept,
        concepts=tuple(
            _concept(kept, at) for at in range(min(len(kept.selections), _MOST_CONCEPTS))
        ),
        matrix=_matrix(alike, kept.tree) if alike and len(alike.names) > 1 else None,
        tree=draw_tree(kept.tree) if kept.tree else None,
        pairs=tuple(pairs[:_MOST_PAIRS]),
        claim=_claim(pairs),
        asked=(*map(_closer, kept.closer[:40]), *map(_cluster, kept.clusters[:40])),
        sums=tuple(
            SumShown(near.of[:_LONGEST_NAME], cards_at(near.rows[:_MOST_CARDS], kept.cards))
            for near in kept.nearest[:200]
            if near.of not in names
        ),
    )


def _concept(kept: KeptConcepts, at: int) -> ConceptShown:
    selection = kept.selections[at]
    rows = kept.centres[at] if at < len(kept.centres) else ()
    centre = cards_at(rows[:_MOST_CARDS], kept.cards)
    found = next((each for each in kept.coherences if each.name == selection.name), None)
    near: dict[bool, tuple[Card, ...]] = {}
    for each in kept.nearest:
        if each.of == selection.name:
            cards = cards_at(each.rows[:_MOST_CARDS], kept.cards)
            near.setdefault(each.is_outside_own_books, cards)
    look, said = "", ""
    if found:
        look = VERDICTS.get(found.verdict, ("", "untold"))[1]
        said = _coherence_words(found)
    return ConceptShown(
        selection, found, look, said, centre, near.get(False, ()), near.get(True, ())
    )


def _coherence_words(found: KeptCoherence) -> str:
    if found.value is None:
        return found.verdict
    compared = found.compared_with[:200]
    return (
        f"likeness among its own {number(found.value)}, {number(found.expected)} by chance "
        f"({compared}), p {chance_word(found.p)}"
    )


def _pairs(alike: KeptLikenesses) -> list[Pair]:
    """Return every pair once, the most alike first; what cannot be told comes last."""
    n = len(alike.names)
    found = [(_at(alike.values, a, b), a, b) for a in range(n) for b in range(a + 1, n)]
    found.sort(key=lambda each: (each[0] is None, -(each[0] or 0.0)))
    return [_pair(alike, value, a, b) for value, a, b in found]


def _pair(alike: KeptLikenesses, value: float | None, a: int, b: int) -> Pair:
    low, high = _at(alike.low, a, b), _at(alike.high, a, b)
    expected = _at(alike.expected, a, b)
    said = _verdict(alike, a, b)
    look = VERDICTS.get(said, ("", "untold"))[1]
    return Pair(
        first=alike.names[a],
        second=alike.names[b],
        value=signed(value),
        interval="" if low is None or high is None else f"{signed(low)} to {signed(high)}",
        expected=signed(expected),
        q=chance_word(_at(alike.q, a, b)),
        bar=bar_of(value, low, high, tick=expected, scale=_COSINES),
        verdict=said[:120],
        look=look,
    )


def _claim(pairs: Sequence[Pair]) -> str:
    """Say in a sentence what may be claimed."""
    looks = [pair.look for pair in pairs]
    alike, unlike, untold = (looks.count(look) for look in ("good", "bad", "untold"))
    said = [
        f"{plural(n, 'pair is', 'pairs are')} {verdict.value}"
        for n, verdict in ((alike, Verdict.ALIKE), (unlike, Verdict.LESS_ALIKE))
        if n
    ]
    if not said:
        said = ["No pair can be told apart from chance"]
    if untold:
        said.append(f"{untold:,} cannot be told")
    return "; ".join(said)


def _matrix(alike: KeptLikenesses, tree: KeptTree | None) -> HeatTable:
    order = _order(alike.names, tree)[:_MOST_CONCEPTS]
    rows = tuple(
        (alike.names[a], tuple(None if a == b else _cell(alike, a, b) for b in order))
        for a in order
    )
    columns = tuple(alike.names[a] for a in order)
    return HeatTable("How alike they are", "", columns, rows)


def _cell(alike: KeptLikenesses, a: int, b: int) -> Cell:
    value, said = _at(alike.values, a, b), _verdict(alike, a, b)
    if value is None or said not in VERDICTS:
        return Cell("?" if value is None else signed(value), "unknown", said[:120])
    mark = VERDICTS[said][0]
    about = f"{said}; {signed(_at(alike.expected, a, b))} expected, q {_q(alike, a, b)}"
    return Cell(f"{signed(value)} {mark}".strip(), heat_of(value, -1.0), about)


def _q(alike: KeptLikenesses, a: int, b: int) -> str:
    return chance_word(_at(alike.q, a, b))


def _order(names: Sequence[str], tree: KeptTree | None) -> list[int]:
    """Return concepts as they stand in the tree; those that are not in it come last."""
    if tree is None:
        return list(range(len(names)))
    placed = [tree.names[leaf] for leaf in tree.order if 0 <= leaf < len(tree.names)]
    known = [names.index(name) for name in dict.fromkeys(placed) if name in names]
    return known + [at for at in range(len(names)) if at not in known]


def _at(matrix: Matrix, a: int, b: int) -> float | None:
    """Return a cell; a matrix that is too small holds nothing there."""
    return matrix[a][b] if a < len(matrix) and b < len(matrix[a]) else None


def _verdict(alike: KeptLikenesses, a: int, b: int) -> str:
    is_there = a < len(alike.verdicts) and b < len(alike.verdicts[a])
    return alike.verdicts[a][b] if is_there else "cannot be told"


def _closer(found: KeptCloser) -> Asked:
    first, second, third = (
        each[:_LONGEST_NAME] for each in (found.first, found.second, found.third)
    )
    numbers = ""
    if found.difference is not None:
        numbers = f"difference {signed(found.difference)}"
        if found.low is not None:
            numbers += f" ({signed(found.low)} to {signed(found.high)})"
        numbers += f", p {chance_word(found.p)}"
    return Asked(
        title=f"Is {first} closer to {second} than to {third}?",
        verdict=found.verdict,
        numbers=numbers,
        bar=bar_of(found.difference, found.low, found.high, scale=_COSINES),
    )


def _cluster(found: KeptBookCluster) -> Asked:
    numbers = ""
    if found.silhouette is not None:
        numbers = (
            f"silhouette {signed(found.silhouette)}, {signed(found.expected)} by chance, "
            f"p {chance_word(found.p)}; {plural(found.n, found.points[:20])} against "
            f"{found.n_rest:,}"
        )
    return Asked(
        title=f"Do the books of {found.name[:_LONGEST_NAME]} belong together?",
        verdict=found.verdict,
        numbers=numbers,
        bar=bar_of(found.silhouette, tick=found.expected, scale=_COSINES),
    )
