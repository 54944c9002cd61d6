"""One space after the other: its units, clusters, portraits, map, and what the map's sides mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from longbox.analysis.clusters import cluster_units, describe_clusters
from longbox.analysis.measures import units_measures
from longbox.analysis.report.books import BookMeans, book_means
from longbox.analysis.report.options import USUAL_SPACES, ReportOptions
from longbox.analysis.report.values import SpaceStudy
from longbox.analysis.studies import MapStudyOptions, map_units
from longbox.analysis.units import Tell, Unit, Units, gather_units
from longbox.errors import QueryError
from longbox.library import Library
from longbox.vectors import Space

_ALIKE_BY = (Space.FUSED, Space.VISION, Space.CONTEXTUAL, Space.TEXT, Space.DESCRIPTION)


def chosen_spaces(library: Library, options: ReportOptions, notes: list[str]) -> tuple[Space, ...]:
    """Return the spaces that a report is about.

    Raises:
        QueryError: The library has none of them.
    """
    known = library.spaces()
    wanted = options.spaces or tuple(space for space in USUAL_SPACES if space in known)
    found = tuple(space for space in wanted if space in known)
    notes += [
        f"this library has no {space.value} vectors; the report goes without them"
        for space in wanted
        if space not in known
    ]
    if not found:
        raise QueryError("this library has no vectors to report on; index comics first")
    return found


class Study:
    """Studies the spaces of a library; measures are read once for the same units.

    Attributes:
        means: Of books, in the best of the spaces that were studied to tell alike books by.
    """

    def __init__(
        self, library: Library, options: ReportOptions, notes: list[str], tell: Tell
    ) -> None:
        self._library = library
        self._options = options
        self._notes = notes
        self._tell = tell
        self._measured: dict[Unit, tuple[np.ndarray, pl.DataFrame]] = {}
        self.means: BookMeans | None = None

    def of(self, space: Space, unit_of: Unit) -> SpaceStudy | None:
        """Study one space; None where it has no vectors, with a note."""
        options, seed = self._options, self._options.sampling.seed
        name = f"{space.value} {unit_of.value}"

        def tell(what: str, done: int, total: int) -> None:
            self._tell(f"{name}: {what}", done, total)

        units = gather_units(self._library, space, unit_of, sampling=options.sampling, tell=tell)
        if not units.n:
            self._notes.append(f"{name}: no vectors; left out")
            return None
        frame = self._measures(units)
        self._take_means(units)
        clusters = cluster_units(units, replace(options.clusters, seed=seed), tell)
        portraits = describe_clusters(clusters, units, frame, options.exemplars, tell)
        how = MapStudyOptions(options.maps, options.axes, seed)
        mapped = map_units(self._library, units, frame, how, tell)
        self._notes += [f"{name}: {note}" for note in mapped.notes]
        light = replace(units, vectors=np.empty((units.n, 0), np.float32))
        n_books = int(np.unique(units.book).size)
        return SpaceStudy(light, n_books, mapped.places, clusters, portraits, mapped.axes)

    def _measures(self, units: Units) -> pl.DataFrame:
        known = self._measured.get(units.unit)
        if known is not None and np.array_equal(known[0], units.rows):
            return known[1]
        frame = units_measures(self._library, units)
        self._measured[units.unit] = (units.rows, frame)
        return frame

    def _take_means(self, units: Units) -> None:
        """Keep the means of books in the first of `_ALIKE_BY` that was studied."""
        kept = _ALIKE_BY.index(self.means.space) if self.means else len(_ALIKE_BY)
        if units.space in _ALIKE_BY[:kept]:
            self.means = book_means(units)
