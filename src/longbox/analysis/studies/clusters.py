"""A whole library in clusters: found, described, and the map's axes explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import polars as pl

from longbox.analysis.clusters import (
    Agreement,
    Association,
    AxisMeaning,
    AxisOptions,
    ClusterOptions,
    ClusterPortrait,
    Clusters,
    Trial,
    associate_categories,
    cluster_units,
    describe_clusters,
    explain_axis,
)
from longbox.analysis.maps import MapOptions, Places, place_units
from longbox.analysis.measures import units_measures
from longbox.analysis.studies.cards import UnitCard, cards_of
from longbox.analysis.units import Sampling, Tell, Unit, Units, gather_units, unheard
from longbox.library import Library
from longbox.vectors import Space

_SIDES: Final = ("from left to right", "from bottom to top")


@dataclass(frozen=True, slots=True)
class ClusterQuestion:
    """What is asked of a library's clusters.

    Attributes:
        space: In which vectors.
        unit: Of pages or panels.
        options: How clusters are found.
        sampling: How many units are looked at.
        has_axes: Whether the map's sides are explained; makes a map where none is kept.
    """

    space: Space = Space.VISION
    unit: Unit = Unit.PAGES
    options: ClusterOptions = field(default_factory=ClusterOptions)
    sampling: Sampling = field(default_factory=Sampling)
    has_axes: bool = True


@dataclass(frozen=True, slots=True)
class MapStudyOptions:
    """How a map is made where none is kept, and how its sides are explained; one seed for both."""

    maps: MapOptions = field(default_factory=MapOptions)
    axes: AxisOptions = field(default_factory=AxisOptions)
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class MappedUnits:
    """Where units lie on the map, what its sides mean, and what went wrong and did not stop it."""

    places: Places
    axes: tuple[AxisMeaning, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ClusterStudy:
    """The clusters of a library.

    Attributes:
        units: What was clustered; `is_sampled` where the library has more.
        frame: Their measures.
        clusters: As found.
        portraits: One a cluster.
        associations: How much each category has to do with the clusters.
        places: On the map; None where no map was asked for.
        axes: What the map's two axes mean; empty where no map was asked for.
        cards: Of every row that a portrait shows.
    """

    units: Units
    frame: pl.DataFrame
    clusters: Clusters
    portraits: tuple[ClusterPortrait, ...]
    associations: tuple[Association, ...]
    places: Places | None
    axes: tuple[AxisMeaning, ...]
    cards: Mapping[int, UnitCard]


@dataclass(frozen=True, slots=True)
class ToldClusters:
    """A cluster study without its vectors and measures: what is kept, printed and shown.

    Attributes:
        vector_of: What a unit's vector is of.
        n, n_known: Units that were looked at, and that the library has.
        n_books: Books that they are of.
        n_noise: Units of no cluster.
        how_chosen: How many clusters there are and why.
        silhouette: Mean over a sample; nan below two clusters.
    """

    space: Space
    fingerprint: str
    unit: Unit
    vector_of: str
    n: int
    n_known: int
    n_books: int
    n_noise: int
    how_chosen: str
    silhouette: float
    trials: tuple[Trial, ...]
    over_seeds: Agreement
    over_books: Agreement
    portraits: tuple[ClusterPortrait, ...]
    associations: tuple[Association, ...]
    axes: tuple[AxisMeaning, ...]
    cards: Mapping[int, UnitCard]


def told_clusters(study: ClusterStudy) -> ToldClusters:
    """Return what is kept of a study."""
    units, clusters = study.units, study.clusters
    return ToldClusters(
        space=units.space,
        fingerprint=units.fingerprint,
        unit=units.unit,
        vector_of=units.vector_of,
        n=units.n,
        n_known=units.n_known,
        n_books=len(units.books),
        n_noise=clusters.n_noise,
        how_chosen=clusters.how_chosen,
        silhouette=clusters.silhouette,
        trials=clusters.trials,
        over_seeds=clusters.over_seeds,
        over_books=clusters.over_books,
        portraits=study.portraits,
        associations=study.associations,
        axes=study.axes,
        cards=study.cards,
    )


def study_clusters(
    library: Library, question: ClusterQuestion, tell: Tell | None = None
) -> ClusterStudy:
    """Find the clusters of a library's pages or panels and say what each of them is.

    Args:
        library: Open, perhaps to be read only.
        question: What is asked.
        tell: Called with what is being done, how much of it, and of how much.

    Raises:
        QueryError: The library has no vectors in the space.
        LibraryError: The library cannot be read.
    """
    units = gather_units(
        library, question.space, question.unit, sampling=question.sampling, tell=tell
    )
    frame = units_measures(library, units)
    clusters = cluster_units(units, question.options, tell)
    portraits = describe_clusters(clusters, units, frame, tell=tell)
    mapped: MappedUnits | None = None
    if question.has_axes:
        how = MapStudyOptions(seed=question.options.seed)
        mapped = map_units(library, units, frame, how, tell)
    shown = {row for p in portraits for row in (*p.exemplars.centre, *p.exemplars.edge)}
    return ClusterStudy(
        units=units,
        frame=frame,
        clusters=clusters,
        portraits=portraits,
        associations=associate_categories(clusters, units, frame),
        places=mapped.places if mapped else None,
        axes=mapped.axes if mapped else (),
        cards=cards_of(library, shown, units.unit),
    )


def map_units(
    library: Library,
    units: Units,
    frame: pl.DataFrame,
    options: MapStudyOptions,
    tell: Tell | None = None,
) -> MappedUnits:
    """Find where units lie on the map, and what the map's sides mean.

    Args:
        library: Open, perhaps to be read only: then a map that must be made is not kept.
        units: In one space.
        frame: Their measures.
        options: How.
        tell: Called with what is being done, how much of it, and of how much.
    """
    notes: list[str] = []
    maps = replace(options.maps, seed=options.seed)
    asked = replace(options.axes, seed=options.seed)
    places = place_units(library, units, maps, notes, tell or unheard)
    axes: tuple[AxisMeaning, ...] = ()
    if units.n and (places.method != "pca" or units.n > 2):
        axes = tuple(
            explain_axis(places.xy[:, side], units, frame, name, asked, tell)
            for side, name in enumerate(_SIDES)
        )
    return MappedUnits(places, axes, tuple(notes))
