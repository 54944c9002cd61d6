"""`longbox eval` as people and programs meet it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import command_line
from command_line import Ended
from longbox.book import PageType
from longbox.config import Config
from longbox.correction import (
    CorrectedField,
    CorrectedPanel,
    Correction,
    panels_value,
    word_value,
)
from longbox.geometry import Box
from longbox.library import Library
from longbox.pipeline import index_shelf
from published_files import cloze_row, panel, pap_row, stored, write_fold, write_pap
from tiny_comics import draw_cbz


def longbox(*words: object) -> Ended:
    """Run a command that ends well."""
    done = command_line.longbox(*words)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of two books of four pages."""
    folder = tmp_path_factory.mktemp("eval")
    draw_cbz(folder / "shelf" / "Night 1.cbz", [0, 1, 2, 3])
    draw_cbz(folder / "shelf" / "Night 2.cbz", [4, 5, 6, 7])
    with Library.create(folder / "library") as library:
        index_shelf([folder / "shelf"], library, Config(), in_process=True)
    return folder / "library"


def test_everything_is_asked_and_printed_as_json(root: Path) -> None:
    done = longbox("eval", "all", "--library", root, "--samples", 6, "--json")
    found = json.loads(done.stdout)
    assert set(found) == {"seed", "closure", "order", "retrieval", "page_types", "panels"}
    picking = [s for s in found["closure"] if s["task"] == "panel_picking"]
    assert {s["view"] for s in picking} == {"vision", "text", "vision+text"}
    for section in found["closure"]:
        assert 0 < section["chance"] <= 0.5
        for scorer in section["scorers"]:
            interval = scorer["interval"]
            assert interval["low"] <= scorer["accuracy"] <= interval["high"]
            assert interval["by"] in ("book", "sample")
    pictures = next(s for s in found["retrieval"] if s["space"] == "vision")
    assert pictures["own"]["queries"] == 6
    assert pictures["own"]["recall_at_10"]["chance"] == pytest.approx(10 / 16)
    assert found["page_types"] is None
    assert found["panels"] is None
    assert "nothing to compare page types with" in done.stderr
    assert "nothing to compare panels with" in done.stderr


def test_tables_show_chance_and_intervals_uncut(root: Path) -> None:
    done = longbox("eval", "closure", "--library", root, "--samples", 4)
    assert "panel picking, hard" in done.stdout
    assert "chance" in done.stdout
    assert "…" not in done.stdout
    done = longbox("eval", "order", "--library", root, "--samples", 4)
    assert "Kendall's tau" in done.stdout
    assert "…" not in done.stdout


def test_same_seed_gives_the_same_figures(root: Path) -> None:
    one, two = (
        longbox("eval", "order", "--library", root, "-n", 5, "--seed", 3, "--json").stdout
        for _ in range(2)
    )
    assert one == two != ""


def test_corrections_are_truth_for_panels_and_page_types(root: Path) -> None:
    with Library.open(root) as library:
        book_id = library.book_ids()[0]
        boxes = [CorrectedPanel(Box(20, 20, 380, 290)), CorrectedPanel(Box(20, 310, 380, 580))]
        said = [
            (0, CorrectedField.PANELS, panels_value(boxes)),
            (1, CorrectedField.PANELS, panels_value(boxes[:1])),
            (0, CorrectedField.PAGE_TYPE, word_value(PageType.COVER)),
        ]
        library.add_corrections(
            [
                Correction(book_id, i, field, value, "2026-01-01T00:00:00")
                for i, field, value in said
            ]
        )
    done = longbox("eval", "panels", "--library", root, "--json")
    found = json.loads(done.stdout)["panels"]
    assert (found["books"], found["pages"]) == (1, 2)
    # two panels found on both pages; the second truth has one of them
    assert found["f1"]["0.5"] == pytest.approx(6 / 7)
    assert found["exact"] == 0.5
    assert found["f1_of_a_page"]["chance"] < found["f1_of_a_page"]["value"]
    done = longbox("eval", "page-types", "--library", root, "--json")
    told = json.loads(done.stdout)["page_types"]
    assert (told["pages"], told["sources"]) == (1, {"correction": 1})
    for command in ("panels", "page-types"):
        shown = longbox("eval", command, "--library", root)
        assert "1 book" in shown.stdout


def test_published_data_sets_need_no_library(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def picture() -> bytes:
        red, green, blue = (int(v) for v in rng.integers(0, 255, 3))
        return stored(panel((red, green, blue), 3))

    rows = [pap_row([picture()], [picture() for _ in range(3)], solution=i % 3) for i in range(3)]
    write_pap(tmp_path / "pap", "visual_closure", rows)
    fold = [
        cloze_row((1, page, 5), [["good morning robot"]] * 3, ["rain", "robot morning", "soup"], 1)
        for page in range(3)
    ]
    for difficulty in ("easy", "hard"):
        write_fold(tmp_path / "cloze", f"dev_{difficulty}", fold)
    done = longbox(
        *("eval", "closure", "--library", tmp_path / "none", "--json"),
        *("--comicspap", tmp_path / "pap", "--comics-cloze", tmp_path / "cloze"),
    )
    found = json.loads(done.stdout)
    assert "closure" not in found
    assert [(s["task"], s["n"], s["chance"]) for s in found["comicspap"]] == [
        ("visual_closure", 3, pytest.approx(1 / 3, abs=1e-5))
    ]
    assert [(s["difficulty"], s["n"]) for s in found["comics_cloze"]] == [("easy", 3), ("hard", 3)]


def test_data_set_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = command_line.longbox(
        "eval", "closure", "--library", tmp_path, "--comicspap", tmp_path / "nothing"
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")


def test_model_that_was_named_and_is_not_there_is_an_error(root: Path, tmp_path: Path) -> None:
    done = command_line.longbox(
        "eval", "order", "--library", root, "--model", tmp_path / "ghost", "-n", 3
    )
    assert done.returncode == 1
    assert "ghost" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_library_says_how_to_make_one(tmp_path: Path) -> None:
    done = command_line.longbox("eval", "closure", "--library", tmp_path / "none")
    assert done.returncode == 1
    assert "longbox index" in done.stderr
