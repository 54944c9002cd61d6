"""What the page shows of a comparison of spaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from longbox.analysis.ablation import Group, Verdict
from longbox.web.study.bars import Bar, Scale, bar_of, heat_of
from longbox.web.study.cards import Count
from longbox.web.study.wording import number, percent, space_name

_MOST: Final = 12  # spaces; there are six
_LOW: Final = -0.2
GROUP_WORDS: Final = {
    Group.LETTERING.value: "amount of lettering",
    Group.PLACE.value: "place in the book",
    Group.BOOK.value: "the book",
    Group.WORK.value: "the work",
    Group.TOGETHER.value: "all together",
}
VERDICTS: Final = {
    Verdict.LAYOUT.value: ("goes by layout", "layout"),
    Verdict.MEANING.value: ("goes by what is written", "meaning"),
    Verdict.BOTH.value: ("goes by both", "both"),
    Verdict.NEITHER.value: ("goes by neither", "neither"),
    Verdict.UNTOLD.value: ("cannot be told", "untold"),
}


@dataclass(frozen=True, slots=True)
class KeptInterval:
    """Ends of an interval, and what was drawn for it."""

    low: float | None
    high: float | None
    by: str
    n_units: Count


@dataclass(frozen=True, slots=True)
class KeptEstimate:
    """A number and its interval."""

    value: float | None
    interval: KeptInterval


@dataclass(frozen=True, slots=True)
class KeptSpace:
    """One of the spaces."""

    space: str
    vector_of: str
    n_known: Count
    dimension: Count
    own_book: KeptEstimate
    own_book_chance: float | None


@dataclass(frozen=True, slots=True)
class KeptOverlap:
    """How many of the nearest two spaces have in common."""

    a: str
    b: str
    k: Count
    own_book: bool
    share: KeptEstimate
    chance: float | None


@dataclass(frozen=True, slots=True)
class KeptAgreement:
    """How far the clusters of two spaces are the same."""

    a: str
    b: str
    rand: float | None
    mutual: float | None
    n_clusters: Count


@dataclass(frozen=True, slots=True)
class KeptShare:
    """How much of a space one group explains."""

    space: str
    group: str
    share: KeptEstimate
    chance: float | None
    unique: KeptEstimate
    p_corrected: float | None


@dataclass(frozen=True, slots=True)
class KeptClaim:
    """Whether a space goes by layout or by what is written."""

    space: str
    meaning_of: str
    layout: KeptEstimate
    meaning: KeptEstimate
    verdict: str
    words: str


@dataclass(frozen=True, slots=True)
class KeptSpaces:
    """A comparison of spaces."""

    unit: str
    n: Count
    n_measured: Count
    n_books: Count
    n_works: Count
    is_sampled: bool
    spaces: tuple[KeptSpace, ...]
    overlaps: tuple[KeptOverlap, ...]
    agreements: tuple[KeptAgreement, ...]
    shares: tuple[KeptShare, ...]
    claims: tuple[KeptClaim, ...]
    untold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A bar with its words and numbers."""

    words: str
    bar: Bar | None
    value: str
    interval: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ClaimShown:
    """One claim: a verdict, two bars, and the whole sentence."""

    space: str
    verdict: str
    look: str
    lines: tuple[Line, ...]
    words: str


@dataclass(frozen=True, slots=True)
class SpaceShares:
    """What a space is made of."""

    space: str
    n: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a heat table."""

    text: str
    heat: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class HeatTable:
    """Spaces against spaces."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class SpacesShown:
    """The page of a comparison of spaces."""

    kept: KeptSpaces
    claims: tuple[ClaimShown, ...]
    shares: tuple[SpaceShares, ...]
    tables: tuple[HeatTable, ...]
    own_books: tuple[Line, ...]


def show_spaces(kept: KeptSpaces) -> SpacesShown:
    """Put a comparison of spaces into words, bars and tables."""
    names = list(dict.fromkeys(line.space for line in kept.spaces))[:_MOST]
    return SpacesShown(
        kept=kept,
        claims=tuple(_claim(claim) for claim in kept.claims[:_MOST]),
        shares=tuple(
            SpaceShares(
                space_name(line.space),
                line.n_known,
                tuple(_share(s) for s in kept.shares if s.space == line.space)[:_MOST],
            )
            for line in kept.spaces[:_MOST]
            if any(share.space == line.space for share in kept.shares)
        ),
        tables=tuple(_tables(kept, names)),
        own_books=tuple(_own_book(line) for line in kept.spaces[:_MOST]),
    )


def interval_words(estimate: KeptEstimate) -> str:
    """Return "0.80 to 0.90"."""
    low, high = estimate.interval.low, estimate.interval.high
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"


def _claim(claim: KeptClaim) -> ClaimShown:
    verdict, look = VERDICTS.get(claim.verdict, (claim.verdict[:80], "untold"))
    scale = Scale(_LOW, 1.0)
    return ClaimShown(
        space=space_name(claim.space),
        verdict=verdict,
        look=look,
        lines=(
            _line("layout adds", claim.layout, scale),
            _line("what is written adds", claim.meaning, scale),
        ),
        words=claim.words,
    )


def _line(words: str, estimate: KeptEstimate, scale: Scale) -> Line:
    low, high = estimate.interval.low, estimate.interval.high
    bar = bar_of(estimate.value, low, high, scale=scale)
    return Line(words, bar, number(estimate.value), interval_words(estimate))


def _share(share: KeptShare) -> Line:
    low, high = share.share.interval.low, share.share.interval.high
    beyond = number(share.unique.value)
    is_sure = share.p_corrected is not None and share.p_corrected <= 0.05
    return Line(
        words=GROUP_WORDS.get(share.group, share.group[:80]),
        bar=bar_of(share.share.value, low, high, tick=share.chance),
        value=number(share.share.value),
        interval=interval_words(share.share),
        note=beyond if is_sure else f"({beyond})" if share.unique.value is not None else "–",
    )


def _own_book(line: KeptSpace) -> Line:
    own = line.own_book
    low, high = own.interval.low, own.interval.high
    return Line(
        words=space_name(line.space),
        bar=bar_of(own.value, low, high, tick=line.own_book_chance),
        value=percent(own.value),
        interval="" if low is None else f"{percent(low)} to {percent(high)}",
        note=percent(line.own_book_chance),
    )


def _tables(kept: KeptSpaces, names: Sequence[str]) -> list[HeatTable]:
    k = max((overlap.k for overlap in kept.overlaps), default=0)
    tables = []
    for own_book, name in ((False, "in other books"), (True, "in any book")):
        cells = {
            frozenset((one.a, one.b)): Cell(
                percent(one.share.value),
                heat_of(one.share.value),
                f"{interval_words(one.share)}; by chance {percent(one.chance)}",
            )
            for one in kept.overlaps
            if one.own_book is own_book
        }
        about = f"Share of the {k} nearest that two spaces have in common."
        tables.append(_table(f"The same neighbours, {name}", about, names, cells))
    agreed = {
        frozenset((one.a, one.b)): Cell(
            number(one.rand),
            heat_of(one.rand),
            f"adjusted mutual information {number(one.mutual)}",
        )
        for one in kept.agreements
    }
    known = {name for pair in agreed for name in pair}
    rows = [*names, *sorted(known - set(names))][:_MOST]
    about = (
        "Adjusted Rand index of their clusters: 1 is the same, 0 is chance. A space with itself: "
        "from other starting points."
    )
    tables.append(_table("The same clusters", about, rows, agreed))
    return [table for table in tables if any(any(cells) for _, cells in table.rows)]


def _table(
    name: str, about: str, names: Sequence[str], cells: dict[frozenset[str], Cell]
) -> HeatTable:
    rows = tuple(
        (space_name(row), tuple(cells.get(frozenset((row, column))) for column in names))
        for row in names
    )
    return HeatTable(name, about, tuple(space_name(column) for column in names), rows)
