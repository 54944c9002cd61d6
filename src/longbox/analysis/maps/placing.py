"""Where units lie on a map: on the one that the library keeps, or on a new one.

A kept map is taken if it shows the library as it is now; then all show the same.
Otherwise a new one is made, and kept where the library's folder may be written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.maps.making import make_map, show_map
from longbox.analysis.maps.options import MapOptions
from longbox.analysis.maps.projection import Projector
from longbox.analysis.maps.values import LibraryMap
from longbox.analysis.units import Tell, Units, lowest_hashes
from longbox.errors import LibraryError
from longbox.library import Library

_CHUNK: Final = 8_192


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where units lie on a map.

    Attributes:
        xy: float32 (N, 2), as the units; nan for those that the map does not show.
        method: "umap" or "pca".
        n_fitted: Units that the map was laid out on; the others were placed among them.
        origin: "kept", "made and kept", or "made".
    """

    xy: NDArray[np.float32]
    method: str
    n_fitted: int
    origin: str


def place_units(
    library: Library, units: Units, options: MapOptions, notes: list[str], tell: Tell
) -> Places:
    """Place units on a map of their space.

    Args:
        library: Open, perhaps to be read only.
        units: With their vectors.
        options: For a new map.
        notes: What went wrong and did not stop it is added here.
        tell: Called with what is done, how much, and of how much.
    """
    if not units.n:
        return Places(np.empty((0, 2), np.float32), "pca", 0, "made")
    try:
        shown = show_map(library, units.space, units.unit)
    except LibraryError as error:
        notes.append(f"{error}; a map of its own was made")
        shown = None
    if shown is not None and not shown.is_stale:
        return _of_map(shown.map, units, "kept")
    try:
        library.require_writable()
    except LibraryError:
        return _projected(units, options, tell)
    # What is kept should not depend on what is sampled here.
    return _of_map(
        make_map(library, units.space, units.unit, options, tell), units, "made and kept"
    )


def _of_map(made: LibraryMap, units: Units, origin: str) -> Places:
    xy = np.full((units.n, 2), np.nan, dtype=np.float32)
    if made.rows.size:
        at = np.minimum(np.searchsorted(made.rows, units.rows), made.rows.size - 1)
        is_there = made.rows[at] == units.rows
        xy[is_there] = made.places[at[is_there]]
    return Places(xy, made.method.value, made.n_fitted, origin)


def _projected(units: Units, options: MapOptions, tell: Tell) -> Places:
    """Lay out a sample and place the others among it, keeping nothing."""
    fitted = np.sort(lowest_hashes(units.rows, options.max_fitted, options.seed))
    projector = Projector(
        units.vectors[fitted],
        units.space,
        replace(options, max_points=max(options.max_points, options.max_fitted)),
        lambda done, total: tell("layout", done, total),
    )
    xy = np.empty((units.n, 2), dtype=np.float32)
    xy[fitted] = projector.fitted.places
    left = np.setdiff1d(np.arange(units.n), fitted)
    for start in range(0, left.size, _CHUNK):
        part = left[start : start + _CHUNK]
        xy[part] = projector.place(units.vectors[part]).places
        tell("placing", min(start + _CHUNK, left.size), left.size)
    return Places(xy, projector.method.value, fitted.size, "made")
