"""What was found of one space, and of the shelf, before it becomes tables and a page."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from longbox.analysis.clusters import AxisMeaning, ClusterPortrait, Clusters
from longbox.analysis.maps import Places
from longbox.analysis.units import Unit, Units
from longbox.vectors import Space


@dataclass(frozen=True, slots=True, eq=False)
class SpaceStudy:
    """All that the report says of one space.

    Attributes:
        units: What was looked at; without vectors, they are not needed any more.
        n_books: Books that these are of.
        places: On the map.
        clusters, portraits: What was found in the space itself.
        axes: What the sides of the map mean.
    """

    units: Units
    n_books: int
    places: Places
    clusters: Clusters
    portraits: tuple[ClusterPortrait, ...]
    axes: tuple[AxisMeaning, ...]

    @property
    def space(self) -> Space:
        """Whose vectors."""
        return self.units.space

    @property
    def unit(self) -> Unit:
        """What was clustered."""
        return self.units.unit

    @property
    def key(self) -> str:
        """A name for anchors and ids: "vision-pages"."""
        return f"{self.space.value}-{self.unit.value}"


@dataclass(frozen=True, slots=True, eq=False)
class BookTable:
    """One row a book.

    Attributes:
        frame: Columns as `columns.BOOK_COLUMNS`.
        space: By whose vectors the most alike book was found; None where no space has any.
        fewest: A book of fewer units is not compared.
    """

    frame: pl.DataFrame
    space: Space | None
    fewest: int
