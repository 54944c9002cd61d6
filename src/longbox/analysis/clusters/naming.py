"""Names of clusters, by a rule that can be checked page by page.

A cluster is called by the archetype (`archetypes`) that most of it fits and the rest does not:

1. Of the members that can be judged (5 at least), .6 fit: the median member does. This share is
   the name's confidence, and its purity.
2. The share that fits inside is at least .2 above the share outside (Cliff's delta of fitting).
   On a shelf that is all landscape, "landscape page" says nothing of a cluster.
3. Of those that remain, the one with the greatest difference; one that comes earlier in the table
   wins where the difference is within .05.

Where none remains, "multi-panel page (4 panels)" if .6 have three panels and more and it is not
set apart by much; else its two strongest effects, of different groups where there are ("few
panels, dark"): those that may be claimed, or if none may, medium ones, since a name only describes.
Clusters that come out with the same name get what tells each from the others of that name:
"splash, dark", of what the rule itself does not ask. The usual panel gets its strongest effect if
that is large (.474). A cluster of which seven tenths are one book, or one work, while other units
are at most half as common in it as on the shelf, is called so: this is a book, not an archetype.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.clusters.archetypes import Archetype, archetypes_of, fits
from longbox.analysis.clusters.contrasts import cliffs_delta
from longbox.analysis.clusters.measured import Measured
from longbox.analysis.clusters.portraits import Effect, Fit
from longbox.analysis.measures import Measure, numbers_of

LEAST_SHARE: Final = 0.6
_LEAST_DIFFERENCE: Final = 0.2
_NEARLY: Final = 0.05
_LEAST_JUDGED: Final = 5
_WORTH_SAYING: Final = 0.1
_MEDIUM: Final = 0.33  # Cliff's delta from which an effect is medium (Romano et al. 2006)
_LARGE: Final = 0.474
_TELLING: Final = 0.2
_ANY_PANEL: Final = "panel"


@dataclass(frozen=True, slots=True)
class Naming:
    """A cluster's name and how well it fits."""

    name: str
    archetype: str | None
    confidence: float
    n_judged: int
    fits: tuple[Fit, ...]


def name_clusters(
    known: Measured, labels: NDArray[np.int32], effects: list[list[Effect]]
) -> list[Naming]:
    """Name every cluster.

    Args:
        known: The measures of all units.
        labels: Cluster of each, int32 (N,), -1 for none.
        effects: Of each cluster, the strongest first.
    """
    table = archetypes_of(known.unit)
    fitting = {archetype.name: fits(archetype, known) for archetype in table}
    namings = []
    for number, own in enumerate(effects):
        is_inside = labels == number
        found = [_fit(archetype, fitting[archetype.name], is_inside) for archetype in table]
        namings.append(_named(table, found, own, known, is_inside))
    return _told_apart(namings, known, labels)


def _fit(archetype: Archetype, fitting: NDArray[np.float64], is_inside: NDArray[np.bool_]) -> Fit:
    inside, outside = fitting[is_inside], fitting[~is_inside]
    return Fit(archetype.name, _share(inside), _share(outside), int((~np.isnan(inside)).sum()))


def _named(
    table: tuple[Archetype, ...],
    found: list[Fit],
    effects: list[Effect],
    known: Measured,
    is_inside: NDArray[np.bool_],
) -> Naming:
    """Apply the rule that the module's documentation gives."""
    shown = tuple(
        sorted((fit for fit in found if fit.share > _WORTH_SAYING), key=_difference, reverse=True)
    )
    judged = [fit for fit in found if fit.n_judged >= _LEAST_JUDGED and fit.share >= LEAST_SHARE]
    usual = {archetype.name for archetype in table if archetype.is_usual}
    apart = [
        fit
        for fit in judged
        if fit.archetype not in usual and _difference(fit) >= _LEAST_DIFFERENCE
    ]
    if apart:
        best = max(map(_difference, apart))
        taken = next(fit for fit in apart if _difference(fit) >= best - _NEARLY)
        return Naming(taken.archetype, taken.archetype, taken.share, taken.n_judged, shown)
    for fit in judged:
        if fit.archetype in usual:
            name = _usual_name(fit.archetype, known, is_inside, effects)
            # That all of them are panels is no confidence in anything.
            share = float("nan") if fit.archetype == _ANY_PANEL else fit.share
            return Naming(name, fit.archetype, share, fit.n_judged, shown)
    return Naming(_described(effects, known), None, float("nan"), 0, shown)


def _usual_name(
    name: str, known: Measured, is_inside: NDArray[np.bool_], effects: list[Effect]
) -> str:
    """Add to the usual page how many panels it has, to the usual panel how large it is."""
    if name == _ANY_PANEL:
        areas = known.numbers["area_share"][is_inside]
        words = {m.name: m for m in numbers_of(known.unit) if m.name != "area_share"}
        large = [e for e in effects if e.is_claimed and e.measure in words]
        large = [e for e in large if abs(e.delta) >= _LARGE][:1]
        said = [_word(words[e.measure], e.delta) for e in large]
        return ", ".join([f"panel ({100 * float(np.nanmedian(areas)):.0f} % of the page)", *said])
    counts = known.numbers["n_panels"][is_inside]
    return f"{name} ({float(np.nanmedian(counts)):.0f} panels)"


def _described(effects: list[Effect], known: Measured) -> str:
    """Name a cluster by its two strongest effects, of two groups where there are."""
    words = {measure.name: measure for measure in numbers_of(known.unit)}
    numeric = [e for e in effects if e.measure in words]
    told = [e for e in numeric if e.is_claimed]
    told = told or [e for e in numeric if abs(e.delta) >= _MEDIUM]
    if not told:
        return "nothing sets it apart"
    first = told[0]
    group = words[first.measure].group
    others = [e for e in told[1:] if words[e.measure].group is not group] or told[1:]
    return ", ".join(_word(words[e.measure], e.delta) for e in (first, *others[:1]))


def _told_apart(namings: list[Naming], known: Measured, labels: NDArray[np.int32]) -> list[Naming]:
    """Give clusters of one name what tells each from the others of that name."""
    counts = Counter(naming.name for naming in namings)
    told = list(namings)
    for name, n in counts.items():
        if n < 2:
            continue
        numbers = [at for at, naming in enumerate(namings) if naming.name == name]
        is_one = np.isin(labels, numbers)
        own, own_labels = known.taken(is_one), labels[is_one]
        asked = _asked(namings[numbers[0]].archetype, known)
        used: set[str] = set()
        for number in numbers:
            suffix = _suffix(own, own_labels == number, asked, used)
            used.add(suffix)
            old = namings[number]
            told[number] = Naming(
                f"{name}, {suffix}", old.archetype, old.confidence, old.n_judged, old.fits
            )
    return told


def _asked(archetype: str | None, known: Measured) -> set[str]:
    """Return the measures that an archetype's rule asks for."""
    table = [one for one in archetypes_of(known.unit) if one.name == archetype]
    return {condition.measure for one in table for way in one.ways for condition in way}


def _suffix(known: Measured, is_inside: NDArray[np.bool_], asked: set[str], used: set[str]) -> str:
    """Return what tells a cluster most from the others of its name, and was not said of one."""
    deltas = [
        (cliffs_delta(known.numbers[measure.name], is_inside), measure)
        for measure in numbers_of(known.unit)
        if measure.name in known.numbers and measure.name not in asked
    ]
    deltas.sort(key=lambda pair: -abs(pair[0]))
    for delta, measure in deltas:
        word = _word(measure, delta)
        if abs(delta) >= _TELLING and word not in used:
            return word
    return f"no. {len(used) + 1}"


def _word(measure: Measure, delta: float) -> str:
    return measure.high if delta > 0 else measure.low


def _difference(fit: Fit) -> float:
    """Return how much more of the members fit than of the others."""
    return fit.share - fit.share_outside


def _share(fitting: NDArray[np.float64]) -> float:
    judged = fitting[~np.isnan(fitting)]
    return float(judged.mean()) if judged.size else 0.0
