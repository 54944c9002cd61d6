"""A library that a stranger made names files of its user: none is handed out or shown."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from longbox.book import Book
from longbox.errors import IngestError
from longbox.library import Library
from picture_shelf import add_book, cbz, open_desk, png

SECRET = b"-----BEGIN OPENSSH PRIVATE KEY-----"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    with Library.create(tmp_path / "library") as library:
        return add_book(library, cbz(tmp_path / "honest.cbz", [png(60, 90, n) for n in range(2)]))


@pytest.fixture
def client(tmp_path: Path, book: Book, serve: Callable[..., Any]) -> Iterator[httpx.Client]:
    assert Path(book.path).parent == tmp_path
    served = serve(tmp_path / "library", is_read_only=True)
    with httpx.Client(base_url=served.address, timeout=60) as made:
        yield made


def forge(library: Path, path: Path) -> None:
    """Let the catalog say that the book is this file."""
    connection = sqlite3.connect(library / "catalog.sqlite")
    connection.execute("UPDATE files SET path = ?", (str(path),))
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
    connection.commit()
    connection.close()


def file_address(book: Book) -> str:
    return f"/opds/file/{book.book_id}/book.cbz"


def test_the_file_that_was_indexed_is_downloaded(client: httpx.Client, book: Book) -> None:
    for _ in range(2):  # the second time without looking into it again
        answer = client.get(file_address(book))
        assert answer.status_code == 200
        assert answer.content == Path(book.path).read_bytes()


def test_no_other_file_is_downloaded(client: httpx.Client, book: Book, tmp_path: Path) -> None:
    key, letters = tmp_path / "id_rsa", tmp_path / "letters.cbz"
    key.write_bytes(SECRET)
    cbz(letters, [png(60, 90, 7), png(60, 90, 8)])
    for path in (key, letters, Path("/etc/passwd")):
        forge(tmp_path / "library", path)
        for method in ("GET", "HEAD"):
            answer = client.request(method, file_address(book))
            assert answer.status_code == 404, path
            assert SECRET not in answer.content
            assert b"PK\x03\x04" not in answer.content


def test_pages_of_another_comic_are_not_shown(
    client: httpx.Client, book: Book, tmp_path: Path
) -> None:
    letters = cbz(tmp_path / "letters.cbz", [png(60, 90, 7), png(60, 90, 8)])
    pictures = (f"/pictures/page/{book.book_id}/0/{{}}.webp", f"/opds/pages/{book.book_id}/0")
    assert client.get(pictures[0].format(320)).headers["content-type"] == "image/webp"
    forge(tmp_path / "library", letters)
    for address in pictures:
        answer = client.get(address.format(160))
        assert answer.status_code == 404
        assert "not the one that was indexed" in answer.text


def drawn_pdf(path: Path, words: bytes) -> Path:
    """A PDF whose page is no stored picture but drawn, of a usual size."""
    content = b"BT /F 30 Tf 20 100 Td (" + words + b") Tj ET 0 0 40 40 re f"
    path.write_bytes(
        b"%%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n"
        b"2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj\n"
        b"3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Contents 4 0 R "
        b"/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> "
        b">> endobj\n4 0 obj << /Length %d >> stream\n%s\nendstream endobj\n"
        b"trailer << /Root 1 0 R >>\n%%%%EOF\n" % (len(content), content)
    )
    return path


def test_drawn_page_of_another_pdf_is_not_shown(tmp_path: Path) -> None:
    bank = drawn_pdf(tmp_path / "bank.pdf", b"balance")
    with Library.create(tmp_path / "library") as library:
        book = add_book(library, drawn_pdf(tmp_path / "comic.pdf", b"rain"))
        desk = open_desk(library, tmp_path / "cache")
        try:
            assert desk.pictures.page(book.book_id, 0, 160).data
            forge(library.root, bank)
            with pytest.raises(IngestError, match="not the one that was indexed"):
                desk.pictures.page(book.book_id, 0, 320)
        finally:
            desk.pictures.close()
