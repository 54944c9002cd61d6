"""Measures of a space against naive counts, theory, and collapses that are planted."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.evaluation import (
    THRESHOLDS,
    Level,
    Verdict,
    judge,
    pair_health,
    pair_verdicts,
    rankme,
    space_health,
    space_verdicts,
    uniformity,
    worst,
)
from longbox.evaluation.verdicts import signed_mark
from longbox.vectors import Metric, Space, unit

REPOSITORY = Path(__file__).resolve().parents[2]


def gaussian(n: int, d: int, seed: int = 0) -> NDArray[np.float32]:
    return unit(np.random.default_rng(seed).standard_normal((n, d)))


def everywhere(n: int) -> NDArray[np.bool_]:
    return np.ones(n, np.bool_)


def levels(verdicts: tuple[Verdict, ...]) -> dict[str, Level]:
    titles = {t.title: t.measure for t in THRESHOLDS.values()}
    return {titles[v.name.partition(": ")[2]]: v.level for v in verdicts}


def test_cosines_are_the_means_over_all_pairs() -> None:
    vectors = gaussian(40, 8)
    pages, books = np.repeat(np.arange(10) % 5, 4), np.repeat(np.arange(2), 20)
    shuffle = np.random.default_rng(1).permutation(40)
    vectors, pages, books = vectors[shuffle], pages[shuffle], books[shuffle]
    found = space_health(vectors, everywhere(40), pages, books)
    sums: dict[str, list[float]] = {"page": [], "book": [], "all": []}
    for i, j in combinations(range(40), 2):
        near = books[i] == books[j]
        key = "page" if near and pages[i] == pages[j] else "book" if near else "all"
        sums[key].append(float(vectors[i] @ vectors[j]))
    assert found.intra_page_cosine == pytest.approx(np.mean(sums["page"]), abs=1e-6)
    assert found.inter_page_cosine == pytest.approx(np.mean(sums["book"]), abs=1e-6)
    assert found.inter_book_cosine == pytest.approx(np.mean(sums["all"]), abs=1e-6)


def test_rank_and_uniformity_agree_with_their_definitions() -> None:
    vectors = gaussian(30, 12) * np.linspace(0.1, 2, 12, dtype=np.float32)
    values = np.linalg.svd(vectors.astype(np.float64), compute_uv=False)
    shares = values / values.sum()
    assert rankme(vectors) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-4)
    assert rankme(vectors.T) == pytest.approx(rankme(vectors), rel=1e-6)
    rows = unit(vectors)
    naive = [np.exp(-2 * float(((a - b) ** 2).sum())) for a, b in combinations(rows, 2)]
    assert uniformity(rows) == pytest.approx(np.log(np.mean(naive)), abs=1e-4)


def test_even_vectors_have_nearly_full_rank_and_the_uniformity_of_theory() -> None:
    found = space_health(
        gaussian(2000, 64), everywhere(2000), np.arange(2000) // 5, np.arange(2000) // 100
    )
    assert found.rankme is not None
    assert found.rankme > 0.97 * 64
    assert found.uniformity == pytest.approx(-4 + 8 / 64, abs=0.02)
    assert found.inter_book_cosine == pytest.approx(0, abs=0.002)
    assert worst(v for v in space_verdicts(found) if "within a page less" not in v.name) is Level.OK


def test_a_constant_vector_is_bad_in_every_respect() -> None:
    one = np.tile(gaussian(1, 32), (300, 1))
    found = space_health(one, everywhere(300), np.arange(300) // 5, np.arange(300) // 50)
    assert found.rankme == pytest.approx(1, abs=1e-3)
    assert found.uniformity == pytest.approx(0, abs=1e-4)
    assert found.hub_share == pytest.approx(1, abs=0.01)
    assert found.duplicate_share == 1
    judged = levels(space_verdicts(found))
    expected = dict.fromkeys(
        ("mean_cosine", "intra_page_cosine", "rank_share", "uniformity", "duplicate_share"),
        Level.BAD,
    )
    assert {name: judged[name] for name in expected} == expected
    assert judged["hub_share"] is Level.BAD
    assert judged["page_signal"] is Level.WARNING


def test_vectors_in_few_directions_are_a_dimensional_collapse() -> None:
    rng = np.random.default_rng(0)
    flat = rng.standard_normal((400, 3)) @ rng.standard_normal((3, 64))
    found = space_health(flat, everywhere(400), np.arange(400) // 5, np.arange(400) // 50)
    assert found.rankme is not None
    assert found.rankme <= 3.001
    assert levels(space_verdicts(found))["rank_share"] is Level.BAD


def test_one_vector_a_page_is_found() -> None:
    pages = np.arange(300) // 5
    found = space_health(gaussian(60, 64)[pages], everywhere(300), pages, pages // 10)
    judged = levels(space_verdicts(found))
    assert judged["intra_page_cosine"] is Level.BAD
    assert judged["mean_cosine"] is Level.OK


def test_one_hub_is_found() -> None:
    shared = gaussian(1, 256, seed=1)
    vectors = unit(gaussian(400, 256) + 0.5 * shared)
    vectors[7] = shared
    found = space_health(vectors, everywhere(400), np.zeros(400), np.arange(400))
    clean = space_health(gaussian(400, 256), everywhere(400), np.zeros(400), np.arange(400))
    assert levels(space_verdicts(found))["hub_share"] is Level.BAD
    assert clean.hub_share is not None
    assert found.hub_share is not None
    assert clean.hub_share < 0.05 < found.hub_share


def test_masked_rows_take_no_part() -> None:
    vectors, mask = gaussian(100, 16), np.arange(100) % 2 == 0
    spoiled = vectors.copy()
    spoiled[~mask] = np.nan
    where = np.arange(100) // 4, np.arange(100) // 20
    with_holes = space_health(spoiled, mask, *where)
    without = space_health(vectors[mask], everywhere(50), where[0][mask], where[1][mask])
    assert with_holes.rankme == without.rankme
    assert with_holes.inter_book_cosine == without.inter_book_cosine
    assert (with_holes.n_panels, with_holes.n) == (100, 50)


def test_zeros_that_count_as_present_are_bad_and_not_measured() -> None:
    vectors = gaussian(100, 16)
    vectors[:10] = 0
    found = space_health(vectors, everywhere(100), np.arange(100), np.arange(100) // 10)
    assert found.zero_share == pytest.approx(0.1)
    assert found.n_sampled == 90
    assert levels(space_verdicts(found))["zero_share"] is Level.BAD


@pytest.mark.parametrize("n", [0, 1])
def test_too_little_is_not_judged(n: int) -> None:
    found = space_health(gaussian(n, 8), everywhere(n), np.zeros(n), np.zeros(n))
    assert (found.intra_page_cosine, found.uniformity, found.hub_share) == (None, None, None)
    judged = [v for v in space_verdicts(found) if "zeros" not in v.name]
    assert {v.level for v in judged} == {Level.NOT_JUDGED}


def test_wholly_masked_is_not_judged() -> None:
    nothing = np.zeros((9, 4), np.float32)
    found = space_health(nothing, np.zeros(9, np.bool_), np.zeros(9), np.zeros(9))
    assert (found.n, found.rankme, found.zero_share) == (0, None, 0.0)
    assert worst(space_verdicts(found)) is Level.NOT_JUDGED


def test_what_is_not_finite_is_refused_with_its_row() -> None:
    vectors = gaussian(5, 4)
    vectors[3, 1] = np.nan
    with pytest.raises(ModelError, match="fused: the vector in row 3 is not finite"):
        space_health(vectors, everywhere(5), np.zeros(5), np.zeros(5), space=Space.FUSED)
    with pytest.raises(ModelError, match="row 3"):
        pair_health(gaussian(5, 4), vectors, everywhere(5))


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match="do not fit"):
        space_health(gaussian(5, 4), everywhere(4), np.zeros(5), np.zeros(5))
    with pytest.raises(ModelError, match="pages or books"):
        space_health(gaussian(5, 4), everywhere(5), np.zeros(4), np.zeros(5))
    with pytest.raises(ModelError, match="never compared"):
        pair_health(gaussian(5, 4), gaussian(5, 8), everywhere(5))


def test_composition_is_standardised_and_only_its_rank_is_judged() -> None:
    numbers = np.random.default_rng(0).random((200, 6)) * [1, 1, 1, 1, 1000, 0] + 5
    found = space_health(
        numbers, everywhere(200), np.zeros(200), np.zeros(200), space=Space.COMPOSITION
    )
    assert found.metric is Metric.EUCLIDEAN
    assert found.rankme is not None
    assert found.rankme > 4.8  # five columns vary; the one of large numbers does not drown them
    assert set(levels(space_verdicts(found))) == {"rank_share"}


def test_many_vectors_are_sampled_with_a_seed() -> None:
    n = 12_000
    vectors, where = gaussian(n, 16), (np.arange(n) // 5, np.arange(n) // 100)
    found = space_health(vectors, everywhere(n), *where, seed=3)
    assert found.n_sampled == 4096
    assert found == space_health(vectors, everywhere(n), *where, seed=3)


def test_perfect_pairs_are_aligned_and_found() -> None:
    x = gaussian(200, 64)
    found = pair_health(x, x * 3, everywhere(200))
    assert found.modality_gap == pytest.approx(0, abs=1e-6)
    assert found.alignment == pytest.approx(0, abs=1e-5)
    assert found.recall_text_to_picture == found.recall_picture_to_text == (1, 1)
    assert worst(pair_verdicts(found)) is Level.OK


def test_unmatched_distance_is_the_mean_over_other_panels() -> None:
    x, y = gaussian(20, 8), gaussian(20, 8, seed=1)
    naive = [((x[i] - y[j]) ** 2).sum() for i in range(20) for j in range(20) if i != j]
    found = pair_health(x, y, everywhere(20))
    assert found.unmatched == pytest.approx(np.mean(naive), abs=1e-5)
    assert found.alignment == pytest.approx(((x - y) ** 2).sum(axis=1).mean(), abs=1e-5)


def test_constant_vectors_retrieve_exactly_chance() -> None:
    one = np.tile(gaussian(1, 16), (100, 1))
    found = pair_health(one, one, everywhere(100))
    assert found.recall_text_to_picture == pytest.approx((0.01, 0.1))
    assert levels(pair_verdicts(found))["retrieval_lift"] is Level.BAD
    assert found.hub_text_to_picture == 1


def test_unrelated_pictures_and_texts_are_no_better_than_a_guess() -> None:
    found = pair_health(gaussian(500, 64), gaussian(500, 64, seed=1), everywhere(500))
    judged = levels(pair_verdicts(found))
    assert judged["retrieval_lift"] is Level.BAD
    assert judged["alignment_share"] is Level.BAD


def test_two_separate_regions_are_a_modality_gap() -> None:
    x = gaussian(100, 64)
    away = unit(np.eye(1, 64) * 5)
    found = pair_health(unit(x + 4 * away), unit(x - 4 * away), everywhere(100))
    assert levels(pair_verdicts(found))["modality_gap"] is Level.BAD


@pytest.mark.parametrize("n", [0, 1])
def test_pairs_that_are_too_few_are_not_judged(n: int) -> None:
    found = pair_health(gaussian(5, 4), gaussian(5, 4), np.arange(5) < n)
    assert found.n == n
    assert {v.level for v in pair_verdicts(found)} == {Level.NOT_JUDGED}


@pytest.mark.parametrize("measure", THRESHOLDS)
def test_marks_stand_in_the_order_of_their_direction(measure: str) -> None:
    t = THRESHOLDS[measure]
    assert (t.warning < t.bad) == t.is_high_bad
    for value, level in ((t.warning, Level.WARNING), (t.bad, Level.BAD)):
        verdict = judge(measure, value, 10**6)
        assert verdict.level is level
        assert t.remedy in verdict.sentence
    assert judge(measure, t.bad, t.fewest - 1).level is Level.NOT_JUDGED
    assert judge(measure, float("nan"), 10**6).level is Level.NOT_JUDGED


def test_documentation_has_the_marks_of_the_table() -> None:
    page = (REPOSITORY / "docs" / "health.md").read_text(encoding="utf-8")
    rows = {
        cells[0].strip(): [c.strip() for c in cells[1:]]
        for line in page.splitlines()
        if (cells := re.split(r"(?<!\\)\|", line.strip("|\n "))) and len(cells) >= 5
    }
    for t in THRESHOLDS.values():
        marks = [signed_mark(t, t.warning), signed_mark(t, t.bad), f"{t.fewest}"]
        assert rows[t.title][:3] == marks, t.title
