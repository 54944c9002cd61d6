"""Pictures of a library: found or made, of what was indexed only."""

from __future__ import annotations

import io
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from longbox.book import Book, PanelId
from longbox.errors import IngestError, PageError, QueryError
from longbox.library import Library
from longbox.web.pictures import PictureServer
from picture_shelf import Desk, add_book, add_unreadable, cbz, open_desk, png


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as made:
        yield made


@pytest.fixture
def book(library: Library, tmp_path: Path) -> Book:
    return add_book(library, cbz(tmp_path / "comic.cbz", [png(400, 600, n) for n in range(2)]))


@pytest.fixture
def desk(library: Library, tmp_path: Path) -> Iterator[Desk]:
    made = open_desk(library, tmp_path / "cache")
    yield made
    made.pictures.close()


def _size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.size


def test_page_and_panel_are_made_once_and_found_by_the_next_server(
    desk: Desk, book: Book, tmp_path: Path
) -> None:
    page = desk.pictures.page(book.book_id, 1, 320)
    panel = desk.pictures.panel(PanelId(book.book_id, 1, 0), 160)
    assert _size(page.data) == (320, 480)
    assert _size(panel.data) == (160, 120)
    desk.pictures.close()
    Path(book.path).unlink()
    again = open_desk(desk.library, tmp_path / "cache")
    assert again.pictures.page(book.book_id, 1, 320) == page
    assert again.pictures.panel(PanelId(book.book_id, 1, 0), 160) == panel


def test_etag_and_version_name_page_panel_and_width(desk: Desk, book: Book) -> None:
    asked = [desk.pictures.page_request(book.book_id, n, w) for n in (0, 1) for w in (160, 320)]
    asked += [desk.pictures.panel_request(PanelId(book.book_id, 0, n), 160) for n in (0, 1)]
    assert len({each.key for each in asked}) == 6
    assert asked[0].version == asked[1].version
    assert len({each.version for each in asked}) == 4


def test_gone_file_says_what_to_run(desk: Desk, book: Book) -> None:
    Path(book.path).unlink()
    with pytest.raises(IngestError, match=r"^comic.cbz: .* gone; .*longbox library sync"):
        desk.pictures.page(book.book_id, 0, 160)


def test_book_without_any_file_says_what_to_run(desk: Desk, book: Book) -> None:
    desk.library.forget_file(book.path)
    with pytest.raises(IngestError, match=r"no file of it is known; run `longbox index`"):
        desk.pictures.page(book.book_id, 0, 160)


def test_other_page_of_the_same_size_is_neither_shown_nor_kept(desk: Desk, book: Book) -> None:
    cbz(Path(book.path), [png(400, 600, 7), png(400, 600, 8)])
    with pytest.raises(IngestError, match="page 1 is not the one that was indexed"):
        desk.pictures.page(book.book_id, 0, 160)
    assert desk.pictures.find(desk.pictures.page_request(book.book_id, 0, 160)) is None


def test_unknown_page_panel_and_width_are_refused(desk: Desk, book: Book) -> None:
    pictures: PictureServer = desk.pictures
    for book_id, index in (("0" * 16, 0), (book.book_id, 2), (book.book_id, -1)):
        with pytest.raises(QueryError):
            pictures.page_request(book_id, index, 160)
    with pytest.raises(QueryError):
        pictures.panel_request(PanelId(book.book_id, 0, 2), 160)
    with pytest.raises(QueryError, match="161 px"):
        pictures.page_request(book.book_id, 0, 161)


def test_page_that_was_unreadable_when_indexed_says_so(desk: Desk, library: Library) -> None:
    broken = add_unreadable(library, "/shelf/broken.cbz")
    with pytest.raises(PageError, match=r"^broken.cbz: page 1 could not be read"):
        desk.pictures.page(broken.book_id, 0, 160)


def test_damaged_cached_file_is_made_again(desk: Desk, book: Book, tmp_path: Path) -> None:
    before = desk.pictures.page(book.book_id, 0, 160)
    (kept,) = [p for p in (tmp_path / "cache").rglob("*") if p.name == before.etag]
    kept.write_bytes(kept.read_bytes()[:-40])
    assert desk.pictures.page(book.book_id, 0, 160) == before
    assert desk.pictures.find(desk.pictures.page_request(book.book_id, 0, 160)) == before


def test_disk_that_refuses_costs_nothing_but_the_cache(
    library: Library, book: Book, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_bytes(b"no folder")
    desk = open_desk(library, tmp_path / "cache")
    try:
        with caplog.at_level(logging.WARNING):
            for width_px in (160, 320):
                assert _size(desk.pictures.page(book.book_id, 0, width_px).data)[0] == width_px
            upload = desk.uploads.add(png(50, 40))
        assert desk.uploads.picture(upload.id).data
    finally:
        desk.pictures.close()
    assert len([r for r in caplog.records if "pictures are not kept" in r.message]) == 2


def test_cache_is_in_the_library_and_a_rebuild_leaves_the_books_alone(
    library: Library, book: Book
) -> None:
    desk = open_desk(library, None)
    try:
        made = desk.pictures.page(book.book_id, 0, 160)
    finally:
        desk.pictures.close()
    assert (library.root / "cache" / "pictures" / made.etag[:2] / made.etag).is_file()
    shutil.rmtree(library.root / "cache")
    library.close()
    assert Library.rebuild(library.root).books == 1


def test_upload_is_kept_across_restarts_for_its_owner_only(desk: Desk, tmp_path: Path) -> None:
    sent = png(300, 200)
    upload = desk.uploads.add(sent)
    assert (upload.width, upload.height) == (300, 200)
    assert desk.uploads.add(sent) == upload
    again = open_desk(desk.library, tmp_path / "cache")
    try:
        assert again.uploads.get(upload.id) == upload
        pixels = again.uploads.pixels(upload.id)
    finally:
        again.pictures.close()
    with Image.open(io.BytesIO(sent)) as picture:
        true = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(pixels.astype(int) - true).mean() < 8
    (kept,) = [p for p in (tmp_path / "cache" / "queries").rglob("*") if p.name == upload.id]
    assert kept.stat().st_mode & 0o077 == 0
    assert sent not in kept.read_bytes()


@pytest.mark.parametrize("bad", ["", "0" * 32, "../" * 8, "0" * 31 + "\n", "Ä" * 32])
def test_upload_that_is_not_kept_asks_to_drop_it_again(desk: Desk, bad: str) -> None:
    for look in (desk.uploads.get, desk.uploads.picture, desk.uploads.pixels):
        with pytest.raises(QueryError, match="drop it again"):
            look(bad)
