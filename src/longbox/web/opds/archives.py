"""CBZ archives that are packed while they are sent: a folder's pictures, the hits of a search.

One page is in memory at a time. Each entry is finished before it is sent, so its sizes stand where
strict readers look for them. What cannot be read is left out, and the archive's ComicInfo.xml,
which comes last for that reason, says so.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from longbox.errors import ComicError
from longbox.web.opds.atom import text
from longbox.web.whereabouts import without_folders

MOST_PAGES: Final = 200
# A day that every archive program can write: archives of the same pages are the same bytes.
_DAY: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class PackedPage:
    """A page of an archive that is to be packed.

    Attributes:
        name: In the archive, safe.
        read: Gives its bytes; raises a ComicError where it cannot be read.
        bookmark: What ComicInfo says of the page; empty for nothing.
    """

    name: str
    read: Callable[[], bytes]
    bookmark: str = ""


@dataclass(frozen=True, slots=True)
class ArchiveInfo:
    """What the archive says of itself."""

    title: str
    summary: str = ""
    series: str | None = None
    number: str | None = None
    year: int | None = None
    language: str | None = None
    is_right_to_left: bool = False


class _Tail(io.RawIOBase):
    """A file of which only the end is in memory: what was sent is gone."""

    def __init__(self) -> None:
        super().__init__()
        self._start = 0
        self._held = io.BytesIO()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._start + self._held.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_SET:
            offset -= self._start
        self._held.seek(offset, whence)
        return self.tell()

    def write(self, data: bytes) -> int:  # type: ignore[override]
        return self._held.write(data)

    def take(self) -> bytes:
        """Return what is held, and hold it no more."""
        data = self._held.getvalue()
        self._start += len(data)
        self._held = io.BytesIO()
        return data


def packed(info: ArchiveInfo, pages: Sequence[PackedPage]) -> Iterator[bytes]:
    """Yield the archive piece by piece."""
    tail = _Tail()
    packed: list[PackedPage] = []
    left_out: list[str] = []
    with zipfile.ZipFile(tail, "w", zipfile.ZIP_STORED) as archive:
        for page in pages:
            try:
                data = page.read()
            except ComicError as error:
                left_out.append(without_folders(str(error)))
                continue
            archive.writestr(zipfile.ZipInfo(page.name, _DAY), data)
            packed.append(page)
            yield tail.take()
        written = _comicinfo(info, packed, left_out)
        archive.writestr(zipfile.ZipInfo("ComicInfo.xml", _DAY), written)
    yield tail.take()


def _comicinfo(info: ArchiveInfo, pages: Sequence[PackedPage], left_out: Sequence[str]) -> bytes:
    root = Element("ComicInfo")
    notes = "" if not left_out else f"{len(left_out)} pages could not be read: {left_out[0]}"
    fields = {
        "Title": info.title,
        "Series": info.series or "",
        "Number": info.number or "",
        "Summary": info.summary,
        "Notes": notes,
        "Year": "" if info.year is None else str(info.year),
        "PageCount": str(len(pages)),
        "LanguageISO": info.language or "",
        "Manga": "YesAndRightToLeft" if info.is_right_to_left else "",
    }
    for name, value in fields.items():
        if value:
            SubElement(root, name).text = text(value)
    listed = SubElement(root, "Pages")
    for index, page in enumerate(pages):
        said = {"Image": str(index)} | ({"Bookmark": text(page.bookmark)} if page.bookmark else {})
        SubElement(listed, "Page", said)
    found: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return found
