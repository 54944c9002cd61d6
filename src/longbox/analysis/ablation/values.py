"""What an ablation finds: values only, made of plain numbers, so that they can be kept as JSON.

`nan` stands for what cannot be told; why stands in `Ablation.untold`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from longbox.analysis.units import Sampling, Unit
from longbox.errors import ConfigError
from longbox.evaluation import Interval
from longbox.vectors import Space


class Group(StrEnum):
    """What a space may be made of; of each its share of the space's variance is measured."""

    LAYOUT = "layout"
    LETTERING = "lettering"
    LOOK = "look"
    PLACE = "place"
    PAGE_TYPE = "page type"
    BOOK = "book"
    WORK = "work"
    TOGETHER = "together"


class Verdict(StrEnum):
    """Whether a space follows layout or what is written."""

    LAYOUT = "layout"
    MEANING = "meaning"
    BOTH = "both"
    NEITHER = "neither"
    UNTOLD = "cannot be told"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and a 95 % interval around it."""

    value: float
    interval: Interval

    @property
    def low(self) -> float:
        """Lower end; nan where it cannot be told."""
        return self.interval.low

    @property
    def high(self) -> float:
        """Upper end."""
        return self.interval.high


@dataclass(frozen=True, slots=True)
class AblationOptions:
    """How spaces are compared.

    Attributes:
        n_neighbours: How many nearest of each unit are compared.
        n_clusters: Of k-means, the same in every space.
        n_seeds: How often each space is clustered.
        n_permutations: Behind every p and chance share; p is never below 1 / (this + 1).
        n_draws: Of books, behind the intervals of variance shares.
        most_components: Variance shares are of a space's main directions, at most so many.
        written_components: Directions of the text space that stand for what is written.
        n_folds: Parts into which works (or books) are dealt, each held out once.
        sampling: How many units at most, and the seed of everything.
    """

    n_neighbours: int = 10
    n_clusters: int = 10
    n_seeds: int = 5
    n_permutations: int = 199
    n_draws: int = 300
    most_components: int = 100
    written_components: int = 32
    n_folds: int = 5
    sampling: Sampling = field(default_factory=lambda: Sampling(5_000))

    def __post_init__(self) -> None:
        if min(self.n_neighbours, self.most_components, self.written_components) < 1:
            raise ConfigError("an ablation needs at least one neighbour and one component")
        if min(self.n_clusters, self.n_seeds, self.n_folds) < 2:
            raise ConfigError("an ablation needs at least two clusters, two seeds and two folds")
        if min(self.n_permutations, self.n_draws) < 19:
            raise ConfigError("an ablation needs at least 19 permutations and 19 draws")


@dataclass(frozen=True, slots=True)
class SpaceLine:
    """One of the spaces.

    Attributes:
        vector_of: What a vector is of: "panel", "mean of panels" or "strip".
        n_known: Units of the library that have a vector here; the others are masked.
        dimension: Of its vectors.
        n_components, kept: Main directions that shares are of, and their share of the variance.
        own_book: Share of a unit's nearest that are of its own book.
        own_book_chance: The same for neighbours drawn at random.
    """

    space: Space
    fingerprint: str
    vector_of: str
    n_known: int
    dimension: int
    n_components: int
    kept: float
    own_book: Estimate
    own_book_chance: float


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many of a unit's nearest two spaces have in common.

    Attributes:
        k: How many nearest.
        own_book: Whether neighbours may be of the unit's own book.
        share: Mean share in common.
        chance: What two unrelated spaces would have.
        n: Units; those with fewer than k others to choose from take no part.
    """

    a: Space
    b: Space
    k: int
    own_book: bool
    share: Estimate
    chance: float
    n: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the clusters of two spaces are the same; of a space with itself, over seeds.

    Attributes:
        a, b: Names of spaces, or "layout" for clusters of the layout measures.
        rand, mutual: Adjusted Rand index and adjusted mutual information, means over seeds;
            chance is 0.
        rand_spread, mutual_spread: Standard deviation over seeds.
        n_clusters: The same on both sides.
    """

    a: str
    b: str
    rand: float
    rand_spread: float
    mutual: float
    mutual_spread: float
    n_clusters: int
    n_seeds: int


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a space one group of measures explains, fitted on all units.

    Attributes:
        n_columns: Of the group; of books and works, how many there are less one.
        share: Of the variance, by this group alone, adjusted for its columns.
        chance: The same when the group is dealt anew as `permuted` says: what is left of the
            share when the group itself says nothing.
        unique: What is lost when this group alone is left out of everything known.
        p: That `unique` is chance; nan where it cannot be told.
        p_corrected: Likewise, corrected for all groups and spaces (Benjamini-Hochberg).
        permuted: How chance was made.
    """

    space: Space
    group: Group
    n_columns: int
    share: Estimate
    chance: float
    unique: Estimate
    p: float
    p_corrected: float
    permuted: str


@dataclass(frozen=True, slots=True)
class Carried:
    """How much of a space a group predicts in works that the prediction never saw.

    Attributes:
        share: Of how far units lie from the mean of the works that were learnt from. Below 0:
            worse than that mean.
        within: Of how far units lie from the mean of their own book.
        held_out: What was held out: "work" or "book".
    """

    space: Space
    group: Group
    share: Estimate
    within: Estimate
    held_out: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether a space goes by layout or by what is written.

    Attributes:
        meaning_of: Whose vectors stand for what is written (or described).
        layout, meaning: What each adds to the prediction of pages of unseen works, beyond the
            other, lettering amounts, look and page type; of the variance within books.
        difference: Layout less meaning.
        layout_mutual, meaning_mutual: Adjusted mutual information of the space's clusters with
            those of the layout measures, and with those of the text vectors.
        words: The verdict for people, with numbers.
    """

    space: Space
    meaning_of: Space
    layout: Estimate
    meaning: Estimate
    difference: Estimate
    layout_mutual: float
    meaning_mutual: float
    verdict: Verdict
    words: str


@dataclass(frozen=True, slots=True)
class Ablation:
    """The same units in several spaces.

    Attributes:
        n: Units that have a vector in every space: all figures are of these.
        n_measured: Those of them of which all measures are known: shares and claims are of these.
        n_books, n_works: Of the common units.
        sampling: How they were drawn; `is_sampled` where the library has more.
        untold: What cannot be told and why, one line each.
    """

    unit: Unit
    spaces: tuple[SpaceLine, ...]
    n: int
    n_measured: int
    n_books: int
    n_works: int
    sampling: Sampling
    is_sampled: bool
    options: AblationOptions
    overlaps: tuple[Overlap, ...]
    agreements: tuple[Agreement, ...]
    shares: tuple[Share, ...]
    carried: tuple[Carried, ...]
    claims: tuple[Claim, ...]
    untold: tuple[str, ...]
