"""What the page shows of a cluster study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from longbox.analysis.clusters import Verdict
from longbox.web.study.bars import Bar, Scale, bar_of
from longbox.web.study.cards import Card, KeptCard, cards_at
from longbox.web.study.kept_clusters import (
    KeptAxis,
    KeptCategory,
    KeptClusters,
    KeptEffect,
    KeptPortrait,
    KeptTree,
    KeptTrial,
)
from longbox.web.study.wording import (
    measure_name,
    number,
    percent,
    rule_words,
    side_name,
    signed,
)
from longbox.wording import plural, spoken

_MOST_CLUSTERS: Final = 64
_MOST_EFFECTS: Final = 6
_MOST_ALONG: Final = 5
_MOST_CARDS: Final = 9
_MOST_TRIALS: Final = 64
_MOST_RULES: Final = 16
_MOST_VALUES: Final = 4
_SHOWN_COLUMNS: Final = ("page_type", "language", "direction")
_BOTH_WAYS: Final = Scale(-1.0, 1.0)
STABILITY: Final = {
    Verdict.STABLE.value: ("stable", "good", "comes back when other books are drawn"),
    Verdict.UNSURE.value: ("unsure", "warn", "comes back changed when other books are drawn"),
    Verdict.DISSOLVED.value: ("dissolves", "bad", "does not come back when other books are drawn"),
}


@dataclass(frozen=True, slots=True)
class EffectShown:
    """What sets a cluster apart, in words, with its bar from -1 to 1."""

    words: str
    measure: str
    bar: Bar | None
    value: str
    inside: str
    outside: str


@dataclass(frozen=True, slots=True)
class ClusterShown:
    """A card of the page."""

    kept: KeptPortrait
    number: int
    share: Bar | None
    stability: tuple[str, str, str] | None
    fit: str
    effects: tuple[EffectShown, ...]
    n_effects: int
    made_of: tuple[tuple[str, tuple[KeptCategory, ...]], ...]
    book_id: str | None
    centre: tuple[Card, ...]
    edge: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class TrialShown:
    """One k that was tried, with two bars."""

    n_clusters: int
    silhouette: str
    silhouette_bar: Bar | None
    agreement: str
    agreement_bar: Bar | None
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class RuleShown:
    """A leaf of an axis' tree and where it lies."""

    words: str
    bar: Bar | None
    n: int


@dataclass(frozen=True, slots=True)
class AxisShown:
    """What an axis of the map means."""

    name: str
    ends: tuple[tuple[str, ...], tuple[str, ...]]
    along: tuple[tuple[str, Bar | None, str], ...]
    explained: str
    is_explained: bool
    rules: tuple[RuleShown, ...]
    n: int
    n_books: int


@dataclass(frozen=True, slots=True)
class ClustersShown:
    """The page of a cluster study."""

    kept: KeptClusters
    clusters: tuple[ClusterShown, ...]
    n_more: int
    agreements: tuple[str, ...]
    trials: tuple[TrialShown, ...]
    associations: tuple[tuple[str, str, Bar | None], ...]
    axes: tuple[AxisShown, ...]


def show_clusters(kept: KeptClusters) -> ClustersShown:
    """Put a cluster study into words and bars."""
    shown = kept.portraits[:_MOST_CLUSTERS]
    return ClustersShown(
        kept=kept,
        clusters=tuple(_cluster(portrait, kept.cards) for portrait in shown),
        n_more=len(kept.portraits) - len(shown),
        agreements=tuple(_agreements(kept)),
        trials=tuple(_trial(trial, len(kept.portraits)) for trial in kept.trials[:_MOST_TRIALS]),
        associations=tuple(
            (spoken(each.column[:80]), number(each.cramers_v), bar_of(each.cramers_v))
            for each in kept.associations[:20]
        ),
        axes=tuple(_axis(axis) for axis in kept.axes[:2]),
    )


def _cluster(portrait: KeptPortrait, cards: Mapping[str, KeptCard]) -> ClusterShown:
    claimed = [effect for effect in portrait.effects if effect.is_claimed]
    centre = portrait.exemplars.centre[:_MOST_CARDS]
    edge = [row for row in portrait.exemplars.edge if row not in centre][:_MOST_CARDS]
    rows = (*portrait.exemplars.centre, *portrait.exemplars.edge)
    there = [cards[str(row)] for row in rows if str(row) in cards]
    named = (card.book_id for card in there if card.title == portrait.main_book)
    return ClusterShown(
        kept=portrait,
        number=portrait.number + 1,
        share=bar_of(portrait.share),
        stability=STABILITY.get(portrait.stability),
        fit=_fit(portrait),
        effects=_effects(claimed),
        n_effects=len(claimed),
        made_of=tuple(_made_of(portrait)),
        book_id=next(named, None),
        centre=cards_at(centre, cards),
        edge=cards_at(edge, cards),
    )


def _effects(claimed: list[KeptEffect]) -> tuple[EffectShown, ...]:
    """Return the largest effects, each word once: two measures may say "small panels"."""
    shown: dict[str, EffectShown] = {}
    for effect in claimed:
        made = _effect(effect)
        shown.setdefault(made.words, made)
        if len(shown) == _MOST_EFFECTS:
            break
    return tuple(shown.values())


def _effect(effect: KeptEffect) -> EffectShown:
    return EffectShown(
        words=side_name(effect.measure, is_more=(effect.delta or 0.0) > 0),
        measure=measure_name(effect.measure),
        bar=bar_of(effect.delta, effect.low, effect.high, scale=_BOTH_WAYS),
        value=signed(effect.delta),
        inside=f"{effect.inside:.3g}" if effect.inside is not None else "–",
        outside=f"{effect.outside:.3g}" if effect.outside is not None else "–",
    )


def _fit(portrait: KeptPortrait) -> str:
    """Say how well the rule behind the name fits."""
    own = next((f for f in portrait.fits if f.archetype == portrait.archetype), None)
    if portrait.archetype is None:
        return "no rule of a kind fits; named by what sets it apart"
    said = (
        f"{percent(portrait.confidence)} of {portrait.n_judged:,} fit “{portrait.archetype[:60]}”"
    )
    if own is None or own.share_outside is None:
        return said
    return f"{said}, {percent(own.share_outside)} elsewhere"


def _made_of(portrait: KeptPortrait) -> list[tuple[str, tuple[KeptCategory, ...]]]:
    found = []
    for column in ("book", *_SHOWN_COLUMNS):
        values = [c for c in portrait.categories if c.column == column][:_MOST_VALUES]
        if values:
            found.append((spoken(column), tuple(values)))
    return found


def _agreements(kept: KeptClusters) -> list[str]:
    said = []
    for agreement, what in (
        (kept.over_seeds, "From other starting points"),
        (kept.over_books, "From four fifths of the books"),
    ):
        if agreement.n_runs < 2 or agreement.mean is None:
            said.append(f"{what}: not measured")
            continue
        said.append(
            f"{what}: {number(agreement.mean)} on average, {number(agreement.low)} at the lowest, "
            f"over {plural(agreement.n_runs, 'fit')}"
        )
    return said


def _trial(trial: KeptTrial, n_chosen: int) -> TrialShown:
    return TrialShown(
        n_clusters=trial.n_clusters,
        silhouette=number(trial.silhouette),
        silhouette_bar=bar_of(trial.silhouette),
        agreement=number(trial.agreement),
        agreement_bar=bar_of(trial.agreement),
        is_chosen=trial.n_clusters == n_chosen,
    )


def _axis(axis: KeptAxis) -> AxisShown:
    claimed = [c for c in axis.correlations if c.is_claimed and c.rho is not None][:_MOST_ALONG]
    low = tuple(side_name(c.measure, is_more=(c.rho or 0) < 0) for c in claimed)
    high = tuple(side_name(c.measure, is_more=(c.rho or 0) > 0) for c in claimed)
    tree = axis.tree
    return AxisShown(
        name=axis.name[:120],
        ends=(low, high),
        along=tuple(
            (
                measure_name(c.measure),
                bar_of(c.rho, c.low, c.high, scale=_BOTH_WAYS),
                signed(c.rho),
            )
            for c in claimed
        ),
        explained=_explained(tree),
        is_explained=tree is not None and tree.is_claimed,
        rules=tuple(
            RuleShown(rule_words(rule.words), bar_of(rule.place), rule.n)
            for rule in (tree.rules[:_MOST_RULES] if tree else ())
        ),
        n=axis.n,
        n_books=axis.n_books,
    )


def _explained(tree: KeptTree | None) -> str:
    if tree is None or tree.explained is None:
        return "What a small tree of measures explains cannot be told here."
    if not tree.is_claimed:
        return (
            f"A small tree of measures explains {percent(tree.explained)} of the order on books "
            f"that it has not seen, no more than chance may ({percent(tree.chance)})."
        )
    return (
        f"A small tree of measures explains {percent(tree.explained)} "
        f"({percent(tree.low)} to {percent(tree.high)}) of the order on books that it has not "
        f"seen; chance explains up to {percent(tree.chance)}."
    )
