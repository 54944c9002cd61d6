"""Spaces with planted parts: what is there is found, what is not is not claimed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from longbox.analysis.ablation import (
    Ablation,
    AblationOptions,
    Group,
    MatchedUnits,
    Verdict,
    ablate,
    ablate_library,
    match_units,
    matched,
)
from longbox.analysis.units import Sampling, Unit
from longbox.errors import ConfigError, QueryError
from longbox.vectors import Space
from numbered_libraries import numbered
from planted_spaces import COLUMNS, Plan, Shelf, draw_shelf, draw_space, shelf_units

V, T, C = Space.VISION, Space.TEXT, Space.COMPOSITION
QUICK = AblationOptions(n_clusters=4, n_seeds=2, n_permutations=39, n_draws=60)


def planted(seed: int = 0) -> tuple[Shelf, MatchedUnits]:
    rng = np.random.default_rng(seed)
    shelf = draw_shelf(Plan(), rng)
    text = draw_space(shelf, {"meaning": 0.6, "book": 0.1}, rng)
    picture = draw_space(shelf, {"meaning": 0.3, "book": 0.2}, rng)
    composition = draw_space(shelf, {"layout": 0.4, "work": 0.1}, rng)
    return shelf, shelf_units(shelf, {V: picture, T: text, C: composition})


@pytest.fixture(scope="module")
def found() -> Ablation:
    shelf, units = planted()
    return ablate(units, shelf.frame, COLUMNS, QUICK)


def share(found: Ablation, space: Space, group: Group) -> tuple[float, float]:
    line = next(s for s in found.shares if (s.space, s.group) == (space, group))
    return line.unique.value, line.p


def test_planted_parts_are_found_in_their_size(found: Ablation) -> None:
    assert share(found, C, Group.LAYOUT)[0] == pytest.approx(0.4 * 0.5, abs=0.06)  # half is habit
    assert share(found, C, Group.LAYOUT)[1] <= 0.05
    book = next(s for s in found.shares if (s.space, s.group) == (V, Group.BOOK))
    assert book.share.value == pytest.approx(0.2, abs=0.03)
    assert book.p <= 0.05
    assert share(found, C, Group.WORK)[0] == pytest.approx(0.1, abs=0.05)


def test_what_was_not_planted_has_no_share_of_its_own(found: Ablation) -> None:
    assert abs(share(found, V, Group.LAYOUT)[0]) < 0.02
    assert abs(share(found, C, Group.BOOK)[0]) < 0.03
    assert share(found, V, Group.WORK)[1] > 0.05  # three books have something in common by luck
    assert abs(share(found, C, Group.PAGE_TYPE)[0]) < 0.02


def test_a_space_of_layout_and_one_of_meaning_are_told_apart(found: Ablation) -> None:
    verdicts = {claim.space: claim.verdict for claim in found.claims}
    assert verdicts == {V: Verdict.MEANING, C: Verdict.LAYOUT}
    layout = next(c for c in found.claims if c.space is C)
    assert layout.layout_mutual > layout.meaning_mutual
    assert "by layout more than by what is written" in layout.words


def test_spaces_that_share_a_part_have_more_neighbours_in_common(found: Ablation) -> None:
    shares = {(o.a, o.b): o for o in found.overlaps if not o.own_book}
    alike, unlike = shares[V, T], shares[T, C]
    assert alike.share.low > alike.chance
    assert unlike.share.low <= unlike.chance <= unlike.share.high


def test_a_space_agrees_with_itself_most(found: Ablation) -> None:
    itself = next(a for a in found.agreements if a.a == a.b == C.value)
    others = [a.mutual for a in found.agreements if a.a != a.b and C.value in (a.a, a.b)]
    assert itself.mutual > max(others)
    layout = next(a for a in found.agreements if {a.a, a.b} == {C.value, "layout"})
    assert layout.mutual > 0.1


def test_layout_carries_over_to_unseen_works_only_where_it_was_planted(found: Ablation) -> None:
    within = {c.space: c.within for c in found.carried if c.group is Group.LAYOUT}
    assert within[C].low > 0.1
    assert within[T].low <= 0.01


def test_a_books_own_layout_is_not_mistaken_for_layout() -> None:
    # Layouts are habits of books and vectors are the books' own: layout explains by itself, but
    # no more than when it is moved round within the books, and has no part of its own.
    rng = np.random.default_rng(3)
    shelf = draw_shelf(Plan(n_works=8, books_a_work=1, pages_a_book=15, book_layout=0.9), rng)
    habit = shelf.sources["layout"]
    means = np.stack([habit[shelf.book == b].mean(axis=0) for b in range(8)])[shelf.book]
    shelf.sources["book"] = means
    pictures = draw_space(shelf, {"book": 0.6}, rng)
    units = shelf_units(shelf, {V: pictures, C: draw_space(shelf, {}, rng)})
    found = ablate(units, shelf.frame, COLUMNS, QUICK)
    line = next(s for s in found.shares if (s.space, s.group) == (V, Group.LAYOUT))
    assert line.share.value > 0.4
    assert line.chance > 0.8 * line.share.value
    assert abs(line.unique.value) < 0.02


def test_planted_nothing_is_claimed_in_one_of_twenty_at_most() -> None:
    claimed = n = 0
    few = AblationOptions(n_clusters=2, n_seeds=2, n_permutations=19, n_draws=19)
    from longbox.analysis.ablation.matched import known_of
    from longbox.analysis.ablation.shares import shares_of

    for seed in range(60):
        rng = np.random.default_rng(seed)
        shelf = draw_shelf(Plan(n_works=6, books_a_work=2, pages_a_book=8), rng)
        vectors = draw_space(shelf, {}, rng)
        units = shelf_units(shelf, {V: vectors, C: vectors})
        known = known_of(units.first, shelf.frame, COLUMNS)
        told = [s.p for s in shares_of(V, vectors, known, few) if np.isfinite(s.p)]
        claimed += sum(p <= 0.05 for p in told)
        n += len(told)
    assert n == 60 * 5  # layout, look, page type, work, book
    assert claimed / n <= 0.08  # .05 and two standard errors


def test_only_units_that_all_spaces_have_are_compared(tmp_path: Path) -> None:
    with numbered(tmp_path, 3) as library:
        units = match_units(library, (V, T), Unit.PANELS, Sampling())
        assert units.n_known == {V: 36, T: 24}
        assert units.n == 24
        assert (units.units[V].rows == units.units[T].rows).all()
        assert set(units.first.panel) == {0, 2}


def test_a_sample_of_two_spaces_is_of_common_units(tmp_path: Path) -> None:
    with numbered(tmp_path, 6) as library:
        units = match_units(library, (V, T), Unit.PANELS, Sampling(20))
        assert units.is_sampled
        assert 0 < units.n <= 20


def test_too_few_common_units_are_refused(tmp_path: Path) -> None:
    frame = draw_shelf(Plan(), np.random.default_rng(0)).frame
    with numbered(tmp_path, 1) as library:
        units = match_units(library, (V, T), Unit.PAGES, Sampling())
    with pytest.raises(QueryError, match=r"only 4 pages have a vector in every one"):
        ablate(units, frame, COLUMNS)


def test_one_space_cannot_be_compared(tmp_path: Path) -> None:
    with numbered(tmp_path, 1) as library, pytest.raises(QueryError, match="two spaces"):
        match_units(library, (V,), Unit.PAGES, Sampling())
    with pytest.raises(QueryError, match="two spaces"):
        matched({})


def test_one_book_has_no_interval_and_no_verdict() -> None:
    rng = np.random.default_rng(0)
    shelf = draw_shelf(Plan(n_works=1, books_a_work=1, pages_a_book=60), rng)
    spaces = {V: draw_space(shelf, {"layout": 0.5}, rng), T: draw_space(shelf, {}, rng)}
    found = ablate(shelf_units(shelf, spaces), shelf.frame, COLUMNS, QUICK)
    assert not found.claims
    assert not any(np.isfinite(s.share.low) for s in found.shares)
    assert {s.group for s in found.shares} & {Group.BOOK, Group.WORK} == set()
    assert any("only one book" in line or "only 1 books" in line for line in found.untold)
    assert all(o.n == 0 for o in found.overlaps if not o.own_book)


def test_a_look_that_was_not_measured_is_left_out_and_said() -> None:
    shelf, units = planted(1)
    frame = shelf.frame.with_columns(brightness=None, contrast=None, saturation=None)
    found = ablate(units, frame, COLUMNS, QUICK)
    assert "look: measured on 0% of the units only" in found.untold
    assert Group.LOOK not in {s.group for s in found.shares}
    assert found.n_measured == found.n


def test_pages_whose_look_is_unknown_take_no_part() -> None:
    shelf, units = planted(1)
    unknown = np.arange(len(shelf.book)) < 40
    names = COLUMNS[Group.LOOK]
    values = [
        pl.Series(name, np.where(unknown, np.nan, shelf.frame[name].to_numpy())) for name in names
    ]
    found = ablate(units, shelf.frame.with_columns(values).fill_nan(None), COLUMNS, QUICK)
    assert found.n_measured == found.n - 40


def test_options_that_compare_nothing_are_refused() -> None:
    with pytest.raises(ConfigError):
        AblationOptions(n_seeds=1)


def test_a_library_is_compared_by_its_own_measures(tmp_path: Path) -> None:
    with numbered(tmp_path, 8, n_pages=6) as library:
        found = ablate_library(library, (V, T), Unit.PAGES, QUICK)
    assert (found.n, found.n_books, found.n_works) == (48, 8, 1)
    # Drawn pages have all the same panels: no measure varies but the page type.
    assert {s.group for s in found.shares} >= {Group.BOOK, Group.TOGETHER}
