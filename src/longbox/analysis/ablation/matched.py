"""The same units in several spaces, and what is known of them without vectors.

A unit takes part when it has a vector in every space that is compared: a page without lettering
has none in the text space, so with it silent pages are out, and are counted. Nothing is filled in.

Samples of different spaces are drawn by the same hash of the row, so those who are in all of them
are again a fair sample of all common units.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.ablation.values import Group
from longbox.analysis.units import Sampling, Tell, Unit, Units, gather_units
from longbox.errors import QueryError
from longbox.library import Library
from longbox.vectors import Space

if TYPE_CHECKING:
    import polars

_FEWEST_OF_A_TYPE: Final = 5
_FARTHEST: Final = 4.0
_COUNTS: Final = ("_characters", "n_panels", "n_tiers")
_OTHER: Final = "other types"


@dataclass(frozen=True, slots=True, eq=False)
class MatchedUnits:
    """Units that have a vector in every one of the spaces, in the same order.

    Attributes:
        units: By space; rows are the same in all.
        n_known: By space: how many of the library have a vector there.
        is_sampled: Whether the library has more.
    """

    units: dict[Space, Units]
    n_known: dict[Space, int]
    is_sampled: bool

    @property
    def first(self) -> Units:
        """The units as the first space has them: rows, books and works are the same in all."""
        return next(iter(self.units.values()))

    @property
    def n(self) -> int:
        """How many there are."""
        return self.first.n


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of N units without vectors: columns in groups, books and works.

    Attributes:
        at: Which of the matched units these are, rising, int64 (N,).
        columns: Mean 0 and standard deviation 1, float64 (N, P).
        group_of: Of each column.
        book, work: Numbers from 0 without gaps, int64 (N,); units of one book follow each other
            in reading order.
        dropped: Groups that cannot be used, and why.
    """

    at: NDArray[np.int64]
    columns: NDArray[np.float64]
    group_of: tuple[Group, ...]
    book: NDArray[np.int64]
    work: NDArray[np.int64]
    dropped: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """N."""
        return int(self.at.size)

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups that have columns, in their order."""
        return tuple(dict.fromkeys(self.group_of))

    def places(self, groups: Collection[Group]) -> NDArray[np.int64]:
        """Return where the columns of some groups are."""
        return np.array([i for i, g in enumerate(self.group_of) if g in groups], dtype=np.int64)

    def of(self, *groups: Group) -> NDArray[np.float64]:
        """Return the columns of some groups, float64 (N, p)."""
        return self.columns[:, self.places(groups)]


def match_units(
    library: Library,
    spaces: Sequence[Space],
    unit_of: Unit,
    sampling: Sampling,
    tell: Tell | None = None,
) -> MatchedUnits:
    """Gather the units that have a vector in each of the spaces.

    Raises:
        QueryError: The library has no vectors in one of them.
        LibraryError: The library cannot be read.
    """
    found = {
        space: gather_units(library, space, unit_of, sampling=sampling, tell=tell)
        for space in dict.fromkeys(spaces)
    }
    return matched(found)


def matched(found: Mapping[Space, Units]) -> MatchedUnits:
    """Keep of each space's units those that are in all.

    Raises:
        QueryError: Fewer than two spaces, or panels and pages were mixed.
    """
    if len(found) < 2 or len({units.unit for units in found.values()}) != 1:
        raise QueryError("an ablation compares two spaces or more, all of panels or all of pages")
    common = reduce(np.intersect1d, (units.rows for units in found.values()))
    kept = {space: units.taken(np.isin(units.rows, common)) for space, units in found.items()}
    return MatchedUnits(
        {space: _with_books_in_order(units) for space, units in kept.items()},
        {space: units.n_known for space, units in found.items()},
        any(units.is_sampled for units in found.values()),
    )


def known_of(
    units: Units, frame: polars.DataFrame, columns: Mapping[Group, Sequence[str]]
) -> Known:
    """Bring what is measured of units into columns.

    Counts are taken as logarithms; numbers farther than four deviations from the mean are drawn
    in, so that one odd page cannot bend a line. Units of which a whole group is unknown (the look
    of a page that was not measured) take no part; a group that is unknown for more than half of
    them is dropped. A single number that a unit does not have (how regular is one panel?) gets a
    column that says so, and is neither large nor small.

    Args:
        units: Any matched space's.
        frame: The measures, with a column `row`.
        columns: Names of numeric columns by group.
    """
    place = {row: at for at, row in enumerate(frame["row"].to_list())}
    at = np.array([place.get(row, -1) for row in units.rows.tolist()], dtype=np.int64)
    has_line = at >= 0
    numbers, dropped = _numbers(frame, columns, at, has_line)
    is_known = has_line.copy()
    for values in numbers.values():
        is_known &= np.isfinite(values).any(axis=1)
    blocks: list[NDArray[np.float64]] = []
    group_of: list[Group] = []
    for group, values in numbers.items():
        columns_of = _standard(values[is_known])
        blocks.append(columns_of)
        group_of += [group] * columns_of.shape[1]
    if "page_type" in frame.columns:
        types = _type_columns([frame["page_type"][int(i)] for i in at[is_known]])
        blocks.append(types)
        group_of += [Group.PAGE_TYPE] * types.shape[1]
    n = int(is_known.sum())
    return Known(
        np.flatnonzero(is_known),
        np.concatenate(blocks, axis=1) if blocks else np.zeros((n, 0)),
        tuple(group_of),
        _in_order(units.book[is_known]),
        _in_order(units.works[is_known]),
        tuple(dropped),
    )


def _with_books_in_order(units: Units) -> Units:
    """Drop books of which no unit is left; a book's rows follow each other already."""
    there, book = np.unique(units.book, return_inverse=True)
    return replace(
        units, books=tuple(units.books[i] for i in there), book=book.astype(np.int32).reshape(-1)
    )


def _numbers(
    frame: polars.DataFrame,
    columns: Mapping[Group, Sequence[str]],
    at: NDArray[np.int64],
    has_line: NDArray[np.bool_],
) -> tuple[dict[Group, NDArray[np.float64]], list[str]]:
    numbers: dict[Group, NDArray[np.float64]] = {}
    dropped: list[str] = []
    for group, names in columns.items():
        there = [name for name in names if name in frame.columns]
        if not there:
            dropped.append(f"{group}: not measured")
            continue
        values = np.full((at.size, len(there)), np.nan)
        for i, name in enumerate(there):
            column = frame[name].cast(float).to_numpy()[at[has_line]]
            values[has_line, i] = np.log1p(column) if name.endswith(_COUNTS) else column
        unknown = float((~np.isfinite(values)).all(axis=1).mean()) if at.size else 0.0
        if unknown > 0.5:
            dropped.append(f"{group}: measured on {1 - unknown:.0%} of the units only")
            continue
        numbers[group] = values
    return numbers, dropped


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale columns to mean 0 and deviation 1, drawn in at the ends; constant ones are left out.

    A column with gaps is followed by one that says where they are.
    """
    found: list[NDArray[np.float64]] = []
    for column in values.T:
        has_it = np.isfinite(column)
        for own, among in ((column, has_it), (has_it.astype(np.float64), np.ones_like(has_it))):
            level, spread = (own[among].mean(), own[among].std()) if among.any() else (0.0, 0.0)
            if spread > 1e-9 * max(1.0, abs(float(level))):
                scaled = np.where(among, (own - level) / spread, 0.0)
                scaled = np.clip(scaled, -_FARTHEST, _FARTHEST)
                found.append((scaled - scaled.mean()) / scaled.std())
    return np.stack(found, axis=1) if found else np.zeros((len(values), 0))


def _type_columns(types: Sequence[str | None]) -> NDArray[np.float64]:
    """Return a column for every page type but the commonest; rare ones share a column."""
    names = np.array([name or _OTHER for name in types], dtype=np.str_)
    found, counts = np.unique(names, return_counts=True)
    rare = found[counts < _FEWEST_OF_A_TYPE]
    names = np.where(np.isin(names, rare), _OTHER, names)
    found, counts = np.unique(names, return_counts=True)
    others = found[np.argsort(-counts)][1:].tolist()
    if not others:
        return np.zeros((len(types), 0))
    return _standard(np.stack([(names == name).astype(np.float64) for name in others], axis=1))


def _in_order(numbers: NDArray[np.int32]) -> NDArray[np.int64]:
    """Number by first appearance: units follow each other by row, so books' numbers rise."""
    _, first, again = np.unique(numbers, return_index=True, return_inverse=True)
    numbered: NDArray[np.int64] = np.argsort(np.argsort(first))[again.reshape(-1)]
    return numbered
