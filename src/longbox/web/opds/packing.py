"""What is packed while it is sent: a folder's own pictures, the pages of a search's hits."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath

from longbox.book import AnnotatedBook, Direction
from longbox.config import Config
from longbox.errors import PageError
from longbox.ingest import OpenPages, open_pages
from longbox.library import SavedSearch
from longbox.web.opds.archives import MOST_PAGES, ArchiveInfo, PackedPage, packed
from longbox.web.opds.files import BookFile, safe_stem
from longbox.web.opds.hits import HITS_A_PART, LAST_START, HitFeeds
from longbox.web.opds.jpeg import WIDEST, JpegMaker
from longbox.web.search import ShownPanel


def pack_folder(file: BookFile, annotated: AnnotatedBook, config: Config) -> Iterator[bytes]:
    """Pack a folder of pictures as they are; a picture that was changed since is left out.

    Raises:
        IngestError: The folder cannot be listed.
    """
    book = annotated.book
    opened = open_pages(file.path, config.ingest)
    pages = [
        PackedPage(
            f"{page.index + 1:04d}{_suffix(page.source)}",
            partial(_picture, opened, page.index, page.digest),
            page.bookmark or "",
        )
        for page in book.pages
    ]
    metadata = book.metadata
    info = ArchiveInfo(
        title=metadata.title or book.title,
        summary=metadata.summary or "",
        series=metadata.series,
        number=metadata.number,
        year=metadata.year,
        language=metadata.language,
        is_right_to_left=book.direction is Direction.RTL,
    )
    return _closing(opened, packed(info, pages))


def pack_hits(feeds: HitFeeds, saved: SavedSearch, jpegs: JpegMaker) -> Iterator[bytes]:
    """Pack the pages of a search's hits in their order, each once, at most MOST_PAGES.

    Raises:
        QueryError: The search cannot be answered any more.
    """
    found: dict[tuple[str, int], ShownPanel] = {}
    state = feeds.state(saved)
    for start in range(0, LAST_START, HITS_A_PART):
        part = feeds.part(state, start)
        for hit in part.hits:
            for panel in hit.panels if len(hit.panels) > 1 else (hit.best,):
                found.setdefault((panel.book_id, panel.page_index), panel)
        if part.is_last or len(found) >= MOST_PAGES:
            break
    places = list(found.values())[:MOST_PAGES]
    pages = [
        PackedPage(
            f"{number:04d} {safe_stem(panel.title)[:60]} p{panel.page_index + 1}.jpg",
            partial(_jpeg, jpegs, panel),
            f"{panel.title}, page {panel.page_index + 1}",
        )
        for number, panel in enumerate(places, start=1)
    ]
    info = ArchiveInfo(saved.name, f"Pages that the search “{saved.name}” found.")
    return packed(info, pages)


def _closing(opened: OpenPages, pieces: Iterator[bytes]) -> Iterator[bytes]:
    with contextlib.closing(opened):
        yield from pieces


def _jpeg(jpegs: JpegMaker, panel: ShownPanel) -> bytes:
    return jpegs.make(jpegs.page_request(panel.book_id, panel.page_index, WIDEST), WIDEST)


def _picture(opened: OpenPages, page_index: int, digest: str) -> bytes:
    if page_index >= len(opened):
        raise PageError(f"page {page_index + 1} is gone; run `longbox index` again")
    data = opened.picture_bytes(page_index)
    if hashlib.sha256(data).hexdigest() != digest:
        raise PageError(f"page {page_index + 1} is not the one that was indexed")
    return data


def _suffix(source: str) -> str:
    suffix = PurePosixPath(source.replace("\\", "/")).suffix.lower()
    is_plain = suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) < 7
    return suffix if is_plain else ".img"
