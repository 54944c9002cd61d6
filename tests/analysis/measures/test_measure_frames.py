"""Measures of pages and panels: what the rows say, and that they fit the vectors."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from longbox.analysis import Unit, gather_units
from longbox.analysis.measures import (
    CATEGORIES,
    PAGE_NUMBERS,
    PANEL_NUMBERS,
    layout_of_pages,
    page_measures,
    panel_measures,
    units_measures,
)
from longbox.book import FileStamp, PageLook
from longbox.library import Library, write_book_store
from longbox.vectors import Space
from numbered_libraries import annotated, numbered, vectors_of

LOOK = PageLook(0.6, 0.5, 0.5, 0.2, 0.2, 0.3, 0.3, 0.3, 0.2, 0.5, 0.9, 0.9, 0.1, 0.05)


def put_looked_at(library: Library, number: int, *, first_only: bool = False) -> None:
    """Merge a book whose pages were looked at."""
    book = annotated(number)
    pages = tuple(
        replace(page, look=LOOK if at == 0 or not first_only else None)
        for at, page in enumerate(book.pages)
    )
    book = replace(book, pages=pages)
    write_book_store(library.root, book, vectors_of(book, number), "drawn")
    library.merge_book(book.book.book_id, book.book.path, FileStamp(1, number))
    library.update_indexes()


def test_every_named_column_is_there_and_an_empty_library_has_them_too(tmp_path: Path) -> None:
    with Library.create(tmp_path / "none") as empty, numbered(tmp_path / "two", 2) as library:
        for measured, numbers in ((page_measures, PAGE_NUMBERS), (panel_measures, PANEL_NUMBERS)):
            full, nothing = measured(library), measured(empty)
            assert nothing.height == 0
            assert full.columns == nothing.columns
            assert {m.name for m in numbers} <= set(full.columns)
            assert set(CATEGORIES) <= set(full.columns)
            assert full["row"].is_sorted()
            assert full.schema["series"] == nothing.schema["series"] == pl.String


def test_a_page_is_measured_as_it_was_drawn(tmp_path: Path) -> None:
    with numbered(tmp_path, 2) as library:
        pages = page_measures(library)
    assert pages.height == 8
    first = pages.row(0, named=True)
    assert (first["n_panels"], first["n_tiers"]) == (3, 3)
    assert first["largest_panel"] == pytest.approx(1 / 3)
    assert first["panels_cover"] == pytest.approx(1)
    assert first["layout_regularity"] == pytest.approx(0.5)  # left and right edges, no others
    assert first["mean_panel_aspect"] == pytest.approx(np.log2(3))
    assert (first["n_characters"], first["dialogue_characters"]) == (5, 5)
    assert first["lettered_panels"] == pytest.approx(1 / 3)
    assert (first["page_type"], first["work"], first["year"]) == ("cover", "drawn", 2001)
    assert first["brightness"] is None
    assert pages["is_prose"].to_list() == [False, False, False, True] * 2
    assert pages["place_in_book"].to_list()[:4] == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_panels_fit_the_vectors_by_row(tmp_path: Path) -> None:
    with numbered(tmp_path, 2) as library:
        for space, unit in ((Space.TEXT, Unit.PANELS), (Space.VISION, Unit.PAGES)):
            units = gather_units(library, space, unit)
            frame = units_measures(library, units)
            assert frame["row"].to_list() == units.rows.tolist()
            assert frame["page_index"].to_list() == units.page_index.tolist()
        panels = panel_measures(library, np.array([1, 5, 999]))
        assert panels["row"].to_list() == [1, 5]
        assert panels["panel"].to_list() == [1, 2]
        assert panels["center_y"].to_list() == pytest.approx([0.5, 5 / 6])
        assert panels["place_on_page"].to_list() == pytest.approx([0.5, 1])


def test_a_look_is_kept_with_the_book_and_survives_a_rebuild(tmp_path: Path) -> None:
    with Library.create(tmp_path) as library:
        put_looked_at(library, 0)
        assert library.books_without_looks() == ()
        assert page_measures(library)["border_evenness"].to_list() == pytest.approx([0.9] * 4, 1e-3)
        assert panel_measures(library)["page_brightness"].to_list() == pytest.approx(
            [0.6] * 12, 1e-3
        )
    Library.rebuild(tmp_path)
    with Library.open(tmp_path) as library:
        assert page_measures(library)["brightness"].null_count() == 0


def test_a_page_that_was_not_looked_at_is_null_and_its_neighbours_are_not(tmp_path: Path) -> None:
    with Library.create(tmp_path) as library:
        put_looked_at(library, 0, first_only=True)
        seen = page_measures(library)["brightness"].is_not_null().to_list()
    assert seen == [True, False, False, False]


def test_looks_are_kept_later_only_for_the_pages_that_were_looked_at(tmp_path: Path) -> None:
    with numbered(tmp_path, 2) as library:
        first, second = library.book_ids()
        assert library.books_without_looks() == (first, second)
        digests = [page.page.digest for page in annotated(1).pages]
        assert not library.keep_looks(second, digests, [LOOK] * 4)
        assert library.keep_looks(first, digests, [LOOK, None, LOOK, LOOK])
        assert library.books_without_looks() == (second,)
        kept = page_measures(library)["contrast"].is_not_null().to_list()
    assert kept == [True, False, True, True] + [False] * 4


def test_lettering_of_a_catalog_that_does_not_know_it_is_read_from_the_stores(
    tmp_path: Path,
) -> None:
    with numbered(tmp_path, 2) as library:
        before = page_measures(library)
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    connection.execute("UPDATE books SET text_kinds = NULL")
    connection.commit()
    connection.close()
    with Library.open(tmp_path, read_only=True) as library:
        assert page_measures(library).equals(before)


def test_an_even_grid_is_regular_and_scattered_panels_are_not() -> None:
    grid = [(x, y, x + 100, y + 100) for y in (0, 100, 200) for x in (0, 100)]
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 150, (6, 2))
    scattered = np.concatenate([corners, corners + rng.uniform(20, 150, (6, 2))], axis=1)
    alone = [(0, 0, 200, 300)]
    boxes = np.array([*grid, *scattered, *alone], dtype=np.float32)
    counts = np.array([6, 6, 1], dtype=np.int32)
    found = layout_of_pages(boxes, counts, np.array([[200, 300]] * 3, dtype=np.int32))
    regular, irregular, single = found["layout_regularity"]
    assert regular == pytest.approx(1)
    assert irregular < 0.3
    assert np.isnan(single)
    assert found["n_tiers"].tolist()[::2] == [3, 1]
    assert found["largest_panel"][2] == pytest.approx(1)


def test_pages_side_by_side_change_nothing_of_each_other() -> None:
    rng = np.random.default_rng(1)
    counts = rng.integers(1, 9, 40).astype(np.int32)
    corners = rng.uniform(0, 500, (int(counts.sum()), 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 400, corners.shape)], axis=1)
    size = np.tile(np.array([[800, 1200]], dtype=np.int32), (40, 1))
    together = layout_of_pages(boxes.astype(np.float32), counts, size)
    ends = np.cumsum(counts)
    for at in (0, 7, 39):
        own = boxes[ends[at] - counts[at] : ends[at]].astype(np.float32)
        alone = layout_of_pages(own, counts[at : at + 1], size[:1])
        for name, values in together.items():
            assert values[at] == pytest.approx(alone[name][0], nan_ok=True), name
