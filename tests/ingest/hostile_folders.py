"""Builders of hostile and broken folders and paths; see hostile_kinds."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import numpy as np
from drawn_comics import page, pages, write_folder, write_zip
from hostile_kinds import hostile


@hostile("problem")
def folder_with_a_pipe(folder: Path) -> Path:
    book = write_folder(folder / "book", pages(2))
    os.mkfifo(book / "page3.jpg")
    return book


@hostile("problem")
def folder_with_a_socket(folder: Path) -> Path:
    book = write_folder(folder / "book", pages(2))
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(book)  # a socket's path may have 108 characters
        server.bind("page3.jpg")
        os.chdir(here)
    return book


@hostile("problem")
def folder_with_a_link_out(folder: Path) -> Path:
    (folder / "secret.jpg").write_bytes(page(7))
    book = write_folder(folder / "book", pages(2))
    (book / "page3.jpg").symlink_to(folder / "secret.jpg")
    return book


@hostile("problem")
def folder_with_a_link_to_an_endless_device(folder: Path) -> Path:
    book = write_folder(folder / "book", pages(2))
    (book / "page3.jpg").symlink_to("/dev/zero")
    return book


@hostile("problem")
def folder_with_links_in_a_circle(folder: Path) -> Path:
    book = write_folder(folder / "book", pages(2))
    (book / "page3.jpg").symlink_to(book / "page4.jpg")
    (book / "page4.jpg").symlink_to(book / "page3.jpg")
    (book / "again").symlink_to(book)
    return book


@hostile("problem")
def folder_with_a_link_to_a_name_that_no_disk_takes(folder: Path) -> Path:
    book = write_folder(folder / "book", pages(2))
    (book / "page3.jpg").symlink_to("/" + "e" * 300)
    return book


@hostile("read")
def folder_with_a_folder_named_like_a_page(folder: Path) -> Path:
    book = write_folder(folder / "book", pages(2))
    (book / "page3.jpg").mkdir()
    return book


@hostile("read")
def folder_with_a_name_of_broken_bytes(folder: Path) -> Path:
    book = write_folder(folder / "book", pages(2))
    (book / os.fsdecode(b"p\xff\xfe3.jpg")).write_bytes(page(3))
    return book


@hostile("refused")
def folder_without_pages(folder: Path) -> Path:
    return write_folder(folder / "book", [("notes.txt", b"nothing")])


@hostile("refused")
def pipe_as_a_book(folder: Path) -> Path:
    os.mkfifo(folder / "book.cbz")
    return folder / "book.cbz"


@hostile("refused")
def book_that_is_not_there(folder: Path) -> Path:
    return folder / "ghost.cbz"


@hostile("refused")
def book_of_no_bytes(folder: Path) -> Path:
    (folder / "book.cbz").write_bytes(b"")
    return folder / "book.cbz"


@hostile("refused")
def book_of_random_bytes(folder: Path) -> Path:
    (folder / "book.cbz").write_bytes(np.random.default_rng(1).bytes(5000))
    return folder / "book.cbz"


@hostile("refused")
def book_that_is_a_picture(folder: Path) -> Path:
    (folder / "book.cbz").write_bytes(
        page(1) + write_zip(folder / "tail.zip", pages(1)).read_bytes()
    )
    (folder / "tail.zip").unlink()
    return folder / "book.cbz"


@hostile("read")
def book_with_a_newline_in_its_name(folder: Path) -> Path:
    return write_zip(folder / "bo\nok\x1b[2J.cbz", pages(2))


@hostile("refused")
def book_with_a_name_of_broken_bytes(folder: Path) -> Path:
    return write_zip(Path(os.fsdecode(os.fsencode(folder) + b"/b\xff\xfe.cbz")), pages(2))
