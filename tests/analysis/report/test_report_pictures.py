"""Thumbnails of real files: small, of the right page, and never the end of a report."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from longbox.analysis import Unit
from longbox.analysis.report.pictures import (
    HIGHEST_PX,
    PLACEHOLDER,
    WIDEST_PX,
    data_url,
    make_thumbnails,
)
from longbox.config import Config
from longbox.library import Library
from picture_shelf import add_book, cbz, png


def opened(url: str) -> Image.Image:
    assert url.startswith("data:image/jpeg;base64,")
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


def quiet(_what: str, _done: int, _total: int) -> None:
    return


def test_a_page_and_its_panel_are_cut_from_the_file(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library") as library:
        add_book(library, cbz(tmp_path / "a.cbz", [png(300, 400, 1), png(300, 400, 2)]))
        rows = library.page_starts().tolist()
        wanted = [(Unit.PAGES, rows[0]), (Unit.PANELS, rows[1] + 1)]
        made = make_thumbnails(library, wanted, 9, Config(), quiet)
    page, panel = (opened(made.urls[one]) for one in wanted)
    assert page.height == HIGHEST_PX
    assert abs(page.width / page.height - 300 / 400) < 0.02
    assert panel.width / panel.height > page.width / page.height
    assert made.notes == ()


def test_what_is_asked_first_is_made_first(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library") as library:
        add_book(library, cbz(tmp_path / "a.cbz", [png(60, 80, n) for n in range(5)]))
        rows = library.page_starts().tolist()
        wanted = [(Unit.PAGES, row) for row in reversed(rows)] * 2
        made = make_thumbnails(library, wanted, 2, Config(), quiet)
    assert set(made.urls) == {(Unit.PAGES, rows[4]), (Unit.PAGES, rows[3])}


def test_a_damaged_file_costs_its_picture_and_one_line(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library") as library:
        add_book(library, cbz(tmp_path / "a.cbz", [png(60, 80, 1)]))
        add_book(library, cbz(tmp_path / "b.cbz", [png(60, 80, 2)]))
        (tmp_path / "a.cbz").write_bytes(b"no archive any more")
        rows = library.page_starts().tolist()
        wanted = [(Unit.PAGES, row) for row in (*rows, 10_000)]
        made = make_thumbnails(library, wanted, 9, Config(), quiet)
    assert sorted(url == PLACEHOLDER for url in made.urls.values()) == [False, True]
    assert len(made.notes) == 1
    assert "\n" not in made.notes[0]


def test_a_long_strip_shows_its_beginning() -> None:
    strip = np.zeros((5000, 100, 3), dtype=np.uint8)
    strip[:300] = 255
    picture = opened(data_url(strip))
    assert picture.height / picture.width < 3.1
    assert np.asarray(picture).mean() > 250


def test_a_picture_of_one_pixel_is_a_thumbnail() -> None:
    assert opened(data_url(np.zeros((1, 1, 3), np.uint8))).size == (1, 1)


def test_a_wide_picture_is_no_wider_than_allowed() -> None:
    assert opened(data_url(np.zeros((50, 4000, 3), np.uint8))).width == WIDEST_PX
