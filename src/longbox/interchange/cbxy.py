"""cbxy: panel boxes beside a comic (format version 1, the program `cbxy` on PyPI).

A ZIP of one JSON document a page, named as the picture with the extension `.json`:
`{"page": "scans/p1.jpg", "width": 1680, "height": 2583, "panels": [{"x", "y", "w", "h"}]}`. Numbers
are fractions of the page, the order of the array is the reading order, unknown fields are ignored,
boxes beyond the page are cut. Earlier drafts named the entries exactly as the pictures; both are
read, because the document names its picture itself.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass

from longbox.book import AnnotatedBook, AnnotatedPage
from longbox.errors import SidecarError
from longbox.interchange.parsing import (
    MOST_BOXES,
    MOST_PAGES,
    box_of,
    parse_json,
    require_few,
    require_size,
)
from longbox.interchange.sidecar import Sidecar, SidecarPage, SidecarPanel
from longbox.interchange.writing import page_name, to_json

_MOST_ENTRY_BYTES = 2**20
_MOST_TOTAL_BYTES = 64 * 2**20
_MOST_ZIP_BYTES = 32 * 2**20  # a directory of more entries would fill the memory
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Rectangle:
    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class _Document:
    width: float
    height: float
    panels: list[_Rectangle]
    page: str | None = None


def write_cbxy(annotated: AnnotatedBook) -> bytes:
    """Return a book's panels as a cbxy sidecar; the same book gives the same bytes."""
    target = io.BytesIO()
    taken: set[str] = set()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for page in annotated.pages:
            if page.page.is_readable:
                entry = _entry_name(page, taken)
                info = zipfile.ZipInfo(entry, _EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, to_json(_document(page)))
    return target.getvalue()


def read_cbxy(name: str, data: bytes) -> Sidecar:
    """Read a cbxy sidecar.

    Raises:
        SidecarError: It is damaged or hostile.
    """
    require_size(name, len(data), _MOST_ZIP_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # A name may be empty, of which is_dir() makes an error.
            entries = [i for i in archive.infolist() if not i.filename.endswith("/")]
            require_few(name, "pages", len(entries), MOST_PAGES)
            if any(i.compress_type not in _METHODS for i in entries):
                raise SidecarError(f"{name}: packed by a method other than store and deflate")
            left = _MOST_TOTAL_BYTES
            pages = []
            for info in entries:
                content = _content(name, archive, info)
                left -= len(content)
                if left < 0:
                    raise SidecarError(f"{name}: it unpacks to too much; it may be an attack")
                pages.append(_page(name, info.filename, content))
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError) as error:
        raise SidecarError(f"{name}: damaged ZIP ({error})") from error
    except (RuntimeError, NotImplementedError, ValueError) as error:
        raise SidecarError(f"{name}: the ZIP cannot be read ({error})") from error
    return Sidecar("cbxy", tuple(pages))


def _content(name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as member:
        content = member.read(_MOST_ENTRY_BYTES + 1)
    if len(content) > _MOST_ENTRY_BYTES:
        raise SidecarError(f"{name}: {info.filename[:80]} is too large for one page's panels")
    return content


def _page(name: str, entry: str, content: bytes) -> SidecarPage:
    where = f"{name}: {entry[:80]}"
    document = parse_json(where, content, _Document)
    width, height = document.width, document.height
    if not (0 < width < 1e6 and 0 < height < 1e6):
        raise SidecarError(f"{where}: a page of {width} x {height} pixels cannot be")
    require_few(where, "panels", len(document.panels), MOST_BOXES)
    panels = []
    for i, panel in enumerate(document.panels):
        numbers = [panel.x, panel.y, panel.w, panel.h]
        box = box_of(where, f"panel {i + 1}", numbers, is_sized=True).clip(1.0, 1.0)
        if box.area <= 0:
            raise SidecarError(f"{where}: panel {i + 1} lies beyond the page")
        panels.append(SidecarPanel(box.scale(width, height)))
    return SidecarPage(
        document.page or entry.removesuffix(".json"),
        width=width,
        height=height,
        panels=tuple(panels),
    )


def _document(page: AnnotatedPage) -> dict[str, object]:
    width, height = page.page.width, page.page.height
    boxes = [p.box.clip(width, height) for p in page.panels]
    return {
        "page": page_name(page),
        "width": width,
        "height": height,
        "panels": [
            {
                "x": box.x0 / width,
                "y": box.y0 / height,
                "w": box.width / width,
                "h": box.height / height,
            }
            for box in boxes
            if box.area > 0
        ],
    }


def _entry_name(page: AnnotatedPage, taken: set[str]) -> str:
    """Return the entry of a page; of two pictures that differ in their extension only one keeps it.

    The other's document still names its picture, which is what we match by. No entry leads out of
    the folder that somebody unpacks the file in.
    """
    parts = page_name(page).replace("\\", "/").replace("\0", "").split("/")
    source = "/".join(p for p in parts if p.strip(". ") and not p.endswith(":")) or "page"
    folder, slash, file = source.rpartition("/")
    stem = file.rpartition(".")[0] or file
    entry = f"{folder}{slash}{stem}.json"
    if entry in taken:
        entry = f"{source}.json"
    taken.add(entry)
    return entry
