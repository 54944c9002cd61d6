"""What is known of one cluster: what sets it apart, its name, its centre and its edge."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from longbox.analysis.clusters.values import Verdict


class Level(StrEnum):
    """What a test takes to be independent of each other.

    Pages of a book are alike, so books are what is drawn; with too few of them the units have to
    do, members against outsiders of the same book.
    """

    BOOKS = "books"
    UNITS = "units within their books"


@dataclass(frozen=True, slots=True)
class Effect:
    """How a measure differs inside a cluster from outside.

    Attributes:
        measure: A column of the measures frame; of a category "page_type = cover".
        delta: Cliff's delta, -1 to 1: how much likelier a member's value is above an outsider's
            than below; within books where that is the level. Of what is true or not it is the
            share inside less the share outside.
        low: Of its 95 % interval; NaN where there is none.
        high: Of its 95 % interval.
        p: That such a difference arises where there is none; NaN where it cannot be told.
        q: p after Benjamini and Hochberg, over all clusters and measures.
        inside: Median of the members (share, for a category).
        outside: Median of all others.
        n_inside: Members whose value is known.
        n_outside: Others whose value is known.
        n_missing: Members whose value is not known.
        n_books: How many books the members with values amount to, where a large one counts
            little more than a small one; the same for the others; the smaller of the two.
        level: What was taken to be independent.
        is_claimed: Whether it may be said: q is 5 % or less and delta at least .147.
    """

    measure: str
    delta: float
    low: float
    high: float
    p: float
    q: float
    inside: float
    outside: float
    n_inside: int
    n_outside: int
    n_missing: int
    n_books: float
    level: Level
    is_claimed: bool


@dataclass(frozen=True, slots=True)
class CategoryShare:
    """How often a category's value occurs in a cluster, and elsewhere.

    Attributes:
        column: "page_type", "book", "work", "language" ...
        value: As people read it.
        n: Members with this value.
        share: Of the members.
        share_outside: Of all others.
        lift: Share of the members over the share of all units.
    """

    column: str
    value: str
    n: int
    share: float
    share_outside: float
    lift: float


@dataclass(frozen=True, slots=True)
class Association:
    """How much a category has to do with the clusters as a whole: Cramer's V, 0 to 1."""

    column: str
    cramers_v: float
    n: int
    n_values: int


@dataclass(frozen=True, slots=True)
class Fit:
    """How an archetype's rule fits a cluster.

    Attributes:
        archetype: Its name.
        share: Of the members that can be judged, those that fit: the purity.
        share_outside: Of the others.
        n_judged: Members whose measures the rule needs are known.
    """

    archetype: str
    share: float
    share_outside: float
    n_judged: int


@dataclass(frozen=True, slots=True)
class Exemplars:
    """Rows of a cluster's centre, nearest first, and of its edge, the doubtful first."""

    centre: tuple[int, ...]
    edge: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClusterPortrait:
    """What is known of one cluster.

    Attributes:
        number: From 0, the largest first.
        n: Members.
        share: Of all units.
        name: By the rules of `naming`.
        archetype: The rule's name, or None where none fits and two effects stand in the name.
        confidence: Share of the members that fit the archetype, one by one; NaN without one, and
            for the usual panel, which any is.
        n_judged: Members that could be held against the rule.
        fits: Every archetype that more than a tenth of the members fit, the best first.
        effects: Every measure, what sets the cluster apart most first.
        categories: The commonest values of every category, by column.
        n_books: Books with a member.
        main_book: Title of the book that most members are of.
        main_book_share: Its share of the members.
        is_one_book: Whether it is a book rather than an archetype.
        main_work: Name of the work that most members are of.
        main_work_share: Its share of the members.
        is_one_work: Whether it is a work rather than an archetype.
        jaccard: Mean best Jaccard index over fits on other books; NaN where not measured.
        stability: The same in a word.
        exemplars: Its centre and its edge.
    """

    number: int
    n: int
    share: float
    name: str
    archetype: str | None
    confidence: float
    n_judged: int
    fits: tuple[Fit, ...]
    effects: tuple[Effect, ...]
    categories: tuple[CategoryShare, ...]
    n_books: int
    main_book: str
    main_book_share: float
    is_one_book: bool
    main_work: str
    main_work_share: float
    is_one_work: bool
    jaccard: float
    stability: Verdict
    exemplars: Exemplars

    @property
    def sets_apart(self) -> tuple[Effect, ...]:
        """The effects that may be claimed, the largest first."""
        return tuple(effect for effect in self.effects if effect.is_claimed)
