"""An axis is explained by what goes along it, on books not seen; an axis of nothing is not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from longbox.analysis.clusters import (
    AxisOptions,
    ClusterOptions,
    cluster_units,
    explain_axis,
    ribbon_along,
    space_along,
)
from longbox.analysis.clusters.meaning import _correlation
from longbox.analysis.clusters.trees import _shuffled
from longbox.analysis.units import Units
from longbox.errors import ConfigError, ModelError
from planted_units import books_of, planted, units_of

QUICK = AxisOptions(n_permuted=19)


def shelf(seed: int = 0, n_books: int = 12) -> tuple[Units, pl.DataFrame, np.random.Generator]:
    """Draw pages whose measures differ by book, and nothing else."""
    rng = np.random.default_rng(seed)
    book = books_of(n_books, 20)
    units = units_of(rng.normal(size=(book.size, 8)), book)
    names = ("n_panels", "brightness", "contrast", "saturation")
    by_book = {name: rng.normal(size=n_books)[book] + rng.normal(size=book.size) for name in names}
    return units, pl.DataFrame({"row": units.rows, **by_book}), rng


def test_what_an_axis_is_made_of_is_found() -> None:
    units, frame, rng = shelf()
    along = frame["n_panels"].to_numpy() + 0.5 * rng.normal(size=units.n)
    meaning = explain_axis(along, units, frame, "x", QUICK)
    assert meaning.tree is not None
    assert meaning.tree.is_claimed
    assert meaning.tree.measures[0] == "n_panels"
    assert 0.4 < meaning.tree.low < meaning.tree.explained < meaning.tree.high < 1
    assert meaning.tree.chance < 0.2
    first = meaning.correlations[0]
    assert (first.measure, first.is_claimed) == ("n_panels", True)
    assert first.low < first.rho < first.high
    assert meaning.words.startswith("from n_panels <= ")


def test_leaves_cover_all_units_and_rise() -> None:
    units, frame, _ = shelf(1)
    meaning = explain_axis(frame["contrast"].to_numpy(), units, frame, "x", QUICK)
    assert meaning.tree is not None
    rules = meaning.tree.rules
    assert sum(rule.n for rule in rules) == units.n
    assert sum(rule.share for rule in rules) == pytest.approx(1)
    assert [rule.place for rule in rules] == sorted(rule.place for rule in rules)
    assert len(rules) <= 8


def test_axes_of_nothing_are_rarely_explained() -> None:
    explained, correlated = [], []
    for seed in range(15):
        units, frame, rng = shelf(seed)
        along = 1.5 * rng.normal(size=12)[units.book] + rng.normal(size=units.n)
        meaning = explain_axis(along, units, frame, "nothing", QUICK)
        assert meaning.tree is not None
        explained.append(meaning.tree.is_claimed)
        correlated += [one.is_claimed for one in meaning.correlations]
        if not meaning.tree.is_claimed:
            assert meaning.words.startswith("no measure explains it")
    assert sum(explained) <= 2
    assert np.mean(correlated) <= 0.05


def test_correlations_of_books_are_not_taken_for_those_of_pages() -> None:
    p = []
    for seed in range(100):
        units, frame, rng = shelf(seed + 100)
        books = units.book.astype(np.int64)
        for name in frame.columns[1:]:
            along = 2 * rng.normal(size=12)[units.book] + rng.normal(size=units.n)
            p.append(_correlation(name, frame[name].to_numpy(), along, books).p)
    assert np.mean(np.array(p) <= 0.05) < 0.08


def test_rho_is_spearmans_where_books_are_of_one_size() -> None:
    from scipy.stats import spearmanr

    units, frame, rng = shelf(2)
    along = frame["brightness"].to_numpy() + rng.normal(size=units.n)
    found = explain_axis(along, units, frame, "x", QUICK).correlations
    for one in found:
        assert one.rho == pytest.approx(spearmanr(along, frame[one.measure].to_numpy()).statistic)


def test_a_shuffled_axis_keeps_what_books_have_and_loses_the_order() -> None:
    rng = np.random.default_rng(0)
    books = books_of(6, 30).astype(np.int64)
    target = 3 * rng.normal(size=6)[books] + rng.normal(size=180)
    shuffled = _shuffled(target, books, rng)
    means = [
        np.sort([values[books == b].mean() for b in range(6)]) for values in (target, shuffled)
    ]
    assert np.allclose(*means)
    assert np.var(shuffled) == pytest.approx(np.var(target))
    assert not np.allclose(shuffled, target)


@pytest.mark.parametrize(("n_books", "why"), [(4, "books are too few"), (0, "units are too few")])
def test_what_cannot_be_told_is_said(n_books: int, why: str) -> None:
    units, frame, rng = shelf(3)
    own = units.taken(np.flatnonzero(units.book < n_books))
    meaning = explain_axis(rng.normal(size=own.n), own, frame, "x", QUICK)
    assert meaning.tree is None
    assert meaning.words.startswith("cannot be told")
    assert why in meaning.words
    assert not any(one.is_claimed for one in meaning.correlations)


def test_an_axis_where_all_are_at_one_place_means_nothing() -> None:
    units, frame, _ = shelf(4)
    meaning = explain_axis(np.ones(units.n), units, frame, "x", QUICK)
    assert meaning.words == "cannot be told: all units are at the same place"
    assert not any(one.is_claimed for one in meaning.correlations)


def test_measures_that_few_have_or_that_never_differ_are_left_out() -> None:
    units, frame, rng = shelf(5)
    holes = np.where(rng.random(units.n) < 0.8, np.nan, 1.0)
    some = np.where(rng.random(units.n) < 0.2, np.nan, frame["contrast"].to_numpy())
    frame = frame.with_columns(
        pl.Series("dark_share", holes), pl.lit(1.0).alias("ink_share"), pl.Series("contrast", some)
    )
    meaning = explain_axis(frame["contrast"].fill_nan(0).to_numpy(), units, frame, "x", QUICK)
    assert set(meaning.left_out) == {"dark_share", "ink_share"}
    told = next(one for one in meaning.correlations if one.measure == "contrast")
    assert told.n == int((~np.isnan(some)).sum())


def test_units_off_the_axis_take_no_part() -> None:
    units, frame, _ = shelf(6)
    along = frame["n_panels"].to_numpy().copy()
    along[::2] = np.nan
    meaning = explain_axis(along, units, frame, "x", QUICK)
    assert meaning.n == units.n // 2
    assert {one.n for one in meaning.correlations} == {units.n // 2}


def test_a_ribbon_is_its_own_length() -> None:
    rng = np.random.default_rng(7)
    way = np.linspace(0, 10, 50)
    places = rng.normal(size=(80, 2))
    places[:50] = np.stack([way, 0.5 * way], axis=1) + rng.normal(scale=0.05, size=(50, 2))
    along = ribbon_along(places, np.arange(80) < 50)
    assert np.isnan(along[50:]).all()
    assert abs(np.corrcoef(along[:50], way)[0, 1]) > 0.99
    assert np.isnan(ribbon_along(places, np.array([], dtype=np.int64))).all()


def test_a_ribbon_of_a_cluster_is_explained() -> None:
    units, frame, _ = planted(n_books=12)
    clusters = cluster_units(units, ClusterOptions(n_clusters=1, n_runs=0))
    along = ribbon_along(units.vectors, clusters.members(0))
    meaning = explain_axis(along, units, frame, "ribbon", QUICK)
    assert meaning.tree is not None
    assert meaning.tree.is_claimed


def test_the_widest_direction_of_a_space() -> None:
    rng = np.random.default_rng(8)
    vectors = rng.normal(size=(60, 6)) * np.array([1, 9, 1, 4, 1, 1])
    units = units_of(vectors, books_of(6, 10))
    for component, at in ((0, 1), (1, 3)):
        along = space_along(units, component)
        assert abs(np.corrcoef(along, vectors[:, at])[0, 1]) > 0.95
    with pytest.raises(ModelError, match="6 components"):
        space_along(units, 6)


def test_an_axis_of_other_units_is_refused() -> None:
    units, frame, _ = shelf()
    with pytest.raises(ModelError, match="does not fit"):
        explain_axis(np.ones(3), units, frame)


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"n_folds": 1}, {"n_permuted": 5}, {"seed": -1}])
def test_axis_options_that_mean_nothing_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        AxisOptions(**wrong)
