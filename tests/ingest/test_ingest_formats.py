"""Every format gives the same book for the same pages, whatever its name says."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawn_comics import (
    drawing,
    encoded,
    epub_members,
    page,
    pages,
    rar_member,
    write_7z,
    write_folder,
    write_pdf,
    write_rar,
    write_stored_rar,
    write_tar,
    write_zip,
)
from PIL import Image

from longbox.errors import IngestError, MissingProgramError, PageError
from longbox.ingest import IngestOptions, check_programs, open_book, open_pages, supported_formats

FORMATS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "zip": ("cbz", lambda folder: write_zip(folder / "a.cbz", pages(12))),
    "deflated": ("cbz", lambda f: write_zip(f / "b.cbz", pages(12), zipfile.ZIP_DEFLATED)),
    "bzip2": ("cbz", lambda folder: write_zip(folder / "c.cbz", pages(12), zipfile.ZIP_BZIP2)),
    "lzma": ("cbz", lambda folder: write_zip(folder / "d.cbz", pages(12), zipfile.ZIP_LZMA)),
    "tar": ("cbt", lambda folder: write_tar(folder / "e.cbt", pages(12))),
    "tar.gz": ("cbt", lambda folder: write_tar(folder / "f.tar.gz", pages(12), "w:gz")),
    "tar.bz2": ("cbt", lambda folder: write_tar(folder / "g.tar.bz2", pages(12), "w:bz2")),
    "tar.xz": ("cbt", lambda folder: write_tar(folder / "h.tar.xz", pages(12), "w:xz")),
    "7z": ("cb7", lambda folder: write_7z(folder / "i.cb7", pages(12))),
    "rar": ("cbr", lambda folder: write_stored_rar(folder / "j.cbr", pages(12))),
    "epub": ("epub", lambda f: write_zip(f / "k.epub", epub_members(pages(12)))),
    "folder": ("folder", lambda folder: write_folder(folder / "l", pages(12))),
    "pdf": ("pdf", lambda f: write_pdf(f / "m.pdf", [data for _, data in pages(12)])),
    "nested": ("cbz", lambda f: write_zip(f / "n.cbz", [(f"x/y/{n}", d) for n, d in pages(12)])),
}


@pytest.fixture(scope="module")
def book_id(tmp_path_factory: pytest.TempPathFactory) -> str:
    with open_book(write_zip(tmp_path_factory.mktemp("ids") / "book.cbz", pages(12))) as opened:
        return opened.book.book_id


@pytest.mark.parametrize("name", FORMATS)
def test_same_pages_are_the_same_book_in_every_format(
    name: str, tmp_path: Path, book_id: str
) -> None:
    book_format, write = FORMATS[name]
    with open_book(write(tmp_path)) as opened:
        book = opened.book
        assert book.book_id == book_id
        assert book.format == book_format
        assert [found.index for found in book.pages] == list(range(12))
        assert not book.problems
        assert opened.picture_bytes(9) == page(10)
        expected = np.asarray(Image.open(io.BytesIO(page(10))).convert("RGB"))
        np.testing.assert_array_equal(opened.pixels(9), expected)


@pytest.mark.parametrize("name", FORMATS)
def test_pages_alone_are_those_of_the_book(name: str, tmp_path: Path) -> None:
    with (
        open_book(path := FORMATS[name][1](tmp_path)) as opened,
        open_pages(path, IngestOptions()) as alone,
    ):
        assert len(alone) == len(opened.book.pages)
        np.testing.assert_array_equal(alone.pixels(11), opened.pixels(11))
        with pytest.raises(PageError, match="no page 13"):
            alone.pixels(12)


def test_book_id_is_sixteen_hex_digits_and_depends_on_the_order(tmp_path: Path) -> None:
    first = write_zip(tmp_path / "1.cbz", [("1.jpg", page(1)), ("2.jpg", page(2))])
    second = write_zip(tmp_path / "2.cbz", [("1.jpg", page(2)), ("2.jpg", page(1))])
    with open_book(first) as one, open_book(second) as two:
        assert one.book.book_id != two.book.book_id
        assert len(one.book.book_id) == 16
        int(one.book.book_id, 16)


def test_format_is_told_by_content_not_by_suffix(tmp_path: Path) -> None:
    assert open_and_close(write_zip(tmp_path / "zip.cbr", pages(1))) == "cbz"
    assert open_and_close(write_stored_rar(tmp_path / "rar.cbz", pages(1))) == "cbr"
    assert open_and_close(write_7z(tmp_path / "7z.cbz", pages(1))) == "cb7"
    assert open_and_close(write_tar(tmp_path / "tar.pdf", pages(1))) == "cbt"
    assert open_and_close(write_pdf(tmp_path / "pdf.cbz", [page(1)])) == "pdf"
    assert open_and_close(write_zip(tmp_path / "epub.zip", epub_members(pages(1)))) == "epub"


def open_and_close(path: Path) -> str:
    with open_book(path) as opened:
        return opened.book.format


def test_pages_come_in_natural_order_across_folders(tmp_path: Path) -> None:
    names = ["b/page10.jpg", "b/page2.jpg", "B/page1.jpg", "a/10.jpg", "a/9.jpg", "0.jpg"]
    book = write_zip(tmp_path / "book.cbz", [(name, page(n)) for n, name in enumerate(names)])
    with open_book(book) as opened:
        found = [page.source for page in opened.book.pages]
    assert found == ["0.jpg", "a/9.jpg", "a/10.jpg", "B/page1.jpg", "b/page2.jpg", "b/page10.jpg"]


def test_junk_is_no_page(tmp_path: Path) -> None:
    junk = ["__MACOSX/._1.jpg", "._1.jpg", ".hidden.jpg", "Thumbs.db", "a/.DS_Store", "notes.txt"]
    book = write_zip(tmp_path / "book.cbz", [*pages(2), *((name, page(9)) for name in junk)])
    with open_book(book) as opened:
        assert [page.source for page in opened.book.pages] == ["page1.jpg", "page2.jpg"]
        assert not opened.book.problems


def test_later_of_two_members_with_one_name_counts(tmp_path: Path) -> None:
    book = write_tar(tmp_path / "book.cbt", [("1.jpg", page(1)), ("1.jpg", page(2))])
    with open_book(book) as opened:
        assert opened.picture_bytes(0) == page(2)
        assert "twice" in opened.book.problems[0].reason


def test_truncated_tar_keeps_the_pages_before_the_break(tmp_path: Path) -> None:
    whole = write_tar(tmp_path / "book.cbt", pages(4))
    data = whole.read_bytes()
    whole.write_bytes(data[: data.find(b"page3.jpg") + 700])
    with open_book(whole) as opened:
        assert [found.is_readable for found in opened.book.pages][:2] == [True, True]
        assert opened.book.problems
        assert opened.pixels(0).shape == (90, 60, 3)


def test_packed_rar_pages_without_a_program_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rarfile

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(rarfile, "CURRENT_SETUP", None)
    book = write_rar(tmp_path / "book.cbr", [rar_member("1.jpg", page(1), method=3)])
    with pytest.raises(MissingProgramError, match=r"book\.cbr.*install"):
        open_book(book)
    status = {program.name: program for program in check_programs()}
    assert not status["RAR program"].is_present
    assert "unar" in status["RAR program"].detail


def test_stored_rar_pages_need_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with open_book(write_stored_rar(tmp_path / "book.cbr", pages(2))) as opened:
        assert opened.pixels(1).shape == (90, 60, 3)


def test_programs_and_formats_are_listed() -> None:
    names = [program.name for program in check_programs()]
    assert names[0] == "RAR program"
    assert {"AVIF decoder", "JPEG XL decoder"} <= set(names)
    assert {"cbz", "cbr", "cb7", "cbt", "pdf", "epub", "folder"} <= set(supported_formats())


def test_page_number_outside_the_book_is_a_page_error(tmp_path: Path) -> None:
    with open_book(write_zip(tmp_path / "book.cbz", pages(1))) as opened:
        for index in (-1, 1):
            with pytest.raises(PageError, match="it has 1"):
                opened.pixels(index)
            with pytest.raises(PageError):
                opened.picture_bytes(index)


def test_damaged_member_costs_one_page_not_the_book(tmp_path: Path) -> None:
    book = write_zip(tmp_path / "book.cbz", pages(3))
    data = bytearray(book.read_bytes())
    place = data.find(page(2)) + 300
    data[place : place + 8] = bytes(8)
    book.write_bytes(bytes(data))
    with open_book(book) as opened:
        assert [found.is_readable for found in opened.book.pages] == [True, False, True]
        assert opened.book.problems[0].page == 1
        with pytest.raises(PageError, match="page 2"):
            opened.pixels(1)
        assert opened.pixels(2).any()


def test_single_page_book(tmp_path: Path) -> None:
    with open_book(write_zip(tmp_path / "book.cbz", pages(1))) as opened:
        assert len(opened.book.pages) == 1


def test_folder_shows_only_its_own_pictures(tmp_path: Path) -> None:
    write_folder(tmp_path / "book", [*pages(2), ("extras/3.jpg", page(3))])
    with open_book(tmp_path / "book") as opened:
        assert [found.source for found in opened.book.pages] == ["page1.jpg", "page2.jpg"]


def peak_of_opening(path: Path) -> int:
    """Bytes that Python held at most while a book was opened."""
    tracemalloc.start()
    open_book(path).close()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "7z", "rar", "folder"])
def test_opening_a_longer_book_takes_no_more_memory(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = [
        (f"{n}.bmp", encoded(Image.fromarray(rng.integers(0, 256, (500, 500, 3), np.uint8)), "BMP"))
        for n in range(24)
    ]
    writers = {
        "zip": lambda members, name: write_zip(tmp_path / name, members),
        "tar.gz": lambda members, name: write_tar(tmp_path / name, members, "w:gz"),
        "7z": lambda members, name: write_7z(
            tmp_path / name, members, filters=[{"id": 0x21, "preset": 0}]
        ),
        "rar": lambda members, name: write_stored_rar(tmp_path / name, members),
        "folder": lambda members, name: write_folder(tmp_path / name, members),
    }
    short, long = writers[kind](noise[:8], "short"), writers[kind](noise, "long")
    open_book(short).close()
    assert peak_of_opening(long) - peak_of_opening(short) < 2 * len(noise[0][1])


def test_drawn_pages_differ() -> None:
    assert encoded(drawing(1)) != encoded(drawing(2))


def test_file_that_vanishes_is_an_error_not_a_crash(tmp_path: Path) -> None:
    book = write_folder(tmp_path / "book", pages(2))
    with open_book(book) as opened:
        (book / "page2.jpg").unlink()
        with pytest.raises(PageError, match="page 2"):
            opened.pixels(1)
    with pytest.raises(IngestError, match="does not exist"):
        open_book(tmp_path / "gone")
