"""Written books, the demo shelf and the poster."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from longbox.book import Direction
from longbox.errors import ComicError, ConfigError
from longbox.synthetic import (
    BookRecipe,
    Layout,
    Style,
    draw_book,
    draw_poster,
    draw_shelf,
    truth_json,
    write_book,
)

_SMALL = {"page_width": 300, "page_height": 420}


def _recipe(**fields: object) -> BookRecipe:
    return BookRecipe(**(_SMALL | {"n_pages": 3} | fields))  # type: ignore[arg-type]


def test_cbz_holds_the_pages_of_the_truth_and_comicinfo(tmp_path: Path) -> None:
    book = draw_book(_recipe())
    path = write_book(book, tmp_path / "new" / "book.cbz")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert names == ["ComicInfo.xml", *(p.page.source for p in book.truth.pages)]
        assert all(i.compress_type == zipfile.ZIP_STORED for i in archive.infolist())
        for page in book.truth.pages:
            with archive.open(page.page.source) as file, Image.open(file) as image:
                assert image.size == (page.page.width, page.page.height)
                near = np.abs(np.asarray(image).astype(int) - book.pixels(page.page.index))
                assert near.mean() < 4
    assert list(tmp_path.rglob("*.part")) == []


def test_written_twice_a_book_has_the_same_bytes(tmp_path: Path) -> None:
    one = write_book(draw_book(_recipe()), tmp_path / "one.cbz")
    two = write_book(draw_book(_recipe()), tmp_path / "two.cbz")
    assert one.read_bytes() == two.read_bytes()


def test_png_pages_are_exactly_the_pixels(tmp_path: Path) -> None:
    book = draw_book(_recipe(n_pages=1))
    folder = write_book(book, tmp_path / "folder", picture="png")
    with Image.open(folder / "page_001.png") as image:
        assert np.array_equal(np.asarray(image), book.pixels(0))
    assert (folder / "ComicInfo.xml").exists()


def test_comicinfo_says_types_direction_and_spreads(tmp_path: Path) -> None:
    book = draw_book(
        _recipe(n_pages=8, direction=Direction.RTL, layouts=(Layout.SPREAD,), series="A & B <C>")
    )
    path = write_book(book, tmp_path / "b.cbz")
    with zipfile.ZipFile(path) as archive:
        root = ET.fromstring(archive.read("ComicInfo.xml"))
    assert root.findtext("Manga") == "YesAndRightToLeft"
    assert root.findtext("Series") == "A & B <C>"
    assert root.findtext("LanguageISO") == "en"
    pages = root.findall("Pages/Page")
    assert [int(p.attrib["Image"]) for p in pages] == list(range(8))
    assert pages[0].attrib["Type"] == "FrontCover"
    assert pages[-1].attrib["Type"] == "BackCover"
    assert {p.attrib["Type"] for p in pages} >= {"InnerCover", "Story", "Advertisement"}
    assert any(p.attrib.get("DoublePage") == "true" for p in pages)


def test_an_empty_book_is_written_with_comicinfo_only(tmp_path: Path) -> None:
    path = write_book(draw_book(_recipe(n_pages=0)), tmp_path / "empty.cbz")
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["ComicInfo.xml"]


def test_writing_where_files_are_or_to_an_unknown_format_is_refused(tmp_path: Path) -> None:
    book = draw_book(_recipe(n_pages=1))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep me")
    with pytest.raises(ComicError, match="not an empty folder"):
        write_book(book, tmp_path / "full")
    assert (tmp_path / "full" / "mine.txt").read_text() == "keep me"
    with pytest.raises(ComicError, match=r"\.pdf"):
        write_book(book, tmp_path / "book.pdf")
    with pytest.raises(ComicError, match="gif"):
        write_book(book, tmp_path / "book.cbz", picture="gif")


def test_truth_as_json_tells_who_is_where_and_who_speaks() -> None:
    book = draw_book(BookRecipe(seed=2, n_pages=3, matter=False, story=("theft",)))
    record = json.loads(truth_json(book))
    assert [p["source"] for p in record["pages"]] == ["page_001", "page_002", "page_003"]
    names = {c["name"] for c in record["cast"]}
    panels = [panel for page in record["pages"] for panel in page["panels"]]
    assert {"guard", "steal"} <= {p["event"] for p in panels}
    assert all(c["name"] in names for p in panels for c in p["characters"])
    texts = [text for page in record["pages"] for text in page["texts"]]
    assert {t["speaker"] for t in texts} - {None} <= names
    x0, y0, x1, y1 = texts[0]["box"]
    assert x1 > x0
    assert y1 > y0


def test_the_shelf_has_three_directions_and_the_potion_thief(tmp_path: Path) -> None:
    paths = draw_shelf(tmp_path / "shelf")
    assert len(paths) >= 3
    n_pages, manga = 0, set()
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            root = ET.fromstring(archive.read("ComicInfo.xml"))
            n_pages += len(root.findall("Pages/Page"))
            manga.add(root.findtext("Manga"))
            assert root.findtext("LanguageISO") == "en"
            if root.findtext("Format") == "Web Comic":
                with archive.open("page_001.jpg") as file, Image.open(file) as image:
                    assert image.height > 2 * image.width
                manga.add("vertical")
    assert 15 <= n_pages <= 25
    assert {"YesAndRightToLeft", "No", "vertical"} <= manga
    assert sorted(tmp_path.rglob("*.cbz")) == sorted(paths)


def test_the_shelf_tells_on_a_page_how_the_cat_steals_the_potion() -> None:
    from longbox.synthetic.shelf import demo_recipes

    book = draw_book(demo_recipes()["The Potion Thief"])
    lettered = " ".join(t.text for p in book.truth.pages for t in p.texts).lower()
    assert "the cat" in lettered
    assert "steals the potion" in lettered or "takes the potion" in lettered


def test_the_poster_is_wide_and_small_enough_for_a_readme(tmp_path: Path) -> None:
    path = draw_poster(tmp_path / "pictures" / "poster.jpg")
    with Image.open(path) as image:
        assert image.size == (1600, 800)
    assert path.stat().st_size < 600_000
    with pytest.raises(ConfigError, match=r"\.gif"):
        draw_poster(tmp_path / "poster.gif")


def test_styles_differ_where_they_should() -> None:
    def page(style: Style) -> np.ndarray:
        return draw_book(_recipe(style=style, n_pages=1, seed=3)).pixels(0).astype(int)

    ink, tone, flat, dark = (page(s) for s in (Style.INK, Style.SCREENTONE, Style.FLAT, Style.DARK))
    for grey in (ink, tone):
        assert (grey.max(axis=2) == grey.min(axis=2)).all(), "black and white has no colour"
    assert (flat.max(axis=2) - flat.min(axis=2)).mean() > 10
    assert dark.mean() < flat.mean()
