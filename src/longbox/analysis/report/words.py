"""The report's sentences: what was found, for people, with how sure it is."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from longbox.analysis.clusters import (
    AxisMeaning,
    CategoryShare,
    ClusterPortrait,
    Effect,
    Level,
    Verdict,
)
from longbox.analysis.measures import Measure, numbers_of
from longbox.analysis.report.values import SpaceStudy
from longbox.analysis.units import Unit
from longbox.vectors import Space
from longbox.wording import plural, spoken

SPACE_WORDS: Final = {
    Space.VISION: "what pictures look like",
    Space.TEXT: "what is lettered",
    Space.DESCRIPTION: "what a model wrote about the pictures",
    Space.COMPOSITION: "where panels stand on the page, and their shapes",
    Space.FUSED: "picture, lettering and composition in one vector",
    Space.CONTEXTUAL: "panels read with their neighbours",
}
SPACE_TITLES: Final = {
    Space.VISION: "by their pictures",
    Space.TEXT: "by their lettering",
    Space.DESCRIPTION: "by their descriptions",
    Space.COMPOSITION: "by their composition",
    Space.FUSED: "by all that is known",
    Space.CONTEXTUAL: "in context",
}
STABILITY: Final = {
    Verdict.STABLE: "stable: it comes again when other books are drawn",
    Verdict.UNSURE: "unsure: something like it comes again when other books are drawn",
    Verdict.DISSOLVED: "not stable: it falls apart when other books are drawn",
    Verdict.UNKNOWN: "stability not measured: too few books",
}
_MOST_EFFECTS: Final = 5
_MOST_CORRELATIONS: Final = 4
_LIFTED: Final = 1.25
_MOST_SHARES: Final = 3


def named(measure: str, unit_of: Unit) -> str:
    """Return what people call a column, also one of a category: "page type: cover"."""
    known = next((one for one in numbers_of(unit_of) if one.name == measure), None)
    return known.words if known else spoken(measure).replace(" = ", ": ")


def in_words(said: str, unit_of: Unit) -> str:
    """Return a sentence with the columns' names replaced by what people call them."""
    words = {one.name: one.words for one in numbers_of(unit_of)}
    pattern = r"\b(" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + r")\b"
    said = re.sub(pattern, lambda found: words[found[1]], said)
    said = said.replace("<=", "≤").replace(">=", "≥")
    return re.sub(r"(?<![\w.])-(?=\d)", "−", said)


def number(value: float) -> str:
    """Return a number as short as it can be read."""
    if np.isnan(value):
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace("-", "−")
    return f"{value:.3g}".replace("-", "−")


def percent(share: float) -> str:
    """Return a share of 1: "12 %", "0.4 %"."""
    if np.isnan(share):
        return "–"
    digits = 1 if 0 < share < 0.0995 or 0.9905 < share < 1 else 0
    return f"{100 * share:.{digits}f} %"


def looked_at(study: SpaceStudy) -> str:
    """Say how many units were looked at, and of how many."""
    units = study.units
    noun = units.unit.value.removesuffix("s")
    if units.is_sampled:
        said = f"{units.n:,} of {plural(units.n_known, noun)}, drawn by seed"
    else:
        said = f"all {plural(units.n, noun)}"
    return f"{said}, of {plural(study.n_books, 'book')}"


def map_words(study: SpaceStudy) -> str:
    """Say how a map was made."""
    places = study.places
    shown = int(np.isfinite(places.xy[:, 0]).sum()) if places.xy.size else 0
    how = "UMAP" if places.method == "umap" else "the two widest directions (too few for UMAP)"
    fitted = f", laid out on {places.n_fitted:,}" if places.n_fitted < shown else ""
    whose = {"kept": "the library's kept map", "made and kept": "made now, and kept"}
    origin = whose.get(places.origin, "made for this report")
    of = study.units.vector_of
    vector = "" if of == "panel" else f", each the {'strip vector' if of == 'strip' else of}"
    return f"{shown:,} {study.unit.value}{vector}; {how}{fitted}; {origin}"


def effect_words(effect: Effect, unit_of: Unit) -> str:
    """Say in words how a measure differs in a cluster."""
    measure = next((one for one in numbers_of(unit_of) if one.name == effect.measure), None)
    if measure is None:
        return _category_effect(effect)
    return f"{_direction(effect, measure)} ({_sizes(effect)}; {_medians(effect, measure)})"


def _direction(effect: Effect, measure: Measure) -> str:
    return measure.high if effect.delta > 0 else measure.low


def _sizes(effect: Effect) -> str:
    said = f"δ {effect.delta:+.2f}".replace("-", "−")
    if np.isfinite(effect.low):
        said += f", 95 % {effect.low:+.2f} to {effect.high:+.2f}".replace("-", "−")
    return said


def _medians(effect: Effect, measure: Measure) -> str:
    return f"{measure.words}: {number(effect.inside)}, elsewhere {number(effect.outside)}"


def _category_effect(effect: Effect) -> str:
    name = spoken(effect.measure).replace(" = ", ": ")
    how = "more" if effect.delta > 0 else "fewer"
    inside, outside = percent(effect.inside), percent(effect.outside)
    return f"{how} {name} ({inside}, elsewhere {outside}; {_sizes(effect)})"


def effects_of(portrait: ClusterPortrait, unit_of: Unit) -> list[str]:
    """Return what may be claimed of a cluster, the strongest first; near repetitions left out."""
    found: list[str] = []
    seen: set[str] = set()
    for effect in portrait.sets_apart:
        said = effect_words(effect, unit_of)
        short = said.partition(" (")[0]
        if short not in seen:
            seen.add(short)
            found.append(said)
        if len(found) == _MOST_EFFECTS:
            break
    return found


def why_nothing(portrait: ClusterPortrait) -> str:
    """Say why nothing may be claimed of a cluster."""
    if all(np.isnan(effect.p) for effect in portrait.effects):
        return "What sets it apart cannot be told: too few books."
    return "No measure sets it apart by more than chance brings, over books."


def tested_over(portrait: ClusterPortrait) -> str:
    """Say what the tests of a cluster took to be independent."""
    levels = {effect.level for effect in portrait.effects}
    return "" if levels != {Level.UNITS} else "tested within books: they are too few to be drawn"


def confidence_words(portrait: ClusterPortrait, unit_of: Unit) -> str:
    """Say how well the archetype's rule fits."""
    if portrait.archetype is None or np.isnan(portrait.confidence):
        return "no archetype's rule fits most of it"
    share = percent(portrait.confidence)
    noun = unit_of.value
    return f"{share} of {portrait.n_judged:,} {noun} fit the rule of “{portrait.archetype}”"


def stability_words(portrait: ClusterPortrait) -> str:
    """Say how stable a cluster is."""
    said = STABILITY[portrait.stability]
    return said if np.isnan(portrait.jaccard) else f"{said} (Jaccard {portrait.jaccard:.2f})"


def shares_of(portrait: ClusterPortrait, column: str) -> str:
    """Return the commonest values of a category that are commoner here than elsewhere."""
    own = [one for one in portrait.categories if one.column == column and one.lift >= _LIFTED]
    return "; ".join(_share_words(one) for one in own[:_MOST_SHARES])


def _share_words(share: CategoryShare) -> str:
    outside = percent(share.share_outside)
    return f"{spoken(share.value)} {percent(share.share)} (elsewhere {outside})"


def axis_words(axis: AxisMeaning, unit_of: Unit) -> list[str]:
    """Say what goes along an axis."""
    words = in_words(axis.words, unit_of)
    lines = [words[:1].upper() + words[1:] + "."]
    claimed = [one for one in axis.correlations if one.is_claimed][:_MOST_CORRELATIONS]
    if claimed:
        told = ", ".join(
            f"{named(one.measure, unit_of)} (ρ {one.rho:+.2f})".replace("-", "−") for one in claimed
        )
        lines.append(f"Along it go {told}.")
    return lines
