"""What sets each cluster apart, its name, how stable it is, and whether it is only a book.

Every numeric measure, every flag and every common value of a category is contrasted inside against
outside, over books (`contrasts`); p is corrected over all clusters and measures together
(Benjamini and Hochberg). p says whether a measure has anything to do with a cluster. It does not
say that the cluster is there: vectors without any groups are cut up too, and what was cut by
differs. Whether it is there is what stability says.

Books and works are counted and not tested: that a book is in a cluster is one fact, not as many as
it has pages.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longbox.analysis.clusters.contrasts import Ranked, contrast, corrected, is_claim, ranked
from longbox.analysis.clusters.exemplars import choose_exemplars
from longbox.analysis.clusters.measured import Measured, Words, measured
from longbox.analysis.clusters.naming import Naming, name_clusters
from longbox.analysis.clusters.portraits import (
    Association,
    CategoryShare,
    ClusterPortrait,
    Effect,
    Exemplars,
)
from longbox.analysis.clusters.preparing import independent_books
from longbox.analysis.clusters.values import Clusters
from longbox.analysis.units import Tell, Units
from longbox.errors import ModelError

_LEAST_COMMON: Final = 10
_SHOWN_VALUES: Final = 3
_MOSTLY: Final = 0.7
_HALF: Final = 0.5


def describe_clusters(
    clusters: Clusters,
    units: Units,
    frame: pl.DataFrame,
    n_exemplars: int = 9,
    tell: Tell | None = None,
) -> tuple[ClusterPortrait, ...]:
    """Say of every cluster what it is.

    Args:
        clusters: As found on these units.
        units: With their books.
        frame: Measures, a row a unit, known by `row`; nulls and missing rows take no part.
        n_exemplars: At most so many rows of each centre, and of each edge.
        tell: Called with "describing", the measures contrasted and how many there are.

    Raises:
        ModelError: The clusters are of other units, or the frame has no rows of its own.
    """
    known = _known(clusters, units, frame)
    books = independent_books(units)
    effects = _effects(clusters, known, books, tell)
    namings = name_clusters(known, clusters.labels, effects)
    categories = _categories(units, known)
    portraits = []
    for number, naming in enumerate(namings):
        is_inside = clusters.labels == number
        shares = tuple(
            share
            for name, values in categories.items()
            for share in _shares(name, values, is_inside)
        )
        portrait = _portrait(clusters, units, naming, number)
        portraits.append(
            replace(
                portrait,
                effects=tuple(effects[number]),
                categories=shares,
                exemplars=choose_exemplars(clusters, books, number, n_exemplars),
            )
        )
    return tuple(portraits)


def associate_categories(
    clusters: Clusters, units: Units, frame: pl.DataFrame
) -> tuple[Association, ...]:
    """Say how much each category has to do with the clusters as a whole, the most first.

    Units of no cluster and of unknown category take no part. V rises with the number of values, and
    books have many: compare clusterings by it rather than categories.

    Raises:
        ModelError: The clusters are of other units, or the frame has no rows of its own.
    """
    from scipy.stats.contingency import association

    known = _known(clusters, units, frame)
    found = []
    for name, values in _categories(units, known).items():
        is_told = np.array([value is not None for value in values], dtype=np.bool_)
        is_told &= clusters.labels >= 0
        _, codes = np.unique(values[is_told].astype(str), return_inverse=True)
        _, labels = np.unique(clusters.labels[is_told], return_inverse=True)
        if not codes.size or codes.max() == 0 or labels.max() == 0:
            continue
        counts = np.zeros((int(labels.max()) + 1, int(codes.max()) + 1), dtype=np.int64)
        np.add.at(counts, (labels, codes), 1)
        v = float(association(counts, method="cramer"))
        found.append(Association(name, v, int(counts.sum()), counts.shape[1]))
    return tuple(sorted(found, key=lambda one: -one.cramers_v))


def _known(clusters: Clusters, units: Units, frame: pl.DataFrame) -> Measured:
    if not np.array_equal(clusters.rows, units.rows):
        raise ModelError("these clusters were found on other units; find them again")
    return measured(frame, units.rows, units.unit)


def _effects(
    clusters: Clusters, known: Measured, books: NDArray[np.int32], tell: Tell | None
) -> list[list[Effect]]:
    """Contrast every measure in every cluster, correct p for all of them, and sort."""
    measures = _contrasted(known, books)
    found: list[Effect] = []
    numbers: list[int] = []
    for at, measure in enumerate(measures):
        for number in range(clusters.n_clusters):
            found.append(contrast(measure, clusters.labels == number))
            numbers.append(number)
        if tell:
            tell("describing", at + 1, len(measures))
    of_cluster: list[list[Effect]] = [[] for _ in range(clusters.n_clusters)]
    for number, effect, q in zip(
        numbers, found, corrected([effect.p for effect in found]), strict=True
    ):
        told = replace(effect, q=q, is_claimed=is_claim(effect.delta, q))
        of_cluster[number].append(told)
    return [sorted(own, key=_by_strength) for own in of_cluster]


def _contrasted(known: Measured, books: NDArray[np.int32]) -> list[Ranked]:
    """Return what is contrasted: numbers, flags, and the common values of categories."""
    columns = dict(known.numbers)
    columns.update(known.claims)
    for name, words in known.words.items():
        is_none = np.array([word is None for word in words], dtype=np.bool_)
        counts = Counter(words[~is_none].tolist())
        for value, n in sorted(counts.items()):
            if min(n, words.size - n) >= _LEAST_COMMON:
                own = np.where(is_none, np.nan, (words == value).astype(np.float64))
                columns[f"{name} = {value}"] = own
    made = (ranked(name, values, books) for name, values in columns.items())
    return [measure for measure in made if measure.codes.max(initial=0) > 0]


def _by_strength(effect: Effect) -> tuple[bool, float]:
    """Sort what may be claimed before the rest, and each by how strong it is."""
    strength = abs(effect.delta) if not np.isnan(effect.delta) else 0.0
    return not effect.is_claimed, -strength


def _portrait(clusters: Clusters, units: Units, naming: Naming, number: int) -> ClusterPortrait:
    """Put together what is known of a cluster but its effects and exemplars."""
    members = clusters.members(number)
    titles = [line.title for line in units.books]
    works = [line.series or line.title for line in units.books]
    book, book_share, is_one_book = _main(units.book, members)
    work_of_unit = units.works
    at_work, work_share, is_one_work = _main(work_of_unit, members)
    work = works[int(units.book[np.flatnonzero(work_of_unit == at_work)[0]])]
    jaccard = float(clusters.jaccard[number])
    return ClusterPortrait(
        number=number,
        n=members.size,
        share=members.size / units.n,
        name=_called(
            naming.name, titles[book] if is_one_book else None, work if is_one_work else None
        ),
        archetype=naming.archetype,
        confidence=naming.confidence,
        n_judged=naming.n_judged,
        fits=naming.fits,
        effects=(),
        categories=(),
        n_books=int(np.unique(units.book[members]).size),
        main_book=titles[book],
        main_book_share=book_share,
        is_one_book=is_one_book,
        main_work=work,
        main_work_share=work_share,
        is_one_work=is_one_work,
        jaccard=jaccard,
        stability=clusters.verdict(number),
        exemplars=Exemplars((), ()),
    )


def _main(groups: NDArray[np.int32], members: NDArray[np.int64]) -> tuple[int, float, bool]:
    """Return the group that most members are of, its share, and whether the cluster is only it."""
    counts = np.bincount(groups[members])
    at = int(counts.argmax())
    share = float(counts[at] / members.size)
    others = 1 - np.count_nonzero(groups == at) / groups.size
    is_only = share >= _MOSTLY and others > 0 and 1 - share <= _HALF * others
    return at, share, bool(is_only)


def _called(name: str, book: str | None, work: str | None) -> str:
    if book is not None:
        return f"one book: {book} ({name})"
    return f"{name}, one work: {work}" if work is not None else name


def _categories(units: Units, known: Measured) -> dict[str, Words]:
    """Return every category with a word for each unit, or None."""
    titles = np.array([line.title for line in units.books], dtype=object)
    works = np.array([line.series or line.title for line in units.books], dtype=object)
    found: dict[str, Words] = {"book": titles[units.book], "work": works[units.book]}
    found.update(known.words)
    for name, values in known.claims.items():
        said = np.where(values == 1, "yes", "no").astype(object)
        said[np.isnan(values)] = None
        found[name] = said
    return found


def _shares(name: str, values: Words, is_inside: NDArray[np.bool_]) -> list[CategoryShare]:
    """Return the commonest values of a category inside a cluster."""
    inside = Counter(value for value in values[is_inside] if value is not None)
    outside = Counter(value for value in values[~is_inside] if value is not None)
    n_in, n_out = inside.total(), outside.total()
    shares = []
    for value, n in inside.most_common(_SHOWN_VALUES):
        of_all = (n + outside[value]) / (n_in + n_out)
        share_outside = outside[value] / n_out if n_out else float("nan")
        shares.append(
            CategoryShare(name, str(value), n, n / n_in, share_outside, n / n_in / of_all)
        )
    return shares
