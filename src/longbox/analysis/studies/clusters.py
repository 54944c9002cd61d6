"""A whole library in clusters: found, described, and the map's axes explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longbox.analysis.clusters import (
    Agreement,
    Association,
    AxisMeaning,
    ClusterOptions,
    ClusterPortrait,
    Clusters,
    Trial,
    associate_categories,
    cluster_units,
    describe_clusters,
    explain_axis,
)
from longbox.analysis.maps import MapOptions, ShownMap, make_map, show_map
from longbox.analysis.measures import units_measures
from longbox.analysis.studies.cards import UnitCard, cards_of
from longbox.analysis.units import Sampling, Tell, Unit, Units, gather_units
from longbox.library import Library
from longbox.vectors import Space


@dataclass(frozen=True, slots=True)
class ClusterQuestion:
    """What is asked of a library's clusters.

    Attributes:
        space: In which vectors.
        unit: Of pages or panels.
        options: How clusters are found.
        sampling: How many units are looked at.
        has_axes: Whether the map's axes are explained; makes a map where there is none.
    """

    space: Space = Space.VISION
    unit: Unit = Unit.PAGES
    options: ClusterOptions = field(default_factory=ClusterOptions)
    sampling: Sampling = field(default_factory=Sampling)
    has_axes: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class ClusterStudy:
    """The clusters of a library.

    Attributes:
        units: What was clustered; `is_sampled` where the library has more.
        frame: Their measures.
        clusters: As found.
        portraits: One a cluster.
        associations: How much each category has to do with the clusters.
        places: On the map, float32 (N, 2); nan for units that are on no map.
        axes: What the map's two axes mean; empty where no map was asked for.
        cards: Of every row that a portrait shows.
    """

    units: Units
    frame: pl.DataFrame
    clusters: Clusters
    portraits: tuple[ClusterPortrait, ...]
    associations: tuple[Association, ...]
    places: NDArray[np.float32]
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
        library: Open; must be writable where a map is asked for and there is none.
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
    places = np.full((units.n, 2), np.nan, dtype=np.float32)
    axes: tuple[AxisMeaning, ...] = ()
    if question.has_axes and units.n:
        places = places_of(library, units, question.options.seed, tell)
        axes = tuple(
            explain_axis(places[:, axis], units, frame, name, tell=tell)
            for axis, name in enumerate(("from left to right", "from bottom to top"))
        )
    shown = {row for p in portraits for row in (*p.exemplars.centre, *p.exemplars.edge)}
    return ClusterStudy(
        units=units,
        frame=frame,
        clusters=clusters,
        portraits=portraits,
        associations=associate_categories(clusters, units, frame),
        places=places,
        axes=axes,
        cards=cards_of(library, shown, units.unit),
    )


def places_of(
    library: Library, units: Units, seed: int = 0, tell: Tell | None = None
) -> NDArray[np.float32]:
    """Return where units lie on the library's map, float32 (N, 2); nan where they are on none.

    The kept map is taken if it shows the library as it is now; otherwise a new one is made.

    Raises:
        LibraryError: A map must be made and the library is read-only.
    """
    shown: ShownMap | None = show_map(library, units.space, units.unit)
    if shown is None or shown.is_stale:
        made = make_map(library, units.space, units.unit, MapOptions(seed=seed), tell)
        rows, points = made.rows, made.places
    else:
        rows, points = shown.map.rows, shown.map.places
    places = np.full((units.n, 2), np.nan, dtype=np.float32)
    if rows.size:
        at = np.minimum(np.searchsorted(rows, units.rows), rows.size - 1)
        is_there = rows[at] == units.rows
        places[is_there] = points[at[is_there]]
    return places
