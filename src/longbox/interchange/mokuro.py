"""mokuro: the lettering of a manga volume, for readers that let text be selected.

`{"version", "title", "title_uuid", "volume", "volume_uuid", "pages": [{"version", "img_width",
"img_height", "img_path", "blocks": [{"box": [x0, y0, x1, y1], "vertical", "font_size",
"lines_coords": [four corners of each line], "lines": [...]}]}]}`, as mokuro 0.2 writes it. It
knows no panels and no kinds of text. The two UUIDs only have to tell volumes apart; ours are made
from the series and the pages, so writing a book again gives the same ones.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from longbox.book import AnnotatedBook, AnnotatedPage, TextRegion
from longbox.interchange.parsing import (
    MOST_BOXES,
    MOST_PAGES,
    box_of,
    join_lines,
    parse_json,
    require_few,
)
from longbox.interchange.sidecar import Sidecar, SidecarPage, SidecarText
from longbox.interchange.writing import file_stem, page_name, tidy_all, to_json

MOKURO_VERSION = "0.2.1"
_SPACE = uuid.UUID("8f0c7a52-6a5b-5d0e-9a5d-7f3f0e1d2c3b")


@dataclass(frozen=True, slots=True)
class _Block:
    box: list[float]
    lines: list[str]


@dataclass(frozen=True, slots=True)
class _Page:
    img_width: float
    img_height: float
    blocks: list[_Block]
    img_path: str | None = None


@dataclass(frozen=True, slots=True)
class _Volume:
    pages: list[_Page]
    title: str | None = None
    volume: str | None = None


def write_mokuro(annotated: AnnotatedBook) -> bytes:
    """Return a book's lettering as a .mokuro file."""
    book = annotated.book
    title = book.metadata.series or book.title
    return to_json(
        {
            "version": MOKURO_VERSION,
            "title": title,
            "title_uuid": str(uuid.uuid5(_SPACE, title)),
            "volume": file_stem(book),
            "volume_uuid": str(uuid.uuid5(_SPACE, book.book_id)),
            "pages": [_written(page) for page in annotated.pages if page.page.is_readable],
        }
    )


def read_mokuro(name: str, data: bytes) -> Sidecar:
    """Read a .mokuro file.

    Raises:
        SidecarError: It is damaged or hostile.
    """
    volume = parse_json(name, data, _Volume)
    require_few(name, "pages", len(volume.pages), MOST_PAGES)
    pages = tuple(_page(name, i, page) for i, page in enumerate(volume.pages))
    names = tuple(n for n in (volume.volume,) if n)
    return Sidecar("mokuro", pages, names=names)


def _page(name: str, index: int, page: _Page) -> SidecarPage:
    require_few(name, "texts on one page", len(page.blocks), MOST_BOXES)
    texts = []
    for i, block in enumerate(page.blocks):
        where = f"page {index + 1}, block {i + 1}"
        box = box_of(name, where, block.box, is_sized=False)
        if text := join_lines(block.lines):
            texts.append(SidecarText(text, box))
    return SidecarPage(
        page.img_path, width=page.img_width, height=page.img_height, texts=tuple(texts)
    )


def _written(page: AnnotatedPage) -> dict[str, object]:
    return {
        "version": MOKURO_VERSION,
        "img_width": page.page.width,
        "img_height": page.page.height,
        "blocks": [_block(text) for text in page.texts if text.text.strip()],
        "img_path": page_name(page),
    }


def _block(text: TextRegion) -> dict[str, object]:
    """Write a text's lines as equal shares of its box: where each line lies is not kept."""
    lines = [line for line in text.text.splitlines() if line.strip()]
    box, n = text.box, len(lines)
    coordinates = []
    for i in range(n):
        if text.is_vertical:  # columns go from the right to the left
            share = box.width / n
            x1, x0 = box.x1 - i * share, box.x1 - (i + 1) * share
            y0, y1 = box.y0, box.y1
        else:
            share = box.height / n
            y0, y1 = box.y0 + i * share, box.y0 + (i + 1) * share
            x0, x1 = box.x0, box.x1
        corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
        coordinates.append([tidy_all(corner) for corner in corners])
    thickness = (box.width if text.is_vertical else box.height) / max(1, n)
    return {
        "box": tidy_all(box.as_tuple()),
        "vertical": text.is_vertical,
        "font_size": max(1, round(thickness)),
        "lines_coords": coordinates,
        "lines": lines,
    }
