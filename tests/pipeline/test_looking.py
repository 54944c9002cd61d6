"""Older books are looked at again: their pages' looks are measured from their files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from longbox.analysis.measures import page_measures
from longbox.book import LOOK_FEATURES
from longbox.config import Config
from longbox.errors import LibraryError
from longbox.ingest import open_book
from longbox.library import Library
from longbox.page_types import look_at, look_row
from longbox.pipeline import measure_looks
from picture_shelf import add_book, cbz, png


def looks_of(library: Library) -> np.ndarray:
    return page_measures(library).select(LOOK_FEATURES).to_numpy()


def test_pages_get_the_look_of_their_pictures_once(tmp_path: Path) -> None:
    file = cbz(tmp_path / "night.cbz", [png(60, 90, 1), png(60, 90, 2)])
    told: list[tuple[int, int]] = []
    with Library.create(tmp_path / "library") as library:
        add_book(library, file)
        assert np.isnan(looks_of(library)).all()
        problems = measure_looks(library, Config(), lambda done, of: told.append((done, of)))
        assert problems == ()
        with open_book(file) as opened:
            wanted = [look_row(look_at(opened.pixels(page))) for page in range(2)]
        assert np.allclose(looks_of(library), wanted, atol=1e-3)  # half a float16's last place
        assert told == [(1, 1)]
        assert measure_looks(library, Config(), lambda done, of: told.append((done, of))) == ()
    assert told == [(1, 1)]


def test_a_page_that_is_another_now_stays_unknown_and_is_told(tmp_path: Path) -> None:
    file = cbz(tmp_path / "night.cbz", [png(60, 90, 1), png(60, 90, 2)])
    with Library.create(tmp_path / "library") as library:
        add_book(library, file)
        cbz(file, [png(60, 90, 1), png(61, 90, 2)])
        problems = measure_looks(library, Config())
        assert ["page 2 is another now" in problem.reason for problem in problems] == [True]
        assert np.isnan(looks_of(library)).all(axis=1).tolist() == [False, True]


def test_a_file_that_is_gone_is_tried_again_and_a_broken_one_is_not(tmp_path: Path) -> None:
    gone = cbz(tmp_path / "gone.cbz", [png(60, 90, 1)])
    broken = cbz(tmp_path / "broken.cbz", [png(60, 90, 2)])
    with Library.create(tmp_path / "library") as library:
        lost = add_book(library, gone).book_id
        add_book(library, broken)
        gone.unlink()
        broken.write_bytes(b"no archive")
        problems = measure_looks(library, Config())
        assert len(problems) == 2
        assert all("\n" not in problem.reason for problem in problems)
        assert library.books_without_looks() == (lost,)


def test_a_library_that_may_only_be_read_is_refused_where_something_is_to_do(
    tmp_path: Path,
) -> None:
    file = cbz(tmp_path / "night.cbz", [png(60, 90, 1)])
    with Library.create(tmp_path / "library") as library:
        add_book(library, file)
    with (
        Library.open(tmp_path / "library", read_only=True) as library,
        pytest.raises(LibraryError, match="read-only"),
    ):
        measure_looks(library, Config())
