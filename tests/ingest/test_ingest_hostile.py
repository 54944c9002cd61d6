"""No hostile file crashes, escapes or stops the shelf; each gives one line that says why."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from drawn_comics import page, pages, write_7z, write_tar, write_zip
from hostile_files import KINDS, Hostile

from longbox.errors import (
    ComicError,
    EncryptedFileError,
    IngestError,
    PageError,
    UnsafeFileError,
)
from longbox.ingest import IngestOptions, find_books, open_book


def outcome_of(target: Path) -> tuple[str, list[str]]:
    """What comes of a book, and every line that a person would see."""
    try:
        with open_book(target) as opened:
            lines = [problem.reason for problem in opened.book.problems]
            lines += [page.source for page in opened.book.pages]
            has_problem = bool(opened.book.problems)
            for found in opened.book.pages[:4]:
                if not found.is_readable:
                    continue
                try:
                    shape = opened.pixels(found.index).shape
                    assert shape == (found.height, found.width, 3)
                except PageError as error:
                    lines.append(str(error))
                    has_problem = error.page == found.index
            return ("problem" if has_problem else "read"), lines
    except ComicError as error:
        return "refused", [str(error)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind.replace(" ", "-"))
def test_hostile_file_gives_one_line_and_leaves_nothing_behind(
    kind: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, elsewhere = tmp_path / "shelf", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    target = kind.build(folder)
    monkeypatch.chdir(elsewhere)
    before = sorted(tmp_path.rglob("*"))
    find_books([folder])
    outcome, lines = outcome_of(target)
    assert outcome == kind.outcome, lines
    assert all(line.isprintable() for line in lines)
    assert sorted(tmp_path.rglob("*")) == before


def test_at_least_forty_kinds_are_tried() -> None:
    assert len(KINDS) >= 40
    assert len({kind.kind for kind in KINDS}) == len(KINDS)


def test_refusal_names_the_file(tmp_path: Path) -> None:
    book = write_zip(tmp_path / "mystery.cbz", [("a.txt", b"")])
    with pytest.raises(IngestError, match=r"mystery\.cbz: .*page"):
        open_book(book)


def test_encrypted_archives_have_their_own_error(tmp_path: Path) -> None:
    book = write_7z(tmp_path / "book.cb7", pages(1), password="secret")
    with pytest.raises(EncryptedFileError, match="password"):
        open_book(book)


@pytest.mark.parametrize(
    "options",
    [
        IngestOptions(max_entries=2),
        IngestOptions(max_total_bytes=2000),
        IngestOptions(max_ratio=0.5, ratio_floor_bytes=1),
    ],
    ids=["entries", "total", "ratio"],
)
def test_every_limit_on_an_archive_is_enforced(tmp_path: Path, options: IngestOptions) -> None:
    book = write_zip(tmp_path / "book.cbz", pages(3))
    open_book(book).close()
    with pytest.raises(UnsafeFileError):
        open_book(book, options)


@pytest.mark.parametrize("writer", [write_zip, write_tar, write_7z])
def test_page_above_the_member_limit_is_a_problem_of_that_page(tmp_path: Path, writer) -> None:  # type: ignore[no-untyped-def]
    big = page(2, "PNG", 300, 400)
    book = writer(tmp_path / "book.cbz", [("page1.jpg", page(1)), ("page2.png", big)])
    with open_book(book, IngestOptions(max_member_bytes=len(big) - 1)) as opened:
        assert [found.is_readable for found in opened.book.pages] == [True, False]
        assert [problem.page for problem in opened.book.problems] == [1]


def test_page_above_the_pixel_limit_is_not_decoded(tmp_path: Path) -> None:
    book = write_zip(tmp_path / "book.cbz", [*pages(1), ("page2.png", page(2, "PNG", 100, 100))])
    with open_book(book, IngestOptions(max_pixels=9_999)) as opened:
        assert not opened.book.pages[1].is_readable
        with pytest.raises(PageError, match=r"page 2 \(page2\.png\): 100 x 100"):
            opened.pixels(1)


def test_unreadable_pages_count_for_the_identity_of_the_book(tmp_path: Path) -> None:
    texts = [b"not a picture", b"another text"]
    books = [
        write_zip(tmp_path / f"{n}.cbz", [*pages(1), ("page2.jpg", text)])
        for n, text in enumerate(texts)
    ]
    ids = []
    for book in (*books, books[0]):
        with open_book(book) as opened:
            ids.append(opened.book.book_id)
    assert ids[0] != ids[1]
    assert ids[0] == ids[2]


@pytest.mark.parametrize("has_packed_list", [False, True])
def test_7z_whose_decoder_is_not_safe_is_not_read(tmp_path: Path, has_packed_list: bool) -> None:
    # Found by fuzzing: the decoder of PPMd writes over memory that is not its own.
    import py7zr

    ppmd = [{"id": py7zr.FILTER_PPMD, "order": 6, "mem": "16m"}]
    path = tmp_path / "book.cb7"
    with py7zr.SevenZipFile(path, "w", filters=ppmd) as archive:
        archive.set_encoded_header_mode(False)
        for name, data in pages(2):
            archive.writestr(data, name)
    if has_packed_list:  # one that names PPMd for the list of contents itself
        data = path.read_bytes()
        packed = bytes.fromhex("17060001090500070b0100012303040105") + b"\0" * 12
        start = struct.pack("<QQI", len(data) - 32, len(packed), zlib.crc32(packed))
        head = data[:8] + struct.pack("<I", zlib.crc32(start)) + start
        path.write_bytes(head + data[32:] + packed)
    with pytest.raises(UnsafeFileError, match="PPMd"):
        open_book(path)


@pytest.mark.parametrize("kind", ["ZSTD", "BROTLI", "BZIP2", "DEFLATE"])
def test_damaged_7z_of_any_method_is_a_problem_of_one_line(tmp_path: Path, kind: str) -> None:
    # Found by fuzzing: each decoder has errors of its own.
    import py7zr

    path = tmp_path / "book.cb7"
    how = {"id": getattr(py7zr, f"FILTER_{kind}")}
    if kind in ("ZSTD", "BROTLI"):
        how["level"] = 3
    with py7zr.SevenZipFile(path, "w", filters=[how]) as archive:
        archive.set_encoded_header_mode(False)
        for name, data in pages(2):
            archive.writestr(data, name)
    with open_book(path) as opened:
        assert len(opened.book.pages) == 2
    data = bytearray(path.read_bytes())
    data[40:72] = bytes(range(200, 232))
    path.write_bytes(data)
    with pytest.raises(IngestError, match="damaged"):
        open_book(path)
