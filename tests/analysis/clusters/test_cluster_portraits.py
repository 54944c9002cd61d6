"""Clusters are described by what sets them apart, named by rule, and shown by their members."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from longbox.analysis.clusters import (
    ClusterOptions,
    ClusterPortrait,
    Clusters,
    Level,
    associate_categories,
    cluster_units,
    describe_clusters,
)
from longbox.analysis.units import Unit, Units
from longbox.errors import ModelError
from longbox.vectors import unit
from planted_units import KINDS, books_of, measures, planted, units_of

Described = tuple[Units, pl.DataFrame, Clusters, tuple[ClusterPortrait, ...]]
OPTIONS = ClusterOptions(n_clusters=4, n_runs=2)


@pytest.fixture(scope="module")
def described() -> Described:
    units, frame, _ = planted()
    clusters = cluster_units(units, OPTIONS)
    return units, frame, clusters, describe_clusters(clusters, units, frame)


def test_planted_kinds_are_named(described: Described) -> None:
    portraits = described[3]
    assert {p.archetype for p in portraits} == set(KINDS)
    assert [p.n for p in portraits] == sorted((p.n for p in portraits), reverse=True)
    assert min(p.confidence for p in portraits) > 0.9
    assert portraits[0].name == "multi-panel page (4 panels)"


def test_what_sets_a_cluster_apart_is_claimed_and_what_does_not_is_not(
    described: Described,
) -> None:
    dark = next(p for p in described[3] if p.archetype == "dark page")
    assert {e.measure for e in dark.sets_apart[:2]} == {"dark_share", "brightness"}
    darkness = next(e for e in dark.effects if e.measure == "dark_share")
    assert darkness.delta > 0.95
    assert darkness.level is Level.BOOKS
    assert darkness.q >= darkness.p
    assert darkness.inside > 0.5 > darkness.outside
    saturation = next(e for e in dark.effects if e.measure == "saturation")
    assert not saturation.is_claimed
    assert saturation.low < 0 < saturation.high


def test_false_claims_are_rare_over_draws() -> None:
    claimed = []
    for seed in range(12):
        units, frame, _ = planted(seed)
        rng = np.random.default_rng(seed)
        by_book = rng.normal(size=10)[units.book] + rng.normal(size=units.n)
        frame = frame.with_columns(pl.Series("contrast", by_book))
        clusters = cluster_units(units, ClusterOptions(n_clusters=4, n_runs=0))
        for portrait in describe_clusters(clusters, units, frame):
            unrelated = [e for e in portrait.effects if e.measure in ("saturation", "contrast")]
            claimed += [e.is_claimed for e in unrelated]
    assert len(claimed) == 12 * 4 * 2
    assert np.mean(claimed) <= 0.05


def test_shares_of_categories_are_counted(described: Described) -> None:
    _, frame, clusters, portraits = described
    prose = next(p for p in portraits if p.archetype == "prose page")
    share = next(c for c in prose.categories if c.value == "text_page")
    members = clusters.members(prose.number)
    assert share.column == "page_type"
    assert share.n == (frame["page_type"].to_numpy()[members] == "text_page").sum()
    assert share.lift > 3
    assert next(e for e in prose.effects if e.measure == "page_type = text_page").is_claimed


def test_categories_that_go_with_clusters_are_told_from_those_that_do_not(
    described: Described,
) -> None:
    units, frame, clusters, _ = described
    found = {a.column: a.cramers_v for a in associate_categories(clusters, units, frame)}
    assert found["page_type"] > 0.9
    assert found["is_spread"] < 0.3
    assert "direction" not in found  # all pages have the same


def test_a_cluster_of_one_book_is_said_to_be_one() -> None:
    rng = np.random.default_rng(0)
    book = books_of(8, 20)
    kind = np.where(book == 3, 1, 0)
    vectors = unit(np.eye(2, 16)[kind] + rng.normal(scale=0.05, size=(160, 16)))
    units = units_of(vectors, book)
    frame = measures(units, kind, rng)
    clusters = cluster_units(units, ClusterOptions(n_clusters=2, n_runs=0))
    rest, one = describe_clusters(clusters, units, frame)
    assert one.is_one_book
    assert one.is_one_work
    assert one.name == "one book: Book 3 (splash)"
    assert one.main_book_share == 1
    assert not one.sets_apart  # no page of the book is outside, so nothing can be told
    assert not rest.is_one_book


def test_on_a_shelf_of_one_book_no_cluster_is_called_a_book() -> None:
    units, frame, _ = planted(n_books=1, n_each=200)
    portraits = describe_clusters(cluster_units(units, OPTIONS), units, frame)
    assert not any(p.is_one_book or p.is_one_work for p in portraits)
    assert {e.level for p in portraits for e in p.effects} == {Level.UNITS}
    assert {p.archetype for p in portraits} == set(KINDS)


def test_clusters_of_one_name_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    book, kind = books_of(10, 20), np.full(200, KINDS.index("splash"))
    half = np.arange(200) % 2
    kind = np.where(np.arange(200) % 4 < 2, kind, 0)
    vectors = unit(np.eye(4, 16)[2 * (kind > 0) + half] + rng.normal(scale=0.05, size=(200, 16)))
    units = units_of(vectors, book)
    frame = measures(units, kind, rng).with_columns(
        pl.Series("saturation", half + rng.normal(scale=0.1, size=200))
    )
    portraits = describe_clusters(cluster_units(units, OPTIONS), units, frame)
    names = {p.name for p in portraits}
    assert len(names) == 4
    assert {"splash, saturated", "splash, grey"} <= names


def test_a_name_that_fits_the_whole_shelf_names_no_cluster() -> None:
    units, frame, _ = planted()
    wide = frame.with_columns(pl.lit(0.8).alias("page_aspect"))
    names = {p.name for p in describe_clusters(cluster_units(units, OPTIONS), units, wide)}
    assert not any("landscape" in name for name in names)


def test_what_no_rule_fits_is_named_by_its_effects() -> None:
    units, frame, kind = planted()
    thin = frame.select("row", "saturation", "brightness").with_columns(
        pl.Series("saturation", (kind == 0) + np.random.default_rng(0).random(units.n))
    )
    portraits = describe_clusters(cluster_units(units, OPTIONS), units, thin)
    assert {p.archetype for p in portraits} == {None}
    assert portraits[0].name.startswith("saturated")
    assert np.isnan(portraits[0].confidence)
    assert any("dark" in p.name for p in portraits)


def test_measures_that_are_missing_are_counted_and_not_made_up() -> None:
    units, frame, _ = planted()
    clusters = cluster_units(units, OPTIONS)
    half = frame.filter(pl.Series(np.arange(units.n) % 2 == 0))
    for portrait in describe_clusters(clusters, units, half):
        members = clusters.members(portrait.number)
        effect = next(e for e in portrait.effects if e.measure == "dark_share")
        assert effect.n_inside == (members % 2 == 0).sum()
        assert effect.n_missing == (members % 2 == 1).sum()
        assert portrait.n_judged <= effect.n_inside


def test_rows_of_other_units_are_left_out() -> None:
    units, frame, _ = planted()
    clusters = cluster_units(units, OPTIONS)
    more = pl.concat([frame, frame.with_columns(pl.col("row") + 100_000)])
    assert describe_clusters(clusters, units, more) == describe_clusters(clusters, units, frame)


def test_the_centre_is_shown_by_many_books_and_the_edge_by_the_doubtful(
    described: Described,
) -> None:
    units, _, clusters, portraits = described
    place = {int(row): at for at, row in enumerate(units.rows)}
    for portrait in portraits:
        centre = [place[row] for row in portrait.exemplars.centre]
        edge = [place[row] for row in portrait.exemplars.edge]
        assert len(centre) == len(edge) == 9
        assert not set(centre) & set(edge)
        assert (clusters.labels[centre + edge] == portrait.number).all()
        assert np.unique(units.book[centre]).size == 9  # of ten books
        members = clusters.members(portrait.number)
        assert centre[0] == members[clusters.to_centre[members].argmin()]
        assert edge[0] == members[clusters.edge[members].argmin()]


def test_a_cluster_of_two_is_described() -> None:
    units, frame, _ = planted()
    clusters = cluster_units(units, ClusterOptions(n_clusters=2, n_runs=0))
    small = np.ones(units.n, np.int32) * 0
    small[:2] = 1
    odd = replace(clusters, labels=small)
    portrait = describe_clusters(odd, units, frame)[1]
    assert portrait.n == 2
    assert not portrait.sets_apart
    assert len(portrait.exemplars.centre) + len(portrait.exemplars.edge) == 2


def test_nothing_to_describe_is_nothing() -> None:
    units, frame, _ = planted()
    none = units.taken(np.arange(0))
    clusters = cluster_units(none)
    assert describe_clusters(clusters, none, frame) == ()
    assert associate_categories(clusters, none, frame) == ()


def test_units_of_no_cluster_are_outside_all() -> None:
    units, frame, _ = planted()
    clusters = cluster_units(units, OPTIONS)
    labels = np.where(np.arange(units.n) % 10 == 0, -1, clusters.labels).astype(np.int32)
    portraits = describe_clusters(replace(clusters, labels=labels), units, frame)
    assert sum(p.n for p in portraits) == (labels >= 0).sum()
    effect = portraits[0].effects[0]
    assert effect.n_inside + effect.n_outside == units.n


def test_clusters_of_other_units_are_refused() -> None:
    units, frame, _ = planted()
    with pytest.raises(ModelError, match="other units"):
        describe_clusters(cluster_units(units, OPTIONS), units.taken(np.arange(50)), frame)


def test_panels_have_names_of_their_own() -> None:
    rng = np.random.default_rng(2)
    book, kind = books_of(10, 30), np.arange(300) % 3
    vectors = unit(np.eye(3, 16)[kind] + rng.normal(scale=0.05, size=(300, 16)))
    units = units_of(vectors, book, unit_of=Unit.PANELS)
    frame = pl.DataFrame(
        {
            "row": units.rows,
            "area_share": rng.uniform(0.15, 0.25, 300),
            "panel_aspect": np.where(kind == 1, 1.5, np.where(kind == 2, -1.0, 0.0)),
            "n_characters": rng.integers(5, 60, 300),
        }
    )
    portraits = describe_clusters(
        cluster_units(units, ClusterOptions(n_clusters=3, n_runs=0)), units, frame
    )
    assert {p.archetype for p in portraits} == {"wide panel", "tall panel", "panel"}
    usual = next(p for p in portraits if p.archetype == "panel")
    assert usual.name.startswith("panel (")
    assert usual.name.endswith("% of the page)")
    assert np.isnan(usual.confidence)
