"""The table for Embedding Atlas: rows are the map's, neighbours real, pictures the panels'."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from longbox.analysis import gather_units, make_map, show_map
from longbox.analysis.atlas import AtlasOptions, atlas_table
from longbox.analysis.measures import page_measures, panel_measures
from longbox.analysis.units import Unit
from longbox.book import AnnotatedBook, AnnotatedPage, PageLabel, PageType, Panel
from longbox.config import Config
from longbox.errors import ConfigError, LibraryError, QueryError
from longbox.geometry import Box
from longbox.ingest import open_book, stamp
from longbox.library import Library, write_book_store
from longbox.vectors import PanelVectors, Space, unit
from numbered_libraries import numbered, put
from picture_shelf import cbz, png


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return numbered(tmp_path / "lib", 3)


def put_comic(library: Library, file: Path, *, n_pages: int = 2) -> None:
    """Put a comic with its vectors into a library, each page with a left and a right panel."""
    cbz(file, [png(60, 40, seed) for seed in range(n_pages)])
    with open_book(file) as opened:
        book = opened.book
    halves = [Box(0, 0, 30, 40), Box(30, 0, 60, 40)]
    panels = tuple(Panel(box, i, 1.0, "drawn") for i, box in enumerate(halves))
    label = PageLabel(PageType.STORY, 1.0, "drawn")
    annotated = AnnotatedBook(book, tuple(AnnotatedPage(p, panels, (), label) for p in book.pages))
    n = annotated.n_panels
    drawn = unit(np.random.default_rng(0).standard_normal((n, 8)))
    vectors = (PanelVectors(Space.VISION, "v1", drawn, np.ones(n, bool)),)
    write_book_store(library.root, annotated, vectors, "drawn")
    library.merge_book(book.book_id, str(file), stamp(file))
    library.update_indexes()


def test_a_row_a_panel_with_the_places_of_the_kept_map(library: Library) -> None:
    made = make_map(library, Space.VISION)
    table = atlas_table(library, Space.VISION)
    assert table["row"].to_list() == made.rows.tolist()
    np.testing.assert_array_equal(table.select("x", "y").to_numpy(), made.places)
    assert table["map_cluster"].to_list() == [str(c) for c in made.clusters]
    assert set(panel_measures(library).columns) < set(table.columns)
    assert table["text"].to_list()[:3] == ["six ab", "", ""]
    assert table["where"][1] == "Drawn, page 1, panel 2"
    assert table["id"][1] == "0000000000000001-0000-01"
    assert "picture" not in table.columns


def test_a_row_a_page_with_the_words_of_all_its_panels(library: Library) -> None:
    table = atlas_table(library, Space.TEXT, Unit.PAGES)
    assert table.height == 12
    assert set(page_measures(library).columns) < set(table.columns)
    assert set(table["text"]) == {"six ab"}
    assert table["id"][1] == "0000000000000001-0001"


def test_neighbours_are_the_nearest_in_the_space_by_row_number(library: Library) -> None:
    table = atlas_table(library, Space.TEXT, options=AtlasOptions(n_neighbours=3))
    units = gather_units(library, Space.TEXT)
    assert table["row"].to_list() == units.rows.tolist()
    cosines = units.vectors @ units.vectors.T
    np.fill_diagonal(cosines, -2)
    for number, found in enumerate(table["neighbours"]):
        assert found["ids"] == np.argsort(-cosines[number])[:3].tolist()
        assert found["distances"] == pytest.approx(1 - np.sort(cosines[number])[:-4:-1], abs=1e-5)


def test_a_map_is_made_again_when_the_library_has_more(library: Library) -> None:
    atlas_table(library, Space.VISION)
    put(library, 9)
    library.update_indexes()
    table = atlas_table(library, Space.VISION)
    assert table["book_id"].n_unique() == 4
    shown = show_map(library, Space.VISION, Unit.PANELS)
    assert shown is not None
    assert not shown.is_stale


def test_a_read_only_library_needs_a_map(library: Library) -> None:
    with (
        Library.open(library.root, read_only=True) as opened,
        pytest.raises(LibraryError, match="no map of panels in the vision space"),
    ):
        atlas_table(opened, Space.VISION)
    make_map(library, Space.VISION)
    with Library.open(library.root, read_only=True) as opened:
        assert atlas_table(opened, Space.VISION).height == 36


def test_large_tables_have_neither_neighbours_nor_pictures(library: Library) -> None:
    few = AtlasOptions(most_compared=5, most_pictures=5)
    table = atlas_table(library, Space.VISION, config=Config(), options=few)
    assert not {"neighbours", "picture"} & set(table.columns)
    none = AtlasOptions(n_neighbours=0, most_pictures=0)
    table = atlas_table(library, Space.VISION, config=Config(), options=none)
    assert not {"neighbours", "picture"} & set(table.columns)


def test_pictures_are_the_panels_and_missing_files_have_none(tmp_path: Path) -> None:
    library = Library.create(tmp_path / "lib")
    put_comic(library, tmp_path / "there.cbz")
    put_comic(library, tmp_path / "gone.cbz", n_pages=1)
    (tmp_path / "gone.cbz").unlink()
    steps = []
    table = atlas_table(
        library,
        Space.VISION,
        config=Config(),
        options=AtlasOptions(picture_side_px=20),
        tell=lambda what, done, total: steps.append((what, done, total)),
    )
    has_picture = table["picture"].is_not_null().to_list()
    assert has_picture == [title == "there" for title in table["title"]]
    assert sum(has_picture) == 4
    sizes = {Image.open(io.BytesIO(p)).size for p in table["picture"].drop_nulls()}
    assert sizes == {(15, 20)}
    assert ("pictures", 6, 6) in steps
    pages = atlas_table(library, Space.VISION, Unit.PAGES, Config())
    assert {Image.open(io.BytesIO(p)).size for p in pages["picture"].drop_nulls()} == {(60, 40)}


def test_one_panel_alone_has_no_neighbours(tmp_path: Path) -> None:
    library = Library.create(tmp_path / "lib")
    put(library, 1, n_pages=1)
    library.update_indexes()
    table = atlas_table(library, Space.VISION, Unit.PAGES)
    assert table.height == 1
    assert "neighbours" not in table.columns


def test_an_empty_library_and_foolish_options_are_refused(tmp_path: Path) -> None:
    with Library.create(tmp_path / "lib") as empty, pytest.raises(QueryError, match="no vision"):
        atlas_table(empty, Space.VISION)
    with pytest.raises(ConfigError):
        AtlasOptions(picture_side_px=1)
    with pytest.raises(ConfigError):
        AtlasOptions(most_pictures=-1)
