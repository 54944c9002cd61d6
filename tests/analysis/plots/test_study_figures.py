"""Every figure of the study: it draws, says how many, and survives what a shelf may bring."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest

import drawn_study as study
from longbox.analysis import Unit
from longbox.analysis.clusters import Trial
from longbox.analysis.concepts import dendrogram
from longbox.analysis.measures import PAGE_NUMBERS
from longbox.analysis.plots import (
    BookFingerprint,
    Marks,
    Strip,
    StripStyle,
    choosing_k,
    cluster_agreement,
    distributions,
    effects_heatmap,
    fingerprint_bars,
    likeness_matrix,
    map_by_cluster,
    map_by_measure,
    neighbour_overlap,
    page_types_along,
    panel_places,
    reading_strips,
    svg_of,
    variance_shares,
)
from longbox.analysis.plots.styles import quiet
from longbox.book import Direction
from longbox.errors import ModelError
from longbox.vectors import Space

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = ("splash", "dense grid", study.HOSTILE)
MATRIX = np.array([[1.0, 0.4, np.nan], [0.4, 1.0, -0.2], [np.nan, -0.2, 1.0]])


def words_of(figure: Figure) -> str:
    return " ".join(ElementTree.fromstring(svg_of(figure)).itertext())


def texts_that_meet(figure: Figure) -> list[tuple[str, str]]:
    """Return pairs of horizontal texts whose boxes overlap by more than a hair."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    with quiet():
        FigureCanvasAgg(figure).draw()
    drawn = [
        one
        for one in figure.findobj(Text)
        if one.get_visible() and one.get_text().strip() and not one.get_rotation()
    ]
    boxes = [(one.get_text(), one.get_window_extent()) for one in drawn]
    return [
        (a, b)
        for (a, first), (b, second) in combinations(boxes, 2)
        if min(first.x1, second.x1) - max(first.x0, second.x0) > 2
        and min(first.y1, second.y1) - max(first.y0, second.y0) > 2
    ]


def strips(n_pages: int) -> list[Strip]:
    pages = np.arange(1.0, n_pages + 1)
    return [
        Strip("panels", StripStyle.BARS, pages, pages % 5, 3.0, trend=pages % 3, note="a page"),
        Strip("surprise", StripStyle.LINE, pages, np.where(pages % 4 == 0, np.nan, pages / 50)),
        Strip(study.HOSTILE, StripStyle.PRESENCE, pages, pages % 2),
    ]


def test_a_map_says_how_many_points_have_no_cluster() -> None:
    places = np.random.default_rng(0).random((30, 2))
    said = words_of(map_by_cluster(places, np.arange(30) % 3 - 1, ["a", "b"], note="30 pages"))
    assert "10 of no cluster" in said


def test_a_map_of_a_measure_says_how_many_values_are_not_known() -> None:
    values = np.where(np.arange(30) < 4, np.nan, np.arange(30.0))
    assert "4 without a value" in words_of(map_by_measure(np.ones((30, 2)), values, "ink"))


def test_an_effect_that_may_not_be_claimed_has_no_number() -> None:
    effects = (study.effect("n_panels", 0.91), study.effect("ink_share", 0.42, claimed=False))
    other = (study.effect("ink_share", -0.77),)
    figure = effects_heatmap([study.portrait(0, "a", effects), study.portrait(1, "b", other)],
                             Unit.PAGES)  # fmt: skip
    said = words_of(figure)
    assert "+.91" in said
    assert "−.77" in said
    assert ".42" not in said


def test_a_cell_that_cannot_be_told_is_hatched() -> None:
    from matplotlib.patches import Rectangle

    told = study.portrait(0, "a", (study.effect("n_panels", 0.9),))
    untold = study.portrait(1, "b", (study.effect("n_panels", 0.5, claimed=False, p=study.NAN),))
    figure = effects_heatmap([told, untold], Unit.PAGES)
    hatched = [one for one in figure.findobj(Rectangle) if one.get_hatch()]
    assert len(hatched) == 1


def test_a_likeness_that_cannot_be_told_has_no_number() -> None:
    found = study.likenesses(NAMES, MATRIX)
    said = words_of(likeness_matrix(found, dendrogram(found))).split()
    assert said.count(".40") == 2
    assert said.count("−.20") == 2
    assert "nan" not in said


@pytest.mark.parametrize("n", [1, 2])
def test_few_concepts_are_drawn_without_a_tree(n: int) -> None:
    assert "n=30" in words_of(likeness_matrix(study.likenesses(NAMES[:n], MATRIX[:n, :n])))


def test_shares_say_what_chance_is_and_how_many_books() -> None:
    said = words_of(variance_shares(study.ablation((Space.VISION, Space.TEXT))))
    assert "12 books" in said
    assert "vision" in said
    assert "layout" in said


def test_a_share_that_is_not_known_says_so() -> None:
    found = study.ablation((Space.VISION, Space.TEXT), share=study.NAN)
    assert "cannot be told" in words_of(variance_shares(found))


def test_overlap_and_agreement_show_every_pair_twice() -> None:
    found = study.ablation((Space.VISION, Space.TEXT, Space.FUSED))
    assert words_of(neighbour_overlap(found)).count("20% to 40%") == 6
    assert words_of(cluster_agreement(found)).count("± 0.10") == 6


def test_the_chosen_number_of_clusters_comes_with_its_reason() -> None:
    trials = tuple(Trial(k, 0.5 - k / 20, study.NAN) for k in (2, 3, 4))
    said = words_of(choosing_k(study.clusters(np.arange(12) % 2, trials)))
    assert "2 were asked for" in said
    assert "silhouette" in said


def test_a_measure_that_nobody_took_is_not_known() -> None:
    frame = study.page_frame(30, unknown="n_tiers")
    said = words_of(distributions(frame, PAGE_NUMBERS[:12]))
    assert "n = 30" in said
    assert said.count("not known") == 1


def test_page_types_add_up_in_every_part_of_the_book() -> None:
    from matplotlib.patches import Rectangle

    figure = page_types_along(study.page_frame(40))
    bars = [p for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    heights = np.zeros(10)
    for bar in bars:
        heights[round(bar.get_x() + bar.get_width() / 2)] += bar.get_height()
    assert np.allclose(heights, 1)


def test_panels_stand_within_their_page() -> None:
    places = panel_places(np.array([0, 0, 3]), np.array([0, 1, 0]))
    assert places.tolist() == [0.75, 1.25, 4.0]


def test_a_book_read_right_to_left_says_that_the_axis_follows_the_reading() -> None:
    marks = Marks((3.5, 7.5), (5.5,))
    said = words_of(reading_strips("鳥", 12, strips(12), marks, Direction.RTL, "12 pages"))
    assert "right to left" in said
    assert "where scenes begin (2)" in said
    assert "another tempo" in said


def test_a_strip_that_nobody_knows_says_so() -> None:
    empty = Strip("surprise", StripStyle.LINE, np.array([1.0]), np.array([np.nan]))
    assert "not known" in words_of(reading_strips("book", 1, [empty]))


def test_a_strip_needs_a_value_a_place() -> None:
    with pytest.raises(ModelError, match="surprise"):
        Strip("surprise", StripStyle.LINE, np.ones(2), np.ones(3))


def test_a_fingerprint_needs_a_value_a_measure() -> None:
    with pytest.raises(ModelError, match="fingerprint"):
        fingerprint_bars([BookFingerprint("a", ("1",), np.array([0.5]))], ["x", "y"], 5)


def test_two_fingerprints_stand_beside_each_other() -> None:
    books = [BookFingerprint(t, ("1", "–"), np.array([0.2, np.nan])) for t in ("one", "two")]
    said = words_of(fingerprint_bars(books, ["panels", "ink"], 9))
    assert said.count("not known") == 2
    assert "9 books" in said


FIGURES: dict[str, Callable[[], Figure]] = {
    "map": lambda: map_by_cluster(
        np.random.default_rng(0).random((200, 2)),
        np.arange(200) % 9,
        [f"name {i}" for i in range(9)],
    ),
    "effects": lambda: effects_heatmap(
        [study.portrait(i, NAMES[i % 3], (study.effect("n_panels", 0.5),)) for i in range(16)],
        Unit.PAGES,
    ),
    "likeness": lambda: likeness_matrix(study.likenesses(NAMES, MATRIX)),
    "shares": lambda: variance_shares(study.ablation((Space.VISION, Space.TEXT, Space.FUSED))),
    "types": lambda: page_types_along(study.page_frame(40)),
    "strips": lambda: reading_strips(study.HOSTILE, 30, strips(30)),
    "fingerprint": lambda: fingerprint_bars(
        [BookFingerprint("one", ("1", "12.5"), np.array([0.2, 0.9]))], ["panels", "ink"], 9
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_no_words_of_a_figure_lie_on_each_other(name: str) -> None:
    assert texts_that_meet(FIGURES[name]()) == []


EMPTY: dict[str, Callable[[], Figure]] = {
    "map": lambda: map_by_cluster(np.empty((0, 2)), np.empty(0, int), []),
    "measure": lambda: map_by_measure(np.empty((0, 2)), np.empty(0), "ink"),
    "effects": lambda: effects_heatmap([], Unit.PAGES),
    "likeness": lambda: likeness_matrix(study.likenesses((), np.empty((0, 0)))),
    "k": lambda: choosing_k(study.clusters(np.empty(0, int))),
    "distributions": lambda: distributions(study.page_frame(0), PAGE_NUMBERS[:5]),
    "types": lambda: page_types_along(study.page_frame(0)),
    "strips": lambda: reading_strips("", 0, []),
    "fingerprint": lambda: fingerprint_bars([], [], 0),
    "one point": lambda: map_by_cluster(np.zeros((1, 2)), np.zeros(1, int), ["one"]),
    "one page": lambda: distributions(study.page_frame(1), PAGE_NUMBERS[:5]),
}


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_to_draw_is_still_a_figure(name: str) -> None:
    assert svg_of(EMPTY[name]()).startswith("<svg")
