"""Rhythm and tempo: what was planted is found, what was not is not claimed."""

from __future__ import annotations

import numpy as np

from longbox.analysis.reading.pacing import rhythms, tempo_changes
from longbox.analysis.reading.values import PageLines, PanelLines
from longbox.book import PageType


def a_book(n_panels: np.ndarray, n_characters: np.ndarray) -> PageLines:
    n = len(n_panels)
    nothing = np.full(n, np.nan)
    return PageLines(
        np.arange(n),
        (PageType.STORY,) * n,
        np.ones(n, bool),
        n_panels,
        n_characters,
        1 / np.maximum(n_panels, 1),
        nothing,
        nothing,
    )


def panels(area: np.ndarray, aspect: np.ndarray, said: np.ndarray) -> PanelLines:
    n = len(area)
    return PanelLines(
        np.arange(n) // 4,
        np.arange(n) % 4,
        np.ones(n, bool),
        area,
        aspect,
        said,
        (None,) * n,
        np.full(n, np.nan),
        np.full(n, np.nan),
        np.full(n, -1),
    )


def test_a_change_of_tempo_is_found_on_its_page() -> None:
    rng = np.random.default_rng(0)
    count = np.r_[rng.integers(5, 8, 14), rng.integers(2, 4, 12)]
    changes = tempo_changes(a_book(count, count * 40), rng)
    assert [change.page_index for change in changes] == [14]
    assert changes[0].p <= 0.05
    assert changes[0].panels_before > 5 > 4 > changes[0].panels_after
    assert changes[0].words.startswith("From page 15 on fewer panels a page (")


def test_a_book_of_one_tempo_is_hardly_ever_cut() -> None:
    n_cut = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        count = rng.integers(2, 8, 24)
        n_cut += bool(tempo_changes(a_book(count, rng.poisson(50 * count)), rng))
    assert n_cut <= 9  # .05 and two standard errors


def test_short_and_even_books_have_no_tempo_change() -> None:
    rng = np.random.default_rng(0)
    for n in (0, 1, 7):
        assert tempo_changes(a_book(np.full(n, 3), np.full(n, 9)), rng) == ()
    assert tempo_changes(a_book(np.full(30, 3), np.full(30, 9)), rng) == ()


def test_large_and_small_panels_in_turn_echo_at_two() -> None:
    rng = np.random.default_rng(0)
    area = np.where(np.arange(60) % 2, 0.4, 0.1) * rng.uniform(0.8, 1.25, 60)
    found = {r.of: r for r in rhythms(panels(area, np.zeros(60), rng.poisson(30, 60)), rng)}
    assert set(found) == {"area", "lettering"}  # all of one shape: no rhythm of shapes
    echo = found["area"].echo
    assert echo[1] > found["area"].chance > 0
    assert echo[0] < 0
    assert max(map(abs, found["lettering"].echo)) < 2 * found["lettering"].chance
    assert found["area"].n == 60


def test_few_panels_have_no_rhythm() -> None:
    rng = np.random.default_rng(0)
    assert rhythms(panels(rng.uniform(0.1, 1, 10), np.zeros(10), np.zeros(10, int)), rng) == ()
