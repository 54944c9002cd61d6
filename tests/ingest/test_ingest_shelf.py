"""From folders to books: what is one, in what order, and when it changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from drawn_comics import page, pages, write_folder, write_zip

from longbox.errors import IngestError
from longbox.ingest import find_books, open_book, stamp


def names_below(root: Path) -> list[str]:
    return [book.relative_to(root).as_posix() for book in find_books([root])]


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_empty_folder_holds_no_book(tmp_path: Path) -> None:
    assert find_books([]) == []
    assert find_books([tmp_path]) == []


def test_files_and_picture_folders_are_books_in_natural_order(tmp_path: Path) -> None:
    for name in ("b10.cbz", "b2.CBR", "a/x.pdf", "a/y.epub", "c/1.jpg", "c/2.jpg", "z.tar.gz"):
        touch(tmp_path / name)
    assert names_below(tmp_path) == ["a/x.pdf", "a/y.epub", "b2.CBR", "b10.cbz", "c", "z.tar.gz"]


def test_folder_with_pictures_and_books_is_a_book_and_a_shelf(tmp_path: Path) -> None:
    for name in ("s/1.jpg", "s/extra.cbz", "s/ch 2/1.png", "s/ch 10/1.png", "s/text/a.txt"):
        touch(tmp_path / name)
    assert names_below(tmp_path) == ["s", "s/ch 2", "s/ch 10", "s/extra.cbz"]


def test_junk_is_passed_over(tmp_path: Path) -> None:
    junk = (
        ".hidden.cbz",
        "._a.cbz",
        ".git/a.cbz",
        "__MACOSX/a.cbz",
        "Thumbs.db",
        "a.txt",
        ".x/1.jpg",
    )
    for name in junk:
        touch(tmp_path / name)
    touch(tmp_path / "dir.cbz" / "readme.txt")
    assert names_below(tmp_path) == []


def test_later_parts_of_a_rar_set_are_not_books(tmp_path: Path) -> None:
    for name in ("a.part1.rar", "a.part2.rar", "a.part10.rar", "b.part01.rar", "b.part02.rar"):
        touch(tmp_path / name)
    assert names_below(tmp_path) == ["a.part1.rar", "b.part01.rar"]


def test_given_files_are_taken_whatever_their_name(tmp_path: Path) -> None:
    book, ghost = touch(tmp_path / "comic"), tmp_path / "ghost.cbz"
    assert find_books([ghost, book]) == [ghost, book]


def test_each_book_is_found_once(tmp_path: Path) -> None:
    book = touch(tmp_path / "s" / "a.cbz")
    (tmp_path / "s" / "b.cbz").symlink_to(book)
    (tmp_path / "link").symlink_to(tmp_path / "s")
    found = find_books([tmp_path, book, tmp_path / "s"])
    assert [path.name for path in found] == ["a.cbz"]
    assert find_books([book, tmp_path]) == [book]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "x.cbz")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a" / "self")
    assert [book.name for book in find_books([tmp_path])] == ["x.cbz"]


@pytest.mark.parametrize("goal", ["..", "../..", "/", "."])
def test_links_to_folders_around_the_shelf_are_not_followed(tmp_path: Path, goal: str) -> None:
    touch(tmp_path / "private" / "diary.cbz")
    touch(tmp_path / "shelf" / "new" / "x.cbz")
    (tmp_path / "shelf" / "new" / "link").symlink_to(goal)
    if goal == "..":  # the shelf itself, which is walked already
        assert [book.name for book in find_books([tmp_path / "shelf"])] == ["x.cbz"]
    (tmp_path / "shelf" / "link").symlink_to(goal)
    assert [book.name for book in find_books([tmp_path / "shelf"])] == ["x.cbz"]


def test_links_to_folders_elsewhere_are_followed(tmp_path: Path) -> None:
    touch(tmp_path / "disk" / "y.cbz")
    touch(tmp_path / "shelf" / "x.cbz")
    (tmp_path / "shelf" / "more").symlink_to(tmp_path / "disk")
    assert [book.name for book in find_books([tmp_path / "shelf"])] == ["y.cbz", "x.cbz"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_without_permission_is_returned_and_then_refused(tmp_path: Path) -> None:
    touch(tmp_path / "ok.cbz")
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0)
    assert find_books([tmp_path]) == [locked, tmp_path / "ok.cbz"]
    with pytest.raises(IngestError, match="permission"):
        open_book(locked)
    locked.chmod(0o700)


def test_stamp_of_a_file_changes_with_it(tmp_path: Path) -> None:
    book = write_zip(tmp_path / "book.cbz", pages(1))
    first = stamp(book)
    assert first == stamp(book)
    assert (first.n_files, first.size_bytes) == (1, book.stat().st_size)
    write_zip(book, pages(2))
    assert stamp(book) != first


def test_stamp_of_a_folder_changes_with_its_pictures_only(tmp_path: Path) -> None:
    book = write_folder(tmp_path / "book", pages(3))
    first = stamp(book)
    assert first.n_files == 3
    assert first.size_bytes == sum(len(data) for _, data in pages(3))
    touch(book / "notes.txt")
    touch(book / ".hidden.jpg")
    touch(book / "sub" / "1.jpg")
    assert stamp(book) == first
    (book / "page4.jpg").write_bytes(page(4))
    assert stamp(book).n_files == 4
    (book / "page4.jpg").unlink()
    assert stamp(book) == first
    os.utime(book / "page1.jpg", ns=(time.time_ns() + 10**9,) * 2)
    assert stamp(book) != first


def test_stamp_of_a_folder_notices_its_metadata(tmp_path: Path) -> None:
    book = write_folder(tmp_path / "book", pages(1))
    first = stamp(book)
    (book / "ComicInfo.xml").write_text("<ComicInfo/>")
    os.utime(book / "ComicInfo.xml", ns=(time.time_ns() + 10**9,) * 2)
    assert stamp(book) != first
    with open_book(book) as opened:
        assert opened.book.metadata.sources[0] == "comicinfo"


def test_stamp_of_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"ghost\.cbz"):
        stamp(tmp_path / "ghost.cbz")


def test_stamping_a_shelf_is_fast(tmp_path: Path) -> None:
    for number in range(44):
        write_folder(tmp_path / f"book{number}", [(f"{n}.jpg", b"x") for n in range(40)])
    started = time.process_time()
    books = find_books([tmp_path])
    stamps = [stamp(book) for book in books]
    assert time.process_time() - started < 1.0
    assert len(books) == 44
    assert all(found.n_files == 40 for found in stamps)
