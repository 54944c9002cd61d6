"""The learned detector, with the networks that are shipped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from longbox.book import Direction
from longbox.errors import ModelError
from longbox.evaluation import score_panels
from longbox.geometry import Box
from longbox.panels import PanelOptions, find_panels
from longbox.panels import network as network_module
from longbox.panels.network import NetworkDetector
from longbox.synthetic import BookRecipe, Style, draw_book


def _score(recipe: BookRecipe, options: PanelOptions) -> tuple[float, float]:
    book = draw_book(recipe)
    pages = []
    for page in book.truth.pages:
        found = find_panels(book.pixels(page.page.index), recipe.direction, options)
        pages.append(([p.box for p in found], [p.box for p in page.panels]))
    score = score_panels(pages)
    return score.at[0.5].f1, score.at[0.9].f1


@pytest.mark.parametrize("style", list(Style))
def test_drawn_books_of_every_style_are_found(style: Style) -> None:
    recipe = BookRecipe(seed=77, n_pages=4, style=style, layouts="everything", matter=False)
    f1, _ = _score(recipe, PanelOptions())
    assert f1 > 0.8


def test_webtoon_is_found_without_seams() -> None:
    recipe = BookRecipe(
        seed=5,
        n_pages=2,
        direction=Direction.TTB,
        layouts="webtoon",
        matter=False,
        page_height=6000,
    )
    f1, _ = _score(recipe, PanelOptions())
    assert f1 > 0.8


def test_closer_look_makes_boxes_tighter() -> None:
    recipe = BookRecipe(
        seed=31, n_pages=8, direction=Direction.RTL, layouts="manga", style=Style.INK, matter=False
    )
    _, loose = _score(recipe, PanelOptions(look_closely=False))
    _, tight = _score(recipe, PanelOptions())
    assert tight > loose


def test_number_of_threads_changes_nothing_but_time() -> None:
    book = draw_book(BookRecipe(seed=3, n_pages=2, matter=False))
    one = find_panels(book.pixels(0), Direction.LTR, PanelOptions(n_threads=1))
    two = find_panels(book.pixels(0), Direction.LTR, PanelOptions(n_threads=2))
    assert len(one) == len(two)
    assert all(a.box.iou(b.box) > 0.99 for a, b in zip(one, two, strict=True))


def test_damaged_and_missing_networks_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = np.random.default_rng(0).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    source = Path(network_module.__file__).parent
    for name in ("panel_network", "side_network"):
        for suffix in (".onnx", ".json"):
            shutil.copyfile(source / (name + suffix), tmp_path / (name + suffix))
    monkeypatch.setattr(network_module, "_FOLDER", tmp_path)
    NetworkDetector(1).detect(page, PanelOptions())
    (tmp_path / "panel_network.onnx").write_bytes(b"something else")
    with pytest.raises(ModelError, match="checksum"):
        NetworkDetector(1).detect(page, PanelOptions())
    card = json.loads((tmp_path / "panel_network.json").read_text())
    (tmp_path / "panel_network.json").write_text(json.dumps(card | {"format": 9}))
    with pytest.raises(ModelError, match="format 9"):
        NetworkDetector(1).detect(page, PanelOptions())
    (tmp_path / "panel_network.json").unlink()
    with pytest.raises(ModelError, match="install Longbox again"):
        NetworkDetector(1).detect(page, PanelOptions())


def test_real_manga_is_found_better_than_by_rules(comics_dir: Path) -> None:
    scores = {}
    for detector in ("network", "rules"):
        pages = []
        for line in (comics_dir / "index.jsonl").read_text().splitlines():
            row = json.loads(line)
            if "haruko_manga" in row["image"] and row["panels"]:
                with Image.open(comics_dir / row["image"]) as image:
                    pixels = np.asarray(image.convert("RGB"))
                found = find_panels(pixels, Direction.RTL, PanelOptions(detector=detector))
                pages.append(([p.box for p in found], [Box(*b) for b in row["panels"]]))
        scores[detector] = score_panels(pages)
    assert scores["network"].at[0.5].f1 > 0.85
    assert scores["network"].exact > scores["rules"].exact + 0.3
