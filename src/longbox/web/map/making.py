"""The job that makes a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from longbox.analysis import Unit, make_map
from longbox.errors import QueryError
from longbox.vectors import Space
from longbox.web.jobs import JobRun, Kind, Outcome

# Of the whole time, roughly, on a library whose layout is fitted on all its vectors.
_SHARES: Final = {"reading": (0.0, 0.1), "layout": (0.1, 0.8), "placing": (0.9, 0.1)}
_SAYINGS: Final = {
    "reading": "reading vectors",
    "layout": "laying out",
    "placing": "placing the rest",
}


@dataclass(frozen=True, slots=True)
class MapArguments:
    """Which map.

    Attributes:
        space: One of the library's spaces.
        of: panels or pages.
    """

    space: str
    of: str = "panels"


def make(run: JobRun) -> Outcome:
    """Make the map that the job's arguments name."""
    space, unit = Space(str(run.arguments["space"])), Unit(str(run.arguments["of"]))

    def tell(what: str, done: int, total: int) -> None:
        start, share = _SHARES[what]
        run.tell(start + share * done / max(total, 1), _SAYINGS[what])

    with run.open_library() as library:
        run.tell(0.0, "getting ready")
        made = make_map(library, space, unit, tell=tell)
    return Outcome(f"mapped {made.rows.size:,} {unit} by {space}")


def _checked(asked: MapArguments) -> MapArguments:
    if asked.space not in set(Space):
        raise QueryError(f"{asked.space[:40]!r} is no space; use one of {', '.join(Space)}")
    if asked.of not in set(Unit):
        raise QueryError(f"{asked.of[:40]!r}: a map is of panels or pages")
    return asked


MAP_KIND: Final = Kind(
    "map",
    "longbox.web.map.making:make",
    lambda asked: f"Map of all {asked.of} by {asked.space}",
    MapArguments,
    _checked,
)
