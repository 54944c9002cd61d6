"""The report says the verdicts, escapes names, needs nothing from outside, and draws gaps."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from longbox.errors import ModelError
from longbox.evaluation import (
    AbsentSpace,
    Curve,
    DeadInput,
    JointPlot,
    LeakResult,
    Level,
    ModelHealth,
    ModuleGradient,
    curve_verdicts,
    gradient_verdicts,
    headline,
    joint_plot,
    pair_health,
    render_report,
    space_health,
)
from longbox.vectors import Space, unit

HOSTILE = '<script>alert("x")</script>&'
STEPS = tuple(range(0, 1000, 2))


def loss(end: float, chance: float | None = 0.6931, name: str = "L_rpp") -> Curve:
    return Curve(name, STEPS, tuple(1 + (end - 1) * i / 499 for i in range(500)), chance)


def whole() -> ModelHealth:
    rng = np.random.default_rng(0)
    vectors = unit(rng.standard_normal((60, 16)))
    mask = np.ones(60, np.bool_)
    plot = JointPlot(rng.random((6, 2)), rng.random((6, 2)), (HOSTILE,) * 6, 60)
    return ModelHealth(
        spaces=(space_health(vectors, mask, np.arange(60) // 4, np.arange(60) // 20, space="x"),),
        absent=(AbsentSpace(Space.FUSED, f"no fused vectors yet {HOSTILE}"),),
        pair=pair_health(vectors, vectors, mask),
        plot=plot,
        leaks=(LeakResult(HOSTILE, 100, 0.9, 0.2, 0.1, 0.3),),
        dead=(DeadInput(Space.VISION, 50, None, 0, 0.3),),
        curves=(loss(0.1), Curve(HOSTILE, (1, 2, 3), (1.0, math.nan, 2.0)), Curve("none", (), ())),
        gradients=(ModuleGradient(HOSTILE, 0.0, 10, 10), ModuleGradient("a", math.nan, 5, 0)),
        notes=(HOSTILE,),
    )


def test_names_from_outside_are_escaped() -> None:
    page = render_report(whole(), HOSTILE)
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;&amp;") >= 12


def test_the_page_needs_nothing_from_outside() -> None:
    page = render_report(whole(), "shelf")
    assert not re.search(r"""(src|href)\s*=|url\(|@import|https?://""", page)
    assert "default-src 'none'" in page


def test_every_part_is_there_and_verdicts_come_first() -> None:
    page = render_report(whole(), "shelf")
    parts = ["Bad (", "The spaces", "Pictures and texts", "Where they lie", "Training"]
    parts += ["Gradients", "Leak probe", "Dead inputs", "Where the marks are"]
    places = [page.index(part) for part in parts]
    assert places == sorted(places)
    assert page.count('<circle class="pic"') == page.count('<rect class="txt"') == 6
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S).lower().split()


def test_an_empty_report_says_that_there_is_nothing() -> None:
    page = render_report(ModelHealth(), "shelf")
    assert "There is nothing to judge yet." in page
    assert "The spaces" not in page


def test_a_curve_breaks_where_it_is_not_finite() -> None:
    page = render_report(
        ModelHealth(curves=(Curve("x", (1, 2, 3, 4, 5), (1.0, 2.0, math.nan, 1.0, 0.5)),)), "t"
    )
    assert page.count("<polyline") == 2


def test_a_loss_at_a_guess_is_bad_and_one_below_is_well() -> None:
    published, learnt, unknown = loss(0.7074), loss(0.3), loss(0.3, None)
    verdicts = curve_verdicts((published, learnt, unknown))
    assert [v.level for v in verdicts] == [Level.BAD, Level.OK]
    (exploded,) = curve_verdicts((Curve("x", (3, 7), (1.0, math.inf)),))
    assert exploded.level is Level.BAD
    assert "step 7" in exploded.sentence


def test_gradients_that_all_arrive_are_one_verdict() -> None:
    good = (ModuleGradient("a", 1.0, 10, 0), ModuleGradient("b", 2.0, 10, 0))
    assert [v.level for v in gradient_verdicts(good)] == [Level.OK]
    (bad,) = gradient_verdicts((*good, ModuleGradient("strip_query", 0.0, 512, 512)))
    assert (bad.level, bad.name.startswith("strip_query")) == (Level.BAD, True)
    (broken,) = gradient_verdicts((ModuleGradient("c", math.nan, 3, 0),))
    assert "not finite" in broken.sentence
    assert gradient_verdicts(()) == ()


def test_the_headline_counts_the_worst() -> None:
    verdicts = whole().verdicts
    assert re.match(r"\d+ of \d+ findings are bad", headline(verdicts))
    well = [v for v in verdicts if v.level is Level.OK]
    assert headline(well) == f"Sound: all {len(well)} findings are well."


def test_the_plot_is_the_same_for_the_same_seed() -> None:
    rng = np.random.default_rng(0)
    texts = unit(rng.standard_normal((12, 8)))
    pictures = unit(texts + 0.1 * rng.standard_normal((12, 8)))
    mask = np.arange(12) != 3
    labels = [f"panel {i}" for i in range(12)]
    first = joint_plot(pictures, texts, mask, labels, most=8, seed=1)
    again = joint_plot(pictures, texts, mask, labels, most=8, seed=1)
    assert first is not None
    assert again is not None
    assert np.array_equal(first.pictures, again.pictures)
    assert first.pictures.shape == first.texts.shape == (8, 2)
    assert (first.n_panels, len(first.labels)) == (11, 8)
    assert "panel 3" not in first.labels
    together = np.concatenate([first.pictures, first.texts])
    assert together.min() >= 0
    assert together.max() == pytest.approx(1)


def test_a_plot_of_too_few_or_of_one_point() -> None:
    one = np.ones((6, 4), np.float32)
    labels = list("abcdef")
    assert joint_plot(one, one, np.arange(6) < 4, labels) is None
    flat = joint_plot(one, one, np.ones(6, np.bool_), labels)
    assert flat is not None
    assert not flat.pictures.any()
    with pytest.raises(ModelError, match="do not fit"):
        joint_plot(one, one[:, :2], np.ones(6, np.bool_), labels)
    with pytest.raises(ModelError, match="not finite"):
        joint_plot(one * np.nan, one, np.ones(6, np.bool_), labels)
