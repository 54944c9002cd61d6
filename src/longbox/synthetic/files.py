"""Write a drawn book as a comic file, and its truth as JSON.

The path's suffix says what is written: .cbz is a zip whose pictures are stored without further
compression; a path without a suffix is a folder. Both carry a ComicInfo.xml with page types and
reading direction. A file is written under a temporary name and renamed, and zip times are fixed,
so the same recipe gives the same bytes.
"""

from __future__ import annotations

import io
import json
import shutil
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from longbox.book import Direction, PageType
from longbox.errors import ComicError
from longbox.synthetic.books import SyntheticBook
from longbox.synthetic.recipe import Style

_COMICINFO_TYPES = {
    PageType.COVER: "FrontCover",
    PageType.TITLE: "InnerCover",
    PageType.TEXT_PAGE: "Editorial",
    PageType.ADVERTISEMENT: "Advertisement",
    PageType.PREVIEW: "Preview",
    PageType.BACK_COVER: "BackCover",
    PageType.BLANK: "Other",
}
_EPOCH = (2000, 1, 1, 0, 0, 0)


def write_book(
    book: SyntheticBook, path: Path | str, *, quality: int = 90, picture: str = "jpg"
) -> Path:
    """Write a book as .cbz or as a folder; returns the path.

    Args:
        book: The book to write.
        path: Ends in .cbz, or is a folder that does not exist yet (or is empty).
        quality: JPEG quality, 1 to 95.
        picture: "jpg" or "png".

    Raises:
        ComicError: The suffix or the picture format is not known, or the folder has files in it.
    """
    target = Path(path)
    if picture not in ("jpg", "png"):
        raise ComicError(f"{target}: no picture format {picture!r}; use jpg or png")
    if target.suffix not in (".cbz", ""):
        raise ComicError(f"{target}: cannot write {target.suffix}; use .cbz or a folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    members = _members(book, quality, picture)
    if target.suffix == ".cbz":
        _write_zip(target, members)
    else:
        _write_folder(target, members)
    return target


def comic_info(book: SyntheticBook) -> bytes:
    """Return a book's ComicInfo.xml, UTF-8."""
    truth = book.truth.book
    root = ET.Element("ComicInfo")
    meta = truth.metadata
    manga = {Direction.RTL: "YesAndRightToLeft"}.get(truth.direction, "No")
    fields = {
        "Title": meta.title,
        "Series": meta.series,
        "Number": meta.number,
        "Year": "2026",
        "Writer": "Longbox",
        "Penciller": "Longbox",
        "Characters": ", ".join(meta.characters),
        "Genre": "Adventure",
        "LanguageISO": meta.language,
        "Manga": manga,
        "Format": "Web Comic" if truth.direction is Direction.TTB else None,
        "BlackAndWhite": "Yes" if book.recipe.style in (Style.INK, Style.SCREENTONE) else "No",
        "PageCount": str(len(truth.pages)),
    }
    for name, text in fields.items():
        if text:
            ET.SubElement(root, name).text = text
    pages = ET.SubElement(root, "Pages")
    for page in book.truth.pages:
        attributes = {
            "Image": str(page.page.index),
            "Type": _COMICINFO_TYPES.get(page.label.page_type, "Story"),
            "ImageWidth": str(page.page.width),
            "ImageHeight": str(page.page.height),
        }
        if page.is_spread:
            attributes["DoublePage"] = "true"
        ET.SubElement(pages, "Page", attributes)
    ET.indent(root)
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml


def truth_json(book: SyntheticBook) -> str:
    """Return all that is known of a book as JSON, one record a page.

    Boxes are [x0, y0, x1, y1] in page pixels; pages name their file by its stem.
    """
    pages = []
    for page, story, texts in zip(book.truth.pages, book.story, book.texts, strict=True):
        pages.append(
            {
                "page": page.page.index,
                "source": Path(page.page.source).stem,
                "width": page.page.width,
                "height": page.page.height,
                "page_type": page.label.page_type.value,
                "is_spread": page.is_spread,
                "panels": [
                    {
                        "box": list(panel.box.as_tuple()),
                        "order": panel.order,
                        "polygon": panel.polygon and [list(p) for p in panel.polygon],
                        "place": told.place,
                        "light": told.light,
                        "shot": told.shot,
                        "arc": told.arc,
                        "chapter": told.chapter,
                        "event": told.event,
                        "summary": told.summary,
                        "holder": told.holder,
                        "prop": told.prop,
                        "characters": [
                            {
                                "name": who.name,
                                "kind": who.kind,
                                "pose": who.pose,
                                "emotion": who.emotion,
                            }
                            for who in told.present
                        ],
                    }
                    for panel, told in zip(page.panels, story, strict=True)
                ],
                "texts": [
                    {
                        "box": list(text.box.as_tuple()),
                        "text": text.text,
                        "kind": text.kind.value,
                        "panel": text.panel,
                        "order": text.order,
                        "is_vertical": text.is_vertical,
                        "tone": more.tone,
                        "speaker": more.speaker,
                    }
                    for text, more in zip(page.texts, texts, strict=True)
                ],
            }
        )
    record = {
        "title": book.title,
        "seed": book.recipe.seed,
        "style": book.recipe.style.value,
        "direction": book.recipe.direction.value,
        "language": book.recipe.language,
        "cast": [{"name": c.name, "kind": c.kind} for c in book.cast],
        "pages": pages,
    }
    return json.dumps(record, ensure_ascii=False, indent=1)


def encode_page(pixels: NDArray[np.uint8], quality: int, picture: str) -> bytes:
    """Return a page as JPEG or PNG bytes."""
    out = io.BytesIO()
    image = Image.fromarray(pixels)
    if picture == "png":
        image.save(out, "PNG", compress_level=4)
    else:
        image.save(out, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2)
    return out.getvalue()


def _members(book: SyntheticBook, quality: int, picture: str) -> Iterator[tuple[str, bytes]]:
    yield "ComicInfo.xml", comic_info(book)
    for page in book.truth.pages:
        name = f"{Path(page.page.source).stem}.{picture}"
        yield name, encode_page(book.pixels(page.page.index), quality, picture)


def _write_zip(target: Path, members: Iterator[tuple[str, bytes]]) -> None:
    temporary = target.with_name(f".{target.name}.part")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for name, data in members:
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _write_folder(target: Path, members: Iterator[tuple[str, bytes]]) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ComicError(f"{target}: already there and not an empty folder; give another path")
    temporary = target.with_name(f".{target.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        for name, data in members:
            (temporary / name).write_bytes(data)
        if target.exists():
            target.rmdir()
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
