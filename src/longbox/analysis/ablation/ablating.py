"""The ablation: the same units in several spaces, how alike those are and what they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.ablation.agreement import Labels, agreements, cluster_often
from longbox.analysis.ablation.carrying import Floats, hold_out
from longbox.analysis.ablation.claims import (
    carried_of,
    claim_of,
    meaning_space,
    mutual_with,
    words_of,
    written_columns,
)
from longbox.analysis.ablation.matched import MatchedUnits, known_of, match_units
from longbox.analysis.ablation.neighbours import nearest_units, overlap_of, own_book_share
from longbox.analysis.ablation.shares import FEWEST_BOOKS, corrected, shares_of
from longbox.analysis.ablation.values import (
    Ablation,
    AblationOptions,
    Agreement,
    Carried,
    Claim,
    Group,
    Overlap,
    Share,
    SpaceLine,
)
from longbox.analysis.units import Tell, Unit
from longbox.errors import QueryError
from longbox.library import Library
from longbox.vectors import Space, metric_of

if TYPE_CHECKING:
    import polars

LAYOUT: Final = Group.LAYOUT.value
_FEWEST_UNITS: Final = 30
_FEWEST_A_CLUSTER: Final = 5
_FEWEST_A_COLUMN: Final = 3
_USUAL: Final = AblationOptions()


@dataclass(frozen=True, slots=True, eq=False)
class _Reduced:
    """A space's main directions: coordinates of all common units, and the variance they keep."""

    points: Floats
    kept: float


def ablate_library(
    library: Library,
    spaces: Sequence[Space] = (),
    unit_of: Unit = Unit.PAGES,
    options: AblationOptions = _USUAL,
    tell: Tell | None = None,
) -> Ablation:
    """Compare the spaces of a library on the units that have a vector in all of them.

    Args:
        library: Open.
        spaces: Which; all that the library has when empty. One that few units have (text, of a
            silent shelf) makes the common units few: leave it out then.
        unit_of: Pages or panels.
        options: Numbers of everything, and the sample.
        tell: Called with what is being done, how much is done, and of how much.

    Raises:
        QueryError: The library has no vectors in one of the spaces, or fewer than two spaces.
        LibraryError: The library cannot be read.
    """
    from longbox.analysis.measures import numbers_of, units_measures

    units = match_units(library, spaces or tuple(library.spaces()), unit_of, options.sampling, tell)
    columns: dict[Group, list[str]] = {}
    for number in numbers_of(unit_of):
        columns.setdefault(Group(number.group.value), []).append(number.name)
    return ablate(units, units_measures(library, units.first), columns, options, tell)


def ablate(
    units: MatchedUnits,
    frame: polars.DataFrame,
    columns: Mapping[Group, Sequence[str]],
    options: AblationOptions = _USUAL,
    tell: Tell | None = None,
) -> Ablation:
    """Compare spaces on units that were gathered already.

    Args:
        units: In all spaces.
        frame: Their measures, with a column `row`; others' may be there too.
        columns: Names of the numeric measures by group; `page_type` is known by itself.
        options: Numbers of everything; `sampling` as the units were drawn.
        tell: As in `ablate_library`.

    Raises:
        QueryError: There are fewer than 30 common units.
    """
    if units.n < _FEWEST_UNITS:
        raise QueryError(
            f"only {units.n} {units.first.unit} have a vector in every one of these spaces; "
            f"compare fewer spaces, or a larger library"
        )
    work = _Work(units, frame, columns, options, tell)
    overlaps, lines = work.overlaps()
    labels = work.labels()
    shares, carried, claims = work.shares(labels)
    first = units.first
    return Ablation(
        unit=first.unit,
        spaces=lines,
        n=units.n,
        n_measured=work.known.n,
        n_books=len(np.unique(first.book)),
        n_works=len(np.unique(first.works)),
        sampling=options.sampling,
        is_sampled=units.is_sampled,
        options=options,
        overlaps=overlaps,
        agreements=work.agreements(labels),
        shares=shares,
        carried=carried,
        claims=claims,
        untold=tuple(work.untold),
    )


class _Work:
    """One ablation, step by step; notes what cannot be told."""

    def __init__(
        self,
        units: MatchedUnits,
        frame: polars.DataFrame,
        columns: Mapping[Group, Sequence[str]],
        options: AblationOptions,
        tell: Tell | None,
    ) -> None:
        self.units, self.options, self._tell = units, options, tell
        self.known = known_of(units.first, frame, columns)
        self.untold = list(self.known.dropped)
        self._reduced = {space: self._reduce(space) for space in units.units}
        self._book = units.first.book.astype(np.int64)
        n_books = int(self._book.max()) + 1
        if n_books < FEWEST_BOOKS:
            self.untold.append(f"only {n_books} books: shares have no interval over books")

    def overlaps(self) -> tuple[tuple[Overlap, ...], tuple[SpaceLine, ...]]:
        """Compare neighbours, with and without those of the unit's own book."""
        k, seed = self.options.n_neighbours, self.options.sampling.seed
        found: list[Overlap] = []
        lines: list[SpaceLine] = []
        spaces = list(self.units.units)
        for own_book in (True, False):
            lists = {}
            for done, space in enumerate(spaces):
                vectors = self.units.units[space].vectors
                lists[space] = nearest_units(
                    vectors, metric_of(space), k, self._book, own_book=own_book
                )
                self._say("neighbours", len(spaces) * (not own_book) + done + 1, 2 * len(spaces))
            found += [
                overlap_of((a, b), (lists[a], lists[b]), self._book, own_book=own_book, seed=seed)
                for a, b in combinations(spaces, 2)
            ]
            if own_book:
                lines = [self._line(space, lists[space]) for space in spaces]
        if not all(overlap.n for overlap in found):
            self.untold.append(f"neighbours in other books: no unit has {k} to choose from")
        return tuple(found), tuple(lines)

    def labels(self) -> dict[str, tuple[Labels, ...]]:
        """Cluster every space, and the layout measures where they are known of all units."""
        n, options = self.options.n_clusters, self.options
        if self.units.n < n * _FEWEST_A_CLUSTER:
            self.untold.append(f"clusters: {self.units.n} units are too few for {n} clusters")
            return {}
        points = {space.value: reduced.points for space, reduced in self._reduced.items()}
        if self.known.places([Group.LAYOUT]).size and self.known.n == self.units.n:
            points[LAYOUT] = self.known.of(Group.LAYOUT)
        labels = {}
        for done, (name, own) in enumerate(points.items()):
            labels[name] = cluster_often(own, n, options.n_seeds, options.sampling.seed)
            self._say("clusters", done + 1, len(points))
        return labels

    def agreements(self, labels: Mapping[str, tuple[Labels, ...]]) -> tuple[Agreement, ...]:
        """Compare the clusterings."""
        return agreements(labels, self.options.n_clusters)

    def shares(
        self, labels: Mapping[str, tuple[Labels, ...]]
    ) -> tuple[tuple[Share, ...], tuple[Carried, ...], tuple[Claim, ...]]:
        """Measure what each space is made of, what carries over, and what it goes by."""
        known, seed = self.known, self.options.sampling.seed
        n_columns = known.columns.shape[1]
        if known.n < max(_FEWEST_UNITS, _FEWEST_A_COLUMN * n_columns):
            self.untold.append(f"shares: {known.n} measured units for {n_columns} columns")
            return (), (), ()
        held = hold_out(known.book, known.work, self.options.n_folds)
        if held is None:
            self.untold.append("what carries over to other books: there is only one book")
        shares: list[Share] = []
        carried: list[Carried] = []
        claims: list[Claim] = []
        written = self._written()
        for done, (space, reduced) in enumerate(self._reduced.items()):
            vectors = reduced.points[known.at]
            shares += shares_of(space, vectors, known, self.options)
            if held is not None:
                carried += carried_of(space, vectors, known, held, seed)
                if written is not None and space is not written[0]:
                    claim = claim_of(space, vectors, known, written, held, seed)
                    claims.append(self._with_clusters(claim, labels))
            self._say("shares", done + 1, len(self._reduced))
        done_shares = corrected(shares)
        unit = self.units.first.unit.value
        of = held.of if held else ""
        told = tuple(replace(c, words=words_of(c, done_shares, unit, of)) for c in claims)
        return done_shares, tuple(carried), told

    def _written(self) -> tuple[Space, Floats] | None:
        """Return the columns that stand for meaning; None where nothing does."""
        space = meaning_space(self._reduced)
        if space is None or not self.known.places([Group.LAYOUT]).size:
            why = "no text or description vectors" if space is None else "layout is not measured"
            self.untold.append(f"layout or meaning: {why}")
            return None
        points = self._reduced[space].points[self.known.at]
        return space, written_columns(points, self.options.written_components)

    def _with_clusters(self, claim: Claim, labels: Mapping[str, tuple[Labels, ...]]) -> Claim:
        own, said = labels.get(claim.space.value), labels.get(claim.meaning_of.value)
        layout = labels.get(LAYOUT)
        nan = float("nan")
        return replace(
            claim,
            layout_mutual=mutual_with(own, layout) if own and layout else nan,
            meaning_mutual=mutual_with(own, said) if own and said else nan,
        )

    def _line(self, space: Space, nearest: NDArray[np.int32]) -> SpaceLine:
        units, reduced = self.units.units[space], self._reduced[space]
        share, chance = own_book_share(nearest, self._book, self.options.sampling.seed)
        return SpaceLine(
            space,
            units.fingerprint,
            units.vector_of,
            self.units.n_known[space],
            int(units.vectors.shape[1]),
            int(reduced.points.shape[1]),
            reduced.kept,
            share,
            chance,
        )

    def _reduce(self, space: Space) -> _Reduced:
        from sklearn.decomposition import PCA

        vectors = self.units.units[space].vectors.astype(np.float64)
        most = min(self.options.most_components, *vectors.shape)
        if not np.ptp(vectors, axis=0).any():
            return _Reduced(np.zeros((len(vectors), 1)), 0.0)
        pca = PCA(most, random_state=self.options.sampling.seed)
        points = pca.fit_transform(vectors)
        return _Reduced(points, float(pca.explained_variance_ratio_.sum()))

    def _say(self, what: str, done: int, total: int) -> None:
        if self._tell:
            self._tell(what, done, total)
