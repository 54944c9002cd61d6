"""What a report is made of, and what making it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from longbox.analysis.ablation import AblationOptions
from longbox.analysis.clusters import AxisOptions, ClusterOptions
from longbox.analysis.maps import MapOptions
from longbox.analysis.units import Sampling, Unit
from longbox.errors import ConfigError
from longbox.vectors import Space

USUAL_SPACES: Final = (
    Space.VISION,
    Space.TEXT,
    Space.COMPOSITION,
    Space.FUSED,
    Space.CONTEXTUAL,
)
MOST_PICTURES: Final = 4_000


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """How the report is made.

    Attributes:
        spaces: Which are clustered and drawn; those of `USUAL_SPACES` that the library has when
            empty.
        units: What is clustered; tables have a row for every page and every panel either way.
        sampling: At most so many units a space are looked at; the tables say of the others that
            they have no cluster.
        clusters: How clusters are found. Its seed is the sampling's.
        maps: How a map looks where none is kept. Its seed is the sampling's.
        axes: How the axes of maps are explained. Its seed is the sampling's.
        ablation: How spaces are compared. It draws a sample of its own.
        with_ablation: Whether they are compared at all.
        most_thumbnails: Pictures of pages and panels in the report, at most.
        exemplars: Members shown of each cluster's centre; half as many of its edge.
        most_points: On an interactive map, and most points that a figure is drawn with.
        address: Of a running `longbox serve`; thumbnails lead to its reader when given.
        title: Of the report; the library's folder when empty.
        replace: Whether an older report at the same place may go.
    """

    spaces: tuple[Space, ...] = ()
    units: tuple[Unit, ...] = (Unit.PAGES,)
    sampling: Sampling = field(default_factory=lambda: Sampling(200_000))
    clusters: ClusterOptions = field(default_factory=ClusterOptions)
    maps: MapOptions = field(default_factory=MapOptions)
    axes: AxisOptions = field(default_factory=AxisOptions)
    ablation: AblationOptions = field(default_factory=AblationOptions)
    with_ablation: bool = True
    most_thumbnails: int = 480
    exemplars: int = 8
    most_points: int = 6_000
    address: str = ""
    title: str = ""
    replace: bool = False

    def __post_init__(self) -> None:
        if not self.units or len(set(self.units)) != len(self.units):
            raise ConfigError("a report is of pages, of panels, or of both")
        if len(set(self.spaces)) != len(self.spaces):
            raise ConfigError("a space is named twice")
        if not 0 <= self.most_thumbnails <= MOST_PICTURES:
            raise ConfigError(f"a report has 0 to {MOST_PICTURES:,} thumbnails")
        if self.exemplars < 1 or self.most_points < 1:
            raise ConfigError("exemplars and most_points are 1 or more")
        if self.address and not self.address.startswith(("http://", "https://")):
            raise ConfigError(f"{self.address!r} is no address; one begins with http://")


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """What was written.

    Attributes:
        folder: Holds all of it.
        html: The page to read.
        tables: Parquet and CSV of pages, panels and books.
        n_pages, n_panels, n_books: Rows of the tables.
        notes: What could not be done or told, one line each; they stand in the report too.
        seconds: How long each part took, in order.
    """

    folder: Path
    html: Path
    tables: tuple[Path, ...]
    n_pages: int
    n_panels: int
    n_books: int
    notes: tuple[str, ...]
    seconds: tuple[tuple[str, float], ...]
