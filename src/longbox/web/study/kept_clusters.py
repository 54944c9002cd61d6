"""A cluster study as it is kept; what the page does not show is not read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from longbox.web.study.cards import Count, KeptCard


@dataclass(frozen=True, slots=True)
class KeptEffect:
    """How a measure differs inside a cluster from outside."""

    measure: str
    delta: float | None
    low: float | None
    high: float | None
    inside: float | None
    outside: float | None
    q: float | None
    is_claimed: bool


@dataclass(frozen=True, slots=True)
class KeptFit:
    """How an archetype's rule fits a cluster."""

    archetype: str
    share: float | None
    share_outside: float | None
    n_judged: Count


@dataclass(frozen=True, slots=True)
class KeptCategory:
    """How often a value occurs in a cluster, and elsewhere."""

    column: str
    value: str
    n: Count
    share: float | None
    share_outside: float | None


@dataclass(frozen=True, slots=True)
class KeptExemplars:
    """Rows of the centre and of the edge."""

    centre: tuple[int, ...]
    edge: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeptPortrait:
    """One cluster."""

    number: Count
    n: Count
    share: float
    name: str
    archetype: str | None
    confidence: float | None
    n_judged: Count
    fits: tuple[KeptFit, ...]
    effects: tuple[KeptEffect, ...]
    categories: tuple[KeptCategory, ...]
    n_books: Count
    main_book: str
    main_book_share: float | None
    is_one_book: bool
    main_work: str
    is_one_work: bool
    jaccard: float | None
    stability: str
    exemplars: KeptExemplars


@dataclass(frozen=True, slots=True)
class KeptTrial:
    """One k that was tried."""

    n_clusters: Count
    silhouette: float | None
    agreement: float | None


@dataclass(frozen=True, slots=True)
class KeptAgreement:
    """How much fits agree with each other."""

    n_runs: Count
    mean: float | None
    low: float | None


@dataclass(frozen=True, slots=True)
class KeptAssociation:
    """How much a category has to do with the clusters."""

    column: str
    cramers_v: float | None
    n: Count
    n_values: Count


@dataclass(frozen=True, slots=True)
class KeptCorrelation:
    """How a measure goes along an axis."""

    measure: str
    rho: float | None
    low: float | None
    high: float | None
    is_claimed: bool


@dataclass(frozen=True, slots=True)
class KeptRule:
    """One leaf of an axis' tree."""

    words: str
    place: float
    n: Count
    share: float


@dataclass(frozen=True, slots=True)
class KeptTree:
    """What a small tree explains of an axis."""

    explained: float | None
    low: float | None
    high: float | None
    chance: float | None
    rules: tuple[KeptRule, ...]
    is_claimed: bool


@dataclass(frozen=True, slots=True)
class KeptAxis:
    """What goes along an axis of the map."""

    name: str
    n: Count
    n_books: Count
    correlations: tuple[KeptCorrelation, ...]
    tree: KeptTree | None
    words: str


@dataclass(frozen=True, slots=True)
class KeptClusters:
    """A cluster study."""

    space: str
    unit: str
    n: Count
    n_known: Count
    n_books: Count
    n_noise: Count
    how_chosen: str
    silhouette: float | None
    over_seeds: KeptAgreement
    over_books: KeptAgreement
    portraits: tuple[KeptPortrait, ...]
    trials: tuple[KeptTrial, ...] = ()
    associations: tuple[KeptAssociation, ...] = ()
    axes: tuple[KeptAxis, ...] = ()
    cards: Mapping[str, KeptCard] = field(default_factory=dict)
