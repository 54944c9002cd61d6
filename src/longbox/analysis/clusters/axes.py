"""What an axis or a ribbon means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Correlation:
    """How a measure goes along an axis: Spearman's rho.

    Attributes:
        measure: A column of the measures frame.
        rho: -1 to 1.
        low: Of its 95 % interval over books; NaN where there are too few.
        high: Of its 95 % interval over books.
        p: That such a rho arises where there is none.
        q: p after Benjamini and Hochberg over all measures.
        n: Units whose value is known.
        n_books: How many books these amount to.
        is_claimed: Whether it may be said: q is 5 % or less and rho at least .1.
    """

    measure: str
    rho: float
    low: float
    high: float
    p: float
    q: float
    n: int
    n_books: float
    is_claimed: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One leaf of the tree: where its conditions hold, the axis is here.

    Attributes:
        words: "n_panels <= 2.5 and brightness > 0.6".
        place: Mean of the axis there, as a quantile of all: 0 is the low end, 1 the high.
        n: Units of the leaf.
        share: Of all units.
    """

    words: str
    place: float
    n: int
    share: float


@dataclass(frozen=True, slots=True)
class TreeMeaning:
    """What a small tree of measures explains of an axis.

    Attributes:
        explained: R2 on books that the tree has not seen.
        low: Of its 95 % interval over books.
        high: Of its 95 % interval over books.
        chance: The 95 % quantile of what is explained when the axis is shuffled.
        p: Share of the shuffled axes that are explained as well.
        n: Units.
        n_books: Books.
        measures: Those that the tree asks for, the most telling first.
        rules: Its leaves, from the low to the high end; of the tree of all units.
        is_claimed: Whether the axis may be said to be explained: p is 5 % or less, and R2 is .05
            or more.
    """

    explained: float
    low: float
    high: float
    chance: float
    p: float
    n: int
    n_books: int
    measures: tuple[str, ...]
    rules: tuple[Rule, ...]
    is_claimed: bool


@dataclass(frozen=True, slots=True)
class AxisMeaning:
    """What goes along an axis or a ribbon.

    Attributes:
        name: Of the axis, for people.
        n: Units along it.
        n_books: Books that they are of.
        correlations: Of every measure, the strongest first.
        tree: What a small tree explains; None where it cannot be told.
        words: The meaning in one sentence, or why it cannot be told.
        left_out: Measures that too few units have, or that never differ.
    """

    name: str
    n: int
    n_books: int
    correlations: tuple[Correlation, ...]
    tree: TreeMeaning | None
    words: str
    left_out: tuple[str, ...]
