"""Every rule fits the page it means and no usual page, and says nothing of what is not known."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from longbox.analysis.clusters import ARCHETYPES, Condition, archetypes_of, name_page
from longbox.analysis.clusters import archetypes as module
from longbox.analysis.clusters.archetypes import fits
from longbox.analysis.clusters.measured import measured
from longbox.analysis.measures import CATEGORIES, numbers_of
from longbox.analysis.units import Unit
from longbox.errors import ModelError

USUAL = {
    "page_type": "story",
    "direction": "ltr",
    "is_spread": False,
    "is_landscape": False,
    "is_prose": False,
    "is_near_blank": False,
    "is_not_comic_book": False,
    "n_panels": 5.0,
    "n_tiers": 3.0,
    "page_aspect": -0.5,
    "largest_panel": 0.3,
    "panel_area_spread": 0.3,
    "mean_panel_aspect": 0.2,
    "layout_regularity": 0.4,
    "n_characters": 150.0,
    "dialogue_characters": 120.0,
    "prose_characters": 0.0,
    "dark_share": 0.1,
    "light_share": 0.3,
    "edge_share": 0.2,
}
USUAL_PANEL = {
    "page_type": "story",
    "is_near_blank": False,
    "is_prose": False,
    "is_not_comic_book": False,
    "area_share": 0.2,
    "panel_aspect": 0.1,
    "bleed": 0.0,
    "n_characters": 30.0,
    "dialogue_characters": 30.0,
    "sound_effect_characters": 0.0,
    "prose_characters": 0.0,
}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("not a comic", {"is_not_comic_book": True}),
        ("blank page", {"is_near_blank": True}),
        ("cover", {"page_type": "back_cover"}),
        ("title or credits", {"page_type": "title"}),
        ("advertisement", {"page_type": "preview"}),
        ("prose page", {"prose_characters": 800.0}),
        ("webtoon strip", {"page_aspect": -1.2, "direction": "ttb"}),
        ("webtoon strip", {"page_aspect": -2.0}),
        ("dark page", {"dark_share": 0.7}),
        ("white page", {"light_share": 0.9, "edge_share": 0.05}),
        ("splash", {"n_panels": 1.0, "largest_panel": 0.9}),
        ("single-panel page", {"n_panels": 1.0, "page_aspect": 1.5}),
        ("dense grid", {"n_panels": 9.0, "layout_regularity": 0.8}),
        ("dense page", {"n_panels": 9.0, "layout_regularity": 0.1}),
        ("dominant panel", {"largest_panel": 0.6, "panel_area_spread": 0.9}),
        ("comic strip", {"page_aspect": 1.7, "n_tiers": 1.0}),
        ("landscape page", {"page_aspect": 0.4}),
        ("extreme aspect", {"mean_panel_aspect": 1.6}),
        ("dialogue-heavy page", {"dialogue_characters": 500.0}),
        ("wordless page", {"n_characters": 0.0}),
        ("multi-panel page", {}),
    ],
)
def test_a_page_is_what_it_is(name: str, change: dict[str, object]) -> None:
    assert name in name_page({**USUAL, **change})
    if change:
        assert name not in name_page(USUAL)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("full-page panel", {"area_share": 0.9}),
        ("prose panel", {"prose_characters": 200.0}),
        ("lettering-heavy panel", {"n_characters": 120.0}),
        ("wide panel", {"panel_aspect": 1.2}),
        ("tall panel", {"panel_aspect": -1.0}),
        ("small inset", {"area_share": 0.03}),
        ("wordless panel", {"n_characters": 0.0}),
        ("sound-effect panel", {"sound_effect_characters": 4.0, "dialogue_characters": 0.0}),
        ("bleeding panel", {"bleed": 0.75}),
        ("cover", {"page_type": "cover"}),
    ],
)
def test_a_panel_is_what_it_is(name: str, change: dict[str, object]) -> None:
    assert name in name_page({**USUAL_PANEL, **change}, Unit.PANELS)
    assert name not in name_page(USUAL_PANEL, Unit.PANELS)


def test_the_usual_page_is_only_that() -> None:
    assert name_page(USUAL) == ("multi-panel page",)
    assert name_page(USUAL_PANEL, Unit.PANELS) == ("panel",)


def test_a_page_that_nothing_is_known_of_has_no_name() -> None:
    assert name_page({}) == ()
    assert name_page({"n_panels": None, "page_type": None}) == ()


def test_what_is_not_known_can_neither_fit_nor_fail() -> None:
    frame = pl.DataFrame({"row": [0, 1, 2], "dark_share": [0.9, None, 0.1]})
    known = measured(frame, np.array([0, 1, 2, 3]), Unit.PAGES)
    dark = next(one for one in archetypes_of(Unit.PAGES) if one.name == "dark page")
    found = fits(dark, known)
    assert found[[0, 2]].tolist() == [1.0, 0.0]
    assert np.isnan(found[[1, 3]]).all()
    assert known.n_unmeasured == 1


def test_a_condition_that_fails_decides_whatever_else_is_unknown() -> None:
    frame = pl.DataFrame({"row": [0, 1], "n_panels": [2.0, 9.0], "layout_regularity": [None, None]})
    frame = frame.with_columns(pl.col("layout_regularity").cast(pl.Float64))
    grid = next(one for one in archetypes_of(Unit.PAGES) if one.name == "dense grid")
    found = fits(grid, measured(frame, np.array([0, 1]), Unit.PAGES))
    assert found[0] == 0
    assert np.isnan(found[1])


def test_a_way_whose_column_is_not_there_is_no_way() -> None:
    frame = pl.DataFrame({"row": [0, 1], "prose_characters": [900.0, 0.0]})
    prose = next(one for one in archetypes_of(Unit.PAGES) if one.name == "prose page")
    assert fits(prose, measured(frame, np.array([0, 1]), Unit.PAGES)).tolist() == [1.0, 0.0]


def test_rules_ask_for_measures_that_there_are() -> None:
    for archetype in ARCHETYPES:
        names = {measure.name for measure in numbers_of(archetype.unit)} | set(CATEGORIES)
        for way in archetype.ways:
            assert {condition.measure for condition in way} <= names, archetype.name


def test_the_table_in_the_documentation_has_every_archetype() -> None:
    told = module.__doc__ or ""
    first, second = told.split("| panels | rule |")
    for archetype in ARCHETYPES:
        part = first if archetype.unit is Unit.PAGES else second
        kinds = "what is said of its page" if part is second else ""
        assert f"| {archetype.name} |" in part or (
            kinds in part and archetype.name in {name for name, _ in module._OF_PAGES}
        )


def test_rules_in_words() -> None:
    splash = next(one for one in ARCHETYPES if one.name == "splash")
    assert splash.words.startswith("n_panels <= 2 and largest_panel >= 0.6")
    cover = next(one for one in ARCHETYPES if one.name == "cover")
    assert cover.words == "page_type is cover or back_cover"
    assert Condition("is_prose", least=1).words == "is_prose"
    assert Condition("n_panels", 2, 4).words == "2 <= n_panels <= 4"


def test_frames_without_rows_of_their_own_are_refused() -> None:
    with pytest.raises(ModelError, match="column `row`"):
        measured(pl.DataFrame({"n_panels": [1.0]}), np.array([0]), Unit.PAGES)
    with pytest.raises(ModelError, match="repeats"):
        measured(pl.DataFrame({"row": [1, 1]}), np.array([1]), Unit.PAGES)
