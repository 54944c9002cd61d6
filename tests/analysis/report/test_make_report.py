"""The whole report: tables that say what the library says, a page that holds strangers' words."""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from drawn_study import HOSTILE
from longbox.analysis import Sampling, Unit, gather_units, show_map
from longbox.analysis.ablation import AblationOptions
from longbox.analysis.clusters import AxisOptions, ClusterOptions
from longbox.analysis.measures import page_measures
from longbox.analysis.report import (
    BOOK_COLUMNS,
    FILE_NAMES,
    PAGE_COLUMNS,
    ReportFiles,
    ReportOptions,
    make_report,
)
from longbox.book import FileStamp, Metadata
from longbox.errors import ConfigError, LibraryError, QueryError
from longbox.library import Library, write_book_store
from longbox.vectors import Space
from mapped_libraries import put_maps
from numbered_libraries import PANELS, annotated, numbered, put, vectors_of

N_BOOKS, N_PAGES = 5, 6
QUICK = ReportOptions(
    clusters=ClusterOptions(n_clusters=3, n_runs=2),
    axes=AxisOptions(n_permuted=19),
    ablation=AblationOptions(n_clusters=3, n_seeds=2, n_permutations=19, n_draws=19),
    exemplars=3,
    most_thumbnails=20,
    units=(Unit.PAGES, Unit.PANELS),
)


def put_hostile(library: Library) -> str:
    """Merge a book of a hostile title, whose last page has no panels."""
    book = annotated(77, 2)
    pages = (book.pages[0], replace(book.pages[1], panels=(), texts=()))
    said = Metadata(title=HOSTILE, series="=cmd()", year=1999)
    book = replace(book, book=replace(book.book, metadata=said), pages=pages)
    write_book_store(library.root, book, vectors_of(book, 77), "drawn")
    library.merge_book(book.book.book_id, book.book.path, FileStamp(1, 77))
    library.update_indexes()
    return book.book.book_id


class Shelf:
    """A library with its report."""

    def __init__(self, root: Path) -> None:
        self.told: list[tuple[str, int, int]] = []
        with numbered(root / "library", N_BOOKS, N_PAGES) as library:
            self.hostile = put_hostile(library)
            put_maps(root / "library")  # of panels: so many would be laid out by UMAP
            self.files: ReportFiles = make_report(
                library, root / "report", QUICK, lambda *said: self.told.append(said)
            )
            self.kept = show_map(library, Space.VISION, Unit.PAGES)
        self.root = root / "library"
        self.html = self.files.html.read_text(encoding="utf-8")
        self.pages = pl.read_parquet(self.files.folder / "pages.parquet")
        self.panels = pl.read_parquet(self.files.folder / "panels.parquet")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("report"))


class Reader(HTMLParser):
    """Collects tags, ids and the words of scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.scripts: list[tuple[str | None, str]] = []
        self._open: str | None = None
        self._is_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        said = dict(attrs)
        self.ids += [said["id"] or ""] if "id" in said else []
        self.links += [said[name] or "" for name in ("src", "href", "xlink:href") if name in said]
        self._is_script = tag == "script"
        self._open = said.get("type")

    def handle_data(self, data: str) -> None:
        if self._is_script:
            self.scripts.append((self._open, data))

    def handle_endtag(self, _tag: str) -> None:
        self._is_script = False


def test_the_folder_holds_the_page_and_the_tables(shelf: Shelf) -> None:
    assert sorted(path.name for path in shelf.files.folder.iterdir()) == sorted(FILE_NAMES)
    assert all(path.is_file() for path in shelf.files.tables)


def test_every_page_and_panel_has_a_row_and_only_one(shelf: Shelf) -> None:
    assert shelf.files.n_pages == shelf.pages.height == N_BOOKS * N_PAGES + 2
    assert shelf.files.n_panels == shelf.panels.height == (N_BOOKS * N_PAGES + 1) * PANELS
    assert not shelf.pages.select("book_id", "page").is_duplicated().any()
    assert shelf.panels["panel_id"].n_unique() == shelf.panels.height
    assert shelf.pages["page"].min() == shelf.panels["panel"].min() == 1


def test_a_page_without_panels_is_there_and_knows_no_layout(shelf: Shelf) -> None:
    page = shelf.pages.filter(book_id=shelf.hostile, page=2)
    assert page.height == 1
    assert page["n_panels"][0] is None
    assert page["vision_cluster"][0] is None
    assert page["page_type"][0] == "story"


def test_measures_in_the_table_are_the_librarys(shelf: Shelf) -> None:
    with Library.open(shelf.root, read_only=True) as library:
        known = page_measures(library).select("book_id", "page_index", "n_characters", "n_panels")
    joined = shelf.pages.join(
        known.with_columns(page=(pl.col("page_index") + 1).cast(pl.Int32)), on=["book_id", "page"]
    )
    assert joined.height == known.height
    assert (joined["n_characters"] == joined["n_characters_right"]).all()
    assert (joined["n_panels"] == joined["n_panels_right"]).all()


def test_a_panel_has_its_own_and_its_pages_cluster(shelf: Shelf) -> None:
    joined = shelf.panels.join(
        shelf.pages.select("book_id", "page", pl.col("vision_cluster").alias("of_page")),
        on=["book_id", "page"],
    )
    assert joined["page_vision_cluster"].equals(joined["of_page"], check_names=False)
    assert joined["vision_cluster"].null_count() == 0
    assert set(joined["vision_cluster"].unique()) == {1, 2, 3}


def test_a_panel_without_a_vector_has_no_cluster_and_no_place(shelf: Shelf) -> None:
    """The second panel of every page has no vector in the text space."""
    second = shelf.panels.filter(panel=2)
    columns = ["text_cluster", "text_cluster_name", "text_archetype", "text_inside", "text_x"]
    assert second.height
    assert all(second[name].null_count() == second.height for name in columns)
    assert shelf.panels.filter(panel=1)["text_cluster"].null_count() == 0


def test_map_places_are_those_of_the_kept_map(shelf: Shelf) -> None:
    assert shelf.kept is not None
    xs = np.sort(shelf.pages["vision_x"].drop_nulls().to_numpy())
    assert np.allclose(xs, np.sort(shelf.kept.map.places[:, 0]))


def test_csv_and_parquet_say_the_same(shelf: Shelf) -> None:
    for name, frame in (("pages", shelf.pages), ("panels", shelf.panels)):
        with (shelf.files.folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        assert rows[0] == frame.columns
        assert len(rows) == frame.height + 1
        at = frame.columns.index("vision_cluster")
        known = ["" if value is None else str(value) for value in frame["vision_cluster"]]
        assert [row[at] for row in rows[1:]] == known
        assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)


def test_columns_are_as_documented(shelf: Shelf) -> None:
    assert shelf.pages.columns[: len(PAGE_COLUMNS)] == [column.name for column in PAGE_COLUMNS]
    books = pl.read_parquet(shelf.files.folder / "books.parquet")
    assert books.columns == [column.name for column in BOOK_COLUMNS]
    assert books.height == shelf.files.n_books == N_BOOKS + 1
    unsaid = [name for name in shelf.panels.columns if f"<code>{name}</code>" not in shelf.html]
    assert unsaid == []


def test_a_book_is_most_like_another_book(shelf: Shelf) -> None:
    books = pl.read_parquet(shelf.files.folder / "books.parquet").filter(
        pl.col("most_alike_id").is_not_null()
    )
    assert books.height == N_BOOKS  # the hostile one has one page with vectors: too few
    assert (books["book_id"] != books["most_alike_id"]).all()
    assert books["likeness"].is_between(-1, 1).all()


def test_a_hostile_title_cannot_leave_its_place(shelf: Shelf) -> None:
    read = Reader(shelf.html)
    n_maps = 4
    assert read.tags["script"] == n_maps + 1
    assert "alert(" in shelf.html
    assert '<script>alert("x")' not in shelf.html
    for kind, words in read.scripts:
        if kind == "application/json":
            assert "<" not in words
            titles = [title for title, _ in json.loads(words)["books"]]
            assert any("<script>" in title for title in titles)
    assert "onerror" not in read.tags


def test_only_the_reports_own_script_may_run(shelf: Shelf) -> None:
    (script,) = [words for kind, words in Reader(shelf.html).scripts if kind is None]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]+)"', shelf.html)[0])
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_the_page_asks_no_network(shelf: Shelf) -> None:
    links = Reader(shelf.html).links
    assert links
    assert all(link.startswith(("#", "data:")) for link in links)
    assert "url(http" not in shelf.html
    assert "@import" not in shelf.html


def test_ids_are_unique_and_links_lead_somewhere(shelf: Shelf) -> None:
    read = Reader(shelf.html)
    repeated = [name for name, n in Counter(read.ids).items() if n > 1]
    assert repeated == []
    lost = {link[1:] for link in read.links if link.startswith("#")} - set(read.ids)
    assert lost == set()


def test_pictures_that_cannot_be_read_are_drawn_and_noted(shelf: Shelf) -> None:
    assert any("the comic file is gone" in note for note in shelf.files.notes)
    assert "picture cannot be read" in shelf.html
    assert "data:image/svg+xml" in shelf.html


def test_thumbnails_are_bounded(shelf: Shelf) -> None:
    shown = set(re.findall(r'data-row="([a-z]+-[0-9]+)"', shelf.html))
    maps = [json.loads(words) for kind, words in Reader(shelf.html).scripts if kind]
    extra = {f"{data['unit']}-{row}" for data in maps for row in data["pictures"]}
    assert shown
    assert not shown & extra
    assert len(shown | extra) <= QUICK.most_thumbnails


def test_map_data_is_of_every_unit_and_inside_its_frame(shelf: Shelf) -> None:
    for kind, words in Reader(shelf.html).scripts:
        if kind != "application/json":
            continue
        data = json.loads(words)
        lengths = {len(data[name]) for name in ("x", "y", "cluster", "book", "page", "row")}
        assert len(lengths) == 1
        assert min(data["x"]) >= 0
        assert max(data["y"]) <= 10_000
        assert max(data["cluster"]) < len(data["clusters"])


def test_spaces_are_compared(shelf: Shelf) -> None:
    assert 'id="spaces"' in shelf.html
    assert 'id="figure-shares"' in shelf.html


def test_progress_ends_where_it_said(shelf: Shelf) -> None:
    last = {what: (done, total) for what, done, total in shelf.told}
    assert last["page"] == (1, 1)
    assert last["tables"][0] <= last["tables"][1]
    assert all(0 <= done <= total for _, done, total in shelf.told)


def test_a_second_report_replaces_only_when_asked(shelf: Shelf, tmp_path: Path) -> None:
    quick = replace(
        QUICK, spaces=(Space.VISION,), units=(Unit.PAGES,), with_ablation=False, most_thumbnails=0
    )
    target = tmp_path / "report"
    shutil.copytree(shelf.files.folder, target)
    with Library.open(shelf.root, read_only=True) as library:
        with pytest.raises(LibraryError, match="already there"):
            make_report(library, target, quick)
        again = make_report(library, target, replace(quick, replace=True, title="again"))
    assert "<h1>again</h1>" in again.html.read_text(encoding="utf-8")
    assert "kept map" in again.html.read_text(encoding="utf-8")


def test_a_sample_and_a_missing_space_are_said(tmp_path: Path) -> None:
    quick = replace(
        QUICK,
        spaces=(Space.VISION, Space.FUSED),
        units=(Unit.PAGES,),
        sampling=Sampling(10, 3),
        with_ablation=False,
    )
    with numbered(tmp_path / "library", 4) as library:
        files = make_report(library, tmp_path / "report", quick)
        rows = gather_units(library, Space.VISION, Unit.PAGES, sampling=Sampling(10, 3)).rows
    pages = pl.read_parquet(tmp_path / "report" / "pages.parquet")
    assert pages["vision_cluster"].count() == rows.size == 10
    assert "10 of 16 pages" in files.html.read_text(encoding="utf-8")
    assert any("no fused vectors" in note for note in files.notes)


def test_one_page_is_a_report_too(tmp_path: Path) -> None:
    with numbered(tmp_path / "library", 0) as library:
        put(library, 1, n_pages=1)
        library.update_indexes()
        files = make_report(library, tmp_path / "report", replace(QUICK, address="http://a:1"))
    assert (files.n_pages, files.n_panels, files.n_books) == (1, 3, 1)
    page = files.html.read_text(encoding="utf-8")
    assert 'href="http://a:1/book/' in page
    assert any("not compared" in note for note in files.notes)


def test_a_library_without_vectors_has_no_report(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library") as library, pytest.raises(QueryError, match="index"):
        make_report(library, tmp_path / "report")
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"units": ()},
        {"spaces": (Space.TEXT, Space.TEXT)},
        {"most_thumbnails": -1},
        {"exemplars": 0},
        {"address": "javascript:alert(1)"},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        ReportOptions(**wrong)  # type: ignore[arg-type]
