"""What people put right as files: a backup, and training data.

Everything is written while it is sent, a book at a time, so that memory does not grow with the
library. JSON lines hold every correction ever made. The other formats hold whole books as they
count now, corrections laid over what the stages saw: one file for one book, else a ZIP archive of
all books in which anything was put right.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from io import RawIOBase
from typing import Any, Final

from longbox.book import AnnotatedBook
from longbox.correction import latest
from longbox.interchange import FORMATS
from longbox.library import Library, corrected_books
from longbox.page_types import to_comicinfo
from longbox.pipeline import correction_lines, present_book

ExportFormat = StrEnum("ExportFormat", ["jsonl", *FORMATS])  # type: ignore[misc]
_PIECE_BYTES: Final = 1 << 16


class Pages(StrEnum):
    """Which pages of a book an export holds."""

    ALL = "all"
    CHECKED = "checked"


@dataclass(frozen=True, slots=True)
class Export:
    """A file that is sent while it is made."""

    file_name: str
    media_type: str
    pieces: Iterator[bytes]


def export(
    library: Library, export_format: ExportFormat, book_id: str | None, pages: Pages
) -> Export:
    """Begin an export.

    Args:
        library: Where the corrections are.
        export_format: Of the file.
        book_id: Only this book; all that were corrected when None.
        pages: All pages of these books, or only those that a person corrected or judged; JSON
            lines have no pages to choose.

    Raises:
        LibraryError: The first thing to send cannot be read.
    """
    name = "longbox-corrections" if book_id is None else f"longbox-{book_id}"
    if export_format.value == "jsonl":
        lines = correction_lines(library, None if book_id is None else [book_id])
        return Export(f"{name}.jsonl", "application/x-ndjson", _begun(_gathered(lines)))
    chosen = FORMATS[export_format.value]
    if book_id is not None:
        data = chosen.write(_book(library, book_id, pages), to_comicinfo)
        return Export(f"{name}{chosen.suffix}", "application/octet-stream", iter([data]))
    archive = _archive(library, export_format.value, pages)
    return Export(f"{name}-{export_format.value}.zip", "application/zip", _begun(archive))


def _book(library: Library, book_id: str, pages: Pages) -> AnnotatedBook:
    corrections = library.corrections(book_id)
    book = present_book(library.annotated_book(book_id), corrections)
    if pages is Pages.ALL:
        return book
    checked = {c.page_index for c in latest(corrections) if not c.is_withdrawal}
    return replace(book, pages=tuple(p for p in book.pages if p.page.index in checked))


def _archive(library: Library, format_name: str, pages: Pages) -> Iterator[bytes]:
    chosen = FORMATS[format_name]
    there = set(library.book_ids())
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for book_id in corrected_books(library.root):
            if book_id in there:  # corrections outlive their books
                data = chosen.write(_book(library, book_id, pages), to_comicinfo)
                archive.writestr(f"{book_id}{chosen.suffix}", data)
                yield sink.taken()
    yield sink.taken()


class _Sink(RawIOBase):
    """Takes what a ZIP writer writes, to be sent on; it cannot be read or moved in."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        """Return what came since the last call."""
        found, self._held = bytes(self._held), bytearray()
        return found


def _gathered(lines: Iterator[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for line in lines:
        held += line
        if len(held) >= _PIECE_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Make the first piece at once, so that what fails there is refused in order."""
    first: Sequence[bytes] = [next(pieces, b"")]

    def all_pieces() -> Iterator[bytes]:
        yield from first
        yield from pieces

    return all_pieces()
